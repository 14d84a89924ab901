"""Regular expressions that say whether a text can still become a match: in one pass, without backtracking.

"Derivatives of Regular Expressions" (Brzozowski, 1964): the derivative of an expression by a character matches what may
follow that character. Expressions are simplified as they are built, so that one that matches no text at all is the one
called `nothing`: as long as the derivative by a text is another, the text is the beginning of a match.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

LARGEST = 20_000
"""Expressions that one pattern may come to on all its texts together: beyond, it is refused."""


class BadPattern(ValueError):
    """A pattern cannot be read or grows too large; the message says where and what to do."""


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """One of: characters (`members`, or with `negated` all but those), `parts` in sequence, `parts` to choose from, or
    `parts[0]` repeated. Equal ones of one pattern are the same object."""

    kind: str
    parts: tuple[Expression, ...] = ()
    members: frozenset[str] = frozenset()
    negated: bool = False
    nullable: bool = False
    after: dict[str, Expression] = field(default_factory=dict, repr=False)


class Expressions:
    """Builds the expressions of one pattern and their derivatives, each once."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._known: dict[object, Expression] = {}
        self.nothing = self.characters("")
        self.empty = self._made("repeat", (self.nothing,), nullable=True)

    def characters(self, members: Iterable[str], *, negated: bool = False) -> Expression:
        """One character of these, or one that is none of these."""
        kept = frozenset(members)
        return self._known.setdefault((kept, negated), Expression("characters", members=kept, negated=negated))

    def sequence(self, first: Expression, rest: Expression) -> Expression:
        """`first`, then `rest`; nested to the right."""
        if self.nothing in (first, rest):
            return self.nothing
        if first is self.empty:
            return rest
        if rest is self.empty:
            return first
        if first.kind == "sequence":
            return self.sequence(first.parts[0], self.sequence(first.parts[1], rest))
        return self._made("sequence", (first, rest), nullable=first.nullable and rest.nullable)

    def choice(self, *options: Expression) -> Expression:
        """Any of them."""
        flat: dict[Expression, None] = {}
        for option in options:
            flat.update(dict.fromkeys(option.parts if option.kind == "choice" else [option]))
        flat.pop(self.nothing, None)
        if len(flat) < 2:
            return next(iter(flat), self.nothing)
        return self._made("choice", tuple(flat), nullable=any(option.nullable for option in flat))

    def repeat(self, inner: Expression) -> Expression:
        """Any number of times, also never."""
        if inner in (self.nothing, self.empty):
            return self.empty
        return inner if inner.kind == "repeat" else self._made("repeat", (inner,), nullable=True)

    def derivative(self, expression: Expression, character: str) -> Expression:
        """What may follow `character`."""
        if character not in expression.after:
            expression.after[character] = self._derivative(expression, character)
        return expression.after[character]

    def _derivative(self, expression: Expression, character: str) -> Expression:
        if expression.kind == "characters":
            return self.empty if (character in expression.members) is not expression.negated else self.nothing
        if expression.kind == "choice":
            return self.choice(*(self.derivative(option, character) for option in expression.parts))
        if expression.kind == "repeat":
            return self.sequence(self.derivative(expression.parts[0], character), expression)
        first, rest = expression.parts
        after = self.sequence(self.derivative(first, character), rest)
        return self.choice(after, self.derivative(rest, character)) if first.nullable else after

    def _made(self, kind: str, parts: tuple[Expression, ...], *, nullable: bool) -> Expression:
        # The order of a choice does not matter: it must not make two of one.
        key = (kind, frozenset(parts) if kind == "choice" else parts)
        if len(self._known) > LARGEST:
            raise BadPattern(f"the pattern {self.source!r} grows too large: write it more simply")
        return self._known.setdefault(key, Expression(kind, parts, nullable=nullable))


class Pattern:
    """A regular expression over whole texts; pattern_reader.py says what may stand in it."""

    def __init__(self, expressions: Expressions, expression: Expression) -> None:
        self._expressions = expressions
        self._expression = expression

    def contained(self) -> Pattern:
        """Matches every text in which this one occurs somewhere."""
        build = self._expressions
        anything = build.repeat(build.characters("", negated=True))
        return Pattern(build, build.sequence(anything, build.sequence(self._expression, anything)))

    def beginning(self, text: str) -> int:
        """How many characters of the text are the beginning of a match: all, or those before the first that is not.

        Raises:
            BadPattern: the pattern takes too many forms on this text.
        """
        rest = self._expression
        for position, character in enumerate(text):
            rest = self._expressions.derivative(rest, character)
            if rest is self._expressions.nothing:
                return position
        return len(text)

    def matches(self, text: str) -> bool:
        """True if the whole text matches. Raises as `beginning` does."""
        rest = self._expression
        for character in text:
            rest = self._expressions.derivative(rest, character)
        return rest.nullable
