"""The file of models: what it may say, what a run gets from it, and how a mistake is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from search.model_file import ModelFileError, configured_policies, configured_rewards
from search.models import catalogue, load_policy, load_reward, sampling_defaults
from search.policies.base import PolicyError, Sampling, StepRequest
from search.policies.transformers import TransformersPolicy
from search.rewards.base import RewardError, ScoreRequest
from search.templates import render_prompt
from tests.search.support import tiny_rewards
from tests.search.support.tiny import tiny_qwen

Write = Callable[[str], Path]
SERVER = """
[policies.qwen]
kind = "openai"
base_url = "http://127.0.0.1:9/v1"
model = "Qwen"
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the file that the environment names."""

    def now(text: str) -> Path:
        path = tmp_path / "models.toml"
        path.write_text(text)
        monkeypatch.setenv("ESPALIER_MODELS", str(path))
        return path

    return now


def test_without_the_variable_there_are_the_built_in_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESPALIER_MODELS", raising=False)
    assert configured_policies() == {}
    slugs = [(entry["kind"], entry["slug"]) for entry in catalogue()]
    assert slugs == [
        ("policy", "embedded"),
        ("policy", "embedded_draft"),
        ("reward", "embedded"),
        ("reward", "embedded_joined"),
        ("reward", "exact"),
        ("reward", "rollout_value"),
    ]


def test_a_configured_model_is_listed_and_brings_its_sampling(write: Write) -> None:
    write(SERVER + 'title = "Qwen math"\ndelimiter = "\\n\\n"\nsampling = {temperature = 0.6, max_step_tokens = 256}\n')
    entry = catalogue()[-1]
    assert entry == {
        "slug": "qwen", "title": "Qwen math", "kind": "policy", "engine": "openai", "default": False,
        "domains": [], "examples": [], "ready": True,
    }  # fmt: skip
    assert sampling_defaults("qwen") == {"stop": ["\n\n"], "temperature": 0.6, "max_step_tokens": 256}
    assert sampling_defaults("embedded") == {}
    described = load_policy("qwen").describe()
    assert (described["engine"], described["model"]) == ("openai", "Qwen")
    assert render_prompt(described["template"], "1 + 1", ["two"]) == "1 + 1\ntwo\n\n"
    assert "127.0.0.1" not in str(described)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[policies.a]\nkind = 'magic'", "[policies.a] kind: "),
        ("[policies.a]\nkind = 'openai'\nmodel = 'm'", "[policies.a] base_url: Field required."),
        (SERVER + "tiemout = 3", "[policies.qwen] tiemout: Extra inputs are not permitted."),
        (SERVER + "timeout = 0", "[policies.qwen] timeout: Input should be greater than 0."),
        (SERVER + "template = {problm = 'x'}", "template: Value error, template has no setting 'problm'"),
        (SERVER + "stops = 'client'\nstream = false", "needs stream = true"),
        ("[policies.embedded]\nkind = 'openai'", "the name 'embedded' is taken by a built-in model"),
        ("[model.a]", "there is no section [model]; models are written as [policies.NAME] or [rewards.NAME]"),
        ("policies = 3", "`policies` must hold tables"),
        ("[policies.a", "is no TOML"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_the_file_and_the_key(write: Write, text: str, told: str) -> None:
    path = write(text)
    with pytest.raises(ModelFileError) as caught:
        configured_policies()
    assert str(path) in str(caught.value)
    assert told in str(caught.value)
    with pytest.raises(PolicyError, match=r"models\.toml"):
        load_policy("qwen")


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ESPALIER_MODELS", str(tmp_path / "nowhere.toml"))
    with pytest.raises(ModelFileError, match=r"ESPALIER_MODELS=.*nowhere\.toml cannot be read: No such file"):
        configured_policies()


def test_a_missing_key_is_told_before_anything_is_asked(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write(SERVER + 'api_key_env = "QWEN_KEY"')
    monkeypatch.delenv("QWEN_KEY", raising=False)
    with pytest.raises(PolicyError, match=r"`api_key_env` in \[policies.qwen\] in .* names QWEN_KEY, which is not set"):
        load_policy("qwen")
    monkeypatch.setenv("QWEN_KEY", "k")
    assert load_policy("qwen").name == "qwen"


def test_a_mended_file_is_another_model(write: Write) -> None:
    write(SERVER)
    before = load_policy("qwen")
    assert load_policy("qwen") is before
    write(SERVER.replace('"Qwen"', '"Qwen3"'))
    assert load_policy("qwen").describe()["model"] == "Qwen3"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another architecture with another tokenizer."""
    return tiny_qwen(tmp_path_factory.mktemp("foreign"))


