"""The rules that pick an answer from a finished pool of paths: pure functions of a tree, shared by the strategies.

None of them generates, scores or looks at the truth, so every rule can be tried on the same work.
"""

from __future__ import annotations

from search.selection.base import Rule, Selection, Settings
from search.selection.best_of_n import best_of_n
from search.selection.majority import first_finished, majority, shortest_majority, weighted_majority
from search.selection.rpc import rpc
from search.selection.self_certainty import self_certainty

__all__ = ["RULES", "Rule", "Selection", "Settings"]

_ALL = (
    Rule(
        "best_of_n",
        "Best of N",
        "Training Verifiers to Solve Math Word Problems",
        lambda tree, settings: best_of_n(tree, settings.aggregation),
        needs="reward",
    ),
    Rule(
        "majority",
        "Majority vote",
        "Self-Consistency Improves Chain of Thought Reasoning in Language Models",
        lambda tree, settings: majority(tree),
        counts=True,
    ),
    Rule(
        "weighted_majority",
        "Weighted majority vote",
        "Making Large Language Models Better Reasoners with Step-Aware Verifier",
        lambda tree, settings: weighted_majority(tree, settings.aggregation),
        needs="reward",
    ),
    Rule(
        "self_certainty",
        "Borda votes by self-certainty",
        "Scalable Best-of-N Selection for Large Language Models via Self-Certainty",
        lambda tree, settings: self_certainty(tree, settings.power),
        needs="certainty",
    ),
    Rule(
        "rpc",
        "Perplexity consistency with reasoning pruning",
        "A Theoretical Study on Bridging Internal Probability and Self-Consistency for LLM Reasoning",
        lambda tree, settings: rpc(tree),
    ),
    Rule(
        "shortest_majority",
        "Shortest majority vote",
        "Revisiting the Test-Time Scaling of o1-like Models: Do they Truly Possess Test-Time Scaling Capabilities?",
        lambda tree, settings: shortest_majority(tree),
    ),
    Rule(
        "short_m_at_k",
        "Majority of the first finished",
        "Don't Overthink it. Preferring Shorter Thinking Chains for Improved LLM Reasoning",
        lambda tree, settings: first_finished(tree, settings.first),
        counts=True,
    ),
)

RULES: dict[str, Rule] = {rule.name: rule for rule in _ALL}
"""Every rule by its name, in the order in which they are shown."""
