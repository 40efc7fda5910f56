"""Who asks: a program with a key in its Authorization header, and what its token allows."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from chargebill.core.api_tokens import token_of
from chargebill.core.models import ApiToken

CHALLENGE = 'Bearer realm="ChargeBill"'
HOW = "An Administrator creates tokens under Settings, API tokens."


class BearerAuthentication(BaseAuthentication):
    """``Authorization: Bearer cb_...``: ``request.auth`` is the ApiToken. No cookie counts, so no page can use one."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiToken] | None:
        scheme, _, key = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        # A key is ASCII; anything else is somebody else's, and unknown like it.
        token = token_of(key.strip().decode("ascii", "replace"))
        if token is None:
            raise AuthenticationFailed(f"This token is unknown. Check that the whole key was copied. {HOW}", "token_unknown")
        if token.revoked_at is not None:
            raise AuthenticationFailed(f"The token “{token.name}” was revoked. Use another one. {HOW}", "token_revoked")
        if token.expires_at is not None and token.expires_at <= timezone.now():
            when = f"{token.expires_at:%-d %b %Y %H:%M} UTC"
            raise AuthenticationFailed(f"The token “{token.name}” ended on {when}. Use a new one. {HOW}", "token_expired")
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class HasScope(BasePermission):
    """The token has the scope its view names."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        token = request.auth
        if token is None:
            raise NotAuthenticated(f"Send a token as “Authorization: Bearer cb_...”. {HOW}", "token_missing")
        wanted: str = view.scope  # type: ignore[attr-defined]
        if wanted not in token.scopes:
            may = ", ".join(token.scopes) or "nothing"
            raise PermissionDenied(
                f"This needs the scope {wanted}; the token “{token.name}” has {may}. Use a token with it. {HOW}", "scope_missing"
            )
        return True


def of_token(token: ApiToken, rows: QuerySet[Any], column: str = "entity_id") -> QuerySet[Any]:
    """The rows the token may see: those of its company, by the column that leads there, or all."""
    return rows if token.entity_id is None else rows.filter(**{column: token.entity_id})


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": f"A key that begins with cb_. {HOW}"}
