"""How a path becomes the ids a reward model reads, and which of their positions are scored."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from functools import lru_cache

from search.rewards.base import RewardError, ScoreRequest
from search.rewards.scoring import Reading
from search.templates import Part, Template, reward_parts, reward_pieces
from search.tokenization import Tokenization, TokenizationError

Pieces = Callable[[ScoreRequest], list[tuple[str, bool]]]
"""A path's text in pieces, each with whether its last token is scored."""


class PieceReader:
    """Tokenises piece by piece, as TRL trains: a separator never melts into the step before it."""

    def __init__(
        self, slug: str, tokenization: Tokenization, context: int, template: Template, pieces: Pieces | None = None
    ) -> None:
        """`pieces` cuts a path otherwise than the template does."""
        self._slug = slug
        self._tokenization = tokenization
        self._context = context
        self._template = template
        self._pieces = pieces or (lambda path: reward_pieces(template, path.problem, path.steps, path.finished))
        self._piece = lru_cache(maxsize=16384)(self._encode)

    def __call__(self, request: ScoreRequest) -> Reading:
        """The reading of a path.

        Raises:
            RewardError: no steps, a character outside the vocabulary, or more tokens than the model's context.
        """
        check_steps(self._slug, request)
        begin = self._tokenization.begin_id
        ids: list[int] = [begin] if self._template.begin and begin is not None else []
        scored: list[int] = []
        problem_end = 0
        for piece, is_scored in self._pieces(request):
            ids += self._piece(piece, is_scored or self._template.special_tokens)
            problem_end = problem_end or len(ids) - 1
            if is_scored:
                scored.append(len(ids) - 1)
        check_length(self._slug, len(ids), self._context)
        return Reading(tuple(ids), tuple(scored), (problem_end, *scored))

    def _encode(self, piece: str, special_tokens: bool) -> list[int]:
        try:
            return self._tokenization.encode(piece, special_tokens=special_tokens)
        except TokenizationError as error:
            raise unreadable(self._slug, error) from error


class TextReader:
    """Tokenises the whole text at once, as the usage code of most published models does.

    A step is scored at the token that holds its end mark's last character; `followed_by` is text that comes right
    after the mark, and then the step is scored at the token before the one this text begins in.
    """

    def __init__(
        self,
        slug: str,
        tokenization: Tokenization,
        context: int,
        template: Template,
        *,
        followed_by: str = "",
        only_last: bool = False,
    ) -> None:
        """`only_last`: one score at the end of the path, not one per step."""
        self._slug = slug
        self._tokenization = tokenization
        self._context = context
        self._template = template
        self._followed_by = followed_by
        self._only_last = only_last

    def __call__(self, request: ScoreRequest) -> Reading:
        """The reading of a path; see `PieceReader` for what it raises."""
        check_steps(self._slug, request)
        finished = request.finished or self._only_last
        parts = reward_parts(self._template, request.problem, request.steps, finished)
        if self._followed_by:
            parts.append(Part(self._followed_by, True))
        try:
            ids, places = self._tokenization.encode_parts([(part.text, part.markup) for part in parts])
        except TokenizationError as error:
            raise unreadable(self._slug, error) from error
        scored = [self._position(end, places) for end in _scored_ends(parts)]
        problem_end = max(0, self._position(sum(len(part.text) for part in parts[:3]), places))
        begin = self._tokenization.begin_id
        if self._template.begin and begin is not None:
            ids, scored, problem_end = [begin, *ids], [place + 1 for place in scored], problem_end + 1
        if self._only_last:
            scored = scored[-1:]
        ids = ids[: scored[-1] + 1]  # a causal model's score cannot depend on what follows
        check_length(self._slug, len(ids), self._context)
        return Reading(tuple(ids), tuple(scored), tuple(sorted({min(problem_end, scored[0]), *scored})))

    def _position(self, end: int, places: list[tuple[int, int]]) -> int:
        """The scored token for a mark that ends just before character `end`."""
        if self._followed_by:
            return bisect_right(places, end, key=lambda place: place[1]) - 1
        return bisect_left(places, end, key=lambda place: place[0]) - 1


def _scored_ends(parts: list[Part]) -> list[int]:
    ends, length = [], 0
    for part in parts:
        length += len(part.text)
        if part.scored:
            ends.append(length)
    return ends


def check_steps(slug: str, request: ScoreRequest) -> None:
    """Raise RewardError for a path without steps."""
    if not request.steps:
        raise RewardError(f"{slug}: a path without steps has nothing to score.")


def check_length(slug: str, tokens: int, context: int) -> None:
    """Raise RewardError for a path that the model cannot hold."""
    if tokens > context:
        raise RewardError(
            f"{slug}: the path has {tokens} tokens and the model reads {context}."
            " Lower max_step_tokens, or choose a reward model with a larger context."
        )


def unreadable(slug: str, error: TokenizationError) -> RewardError:
    """The complaint about a text outside the vocabulary."""
    return RewardError(f"{slug} cannot read the path: {error}. Write it without that character.")
