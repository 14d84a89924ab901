"""Fractured sampling: solutions from whole and from truncated trajectories.

"Fractured Chain-of-Thought Reasoning" (Liao et al., 2025) spends a budget along three axes: n reasoning trajectories, H
depths at which each is truncated, and m solutions from every truncation. As in the authors' code a trajectory of L
reasoning steps is cut after i·L/H of them, i = 1 … H (rounded down), and its own solution is one of the m at i = H. The
paper ends a truncated trajectory with the model's end-of-thinking mark; here the last step of a path is its solution,
and a policy without such a mark goes on from the cut until it has one.
"""

from __future__ import annotations

from collections import Counter

from pydantic import Field

from search.algorithms.base import Algorithm, Params
from search.algorithms.sampling import continue_paths, sample_paths
from search.gate import Answer
from search.search import Search
from search.selection.majority import majority
from search.tree import Node, Tree


class FracturedParams(Params):
    """n, m and H."""

    trajectories: int = Field(default=4, ge=1, le=1024, description="Reasoning trajectories (n).")
    solutions: int = Field(default=2, ge=1, le=256, description="Solutions from every truncation (m).")
    depths: int = Field(default=4, ge=1, le=256, description="Depths at which a trajectory is truncated (H).")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a trajectory; also after a cut.")


class Fractured(Algorithm[FracturedParams]):
    """n trajectories x H depths x m solutions; the commonest answer wins."""

    name = "fractured"
    family = "sampling"
    title = "Fractured sampling"
    paper = "Fractured Chain-of-Thought Reasoning"
    summary = (
        "Samples a few whole solutions, then goes back to several depths of each and lets the policy finish anew from"
        " there. The answer most of all these solutions agree on wins. Needs no reward."
    )
    needs_reward = False

    @classmethod
    def params_type(cls) -> type[FracturedParams]:
        """See `FracturedParams`."""
        return FracturedParams

    async def run(self, search: Search) -> None:
        """Trajectories, then what is missing at their cuts. A reward, if there is one, breaks ties."""
        p = self.params
        await sample_paths(search, p.trajectories, p.max_steps, score=search.has_reward)
        cuts = self._cuts(search.tree)
        nodes = [search.tree[index] for index in cuts]
        terms = {node.index: {"depth": node.depth, "solutions": cuts[node.index]} for node in nodes}
        search.select(nodes, rule="truncation", scores=[None] * len(nodes), terms=terms)
        solutions = await search.expand(nodes, [cuts[node.index] for node in nodes])
        if search.has_reward:
            await search.score([node for node in solutions if node.solved])
        await continue_paths(search, solutions, p.max_steps - 1, score=search.has_reward)

    def _cuts(self, tree: Tree) -> Counter[int]:
        """Node index → solutions to sample there; what was sampled before a run was continued counts."""
        p = self.params
        wanted = Counter[int]()
        edited = [replaced for replaced, _ in tree.edits]
        for leaf in tree.candidates():
            path = tree.path(leaf)
            if not self._is_trajectory(leaf) or any(step.index in edited for step in path):
                continue
            reasoning = len(path) - 2  # without the problem and the solution
            for i in range(1, p.depths + 1):
                wanted[path[i * reasoning // p.depths].index] += p.solutions - (i == p.depths)
        for index in list(wanted):
            already = tree[index].sampled - (1 if tree[index].parents else p.trajectories)
            wanted[index] -= max(0, already)
        return Counter({index: count for index, count in wanted.items() if count > 0 and tree[index].expandable})

    def _is_trajectory(self, leaf: Node) -> bool:
        """Told from a truncation's solution by its creation key: the first child of every step, or a person's."""
        _, first, *rest = (*leaf.key.split("."), "0")
        ours = first.startswith("h") or int(first) < self.params.trajectories
        return ours and all(part == "0" or part.startswith("h") for part in rest)

    def answer(self, tree: Tree) -> Answer:
        """The answer most solutions agree on, whatever trajectory and depth they came from."""
        return majority(tree).answer
