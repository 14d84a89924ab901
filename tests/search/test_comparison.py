"""One pool, every rule: what each says, what stands behind it, and who cannot say anything."""

from __future__ import annotations

import json

import pytest

from search.cli import main
from search.comparison import UnknownRule, compare
from search.selection import RULES, Settings
from tests.search.selection.pool import Step, leaves, pool
from tests.search.support.journals import FOLDER

# Majority: 9 by 3 to 2. Rewards: 9 has 0.1 + 0.2 + 0.3, 10 has 0.9 + 0.4. Lengths: 8 tokens of 9, 2 of 10.
# Probabilities: 9 has 0.1, 0.15, 0.05, 10 has 0.3 and 0.2. Certainties: 10 has ranks 1 and 5, 9 has 2, 3, 4.
POOL = pool(
    ("9", [Step(tokens=8, probability=0.1, certainty=4.0, reward=0.1)]),
    ("9", [Step(tokens=8, probability=0.15, certainty=3.0, reward=0.2)]),
    ("9", [Step(tokens=8, probability=0.05, certainty=2.0, reward=0.3)]),
    ("10", [Step(tokens=2, probability=0.3, certainty=5.0, reward=0.9)]),
    ("10", [Step(tokens=2, probability=0.2, certainty=1.0, reward=0.4)]),
    correct=[False, False, False, True, True],
)


def test_every_rule_is_asked_and_its_support_is_told():
    found = compare(POOL, settings=Settings(power=1.0))
    assert (found.paths, found.judged, found.right) == (5, 5, 2)
    told = {v.rule: (v.answer, v.correct, v.count, v.score, v.share) for v in found.verdicts}
    close = pytest.approx
    assert list(told) == list(RULES)
    assert told["best_of_n"] == ("10", True, 2, close(0.9), None)
    assert told["majority"] == ("9", False, 3, 3.0, close(0.6))
    assert told["weighted_majority"] == ("10", True, 2, close(1.3), close(1.3 / 1.9))
    # Borda votes 5, 4, 3, 2, 1 by rank: 10 has 5 + 1, 9 has 4 + 3 + 2
    assert told["self_certainty"] == ("9", False, 3, close(9.0), close(0.6))
    # 0.3 + 0.2 against at most 0.1 + 0.15 + 0.05, whatever the fit drops of paths below the mean of 0.16
    assert told["rpc"][:2] == ("10", True)
    # 2 / ln 2 = 2.885390 against 3 / ln 8 = 1.442695
    assert told["shortest_majority"] == ("10", True, 2, close(2.885390), close(2 / 3))
    # the three shortest are both of 10 and the first of 9
    assert told["short_m_at_k"] == ("10", True, 2, 2.0, close(2 / 3))
    # of the pairs 3 of 10 hold no right path; of four paths at most three are wrong
    assert found.coverage == [(1, close(0.4)), (2, close(0.7)), (4, 1.0), (5, 1.0)]


def test_a_rule_without_its_numbers_says_what_is_missing():
    bare = pool(("9", [Step(probability=0.5)]), (None, [Step(probability=0.5)]))
    refused = {v.rule: v.refused for v in compare(bare).verdicts}
    assert refused == {
        "best_of_n": "no path of this pool has a reward",
        "majority": None,
        "weighted_majority": "no path of this pool has a reward",
        "self_certainty": "the policy did not report its certainty",
        "rpc": None,
        "shortest_majority": None,
        "short_m_at_k": None,
    }
    assert {v.refused for v in compare(pool()).verdicts} == {"no path of this pool is finished"}


def test_only_judged_paths_count_for_coverage():
    found = compare(pool(("9", [Step()]), ("10", [Step()]), ("10", [Step()]), correct=[None, True, False]))
    assert (found.paths, found.judged, found.right, found.coverage) == (3, 2, 1, [(1, pytest.approx(0.5)), (2, 1.0)])


def test_the_best_path_without_any_answer_stands_for_itself():
    lone = pool(("9", [Step(reward=0.1)]), (None, [Step(reward=0.8, text="I give up")]))
    (verdict,) = compare(lone, ["best_of_n"]).verdicts
    assert (verdict.node, verdict.answer, verdict.count) == (leaves(lone)[1], "I give up", 1)


def test_an_unknown_rule_is_named():
    with pytest.raises(UnknownRule, match="no selection rule 'loudest'; there are: best_of_n, majority"):
        compare(POOL, ["majority", "loudest"])


# -- the command line --------------------------------------------------------------------------------------------------

VOTES = str(FOLDER / "votes.jsonl")  # six paths by a scripted policy: 8, 10 or 12, no reward


def test_a_journal_is_asked_without_any_model(capsys):
    assert main(["select", VOTES, "--rules", "majority,weighted_majority", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    finished = json.loads(FOLDER.joinpath("votes.jsonl").read_text().splitlines()[-1])["payload"]
    majority, weighted = said["verdicts"]
    assert (majority["node"], majority["answer"]) == (finished["node"], finished["answer"])
    assert (majority["count"], majority["score"]) == (finished["votes"][0][2], float(finished["votes"][0][2]))
    assert weighted["rule"] == "weighted_majority"
    assert said["paths"] == 6


def test_the_table_names_every_rule_and_tells_pass_at_k(capsys):
    assert main(["select", VOTES]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[1 : 1 + len(RULES)]] == list(RULES)
    assert "6 finished paths" in out
    assert "pass@k" in out
    assert "the policy did not report its certainty" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-file.jsonl"], "no-such-file.jsonl: "),
        ([VOTES, "--rules", "loudest"], "--rules: there is no selection rule 'loudest'"),
        ([VOTES, "--power", "-1"], "--power -1.0: give a number from 0 to 10"),
        ([VOTES, "--first", "0"], "--first 0: give a number from 1 to 256"),
        ([VOTES, "--power", "nan"], "--power nan: give a number from 0 to 10"),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments, said, capsys):
    assert main(["select", *arguments]) == 2
    assert capsys.readouterr().err.startswith(said)


def test_a_file_with_an_incomplete_event_is_refused(tmp_path, capsys):
    path = tmp_path / "torn.jsonl"
    path.write_text('{"kind": "header"}\n{"seq": 1, "kind": "node_added", "payload": {"index": 0}}\n')
    assert main(["select", str(path)]) == 2
    assert "torn.jsonl: an event lacks something" in capsys.readouterr().err
