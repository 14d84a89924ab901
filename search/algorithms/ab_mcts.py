"""Adaptive branching Monte Carlo tree search, with node aggregation (AB-MCTS-A).

"Wider or Deeper? Scaling LLM Inference-Time Compute with Adaptive Branching Tree Search" (Inoue et al., 2025): at each
node on its way down, a simulation draws a score for going wider (GEN: a new child) and one for going deeper (CONT: one
of the children), each from what is believed about the score it would lead to, and takes the higher. Deeper, one draw
per child decides between them. A new node's score goes to the GEN belief of its parent and to the CONT and child
beliefs of all above; a child's belief begins with its own score, which the paper leaves open and its authors' code
does.

There a node is a whole answer, and deeper refines it; here a node is a step, and deeper goes on from it: a solution
that has ended is no place to go deeper.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.gate import Answer
from search.posteriors import Belief, Beta, NormalInverseChiSquare
from search.search import Search
from search.tree import Node, Tree

SHOWN = 8
"""As many children of highest draw are recorded with each choice between them."""


class ABMCTSParams(Params):
    """The belief and how much is sampled."""

    simulations: int = Field(default=64, ge=1, le=100_000, description="Nodes sampled in all.")
    batch: int = Field(default=4, ge=1, le=256, description="Nodes sampled in one call; each draws for itself.")
    belief: Literal["gaussian", "beta"] = Field(
        default="gaussian",
        description="What is believed about scores: Normal–inverse-χ² for any, Beta for those from 0 to 1.",
    )
    prior_mean: float = Field(default=0.0, ge=-100, le=100, description="m of the Gaussian prior.")
    prior_mean_weight: float = Field(
        default=1.0, gt=0, le=1000, description="κ: scores that the prior mean counts for."
    )
    prior_variance: float = Field(default=0.1, gt=0, le=100, description="τ² of the Gaussian prior.")
    prior_variance_weight: float = Field(default=1.0, gt=0, le=1000, description="ν: scores that τ² counts for.")
    prior_successes: float = Field(default=0.5, gt=0, le=1000, description="α of the Beta prior.")
    prior_failures: float = Field(default=0.5, gt=0, le=1000, description="β of the Beta prior.")
    max_depth: int = Field(default=32, ge=1, le=1000, description="Most steps of a path.")


@dataclass
class Beliefs:
    """What is believed about going wider and deeper at each node, and about each node as a child."""

    params: ABMCTSParams
    wider: dict[int, Belief] = field(default_factory=dict)
    deeper: dict[int, Belief] = field(default_factory=dict)
    child: dict[int, Belief] = field(default_factory=dict)
    learned: dict[int, None] = field(default_factory=dict)

    def of(self, beliefs: dict[int, Belief], node: Node) -> Belief:
        """The node's belief; the prior if nothing was learned."""
        p = self.params
        if node.index not in beliefs:
            beliefs[node.index] = (
                Beta(p.prior_successes, p.prior_failures)
                if p.belief == "beta"
                else NormalInverseChiSquare(
                    p.prior_mean, p.prior_mean_weight, p.prior_variance_weight, p.prior_variance
                )
            )
        return beliefs[node.index]

    def learn(self, tree: Tree, node: Node) -> None:
        """Take the node's score into account, once. A step that a person wrote says nothing about sampling wider."""
        if node.reward is None or not node.parents or node.index in self.learned:
            return
        self.learned[node.index] = None
        parent = tree[node.parents[0]]
        self.of(self.child, node).observe(node.reward)
        if node.kind != "human":
            self.of(self.wider, parent).observe(node.reward)
        for above in tree.path(parent)[1:]:
            self.of(self.child, above).observe(node.reward)
            self.of(self.deeper, tree[above.parents[0]]).observe(node.reward)


class ABMCTS(Algorithm[ABMCTSParams]):
    """Wider or deeper, by Thompson sampling."""

    name = "ab_mcts"
    family = "tree"
    title = "Adaptive branching tree search"
    paper = "Wider or Deeper? Scaling LLM Inference-Time Compute with Adaptive Branching Tree Search"
    summary = (
        "At every step it asks anew whether to try another continuation or to go on from one it has: it keeps a belief"
        " about the score either would lead to, draws from both, and follows the higher draw."
    )

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps are scored and continued next, and what they scored is learned.",
        "prune": ON_COMMANDS["prune"] + " What it taught about going wider or deeper stays.",
        "restore": "The step can be gone on from again, and is continued next if it was open.",
        "edit": "Your step is continued next; the old one stays and competes with it.",
    }

    @classmethod
    def params_type(cls) -> type[ABMCTSParams]:
        """See `ABMCTSParams`."""
        return ABMCTSParams

    async def run(self, search: Search) -> None:
        """A batch of draws at a time; what a person opened by hand is continued first."""
        p, tree, done = self.params, search.tree, 0
        beliefs = Beliefs(p)
        for node in tree.nodes:
            beliefs.learn(tree, node)
        while done < p.simulations:
            targets = [node for node in search.alive([]) if node.parents and node.depth < p.max_depth]
            for node in targets:
                beliefs.learn(tree, node)
            while len(targets) < min(p.batch, p.simulations - done) or not targets:
                targets.append(self._descend(search, beliefs))
            done += len(targets)
            wanted = Counter(node.index for node in targets)
            children = await search.expand([tree[index] for index in wanted], n=list(wanted.values()))
            await search.score(children)
            for child in children:
                beliefs.learn(tree, child)
                if child.reward is not None and child.status != "pruned":
                    search.back_up(child, child.reward)

    def _descend(self, search: Search, beliefs: Beliefs) -> Node:
        """The node that gets a new child, and how it was come to."""
        tree, node = search.tree, search.root
        path: list[Node] = [node]
        terms: dict[int, dict[str, float]] = {}
        choices: list[dict[str, Any]] = []
        while arms := [c for c in tree.children(node) if c.expandable and c.depth < self.params.max_depth]:
            wider = self._draw(search, beliefs.of(beliefs.wider, node))
            deeper = self._draw(search, beliefs.of(beliefs.deeper, node))
            terms[node.index] = {"wider": wider["draw"], "deeper": deeper["draw"]}
            choices.append({"node": node.index, "wider": wider, "deeper": deeper})
            if wider["draw"] >= deeper["draw"]:
                break
            drawn = [(child, self._draw(search, beliefs.of(beliefs.child, child))) for child in arms]
            drawn.sort(key=lambda pair: (-pair[1]["draw"], pair[0].index))
            choices[-1]["children"] = [{"node": child.index, **belief} for child, belief in drawn[:SHOWN]]
            choices[-1]["of"] = len(drawn)
            node = drawn[0][0]
            path.append(node)
        search.select(path, rule="thompson", terms=terms, detail={"choices": choices})
        return node

    def _draw(self, search: Search, belief: Belief) -> dict[str, float]:
        """The belief's parameters and a draw from it."""
        return {**belief.parameters(), "draw": belief.draw(lambda: search.draw("thompson"))}

    def answer(self, tree: Tree) -> Answer:
        """The finished node of highest reward."""
        candidates = tree.candidates()
        return best(candidates, [node.reward for node in candidates], "highest reward")
