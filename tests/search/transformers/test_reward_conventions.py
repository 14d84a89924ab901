"""Every published convention: exact ids and positions, against the usage code of its model card, written anew here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    LlamaForTokenClassification,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen2Model,
)

from search.models import load_reward
from search.policies.base import StepRequest, StepSample
from search.rewards.base import PathScore, ScoreRequest
from search.rewards.judge import JudgeReward
from search.rewards.kinds import RewardSettings
from search.rewards.model_reward import ModelReward
from tests.search.support import tiny_rewards
from tests.search.support.tiny import llama_config, save, shaken

PROBLEM = "Janet's ducks lay 16 eggs. She eats 3."
STEPS = ("Step 1: 16 - 3 = 13", "Step 2: so 13 + 5 = 18", "The answer is 18")

Load = Callable[..., ModelReward]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The tiny checkpoint of a name in `tiny_rewards`, made once."""
    made: dict[str, Path] = {}

    def folder(name: str) -> Path:
        if name not in made:
            made[name] = getattr(tiny_rewards, name)(tmp_path_factory.mktemp(name))
        return made[name]

    return folder


@pytest.fixture
def load(folders: Callable[[str], Path]) -> Iterator[Load]:
    """A reward in float64 on one of these checkpoints."""
    opened: list[ModelReward] = []

    def loaded(name: str, kind: str | None = None, lean: bool = True, **settings: object) -> ModelReward:
        said = RewardSettings.model_validate({"kind": kind, **settings})
        opened.append(ModelReward(name, folders(name), said, dtype="float64", lean=lean))
        return opened[-1]

    yield loaded
    for reward in opened:
        reward.close()


def score(reward: ModelReward, *paths: ScoreRequest) -> list[PathScore]:
    return asyncio.run(reward.score(paths))


def path(*steps: str, problem: str = PROBLEM, finished: bool = False) -> ScoreRequest:
    return ScoreRequest(problem, steps or STEPS, finished)


class TestMathShepherd:
    """`question + " " + output`, where each step ends in ` ки`; softmax over the ids of `+ -` at each tag."""

    def card(self, folder: Path, steps: tuple[str, ...]) -> tuple[Tensor, list[int], list[float]]:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
        signs = tokenizer.encode("+ -")[1:]
        tag = tokenizer.encode("ки")[-1]
        ids = torch.tensor([tokenizer.encode(f"{PROBLEM} " + "\n".join(f"{step} ки" for step in steps))])
        with torch.no_grad():
            scores = model(ids).logits[:, :, signs].softmax(-1)[:, :, 0]
        return ids[0], (ids[0] == tag).nonzero().flatten().tolist(), scores[ids == tag].tolist()

    @pytest.mark.parametrize("length", [1, 3])
    def test_ids_positions_and_scores_are_the_cards(self, load: Load, folders: Callable, length: int) -> None:
        reward = load("math_shepherd", "math_shepherd")
        ids, places, expected = self.card(folders("math_shepherd"), STEPS[:length])
        reading = reward.read(path(*STEPS[:length]))
        assert (list(reading.ids), list(reading.scored)) == (ids.tolist(), places)
        (result,) = score(reward, path(*STEPS[:length]))
        assert result.steps == pytest.approx(expected, abs=1e-5)
        assert len(places) == length

    def test_the_signs_are_those_with_a_space_before(self, load: Load, folders: Callable) -> None:
        vocabulary = AutoTokenizer.from_pretrained(folders("math_shepherd")).get_vocab()
        described = load("math_shepherd", "math_shepherd").describe()
        assert described["convention"]["verdict_ids"] == [vocabulary["▁+"], vocabulary["▁-"]]
        assert (described["kind"], described["grain"]) == ("math_shepherd", "step")

    def test_the_tag_in_a_problem_or_step_is_only_text(self, load: Load) -> None:
        reward = load("math_shepherd", "math_shepherd")
        (result,) = score(reward, path("носки ки", "Step", problem="Сколько ки ?"))
        assert len(result.steps) == 2


