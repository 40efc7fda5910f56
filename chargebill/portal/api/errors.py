"""Every refusal in one shape: ``{"error": {"code", "where", "message"}}``, as commands and documents have it."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, status
from rest_framework.response import Response

from billing.pricing import PricingError
from chargebill.core.errors import UserError


class Refused(exceptions.APIException):
    """400: what was asked can't be done."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, code: str, where: str, message: str) -> None:
        super().__init__(message, code)
        self.where = where


def body(code: str, where: str, message: str) -> dict[str, dict[str, str]]:
    return {"error": {"code": code, "where": where, "message": message}}


def handle(problem: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception handler; None lets a fault of ours become a 500."""
    if isinstance(problem, Http404):
        problem = exceptions.NotFound()
    elif isinstance(problem, DjangoPermissionDenied):
        problem = exceptions.PermissionDenied()
    elif isinstance(problem, UserError | PricingError):
        problem = Refused(problem.code, problem.where, problem.message)
    if not isinstance(problem, exceptions.APIException):
        return None
    return Response(body(*_told(problem)), status=problem.status_code, headers=_headers(problem))


def _told(problem: exceptions.APIException) -> tuple[str, str, str]:
    """(code, where, message)"""
    if isinstance(problem, exceptions.Throttled):
        seconds = round(problem.wait or 1)
        return "too_many_requests", "", f"The token has used up its requests of this minute. Go on in {seconds} s."
    if isinstance(problem, exceptions.ValidationError):
        return next(_wrong(problem.detail, ""))
    if isinstance(problem, exceptions.NotFound):
        message = "There is nothing here. It does not exist, or the token's company is another one."
        return "not_found", "", message
    if isinstance(problem, exceptions.MethodNotAllowed):
        return "method_not_allowed", "", f"{problem.detail} Nothing was changed."
    return str(problem.detail.code), getattr(problem, "where", ""), str(problem.detail)


def _wrong(detail: Any, where: str) -> Iterator[tuple[str, str, str]]:
    """(code, where, message) of each mistake in what was sent."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            at = "" if name in ("non_field_errors", "__all__") else str(name)
            yield from _wrong(inner, f"{where}.{at}" if where and at else where or at)
    elif isinstance(detail, list):
        for inner in detail:
            yield from _wrong(inner, where)
    else:
        yield str(detail.code), where, str(detail)


def _headers(problem: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(problem, "auth_header", None):
        wrong = isinstance(problem, exceptions.AuthenticationFailed)
        headers["WWW-Authenticate"] = f'{challenge}, error="invalid_token"' if wrong else challenge
    if wait := getattr(problem, "wait", None):
        headers["Retry-After"] = str(max(1, round(wait)))
    return headers


def unknown_address(request: HttpRequest, rest: str = "") -> JsonResponse:
    """Any address below /api/ that is none."""
    message = "The API has no such address. /api/v1/docs/ lists what it has."
    return JsonResponse(body("not_found", "", message), status=status.HTTP_404_NOT_FOUND)
