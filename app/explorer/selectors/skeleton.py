"""The whole tree without its texts, as columns: what a page needs to draw 100,000 nodes at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection

from app.explorer.selectors.events import journal_events
from search.reducer import fold

COLUMNS = (
    "index", "parents", "depth", "kind", "status", "finish", "tokens", "reward", "value", "visits", "weight", "prior",
    "logprob", "correct", "reachable", "outcome", "rule",
)  # fmt: skip

# One statement is one snapshot: the columns are those of exactly the head that comes with them.
_SKELETON = """
SELECT r.head_seq, r.state, r.revision, r.chosen, n."index", n.parents, n.depth, n.kind, s.status, n.finish, n.tokens,
    s.reward, s.value, s.visits, s.weight, s.prior, n.logprob, s.correct, s.reachable,
    s.decision ->> 'outcome', s.decision ->> 'rule'
FROM explorer_run r
LEFT JOIN explorer_node n ON n.run_id = r.id
LEFT JOIN explorer_nodestate s ON s.run_id = n.run_id AND s."index" = n."index"
WHERE r.id = %s ORDER BY n."index"
"""


def skeleton(run_id: UUID, at: int | None = None) -> dict[str, Any]:
    """`{as_of_seq, state, revision, chosen, count, columns: {name: [value per node]}}`; live goes on after `as_of_seq`.

    `at` gives the tree as it was at that event, folded from the journal.
    """
    if at is not None:
        return _folded(run_id, at)
    with connection.cursor() as cursor:
        cursor.execute(_SKELETON, (run_id,))
        rows = cursor.fetchall()
    head, state, revision, chosen = rows[0][:4]
    nodes = [row[4:] for row in rows if row[4] is not None]
    values = [list(column) for column in zip(*nodes, strict=True)] or [[] for _ in COLUMNS]
    return {
        "as_of_seq": head,
        "state": state,
        "revision": revision,
        "chosen": chosen or [],
        "count": len(nodes),
        "columns": dict(zip(COLUMNS, values, strict=True)),
    }


def _folded(run_id: UUID, at: int) -> dict[str, Any]:
    tree = fold(journal_events(run_id, at))
    rows = [
        {**node.as_dict(), "outcome": (node.decision or {}).get("outcome"), "rule": (node.decision or {}).get("rule")}
        for node in tree.nodes
    ]
    return {
        "as_of_seq": tree.head_seq,
        "state": None,
        "revision": (tree.finished or {}).get("revision", 0),
        "chosen": tree.chosen,
        "count": len(rows),
        "columns": {name: [row[name] for row in rows] for name in COLUMNS},
    }
