"""A local policy's prompts as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from search.policies.base import PolicyError
from search.templates import Template
from search.tokenization import Tokenization, TokenizationError


class Prompts:
    """Encodes rendered prompts for one policy, and remembers the latest 4,096 of them."""

    def __init__(self, slug: str, tokenization: Tokenization, template: Template) -> None:
        self._slug = slug
        self._tokenization = tokenization
        self._template = template
        self.encode = lru_cache(maxsize=4096)(self._encode)

    def _encode(self, prompt: str) -> tuple[int, ...]:
        """The token ids of a prompt, begin-of-sequence included where the template has one.

        Raises:
            PolicyError: a character is not in the vocabulary.
        """
        try:
            ids = self._tokenization.encode(prompt, special_tokens=self._template.special_tokens)
        except TokenizationError as error:
            raise PolicyError(
                f"{self._slug} cannot read the prompt: {error}. Write it without that character."
            ) from error
        begin = self._tokenization.begin_id
        if self._template.begin and begin is not None and ids[:1] != [begin]:
            ids = [begin, *ids]
        return tuple(ids)

    def token_texts(self, token_ids: Sequence[int]) -> list[str]:
        """Each token's own text, for a page that shades them; special tokens have none."""
        pieces = self._tokenization.pieces
        return [pieces[i] if 0 <= i < len(pieces) else "" for i in token_ids]
