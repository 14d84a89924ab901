"""The embedded models' tokenizer, in Hugging Face's format.

Digits are one token each, so that numbers line up; the step notation's fixed parts are one token each, which halves
a sequence; every other printable ASCII character is a token too, so any ASCII text survives encode and decode. No
token reaches across a newline, so a prompt that ends in one is encoded alike whatever follows it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

PROMPTS = ["<right?>", "<restart?>", "<yes>", "<no>", "<refine>", "<reserved_5>", "<reserved_6>", "<reserved_7>"]
"""Ids 4 to 11: what self-evaluation and refinement are asked and answered with (`search/questions.py`), and spares."""

SPECIALS = ["<pad>", "<bos>", "<eos>", "<unk>", *PROMPTS]
"""Ids 0 to 11."""

PHRASES = [" (left: ", "answer: ", " -> ", " = ", " + ", " - ", " * ", " / "]
"""The notation's fixed parts, tried before single characters, in this order."""

CHARACTERS = ["\n", *map(chr, range(32, 127))]

DELIMITER = "\n"
"""What ends a step; always a token of its own."""


@cache
def build_tokenizer() -> PreTrainedTokenizerFast:
    """The tokenizer (one object, shared); it adds no special tokens by itself, callers put `<bos>` before a problem."""
    from tokenizers import Regex, Tokenizer
    from tokenizers.decoders import Fuse
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Split
    from transformers import PreTrainedTokenizerFast

    vocabulary = {token: i for i, token in enumerate([*SPECIALS, *PHRASES, *CHARACTERS])}
    phrases = "|".join(phrase.translate({ord(c): f"\\{c}" for c in "(+-*/"}) for phrase in PHRASES)
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Split(Regex(f"{phrases}|[\\s\\S]"), behavior="isolated")
    tokenizer.decoder = Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<bos>",
        eos_token="<eos>",
        pad_token="<pad>",
        unk_token="<unk>",
        additional_special_tokens=PROMPTS,
        clean_up_tokenization_spaces=False,
        model_max_length=512,
        padding_side="right",
    )


def token_id(tokenizer: PreTrainedTokenizerFast, text: str) -> int:
    """The id of a text that is one token."""
    found = tokenizer.convert_tokens_to_ids(text)
    assert isinstance(found, int)
    return found
