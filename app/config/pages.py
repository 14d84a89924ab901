"""Cursor pagination: a cursor is the sort key of the last row, so that pages stay right while rows are added."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from ninja import Query

from app.config.problems import Invalid

M = TypeVar("M", bound=Model)

Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=400, description="`next` of the page before.")]


def newest_first(rows: QuerySet[M], *, by: str, cursor: str | None, limit: int) -> tuple[list[M], str | None]:
    """One page ordered by (-`by`, -id), a timestamp and a UUID, and the cursor of the next page (None at the end).

    Raises:
        Invalid: the cursor is not one of ours.
    """
    if cursor:
        moment, row_id = _read(cursor)
        rows = rows.filter(**{f"{by}__lte": moment}).exclude(**{by: moment, "id__gte": row_id})
    page = list(rows.order_by(f"-{by}", "-id")[: limit + 1])
    if len(page) <= limit:
        return page, None
    last = page[limit - 1]
    return page[:limit], _write(getattr(last, by), last.pk)


def _write(moment: datetime, row_id: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps([moment.isoformat(), str(row_id)]).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, UUID]:
    try:
        moment, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        read = datetime.fromisoformat(moment)
        if read.tzinfo is None:
            raise ValueError("no time zone")
        return read, UUID(row_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise Invalid.field("cursor", "is not a cursor of this list", "give back `next` as it was") from error
