"""The whole tree in a few megabytes: the skeleton's columns as PostgreSQL's own binary numbers, for trees of any size.

    4 bytes   length of the head, big-endian
    the head  JSON: `{as_of_seq, state, revision, count, chosen, stopped_by, cap, answer, correct, counters, budget,
              columns: [[name, type, bytes], …]}`
    columns   one after another, in that order

Types: `u1` codes (0 is null, n is the n-th name of CODES), `i2` and `i4` integers, `f4` floats (NaN is null), all
big-endian, one per node in order of creation; `json` is UTF-8 text: `text` an array with the first TEXT_LETTERS letters
of each step, the others `[[index, …], …]` for the few nodes that have one.
"""

from __future__ import annotations

import json
from uuid import UUID

from django.db import connection
from psycopg import Cursor

TEXT_LETTERS = 120
"""Steps are longer seldom; what is left out comes with the node (`GET /runs/{id}/nodes/{index}`)."""

CODES: dict[str, tuple[str, ...]] = {
    "kind": ("root", "step", "answer", "plan", "critique", "revision", "human"),
    "status": ("open", "expanded", "pruned", "terminal", "selected"),
    "finish": ("step", "chunk", "end", "length", "budget", "aborted"),
    "correct": ("false", "true"),
    "reachable": ("false", "true"),
}


def _code(name: str, source: str) -> str:
    """One byte per value, by CODES."""
    cases = " ".join(
        f"WHEN {value if value in ('true', 'false') else repr(value)} THEN '\\x{code:02x}'::bytea"
        for code, value in enumerate(CODES[name], 1)
    )
    return f"string_agg(CASE {source} {cases} ELSE '\\x00'::bytea END, '')"


def _float(source: str) -> str:
    return f"string_agg(float4send(COALESCE({source}, 'NaN')::float4), '')"


def _sparse(values: str, condition: str) -> str:
    pairs = f'json_agg(json_build_array("index", {values})) FILTER (WHERE {condition})'
    return f"convert_to(COALESCE({pairs}, '[]')::text, 'UTF8')"


# name → (type, what PostgreSQL packs), read in one ordered scan of each table.
_NODE = {
    "parent": ("i4", "string_agg(int4send(COALESCE(parents[1], -1)), '')"),
    "depth": ("i4", "string_agg(int4send(depth), '')"),
    "kind": ("u1", _code("kind", "kind")),
    "finish": ("u1", _code("finish", "finish")),
    "tokens": ("i4", "string_agg(int4send(tokens), '')"),
    "seq": ("i4", "string_agg(int4send(created_seq::int4), '')"),
    "logprob": ("f4", _float("logprob")),
    "text": ("json", f"convert_to(COALESCE(json_agg(left(text, {TEXT_LETTERS})), '[]')::text, 'UTF8')"),
    "cut": ("json", _sparse("length(text)", f"length(text) > {TEXT_LETTERS}")),
    "merged": ("json", _sparse("parents", "cardinality(parents) > 1")),
    "by": ("json", _sparse('"by"', '"by" IS NOT NULL')),
}
_STATE = {
    "status": ("u1", _code("status", "status")),
    "reward": ("f4", _float("reward")),
    "value": ("f4", _float("value")),
    "visits": ("i4", "string_agg(int4send(visits), '')"),
    "weight": ("f4", _float("weight")),
    "prior": ("f4", _float("prior")),
    "correct": ("u1", _code("correct", "correct")),
    "reachable": ("u1", _code("reachable", "reachable")),
    "answer": ("json", _sparse("answer", "answer IS NOT NULL")),
    "decision": ("json", _sparse("decision ->> 'outcome', decision ->> 'rule'", "decision IS NOT NULL")),
}
_COLUMNS = _NODE | _STATE


def _packed(columns: dict[str, tuple[str, str]], table: str) -> str:
    chosen = ", ".join(source for _, source in columns.values())
    return f'SELECT {chosen} FROM (SELECT * FROM {table} WHERE run_id = r.id ORDER BY "index") AS ordered'


# One statement is one snapshot: the columns are those of exactly the head that comes with them.
_STATEMENT = f"""
SELECT json_build_object(
    'as_of_seq', r.head_seq, 'state', r.state, 'revision', r.revision, 'chosen', COALESCE(r.chosen, '{{}}'),
    'stopped_by', r.stopped_by, 'cap', r.cap, 'answer', r.answer, 'correct', r.correct, 'budget', r.budget,
    'count', r.nodes,
    'counters', json_build_object('tokens', r.tokens, 'prompt_tokens', r.prompt_tokens, 'nodes', r.nodes,
        'policy_calls', r.policy_calls, 'reward_calls', r.reward_calls)
), node.*, state.*
FROM explorer_run r,
    LATERAL ({_packed(_NODE, "explorer_node")}) AS node,
    LATERAL ({_packed(_STATE, "explorer_nodestate")}) AS state
WHERE r.id = %s
"""


def packed_skeleton(run_id: UUID) -> bytes:
    """The tree as it is now; live goes on after the head's `as_of_seq`."""
    # Binary, or every byte would come as two hexadecimal digits; Django's own cursors cannot.
    with connection.cursor() as wrapper, Cursor(wrapper.connection) as cursor:
        row = cursor.execute(_STATEMENT, (run_id,), binary=True).fetchone()
    assert row is not None, "the caller has seen the run"
    head, *columns = row
    parts = [bytes(column or b"") for column in columns]
    layout = [[name, kind, len(part)] for (name, (kind, _)), part in zip(_COLUMNS.items(), parts, strict=True)]
    head = json.loads(head) if isinstance(head, str) else head
    text = json.dumps(head | {"columns": layout}).encode()
    return b"".join([len(text).to_bytes(4, "big"), text, *parts])
