r"""Mathematics: answers compared as expressions by math-verify (`1/2` equals `0.5` equals `\frac{1}{2}`).

math-verify bounds its time by SIGALRM, which needs the main thread and would break under a worker pool, so its
timeouts are switched off. Work is bounded by refusing what can explode instead: long answers, towers of powers,
large exponents, factorials. A refused answer is compared as text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any

from search.verifiers.base import Verdict
from search.verifiers.extraction import boxed, final_answer

LONGEST_ANSWER = 300
"""Characters of an answer that is parsed."""

_EXPLOSIVE = re.compile(
    r"(?:\^|\*\*)\s*[{(]?\s*-?\d{4,}"  # a large exponent
    r"|(?:\^|\*\*)[^+\-=,]*(?:\^|\*\*)"  # a power of a power
    r"|!|\\binom|\\sum|\\prod|\\int|\\lim|\\underbrace"
)


class Math:
    """For free-text solutions with a mathematical answer."""

    name = "math"

    def verify(self, problem_text: str, expected: str | None, steps: Sequence[str]) -> Verdict:
        """Correct is None without an expected answer. `canonical` is the parsed expression's text."""
        answer = final_answer(steps)
        canonical = None if answer is None else canonical_answer(answer)
        if expected is None:
            return Verdict(answer, canonical, None)
        return Verdict(answer, canonical, answer is not None and equal_answers(_bare(expected), answer))


def canonical_answer(answer: str) -> str:
    """A text equal for answers that are spelled differently but parse to the same expression."""
    parsed = _parse(answer)
    if not parsed:
        return _squeezed(answer)
    sympy = import_module("sympy")
    try:
        expression = parsed[0]
        if isinstance(expression, sympy.Float):
            expression = sympy.nsimplify(expression, rational=True)
        return str(expression)
    except Exception:  # sympy raises anything on odd expressions; the plain text still groups equal spellings
        return _squeezed(answer)


def equal_answers(expected: str, answer: str) -> bool:
    """True if both are the same text, or the same mathematical value."""
    if _squeezed(expected) == _squeezed(answer):
        return True
    gold, found = _parse(expected), _parse(answer)
    if not gold or not found:
        return False
    from math_verify import verify

    return bool(verify(list(gold), list(found), timeout_seconds=None))


@lru_cache(maxsize=4096)
def _parse(answer: str) -> tuple[Any, ...]:
    """math-verify's readings of an answer; empty if it is refused or cannot be read."""
    if len(answer) > LONGEST_ANSWER or _EXPLOSIVE.search(answer):
        return ()
    # It warns once that timeouts are off, which is what we want and have taken care of.
    logging.getLogger("math_verify").setLevel(logging.ERROR)
    from math_verify import parse

    return tuple(parse(rf"\boxed{{{answer}}}", parsing_timeout=None))


def _bare(expected: str) -> str:
    """The expected answer without a box or a dollar sign around it."""
    return (boxed(expected) or expected).strip().strip("$").strip()


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text).replace(r"\left", "").replace(r"\right", "").replace(r"\!", "")


MATH = Math()
