"""Reads regular expressions.

Literals, `.` (any character but a newline), `[abc]`, `[^a-z]`, `\\d \\w \\s` (ASCII) and their capitals, `|`, `( )`,
`*`, `+`, `?`, `{n}`, `{n,}`, `{n,m}`, and a backslash before any of these for the character itself. A pattern is always
matched against a whole text, so that `^` and `$` have no use and stand for themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_letters, digits

from search.patterns import BadPattern, Expression, Expressions, Pattern

CLASSES = {"d": digits, "w": ascii_letters + digits + "_", "s": " \t\n\r\f\v"}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
MOST_TIMES = 200


def read(source: str) -> Pattern:
    """The pattern that `source` writes.

    Raises:
        BadPattern: it cannot be read; names the character.
    """
    return Reader(source).pattern()


class Reader:
    """Reads one pattern from left to right."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self._build = Expressions(source)

    def pattern(self) -> Pattern:
        """The whole of it."""
        whole = self._choices()
        if self._more():
            raise self._error("there is a ) without its (")
        return Pattern(self._build, whole)

    def _more(self) -> bool:
        return self._at < len(self._source)

    def _error(self, what: str) -> BadPattern:
        return BadPattern(f"the pattern {self._source!r} cannot be read at character {self._at + 1}: {what}")

    def _choices(self) -> Expression:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return self._build.choice(*options)

    def _sequence(self) -> Expression:
        parts: list[Expression] = []
        while self._more() and self._source[self._at] not in "|)":
            parts.append(self._repeated(self._single()))
        whole: Expression = self._build.empty
        for part in reversed(parts):
            whole = self._build.sequence(part, whole)
        return whole

    def _repeated(self, part: Expression) -> Expression:
        if self._take("*"):
            return self._build.repeat(part)
        if self._take("+"):
            return self._build.sequence(part, self._build.repeat(part))
        if self._take("?"):
            return self._build.choice(self._build.empty, part)
        if self._take("{"):
            return self._counted(part)
        return part

    def _counted(self, part: Expression) -> Expression:
        least = self._number()
        most: int | None = least
        if self._take(","):
            most = None if self._source[self._at : self._at + 1] == "}" else self._number()
        if not self._take("}"):
            raise self._error("a count is written {3}, {3,} or {3,5}")
        if least > MOST_TIMES or (most is not None and not least <= most <= MOST_TIMES):
            raise self._error(f"a count goes from the smaller to the larger number, {MOST_TIMES} at most")
        whole = self._build.repeat(part) if most is None else self._build.empty
        for _ in range(0 if most is None else most - least):
            whole = self._build.choice(self._build.empty, self._build.sequence(part, whole))
        for _ in range(least):
            whole = self._build.sequence(part, whole)
        return whole

    def _single(self) -> Expression:
        character = self._next("the pattern ends here")
        if character == "(":
            inner = self._choices()
            if not self._take(")"):
                raise self._error("a ( is not closed")
            return inner
        if character == "[":
            return self._bracket()
        if character == ".":
            return self._build.characters("\n", negated=True)
        if character == "\\":
            return self._escaped()
        if character in "*+?{":
            raise self._error(f"{character} repeats nothing; write \\{character} for the character")
        return self._build.characters(character)

    def _bracket(self) -> Expression:
        negated = self._take("^")
        members: list[str] = []
        while not self._take("]"):
            character = self._next("a [ is not closed")
            if character == "\\":
                escaped = self._escaped()
                if escaped.negated:
                    raise self._error("\\D, \\W and \\S do not go into brackets")
                members += sorted(escaped.members)
            elif self._source[self._at : self._at + 1] == "-" and self._source[self._at + 1 : self._at + 2] not in "]":
                self._at += 1
                members += _range(character, self._next("a range is not finished"))
            else:
                members.append(character)
        if not members:
            raise self._error("there is nothing between the brackets")
        return self._build.characters(members, negated=negated)

    def _escaped(self) -> Expression:
        character = self._next("a backslash needs a character after it")
        if character.lower() in CLASSES:
            return self._build.characters(CLASSES[character.lower()], negated=character.isupper())
        if character in ascii_letters + digits and character not in ESCAPES:
            raise self._error(f"\\{character} has no meaning here")
        return self._build.characters(ESCAPES.get(character, character))

    def _number(self) -> int:
        start = self._at
        while self._more() and self._source[self._at] in digits:
            self._at += 1
        if start == self._at:
            raise self._error("a number is expected")
        return int(self._source[start : self._at])

    def _next(self, otherwise: str) -> str:
        if not self._more():
            raise self._error(otherwise)
        self._at += 1
        return self._source[self._at - 1]

    def _take(self, character: str) -> bool:
        found = self._source[self._at : self._at + 1] == character
        self._at += found
        return found


def _range(first: str, last: str) -> Iterator[str]:
    return map(chr, range(ord(first), ord(last) + 1))
