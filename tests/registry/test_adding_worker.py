"""Models that are added by API and checked by a real worker: folders of a foreign shape, servers good and bad."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.search.openai.misbehaving import Misbehaving
from tests.search.support import tiny_rewards
from tests.search.support.tiny import tiny_neox, tiny_qwen
from tests.support.http import serving
from tests.support.stack import Stack, wait_until

FOREIGN: dict[str, Any] = {
    "kind": "transformers",
    "title": "Foreign",
    "delimiter": " we",
    "template": {"problem": "<|end|>Add: {problem}\nSo ", "step_start": "* ", "begin": False, "special_tokens": True},
    "sampling": {"temperature": 2.0, "max_step_tokens": 24},
}


@pytest.fixture(scope="module")
def folders(stack: Stack) -> Iterator[Path]:
    """Where the stack's models may lie: a GPT-NeoX, a Qwen2 and a reward, with a byte-level BPE of another kind.

    Other tests share the stack: what was added is removed again.
    """
    root = stack.home / "models"
    tiny_neox(root / "neox")
    tiny_qwen(root / "qwen")
    tiny_rewards.rlhflow(root / "prm")
    (root / "empty").mkdir(exist_ok=True)
    yield root
    for name in ("policy/foreign", "policy/accents", "reward/prm", "reward/join"):
        stack.request("DELETE", f"/models/{name}")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that fails in every way; the path says in which."""
    with serving(Misbehaving()) as address:
        yield address


def checked(stack: Stack, kind: str, slug: str, /, **settings: Any) -> dict[str, Any]:
    """The check of a model, once it is over."""
    status, check = stack.request("POST", "/models", {"kind": kind, "slug": slug, "settings": settings})
    assert status == 201, check

    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = stack.request("GET", f"/model-checks/{check['id']}")[1]
        return found if found["finished_at"] else None

    answer: dict[str, Any] = wait_until(over, 60, "the check's end")
    return answer


def names(stack: Stack) -> list[str]:
    return [model["slug"] for model in stack.request("GET", "/models")[1]["items"]]


def test_a_foreign_folder_works_by_configuration_alone(stack: Stack, folders: Path) -> None:
    check = checked(stack, "policy", "foreign", **FOREIGN, folder=str(folders / "neox"))
    assert check["state"] == "completed", check
    assert [(stage["name"], stage["seconds"] is not None) for stage in check["stages"]] == [
        ("folder", True), ("tokenizer", True), ("weights", True), ("answer", True)
    ]  # fmt: skip
    assert check["stages"][0]["told"].startswith("GPTNeoXForCausalLM, ")
    assert check["result"]["input"] == "<|end|>Add: What is 2 + 3 + 4?\nSo "

    _, session = stack.request("POST", "/sessions", {"title": "Foreign"})
    body = {
        "problem": {"text": "3 and 4"}, "algorithm": "majority", "params": {"n": 8}, "policy": "foreign",
        "reward": None, "seed": 3, "budget": {"tokens": 600},
    }  # fmt: skip
    run = stack.request("POST", f"/sessions/{session['id']}/runs", body)[1]
    ended = wait_until(lambda: over(stack, run["id"]), 60, "the run's end")
    assert ended["state"] == "completed", ended["error"]
    nodes = stack.request("GET", f"/runs/{run['id']}/nodes?limit=500")[1]["items"]
    deepest = max(nodes, key=lambda node: node["depth"])
    assert deepest["depth"] > 1, "no step was ended by the delimiter"
    assert not any(" we" in node["text"] for node in nodes)
    before = nodes[deepest["parents"][0]]
    saw = stack.request("GET", f"/runs/{run['id']}/nodes/{deepest['index']}")[1]["saw"]["prompt"]
    assert saw.startswith("<|end|>Add: 3 and 4\nSo * ")
    assert saw.endswith(f"* {before['text']} we")


def over(stack: Stack, run: str) -> dict[str, Any] | None:
    found: dict[str, Any] = stack.request("GET", f"/runs/{run}")[1]
    return found if found["state"] in ("completed", "failed", "cancelled") else None


def test_a_reward_scores_the_steps_of_another_model(stack: Stack, folders: Path) -> None:
    told = checked(stack, "reward", "prm", folder=str(folders / "prm"))
    assert told["state"] == "failed"
    assert [error["field"] for error in told["errors"]] == ["settings.kind"]
    check = checked(stack, "reward", "prm", kind="rlhflow", folder=str(folders / "prm"))
    assert check["state"] == "completed", check
    assert len(check["result"]["scores"]) == 1
    _, session = stack.request("POST", "/sessions", {"title": "Foreign reward"})
    body = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "beam", "reward": "prm", "budget": {"tokens": 300}}
    run = stack.request("POST", f"/sessions/{session['id']}/runs", body)[1]
    ended = wait_until(lambda: over(stack, run["id"]), 60, "the run's end")
    assert ended["state"] == "completed", ended["error"]
    assert ended["counters"]["reward_calls"] > 0


