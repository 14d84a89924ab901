"""Any causal language model folder: another architecture, a BPE tokenizer, stops inside and across tokens."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from search.models import load_policy
from search.policies.base import PolicyError, Sampling, StepRequest
from search.policies.transformers import TransformersPolicy
from search.tokenization import StopRule, Tokenization
from tests.search.support.tiny import bpe_tokenizer, settings, tiny_neox, tiny_qwen

PROMPT = "So we add.\n"


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_qwen(tmp_path_factory.mktemp("qwen"))


@pytest.fixture(scope="module")
def neox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_neox(tmp_path_factory.mktemp("neox"))


@pytest.mark.parametrize("name", ["qwen", "neox"])
def test_greedy_decoding_equals_transformers_generate(name: str, request: pytest.FixtureRequest) -> None:
    folder = request.getfixturevalue(name)
    policy = load_policy(str(folder))
    greedy = Sampling(temperature=0.0)
    prompts = [PROMPT, "Add 3 and 4.", "Then"]
    samples = asyncio.run(policy.generate([StepRequest(p, 0, "0", 20, greedy, until_end=True) for p in prompts]))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"))
    for prompt, sample in zip(prompts, samples, strict=True):
        ids = torch.tensor([tokenizer.encode(prompt)])
        theirs = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False,
            suppress_tokens=list(range(len(tokenizer), model.config.vocab_size)) or None,  # Qwen pads its vocabulary
        )  # fmt: skip
        assert list(sample.token_ids) == theirs[0, ids.shape[1] :].tolist()
        assert sample.prompt_tokens == ids.shape[1]


def test_a_sample_ends_at_the_first_token_that_contains_the_stop(qwen: Path) -> None:
    policy = cast(TransformersPolicy, load_policy(str(qwen)))
    requests = [StepRequest(PROMPT, 1, f"0.{i}", 40, Sampling(temperature=1.5)) for i in range(60)]
    samples = asyncio.run(policy.generate(requests))
    pieces = policy.token_texts(range(400))
    stopped = [sample for sample in samples if sample.finish == "step"]
    assert any(pieces[sample.token_ids[-1]] != "\n" for sample in stopped)  # the newline melted into a longer token
    for sample in stopped:
        assert "\n" in pieces[sample.token_ids[-1]]
        assert not any("\n" in pieces[token] for token in sample.token_ids[:-1])
        assert "\n" not in sample.text


class TestStops:
    """Stop strings over BPE tokens."""

    @pytest.fixture
    def tokenization(self, tmp_path: Path) -> Tokenization:
        bpe_tokenizer().save_pretrained(tmp_path)
        return Tokenization(tmp_path)

    @pytest.mark.parametrize(
        ("stop", "text"), [("\n\n", "Add 3.\n\n"), ("END", "Stop. END"), ("p. E", "Stop. E"), ("xyz", "wxyz")]
    )
    def test_a_stop_is_found_whatever_its_tokens(self, tokenization: Tokenization, stop: str, text: str) -> None:
        rule = StopRule(tokenization, (stop,))
        letters = [i for character in text for i in tokenization.encode(character)]
        for ids in (tokenization.encode(text), letters):
            ends = [rule.reached(ids[: n + 1]) for n in range(len(ids))]
            assert ends == [False] * (len(ids) - 1) + [True]
        assert rule.cut(text + "more") == text[: -len(stop)]

    def test_several_stops_cut_at_the_first(self, tokenization: Tokenization) -> None:
        assert StopRule(tokenization, ("c", "b")).cut("abcd") == "a"
        assert StopRule(tokenization, ()).cut("abcd") == "abcd"

    def test_text_after_a_prompt_keeps_its_spaces(self, tokenization: Tokenization) -> None:
        prompt, rest = tokenization.encode("So we"), tokenization.encode(" add.")
        assert tokenization.decode(rest, after=prompt) == " add."


def test_a_chat_template_by_configuration(qwen: Path, tmp_path: Path) -> None:
    for file in qwen.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    template = {
        "name": "chat", "problem": "<|end|>user {problem}<|end|>", "hint": "Hint: {hint}\n",
        "special_tokens": True, "begin": False,
    }  # fmt: skip
    settings(tmp_path, template=template)
    policy = cast(TransformersPolicy, load_policy(str(tmp_path)))
    assert policy.describe()["supports_hints"] is True
    assert policy.describe()["rerun_exact"] is False
    assert policy.encode("<|end|>So")[0] == 0
    plain = cast(TransformersPolicy, load_policy(str(qwen)))
    assert len(plain.encode("<|end|>So")) > len(policy.encode("<|end|>So"))


def test_an_unusable_espalier_json_is_named(qwen: Path, tmp_path: Path) -> None:
    for file in qwen.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    settings(tmp_path, template={"problm": "x"})
    with pytest.raises(PolicyError, match="template has no setting 'problm'"):
        load_policy(str(tmp_path))
    settings(tmp_path, colour="red")
    with pytest.raises(PolicyError, match=r"espalier\.json, colour"):
        load_policy(str(tmp_path))
