"""A program with a token, and an operator's sessions to read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from chargebill.core.api_tokens import Scope, create_api_token
from chargebill.core.models import ApiToken, LegalEntity
from tests.portal.network import bring_in, company, network, session_of

__all__ = ["bring_in", "company", "network", "session_of"]

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)


@dataclass
class Program:
    """A client of the API with a key of its own."""

    token: ApiToken
    key: str
    client: Client = field(default_factory=Client)

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1/{path}", query, headers={"Authorization": f"Bearer {self.key}"})

    def post(self, path: str, data: Any) -> Any:
        """``data`` is made JSON, unless it is text or bytes."""
        return self.client.post(
            f"/api/v1/{path}", data, content_type="application/json", headers={"Authorization": f"Bearer {self.key}"}
        )

    def all(self, path: str, **query: Any) -> list[Any]:
        """Every row of a list, over all its pages."""
        found, page = [], self.get(path, **query).json()
        while True:
            found += page["results"]
            if page["next"] is None:
                return found
            page = self.client.get(page["next"], headers={"Authorization": f"Bearer {self.key}"}).json()


@pytest.fixture
def program(db: None) -> Callable[..., Program]:
    """``program("sessions:read", entity=...)``; without scopes it has all of them."""

    def make(*scopes: str, entity: LegalEntity | None = None, name: str = "", **more: Any) -> Program:
        number = ApiToken.objects.count() + 1
        arguments = {"expires_at": None, "actor": None, "at": AT, **more}
        return Program(
            *create_api_token(name=name or f"Program {number}", scopes=scopes or Scope.values, entity=entity, **arguments)
        )

    return make
