"""What each token says, for shading a step by its tokens' logprobs. Reads tokenizers only, never a model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from app.registry.models import LanguageModel
from search.models import WEIGHTS
from search.tokenization import Tokenization, TokenizationError


def token_texts(policy: str, token_ids: Sequence[int]) -> list[str] | None:
    """The text of each token, empty for special ones; None where this machine has no tokenizer of that policy."""
    pieces = _pieces(policy)
    if pieces is None or any(not 0 <= token < len(pieces) for token in token_ids):
        return None
    return [pieces[token] for token in token_ids]


def _pieces(policy: str) -> list[str] | None:
    model = LanguageModel.objects.filter(kind=LanguageModel.Kind.POLICY, slug=policy).first()
    if model is None:
        return None
    folder = WEIGHTS / "policy" if model.builtin else Path(model.location)
    tokenizer = folder / "tokenizer.json"
    if not tokenizer.is_file():
        return None
    return _pieces_of(folder, tokenizer.stat().st_mtime_ns)


@lru_cache(maxsize=8)
def _pieces_of(folder: Path, changed_at: int) -> list[str] | None:
    try:
        return Tokenization(folder).pieces
    except TokenizationError:
        return None
