"""TreeBoN: best of N whose candidates share their beginnings.

"TreeBoN: Enhancing Inference-Time Alignment with Speculative Tree-Search and Best-of-N Sampling" (Qiu et al., 2024):
N partial responses; at the end of each layer the best N/W are kept, and each gets W children, so that every layer has N
again; after the last layer all N are written to their end, and the reward picks one. The paper cuts layers by length in
tokens and scores partials by a DPO policy's implicit reward; here a layer is a step, and the process reward scores it.
One layer is best of N.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from search.algorithms.base import Algorithm, Params, best
from search.algorithms.sampling import continue_paths
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree


class TreeBoNParams(Params):
    """N, W and the layers."""

    n: int = Field(default=16, ge=1, le=4096, description="Partials of every layer (N).")
    children: int = Field(default=4, ge=1, le=256, description="Children of each partial that is kept (W).")
    layers: int = Field(default=4, ge=1, le=1000, description="Layers in all; nothing is dropped after the last.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")

    @model_validator(mode="after")
    def _divisible(self) -> Self:
        if self.n % self.children:
            raise PydanticCustomError(
                "divisible", "n ({n}) must be a multiple of children ({w})", {"n": self.n, "w": self.children}
            )
        return self


class TreeBoN(Algorithm[TreeBoNParams]):
    """Keep N/W, give each W children."""

    name = "tree_bon"
    family = "sampling"
    title = "TreeBoN"
    paper = "TreeBoN: Enhancing Inference-Time Alignment with Speculative Tree-Search and Best-of-N Sampling"
    summary = (
        "Best of N that does not write weak beginnings to their end: after each of the first steps only the best N/W"
        " partials are kept and branch W ways. Finished partials compete with the others and keep their slot."
    )

    @classmethod
    def params_type(cls) -> type[TreeBoNParams]:
        """See `TreeBoNParams`."""
        return TreeBoNParams

    async def run(self, search: Search) -> None:
        """Layer by layer; then every partial that is left goes on by itself."""
        p = self.params
        partials: list[Node] = search.frontier()
        for layer in range(1, min(p.layers, p.max_steps) + 1):
            partials = search.alive(partials, finished=True)
            going = [node for node in partials if node.expandable]
            if not going:
                return
            fresh = layer == 1 and going == [search.root]
            children = await search.expand(going, p.n if fresh else p.children)
            partials = [node for node in partials if node.solved] + children
            await search.score(partials if layer < p.layers else [node for node in children if node.solved])
            if layer < p.layers:
                terms = {node.index: {"layer": layer} for node in partials}
                partials = search.keep_best(partials, p.n // p.children, rule="tree_bon", terms=terms)
        await continue_paths(search, partials, p.max_steps - p.layers, score=True)

    def answer(self, tree: Tree) -> Answer:
        """The finished path of highest reward."""
        candidates = tree.candidates()
        return best(candidates, [node.reward for node in candidates], "highest reward")
