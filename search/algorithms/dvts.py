"""Diverse verifier tree search: B greedy step searches that never compete with one another.

"Scaling test-time compute with open models" (Beeching, Tunstall and Rush, 2024): beam search at large budgets puts all
its beams below one early step; here every subtree keeps its own best proposal, so B different beginnings survive. As
in the authors' code the finished siblings of a subtree's last step are answers too: B·M of them vote.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.gate import Answer
from search.search import Search
from search.tree import Node, Tree
from search.voting import ballots, elect


class DVTSParams(Params):
    """B and M."""

    subtrees: int = Field(default=4, ge=1, le=256, description="Independent step searches (B).")
    proposals: int = Field(default=4, ge=1, le=256, description="Next steps each of them proposes (M).")
    final: Literal["weighted_vote", "best"] = Field(default="weighted_vote", description="How the answer is chosen.")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most levels of the tree.")


class DVTS(Algorithm[DVTSParams]):
    """Keep the best of M in each of B subtrees."""

    name = "dvts"
    family = "steps"
    title = "Diverse verifier tree search"
    paper = "Scaling test-time compute with open models"
    summary = (
        "Several greedy step searches side by side: each keeps its own best next step by the process reward, so that"
        " different beginnings survive. Look for subtrees that reach the same answer by different ways."
    )

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps are scored and compete in the subtree they were added to; below the problem itself"
        " each begins a subtree of its own.",
        "edit": "The subtree goes on at your step in place of the old one and of everything below it.",
    }

    @classmethod
    def params_type(cls) -> type[DVTSParams]:
        """See `DVTSParams`."""
        return DVTSParams

    async def run(self, search: Search) -> None:
        """One batch serves all subtrees; `home` knows which of them a node belongs to."""
        p = self.params
        beams = search.frontier()
        home = {node.index: i % p.subtrees for i, node in enumerate(beams)}
        for _ in range(p.max_steps):
            beams = search.alive(beams)
            if not beams:
                break
            fresh = beams == [search.root]
            _settle(search.tree, beams, home)
            children = await search.expand(beams, n=p.proposals * (p.subtrees if fresh else 1))
            await search.score(children)
            rivals: dict[int, list[Node]] = {}
            for i, child in enumerate(children):
                home[child.index] = i // p.proposals if fresh else home[child.parents[0]]
                rivals.setdefault(home[child.index], []).append(child)
            beams = [node for subtree, nodes in rivals.items() for node in self._keep(search, nodes, subtree)]

    def _keep(self, search: Search, children: list[Node], subtree: int) -> list[Node]:
        """The subtree's next beam. If it ends here, its finished siblings stay as answers."""
        terms = {child.index: {"subtree": subtree} for child in children}
        standing = [child for child in children if child.expandable or child.solved]
        order = sorted(standing, key=lambda child: (-(child.reward or 0.0), child.index))
        if not order or not order[0].solved:
            return search.keep_best(children, 1, rule="dvts", terms=terms)
        answers = [child for child in order if child.solved]
        search.select(answers, rule="dvts", of=len(order), terms=terms)
        search.prune([c for c in order if not c.solved], rule="dvts", cutoff=order[0].reward, terms=terms)
        return answers[:1]

    def answer(self, tree: Tree) -> Answer:
        """The answer of highest summed reward over all subtrees, or the finished path of highest reward."""
        candidates = tree.candidates()
        rewards = [node.reward for node in candidates]
        if self.params.final == "best":
            return best(candidates, rewards, "highest reward")
        counted = ballots(candidates, [reward or 0.0 for reward in rewards])
        counted.sort(key=lambda ballot: -round(ballot.weight, 9))
        return elect(counted, "weighted vote")


def _settle(tree: Tree, beams: list[Node], home: dict[int, int]) -> None:
    """Find the subtree of beams that a person made: that of the step they replace or continue, else a new one."""
    for edited, written in tree.edits:
        if edited in home:
            home.setdefault(written, home[edited])
    for beam in beams:
        if beam.index not in home:
            above = [home[step.index] for step in tree.path(beam)[1:-1] if step.index in home]
            home[beam.index] = above[-1] if above else max(home.values()) + 1
