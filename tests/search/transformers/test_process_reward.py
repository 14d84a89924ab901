"""The process reward: positions and label by independent computation, merging, kept prefixes, errors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer

from search.models import catalogue, load_reward
from search.rewards.base import PathScore, RewardError, ScoreRequest
from search.rewards.model_reward import ModelReward
from tests.search.support.tiny import settings, tiny_reward
from tests.search.transformers.conftest import EMBEDDED

PROBLEM = "3 5 7 11 -> 24"
STEPS = ("11 - 5 = 6 (left: 3 6 7)", "7 - 3 = 4 (left: 4 6)", "4 * 6 = 24 (left: 24)")
BOS, NEWLINE, END = 1, 20, 2


def score(reward: ModelReward, *requests: ScoreRequest) -> list[PathScore]:
    """Run one call to its end."""
    return asyncio.run(reward.score(requests))


def independently(folder: Path, steps: tuple[str, ...], finished: bool, label: int = 1) -> list[float]:
    """The scores from transformers alone: whole text tokenised at once, newlines found in the ids."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float64).eval()
    text = PROBLEM + "\n" + "\n".join(steps) + ("<eos>" if finished else "\n")
    ids = [BOS, *tokenizer.encode(text, add_special_tokens=False)]
    places = [i for i, token in enumerate(ids) if token in (NEWLINE, END)][1:]
    assert len(places) == len(steps)
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([ids])).logits[0]
    return [float(torch.softmax(logits[place], -1)[label]) for place in places]


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_scores_sit_on_the_separator_of_each_step(
    reward: ModelReward, reward_folder: Path, length: int, finished: bool
) -> None:
    (result,) = score(reward, ScoreRequest(PROBLEM, STEPS[:length], finished))
    assert result.steps == pytest.approx(independently(reward_folder, STEPS[:length], finished), abs=1e-5)
    assert result.tokens == 1 + len("3 5 7 11") + 4 + sum(reward_tokens(step) for step in STEPS[:length])
    assert all(value == round(value, 6) for value in result.steps)


def reward_tokens(step: str) -> int:
    """Tokens of a step with its separator, counted by hand: the notation's phrases are one token each."""
    for phrase in (" (left: ", " = ", " - ", " * "):
        step = step.replace(phrase, "#")
    return len(step) + 1


def test_the_label_is_configurable(reward_folder: Path) -> None:
    first = ModelReward("first-label", reward_folder, EMBEDDED.model_copy(update={"label": 0}), dtype="float64")
    (result,) = score(first, ScoreRequest(PROBLEM, STEPS, True))
    assert result.steps == pytest.approx(independently(reward_folder, STEPS, True, label=0), abs=1e-5)
    first.close()


def test_one_label_is_a_sigmoid(tmp_path: Path) -> None:
    folder = tiny_reward(tmp_path, labels=1)
    single = ModelReward("sigmoid", folder, EMBEDDED, dtype="float64", lean=False)
    (result,) = score(single, ScoreRequest(PROBLEM, STEPS[:1], False))
    model = AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float64).eval()
    ids = [BOS, *AutoTokenizer.from_pretrained(folder).encode(f"{PROBLEM}\n{STEPS[0]}\n")]
    with torch.inference_mode():
        logit = float(model(input_ids=torch.tensor([ids])).logits[0, -1, 0])
    assert result.last == pytest.approx(1 / (1 + 2.718281828459045**-logit), abs=2e-6)
    single.close()


def test_both_forward_passes_agree(reward: ModelReward, reward_folder: Path) -> None:
    plain = ModelReward("plain", reward_folder, EMBEDDED, dtype="float64", lean=False)
    requests = [ScoreRequest(PROBLEM, STEPS[:n], n == 3) for n in (1, 3, 2)]
    for ours, theirs in zip(score(reward, *requests), score(plain, *requests), strict=True):
        assert ours.steps == pytest.approx(theirs.steps, abs=1e-5)
        assert ours.tokens == theirs.tokens
    plain.close()


def test_neighbours_and_kept_prefixes_change_nothing(reward: ModelReward, reward_folder: Path) -> None:
    paths = [
        ScoreRequest(PROBLEM, STEPS[:1], False),
        ScoreRequest(PROBLEM, STEPS[:2], False),
        ScoreRequest(PROBLEM, (STEPS[0], STEPS[2]), True),
        ScoreRequest("1 2 3 -> 6", ("1 + 2 = 3 (left: 3 3)",), False),
        ScoreRequest(PROBLEM, (*STEPS, STEPS[0], STEPS[1]), False),
    ]
    alone = []
    for path in paths:
        cold = ModelReward("cold", reward_folder, EMBEDDED, dtype="float64", prefix_mb=0)
        alone += score(cold, path)
        cold.close()
    assert score(reward, *paths) == alone
    assert score(reward, *reversed(paths)) == alone[::-1]
    assert reward.occupancy.reused_tokens > 0
    assert score(reward, ScoreRequest(PROBLEM, STEPS[:1], True)) != alone[:1]  # the end is another separator


