"""Reads request bodies: JSON with exact numbers, of a bounded size and depth."""

from collections.abc import Mapping
from typing import Any

from rest_framework import exceptions, status
from rest_framework.parsers import BaseParser

from billing.pricing.documents import load
from chargebill.portal.api.errors import Refused

MOST_BYTES = 1024**2
# A tariff document is five deep.
MOST_DEPTH = 32


class TooLarge(exceptions.APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = f"The request is larger than {MOST_BYTES // 1024**2} MB. Nothing was read."


class ExactJSONParser(BaseParser):
    """JSON whose numbers become Decimals. Raises PricingError or Refused with what is wrong and where."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        text = stream.read(MOST_BYTES + 1)
        if len(text) > MOST_BYTES:
            raise TooLarge
        value = load(text)
        _check_depth(value)
        return value


def _check_depth(value: Any) -> None:
    """Level by level: whatever handles the value later may go down into it without care."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MOST_DEPTH:
            raise Refused("too_deep", "", f"The document is nested more than {MOST_DEPTH} levels deep. Send it flat.")
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
