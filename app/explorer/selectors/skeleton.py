"""The whole tree without its texts, as columns: what a page needs to draw 100,000 nodes at once."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.db import connection

from app.explorer.selectors.events import journal_events
from search.reducer import fold

# name → where it comes from; a value per node, in order of creation
COLUMNS = {
    "index": 'n."index"', "parents": "n.parents", "depth": "n.depth", "kind": "n.kind", "status": "s.status",
    "finish": "n.finish", "tokens": "n.tokens", "reward": "s.reward", "value": "s.value", "visits": "s.visits",
    "weight": "s.weight", "prior": "s.prior", "logprob": "n.logprob", "correct": "s.correct",
    "reachable": "s.reachable", "outcome": "s.decision ->> 'outcome'", "rule": "s.decision ->> 'rule'",
}  # fmt: skip

_AGGREGATES = ", ".join(
    f"""'{name}', COALESCE(json_agg({source} ORDER BY n."index"), '[]')""" for name, source in COLUMNS.items()
)
# One statement is one snapshot: the columns are those of exactly the head that comes with them. PostgreSQL writes the
# JSON itself; carrying two million values through Python takes seconds.
_SKELETON = f"""
SELECT json_build_object(
    'as_of_seq', r.head_seq, 'state', r.state, 'revision', r.revision, 'chosen', COALESCE(r.chosen, '{{}}'),
    'count', t.count, 'columns', t.columns
)::text
FROM explorer_run r, LATERAL (
    SELECT count(*) AS count, json_build_object({_AGGREGATES}) AS columns
    FROM explorer_node n LEFT JOIN explorer_nodestate s ON s.run_id = n.run_id AND s."index" = n."index"
    WHERE n.run_id = r.id
) t
WHERE r.id = %s
"""


def skeleton(run_id: UUID, at: int | None = None) -> str:
    """`{as_of_seq, state, revision, chosen, count, columns: {name: [value per node]}}` as JSON text.

    Live goes on after `as_of_seq`. `at` gives the tree as it was after that event, folded from the journal.
    """
    if at is not None:
        return json.dumps(_folded(run_id, at))
    with connection.cursor() as cursor:
        cursor.execute(_SKELETON, (run_id,))
        return str(cursor.fetchone()[0])


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