async def test_calls_of_many_searches_are_merged(reward: ModelReward) -> None:
    calls = [reward.score([ScoreRequest(f"{n} 5 7 -> 24", STEPS[:2], False)]) for n in range(40)]
    results = await asyncio.gather(*calls)
    assert len({result[0].steps for result in results}) > 30
    assert reward.occupancy.calls == 40
    assert reward.occupancy.forwards < 10


def test_what_paths_of_a_batch_share_is_computed_once(reward: ModelReward, reward_folder: Path) -> None:
    branch = [(STEPS[0], STEPS[1]), (STEPS[0], STEPS[2]), (STEPS[2],), (STEPS[0], STEPS[1])]
    results = score(reward, *(ScoreRequest(PROBLEM, steps, False) for steps in branch))
    problem, *steps = 13, *(reward_tokens(step) for step in STEPS)
    assert reward.occupancy.prefill_tokens == problem + sum(steps) + steps[2]  # step 2 after step 0, and alone
    assert sum(result.tokens for result in results) == 4 * problem + 3 * steps[0] + 2 * steps[1] + 2 * steps[2]
    for path, result in zip(branch, results, strict=True):
        assert result.steps == pytest.approx(independently(reward_folder, path, finished=False), abs=1e-5)


def test_text_that_looks_like_a_special_token_stays_text(reward: ModelReward) -> None:
    (result,) = score(reward, ScoreRequest(PROBLEM, ("<eos>",), False))
    assert result.tokens == 1 + 8 + 4 + 5 + 1
    assert len(result.steps) == 1


def test_a_folders_own_convention(tmp_path: Path) -> None:
    settings(tiny_reward(tmp_path), template={"problem": "Q {problem}", "step_end": " (left: "}, label=0)
    reward = load_reward(str(tmp_path), dtype="float64")
    description = reward.describe()
    assert description["convention"]["separator"] == " (left: "
    assert description["convention"]["label"] == 0
    (result,) = asyncio.run(reward.score([ScoreRequest("1 -> 1", ("a", "b"), True)]))
    model = AutoModelForTokenClassification.from_pretrained(tmp_path, dtype=torch.float64).eval()
    ids = [BOS, *AutoTokenizer.from_pretrained(tmp_path).encode("Q 1 -> 1a (left: b (left: ")]
    places = [i for i, token in enumerate(ids) if token == 12]
    expected = torch.softmax(model(input_ids=torch.tensor([ids])).logits[0, places], -1)[:, 0].tolist()
    assert result.steps == pytest.approx(expected, abs=1e-5)


class TestErrors:
    """Each names the reward model; none disturbs the next call."""

    def test_nan(self, reward_folder: Path) -> None:
        broken = ModelReward("broken", reward_folder, EMBEDDED, dtype="float64")
        poison = broken.read(ScoreRequest("@", ("1",), False)).ids[1]
        broken._thread.engine._classifier._model._embedding[poison] = torch.nan  # type: ignore[attr-defined]
        with pytest.raises(RewardError, match=r"broken gave NaN for step . of a path of 2 steps"):
            score(broken, ScoreRequest(PROBLEM, ("1", "@"), False))
        (clean,) = score(broken, ScoreRequest(PROBLEM, STEPS, True))
        assert clean.steps == pytest.approx(independently(reward_folder, STEPS, True), abs=1e-5)
        broken.close()

    def test_no_steps(self, reward: ModelReward) -> None:
        with pytest.raises(RewardError, match="tiny-reward: a path without steps"):
            score(reward, ScoreRequest(PROBLEM, (), False))

    def test_a_character_outside_the_vocabulary(self, reward: ModelReward) -> None:
        with pytest.raises(RewardError, match="tiny-reward cannot read the path: the character '√'"):
            score(reward, ScoreRequest(PROBLEM, ("√4",), False))

    def test_a_path_longer_than_the_context(self, reward: ModelReward) -> None:
        with pytest.raises(RewardError, match=r"the path has 214 tokens and the model reads 128"):
            score(reward, ScoreRequest(PROBLEM, ("7" * 200,), False))

    def test_a_policy_folder_without_such_a_label(self, reward_folder: Path) -> None:
        with pytest.raises(RewardError, match="the model has 2 labels, there is no label 5"):
            ModelReward("labels", reward_folder, EMBEDDED.model_copy(update={"label": 5}))

    def test_a_folder_that_is_no_model(self, tmp_path: Path) -> None:
        with pytest.raises(RewardError, match="neither a known model"):
            load_reward(str(tmp_path / "nowhere"))


async def test_the_embedded_reward_is_rerun_exact() -> None:
    assert next(e for e in catalogue() if e["slug"] == "embedded" and e["kind"] == "reward")["ready"]
    reward = load_reward("embedded")
    paths = [ScoreRequest(PROBLEM, STEPS[:n], n == 3) for n in (1, 2, 3)]
    together = await reward.score(paths)
    one_by_one = [(await reward.score([path]))[0] for path in reversed(paths)]
    assert together == one_by_one[::-1]
    fresh = load_reward("embedded", prefix_mb=0)
    assert together == await fresh.score(paths)
    assert [len(result.steps) for result in together] == [1, 2, 3]
