"""A NinjaAPI that answers every error with RFC 9457 problem details, whatever went wrong and wherever."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as RequestValidationError

from app.config.problems import Absent, FieldError, Invalid, Malformed, Refusal, TooLarge, Unauthenticated, problem

log = structlog.get_logger(__name__)

MENDS = {
    "missing": "add it",
    "extra_forbidden": "leave it out, or look for a spelling mistake",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a number that is not infinite and not NaN",
    "string_type": "a text in quotes",
    "uuid_parsing": "an id as the API gave it, such as 123e4567-e89b-12d3-a456-426614174000",
    "model_type": 'an object: {"name": value, …}',
    "model_attributes_type": 'an object: {"name": value, …}',
    "dict_type": 'an object: {"name": value, …}',
    "list_type": "a list: [value, …]",
    "json_invalid": "JSON",
}

LIMITS = {
    "ge": "at least {}",
    "gt": "more than {}",
    "le": "at most {}",
    "lt": "less than {}",
    "min_length": "at least {} long",
    "max_length": "at most {} long",
    "expected": "{}",
}


def problem_response(
    status: int, slug: str, title: str, detail: str, errors: list[FieldError] | None = None
) -> HttpResponse:
    """An `application/problem+json` response."""
    return _as_response(problem(status, slug, title, detail, errors or []))


def _as_response(document: dict[str, Any]) -> HttpResponse:
    response = HttpResponse(json.dumps(document), status=document["status"], content_type="application/problem+json")
    if document["status"] == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Espalier"'
    return response


def field_errors(errors: list[dict[str, Any]], *, skip: int = 2) -> list[FieldError]:
    """Pydantic's errors by dotted field; `skip` leaves out where it came from (`body`, the parameter's name)."""
    found = []
    for error in errors:
        location = [str(part) for part in error["loc"]]
        # A path or query parameter has no inner path: ("query", "limit").
        parts = location[skip:] if location[0] == "body" and len(location) > skip else location[1:] or location
        field = ".".join(parts) if location[0] != "body" or len(location) > skip else "body"
        found.append(FieldError(field, _sentence(error), _mend(error)))
    return found


def _mend(error: dict[str, Any]) -> str | None:
    ctx = error.get("ctx") or {}
    for name, words in LIMITS.items():
        if name in ctx:
            return words.format(ctx[name])
    return MENDS.get(error["type"])


def _sentence(error: dict[str, Any]) -> str:
    message = str(error["msg"])
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")


class ProblemAPI(NinjaAPI):
    """NinjaAPI whose errors are problem documents, those of the router (405) included."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_exception_handler(Refusal, _refused)
        self.add_exception_handler(Http404, _absent)
        self.add_exception_handler(AuthenticationError, _no_principal)
        self.add_exception_handler(HttpError, _http_error)
        self.add_exception_handler(RequestValidationError, _bad_fields)
        self.add_exception_handler(ValidationError, _bad_model)
        self.add_exception_handler(RequestDataTooBig, _too_large)
        self.add_exception_handler(Exception, _our_fault)

    def _get_urls(self) -> list[URLResolver | URLPattern]:
        patterns = super()._get_urls()
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                pattern.callback = _explain_method(pattern.callback)
        return [*patterns, path("<path:address>", _no_such_address)]


@csrf_exempt
def _no_such_address(request: HttpRequest, address: str) -> HttpResponse:
    """What no other address took."""
    refusal = Absent(f"There is no address {request.path[:200]}; /api/v1/openapi.json lists them all.")
    return _as_response(refusal.as_json())


def _explain_method(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @functools.wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if not isinstance(response, HttpResponseNotAllowed):
            return response
        allowed = response["Allow"]
        refused = problem_response(
            405,
            "method-not-allowed",
            "This address does not take that method.",
            f"{request.method} is not possible here; {allowed} is.",
            [FieldError("method", f"{request.method} is not possible here", f"use {allowed}")],
        )
        refused["Allow"] = allowed
        return refused

    return answer


def _refused(request: HttpRequest, exc: Any) -> HttpResponse:
    return _as_response(exc.as_json())


def _absent(request: HttpRequest, exc: Any) -> HttpResponse:
    return _as_response(Absent(str(exc) or Absent.title).as_json())


def _no_principal(request: HttpRequest, exc: Any) -> HttpResponse:
    if "Authorization" in request.headers:
        refusal = Unauthenticated(
            "The bearer token is unknown, expired or revoked.",
            [FieldError("Authorization", "unknown, expired or revoked token", "Authorization: Bearer <your token>")],
        )
    else:
        refusal = Unauthenticated(
            "Sign in, or send a bearer token.",
            [FieldError("Authorization", "missing", "Authorization: Bearer <your token>")],
        )
    return _as_response(refusal.as_json())


def _http_error(request: HttpRequest, exc: Any) -> HttpResponse:
    if exc.status_code == 400 and isinstance(exc.__cause__, ValueError | UnicodeDecodeError | RecursionError):
        return _as_response(
            Malformed(
                f"The body is not JSON: {exc.__cause__}.", [FieldError("body", "is not JSON", "send a JSON object")]
            ).as_json()
        )
    if exc.status_code == 400 and isinstance(exc.__cause__, RequestDataTooBig):
        return _too_large(request, exc.__cause__)
    return problem_response(exc.status_code, "refused", "This request cannot be carried out.", exc.message)


def _bad_fields(request: HttpRequest, exc: Any) -> HttpResponse:
    errors = field_errors(exc.errors)
    first = errors[0]
    return _as_response(Invalid(f"{first.field}: {first.message}", errors).as_json())


def _bad_model(request: HttpRequest, exc: Any) -> HttpResponse:
    by_field = exc.message_dict if hasattr(exc, "error_dict") else {"": exc.messages}
    errors = [FieldError(field, message) for field, messages in by_field.items() for message in messages]
    return _as_response(Invalid(f"{errors[0].field}: {errors[0].message}", errors).as_json())


def _too_large(request: HttpRequest, exc: Any) -> HttpResponse:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    detail = f"The body is larger than {limit} bytes."
    return _as_response(TooLarge(detail, [FieldError("body", detail, "send less")]).as_json())


def _our_fault(request: HttpRequest, exc: Any) -> HttpResponse:
    """A bug or a lost database: logged with its trace, told without it."""
    log.exception("request failed", path=request.path, exc_info=exc)
    return problem_response(
        500,
        "internal",
        "Something went wrong on our side.",
        "The error was logged; nothing of this request was stored.",
    )
