"""A model folder's tokenizer as the engines need it: plain text in, exact ids out, stops found in ids.

It speaks to Hugging Face's `tokenizers` directly, so tokenising needs no torch. Text from people and models is never
read as special tokens: a step that contains the characters `<eos>` is those five characters.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer


class TokenizationError(ValueError):
    """A text cannot be expressed in the model's vocabulary, or a folder has no usable tokenizer."""


class Tokenization:
    """Encodes and decodes for one model. Safe to use from several threads: nothing in it changes after loading."""

    def __init__(self, folder: Path) -> None:
        """Read `tokenizer.json` and `tokenizer_config.json`; other tokenizer formats go through transformers.

        Raises:
            TokenizationError: the folder has no tokenizer.
        """
        serialised = _serialised(folder)
        self._literal = _prepared(serialised, special_tokens=False)
        self._marked = _prepared(serialised, special_tokens=True)
        config_path = folder / "tokenizer_config.json"
        config: dict[str, Any] = json.loads(config_path.read_text()) if config_path.is_file() else {}
        self.begin_id = self._special(config.get("bos_token"))
        self.end_id = self._special(config.get("eos_token"))
        self.unknown_id = self._special(config.get("unk_token"))
        self.sha256 = hashlib.sha256(serialised.encode()).hexdigest()

    def _special(self, token: str | dict[str, Any] | None) -> int | None:
        text = token.get("content") if isinstance(token, dict) else token
        return None if text is None else self._literal.token_to_id(text)

    def id_of(self, token: str) -> int | None:
        """The id of a token by its exact spelling in the vocabulary."""
        found: int | None = self._literal.token_to_id(token)
        return found

    @property
    def size(self) -> int:
        """How many token ids there are."""
        return int(self._literal.get_vocab_size(with_added_tokens=True))

    def encode(self, text: str, special_tokens: bool = False) -> list[int]:
        """The ids of a text, nothing added; `special_tokens` lets the text's special tokens count as such.

        Raises:
            TokenizationError: a character is not in the vocabulary; names it and its place.
        """
        encoding = (self._marked if special_tokens else self._literal).encode(text, add_special_tokens=False)
        ids: list[int] = encoding.ids
        if self.unknown_id is not None and self.unknown_id in ids:
            start, end = encoding.offsets[ids.index(self.unknown_id)]
            raise TokenizationError(
                f"the character {text[start:end]!r} at position {start} is not in the model's vocabulary"
            )
        return ids

    def encode_parts(self, parts: Sequence[tuple[str, bool]]) -> tuple[list[int], list[tuple[int, int]]]:
        """The ids of (text, markup) parts joined, nothing added, and each token's (begin, end) in the joined text.

        The text is tokenised at once, so that a token may span two parts, as in a model's own usage code. Special
        tokens count as such in markup parts only: what looks like one in another part stays text.

        Raises:
            TokenizationError: as `encode`.
        """
        if not any(self._specials.search(text) for text, markup in parts if not markup):
            stretches = [("".join(text for text, _ in parts), True)]
        else:
            stretches = self._stretches(parts)
        ids: list[int] = []
        places: list[tuple[int, int]] = []
        start = 0
        for text, special_tokens in stretches:
            encoding = (self._marked if special_tokens else self._literal).encode(text, add_special_tokens=False)
            if self.unknown_id is not None and self.unknown_id in encoding.ids:
                begin, end = encoding.offsets[encoding.ids.index(self.unknown_id)]
                raise TokenizationError(f"the character {text[begin:end]!r} is not in the model's vocabulary")
            ids += encoding.ids
            places += [(start + begin, start + end) for begin, end in encoding.offsets]
            start += len(text)
        return ids, places

    def _stretches(self, parts: Sequence[tuple[str, bool]]) -> list[tuple[str, bool]]:
        """The text cut at the markup's special tokens: (special token, True) and (all between them, False) in turn."""
        stretches = [("", False)]
        for text, markup in parts:
            pieces = self._specials.split(text) if markup else [text]
            for number, piece in enumerate(pieces):  # the odd ones are what was split at
                if number % 2:
                    stretches += [(piece, True), ("", False)]
                else:
                    stretches[-1] = (stretches[-1][0] + piece, False)
        return [stretch for stretch in stretches if stretch[0]]

    @cached_property
    def _specials(self) -> re.Pattern[str]:
        added = self._literal.get_added_tokens_decoder().values()
        contents = sorted((token.content for token in added if token.special and token.content), key=len, reverse=True)
        return re.compile(f"({'|'.join(map(re.escape, contents))})" if contents else "((?!))")

    def decode(self, ids: Sequence[int], after: Sequence[int] = ()) -> str:
        """The text of ids that follow the ids `after`; end-of-sequence and other special tokens give no text."""
        if self._pieces_join:
            return "".join([self.pieces[i] for i in ids])
        context = list(after[-8:])  # some decoders treat the first word apart: let them see what comes before
        before = self._literal.decode(context, skip_special_tokens=True)
        whole: str = self._literal.decode([*context, *ids], skip_special_tokens=True)
        return whole[len(before) :] if whole.startswith(before) else self._literal.decode(list(ids))

    @cached_property
    def pieces(self) -> list[str]:
        """Each token's own text, by id; special tokens have none."""
        return [self._literal.decode([i], skip_special_tokens=True) for i in range(self.size)]

    @cached_property
    def _pieces_join(self) -> bool:
        """True if decoding is only joining: then a step's text costs a dictionary look per token."""
        decoder = json.loads(self._literal.to_str()).get("decoder")
        return bool(decoder) and decoder.get("type") == "Fuse"


class StopRule:
    """Finds the first stop string in what was generated, from ids, as cheaply as the vocabulary allows."""

    def __init__(self, tokenization: Tokenization, stops: tuple[str, ...]) -> None:
        self.stops = stops
        self._tokenization = tokenization
        pieces = tokenization.pieces
        self.within = frozenset(i for i, piece in enumerate(pieces) if any(stop in piece for stop in stops))
        """Ids whose own text contains a stop string: seeing one is enough."""
        self.closing = frozenset(
            i
            for i, piece in enumerate(pieces)
            if i not in self.within and piece and any(_may_close(stop, piece) for stop in stops)
        )
        """Ids that may end a stop string begun by earlier tokens: the decoded tail must be looked at."""
        self._tail = max((len(stop) for stop in stops), default=0) + 1

    def reached(self, generated: Sequence[int]) -> bool:
        """True if the newest token completes a stop string."""
        newest = generated[-1]
        if newest in self.within:
            return True
        if newest not in self.closing:
            return False
        tail = self._tokenization.decode(generated[-self._tail - 4 :])
        return any(stop in tail for stop in self.stops)

    def cut(self, text: str) -> str:
        """The text before the first stop string."""
        places = [place for place in (text.find(stop) for stop in self.stops) if place >= 0]
        return text[: min(places)] if places else text


def _may_close(stop: str, piece: str) -> bool:
    return any(piece.startswith(stop[-length:]) for length in range(1, len(stop)))


def _prepared(serialised: str, special_tokens: bool) -> Tokenizer:
    tokenizer = Tokenizer.from_str(serialised)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.encode_special_tokens = not special_tokens
    return tokenizer


@lru_cache(maxsize=8)
def _serialised(folder: Path) -> str:
    path = folder / "tokenizer.json"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        return str(tokenizer.backend_tokenizer.to_str())
    except (OSError, ValueError, AttributeError) as error:
        raise TokenizationError(f"no tokenizer can be read from {folder.name}: {error}") from error
