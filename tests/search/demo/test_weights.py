"""The committed weights are whole, small, and do their work."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

from search.demo.checkpoint import WEIGHTS
from search.demo.corpus import arithmetic_example, countdown_example
from search.demo.evaluate_reward import step_scores
from search.demo.export import LARGEST_FOLDER
from search.demo.sampling import held_out_problems, sample_solutions
from search.demo.tokenizer import build_tokenizer
from search.domains import DOMAINS


@pytest.mark.parametrize("name", ["policy", "draft", "process_reward", "verifier"])
def test_the_folders_are_small_and_have_a_model_card(name: str) -> None:
    folder = WEIGHTS / name
    assert sum(path.stat().st_size for path in folder.iterdir()) <= LARGEST_FOLDER
    assert (folder / "README.md").exists()
    config = json.loads((folder / "config.json").read_text())
    assert config["dtype"] == "float16"
    assert config["training"]["step"] > 0


@pytest.mark.parametrize(
    ("name", "make", "count", "least"),
    [("countdown", countdown_example, 60, 10), ("arithmetic", arithmetic_example, 24, 10)],
)
def test_the_policy_solves_held_out_problems(name: str, make: object, count: int, least: int) -> None:
    from transformers import LlamaForCausalLM

    torch.set_num_threads(1)
    model = LlamaForCausalLM.from_pretrained(WEIGHTS / "policy").float().eval()
    problems = held_out_problems(make, "dev", count, seed=9)
    solutions = sample_solutions(model, build_tokenizer(), problems, temperature=0, seed=0)
    pairs = zip(problems, solutions, strict=True)
    solved = sum(steps is not None and DOMAINS[name].verify(problem, steps) for problem, steps in pairs)
    # Far below the model card's figures, far above chance: this is a smoke test, not a measurement.
    assert solved >= least


def test_the_process_reward_prefers_a_right_step() -> None:
    from transformers import LlamaForTokenClassification

    model = LlamaForTokenClassification.from_pretrained(WEIGHTS / "process_reward").float().eval()
    problem = "(38 + 47) * 6"
    right = step_scores(model, problem, ["38 + 47 = 85 (left: 85 * 6)", "85 * 6 = 510 (left: 510)", "answer: 510"])
    wrong = step_scores(model, problem, ["38 + 47 = 95 (left: 95 * 6)", "95 * 6 = 570 (left: 570)", "answer: 570"])
    assert len(right) == len(wrong) == 3
    assert right[0] > wrong[0]


def test_domains_and_verifiers_need_no_torch() -> None:
    code = "import sys, search.domains, search.verifiers; sys.exit('torch' in sys.modules or 'sympy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=WEIGHTS.parents[2], check=False).returncode == 0