def test_a_foreign_folders_steps_end_at_its_own_delimiter(write: Write, foreign: Path) -> None:
    write(
        f'[policies.foreign]\nkind = "transformers"\nfolder = "{foreign}"\ndelimiter = "END"\n'
        '[policies.foreign.template]\nproblem = "<|end|>Q: {problem}\\nA: "\nstep_start = "* "\n'
        "begin = false\nspecial_tokens = true"
    )
    policy = cast(TransformersPolicy, load_policy("foreign"))
    prompt = render_prompt(policy.describe()["template"], "Add 3", ["Then"])
    assert prompt == "<|end|>Q: Add 3\nA: * ThenEND"
    assert policy.encode(prompt)[0] == 0  # <|end|>, as a special token
    stop = tuple(sampling_defaults("foreign")["stop"])
    assert stop == ("END",)
    requests = [StepRequest(prompt, 1, f"0.{i}", 60, Sampling(2.0, stop=stop)) for i in range(40)]
    samples = asyncio.run(policy.generate(requests))
    assert not any("END" in sample.text for sample in samples)
    assert any("\n" in sample.text for sample in samples)  # a newline ends nothing here


def test_a_folder_without_a_model_is_named(write: Write, tmp_path: Path) -> None:
    write(f'[policies.foreign]\nkind = "transformers"\nfolder = "{tmp_path / "empty"}"\n')
    assert catalogue()[-1]["ready"] is False
    with pytest.raises(PolicyError, match=r"empty has no config.json; mend `folder` in \[policies.foreign\]"):
        load_policy("foreign")


class TestRewards:
    """`[rewards.NAME]`: a folder and its convention."""

    def test_a_run_names_it_by_its_slug(self, write: Write, tmp_path: Path) -> None:
        folder = tiny_rewards.rlhflow(tmp_path / "prm")
        write(f'[rewards.prm]\nkind = "rlhflow"\nfolder = "{folder}"\ndtype = "float64"\ntitle = "My PRM"\n')
        assert catalogue()[-1] == {
            "slug": "prm", "title": "My PRM", "kind": "reward", "engine": "transformers", "default": False,
            "domains": [], "examples": [], "ready": True,
        }  # fmt: skip
        reward = load_reward("prm")
        described = reward.describe()
        assert (reward.name, described["slug"], described["kind"], described["dtype"]) == (
            "prm", "prm", "rlhflow", "float64"
        )  # fmt: skip
        assert str(folder) not in str(described)
        (result,) = asyncio.run(reward.score([ScoreRequest("1 + 1", ("2",), True)]))
        assert 0 < result.last < 1

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            (
                "kind = 'oracle'\nfolder = '/m'",
                "kind: Value error, there is no reward kind 'oracle'; give one of trl, ",
            ),
            ("kind = 'orm'", "folder: Field required."),
            ("folder = '/m'\ntemplate = {problm = 'x'}", "template has no setting 'problm'"),
            ("folder = '/m'\nvotes = 0", "votes: Input should be greater than or equal to 1."),
        ],
    )
    def test_a_mistake_is_told_with_the_file_and_the_key(self, write: Write, text: str, told: str) -> None:
        path = write(f"[rewards.prm]\n{text}")
        with pytest.raises(ModelFileError) as caught:
            configured_rewards()
        assert str(caught.value).startswith(f"{path}: [rewards.prm] ")
        assert told in str(caught.value)
        with pytest.raises(RewardError, match=r"^prm: .*models\.toml: \[rewards\.prm\]"):
            load_reward("prm")

    def test_a_folder_that_is_not_there(self, write: Write, tmp_path: Path) -> None:
        write(f'[rewards.prm]\nkind = "orm"\nfolder = "{tmp_path / "gone"}"')
        assert catalogue()[-1]["ready"] is False
        with pytest.raises(
            RewardError,
            match=r"gone' is neither a known model \(embedded, embedded_draft, embedded_joined, exact, ",
        ):
            load_reward("prm")

    def test_built_in_names_are_taken(self, write: Write) -> None:
        write('[rewards.exact]\nfolder = "/m"')
        with pytest.raises(ModelFileError, match="the name 'exact' is taken by a built-in model"):
            configured_rewards()
