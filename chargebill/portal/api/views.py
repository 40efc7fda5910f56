"""What every address of the API has in common, and what its documentation says of each."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django_filters import rest_framework as filters
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, inline_serializer
from rest_framework import generics, serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from chargebill.core.api_tokens import Scope
from chargebill.portal.api.authentication import BearerAuthentication, HasScope, of_token
from chargebill.portal.api.errors import Refused, body, handle
from chargebill.portal.api.pages import LARGEST_ID
from chargebill.portal.api.parsing import ExactJSONParser
from chargebill.portal.api.throttling import TokenThrottle


class KnownParameters(filters.DjangoFilterBackend):
    """Filters by the view's filterset; an unknown or empty parameter is refused: a list that ignores it is a wrong list."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        known = {*self.get_filterset_class(view, queryset).base_filters, "limit", "cursor"}
        for name in request.query_params:
            if name not in known:
                raise Refused("unknown_parameter", name[:60], f"There is no such filter. Use {', '.join(sorted(known))}.")
            if not request.query_params[name]:
                raise Refused("empty_parameter", name, "It is empty. Give it a value, or leave it out.")
        return super().filter_queryset(request, queryset, view)


class TokenView(APIView):
    """An address that a token with ``scope`` may ask."""

    scope: ClassVar[Scope]
    authentication_classes = [BearerAuthentication]
    permission_classes = [HasScope]
    throttle_classes = [TokenThrottle]
    renderer_classes = [JSONRenderer]
    parser_classes = [ExactJSONParser]
    schema = AutoSchema()

    def get_exception_handler(self) -> Any:
        return handle

    def finalize_response(self, request: HttpRequest, response: Response, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        # It is for one client, and true now.
        answer["Cache-Control"] = "private, no-store"
        return answer


class OfCompany(TokenView, generics.GenericAPIView):
    """Rows of the token's company: ``entity_column`` names the way to it, ``only_entity`` may know a quicker one."""

    entity_column = "entity_id"
    only_entity: ClassVar[Callable[[QuerySet[Any], int], QuerySet[Any]] | None] = None
    filter_backends = [KnownParameters]

    def get_queryset(self) -> QuerySet[Any]:
        rows = super().get_queryset()
        if self.request is None:
            # The documentation is drawn without a request.
            return rows
        token = self.request.auth
        if self.only_entity and token.entity_id is not None:
            return self.only_entity(rows, token.entity_id)
        return of_token(token, rows, self.entity_column)


class Listed(OfCompany, generics.ListAPIView):
    """A list in pages."""


class One(OfCompany, generics.RetrieveAPIView):
    """One row, by the numbers in its address."""

    filter_backends = []

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if any(number > LARGEST_ID for number in kwargs.values()):
            raise Http404


_ERROR = inline_serializer(
    "Error",
    {
        "error": inline_serializer(
            "ErrorDetail",
            {
                "code": serializers.CharField(help_text="Stable: programs may rely on it."),
                "where": serializers.CharField(help_text="The parameter or place in what was sent; empty where there is none."),
                "message": serializers.CharField(help_text="What is wrong and what to do, for people."),
            },
        )
    },
)
_EXAMPLES = {
    400: ("state", "state", "Select a valid choice. LATE is not one of the available choices."),
    401: ("token_unknown", "", "This token is unknown. Check that the whole key was copied."),
    403: ("scope_missing", "", "This needs the scope prices:read; the token “Controlling” has sessions:read."),
    404: ("not_found", "", "There is nothing here. It does not exist, or the token's company is another one."),
    406: ("not_acceptable", "", "Could not satisfy the request Accept header."),
    409: ("no_tariff", "", "No tariff is assigned to this driver at this place on the day it started."),
    413: ("too_large", "", "The request is larger than 1 MB. Nothing was read."),
    415: ("unsupported_media_type", "", 'Unsupported media type "text/csv" in request.'),
    429: ("too_many_requests", "", "The token has used up its requests of this minute. Go on in 24 s."),
}
_MEANING = {
    400: "What was sent can't be used. Nothing was changed.",
    401: "No token, or one that is unknown, ended or revoked.",
    403: "The token lacks the scope.",
    404: "It does not exist, or belongs to a company the token does not see.",
    406: "Only JSON is spoken.",
    409: "Such a session would get no price; the code says why.",
    413: "More than 1 MB was sent.",
    415: "What was sent is not called JSON.",
    429: "Too many requests this minute; Retry-After says how many seconds to wait.",
}


def answers(found: Any, *also: int, examples: Sequence[OpenApiExample] = ()) -> dict[int, Any]:
    """The documented answers of an address: ``found``, and what can go wrong everywhere and (``also``) here."""
    wrong = {
        status: OpenApiResponse(
            _ERROR, _MEANING[status], [OpenApiExample(_EXAMPLES[status][0], body(*_EXAMPLES[status]), response_only=True)]
        )
        for status in sorted({400, 401, 403, 406, 429, *also})
    }
    return {200: OpenApiResponse(found, "Found.", list(examples)), **wrong}
