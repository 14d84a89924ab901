"""OSCA: one budget of samples, spread over several ways to sample in proportions that were learned.

"Scaling LLM Inference with Optimized Sample Compute Allocation" (Zhang et al., 2024): sampling configurations solve
different problems, so a mix can solve more than as many samples of the best one. The mix is learned by hill climbing on
problems whose answers are known (`python -m search bench mix`). A configuration is here a temperature and who writes,
the run's own policy or a draft policy; the paper also varies prompts and languages.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from search.algorithms.base import ON_COMMANDS, Algorithm, Params
from search.algorithms.declared import Declared, Entry
from search.algorithms.sampling import show
from search.gate import Answer
from search.learned import learned
from search.search import Search
from search.selection.base import Selection
from search.selection.best_of_n import best_of_n
from search.selection.majority import majority
from search.tree import Node, Tree


class Configuration(Entry):
    """`n` samples drawn one way."""

    n: int = Field(ge=1, le=4096)
    temperature: float = Field(ge=0, le=5)
    writer: Literal["policy", "draft"] = "policy"


MIX = Declared(Configuration, most=16)


class OscaParams(Params):
    """The mix, and how its answer is chosen."""

    mix: str = Field(
        default=MIX.text(learned("mix")),
        max_length=4000,
        description="Samples of each configuration as JSON: [{n, temperature, writer}, …]; writer is policy or draft.",
        json_schema_extra={"format": "json"},
    )
    draft: str = Field(
        default="embedded_draft",
        min_length=1,
        max_length=500,
        description="The second policy, where the mix has one: a slug or folder.",
    )
    final: Literal["best", "vote"] = Field(default="best", description="The highest reward, or the most votes.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")

    @field_validator("mix", mode="before")
    @classmethod
    def _list(cls, mix: Any) -> str:
        return MIX.text(mix)


class Osca(Algorithm[OscaParams]):
    """Sample each configuration's share; one rule selects from all."""

    name = "osca"
    family = "composed"
    title = "Sample allocation (OSCA)"
    paper = "Scaling LLM Inference with Optimized Sample Compute Allocation"
    summary = (
        "Spreads its samples over several temperatures (and a second policy, if you like) in proportions that solved"
        " most problems in a benchmark. Look at which configuration the answer came from."
    )
    commands = {
        **ON_COMMANDS,
        "expand": "The new steps are written on as their path is; below the problem, as the mix's first entry says.",
        "edit": "The path goes on at your step; below the problem, as the mix's first entry says.",
    }

    @classmethod
    def params_type(cls) -> type[OscaParams]:
        """See `OscaParams`."""
        return OscaParams

    @classmethod
    def needs_reward_for(cls, params: OscaParams) -> bool:
        """True if the reward chooses."""
        return params.final == "best"

    @classmethod
    def draft_for(cls, params: OscaParams) -> str | None:
        """The second policy, where a configuration of the mix samples it."""
        return params.draft if any(one.writer == "draft" for one in MIX.entries(params.mix)) else None

    async def run(self, search: Search) -> None:
        """A step of all paths at a time, one batch per configuration; finished paths are scored."""
        mix, paths = MIX.entries(self.params.mix), search.frontier()
        for _ in range(self.params.max_steps):
            paths = search.alive(paths)
            if not paths:
                break
            fresh = paths == [search.root]
            grown: list[Node] = []
            for number, one in enumerate(mix):
                mine = paths if fresh else [node for node in paths if self._configuration(search.tree, node) == number]
                born = await search.expand(
                    mine, one.n if fresh else 1, temperature=one.temperature, draft=one.writer == "draft"
                )
                if fresh:
                    said = {"temperature": one.temperature, "writer": one.writer}
                    search.select(born, rule="osca", terms={node.index: said for node in born})
                grown += born
            if search.has_reward:
                await search.score([node for node in grown if node.solved])
            paths = grown
        show(search, self._selection(search.tree))

    def _configuration(self, tree: Tree, node: Node) -> int:
        """Whose path this is: the samples below the problem were drawn in the order of the mix."""
        mix = MIX.entries(self.params.mix)
        path = tree.path(node)
        number = path[1].key.rpartition(".")[2] if len(path) > 1 else ""
        begun = int(number) if number.isdecimal() else 0
        for which, one in enumerate(mix):
            if begun < one.n:
                return which
            begun -= one.n
        return 0

    def _selection(self, tree: Tree) -> Selection:
        return majority(tree) if self.params.final == "vote" else best_of_n(tree, "last")

    def answer(self, tree: Tree) -> Answer:
        """The finished path of highest reward, or the answer of most paths, whatever configuration it came from."""
        return self._selection(tree).answer