class TestRLHFlow:
    """A user turn per step, the first after the problem; softmax over + and - at the token before the answer."""

    def script(self, folder: Path, steps: tuple[str, ...]) -> tuple[list[int], list[float]]:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
        signs = [tokenizer.encode("+")[-1], tokenizer.encode("-")[-1]]
        talk, places, scores = [], [], []
        for number, step in enumerate(steps):
            talk.append({"role": "user", "content": f"{PROBLEM} {step}" if number == 0 else step})
            talk.append({"role": "assistant", "content": "+"})
            ids = tokenizer.apply_chat_template(talk, return_dict=True, return_tensors="pt")["input_ids"]
            with torch.no_grad():
                scores.append(float(model(ids).logits[0, -3, signs].softmax(-1)[0]))
            places.append(ids.shape[1] - 3)
        self.ids = ids[0].tolist()
        return places, scores

    @pytest.mark.parametrize("lean", [True, False])
    @pytest.mark.parametrize("length", [1, 3])
    def test_positions_and_scores_are_the_scripts(self, load: Load, folders: Callable, length: int, lean: bool) -> None:
        reward = load("rlhflow", "rlhflow", lean=lean)
        places, expected = self.script(folders("rlhflow"), STEPS[:length])
        reading = reward.read(path(*STEPS[:length]))
        assert list(reading.scored) == places
        assert list(reading.ids) == self.ids[: places[-1] + 1]
        (result,) = score(reward, path(*STEPS[:length]))
        assert result.steps == pytest.approx(expected, abs=1e-5)

    def test_paths_that_share_turns_are_scored_alike_together_and_alone(self, load: Load) -> None:
        reward = load("rlhflow", "rlhflow")
        paths = [path(*STEPS[:1]), path(*STEPS[:2]), path(STEPS[0], STEPS[2])]
        together = score(reward, *paths)
        assert reward.occupancy.reused_tokens > 0
        assert together == [score(load("rlhflow", "rlhflow"), one)[0] for one in paths]

    def test_a_turns_marker_in_a_step_stays_text(self, load: Load) -> None:
        (result,) = score(load("rlhflow", "rlhflow"), path("<|eot_id|>+", "b"))
        assert len(result.steps) == 2


class TestSkywork:
    """Begin token, problem, line break; every line and the line break's id; sigmoid of the value there."""

    def inference(self, folder: Path, response: str) -> tuple[list[int], list[int], list[float]]:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        weights = {k: v for file in sorted(folder.glob("*.safetensors")) for k, v in load_file(file).items()}
        head = {name: weights.pop(f"v_head.summary.{name}") for name in ("weight", "bias")}
        model = Qwen2ForCausalLM(Qwen2Config.from_pretrained(folder)).double().eval()
        model.load_state_dict(weights)
        ids = tokenizer.encode(tokenizer.bos_token + PROBLEM + "\n")
        flags, line_break = [0] * len(ids), tokenizer.encode("\n")[-1]
        for line in response.split("\n"):
            added = [*tokenizer.encode(line), line_break]
            ids += added
            flags += [0] * (len(added) - 1) + [1]
        with torch.no_grad():
            hidden = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[-1][0]
            values = (hidden @ head["weight"].double().T + head["bias"].double()).squeeze(-1).sigmoid()
        places = [place for place, flag in enumerate(flags) if flag]
        return ids, places, values[places].tolist()

    def test_ids_positions_and_scores_are_the_inference_codes(self, load: Load, folders: Callable) -> None:
        reward = load("skywork")  # the architecture alone says what it is
        ids, places, expected = self.inference(folders("skywork"), "\n".join(STEPS))
        reading = reward.read(path())
        assert (list(reading.ids), list(reading.scored)) == (ids, places)
        (result,) = score(reward, path())
        assert result.steps == pytest.approx(expected, abs=1e-5)

    def test_a_step_of_two_lines_is_scored_at_its_last(self, load: Load, folders: Callable) -> None:
        ids, places, expected = self.inference(folders("skywork"), f"{STEPS[0]}\n{STEPS[1]}\n{STEPS[2]}")
        steps = (f"{STEPS[0]}\n{STEPS[1]}", STEPS[2])
        reward = load("skywork")
        reading = reward.read(path(*steps))
        assert (list(reading.ids), list(reading.scored)) == (ids, places[1:])
        assert score(reward, path(*steps))[0].steps == pytest.approx(expected[1:], abs=1e-5)


