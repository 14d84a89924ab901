"""What stays fixed while a search runs: its problem, seed, sampling, the texts models see, and who answers effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from search.asked import Asked, Prompt
from search.commands import Mailbox
from search.policies.base import Policy, Sampling
from search.questions import Question
from search.rewards.base import Reward
from search.sources import Source, sources_of
from search.templates import Template, begin_ids, prologue, render_prompt
from search.tree import Node, Tree
from search.truth import Truth


@dataclass(frozen=True)
class Drafting:
    """A run's second policy, which writes what the first may write anew. None: its effects come from the journal."""

    policy: Policy | None
    template: Template
    context: int | None

    @classmethod
    def of(cls, described: dict[str, Any], policy: Policy | None) -> Drafting:
        """As the header describes it."""
        return cls(policy, Template.of(described.get("template") or Template()), described.get("context"))


class Reading(NamedTuple):
    """The text a policy continues, its token ids as the policy wrote them, and where in the text its own steps begin.

    That is in characters: after what was asked and the hints.
    """

    text: str
    ids: tuple[int, ...] | None
    written_from: int


@dataclass
class Setting:
    """One run's surroundings. The models may be missing only where every effect is answered by the journal.

    `sources` are the run's rewards, the driving one first; none in a run without a reward.

    `context` is the most tokens the policy reads, where it says so. `clock` gives the seconds this run has been active
    so far, earlier attempts included.
    """

    problem: str
    seed: int
    sampling: Sampling
    template: Template
    context: int | None
    sources: tuple[Source, ...]
    policy: Policy | None
    truth: Truth | None
    clock: Callable[[], float]
    mailbox: Mailbox = field(default_factory=Mailbox)
    draft: Drafting | None = None
    questions: tuple[Question, ...] = ()  # what the policy can be asked about its own steps
    piece_tokens: int | None = None  # how much of a path it writes at one request, if nobody looks before the end
    lone_pieces: bool = False  # so with paths that are written alone, and with rollouts
    follows: tuple[Prompt, ...] = ()  # what it takes besides problems
    _problem_ids: tuple[int, ...] | None = field(default=None, init=False, repr=False)
    _problem_length: int | None = field(default=None, init=False, repr=False)

    @classmethod
    def of(
        cls,
        header: dict[str, Any],
        *,
        policy: Policy | None,
        reward: Reward | None,
        also_rewards: Sequence[Reward] | None = None,
        truth: Truth | None,
        clock: Callable[[], float],
        mailbox: Mailbox | None = None,
        draft: Policy | None = None,
    ) -> Setting:
        """The setting a journal's header describes."""
        sampling = header["sampling"]
        return cls(
            problem=header["problem"]["text"],
            seed=header["seed"],
            sampling=Sampling(
                temperature=sampling["temperature"],
                top_p=sampling["top_p"],
                max_step_tokens=sampling["max_step_tokens"],
                stop=tuple(sampling["stop"]),
            ),
            template=Template.of(header["policy"].get("template") or Template()),
            context=header["policy"].get("context"),
            questions=tuple(header["policy"].get("questions", ())),
            piece_tokens=header["policy"].get("piece_tokens"),
            lone_pieces=header["policy"].get("lone_pieces", False),
            follows=tuple(header["policy"].get("follows", ())),
            sources=sources_of(header, reward, also_rewards),
            policy=policy,
            truth=truth,
            clock=clock,
            mailbox=mailbox or Mailbox(),
            draft=Drafting.of(header["draft"], draft) if "draft" in header else None,
        )

    def drafting(self) -> Setting | None:
        """The same run with its draft policy in the policy's place; None if the run has none."""
        if self.draft is None:
            return None
        return replace(self, policy=self.draft.policy, template=self.draft.template, context=self.draft.context)

    @property
    def scored(self) -> bool:
        """True if this run has a reward."""
        return bool(self.sources)

    @property
    def calls_per_path(self) -> int:
        """Reward calls that one sequence costs under the driving reward."""
        return self.sources[0].calls_per_path if self.sources else 1

    def prompt(
        self,
        tree: Tree,
        node: Node,
        further: Sequence[str] = (),
        further_ids: Sequence[int] = (),
        asked: Asked | None = None,
    ) -> Reading:
        """What a policy continues below `node` (and `further` steps).

        `asked`: what follows `node` does not go on from it, but answers this. There are no ids where the policy has to
        read the text anew: a person's step or hint lies on the path, the policy cannot encode, or two policies take
        turns, whose ids mean different things.
        """
        hints = tree.hints_on(tree.path(node)) if tree.hints else []
        answers = asked or tree.origin(node)
        steps = tuple(further) if asked else tree.steps(node, further)
        begun = node.mid_step and not further and not asked
        text = render_prompt(self.template, self.problem, steps, hints, begun=begun, asked=answers)
        written_from = self._begins_at(hints, answers)
        encode: Callable[..., Sequence[int]] | None = getattr(self.policy, "encode", None)
        pieces = [] if asked else tree.solution(node)
        anew = bool(hints or (further and not further_ids)) or any(not piece.token_ids for piece in pieces)
        marked = answers is not None and answers.instruction is None
        if encode is None or self.draft is not None or (anew and not marked):
            return Reading(text, None, written_from)
        if answers is not None:
            begin = begin_ids(encode, self.template, self.problem, text, hints, answers, anew=anew)
            ids = tuple(begin) if anew else self._joined(begin, pieces, further_ids)
            return Reading(text, ids, written_from)
        if self._problem_ids is None:
            self._problem_ids = tuple(begin_ids(encode, self.template, self.problem, text))
        return Reading(text, self._joined(self._problem_ids, pieces, further_ids), written_from)

    @staticmethod
    def _joined(begin: Sequence[int], pieces: Sequence[Node], further: Sequence[int]) -> tuple[int, ...]:
        ids = list(begin)
        for piece in pieces:
            ids.extend(piece.token_ids)
        return (*ids, *further)

    def _begins_at(self, hints: Sequence[str], answers: Asked | None) -> int:
        if hints or answers is not None:
            return len(prologue(self.template, self.problem, hints, answers))
        if self._problem_length is None:
            self._problem_length = len(prologue(self.template, self.problem))
        return self._problem_length
