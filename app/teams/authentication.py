"""How a request to the API says who is asking: a bearer token, or the page's cookie with its CSRF token."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from app.config.problems import FieldError, Forbidden
from app.teams.principals import Principal, bearer_token, principal_of_bearer, principal_of_cookie


class Bearer(AuthBase):
    """`Authorization: Bearer <token>`: an API token of a user, or the token of a share link."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Principal | None:
        token = bearer_token(request.headers)
        return principal_of_bearer(token) if token is not None else None


class PageCookie(AuthBase):
    """The signed-in browser. Writes need the CSRF token in `X-CSRFToken`.

    A request that shows an `Authorization` header never falls back to the cookie: a wrong token must be noticed.
    """

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = "espalier_session"

    def __call__(self, request: HttpRequest) -> Any:
        if "Authorization" in request.headers:
            return None
        principal = principal_of_cookie(request.user, request.session)
        if principal is not None and check_csrf(request) is not None:
            raise Forbidden(
                "The CSRF token is missing or wrong.",
                [FieldError("X-CSRFToken", "missing or wrong", "reload the page; scripts use a bearer token")],
            )
        return principal
