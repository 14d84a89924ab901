"""The policy's own expectations as a reward, and rewards joined: against independent computations, by folder."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from search.models import load_reward
from search.rewards.base import PathScore, RewardError, ScoreRequest
from search.rewards.joined import joined_score
from search.rewards.kinds import RewardSettings
from search.rewards.model_reward import ModelReward
from search.templates import EMBEDDED_REWARD
from tests.search.transformers.conftest import EMBEDDED

PROBLEM = "(27 + 48) * 3"
STEPS = ("27 + 48 = 75 (left: 75 * 3)", "75 * 3 = 225 (left: 225)", "answer: 225")
SLIP = ("27 + 48 = 65 (left: 65 * 3)", "65 * 3 = 195 (left: 195)", "answer: 195")
SHORT = ("7", "27", "+ 5")
"""Steps so short that a random model's surprise at them does not round to a score of 0."""
OTHER = ("7", "28", "+ 5")
SURPRISE = RewardSettings(kind="surprise", template=EMBEDDED_REWARD.as_dict())


def score(reward: ModelReward, *requests: ScoreRequest) -> list[PathScore]:
    return asyncio.run(reward.score(requests))


Surprise = Callable[[], ModelReward]


@pytest.fixture(params=[True, False], ids=["lean", "transformers"])
def surprise(policy_folder: Path, request: pytest.FixtureRequest) -> Iterator[Surprise]:
    """Makes an engine on the tiny policy that has read nothing yet."""
    opened: list[ModelReward] = []

    def make() -> ModelReward:
        opened.append(ModelReward("surprise", policy_folder, SURPRISE, dtype="float64", lean=request.param))
        return opened[-1]

    yield make
    for reward in opened:
        reward.close()


def sums(folder: Path, steps: tuple[str, ...], finished: bool) -> list[float]:
    """Sum of log p + entropy over the steps' tokens, after each step, one token at a time."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
    ids = [tokenizer.bos_token_id, *tokenizer.encode(f"{PROBLEM}\n", add_special_tokens=False)]
    total, found = 0.0, []
    for number, step in enumerate(steps, start=1):
        ended = finished and number == len(steps)
        end = [tokenizer.eos_token_id] if ended else tokenizer.encode("\n", add_special_tokens=False)
        for token in [*tokenizer.encode(step, add_special_tokens=False), *end]:
            with torch.no_grad():
                p = model(torch.tensor([ids])).logits[0, -1].softmax(-1).tolist()
            total += math.log(p[token]) - sum(q * math.log(q) for q in p)
            ids.append(token)
        found.append(total)
    return found


@pytest.mark.parametrize("finished", [True, False])
def test_surprise_is_the_sum_of_log_p_and_entropy(surprise: Surprise, policy_folder: Path, finished: bool) -> None:
    (path,) = score(surprise(), ScoreRequest(PROBLEM, SHORT, finished))
    expected = [1 / (1 + math.exp(-total)) for total in sums(policy_folder, SHORT, finished)]
    assert path.steps == pytest.approx(expected, abs=1e-6)
    assert path.steps[0] > 1e-4


def test_surprise_is_the_same_grown_step_by_step_beside_others(surprise: Surprise) -> None:
    whole = [score(surprise(), ScoreRequest(PROBLEM, steps, True))[0].steps for steps in (SHORT, OTHER)]
    growing = surprise()
    for length in (1, 2, 3):
        asked = [ScoreRequest(PROBLEM, steps[:length], length == 3) for steps in (SHORT, OTHER)]
        grown = score(growing, *asked)
    assert [path.steps for path in grown] == whole
    assert whole[0][0] == whole[1][0] != whole[0][1] != whole[1][1]


@pytest.fixture
def joined(tmp_path: Path, policy_folder: Path, reward_folder: Path) -> Path:
    """A joined reward's folder with both tiny models beside it."""
    template = EMBEDDED_REWARD.as_dict()
    shutil.copytree(reward_folder, tmp_path / "prm")
    shutil.copytree(policy_folder, tmp_path / "policy")
    members = [
        {"folder": "../prm", "kind": "trl", "template": template, "weight": 0.9, "dtype": "float64"},
        {"folder": "../policy", "kind": "surprise", "template": template, "weight": 0.5, "dtype": "float64"},
    ]
    (tmp_path / "join").mkdir()
    write(tmp_path / "join", {"kind": "joined", "intercept": 0.1, "members": members})
    return tmp_path / "join"