def two_layer_model(folder: Path, labels: int) -> Callable[[Tensor], Tensor]:
    """What the folder's own code would compute: body, linear, ReLU, linear."""
    weights = load_file(folder / "model.safetensors")
    body = Qwen2Model(Qwen2Config.from_pretrained(folder)).double().eval()
    body.load_state_dict({k.removeprefix("model."): v for k, v in weights.items() if k.startswith("model.")})
    head = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, labels)).double()
    head.load_state_dict({k.removeprefix("score."): v for k, v in weights.items() if k.startswith("score.")})
    return lambda ids: head(body(ids).last_hidden_state)


class TestQwenPRM:
    """The card's chat with <extra_0> after each step; softmax over two labels, index 1, at each mark."""

    def card(self, folder: Path, steps: tuple[str, ...]) -> tuple[list[int], list[int], list[float]]:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        text = tokenizer.apply_chat_template(
            [
                {
                    "role": "system",
                    "content": "Please reason step by step, and put your final answer within \\boxed{}.",
                },
                {"role": "user", "content": PROBLEM},
                {"role": "assistant", "content": "<extra_0>".join(steps) + "<extra_0>"},
            ],
            tokenize=False,
        )
        ids = tokenizer.encode(text, return_tensors="pt")
        marks = ids == tokenizer.encode("<extra_0>")[0]
        with torch.no_grad():
            probabilities = two_layer_model(folder, 2)(ids).softmax(-1)
        return ids[0].tolist(), marks[0].nonzero().flatten().tolist(), probabilities[marks][:, 1].tolist()

    @pytest.mark.parametrize("length", [1, 3])
    def test_ids_positions_and_scores_are_the_cards(self, load: Load, folders: Callable, length: int) -> None:
        reward = load("qwen_prm")
        ids, places, expected = self.card(folders("qwen_prm"), STEPS[:length])
        reading = reward.read(path(*STEPS[:length]))
        assert list(reading.scored) == places
        assert list(reading.ids) == ids[: places[-1] + 1]
        (result,) = score(reward, path(*STEPS[:length]))
        assert result.steps == pytest.approx(expected, abs=1e-5)

    def test_a_step_that_writes_the_mark_itself_wins_no_score(self, load: Load) -> None:
        (result,) = score(load("qwen_prm"), path("good<extra_0>", "<|im_end|>b"))
        assert len(result.steps) == 2

    def test_several_paths_of_different_length_in_one_batch(self, load: Load, folders: Callable) -> None:
        results = score(load("qwen_prm"), path(STEPS[0]), path())
        for result, steps in zip(results, (STEPS[:1], STEPS), strict=True):
            assert result.steps == pytest.approx(self.card(folders("qwen_prm"), steps)[2], abs=1e-5)


class TestOutcome:
    """One score, at the last token of the problem and the whole answer as a chat."""

    def ids(self, folder: Path) -> Tensor:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        talk = [{"role": "user", "content": PROBLEM}, {"role": "assistant", "content": "\n".join(STEPS)}]
        return tokenizer.apply_chat_template(talk, return_dict=True, return_tensors="pt")["input_ids"]

    @pytest.mark.parametrize("lean", [True, False])
    def test_a_linear_head_of_one_label_is_a_sigmoid(self, load: Load, folders: Callable, lean: bool) -> None:
        folder = folders("llama_orm")
        model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float64).eval()
        with torch.no_grad():
            expected = float(model(self.ids(folder)).logits[0, 0].sigmoid())
        reward = load("llama_orm", lean=lean)
        reading = reward.read(path(finished=True))
        assert list(reading.ids) == self.ids(folder)[0].tolist()
        assert reading.scored == (len(reading.ids) - 1,)
        assert score(reward, path(finished=True))[0].steps == pytest.approx((expected,), abs=1e-5)
        assert reward.describe()["grain"] == "path"

    def test_the_two_layer_head_of_qwen(self, load: Load, folders: Callable) -> None:
        folder = folders("qwen_orm")
        with torch.no_grad():
            expected = float(two_layer_model(folder, 1)(self.ids(folder))[0, -1, 0].sigmoid())
        reward = load("qwen_orm")
        assert reward.kind == "orm"
        assert score(reward, path(finished=True))[0].steps == pytest.approx((expected,), abs=1e-5)


