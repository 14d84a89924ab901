"""A person's hand on the tree: expand, prune, restore, edit and hint, on a running, paused or finished search."""

from __future__ import annotations

from collections.abc import Callable

from search.asked import Asked
from search.commands import Command, RejectedCommand
from search.effects import Effects
from search.growth import Wanted, grow, write_step
from search.policies.base import PolicyError
from search.scoring import drive
from search.templates import render_prompt
from search.tree import Node, Tree

Below = Callable[[Tree, Node], Asked | None]


class Hand:
    """Checks a command against the tree as it is, and carries it out."""

    def __init__(self, effects: Effects, below: Below = lambda tree, note: None) -> None:
        """`below` says what the strategy asks for next below a note, so that a person may ask for more of it."""
        self._effects = effects
        self._ledger = effects.ledger
        self._below = below

    def check(self, command: Command) -> None:
        """Nothing if the command can be carried out.

        Raises:
            RejectedCommand: it cannot; names the field and what to do instead.
        """
        tree, node = self._ledger.tree, self._node(command)
        name = command.command
        if name in ("prune", "edit") and not node.parents:
            raise RejectedCommand(
                "node", "node: the problem itself is no step to prune or edit; cancel the run instead"
            )
        if name == "prune" and node.status == "pruned":
            raise RejectedCommand("node", f"node: {node.index} is pruned already")
        if name == "restore" and node.status != "pruned":
            raise RejectedCommand("node", f"node: {node.index} is not pruned, there is nothing to restore")
        if name == "edit" and tree[node.parents[0]].status == "pruned":
            raise RejectedCommand("node", f"node: the step before {node.index} is pruned; restore it first")
        if name in ("expand", "hint") and not node.expandable:
            mend = "restore it first" if node.status == "pruned" else "it ends there; edit it instead"
            raise RejectedCommand("node", f"node: {node.index} cannot be continued; {mend}")
        if name == "hint" and not self._effects.setting.template.supports_hints:
            raise RejectedCommand("text", "text: this policy takes no hints (it was not trained on any); edit a step")
        if name in ("edit", "hint"):
            self._check_readable(command, node)
        if name == "edit" and self._ledger.budget.left("nodes", len(tree)) == 0:
            raise RejectedCommand("budget", "budget.nodes is spent; raise it before you add a step")
        if name == "expand":
            grant = self._effects.reserve([command.n or 1], grows=True)
            if isinstance(grant, str):
                raise RejectedCommand("budget", f"budget.{grant} is spent; raise it before you expand")

    def _check_readable(self, command: Command, node: Node) -> None:
        """A step or hint that the policy cannot read would fail the run at its next step: refuse it now."""
        setting, tree = self._effects.setting, self._ledger.tree
        if setting.policy is None or command.text is None:
            return
        text = command.text.strip()
        if command.command == "edit":
            prompt = setting.prompt(tree, tree[node.parents[0]], [text], asked=node.asked).text
        else:
            steps, asked = tree.steps(node), tree.origin(node)
            prompt = render_prompt(setting.template, setting.problem, steps, [text], begun=node.mid_step, asked=asked)
        try:
            tokens = setting.policy.prompt_tokens(prompt)
        except PolicyError as error:
            raise RejectedCommand("text", f"text: {error}") from error
        if setting.context is not None and tokens >= setting.context:
            raise RejectedCommand(
                "text", f"text: the path would have {tokens} tokens; the policy reads {setting.context}"
            )

    async def carry_out(self, command: Command) -> None:
        """Do what a checked (or journaled) command says. A hint has nothing to do: the reducer keeps it."""
        node, name = self._node(command), command.command
        if name == "prune":
            self._prune(node, command.by)
        elif name == "restore":
            self._restore(node, command.by)
        elif name == "edit":
            await self._score([await write_step(self._effects, node, (command.text or "").strip(), command.by)])
        elif name == "expand":
            grant = self._effects.reserve([command.n or 1], grows=True)
            if isinstance(grant, str):
                raise RuntimeError(f"a checked expand command met a spent budget ({grant})")
            wanted = Wanted(node, command.n or 1, asked=self._below(self._ledger.tree, node) if node.note else None)
            await self._score(await grow(self._effects, [wanted], grant, by=command.by))

    def _node(self, command: Command) -> Node:
        tree = self._ledger.tree
        if command.node is None or command.node >= len(tree):
            raise RejectedCommand("node", f"node: there is no node {command.node}; the last one is {len(tree) - 1}")
        return tree[command.node]

    async def _score(self, nodes: list[Node]) -> None:
        while await drive(self._effects, nodes, purpose="human") == "again":
            pass

    def _prune(self, node: Node, by: str) -> None:
        """The node and all below it that no other living parent holds."""
        doomed = [below for below in self._ledger.tree.held_by(node) if below.status != "pruned"]
        self._ledger.observe(
            "pruned",
            {
                "rule": "person",
                "cutoff": None,
                "of": len(doomed),
                "nodes": [{"node": below.index, "score": below.reward, "rank": None} for below in doomed],
                "by": by,
            },
        )

    def _restore(self, node: Node, by: str) -> None:
        """The node, what was pruned below it by the same event, and what is pruned above it: a path is whole or not."""
        tree = self._ledger.tree
        event = (node.decision or {}).get("seq")
        above = [step.index for step in tree.path(node)[:-1] if step.status == "pruned"]
        below = [
            step.index
            for step in tree.subtree(node)
            if step is node or (step.status == "pruned" and (step.decision or {}).get("seq") == event)
        ]
        self._ledger.observe("restored", {"nodes": [*above, *below], "by": by})
