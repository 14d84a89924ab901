"""The models of a benchmark, loaded once for all of its runs."""

from __future__ import annotations

import atexit
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from search.models import load_policy, load_reward
from search.policies.base import Policy
from search.rewards.base import Reward
from search.spec import RunSpec, draft_of


@dataclass(frozen=True)
class Loaded:
    """One policy, perhaps one reward, and the second policies that some strategies name."""

    policy: Policy
    reward: Reward | None
    drafts: dict[str, Policy]

    @classmethod
    def of(cls, specs: Iterable[RunSpec]) -> Loaded:
        """The models these runs need; all of them name the same policy and reward.

        Raises:
            PolicyError, RewardError: a model cannot be loaded.
        """
        every = list(specs)
        named = dict.fromkeys(name for spec in every if (name := draft_of(spec)) is not None)
        reward = every[0].reward
        return cls(
            load_policy(every[0].policy),
            None if reward is None else load_reward(reward),
            {name: load_policy(name) for name in named},
        )

    def draft(self, spec: RunSpec) -> Policy | None:
        """The second policy of one run, if its strategy takes turns with one."""
        named = draft_of(spec)
        return None if named is None else self.drafts[named]

    def describe(self) -> dict[str, Any]:
        """`{policy, reward, drafts}` with the weights' hashes, for the header of the results."""
        return {
            "policy": self.policy.describe(),
            "reward": None if self.reward is None else self.reward.describe(),
            "drafts": {name: draft.describe() for name, draft in self.drafts.items()},
        }

    def close_at_exit(self) -> None:
        """An engine thread that outlives the interpreter would abort the process."""
        for model in (self.policy, self.reward, *self.drafts.values()):
            if (close := getattr(model, "close", None)) is not None:
                atexit.register(close)