def write(folder: Path, content: dict[str, Any]) -> None:
    (folder / "espalier.json").write_text(json.dumps(content))


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "espalier.json").read_text())


def test_a_join_weighs_its_members_log_odds(joined: Path, policy_folder: Path, reward_folder: Path) -> None:
    asked = ScoreRequest(PROBLEM, SHORT[:1], False)
    prm = ModelReward("p", reward_folder, EMBEDDED, dtype="float64")
    policy = ModelReward("s", policy_folder, SURPRISE, dtype="float64")
    (taught,), (seen,) = score(prm, asked), score(policy, asked)
    odds = [
        math.exp(0.1) * (a / (1 - a)) ** 0.9 * (b / (1 - b)) ** 0.5
        for a, b in zip(taught.steps, seen.steps, strict=True)
    ]
    (path,) = asyncio.run(load_reward(str(joined), "mine").score([asked]))
    assert path.steps == pytest.approx([odd / (1 + odd) for odd in odds], abs=1e-6)
    assert path.tokens == taught.tokens + seen.tokens


def test_its_header_tells_the_members_and_their_weights(joined: Path) -> None:
    described = load_reward(str(joined), "mine").describe()
    assert (described["slug"], described["kind"], described["intercept"]) == ("mine", "joined", 0.1)
    assert [(one["kind"], one["weight"]) for one in described["members"]] == [("trl", 0.9), ("surprise", 0.5)]
    assert described["rerun_exact"] is True
    hashes = {described["weights_sha256"], *(one["weights_sha256"] for one in described["members"])}
    assert len(hashes) == 3
    assert json.loads(json.dumps(described)) == described


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"members": []}, "espalier.json, members: "),
        ({"intercept": "high"}, "espalier.json, intercept: "),
        ({"member": {"folder": "../gone"}}, "members: there is no folder '../gone' with a config.json"),
        ({"member": {"weight": None}}, r"espalier.json, members\.1\.weight: "),
        ({"member": {"kind": "surprised"}}, r"espalier.json, members\.1\.kind: .*there is no reward kind 'surprised'"),
    ],
)
def test_what_cannot_be_joined_is_told(joined: Path, change: dict[str, Any], told: str) -> None:
    content = said(joined)
    content["members"][1] |= change.pop("member", {})
    write(joined, content | change)
    with pytest.raises(RewardError, match=told):
        load_reward(str(joined))


def test_a_join_takes_no_settings_of_a_single_model(joined: Path) -> None:
    with pytest.raises(RewardError, match="label: a joined reward says this for each member"):
        load_reward(str(joined), label=0)


def test_scores_at_the_ends_stay_finite() -> None:
    assert joined_score(0.0, [1.0, 1.0], [1.0, 0.0]) == 0.5
    assert joined_score(0.0, [9.0], [1.0]) == 1.0
    assert joined_score(0.0, [9.0], [0.0]) == 0.0


def test_the_embedded_join_sees_a_slip_where_the_problem_is_the_same() -> None:
    reward = load_reward("embedded_joined")
    right, wrong = asyncio.run(reward.score([ScoreRequest(PROBLEM, steps, True) for steps in (STEPS, SLIP)]))
    assert right.last > wrong.last
    assert min(right.steps) > min(wrong.steps)
    assert reward.describe()["rerun_exact"] is True
