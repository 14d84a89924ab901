"""The nodes of a run: a page of them, or one with everything known about it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import connection

from app.explorer.models import Run
from app.explorer.store.jsonb import loads, restored
from search.creation_keys import bond_of

_COLUMNS = (
    'n."index", n.parents, n.depth, n.kind, n.key, n.text, n.tokens, n.finish, n.logprob, n."by", n.created_seq, '
    "s.status, s.value, s.visits, s.reward, s.rewards::text, s.weight, s.prior, s.answer, s.canonical, s.correct, "
    "s.reachable, s.decision::text"
)
_FROM = """
FROM explorer_node n LEFT JOIN explorer_nodestate s ON s.run_id = n.run_id AND s."index" = n."index"
WHERE n.run_id = %s
"""
_PAGE = f'SELECT {_COLUMNS} {_FROM} AND n."index" > %s ORDER BY n."index" LIMIT %s'
_ONE = f'SELECT {_COLUMNS}, n.token_ids, n.logprobs {_FROM} AND n."index" = %s'
_CHILDREN = 'SELECT "index" FROM explorer_node WHERE run_id = %s AND "index" > %s AND %s = ANY(parents) ORDER BY 1'
# Along first parents, iteratively: ten thousand levels happen.
_PATH = """
WITH RECURSIVE path AS (
    SELECT "index", parents, text, token_ids, finish, key, created_seq, 0 AS up
    FROM explorer_node WHERE run_id = %(run)s AND "index" = %(index)s
    UNION ALL
    SELECT n."index", n.parents, n.text, n.token_ids, n.finish, n.key, n.created_seq, path.up + 1
    FROM path JOIN explorer_node n ON n.run_id = %(run)s AND n."index" = path.parents[1]
)
SELECT path."index", path.text, path.finish, s.rewards::text, path.token_ids, path.key, path.created_seq
FROM path LEFT JOIN explorer_nodestate s ON s.run_id = %(run)s AND s."index" = path."index" ORDER BY path.up DESC
"""
_HINTS = """
SELECT (payload ->> 'node')::int, payload::text FROM explorer_event
WHERE run_id = %s AND kind = 'human' AND payload ->> 'command' = 'hint' AND seq <= %s ORDER BY seq
"""
_ASKED = "SELECT payload -> 'asked' FROM explorer_event WHERE run_id = %s AND seq = %s"
_SAMPLED = """
SELECT payload ->> 'writer', (
    SELECT (sample -> 'entropies')::text FROM jsonb_array_elements(payload -> 'samples') AS sample
    WHERE sample -> 'node' = to_jsonb(%s) LIMIT 1
)
FROM explorer_event WHERE run_id = %s AND kind = 'generate' AND seq < %s ORDER BY seq DESC LIMIT 1
"""
NAMES = (
    "index", "parents", "depth", "kind", "key", "text", "tokens", "finish", "logprob", "by", "created_seq",
    "status", "value", "visits", "reward", "rewards", "weight", "prior", "answer", "canonical", "correct",
    "reachable", "decision",
)  # fmt: skip


def nodes_page(run_id: UUID, *, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
    """Folded nodes (without `children`) with an index above `after`, and where the next page starts."""
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, (run_id, after, limit + 1))
        rows = cursor.fetchall()
    page = [_node(row) for row in rows[:limit]]
    return page, page[-1]["index"] if len(rows) > limit else None


def node_detail(run: Run, index: int) -> dict[str, Any] | None:
    """A folded node with its `children`, token arrays and `path`; None if there is none.

    Of the solution to it the `pieces` (text, halted in mid-step), their `path_rewards` and `path_ids`, and what it was
    `asked` for.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ONE, (run.pk, index))
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.execute(_CHILDREN, (run.pk, index, index))
        children = [child for (child,) in cursor.fetchall()]
        cursor.execute(_PATH, {"run": run.pk, "index": index})
        path = cursor.fetchall()
        # A solution begins below the problem, or where one was asked for; what comes after a note begins anew.
        bonds = [bond_of(key) for *_, key, _ in path]
        begin = max((at for at, bond in enumerate(bonds) if bond in ("/", ":")), default=0)
        own = begin > 0 and (bonds[begin] == "/" or begin == len(path) - 1)
        asked = None
        if own:
            cursor.execute(_ASKED, (run.pk, path[begin][-1]))
            (asked,) = cursor.fetchone() or (None,)
    solution = path[begin if own else begin + 1 :]
    *columns, token_ids, logprobs = row
    return _node(columns) | {
        "children": children,
        "token_ids": token_ids,
        "token_logprobs": logprobs,
        "path": [step for step, *_ in path],
        "pieces": [(restored(text), finish == "chunk") for _, text, finish, *_ in solution],
        "path_rewards": [loads(rewards) if rewards else {} for _, _, _, rewards, *_ in solution],
        "path_ids": [ids for *_, ids, _, _ in solution],
        "asked": loads(asked) if isinstance(asked, str) else asked,
    }


def hints_along(run_id: UUID, path: list[int], upto: int) -> list[str]:
    """The hints given at nodes of `path` before event `upto`, from the root down, as the engine renders them."""
    with connection.cursor() as cursor:
        cursor.execute(_HINTS, (run_id, upto))
        given = cursor.fetchall()
    at: dict[int, list[str]] = {}
    for node, payload in given:
        at.setdefault(node, []).append(loads(payload)["text"])
    return [hint for node in path for hint in at.get(node, ())]


def node_sampled(run_id: UUID, index: int, created_seq: int) -> tuple[str | None, list[float]]:
    """Which of a run's two policies wrote a node ("policy" or "draft"), and how open each of its tokens was to it.

    The entropies are in nats, as far as the policy's engine told them: else there are none.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLED, (index, run_id, created_seq))
        writer, entropies = cursor.fetchone() or (None, None)
    return writer, loads(entropies) if entropies else []


def _node(row: Any) -> dict[str, Any]:
    node = dict(zip(NAMES, row, strict=True))
    for name in ("text", "answer", "canonical", "by"):
        if node[name] is not None:
            node[name] = restored(node[name])
    node["rewards"] = loads(node["rewards"]) if node["rewards"] else {}
    node["decision"] = loads(node["decision"]) if node["decision"] else None
    # A node is written before its state only within one transaction, so a missing state is a freshly born node.
    node["status"] = node["status"] or (
        "terminal" if node["finish"] in ("end", "length", "budget", "aborted") else "open"
    )
    node["visits"] = node["visits"] or 0
    return node
