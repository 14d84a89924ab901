"""Stop when certain: sample paths until the answers agree well enough.

"Efficiently Scaling LLM Reasoning with Certaindex" (Fu et al., 2024): the certainty of n answers is (log n − H) /
log n, H the entropy of their clusters: 1 when all agree, 0 when no two do. Once it has been high for several probes
in a row, more samples would hardly change the answer, and those under way are given up. All paths are decoded in
lockstep, so that answers arrive in the order of their length, and each arrival can be a probe.
"""

from __future__ import annotations

import math

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params
from search.algorithms.sampling import under_way
from search.gate import Answer
from search.paths import path_tokens
from search.search import Search
from search.selection.majority import majority
from search.tree import Node, Tree
from search.voting import ballots


class CertaintyStopParams(Params):
    """How many, how certain, for how long."""

    n: int = Field(default=16, ge=2, le=256, description="Paths sampled at most (N).")
    window: int = Field(default=1, ge=1, le=256, description="Answers that arrive between two probes.")
    threshold: float = Field(default=0.8, gt=0, le=1, description="Certainty at which a probe counts as certain.")
    windows: int = Field(default=3, ge=1, le=256, description="Certain probes in a row that end the search (w).")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


class CertaintyStop(Algorithm[CertaintyStopParams]):
    """Probe as answers arrive; stop once they agree."""

    name = "certainty_stop"
    family = "sampling"
    title = "Stop when certain"
    paper = "Efficiently Scaling LLM Reasoning with Certaindex"
    summary = (
        "Writes N solutions at once and looks at the answers as they arrive, shortest first. Once they have agreed well"
        " enough for a few looks in a row, the solutions still being written are given up; the commonest answer wins."
    )
    needs_reward = False
    commands = {
        **ON_COMMANDS,
        "expand": "The new steps run on, and their answers count.",
        "prune": "The path leaves the search at once; an answer pruned no longer counts in the certainty.",
        "restore": "The path runs on where it was halted.",
        "edit": "The path runs on from your step; its answer counts.",
    }

    @classmethod
    def params_type(cls) -> type[CertaintyStopParams]:
        """See `CertaintyStopParams`."""
        return CertaintyStopParams

    async def run(self, search: Search) -> None:
        """Run on to the next arrivals, probe, and stop or run on."""
        p = self.params
        paths = search.frontier()
        certain = 0
        while paths := under_way(search, paths, p.max_steps):
            n = p.n if paths == [search.root] else 1
            reached = await search.decode(paths, n, max_steps=p.max_steps, first=p.window, abort=False)
            if search.has_reward:
                await search.score([node for node in reached if node.solved])
            going = [node for node in reached if node.expandable and search.allowance(node, p.max_steps)]
            arrived = [node for node in reached if node.solved]
            certainty = self._probe(search, arrived, len(going))
            certain = certain + 1 if certainty is not None and certainty >= p.threshold else 0
            if certain >= p.windows:
                self._stop(search, going, certainty)
                going, certain = [], 0
            paths = going

    def _probe(self, search: Search, arrived: list[Node], going: int) -> float | None:
        """The certainty of all answers so far; one point of its curve."""
        counted = ballots(search.tree.candidates(), [1.0] * len(search.tree.candidates()))
        value = certainty_of([ballot.count for ballot in counted])
        search.select(
            arrived,
            rule="certainty",
            scores=[float(path_tokens(search.tree, node)) for node in arrived],
            detail={
                "certainty": value,
                "threshold": self.params.threshold,
                "answers": {ballot.answer: ballot.count for ballot in counted},
                "under_way": going,
            },
        )
        return value

    def _stop(self, search: Search, going: list[Node], certainty: float | None) -> None:
        saved = {node.index: search.allowance(node, self.params.max_steps) for node in going}
        search.prune(
            going,
            rule="certain enough",
            cutoff=self.params.threshold,
            scores=[certainty] * len(going),
            terms={index: {"tokens_saved": tokens} for index, tokens in saved.items()},
            detail={"tokens_saved": sum(saved.values()), "certainty": certainty},
        )

    def answer(self, tree: Tree) -> Answer:
        """Most votes; ties to the higher summed reward, then to the answer seen first."""
        return majority(tree).answer


def certainty_of(counts: list[int]) -> float | None:
    """(log n − H) / log n over answers in clusters of these sizes; None below two answers, where it has no meaning."""
    n = sum(counts)
    if n < 2:
        return None
    entropy = -math.fsum(count / n * math.log(count / n) for count in counts)
    return round((math.log(n) - entropy) / math.log(n), 9)
