"""What holds for every problem of every domain."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.domains import DOMAINS, domain_of

SEEDS = st.integers(0, 10**9)
each_domain = pytest.mark.parametrize("name", list(DOMAINS))


@each_domain
@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, size=st.sampled_from([None, 3, 4, 5]))
def test_a_random_solution_is_right_at_every_prefix(name: str, seed: int, size: int | None) -> None:
    domain, rng = DOMAINS[name], random.Random(seed)
    text = domain.generate(rng, size)
    steps = domain.solve(text, rng)
    assert domain_of(text) is domain
    assert domain.canonical_text(text) == text
    assert domain.verify(text, steps)
    assert domain.first_error(text, steps) is None
    assert domain.answer(text, steps) is not None
    for i in range(len(steps) + 1):
        assert domain.reachable(text, steps[:i])
        assert domain.complete(text, steps[:i]) == (i == len(steps))


@each_domain
@settings(max_examples=60, deadline=None)
@given(seed=SEEDS, where=st.integers(0, 10))
def test_a_corrupted_result_is_found(name: str, seed: int, where: int) -> None:
    domain, rng = DOMAINS[name], random.Random(seed)
    text = domain.generate(rng, None)
    steps = domain.solve(text, rng)
    operations = [i for i, step in enumerate(steps) if " = " in step]
    i = operations[where % len(operations)]
    wrong = re.sub(r"= (-?\d+)", lambda m: f"= {int(m[1]) + rng.choice([-10, -1, 1, 7])}", steps[i], count=1)
    assert domain.first_error(text, [*steps[:i], wrong, *steps[i + 1 :]]) == i


@each_domain
@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, lines=st.lists(st.text(max_size=60) | st.from_regex(r"[-+*/0-9() =left:.]{0,40}"), max_size=4))
def test_no_text_of_a_model_breaks_a_domain(name: str, seed: int, lines: list[str]) -> None:
    domain = DOMAINS[name]
    text = domain.generate(random.Random(seed), 3)
    domain.answer(text, lines)
    domain.complete(text, lines)
    assert domain.first_error(text, lines) is None or not domain.verify(text, lines) or name == "arithmetic"
    assert isinstance(domain.reachable(text, lines), bool)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80) | st.from_regex(r"[-+*/0-9() >=,]{0,60}"))
def test_any_problem_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    for domain in DOMAINS.values():
        try:
            canonical = domain.canonical_text(text)
        except ValueError:
            continue
        assert domain.recognises(text)
        assert domain.canonical_text(canonical) == canonical
