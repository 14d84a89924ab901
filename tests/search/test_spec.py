"""What a run may be asked to do; what is wrong is named by its field."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from search.rewards.exact import ExactReward
from search.spec import RunSpec, algorithms, field_errors, header_of
from tests.search.support.scripted import ScriptedPolicy, play_countdown

GOOD = {"problem": {"text": "3 5 7 11 -> 24"}, "algorithm": "beam"}


def test_problem_and_algorithm_are_enough():
    spec = RunSpec.model_validate(GOOD)
    assert spec.params == {"width": 4, "proposals": 4, "lookahead": 0, "max_steps": 32}
    assert (spec.policy, spec.reward, spec.seed) == ("embedded", "embedded", 0)
    assert spec.sampling.model_dump() == {"temperature": 0.8, "top_p": 1.0, "max_step_tokens": 64, "stop": ["\n"]}
    assert set(spec.budget.model_dump().values()) == {None}


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"algorithm": "magic"}, "algorithm", "there are: a_star"),
        ({"params": {"width": 0}}, "params.width", "greater than or equal to 1"),
        ({"params": {"wide": 3}}, "params.wide", "Extra inputs"),
        ({"params": {"width": "four"}}, "params.width", "valid integer"),
        ({"params": 3}, "params", "dictionary"),
        ({"problem": {"text": ""}}, "problem.text", "at least 1 character"),
        ({"problem": {"text": "  \n "}}, "problem.text", "blank"),
        ({"problem": {"text": "x" * 1_000_000}}, "problem.text", "at most 20000"),
        ({"problem": {"text": "who am I?"}}, "problem.text", "the embedded policy reads Countdown"),
        ({"problem": {"text": "1 / 0"}}, "problem.text", "divides by zero"),
        ({"problem": {"text": "1 + 1", "verifier": "oracle"}}, "problem.verifier", "there are: countdown"),
        ({"problem": {"text": "1 + 1", "solution": "2"}}, "problem.solution", "Extra inputs"),
        ({"problem": {"text": "1\x00 + 1"}}, "problem.text", "null character"),
        ({"reward": None}, "reward", "beam cannot search without a reward"),
        ({"sampling": {"temperature": -1}}, "sampling.temperature", "greater than or equal to 0"),
        ({"sampling": {"temperature": float("nan")}}, "sampling.temperature", "finite"),
        ({"sampling": {"top_p": 0}}, "sampling.top_p", "greater than 0"),
        ({"sampling": {"max_step_tokens": 0}}, "sampling.max_step_tokens", "greater than or equal to 1"),
        ({"sampling": {"stop": []}}, "sampling.stop", "at least 1"),
        ({"sampling": {"stop": [""]}}, "sampling.stop", "1 to 32"),
        ({"budget": {"tokens": 0}}, "budget.tokens", "greater than or equal to 1"),
        ({"budget": {"nodes": 1}}, "budget.nodes", "greater than or equal to 2"),
        ({"budget": {"seconds": 0}}, "budget.seconds", "greater than 0"),
        ({"budget": {"money": 5}}, "budget.money", "Extra inputs"),
        ({"seed": -1}, "seed", "greater than or equal to 0"),
        ({"seed": 2**53}, "seed", "less than"),
        ({"wish": 1}, "wish", "Extra inputs"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(changes, field, message):
    with pytest.raises(ValidationError) as caught:
        RunSpec.model_validate({**GOOD, **changes})
    errors = field_errors(caught.value)
    assert [error["field"] for error in errors] == [field]
    assert message in errors[0]["message"]


def test_several_mistakes_are_all_named():
    with pytest.raises(ValidationError) as caught:
        RunSpec.model_validate({**GOOD, "params": {"width": 0, "wide": 1}, "seed": "x"})
    assert {error["field"] for error in field_errors(caught.value)} == {"params.width", "params.wide", "seed"}


def test_other_policies_may_read_any_problem():
    assert RunSpec.model_validate({**GOOD, "problem": {"text": "who am I?"}, "policy": "models/llama"}).policy


def test_the_header_holds_what_the_models_see():
    spec = RunSpec.model_validate({**GOOD, "problem": {"text": " 3  5 7 11 → 24 "}})
    header = header_of(spec, ScriptedPolicy(play_countdown), ExactReward())
    assert header["problem"] == {"text": "3 5 7 11 -> 24", "answer": None, "verifier": "countdown"}
    assert header["reward"]["slug"] == "exact"
    assert set(header) == {
        "version",
        "problem",
        "algorithm",
        "params",
        "seed",
        "policy",
        "reward",
        "sampling",
        "budget",
    }
    warm = header_of(spec, ScriptedPolicy(play_countdown), None, warm_start={"parent": "r1", "seq": 7})
    assert (warm["reward"], warm["warm_start"]) == (None, {"parent": "r1", "seq": 7})


def test_the_cards_tell_enough_to_draw_a_form():
    cards = {card["name"]: card for card in algorithms()}
    assert {"greedy", "best_of_n", "majority", "beam", "mcts", "particle_filter"} <= set(cards)
    width = cards["beam"]["params"]["properties"]["width"]
    assert (width["minimum"], width["maximum"], width["default"]) == (1, 256, 4)
    assert cards["majority"]["needs_reward"] is False


def test_validating_a_run_loads_no_model_library():
    code = (
        "import sys; from search.spec import RunSpec, algorithms; algorithms();"
        "RunSpec.model_validate({'problem': {'text': '3 5 7 11 -> 24'}, 'algorithm': 'mcts'});"
        "print([m for m in ('torch', 'transformers', 'vllm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
