"""Folders that are no reward model of their kind: each complaint names the model, the cause and the mend."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from search.cli import main
from search.events import read_jsonl
from search.models import load_reward
from search.reducer import fold
from search.rewards.base import RewardError
from search.rewards.kinds import KINDS, RewardSettings
from search.rewards.model_reward import ModelReward
from tests.search.support import tiny_rewards
from tests.search.support.tiny import settings


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_rewards.rlhflow(tmp_path_factory.mktemp("causal"))


@pytest.fixture
def copy(causal: Path, tmp_path: Path) -> Path:
    shutil.copytree(causal, tmp_path, dirs_exist_ok=True)
    return tmp_path


def refused(folder: Path, kind: str | None, **said: object) -> str:
    with pytest.raises(RewardError) as caught:
        ModelReward("mine", folder, RewardSettings.model_validate({"kind": kind, **said}))
    return str(caught.value)


@pytest.mark.parametrize(
    ("kind", "lacking"),
    [
        ("trl", "score.bias, score.weight"),
        ("orm", "score.weight"),
        ("qwen_prm", "score.0.weight"),
        ("skywork", "v_head.summary.weight"),
    ],
)
def test_a_head_that_is_not_in_the_weights_is_never_made_up(causal: Path, kind: str, lacking: str) -> None:
    complaint = refused(causal, kind)
    assert complaint.startswith("mine: the folder ")
    assert f"its weights lack {lacking}" in complaint
    assert "LlamaForCausalLM" in complaint
    assert complaint.endswith("Give the folder of such a model, or name the kind of reward it is.")


def test_a_body_that_lacks_a_layer_is_refused(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    assert "its weights lack model.layers.1.mlp.up_proj.weight" in refused(copy, "rlhflow")


def test_a_kind_that_the_architecture_leaves_open_must_be_said(causal: Path) -> None:
    complaint = refused(causal, None)
    assert complaint == (
        "mine: kind: a LlamaForCausalLM can be a reward in several ways; say which it is: one of"
        " trl, math_shepherd, rlhflow, skywork, qwen_prm, orm, surprise, judge."
    )


def test_a_kind_that_does_not_exist(causal: Path) -> None:
    with pytest.raises(RewardError, match="kind: Value error, there is no reward kind 'oracle'; give one of trl, "):
        load_reward(str(causal), kind="oracle")


def test_broken_files(copy: Path) -> None:
    (copy / "model.safetensors").write_bytes(b"not weights")
    assert "does not hold a causal language model" in refused(copy, "rlhflow")
    (copy / "config.json").write_text("{")
    assert "does not hold a model with its tokenizer" in refused(copy, "rlhflow")


def test_a_chat_convention_without_a_chat_template(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    complaint = refused(copy, "rlhflow")
    assert "has no chat template. Add its chat_template.jinja, or write the text" in complaint
    mended = ModelReward(
        "mine", copy, RewardSettings(kind="rlhflow", template={"problem": "{problem} ", "step_end": "\n\n"})
    )
    assert mended.describe()["template"]["step_end"] == "\n\n"


def test_signs_that_are_no_single_tokens(causal: Path) -> None:
    assert "verdicts: 'certainly' is " in refused(causal, "math_shepherd", verdicts=["certainly", "no"])


def test_a_mark_the_tokenizer_does_not_know(tmp_path: Path) -> None:
    folder = tiny_rewards.qwen_prm(tmp_path)
    other = json.loads((folder / "tokenizer.json").read_text().replace("<extra_0>", "<extra_1>"))
    (folder / "tokenizer.json").write_text(json.dumps(other))
    assert refused(folder, "qwen_prm").startswith("mine: its tokenizer has no token <extra_0>")


def test_a_label_beyond_the_head(tmp_path: Path) -> None:
    folder = tiny_rewards.qwen_prm(tmp_path)
    assert refused(folder, "qwen_prm", label=2) == "mine: label: the head has 2 labels, there is no label 2."


def test_a_folders_own_settings_choose_the_kind(copy: Path) -> None:
    settings(copy, kind="rlhflow")
    reward = load_reward(str(copy))
    assert reward.describe()["kind"] == "rlhflow"
    other = load_reward(str(copy), kind="math_shepherd", verdicts=["+", "-"])  # what an admin says goes before it
    assert other.describe()["kind"] == "math_shepherd"


def test_a_model_whose_scores_are_not_numbers_fails_a_run_by_its_name(
    copy: Path, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    weights = load_file(copy / "model.safetensors")
    weights["lm_head.weight"][:] = torch.nan
    save_file(weights, copy / "model.safetensors", {"format": "pt"})
    settings(copy, kind="rlhflow")
    journal = tmp_path_factory.mktemp("run") / "journal.jsonl"
    run = ["run", "--algorithm", "beam", "--problem", "3 5 7 11 -> 24", "--jsonl", str(journal)]
    assert main([*run, "--reward", str(copy)]) == 1
    assert capsys.readouterr().err.startswith(f"reward {copy} gave NaN for step 1 of a path of 1 steps")
    header, events = read_jsonl(journal.open())
    assert header["reward"]["kind"] == "rlhflow"
    assert len(fold(events)) == 1 + 16  # the problem and the first level of 4 × 4, all kept


def test_settings_out_of_range_are_named(causal: Path) -> None:
    with pytest.raises(RewardError, match="votes: Input should be less than or equal to 64"):
        load_reward(str(causal), kind="judge", votes=1000)


def test_every_kind_is_a_file_of_the_package() -> None:
    package = Path(__file__).parents[3] / "search" / "rewards"
    assert all((package / f"{kind}.py").is_file() for kind in KINDS)
