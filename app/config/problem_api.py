"""A NinjaAPI that answers every error with RFC 9457 problem details, whatever went wrong and wherever."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.csrf import csrf_exempt
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as RequestValidationError
from ninja.openapi.schema import OpenAPISchema

from app.config.field_errors import field_errors
from app.config.problems import Absent, FieldError, Invalid, Malformed, Refusal, TooLarge, Unauthenticated, problem

log = structlog.get_logger(__name__)

PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457 problem details; `errors` names every wrong field and, where there is one, the mend.",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {name: {"type": "string"} for name in ("field", "message", "mend")},
            },
        },
    },
}
REFUSED = {
    "description": "The request was refused",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
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
        self.add_exception_handler(SuspiciousOperation, _malformed)  # too many fields or files
        self.add_exception_handler(MultiPartParserError, _malformed)
        self.add_exception_handler(Exception, _our_fault)

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """The usual document, with what every address answers when it refuses."""
        schema = super().get_openapi_schema(**kwargs)
        schema.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM_SCHEMA
        for methods in schema["paths"].values():
            for operation in methods.values():
                operation["responses"].setdefault("default", REFUSED)
        return schema

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


def _malformed(request: HttpRequest, exc: Any) -> HttpResponse:
    detail = f"The body cannot be read: {exc}"
    return _as_response(
        Malformed(detail, [FieldError("body", str(exc), "multipart/form-data as documented")]).as_json()
    )


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
