"""A stack of inference-time techniques, declared as a list of stages.

"Archon: An Architecture Search Framework for Inference-Time Techniques" (Saad-Falcon et al., 2024) builds systems out
of layers of language-model calls: generators, which come first, then rankers, fusers, critics and verifiers, each
working on the candidates that the layer before left. Here generators sample solutions, a ranker keeps the best by
reward, a verifier drops those below a threshold, unless that would leave nothing, a critic writes what is strong and
weak about each, and a fuser writes new solutions out of all that are left, critiques included; they are the candidates
from then on. The paper ranks and verifies by instructing a model: name a judge as the run's reward for that.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from search import instructions
from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.algorithms.declared import Declared, Entry
from search.algorithms.notes import agreed, answering, living, made_from, opened, text_of
from search.asked import Asked, Prompt
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree


class Stage(Entry):
    """One layer. `n` and `temperature` are a generator's, `keep` is a ranker's, `threshold` a verifier's; `n` also is
    a fuser's number of solutions, and a critic's of critiques for each candidate."""

    stage: Literal["generate", "rank", "verify", "critique", "fuse"]
    n: int | None = Field(default=None, ge=1, le=4096)
    temperature: float | None = Field(default=None, ge=0, le=5)
    keep: int | None = Field(default=None, ge=1, le=4096)
    threshold: float | None = Field(default=None, ge=0, le=1)


STAGES = Declared(Stage, most=16)
TAKES = {
    "generate": ("n", "temperature"),
    "rank": ("keep",),
    "verify": ("threshold",),
    "critique": ("n",),
    "fuse": ("n",),
}
"""What each stage can be told; the first of these it must be told."""


class StackParams(Params):
    """The stages in order."""

    stages: str = Field(
        default=STAGES.text(
            [{"stage": "generate", "n": 12}, {"stage": "verify", "threshold": 0.2}, {"stage": "rank", "keep": 4}]
        ),
        max_length=4000,
        description="Stages in order, as JSON: {stage: generate, n, temperature}, {stage: rank, keep}, {stage: verify,"
        " threshold}, {stage: critique, n}, {stage: fuse, n}.",
        json_schema_extra={"format": "json"},
    )
    note_tokens: int = Field(default=512, ge=8, le=8192, description="Most tokens of a critique.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a solution.")
    critique: Annotated[str, instructions.holding("problem", "solution")] = instructions.worded(
        instructions.CRITICISE, "Asks for a critique; {problem} and {solution} are put in."
    )
    fuse: Annotated[str, instructions.holding("problem", "solutions")] = instructions.worded(
        instructions.FUSE, "Asks for a fused solution; {problem} and {solutions} are put in."
    )

    @field_validator("stages", mode="before")
    @classmethod
    def _list(cls, stages: Any) -> str:
        return STAGES.text(stages)

    @model_validator(mode="after")
    def _buildable(self) -> Self:
        """Generators first, and each stage told what it needs and nothing else."""
        later = False
        for number, one in enumerate(STAGES.entries(self.stages)):
            told = [name for name in ("n", "temperature", "keep", "threshold") if getattr(one, name) is not None]
            takes = TAKES[one.stage]
            if takes[0] not in told or any(name not in takes for name in told):
                said = f"{one.stage} takes {' and '.join(takes)}; {takes[0]} it needs"
                raise PydanticCustomError("stages", "stages: {at}: {said}", {"at": number, "said": said})
            if one.stage == "generate" and later:
                raise PydanticCustomError("stages", "stages: {at}: generators come first", {"at": number})
            later = later or one.stage != "generate"
            if number == 0 and later:
                raise PydanticCustomError("stages", "stages: 0: begin with generate", {})
        return self


class Stack(Algorithm[StackParams]):
    """Generate, then whatever was declared, stage by stage."""

    name = "stack"
    family = "composed"
    title = "Stack of stages (Archon)"
    paper = "Archon: An Architecture Search Framework for Inference-Time Techniques"
    summary = (
        "Runs the stages you declare: generators sample solutions, rankers keep the best by reward, verifiers drop what"
        " is below a threshold, critics comment, fusers write one solution out of many (a policy that follows"
        " instructions can do both). Look at which stage a solution was lost in."
    )
    commands = {
        **ON_COMMANDS,
        "expand": "The new steps are written to their end before the next stage. Below a critique: fusions by it.",
        "prune": "The solution takes part in no further stage.",
        "restore": "The solution takes part in the stages that are still to come, and may be the answer.",
        "edit": "The solution is written on from your step before the next stage; your critique is what is fused.",
    }

    @classmethod
    def params_type(cls) -> type[StackParams]:
        """See `StackParams`."""
        return StackParams

    @classmethod
    def needs_reward_for(cls, params: StackParams) -> bool:
        """True if it ranks or verifies."""
        return any(one.stage in ("rank", "verify") for one in STAGES.entries(params.stages))

    @classmethod
    def needs_prompt_for(cls, params: StackParams) -> Prompt | None:
        """Instructions, if it criticises or fuses."""
        written = any(one.stage in ("critique", "fuse") for one in STAGES.entries(params.stages))
        return "instructions" if written else None

    async def run(self, search: Search) -> None:
        """A generator samples what the problem still lacks of its and its forerunners' solutions."""
        wanted, paths = 0, opened(search)
        for number, one in enumerate(STAGES.entries(self.params.stages)):
            await self._write(search, paths, 1)  # of a grown tree, or what a person opened
            paths = []
            wanted += (one.n or 0) * (one.stage == "generate")
            before = -1
            while one.stage == "generate" and before < search.root.sampled < wanted:
                before = search.root.sampled
                await self._write(search, [search.root], wanted - before, one.temperature)
            if one.keep is not None:
                search.keep_best(self._candidates(search.tree), one.keep, rule="rank")
            if one.threshold is not None:
                self._verify(search, self._candidates(search.tree), one.threshold)
            if one.stage == "critique":
                await self._criticise(search, self._candidates(search.tree), one.n or 1)
            if one.stage == "fuse":
                await self._fuse(search, self._candidates(search.tree), one.n or 1, f"fuse {number}")

    async def _write(self, search: Search, paths: list[Node], n: int, temperature: float | None = None) -> None:
        """These paths to their ends, scored; `n` from the problem, if it is among them."""
        for _ in range(self.params.max_steps):
            paths = [node for node in search.alive(paths) if not node.note]
            if not paths:
                break
            counts = [n if node is search.root else 1 for node in paths]
            paths = await search.expand(paths, counts, temperature=temperature)
            if search.has_reward:
                await search.score([node for node in paths if node.solved])

    async def _criticise(self, search: Search, candidates: list[Node], n: int) -> None:
        """`n` notes on each candidate that has none."""
        tree, p = search.tree, self.params
        asks = [
            ((node,), Asked("critique", instructions.fill(p.critique, problem=tree.root.text,
                                                          solution=text_of(tree, node)), note=True))
            for node in candidates
            if not made_from(tree, node, "critique")
        ]  # fmt: skip
        if asks:
            await search.ask(asks, n, kind="critique", tokens=p.note_tokens)

    async def _fuse(self, search: Search, candidates: list[Node], n: int, name: str) -> None:
        """New solutions whose parents are all candidates; those of this stage that are there already count."""
        tree, notes = search.tree, living(search.tree, "critique")
        left = n - sum(node.asked is not None and node.asked.name == name for node in tree.nodes)
        sources = [node for node in candidates if (o := tree.origin(node)) is None or o.name != name]
        if not sources or left <= 0:
            return
        search.select(sources, rule="fuse", detail={"critiques": len(notes)})
        begun = await search.ask([(sources, self._fusion(tree, sources, notes, name))], left, kind="revision")
        if search.has_reward:
            await search.score([node for node in begun if node.solved])
        await self._write(search, begun, 1)

    def _fusion(self, tree: Tree, sources: list[Node], notes: list[Node], name: str) -> Asked:
        """The solutions to fuse, each followed by what was said about it."""
        shown = []
        for node in sources:
            critiques = [f"Critique: {note.step}" for note in notes if note.parents[0] == node.index]
            shown.append("\n".join([text_of(tree, node), *critiques]))
        solutions = instructions.numbered(shown, "Solution")
        return Asked(name, instructions.fill(self.params.fuse, problem=tree.root.text, solutions=solutions))

    def below(self, tree: Tree, note: Node) -> Asked | None:
        """A fusion by this critique alone, if there is a fuser."""
        fusers = [n for n, one in enumerate(STAGES.entries(self.params.stages)) if one.stage == "fuse"]
        return self._fusion(tree, [tree[note.parents[0]]], [note], f"fuse {fusers[0]}") if fusers else None

    def _candidates(self, tree: Tree) -> list[Node]:
        """What the last fuser wrote, once it wrote something to its end; before, what was generated."""
        for number, one in reversed(list(enumerate(STAGES.entries(self.params.stages)))):
            if one.stage == "fuse" and (fused := answering(tree, f"fuse {number}")):
                return fused
        return tree.candidates()

    def _verify(self, search: Search, candidates: list[Node], threshold: float) -> None:
        """Who is below the threshold goes, if anybody is not."""
        passed = [node for node in candidates if (node.reward or 0.0) >= threshold]
        search.select(passed, rule="verify", cutoff=threshold, of=len(candidates))
        if passed:
            search.prune([node for node in candidates if node not in passed], rule="verify", cutoff=threshold)

    def answer(self, tree: Tree) -> Answer:
        """Of the candidates that are left the one of highest reward; without rewards, what most of them say."""
        candidates = self._candidates(tree)
        if not any(node.reward is not None for node in candidates):
            return agreed(candidates, "majority of the candidates")
        return best(candidates, [node.reward for node in candidates], "highest reward")
