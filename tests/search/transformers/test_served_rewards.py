"""Rewards whose layers run behind vLLM's /pooling: the same scores as in this process, and how a wrong answer is told.

The server is a stand-in of ours (tests/search/support/pooling_server.py); tests/vllm asks vLLM's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from search.batching import URGENT
from search.model_file import reward_described
from search.models import WEIGHTS, load_described_reward, load_reward
from search.rewards.base import Reward, RewardError, ScoreRequest
from search.rewards.pooled_reward import PooledReward
from search.templates import EMBEDDED_REWARD
from tests.search.support import tiny_rewards
from tests.search.support.pooling_server import PoolingServer

PATHS = [
    ScoreRequest("3 5 7 11 -> 24", ("11 - 3 = 8 (left: 5 7 8)", "7 + 5 = 12 (left: 8 12)"), False),
    ScoreRequest("3 5 7 11 -> 24", ("11 - 3 = 8 (left: 5 7 8)",), False),
    ScoreRequest("2 3 6 10 -> 24", ("10 + 2 = 12 (left: 3 6 12)", "6 * 12 = 72 (left: 3 72)", "72 / 3 = 24"), True),
]

Serve = Callable[[Path], PoolingServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """A server with a folder."""
    started: list[PoolingServer] = []

    def now(folder: Path) -> PoolingServer:
        started.append(PoolingServer(folder))
        return started[-1]

    yield now
    for server in started:
        server.close()


def served(server: PoolingServer, folder: Path, **more: object) -> Reward:
    described = {"folder": folder, "runs_in": "server", "base_url": server.address, "model": "prm", "retries": 0}
    return load_described_reward("prm", reward_described({**described, **more}))


@pytest.mark.parametrize(
    ("name", "kind", "task"),
    [
        ("math_shepherd", "math_shepherd", "token_embed"),
        ("rlhflow", "rlhflow", "token_embed"),
        ("judge", "judge", "token_embed"),
        ("judge", "surprise", "token_embed"),
        ("qwen_prm", None, "token_classify"),
        ("qwen_orm", None, "token_classify"),
        ("llama_orm", None, "token_classify"),
    ],
)
def test_scores_are_those_of_transformers(serve: Serve, tmp_path: Path, name: str, kind: str | None, task: str) -> None:
    folder = getattr(tiny_rewards, name)(tmp_path)
    server = serve(folder)
    reward = served(server, folder, kind=kind)
    found = asyncio.run(reward.score(PATHS))
    ours = asyncio.run(load_reward(str(folder), kind=kind).score(PATHS))
    for mine, theirs in zip(ours, found, strict=True):
        assert theirs.steps == pytest.approx(mine.steps, abs=2e-5)
        assert theirs.tokens == mine.tokens
    assert {body["task"] for body in server.asked} == {task}
    assert all(body["use_activation"] is False for body in server.asked)


def test_the_embedded_reward_is_asked_once_for_equal_paths(serve: Serve) -> None:
    folder = WEIGHTS / "process_reward"
    server = serve(folder)
    reward = served(server, folder, template=EMBEDDED_REWARD.as_dict(), priority=True)
    urgent = URGENT.set(False)
    found = asyncio.run(reward.score([*PATHS, PATHS[0]]))
    URGENT.reset(urgent)
    ours = asyncio.run(load_reward("embedded").score([*PATHS, PATHS[0]]))
    for mine, theirs in zip(ours, found, strict=True):
        assert theirs.steps == pytest.approx(mine.steps, abs=2e-5)
    [body] = server.asked
    assert len(body["input"]) == 3
    assert body["priority"] == 1
    described = reward.describe()
    assert (described["engine"], described["kind"], described["rerun_exact"]) == ("vllm server", "trl", False)
    assert described["weights_sha256"] == load_reward("embedded").describe()["weights_sha256"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda vectors: vectors * torch.nan, r"reward prm gave NaN for step 1"),
        (lambda vectors: vectors[1:], r"reward prm got \d+ × 2 numbers for a path of \d+ tokens"),
        (lambda vectors: vectors[:1, :1], r"prm: the model server .* answers 1 numbers for a path"),
    ],
)
def test_a_wrong_answer_fails_with_the_rewards_name(
    serve: Serve, spoil: Callable[[torch.Tensor], torch.Tensor], said: str
) -> None:
    folder = WEIGHTS / "process_reward"
    server = serve(folder)
    server.spoil = spoil
    reward = served(server, folder, template=EMBEDDED_REWARD.as_dict())
    with pytest.raises(RewardError, match=said):
        asyncio.run(reward.score(PATHS))


def test_a_server_that_is_not_there_is_named() -> None:
    reward = load_described_reward(
        "far",
        reward_described(
            {"folder": WEIGHTS / "process_reward", "runs_in": "server", "base_url": "http://127.0.0.1:9/v1",
             "model": "prm", "retries": 0}
        ),
    )  # fmt: skip
    with pytest.raises(RewardError, match=r"far: the model server http://127.0.0.1:9 cannot be reached"):
        asyncio.run(reward.score(PATHS))


def test_a_head_that_vllm_cannot_load_is_refused(serve: Serve, tmp_path: Path) -> None:
    folder = tiny_rewards.skywork(tmp_path)
    with pytest.raises(RewardError, match=r"prm: runs_in: vLLM has no model for the folder .*Qwen2ForPrmModel"):
        load_described_reward(
            "prm",
            reward_described(
                {"folder": folder, "runs_in": "server", "base_url": "http://127.0.0.1:9/v1", "model": "prm"}
            ),
        )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"runs_in": "server"}, "a server needs `base_url`"),
        ({"runs_in": "vllm", "device": "cuda"}, 'device is read with runs_in = "transformers" only'),
        ({"vllm": {"max_model_len": 9}}, 'vllm is read with runs_in = "vllm" only'),
        ({"runs_in": "vllm", "base_url": "http://a/v1"}, 'base_url is read with runs_in = "server" only'),
        ({"runs_in": "vllm", "kind": "judge", "votes": 3}, "a judge that votes"),
    ],
)
def test_settings_that_nothing_reads_are_told(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        reward_described({"folder": "/models/prm", **settings})
    [error] = wrong.value.errors()
    assert error["loc"] == ("runs_in",)
    assert said in error["msg"]


def test_where_vllm_is_not_installed_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vllm.config", None)
    monkeypatch.setitem(__import__("sys").modules, "vllm", None)
    with pytest.raises(RewardError, match=r"inside: vLLM cannot be imported here .*requirements-vllm.txt"):
        load_described_reward("inside", reward_described({"folder": WEIGHTS / "process_reward", "runs_in": "vllm"}))


def test_it_is_the_pooled_reward(serve: Serve) -> None:
    """The layers are not in this process: its tensors have no memory."""
    folder = WEIGHTS / "process_reward"
    reward = served(serve(folder), folder, template=EMBEDDED_REWARD.as_dict())
    assert isinstance(reward, PooledReward)
    assert reward.read(PATHS[0]) == load_reward("embedded").read(PATHS[0])  # type: ignore[attr-defined]
