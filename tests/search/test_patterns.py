"""Patterns against Python's own regular expressions; beginnings against all texts that could follow."""

from __future__ import annotations

import re
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.constraints import Constraint, Violation
from search.pattern_reader import read
from search.patterns import LARGEST, BadPattern

SINGLE = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\d", r"\.", "[b-c1]"])
SOURCES = st.recursive(
    SINGLE,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}"])).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
    ),
    max_leaves=8,
)
# At most four characters long, so that all the texts that could follow can be tried.
SHORT = st.lists(
    st.one_of(
        SINGLE, st.tuples(SINGLE, SINGLE).map(lambda two: f"({two[0]}|{two[1]})"), SINGLE.map(lambda one: f"({one})?")
    ),
    min_size=1,
    max_size=4,
).map("".join)
TEXTS = st.text("abc1.\n", max_size=6)


@settings(max_examples=300, deadline=None)
@given(SOURCES, TEXTS)
def test_whole_matches_and_occurrences_are_those_of_pythons_re(source, text):
    assert read(source).matches(text) == bool(re.fullmatch(source, text))
    assert read(source).contained().matches(text) == bool(re.search(source, text))


@settings(max_examples=40, deadline=None)
@given(SHORT, st.text("ab1\n", max_size=3))
def test_a_beginning_is_what_some_text_completes(source, text):
    endings = ("".join(letters) for length in range(5) for letters in product("abc1.\n", repeat=length))
    completed = any(re.fullmatch(source, text + ending) for ending in endings)
    assert (read(source).beginning(text) == len(text)) == completed


def test_where_a_text_stops_being_a_beginning():
    pattern = read(r"(\d+ \+ \d+\n)*answer: \d+")
    assert pattern.beginning("1 + 2\n3 + ") == 10
    assert pattern.beginning("1 + 2\n3 - 4") == 8
    assert (pattern.matches("1 + 2\nanswer: 3"), pattern.matches("1 + 2\nanswer: ")) == (True, False)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("a)", "at character 2: there is a ) without its ("),
        ("[]", "nothing between the brackets"),
        ("[a", "a [ is not closed"),
        ("a{x}", "a number is expected"),
        (r"\q", r"\\q has no meaning here"),
        ("a\\", "a backslash needs a character after it"),
        ("a{300}", "200 at most"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(source, complaint):
    with pytest.raises(BadPattern) as error:
        read(source)
    assert complaint.replace("\\\\", "\\") in str(error.value)


def test_a_pattern_that_would_backtrack_for_ever_takes_one_pass():
    assert not read("(a*)*b").matches("a" * 3000 + "c")
    assert not read("(a|a)*b").matches("a" * 3000)


def test_a_pattern_that_grows_without_bounds_is_refused_with_its_mend():
    with pytest.raises(BadPattern, match="write it more simply"):
        read("((a{200}){200}){200}")
    assert LARGEST < 200**2


def test_constraints_name_the_first_that_is_violated():
    constraint = Constraint(solution="(a|b)(\n(a|b))*", step="[a-z]+", forbidden="ba", longest=3)
    assert constraint.violation(["a", "b"], finished=True) is None
    assert constraint.violation(["abcd"], finished=False) == Violation("longest", 3)
    assert constraint.violation(["a", "b1"], finished=False) == Violation("step", 1)
    assert constraint.violation(["ba"], finished=False) == Violation("forbidden", 3)
    assert constraint.violation(["a", "c"], finished=False) == Violation("solution", 2)
    assert Constraint().violation(["anything"], finished=True) is None
