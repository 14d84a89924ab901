"""Monte Carlo tree search over reasoning steps.

One simulation walks to a leaf (tree_policy.py), evaluates it by the reward or by rollouts, and backs the value up. As
in "Bandit based Monte-Carlo Planning" (Kocsis and Szepesvári, 2006) a leaf is expanded when it is visited again; under
the global frontier of "DeepSearch: Overcome the Bottleneck of Reinforcement Learning with Verifiable Rewards via Monte
Carlo Tree Search" (Wu et al., 2025) every chosen leaf is. Virtual loss ("Parallel Monte-Carlo Tree Search", Chaslot et
al., 2008) spreads a batch of simulations, whose leaves are expanded in one call and evaluated in another.

DeepSearch is a way to train, with a verifier at hand that no strategy here may ask: of its choice of the most certain
wrong trajectory the part that needs no verifier is kept, as `newborn`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from search.aggregation import Aggregation, path_reward
from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.algorithms.tree_policy import PUCT, UCT, Frontier, TreePolicy, Walk, path_entropy, selectable
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree
from search.voting import ballots, elect


class MCTSParams(Params):
    """Selection, expansion, evaluation, backup."""

    simulations: int = Field(default=64, ge=1, le=100_000, description="Leaves evaluated in all.")
    rule: Literal["uct", "puct", "frontier"] = Field(
        default="uct", description="How a leaf is selected: descending by UCT or PUCT, or among all leaves at once."
    )
    exploration: float = Field(default=1.0, ge=0, le=100, description="c of UCT; PUCT has its own c(s).")
    quality: float = Field(default=0.4, ge=-10, le=10, description="λ₁ of the frontier: weight of tanh(parent's Q).")
    uncertainty: float = Field(
        default=0.0,
        ge=-10,
        le=10,
        description="λ₂ of the frontier: weight of a step's entropy in nats; below 0 shuns it.",
    )
    depth: float = Field(default=0.01, ge=-10, le=10, description="λ₃ of the frontier: weight of √(depth/max_depth).")
    expansion: int = Field(default=4, ge=1, le=256, description="Children per expansion (k).")
    newborn: Literal["first", "certain"] = Field(
        default="first",
        description="Which new child is evaluated first: the first (by PUCT the likeliest), or the one whose path the"
        " policy is most certain of (lowest mean entropy).",
    )
    evaluation: Literal["process", "rollout"] = Field(
        default="process",
        description="What a leaf is worth: the reward of its own steps (a process reward, or a value head if the run's"
        " reward is one), or of rollouts from it.",
    )
    aggregation: Aggregation = Field(
        default="last", description="How step rewards become a leaf's value; a value head's is the last."
    )
    rollouts: int = Field(default=1, ge=1, le=64, description="Rollouts per evaluated leaf, averaged.")
    backup: Literal["mean", "max"] = Field(default="mean", description="How values travel up.")
    batch: int = Field(default=8, ge=1, le=256, description="Leaves evaluated in one call, spread by virtual loss.")
    virtual_loss: int = Field(
        default=1, ge=0, le=100, description="Visits of value 0 that a path counts while its leaf waits for its value."
    )
    final: Literal["visits", "value", "vote"] = Field(default="value", description="How the answer is chosen.")
    max_depth: int = Field(default=32, ge=1, le=1000, description="Most steps of a path; also of a rollout.")


class MCTS(Algorithm[MCTSParams]):
    """Select, expand, evaluate, back up."""

    name = "mcts"
    family = "tree"
    title = "Monte Carlo tree search"
    paper = "Bandit based Monte-Carlo Planning"
    summary = (
        "Goes where value or ignorance is high, tries a few next steps there, asks what they are worth, and lets that"
        " value travel up the tree, so that the next try starts better informed."
    )

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
        """A batch of simulations at a time, until they are done or there is nowhere to go."""
        policy, done = self._tree_policy(), 0
        policy.learn(search.tree, search.tree.frontier())
        while done < self.params.simulations:
            walks = self._select(search, policy, self.params.simulations - done)
            if not walks:
                return
            done += len(walks)
            leaves = await self._expand(search, walks)
            values = await self._evaluate(search, leaves)
            for leaf, value in zip(leaves, values, strict=True):
                if leaf.status != "pruned":
                    search.back_up(leaf, value, rule=self.params.backup)
            policy.learn(search.tree, leaves)

    def _tree_policy(self) -> TreePolicy:
        p = self.params
        if p.rule == "frontier":
            return Frontier(p.quality, p.uncertainty, p.depth, p.max_depth)
        return PUCT() if p.rule == "puct" else UCT(p.exploration)

    # -- selection -------------------------------------------------------------------------------------------------

    def _select(self, search: Search, policy: TreePolicy, most: int) -> list[Walk]:
        """Up to a batch of walks; what a person opened by hand comes first.

        A leaf about to be expanded takes one simulation per child to come, any other leaf one.
        """
        tree = search.tree
        by_hand = [node for node in search.alive([]) if node.parents and node.depth < self.params.max_depth]
        walks = [Walk(tree.path(node), {"steps": []}) for node in by_hand]
        taken = Counter(node.index for node in by_hand)
        pending: dict[int, int] = {}
        virtual_loss = self.params.virtual_loss
        while len(walks) < min(self.params.batch, most) or not walks:
            walk = policy.walk(tree, pending)
            if walk is None:
                break
            leaf = walk.path[-1]
            if taken[leaf.index] >= (self.params.expansion if self._expands(leaf) else 1):
                break
            taken[leaf.index] += 1
            for node in walk.path:
                pending[node.index] = pending.get(node.index, 0) + virtual_loss
            walks.append(walk)
        for walk in walks:
            search.select(walk.path, rule=policy.rule, scores=walk.scores, terms=walk.terms, detail=walk.detail)
        return walks

    def _expands(self, leaf: Node) -> bool:
        """A leaf seen before gives way to its children; so do the root, a person's step, and the frontier's leaves."""
        if not leaf.expandable or leaf.depth >= self.params.max_depth:
            return False
        return bool(leaf.visits or leaf.by or not leaf.parents) or self.params.rule == "frontier"

    # -- expansion and evaluation ----------------------------------------------------------------------------------

    async def _expand(self, search: Search, walks: list[Walk]) -> list[Node]:
        """What the simulations evaluate: of an expanded leaf the children, one each, of any other the leaf itself."""
        leaves = [walk.path[-1] for walk in walks]
        parents = [leaf for leaf in dict.fromkeys(leaves) if self._expands(leaf)]
        children = await search.expand(parents, n=self.params.expansion)
        if self.params.rule == "puct":
            _set_priors(search, [*parents, *(search.tree[leaf.parents[0]] for leaf in leaves if leaf.parents)])
        newborn: dict[int, list[Node]] = {}
        for child in children:
            if selectable(child):
                newborn.setdefault(child.parents[0], []).append(child)
        queues = {
            parent.index: iter(self._ordered(search, newborn[parent.index]) if parent.index in newborn else [parent])
            for parent in parents
        }
        evaluated = [next(queues[leaf.index], None) if leaf.index in queues else leaf for leaf in leaves]
        return [node for node in evaluated if node is not None]

    def _ordered(self, search: Search, born: list[Node]) -> list[Node]:
        if self.params.newborn == "first":
            return sorted(born, key=lambda child: (-(child.prior or 0.0), child.index))
        uncertain = {child.index: path_entropy(search.tree, child) for child in born}
        order = sorted(born, key=lambda child: (round(uncertain[child.index], 9), child.index))
        search.select(order, rule="lowest entropy", scores=[uncertain[child.index] for child in order])
        return order

    async def _evaluate(self, search: Search, leaves: list[Node]) -> list[float]:
        """The value of each leaf; a rollout that did not finish found no answer and is worth 0."""
        tree, p = search.tree, self.params
        if p.evaluation == "process":
            await search.score([leaf for leaf in leaves if leaf.parents])
            return [path_reward(tree, leaf, p.aggregation) or 0.0 for leaf in leaves]
        await search.score([leaf for leaf in leaves if leaf.solved])
        going = [leaf for leaf in leaves if leaf.expandable]
        rollouts = await search.rollout(going, p.rollouts, max_steps=p.max_depth)
        ended = [
            (leaf, rollout)
            for leaf, found in zip(going, rollouts, strict=True)
            for rollout in found
            if rollout.finished
        ]
        scores: dict[int, list[float]] = {}
        for (leaf, _), score in zip(ended, await search.score_rollouts(ended), strict=True):
            scores.setdefault(leaf.index, []).append(score)
        return [
            (path_reward(tree, leaf, p.aggregation) or 0.0)
            if leaf.solved
            else math.fsum(scores.get(leaf.index, ())) / p.rollouts
            for leaf in leaves
        ]

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


def _set_priors(search: Search, parents: Iterable[Node]) -> None:
    """P over the children of each parent that has one without: exp(mean token logprob), normalised over the living."""
    for parent in {node.index: node for node in parents}.values():
        children = [child for child in search.tree.children(parent) if selectable(child)]
        if any(child.prior is None for child in children):
            chances = [math.exp((child.logprob or 0.0) / max(1, child.tokens)) for child in children]
            total = math.fsum(chances)
            search.set_priors([(child, chance / total) for child, chance in zip(children, chances, strict=True)])
