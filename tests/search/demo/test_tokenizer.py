"""The tokenizer loses nothing, and a prompt is encoded alike whatever follows it."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.demo.checkpoint import WEIGHTS
from search.demo.tokenizer import SPECIALS, build_tokenizer
from search.domains import DOMAINS

TOKENIZER = build_tokenizer()
PLAIN = st.text(alphabet=string.digits + string.ascii_letters + string.punctuation + " \n", max_size=80)
NOTATION = st.lists(
    st.sampled_from([*"0123456789", " ", "-", "/", "(", ")", " + ", " - ", " * ", " / ", " = ", " (left: ", "\n"])
).map("".join)


def solved(seed: int, name: str) -> tuple[str, list[str]]:
    rng = random.Random(seed)
    text = DOMAINS[name].generate(rng, None)
    return text, DOMAINS[name].solve(text, rng)


def test_the_notations_parts_are_one_token_each() -> None:
    tokens = TOKENIZER.tokenize("3 5 -> 24\n11 - 5 = 6 (left: -3 8/3)\nanswer: 24")
    assert tokens == [
        *["3", " ", "5", " -> ", "2", "4", "\n"],
        *["1", "1", " - ", "5", " = ", "6", " (left: ", "-", "3", " ", "8", "/", "3", ")", "\n"],
        *["answer: ", "2", "4"],
    ]


def test_special_tokens_have_the_first_ids() -> None:
    assert TOKENIZER.convert_tokens_to_ids(SPECIALS) == list(range(12))
    assert (TOKENIZER.pad_token_id, TOKENIZER.bos_token_id, TOKENIZER.eos_token_id) == (0, 1, 2)


@settings(max_examples=150, deadline=None)
@given(PLAIN | NOTATION)
def test_decoding_gives_back_the_text(text: str) -> None:
    # Texts that spell a special token are not legal texts; models never write `<` themselves.
    ids = TOKENIZER.encode(text.replace("<", ""))
    assert TOKENIZER.decode(ids) == text.replace("<", "")
    assert TOKENIZER.unk_token_id not in ids


@settings(max_examples=150, deadline=None)
@given(PLAIN | NOTATION, PLAIN | NOTATION)
def test_a_prompt_is_encoded_alike_whatever_follows(prompt: str, step: str) -> None:
    prompt, step = prompt.replace("<", "") + "\n", step.replace("<", "")
    assert TOKENIZER.encode(prompt + step) == TOKENIZER.encode(prompt) + TOKENIZER.encode(step)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9), st.sampled_from(list(DOMAINS)))
def test_legal_texts_survive_and_are_about_half_as_long(seed: int, name: str) -> None:
    problem, steps = solved(seed, name)
    text = "\n".join([problem, *steps])
    ids = TOKENIZER.encode(text)
    assert TOKENIZER.decode(ids) == text
    assert len(ids) <= 0.72 * len(text)
    pieces = [problem + "\n", *(step + "\n" for step in steps[:-1]), steps[-1]]
    assert ids == [token for piece in pieces for token in TOKENIZER.encode(piece)]


@pytest.mark.parametrize("name", ["policy", "process_reward"])
def test_the_committed_tokenizers_are_this_one(name: str) -> None:
    from transformers import AutoTokenizer

    committed = AutoTokenizer.from_pretrained(WEIGHTS / name)
    text = "3 5 7 11 -> 24\n11 - 5 = 6 (left: 3 6 7)\nanswer: 1 <eos>"
    assert committed.encode(text) == TOKENIZER.encode(text)
    assert committed.eos_token_id == 2
    assert committed.get_vocab() == TOKENIZER.get_vocab()
