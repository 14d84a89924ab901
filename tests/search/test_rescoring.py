"""A tree under another reward: ranks, flips and cuts that were worked out by hand."""

from __future__ import annotations

import json

import pytest

from search.cli import main
from search.events import read_jsonl
from search.reducer import fold
from search.rescoring import Cut, Shift, rescore, score_tree, stored_scores
from search.rewards.base import PathScore, RewardError
from search.rewards.exact import ExactReward
from tests.search.algorithms.puzzle import solve
from tests.search.support.journals import FOLDER
from tests.search.support.runs import header, play
from tests.search.support.scripted import ScriptedReward

# Beam 1 of 2: at the first level b (0.6) beats a (0.4), at the second d (0.7) beats c (0.3).
WORDS = {"": ["a", "b"], "b": ["c.", "d."]}
FIRST = {"a": 0.4, "b": 0.6, "c": 0.3, "d": 0.7}
BEAM = {"width": 1, "proposals": 2}


async def test_cuts_that_would_have_gone_otherwise_are_named():
    run, _, _ = await solve("beam", BEAM, WORDS, FIRST)
    tree = run.outcome.tree
    found = rescore(tree, run.events, {1: 0.9, 2: 0.1, 3: 0.2, 4: 0.5})
    level = next(event.seq for event in run.events if event.kind == "pruned")
    assert found.decided == 2
    assert found.cuts == [Cut(seq=level, rule="beam", of=2, kept=1, spared=[1], lost=[2], right_spared=[])]
    tree[1].reachable = True
    assert rescore(tree, run.events, {1: 0.9, 2: 0.1, 3: 0.2, 4: 0.5}).cuts[0].right_spared == [1]


async def test_a_tie_under_the_other_reward_leaves_a_cut_as_it_was():
    run, _, _ = await solve("beam", BEAM, WORDS, FIRST)
    assert rescore(run.outcome.tree, run.events, dict.fromkeys(range(1, 5), 0.5)).cuts == []


async def test_a_cut_with_an_unscored_node_is_not_judged():
    run, _, _ = await solve("beam", BEAM, WORDS, FIRST)
    assert rescore(run.outcome.tree, run.events, {3: 0.2, 4: 0.5}).decided == 1


async def test_what_a_person_pruned_is_no_cut_by_reward():
    run = await play(header("beam", {"width": 2, "proposals": 2}))
    by_reward = sum(1 for event in run.events if event.kind == "pruned" and event.payload["rule"] == "beam")
    scores = {node.index: 0.5 for node in run.outcome.tree.nodes}
    assert rescore(run.outcome.tree, run.events, scores).decided == by_reward


async def test_finished_paths_change_ranks_and_pairs_flip():
    words = {"": ["a.", "b.", "c.", "d."]}
    run, _, _ = await solve("best_of_n", {"n": 4}, words, {"a": 0.9, "b": 0.7, "c": 0.7, "d": 0.1})
    # before: a > b = c > d; now: b > a = c > d
    found = rescore(run.outcome.tree, run.events, {1: 0.4, 2: 0.8, 3: 0.4, 4: 0.0})
    assert found.shifts == [
        Shift(node=1, former_score=0.9, score=0.4, former_rank=1, rank=2, correct=None),
        Shift(node=2, former_score=0.7, score=0.8, former_rank=2, rank=1, correct=None),
        Shift(node=3, former_score=0.7, score=0.4, former_rank=3, rank=3, correct=None),
        Shift(node=4, former_score=0.1, score=0.0, former_rank=4, rank=4, correct=None),
    ]
    # of the six pairs b-c was tied before and a-c is tied now; of the other four a-b flips
    assert (found.pairs, found.flipped) == (4, 1)
    assert (found.former_best, found.best) == (1, 2)


async def test_every_node_gets_the_score_that_it_would_have_got_in_a_run():
    run, _, _ = await solve("beam", BEAM, WORDS, FIRST)
    other = ScriptedReward(lambda steps: {"a": 0.11, "b": 0.22, "c": 0.33, "d": 0.44}[steps[-1]])
    assert await score_tree(run.outcome.tree, "a puzzle", other) == {1: 0.11, 2: 0.22, 3: 0.33, 4: 0.44}
    assert other.calls == 3  # from the ends a, c and d; b is on their way


async def test_a_reward_of_whole_paths_is_asked_about_every_step():
    class Outcome(ScriptedReward):
        def describe(self):
            return {**super().describe(), "grain": "path"}

        async def score(self, requests):
            self.calls += len(requests)
            return [PathScore((len(request.steps) / 10,), 0) for request in requests]

    run, _, _ = await solve("beam", BEAM, WORDS, FIRST)
    other = Outcome(lambda steps: 0.0)
    assert await score_tree(run.outcome.tree, "a puzzle", other) == {1: 0.1, 2: 0.1, 3: 0.2, 4: 0.2}
    assert other.calls == 4


async def test_a_reward_that_answers_too_little_is_named():
    class Silent(ScriptedReward):
        async def score(self, requests):
            return []

    run, _, _ = await solve("beam", BEAM, WORDS, FIRST)
    with pytest.raises(RewardError, match="reward scripted gave 0 results for 3 paths"):
        await score_tree(run.outcome.tree, "a puzzle", Silent(lambda steps: 0.0))


async def test_the_exact_truth_agrees_with_what_the_run_recorded():
    run = await play(header("beam", {"width": 2, "proposals": 3}))
    tree = run.outcome.tree
    scores = await score_tree(tree, "3 5 7 11 -> 24", ExactReward())
    assert scores == {node.index: float(bool(node.reachable)) for node in tree.nodes[1:]}


def test_scores_that_the_run_recorded_beside_its_own_need_no_model(capsys):
    # in this journal the beam was driven by the end of a look-ahead, and the scripted reward stands beside it
    path = FOLDER / "lookahead.jsonl"
    assert main(["rescore", str(path), "--reward", "lookahead", "--json"]) == 0
    same = json.loads(capsys.readouterr().out)
    assert same["decided"] > 0
    assert (same["cuts"], same["flipped"]) == ([], 0)
    assert main(["rescore", str(path), "--reward", "exact"]) == 0
    assert "cuts by reward would have gone otherwise" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["no-such-file", "--reward", "exact"], 2, "no-such-file: "),
        ([str(FOLDER / "particles.jsonl"), "--reward", "no-such-model"], 1, "no-such-model"),
    ],
)
def test_what_cannot_be_rescored_is_refused(arguments, status, said, capsys):
    assert main(["rescore", *arguments]) == status
    assert said in capsys.readouterr().err


def test_a_run_without_a_reward_has_nothing_to_compare(tmp_path, capsys):
    lines = (FOLDER / "greedy.jsonl").read_text().splitlines()[:2]  # the header, and the problem alone
    path = tmp_path / "bare.jsonl"
    path.write_text("\n".join(lines))
    assert main(["rescore", str(path), "--reward", "exact"]) == 2
    assert "bare.jsonl: the run has no reward to compare with" in capsys.readouterr().err


def test_stored_scores_are_those_of_one_source():
    with (FOLDER / "lookahead.jsonl").open() as stream:
        tree = fold(read_jsonl(stream)[1])
    found = stored_scores(tree, "lookahead")
    assert found == {n.index: n.rewards["lookahead"] for n in tree.nodes if "lookahead" in n.rewards} != {}
    assert stored_scores(tree, "nobody") == {}