class TestTRL:
    """`PRMTrainer`'s row: begin token, prompt, and each completion with the separator, tokenised one by one."""

    def test_ids_and_positions_are_the_trainers(self, load: Load, folders: Callable, tmp_path: Path) -> None:
        tokenizer = AutoTokenizer.from_pretrained(folders("rlhflow"))
        model = shaken(LlamaForTokenClassification(llama_config(len(tokenizer), num_labels=2)))
        save(tmp_path, model, tokenizer)
        reward = ModelReward("trl", tmp_path, dtype="float64")
        ids = [tokenizer.bos_token_id, *tokenizer.encode(PROBLEM, add_special_tokens=False)]
        places = []
        for step in STEPS:
            ids += tokenizer.encode(step, add_special_tokens=False) + tokenizer.encode("\n", add_special_tokens=False)
            places.append(len(ids) - 1)
        reading = reward.read(path())
        assert (list(reading.ids), list(reading.scored)) == (ids, places)
        with torch.no_grad():
            expected = model.double().eval()(torch.tensor([ids])).logits[0, places].softmax(-1)[:, 1].tolist()
        assert score(reward, path())[0].steps == pytest.approx(expected, abs=1e-5)
        reward.close()


class TestJudge:
    """Probability of Yes over {Yes, No} after the question, or the mean of it after k critiques."""

    def probability(self, folder: Path, question: str, critique: str | None = None) -> float:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
        asked = f"Problem:\n{PROBLEM}\n\nSolution so far:\n" + "\n".join(STEPS) + f"\n\n{question}"
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": asked}], tokenize=False, add_generation_prompt=False
        )
        text += "<|im_start|>assistant\n"
        if critique is not None:
            text += f"{critique}\n\nIs this solution correct so far (Yes or No)?\n"
        ids = tokenizer.encode(text, return_tensors="pt")
        verdicts = [tokenizer.encode(word) for word in ("Yes", "No")]
        assert [len(ids) for ids in verdicts] == [1, 1]
        with torch.no_grad():
            return float(model(ids).logits[0, -1, [verdicts[0][0], verdicts[1][0]]].softmax(-1)[0])

    def test_one_vote_answers_at_once(self, load: Load, folders: Callable) -> None:
        reward = load("judge", "judge")
        expected = self.probability(folders("judge"), "Is this solution correct so far? Answer Yes or No.")
        (result,) = score(reward, path())
        assert result.steps == pytest.approx((expected,), abs=1e-5)

    def test_the_mean_over_votes_after_their_critiques(
        self, folders: Callable, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = folders("judge")
        reward = load_reward(str(folder), kind="judge", votes=3, critique_tokens=12, dtype="float64")
        assert isinstance(reward, JudgeReward)
        critic, heard = reward._critic, []
        write = critic.generate

        async def listened(requests: list[StepRequest]) -> list[StepSample]:
            heard.extend(await write(requests))
            return heard

        monkeypatch.setattr(critic, "generate", listened)
        (result,) = asyncio.run(reward.score([path()]))
        question = "Is this solution correct so far? Check it step by step, then answer Yes or No."
        each = [self.probability(folder, question, sample.text) for sample in heard]
        assert len({sample.text for sample in heard}) == 3
        assert result.steps == pytest.approx((sum(each) / 3,), abs=1e-5)
        assert reward.describe()["calls_per_path"] == 3
        monkeypatch.undo()
        assert asyncio.run(reward.score([path()])) == [result]
        reward.close()
