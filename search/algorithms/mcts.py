"""Monte Carlo tree search over reasoning steps.

UCT: "Bandit based Monte-Carlo Planning" (Kocsis and Szepesvári, 2006), a leaf is expanded when it is visited again.
PUCT: "Mastering Chess and Shogi by Self-Play with a General Reinforcement Learning Algorithm" (Silver et al., 2017),
with its exploration rate c(s); the prior is the policy's own mean token probability, normalised over the siblings.
One simulation evaluates one leaf by the process reward or by a rollout, and backs the value up.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, Literal

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree
from search.voting import ballots, elect


class MCTSParams(Params):
    """Selection, expansion, evaluation, backup."""

    simulations: int = Field(default=64, ge=1, le=100_000, description="Leaves evaluated in all.")
    rule: Literal["uct", "puct"] = Field(default="uct", description="How a child is selected.")
    exploration: float = Field(default=1.0, ge=0, le=100, description="c of UCT; PUCT has its own c(s).")
    expansion: int = Field(default=4, ge=1, le=256, description="Children per expansion (k).")
    evaluation: Literal["process", "rollout"] = Field(default="process", description="What a leaf is worth.")
    backup: Literal["mean", "max"] = Field(default="mean", description="How values travel up.")
    batch: int = Field(default=4, ge=1, le=256, description="Leaves evaluated in one call, spread by virtual loss.")
    final: Literal["visits", "value", "vote"] = Field(default="value", description="How the answer is chosen.")
    max_depth: int = Field(default=32, ge=1, le=1000, description="Most steps of a path; also of a rollout.")


class MCTS(Algorithm[MCTSParams]):
    """Select, expand, evaluate, back up."""

    name = "mcts"
    title = "Monte Carlo tree search"
    paper = "Bandit based Monte-Carlo Planning"
    summary = "Goes where value or ignorance is high, evaluates, and lets the value travel up the tree."

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps are evaluated next, then selected like any others.",
        "restore": "The step can be selected again, and is evaluated next if it was open.",
        "edit": "Your step is expanded next; the old one stays and competes with it.",
    }

    @classmethod
    def params_type(cls) -> type[MCTSParams]:
        """See `MCTSParams`."""
        return MCTSParams

    async def run(self, search: Search) -> None:
        """A batch of leaves at a time; what a person opened by hand comes first."""
        done = 0
        while done < self.params.simulations:
            paths = self._select_batch(search, self.params.simulations - done)
            done += len(paths)
            leaves = await self._expand(search, paths)
            values = await self._evaluate(search, leaves)
            for leaf, value in zip(leaves, values, strict=True):
                if leaf.status != "pruned":
                    search.back_up(leaf, value, rule=self.params.backup)

    # -- selection -------------------------------------------------------------------------------------------------

    def _select_batch(self, search: Search, most: int) -> list[list[Node]]:
        tree, virtual = search.tree, Counter[int]()
        paths = [tree.path(node) for node in search.alive([]) if node.parents and node.depth < self.params.max_depth]
        steps: list[list[dict[str, Any]]] = [[] for _ in paths]
        taken = dict.fromkeys(path[-1].index for path in paths)
        while len(paths) < min(self.params.batch, most) or not paths:
            path, why = self._descend(tree, virtual)
            if path[-1].index in taken:
                break
            taken[path[-1].index] = None
            virtual.update(node.index for node in path)
            paths.append(path)
            steps.append(why)
        for path, why in zip(paths, steps, strict=True):
            search.select(path, rule=self.params.rule, detail={"steps": why})
        return paths

    def _descend(self, tree: Tree, virtual: Counter[int]) -> tuple[list[Node], list[dict[str, Any]]]:
        """From the root to a node that is unvisited, or has no child to go on with. Ties go to the older child."""
        path, why = [tree.root], []
        while path[-1] is tree.root or path[-1].visits:
            parent = path[-1]
            children = [node for node in tree.children(parent) if _selectable(node)]
            if not children:
                break
            above = parent.visits + virtual[parent.index]
            terms = [self._terms(child, above, virtual[child.index]) for child in children]
            chosen = max(range(len(terms)), key=lambda i: terms[i][0] + terms[i][1])
            child, (q, u, n) = children[chosen], terms[chosen]
            # An unvisited child's u is infinite under UCT, which JSON cannot say.
            why.append({"node": child.index, "q": q, "u": u if u < math.inf else None, "n": n, "prior": child.prior})
            path.append(child)
        return path, why

    def _terms(self, child: Node, above: int, virtual: int) -> tuple[float, float, int]:
        """Q, the exploration term U, and the visits n, of which `virtual` ones count as of value 0."""
        n = child.visits + virtual
        q = child.value * child.visits / n if child.value is not None else 0.0
        if self.params.rule == "puct":
            c = 1.25 + math.log((above + 19652 + 1) / 19652)
            return q, c * (1.0 if child.prior is None else child.prior) * math.sqrt(above) / (1 + n), n
        if not n:
            return q, math.inf, n
        return q, self.params.exploration * math.sqrt(math.log(max(1, above)) / n), n

    # -- expansion and evaluation ----------------------------------------------------------------------------------

    async def _expand(self, search: Search, paths: list[list[Node]]) -> list[Node]:
        """The leaves to evaluate: a leaf seen before (or by a person's hand, or the root) gives way to a child."""
        ready = [
            leaf
            for leaf in (path[-1] for path in paths)
            if leaf.expandable and leaf.depth < self.params.max_depth and (leaf.visits or leaf.by or not leaf.parents)
        ]
        children = await search.expand(ready, n=self.params.expansion)
        firstborn: dict[int, Node] = {}
        for parent in ready:
            born = [child for child in children if child.parents[0] == parent.index and _selectable(child)]
            if self.params.rule == "puct":
                search.set_priors(_priors(born))
            if born:
                firstborn[parent.index] = max(born, key=lambda child: (child.prior or 0.0, -child.index))
        return [firstborn.get(path[-1].index, path[-1]) for path in paths]

    async def _evaluate(self, search: Search, leaves: list[Node]) -> list[float]:
        """The value of each leaf; a rollout that did not finish found no answer and is worth 0."""
        if self.params.evaluation == "process":
            await search.score([leaf for leaf in leaves if leaf.parents])
            return [leaf.reward or 0.0 for leaf in leaves]
        await search.score([leaf for leaf in leaves if leaf.solved])
        going = [leaf for leaf in leaves if leaf.expandable]
        rollouts = await search.rollout(going, max_steps=self.params.max_depth)
        ended = [(leaf, found[0]) for leaf, found in zip(going, rollouts, strict=True) if found[0].finished]
        scores = await search.score_rollouts(ended)
        worth = {leaf.index: score for (leaf, _), score in zip(ended, scores, strict=True)}
        return [worth.get(leaf.index, (leaf.reward or 0.0) if leaf.solved else 0.0) for leaf in leaves]

    # -- the answer ------------------------------------------------------------------------------------------------

    def answer(self, tree: Tree) -> Answer:
        """Of the finished nodes: the most visited, the most valuable, or the answer with most visits."""
        candidates = tree.candidates()
        if self.params.final == "vote":
            counted = ballots(candidates, [float(node.visits) for node in candidates])
            counted.sort(key=lambda ballot: -ballot.weight)
            return elect(counted, "visits vote")
        if self.params.final == "visits":
            return best(candidates, [float(node.visits) for node in candidates], "most visits")
        return best(candidates, [node.reward if node.value is None else node.value for node in candidates], "value")


def _selectable(node: Node) -> bool:
    return node.expandable or node.solved


def _priors(siblings: list[Node]) -> list[tuple[Node, float]]:
    """exp(mean token logprob), normalised; a step without tokens counts as certain."""
    weights = [math.exp((node.logprob or 0.0) / max(1, node.tokens)) for node in siblings]
    return [(node, weight / math.fsum(weights)) for node, weight in zip(siblings, weights, strict=True)]
