"""φ-Decoding: steps are chosen by where they lead, judged by the policy alone.

"φ-Decoding: Adaptive Foresight Sampling for Balanced Inference-Time Exploration and Exploitation" (Xu et al., 2025).
From each of M beams N candidate steps are sampled; those of exceptionally low confidence go (in width); the others are
rolled out. A candidate's advantage A is the gain of its future's mean token log-probability F over that of the beam's
last step; its alignment C is the share of the futures in its cluster. M candidates are drawn without replacement with
weights exp(R / τ), R = softmax(A / τ₁) + softmax(C / τ₂). Once the largest cluster holds a share of δ (in depth) the
beams are completed without foresight, and one is drawn by R.

Three things the paper leaves open. τ: 0.1 here (the authors' code draws from R itself). A step that ends the solution
has an empty future, of log-probability 0; it is clustered by its own text. At the end whole paths are compared, as
beams that ended early have no completion of their own.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from pydantic import Field

from search.algorithms.base import ON_COMMANDS, Algorithm, Params, best
from search.clustering import cluster_texts
from search.gate import Answer
from search.resampling import softmax, without_replacement
from search.search import Search
from search.tree import Node, Tree

FINAL = "phi_final"


class PhiDecodingParams(Params):
    """M, N, T, K, k, δ, τ, τ₁, τ₂ of the paper."""

    beams: int = Field(default=4, ge=1, le=64, description="Beams kept at each step (M).")
    candidates: int = Field(default=4, ge=1, le=64, description="Candidate steps sampled from each beam (N).")
    foresight: int = Field(default=32, ge=1, le=1000, description="Most steps of a simulated future.")
    least: int = Field(default=4, ge=1, le=1000, description="Steps with foresight before stopping early (T min).")
    most: int = Field(default=8, ge=1, le=1000, description="Steps with foresight at most (T max).")
    clusters: int = Field(default=3, ge=1, le=64, description="Clusters of futures (K).")
    width_sigma: float = Field(
        default=1.0, ge=0, le=10, description="Candidates this many deviations below the mean confidence go (k)."
    )
    depth_share: float = Field(
        default=0.7, gt=0, le=1, description="Foresight ends once a cluster holds this share of the futures (δ)."
    )
    advantage_temperature: float = Field(default=0.6, gt=0, le=100, description="τ₁ of the softmax over advantages.")
    alignment_temperature: float = Field(default=0.6, gt=0, le=100, description="τ₂ of the softmax over alignments.")
    temperature: float = Field(default=0.1, gt=0, le=100, description="τ of the draw by exp(R / τ).")
    max_steps: int = Field(default=32, ge=1, le=1000, description="Most steps of a path after foresight has ended.")


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate's F, A, C, its cluster, its worth R, and its weight in the first draw."""

    node: Node
    text: str
    foresight: float
    advantage: float
    alignment: float
    cluster: int
    worth: float
    weight: float

    @property
    def terms(self) -> dict[str, float | int | str | None]:
        """As a decision names them."""
        return {"F": self.foresight, "A": self.advantage, "C": self.alignment, "cluster": self.cluster,
                "future": self.text[:120].replace("\n", " / ")}  # fmt: skip


