"""Refusals: what a service raises when it will not do something, and what the API answers as RFC 9457 problem details.

Every refusal says what is wrong, names the field, and where there is one the mend. A service raises them before it
writes, so nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field (dotted path from the request's body) and what to do about it."""

    field: str
    message: str
    mend: str | None = None

    def as_json(self) -> dict[str, str]:
        """The member of a problem's `errors`; `mend` only where there is one."""
        entry = {"field": self.field, "message": self.message}
        return entry | {"mend": self.mend} if self.mend else entry


class Refusal(Exception):
    """Base of all refusals; `status` is the HTTP status, `slug` the last part of the problem's type."""

    status = 400
    slug = "bad-request"
    title = "This request cannot be carried out."

    def __init__(self, detail: str, errors: Iterable[FieldError] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)

    def as_json(self) -> dict[str, Any]:
        """The problem document."""
        return problem(self.status, self.slug, self.title, self.detail, self.errors)


class Invalid(Refusal):
    """The input is understood and wrong: 422."""

    status = 422
    slug = "invalid-input"
    title = "Some fields are not valid."

    @classmethod
    def field(cls, field: str, message: str, mend: str | None = None) -> Invalid:
        """The usual case of one wrong field."""
        return cls(f"{field}: {message}", [FieldError(field, message, mend)])


class Malformed(Refusal):
    """The body cannot be read: 400."""

    status = 400
    slug = "malformed"
    title = "The request cannot be read."


class Unauthenticated(Refusal):
    """Nobody, or somebody with a wrong token: 401."""

    status = 401
    slug = "unauthenticated"
    title = "Who are you?"


class Forbidden(Refusal):
    """Seen, but not allowed: 403."""

    status = 403
    slug = "forbidden"
    title = "Your role does not allow this."


class Absent(Refusal):
    """Does not exist, or may not be seen; the two are not told apart: 404."""

    status = 404
    slug = "not-found"
    title = "There is no such thing, or you may not see it."


class Conflict(Refusal):
    """Cannot be done in the present state: 409. `detail` says why and what to do."""

    status = 409
    slug = "conflict"
    title = "This cannot be done now."


class TooLarge(Refusal):
    """The body is larger than the server reads: 413."""

    status = 413
    slug = "too-large"
    title = "The request is too large."


def problem(status: int, slug: str, title: str, detail: str, errors: Iterable[FieldError] = ()) -> dict[str, Any]:
    """An RFC 9457 problem document; `type` is a relative reference into the documentation."""
    return {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": [error.as_json() for error in errors],
    }
