"""Paths that run on across the ends of their steps, all in lockstep: the effect, and how their steps enter the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from search.creation_keys import UNFINISHED, child_keys, drawn_before, tokens_begun, uncut
from search.effects import Effects, JournalEnds, as_payload
from search.events import Payload
from search.policies.base import Cancellation, StepRequest, StepSample
from search.policies.lockstep import Leash, PathRequest, decode
from search.tree import Node, Tree
from search.verdicts import verify
from search.waiting import attending, in_turn, withdrawing


@dataclass(slots=True)
class Path:
    """One path of a pack: where it is, and how many tokens it may still write."""

    leaf: Node
    tokens: int | None
    begun: bool = False


class Pack:
    """The paths of one `Search.decode`, over the effects that a budget makes of it."""

    def __init__(
        self, effects: Effects, starts: Sequence[Node], max_steps: int, tokens: int | None, leash: Leash
    ) -> None:
        self._effects = effects
        self._tree = effects.ledger.tree
        self._max_steps = max_steps
        self._leash = leash
        self.paths = [Path(node, tokens) for node in starts]
        self.rooms: dict[int, int] = {}

    @property
    def begun(self) -> bool:
        """True once a path has written something."""
        return any(path.begun for path in self.paths)

    def going(self) -> list[Path]:
        """The paths that can go on; none once enough have finished."""
        first = self._leash.first
        if first is not None and self._ended >= first:
            return []
        return [
            path
            for path in self.paths
            if path.leaf.expandable and path.tokens != 0 and steps_left(self._tree, path.leaf, self._max_steps)
        ]

    @property
    def _ended(self) -> int:
        return sum(path.leaf.finish == "end" and path.begun for path in self.paths)

    async def advance(self, going: Sequence[Path], temperature: float | None) -> None:
        """Let these paths run, as far as the budget reaches."""
        budget, nodes, first = self._effects.ledger.budget, len(self._tree), self._leash.first
        leash = replace(
            self._leash,
            first=None if first is None else first - self._ended,
            tokens=budget.left("tokens", nodes),
            steps=budget.left("nodes", nodes),
        )
        together = [list(group) for _, group in groupby(going, lambda path: path.leaf.index)]
        keys = child_keys([(group[0].leaf, len(group)) for group in together])
        asks = [self._ask(group[0], own) for group, own in zip(together, keys, strict=True)]
        for path, grown in zip(going, await run_on(self._effects, asks, leash, temperature), strict=True):
            path.leaf, path.begun = grown.leaf, True
            if path.tokens is not None:
                path.tokens -= grown.tokens
            if grown.room is not None:
                self.rooms[grown.leaf.index] = grown.room

    def _ask(self, path: Path, keys: tuple[str, ...]) -> PathAsk:
        steps = steps_left(self._tree, path.leaf, self._max_steps)
        most = steps * self._effects.setting.sampling.max_step_tokens
        return PathAsk(path.leaf, keys, steps, most if path.tokens is None else min(most, path.tokens))


def steps_left(tree: Tree, node: Node, max_steps: int) -> int:
    """Steps that a path may still write, the one that it is (or was aborted) in the middle of included."""
    return max(0, max_steps - len(tree.step_ends(node)) + (node.finish in UNFINISHED))


def tokens_left(tree: Tree, node: Node, max_steps: int, step_cap: int) -> int:
    """Tokens that a path may still write (or might have, had it not been aborted), by its steps alone."""
    return steps_left(tree, node, max_steps) * step_cap - tokens_begun(tree, node)


@dataclass(frozen=True, slots=True)
class PathAsk:
    """`keys` name as many paths below `node`, each of at most `steps` steps and `tokens` tokens."""

    node: Node
    keys: tuple[str, ...]
    steps: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Grown:
    """A path's newest node, the tokens it wrote, and what is left of the model's context (None: not known)."""

    leaf: Node
    tokens: int
    room: int | None


async def run_on(effects: Effects, asks: Sequence[PathAsk], leash: Leash, temperature: float | None) -> list[Grown]:
    """Decode and add every step (or part of one) as a node, path by path; the paths in issue order."""
    event = await paths_written(effects, asks, leash, temperature)
    ledger, tree, context = effects.ledger, effects.ledger.tree, effects.setting.context
    starts = [(ask.node, key) for ask in asks for key in ask.keys]
    grown: list[Grown] = []
    children: list[Node] = []
    for sample in event["samples"]:
        if sample["part"] == 0:
            parent, key = starts[len(grown)]
            prompt = event["requests"][sample["request"]]["prompt_tokens"]
            grown.append(Grown(parent, 0, None if context is None else context - prompt))
        else:
            parent, key = grown[-1].leaf, f"{uncut(grown[-1].leaf.key)}.0"
        ledger.observe(
            "node_added",
            {
                "index": sample["node"],
                "parents": [parent.index],
                "depth": 1 + parent.depth,
                "kind": "answer" if sample["finish"] == "end" else "step",
                "key": key,
                "text": sample["text"],
                "tokens": sample["tokens"],
                "finish": sample["finish"],
                "logprob": sum(sample["logprobs"]) if sample["logprobs"] or not sample["tokens"] else None,
                "prior": None,
            },
        )
        children.append(tree[sample["node"]])
        so_far = grown[-1]
        room = None if so_far.room is None else so_far.room - sample["tokens"]
        grown[-1] = Grown(children[-1], so_far.tokens + sample["tokens"], room)
    await verify(effects, children)
    ledger.observe_budget()
    return grown


async def paths_written(
    effects: Effects,
    asks: Sequence[PathAsk],
    leash: Leash,
    temperature: float | None,
    purpose: Literal["decode", "rollout"] = "decode",
) -> Payload:
    """The `generate` effect; a sample per step, `part` counts a path's steps from 0. A rollout's are no nodes."""
    sampling = effects.sampling(temperature)
    expected = {
        "purpose": purpose,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "first": leash.first,
        "abort": leash.abort,
    }
    journal = effects.ledger.journal
    if journal.replaying:
        event = effects.ledger.take("generate", expected)
        asked = [(ask.node.index, len(ask.keys), ask.tokens, ask.steps) for ask in asks]
        stored = [(r["node"], r["n"], r["max_tokens"], r["steps"]) for r in event.payload["requests"]]
        if asked != stored:
            journal.differ(event, {"requests": asked})
        return event.payload
    headers, paths = await _decode(effects, asks, leash, temperature)
    samples: list[Payload] = []
    first = len(effects.ledger.tree)
    numbers = [(number, index) for number, ask in enumerate(asks) for index in range(len(ask.keys))]
    for (number, index), steps in zip(numbers, paths, strict=True):
        for part, step in enumerate(steps):
            node = first + len(samples) if purpose == "decode" else None
            place = {"request": number, "index": index, "part": part, "node": node}
            samples.append({**place, **as_payload(step)})
    payload = {**expected, "requests": headers, "samples": samples}
    effects.ledger.append("generate", payload)
    return payload


async def _decode(
    effects: Effects, asks: Sequence[PathAsk], leash: Leash, temperature: float | None
) -> tuple[list[Payload], list[list[StepSample]]]:
    setting, tree = effects.setting, effects.ledger.tree
    policy = setting.policy
    if policy is None:
        raise JournalEnds("the journal ends here, and no policy was given to go on with")
    sampling = effects.sampling(temperature)
    headers: list[Payload] = []
    requests: list[PathRequest] = []
    askers: list[Node] = []
    full: dict[int, int] = {}  # place → prompt tokens, of paths that fill the model's context already
    for ask in asks:
        prompt = effects.prompt(ask.node)
        headers.append(
            {
                "node": ask.node.index,
                "n": len(ask.keys),
                "max_tokens": ask.tokens,
                "steps": ask.steps,
                "prompt_tokens": prompt.tokens,
            }
        )
        room = ask.tokens if setting.context is None else min(ask.tokens, max(1, setting.context - prompt.tokens))
        for key in ask.keys:
            if not prompt.has_room:
                full[len(requests) + len(full)] = prompt.tokens
                continue
            cap = max(1, sampling.max_step_tokens - tokens_begun(tree, ask.node))
            step = StepRequest(
                prompt.text,
                setting.seed,
                uncut(key),
                cap,
                sampling,
                prefix_ids=prompt.ids,
                drawn=drawn_before(tree, ask.node, key),
                written_from=prompt.written_from,
            )
            joint = setting.template.step_end + setting.template.step_start
            requests.append(PathRequest(step, ask.steps, room, sampling.max_step_tokens, joint))
            askers.append(ask.node)
    cancellation = Cancellation()
    pruned = withdrawing(tree, askers, cancellation)
    with attending(effects.ledger, setting, cancellation.request, pruned):
        paths = await in_turn(decode(policy, requests, leash, cancellation))
    allowed: list[StepRequest] = []
    for request, path in zip(requests, paths, strict=True):
        left = request.tokens
        for written in path:
            allowed.append(request.step._replace(max_tokens=left))
            left -= written.tokens
    effects.check_samples(allowed, [step for path in paths for step in path])
    for place, tokens in full.items():
        paths.insert(place, [StepSample("", (), (), "length", tokens)])
    told = iter(paths)
    for header in headers:  # a model server tells the length of a prompt with its samples
        first = [next(told)[0] for _ in range(header["n"])]
        header["prompt_tokens"] = max(header["prompt_tokens"], *(step.prompt_tokens for step in first))
    return headers, paths