class PhiDecoding(Algorithm[PhiDecodingParams]):
    """Foresight, clusters, two prunings. No reward."""

    name = "phi_decoding"
    family = "steps"
    title = "φ-Decoding"
    paper = "φ-Decoding: Adaptive Foresight Sampling for Balanced Inference-Time Exploration and Exploitation"
    summary = (
        "Simulates where each candidate step leads and prefers steps whose future is likelier than before and agrees"
        " with other futures. Needs no reward. Look at the clusters: once most futures agree it stops simulating."
    )
    needs_reward = False

    commands = {
        **ON_COMMANDS,
        "expand": "The new steps join the beams until the next draw; no reward is asked.",
        "restore": "The step joins the beams until the next draw.",
        "edit": "Your step takes the beam's place, and keeps it until the next draw.",
    }

    @classmethod
    def params_type(cls) -> type[PhiDecodingParams]:
        """See `PhiDecodingParams`."""
        return PhiDecodingParams

    async def run(self, search: Search) -> None:
        """Foresight steps, then plain completion, then one draw. A beam that ended keeps its slot."""
        p, beams = self.params, search.frontier()
        known: dict[int, float] = {}  # F of the steps that were drawn
        ended: list[Node] = []
        for step in range(1, p.most + 1):
            beams, ended = search.alive(beams), _living(ended)
            if not beams or len(ended) >= p.beams:
                break
            fresh = beams == [search.root]
            born = await search.expand(beams, n=p.candidates * (p.beams if fresh else 1))
            candidates = self._prune_in_width(search, _living(born))
            futures = await search.rollout(candidates, max_steps=p.foresight)
            paths = [(node, future[0]) for node, future in zip(candidates, futures, strict=True)]
            seen = [
                (node, "\n".join(f.texts) or node.text, f.logprob / max(1, f.tokens))
                for node, f in paths
                if node.expandable or node.solved  # nobody pruned it meanwhile
            ]
            judged = self._judge(seen, [f - _before(search.tree, node, known) for node, _, f in seen])
            drawn = self._draw(search, judged, p.beams - len(ended))
            known |= {j.node.index: j.foresight for j in drawn}
            largest = max(Counter(j.cluster for j in judged).values(), default=0) / max(1, len(judged))
            stop = step >= p.least and largest >= p.depth_share
            self._tell(search, judged, drawn, {"step": step, "largest_cluster": largest, "stop": stop})
            ended += [j.node for j in drawn if j.node.solved]
            beams = [j.node for j in drawn if not j.node.solved]
            if stop:
                break
        for _ in range(p.max_steps):
            beams = search.alive(beams)
            if not beams:
                break
            beams = await search.expand(beams)
        self._choose(search)

    def _prune_in_width(self, search: Search, candidates: list[Node]) -> list[Node]:
        """Keep what is no more than k standard deviations below the mean confidence."""
        if not candidates:
            return []
        confidence = [(node.logprob or 0.0) / max(1, node.tokens) for node in candidates]
        mean = math.fsum(confidence) / len(confidence)
        deviation = math.sqrt(math.fsum((s - mean) ** 2 for s in confidence) / len(confidence))
        cutoff = mean - self.params.width_sigma * deviation
        lost = [i for i, s in enumerate(confidence) if s < cutoff - 1e-9]
        search.prune([candidates[i] for i in lost], rule="phi_width", cutoff=cutoff,
                     scores=[confidence[i] for i in lost], detail={"mean": mean, "deviation": deviation})  # fmt: skip
        return [node for i, node in enumerate(candidates) if i not in lost]

    def _judge(self, seen: list[tuple[Node, str, float]], advantages: list[float]) -> list[Judged]:
        """Advantage and alignment of (candidate, future, F) triples, and the weights of the draw."""
        if not seen:
            return []
        p = self.params
        labels = cluster_texts([text for _, text, _ in seen], p.clusters)
        sizes = Counter(labels)
        alignments = [sizes[label] / len(labels) for label in labels]
        by_advantage = softmax(advantages, p.advantage_temperature)
        by_alignment = softmax(alignments, p.alignment_temperature)
        worth = [a + c for a, c in zip(by_advantage, by_alignment, strict=True)]
        weights = softmax(worth, p.temperature)
        return [
            Judged(node, text, f, advantage, alignment, label, own, weight)
            for (node, text, f), advantage, alignment, label, own, weight in zip(
                seen, advantages, alignments, labels, worth, weights, strict=True
            )
        ]

    def _draw(self, search: Search, judged: list[Judged], most: int) -> list[Judged]:
        worth, heat = [j.worth for j in judged], self.params.temperature
        return [judged[i] for i in without_replacement(worth, heat, most, lambda: search.draw("phi_decoding"))]

    def _tell(self, search: Search, judged: list[Judged], drawn: list[Judged], detail: dict[str, object]) -> None:
        """Who was drawn and who was not, with the terms of both; the whole futures once."""
        terms = {j.node.index: j.terms for j in judged}
        lost = [j for j in judged if j not in drawn]
        futures = [[j.node.index, j.text] for j in judged]
        search.select([j.node for j in drawn], rule="phi_decoding", scores=[j.weight for j in drawn], of=len(judged),
                      terms=terms, detail={**detail, "futures": futures})  # fmt: skip
        search.prune([j.node for j in lost], rule="phi_decoding", scores=[j.weight for j in lost], terms=terms)

    def _choose(self, search: Search) -> None:
        """One finished path, drawn by R over whole paths; the others keep their weights."""
        tree = search.tree
        seen = [(node, "\n".join(tree.steps(node)), _mean_logprob(tree, node)) for node in tree.candidates()]
        judged = self._judge(seen, [f for _, _, f in seen])
        order = self._draw(search, judged, 1)
        order += sorted([j for j in judged if j not in order], key=lambda j: -j.weight)
        search.select([j.node for j in order], rule=FINAL, scores=[j.weight for j in order],
                      terms={j.node.index: j.terms for j in order})  # fmt: skip

    def answer(self, tree: Tree) -> Answer:
        """The path that was drawn at the end; without a draw the likeliest one by its mean token log-probability."""
        candidates = tree.candidates()
        for node in reversed(candidates):
            if node.decision is not None and (node.decision["rule"], node.decision["rank"]) == (FINAL, 1):
                return Answer(node.index, "drawn by advantage and alignment")
        return best(candidates, [_mean_logprob(tree, node) for node in candidates], "highest mean log-probability")


def _living(nodes: list[Node]) -> list[Node]:
    return [node for node in nodes if node.expandable or node.solved]


def _before(tree: Tree, node: Node, known: dict[int, float]) -> float:
    """F of the beam's last step that was judged; 0 at the beginning."""
    return next((known[step.index] for step in reversed(tree.path(node)[:-1]) if step.index in known), 0.0)


def _mean_logprob(tree: Tree, node: Node) -> float:
    """Nats per token over the whole path; a person's steps have no tokens."""
    steps = tree.path(node)[1:]
    return math.fsum(step.logprob or 0.0 for step in steps) / max(1, sum(step.tokens for step in steps))