def test_a_joined_reward_keeps_to_the_folders_of_models(stack: Stack, folders: Path) -> None:
    join = folders / "join"
    join.mkdir(exist_ok=True)

    def joins(folder: str) -> None:
        members = [
            {"folder": "../prm", "kind": "rlhflow", "weight": 1.5},
            {"folder": folder, "kind": "rlhflow", "weight": -0.5},
        ]
        (join / "espalier.json").write_text(json.dumps({"kind": "joined", "intercept": 0.0, "members": members}))

    joins("../prm")
    check = checked(stack, "reward", "join", folder=str(join))
    assert check["state"] == "completed", check
    assert check["stages"][0]["told"].count("LlamaForCausalLM, ") == 2

    joins("../../elsewhere")  # after it was added
    trial = stack.request("POST", "/models/reward/join/trials", {"problem": "1 + 2", "steps": ["1 + 2 = 3"]})[1]
    ended = wait_until(lambda: ended_trial(stack, trial["id"]), 60, "the trial's end")
    assert ended["state"] == "failed"
    assert "members.1.folder in espalier.json" in ended["error"]
    assert "outside the folders of models" in ended["error"]


def test_changed_settings_are_used_without_a_restart(stack: Stack, folders: Path) -> None:
    folder = str(folders / "qwen")
    assert checked(stack, "policy", "changing", kind="transformers", folder=folder)["state"] == "completed"

    def read() -> str:
        trial = stack.request("POST", "/models/policy/changing/trials", {"problem": "1 and 2"})[1]
        done = wait_until(lambda: ended_trial(stack, trial["id"]), 60, "the trial's end")
        assert done["state"] == "completed", done
        assert done["result"]["prompt_tokens"] > 0
        assert [stage["name"] for stage in done["stages"]] == ["load", "answer"]
        return str(done["result"]["input"])

    assert read() == "1 and 2\n"
    settings = {"kind": "transformers", "folder": folder, "template": {"problem": "Q: {problem}\n"}}
    check = stack.request("PUT", "/models/policy/changing", {"settings": settings})[1]
    wait_until(lambda: stack.request("GET", f"/model-checks/{check['id']}")[1]["finished_at"], 60, "the check's end")
    assert read() == "Q: 1 and 2\n"
    assert stack.request("DELETE", "/models/policy/changing")[0] == 204
    assert "changing" not in names(stack)


def ended_trial(stack: Stack, trial: str) -> dict[str, Any] | None:
    found: dict[str, Any] = stack.request("GET", f"/trials/{trial}")[1]
    return found if found["finished_at"] else None


@pytest.mark.parametrize(
    ("settings", "field", "said"),
    [
        ({"folder": "empty"}, "folder", "has no config.json"),
        ({"folder": "nowhere"}, "folder", "There is no folder"),
        ({"folder": "prm", "device": "cuda:7"}, "device", "has no device 'cuda:7'"),
        ({"folder": "neox", "template": {"problem": "é{problem}"}, "delimiter": "é"}, None, None),
    ],
)  # fmt: skip
def test_folders(stack: Stack, folders: Path, settings: dict[str, Any], field: str | None, said: str | None) -> None:
    settings = {"kind": "transformers"} | settings | {"folder": str(folders / settings["folder"])}
    check = checked(stack, "policy", "bad-folder" if field else "accents", **settings)
    if field is None or said is None:  # bytes can express anything
        assert check["state"] == "completed", check
        return
    assert check["state"] == "failed"
    assert (check["errors"][0]["field"], said in check["error"]) == (f"settings.{field}", True), check
    assert "bad-folder" not in names(stack)


@pytest.mark.parametrize(
    ("how", "settings", "field", "said"),
    [
        ("garbage", {}, "base_url", "answers what is not JSON"),
        ("hangs", {"timeout": 0.5}, "timeout", "said nothing for 0.5 s"),
        ("status-401", {}, "api_key_env", "does not take the key"),
        ("answer", {"model": "gpt"}, "model", "serves no model 'gpt', but qwen, phi"),
        ("nothing", {}, "base_url", "Nothing is at"),
        ("dies", {}, "base_url", "closed the connection"),
    ],
)  # fmt: skip
def test_servers(stack: Stack, server: str, how: str, settings: dict[str, Any], field: str, said: str) -> None:
    address = f"{server}/{how}/v1"
    check = checked(stack, "policy", "bad", **{"kind": "openai", "base_url": address, "model": "qwen"} | settings)
    assert check["state"] == "failed", check
    assert said in check["error"]
    assert address in check["error"]
    assert check["errors"][0]["field"] == f"settings.{field}"
    assert "bad" not in names(stack)


def test_nobody_is_there(stack: Stack) -> None:
    check = checked(stack, "policy", "bad", kind="openai", base_url="http://127.0.0.1:9/v1", model="qwen")
    assert "the model server http://127.0.0.1:9/v1 cannot be reached" in check["error"]
    assert [stage["begun"] for stage in check["stages"]] == [True, False]


def test_a_check_is_cancelled_while_it_waits(stack: Stack, server: str) -> None:
    settings = {"kind": "openai", "base_url": f"{server}/hangs/v1", "model": "qwen", "timeout": 25}
    check = stack.request("POST", "/models", {"kind": "policy", "slug": "slow", "settings": settings})[1]

    def answering() -> bool:
        stages = stack.request("GET", f"/model-checks/{check['id']}")[1]["stages"]
        return bool(stages) and stages[-1]["begun"]

    wait_until(answering, 30, "the second stage")
    status, cancelled = stack.request("POST", f"/model-checks/{check['id']}/cancel")
    assert (status, cancelled["state"]) == (200, "cancelled")
    assert stack.request("GET", f"/model-checks/{check['id']}")[1]["state"] == "cancelled"
    assert "slow" not in names(stack)
