"""Labels of one run by rollouts: Math-Shepherd's for every step, OmegaPRM's for the steps of wrong solutions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from app.annotation.automatic.services import MachineLabel
from app.annotation.models import AutomaticLabelJob, Method, StepLabel
from app.explorer.models import Run
from search.branch_value import NothingToContinue, value_branch
from search.labelling.estimate import Estimate, Estimation
from search.labelling.omega_prm import first_error, labels_around
from search.policies.base import Policy
from search.setting import Setting
from search.spec import SamplingSpec
from search.tree import Node, Tree
from search.truth import Truth

Batch = tuple[list[int], dict[int, MachineLabel], int]
"""Nodes that were looked at, the labels that came of it, and the tokens it took."""


class RolloutLabels:
    """The labels of one run; rollouts are drawn with the run's seed, outside its budget."""

    def __init__(self, job: AutomaticLabelJob, run: Run, tree: Tree, truth: Truth | None, policy: Policy) -> None:
        self.job = job
        self.run = run
        self.tree = tree
        self.truth = truth
        self.model = f"{policy.name} {job.judge}"[:120]
        self._setting = self._of(policy)
        self._estimates: dict[int, Estimate | None] = {}
        self._tokens = 0

    def batches(self, after: int, size: int, wait: Callable[[Any], Any]) -> Iterator[Batch]:
        """The steps behind node `after`, `size` at a time."""
        if self.truth is None or self.truth.verifier is None:
            return  # nobody can tell whether a rollout came right
        if self.job.method == Method.OMEGA_PRM:
            known = StepLabel.objects.filter(
                run=self.run.pk, source=StepLabel.Source.ROLLOUT, model=self.model, replaced_at__isnull=True, rating=1
            )
            right = set(known.values_list("node_index", flat=True))
            for node in self.tree.nodes[after + 1 :]:
                if node.finish == "end" and node.correct is False:
                    yield [node.index], wait(self._around_first_error(node, right)), self._spent()
            return
        estimation: Estimation = "soft" if self.job.method == Method.MATH_SHEPHERD_SOFT else "hard"
        nodes = self.tree.nodes[after + 1 :]
        for start in range(0, len(nodes), size):
            batch = nodes[start : start + size]
            yield [node.index for node in batch], wait(self._valued(batch, estimation)), self._spent()

    async def _valued(self, nodes: list[Node], estimation: Estimation) -> dict[int, MachineLabel]:
        estimates = await asyncio.gather(*(self._estimate(node) for node in nodes))
        return {
            node.index: _label(estimate, estimation)
            for node, estimate in zip(nodes, estimates, strict=True)
            if estimate is not None
        }

    async def _around_first_error(self, leaf: Node, right: set[int]) -> dict[int, MachineLabel]:
        """Good before the first error, bad there; what a rollout from it came right for once stays good."""
        ends = self.tree.step_ends(leaf)
        measured: dict[int, Estimate] = {}

        async def comes_right(steps: int) -> bool:
            node = ends[steps - 1]
            if node.index in right:
                return True
            estimate = await self._estimate(node)
            if estimate is not None:
                measured[node.index] = estimate
            return estimate is not None and estimate.right > 0

        error = await first_error(len(ends), comes_right)
        found = {}
        for node, rating in zip(ends, labels_around(error, len(ends)), strict=True):
            if rating is None or (rating > 0 and node.index in right):
                continue
            estimate = measured.get(node.index)
            value = None if estimate is None else estimate.value("soft")
            found[node.index] = MachineLabel(rating, value, None if estimate is None else _counts(estimate))
            if rating > 0:
                right.add(node.index)
        return found

    async def _estimate(self, node: Node) -> Estimate | None:
        """How many rollouts from a step come right; None where nothing can follow and nothing was answered."""
        if node.index not in self._estimates:
            self._estimates[node.index] = await self._rolled_out(node)
        return self._estimates[node.index]

    async def _rolled_out(self, node: Node) -> Estimate | None:
        if node.mid_step:
            return None
        if node.finish == "end":
            correct = node.correct
            if correct is None and self.truth is not None:
                correct = self.truth.verdict(node.index, self.tree.steps(node), finished=True)["correct"]
            return None if correct is None else Estimate(int(correct), 1)
        try:
            found = await value_branch(self._setting, self.tree, node, self.job.rollouts)
        except NothingToContinue:
            return None
        self._tokens += found.tokens
        return None if found.right is None else Estimate(found.right, self.job.rollouts)

    def _spent(self) -> int:
        spent, self._tokens = self._tokens, 0
        return spent

    def _of(self, policy: Policy) -> Setting:
        """The run's surroundings with the policy that rolls out; an import has no sampling of its own."""
        header = self.run.header or {}
        problem = header.get("problem") or {"text": self.run.problem.text}
        described: dict[str, Any] = {
            "problem": problem,
            "seed": self.run.seed,
            "sampling": {**SamplingSpec().model_dump(), **(header.get("sampling") or {})},
            "policy": policy.describe(),
            "reward": None,
            "also_rewards": [],
        }
        return Setting.of(described, policy=policy, reward=None, truth=self.truth, clock=lambda: 0.0)


def _label(estimate: Estimate, estimation: Estimation) -> MachineLabel:
    return MachineLabel(estimate.rating(estimation), estimate.value(estimation), _counts(estimate))


def _counts(estimate: Estimate) -> dict[str, int]:
    return {"right": estimate.right, "of": estimate.of}
