"""Creation keys name nodes by where they came from, and with the seed they fix every draw: no draw shifts another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from search.tree import Node, Tree

Bond = Literal[".", "/", ":"]
"""What a child is to its parent: the next step; a solution of its own that the parent is material for; a note on it."""

UNFINISHED = ("chunk", "aborted")
"""Finishes of a node that ends in the middle of a step."""


def child_keys(
    asks: Sequence[tuple[Node, int]], mark: Literal["", "h", "r"] = "", bond: Bond = "."
) -> list[tuple[str, ...]]:
    """Creation keys of the children to come: `parent.c` with c counted per parent, `parent.h0` by a person's hand,
    `parent.r0` for rollouts (`mark` "h" or "r"); `parent+c` where the child goes on with the parent's own step;
    `parent/c` and `parent:c` where it does not go on from the parent at all (see `Bond`)."""
    taken: dict[int, int] = {}
    keys = []
    for node, n in asks:
        made = node.sampled if not mark else node.human if mark == "h" else node.rolled
        start = made + taken.get(node.index, 0)
        if mark or bond != ".":
            stem = f"{node.key}{bond}{mark}"
        else:
            stem = f"{node.key}+" if node.mid_step else f"{uncut(node.key)}."
        keys.append(tuple(f"{stem}{start + i}" for i in range(n)))
        taken[node.index] = taken.get(node.index, 0) + n
    return keys


def bond_of(key: str) -> str:
    """What the node of this key is to its first parent: `Bond`, or "+" for the rest of a step; "" for the root."""
    return key[_end_of_stem(key) : _end_of_stem(key) + 1]


def by_hand(key: str) -> bool:
    """True if a person wrote or asked for the node of this key."""
    return "h" in key and key[_end_of_stem(key) + 1 :].startswith("h")


def _end_of_stem(key: str) -> int:
    place = len(key) - 1
    while place >= 0 and key[place] not in ".+/:":
        place -= 1
    return place if place >= 0 else len(key)


def uncut(key: str) -> str:
    """The key a node would have if nothing on its path had been decoded in chunks: how steps and streams are named.

    Chunks, then, change nothing about what is sampled: `0.1`, `0.1+0` and `0.1+0+0` are one step of key `0.1`.
    """
    return key.replace("+0", "")


def drawn_before(tree: Tree, parent: Node, key: str) -> int:
    """How many tokens of the stream `uncut(key)` the policy wrote already when it goes on below `parent`."""
    if not key.endswith("+0"):
        return 0
    stream, drawn, piece = uncut(key), 0, parent
    while piece.mid_step:
        drawn += piece.tokens
        if piece.key == stream:
            break
        piece = tree[piece.parents[0]]
    return drawn


def tokens_begun(tree: Tree, node: Node) -> int:
    """Tokens of the step that `node` leaves unfinished; 0 between two steps."""
    begun = 0
    if node.finish == "aborted":
        begun, node = node.tokens, tree[node.parents[0]]
    while node.mid_step:
        begun += node.tokens
        node = tree[node.parents[0]]
    return begun
