"""What each token says, and whether a policy can read a text. Reads tokenizers only, never a model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.registry.models import LanguageModel
from search.asked import Asked
from search.model_file import ModelFileError
from search.models import tokenizer_folder
from search.policies.base import PolicyError
from search.policies.prompts import Prompts
from search.templates import Template, begin_ids
from search.tokenization import Tokenization, TokenizationError


def token_texts(policy: str, token_ids: Sequence[int]) -> list[str] | None:
    """The text of each token, empty for special ones; None where this machine has no tokenizer of that policy."""
    tokenization = _tokenization(policy)
    if tokenization is None or any(not 0 <= token < len(tokenization.pieces) for token in token_ids):
        return None
    return [tokenization.pieces[token] for token in token_ids]


def prompt_ids(
    described: dict[str, Any],
    problem: str,
    text: str,
    hints: Sequence[str],
    asked: Asked | None,
    written: Sequence[Sequence[int] | None],
    *,
    anew: bool,
) -> list[int] | None:
    """The ids a policy read of the prompt `text`: as it wrote them itself, where it did (search/setting.py).

    `described` is the policy in a run's header, `written` the ids of each step of the prompt, None for a person's;
    `anew`: it read the text each time. None where this machine does not have the tokenizer of that run.
    """
    slug = str(described.get("slug"))
    tokenization = _tokenization(slug)
    if tokenization is None or described.get("tokenizer_sha256", tokenization.sha256) != tokenization.sha256:
        return None
    template = Template.of(described["template"])
    encode = Prompts(slug, tokenization, template).encode
    again = anew or bool(hints) or not all(written)
    try:
        begin = begin_ids(encode, template, problem, text, hints, None if anew else asked, anew=again)
    except PolicyError:  # an import from elsewhere: its prompt is not of this vocabulary
        return None
    return begin if again else [*begin, *(token for ids in written for token in ids or ())]


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
