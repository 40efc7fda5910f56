"""Lists in pages: a cursor says after which row to go on, so a page costs the same anywhere and none is skipped."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from chargebill.portal.api.errors import Refused

DEFAULT_LIMIT, MOST = 100, 500
# Beyond SQLite's and PostgreSQL's key columns.
LARGEST_ID = 2**63 - 1


class Keyset(BasePagination):
    """Pages in ascending order of ``moment``, then id; without a moment, of id alone."""

    moment = ""

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: APIView | None = None) -> list[Any]:
        self.request = request
        self.limit = self._limit(request.query_params.get("limit", ""))
        if cursor := request.query_params.get("cursor", ""):
            queryset = queryset.filter(self._after(cursor))
        order = [self.moment, "pk"] if self.moment else ["pk"]
        found = list(queryset.order_by(*order)[: self.limit + 1])
        self.more = len(found) > self.limit
        self.found = found[: self.limit]
        return self.found

    def _limit(self, text: str) -> int:
        if not text:
            return DEFAULT_LIMIT
        if text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and 1 <= int(text) <= MOST:
            return int(text)
        raise Refused("limit", "limit", f"The limit must be a whole number from 1 to {MOST}. Leave it out for {DEFAULT_LIMIT}.")

    def _after(self, cursor: str) -> Q:
        try:
            moment, key = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
            if type(key) is not int or not 0 <= key <= LARGEST_ID:
                raise ValueError
            if not self.moment:
                return Q(pk__gt=key)
            at = datetime.fromisoformat(moment).astimezone(UTC)
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise Refused("cursor", "cursor", "The cursor can't be read. Take it whole from “next”, or leave it out.") from None
        # Said first on its own, so that the index of the moment is where the search begins.
        return Q(**{f"{self.moment}__gte": at}) & (Q(**{f"{self.moment}__gt": at}) | Q(pk__gt=key))

    def _next(self) -> str | None:
        if not self.more:
            return None
        last = self.found[-1]
        moment = getattr(last, self.moment).isoformat() if self.moment else ""
        cursor = base64.urlsafe_b64encode(json.dumps([moment, last.pk]).encode()).decode()
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"next": self._next(), "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {
            "type": ["string", "null"],
            "format": "uri",
            "description": "Address of the next page; null on the last.",
            "example": "https://billing.example.com/api/v1/cdrs/?cursor=WyIiLCAxMDBd",
        }
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {"next": following, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": "limit",
                "in": "query",
                "description": f"Rows a page, {DEFAULT_LIMIT} unless told.",
                "schema": {"type": "integer", "minimum": 1, "maximum": MOST, "default": DEFAULT_LIMIT},
            },
            {
                "name": "cursor",
                "in": "query",
                "description": "Where to go on: taken from `next` of the page before.",
                "schema": {"type": "string"},
            },
        ]


class ByStart(Keyset):
    moment = "started_at"
