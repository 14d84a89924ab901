"""What a strategy is given: the only door to models, randomness and the tree. One effect is under way at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from search.asked import Asked, Prompt
from search.budget import Cap
from search.calibration import Estimate
from search.decisions import Decisions
from search.gate import Gate
from search.growth import Wanted, grow
from search.ledger import Ledger
from search.lockstep import Pack, tokens_left
from search.policies.lockstep import Leash
from search.questions import Question
from search.rollouts import Rollout, roll_out
from search.scores import score
from search.scoring import drive
from search.self_evaluation import self_evaluate
from search.setting import Setting
from search.templates import source_name
from search.tree import Node


class ConcurrentEffects(RuntimeError):
    """A strategy asked for an effect while another was under way; it must await the first."""


class Search(Decisions):
    """Effects are coroutines (`expand`, `ask`, `decode`, `score`, `rollout`, …); the rest is immediate (`Decisions`).

    After each effect a person's commands and the deadline take hold, so that what a strategy looked at before an
    effect may be pruned after it: ask `alive` before you expand.
    """

    def __init__(self, ledger: Ledger, setting: Setting, gate: Gate) -> None:
        super().__init__(ledger, setting.seed)
        self._setting = setting
        self._gate = gate
        self._under_way: str | None = None
        self._edits_seen = len(ledger.tree.edits)
        self._rooms: dict[int, int] = {}  # decoded path's newest node → what is left of the model's context
        self.short: Cap | None = None  # what curtailed the latest expand, if anything did
        self.going_on = False  # the strategy ran before, on less than it asked for

    # -- what can be looked at -------------------------------------------------------------------------------------

    @property
    def has_reward(self) -> bool:
        """True if this run has a reward."""
        return self._setting.scored

    def success(self, node: Node) -> Estimate | None:
        """The driving reward's calibrated probability of success at a node; None without a calibration or a score."""
        return self._setting.sources[0].success(node) if self.has_reward else None

    @property
    def temperature(self) -> float:
        """The run's sampling temperature."""
        return self._setting.sampling.temperature

    @property
    def piece_tokens(self) -> int | None:
        """How many tokens of a path to `decode` at once where nobody looks before its end; None: step by step.

        A policy behind a server wants few long requests. The run's header says so, and replay goes by it.
        """
        return self._setting.piece_tokens

    @property
    def lone_piece_tokens(self) -> int | None:
        """`piece_tokens` for a path that is written alone; older journals ask for such paths step by step."""
        return self._setting.piece_tokens if self._setting.lone_pieces else None

    def can(self, prompt: Prompt) -> bool:
        """True if the policy takes such a prompt."""
        return prompt in self._setting.follows

    def frontier(self) -> list[Node]:
        """Where to begin: the root of a fresh run; the open nodes of a grown tree, or its root if none is open.

        When a raised budget sends a strategy on that had made do with less, only what is open: it does not start anew.
        """
        opened = self.tree.frontier()
        return opened if opened or self.going_on else [self.root]

    def alive(self, frontier: Sequence[Node], *, finished: bool = False) -> list[Node]:
        """The frontier after a person's hand; only nodes that can be continued (or, if `finished`, that are answers).

        What was pruned is dropped. A slot at or below an edited step continues at the person's step instead. What a
        person created, expanded or restored, and is still open, comes first: a budget that ends serves it first.
        """
        tree = self.tree
        replaced = dict(tree.edits[self._edits_seen :])
        self._edits_seen = len(tree.edits)
        slots = [self._rewritten(node, replaced) for node in frontier] if replaced else list(frontier)
        kept = [node for node in slots if node.expandable or (finished and node.solved)]
        if waiting := {index for index in tree.by_hand if tree[index].status == "open"}:
            absent = waiting - {node.index for node in kept}
            kept += [tree[index] for index in dict.fromkeys(tree.by_hand) if index in absent]
            kept.sort(key=lambda node: node.index not in waiting)
        return kept

    # -- effects ---------------------------------------------------------------------------------------------------

    async def expand(
        self,
        nodes: Sequence[Node],
        n: int | Sequence[int] = 1,
        *,
        kind: str = "step",
        temperature: float | None = None,
        also: Sequence[Node] = (),
        draft: bool = False,
    ) -> list[Node]:
        """Sample `n` next steps below each node (or n[i] below node i) and add them, node-major.

        Nodes that ended or were pruned are skipped. `also`: further parents of every child (a merge). `draft`: let the
        run's draft policy write them. While a token
        budget has no room for all at once they are sampled one part after the other, each with what the last one
        gave back. When the budget ends fewer children come; when not one can come, the run stops here.
        """
        counts = [n] * len(nodes) if isinstance(n, int) else n
        wanted = [Wanted(node, count, tuple(also)) for node, count in zip(nodes, counts, strict=True)]
        return await self._grow("expand", wanted, kind=kind, temperature=temperature, draft=draft)

    async def ask(
        self,
        asks: Sequence[tuple[Sequence[Node], Asked]],
        n: int = 1,
        *,
        kind: str,
        temperature: float | None = None,
        tokens: int | None = None,
    ) -> list[Node]:
        """Sample `n` texts of their own for each ask: (the nodes it was made from, what the policy is asked).

        All nodes are parents of what comes, the first one first. A note is written whole, in at most `tokens` tokens;
        of a solution this is the first step: `expand` it. An ask whose nodes were pruned meanwhile is skipped. The
        budget is kept as in `expand`.
        """
        wanted = [Wanted(nodes[0], n, tuple(nodes[1:]), asked) for nodes, asked in asks]
        return await self._grow("ask", wanted, kind=kind, temperature=temperature, tokens=tokens)

    async def _grow(
        self,
        effect: str,
        wanted: Sequence[Wanted],
        *,
        kind: str,
        temperature: float | None,
        draft: bool = False,
        tokens: int | None = None,
    ) -> list[Node]:
        left = [one.n for one in wanted]
        children: list[Node] = []
        self.short = None
        effects = self._gate.drafts if draft else self._gate.effects
        if effects is None:
            raise RuntimeError("this run has no draft policy: a strategy names it in `draft_for`")
        while going := [i for i, one in enumerate(wanted) if one.possible and left[i] > 0]:
            with self._alone(effect):
                grant = effects.reserve([left[i] for i in going], grows=True, step_cap=tokens)
                if isinstance(grant, str):
                    if children:
                        self.short = grant
                        break
                    await self._gate.finish("budget", grant)
                    continue
                asks = [wanted[i]._replace(n=left[i]) for i in going]
                born = await grow(effects, asks, grant, kind=kind, temperature=temperature)
                for i, issued in zip(going, grant.counts, strict=True):
                    left[i] -= issued
                if any(child.finish == "budget" for child in born):
                    self.short = "tokens"
                children += born
                await self._gate.open()
        return children

    async def decode(
        self,
        nodes: Sequence[Node],
        n: int = 1,
        *,
        max_steps: int,
        tokens: int | None = None,
        first: int | None = None,
        abort: bool = True,
        temperature: float | None = None,
    ) -> list[Node]:
        """Let `n` paths below each node run on, all in lockstep; the newest node of each, node-major.

        A path runs across the ends of its steps (each becomes a node), to `max_steps` steps from the root in all, and
        halts after `tokens` tokens, in mid-step if need be: expand or decode it again, and it goes on as if it never
        had. As soon as `first` paths have ended (fewest tokens; two may end at the same token), the others are aborted
        in the engine, or, without `abort`, halted. A budget halts all paths.
        """
        pack = Pack(self._gate.effects, [x for x in nodes for _ in range(n)], max_steps, tokens, Leash(first, abort))
        self.short = None
        while going := pack.going():
            with self._alone("decode"):
                grant = self._gate.effects.reserve([1] * len(going), grows=True, step_cap=1)
                if isinstance(grant, str):
                    if pack.begun:
                        self.short = grant
                        break
                    await self._gate.finish("budget", grant)
                    continue
                await pack.advance(going[: sum(grant.counts)], temperature)
                await self._gate.open()
        self._rooms.update(pack.rooms)
        return [path.leaf for path in pack.paths if path.begun]

    def allowance(self, node: Node, max_steps: int) -> int:
        """The most tokens that a decoded path could still write: by its steps, and by the model's context."""
        left = tokens_left(self.tree, node, max_steps, self._setting.sampling.max_step_tokens)
        return min(left, self._rooms.get(node.index, left))

    async def score(self, nodes: Sequence[Node]) -> None:
        """Give each node the driving reward, and the steps before it that have none; scored nodes cost nothing.

        The rewards recorded beside it score the same nodes after it.
        """
        if not any(source.unscored(nodes) for source in self._setting.sources):
            return
        with self._alone("score"):
            while (short := await drive(self._gate.effects, nodes, between=self._gate.open)) is not None:
                if short != "again":
                    await self._gate.finish("budget", short)
            await self._gate.open()

    async def self_evaluate(self, nodes: Sequence[Node], question: Question = "restart") -> list[float]:
        """The policy's own probability of yes, one reward call per node that was not asked about yet."""
        if any(source_name(question) not in node.rewards for node in nodes if node.expandable or node.solved):
            with self._alone("self_evaluate"):
                while (short := await self_evaluate(self._gate.effects, nodes, question)) is not None:
                    if short != "again":
                        await self._gate.finish("budget", short)
                await self._gate.open()
        return [node.rewards.get(source_name(question), 0.0) for node in nodes]

    async def rollout(
        self, nodes: Sequence[Node], n: int = 1, *, max_steps: int, temperature: float | None = None
    ) -> list[list[Rollout]]:
        """`n` continuations of at most `max_steps` steps per node, journaled but not in the tree.

        A node that ended gets rollouts without steps.
        """
        asks = [(node, n) for node in nodes if node.expandable]
        with self._alone("rollout"):
            rolled = await roll_out(
                self._gate.effects,
                asks,
                max_steps=max_steps,
                temperature=temperature,
                between=self._gate.open,
                spent=lambda cap: self._gate.finish("budget", cap),
            )
        assert not isinstance(rolled, str)
        begun, found = {node.index for node, _ in asks}, iter(rolled)
        return [next(found) if node.index in begun else [Rollout((), node.solved)] * n for node in nodes]

    async def score_rollouts(self, rollouts: Sequence[tuple[Node, Rollout]]) -> list[float]:
        """The reward of each (node, rollout) at the rollout's end. The nodes themselves keep their scores."""
        scores: list[float] = []
        while len(scores) < len(rollouts):
            with self._alone("score"):
                left = self._ledger.budget.left("reward_calls", len(self.tree))
                room = None if left is None else left // self._setting.calls_per_path
                if room == 0:
                    await self._gate.finish("budget", "reward_calls")
                    continue
                batch = rollouts[len(scores) :][:room]
                asked = [(node, self.tree.steps(node, r.texts), r.finished) for node, r in batch]
                payload = await score(self._gate.effects, asked, purpose="rollout")
                if payload is not None:
                    scores += [score for _, score in payload["scores"]]
                    self._ledger.observe_budget()
                    await self._gate.open()
        return scores

    # -- inside ----------------------------------------------------------------------------------------------------

    @contextmanager
    def _alone(self, effect: str) -> Iterator[None]:
        if self._under_way is not None:
            raise ConcurrentEffects(f"{effect} was called while {self._under_way} is under way: await it first")
        self._under_way = effect
        try:
            yield
        finally:
            self._under_way = None

    def _rewritten(self, node: Node, replaced: dict[int, int]) -> Node:
        """The person's step in place of `node`, if `node` is an edited step or lies below one."""
        for step in reversed(self.tree.path(node)):
            if step.index in replaced:
                rewritten = step.index
                while rewritten in replaced:
                    rewritten = replaced[rewritten]
                return self.tree[rewritten]
        return node
