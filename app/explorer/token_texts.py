"""What each token says, and whether a policy can read a text. Reads tokenizers only, never a model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from app.registry.models import LanguageModel
from search.model_file import ModelFileError
from search.models import tokenizer_folder
from search.tokenization import Tokenization, TokenizationError


def token_texts(policy: str, token_ids: Sequence[int]) -> list[str] | None:
    """The text of each token, empty for special ones; None where this machine has no tokenizer of that policy."""
    tokenization = _tokenization(policy)
    if tokenization is None or any(not 0 <= token < len(tokenization.pieces) for token in token_ids):
        return None
    return [tokenization.pieces[token] for token in token_ids]


def unreadable(policy: str, text: str) -> str | None:
    """Why the policy cannot read `text`, as far as its tokenizer is known here; None if it can."""
    tokenization = _tokenization(policy)
    if tokenization is not None:
        try:
            tokenization.encode(text)
        except TokenizationError as error:
            return str(error)
    return None


def _tokenization(policy: str) -> Tokenization | None:
    model = LanguageModel.objects.filter(kind=LanguageModel.Kind.POLICY, slug=policy).first()
    if model is None:
        return None
    try:
        folder = Path(model.location) if model.location else tokenizer_folder(policy)
    except ModelFileError:
        return None
    if folder is None:
        return None
    tokenizer = folder / "tokenizer.json"
    if not tokenizer.is_file():
        return None
    return _of_folder(folder, tokenizer.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _of_folder(folder: Path, changed_at: int) -> Tokenization | None:
    """`changed_at` makes an exchanged tokenizer a new entry."""
    try:
        return Tokenization(folder)
    except TokenizationError:
        return None
