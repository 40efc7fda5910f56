"""Settings of the API: its errors, its OpenAPI document at /api/v1/schema/ and the page that shows it."""

SPECTACULAR_SETTINGS = {
    "TITLE": "ChargeBill",
    "VERSION": "1",
    "DESCRIPTION": """\
Sessions, what they cost and why, tariffs, and what a session would cost. Read-only.

* **Token**: `Authorization: Bearer cb_...`. An Administrator creates tokens under Settings, API tokens.
* **Money** is text with the digits of its currency (`"6.00"` EUR, `"6"` JPY), beside its `currency`. Unit prices and
  quantities are exact text without zeros at the end; the unit is in the name (`energy_kwh`, `charging_s`).
* **Times** are UTC, `2026-09-06T21:55:00Z`. Ranges take their beginning in, their end not.
* **null** means: not known, or there is none. It is never 0.
* **Lists** come in pages: follow `next` until it is null.
* **Errors** have one shape, `{"error": {"code", "where", "message"}}`. `code` is stable.
""",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": [],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SORT_OPERATIONS": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"persistAuthorization": False, "tryItOutEnabled": True, "defaultModelsExpandDepth": 0},
    "ENUM_NAME_OVERRIDES": {
        "SessionState": "billing.models.Chargeable.State",
        "TariffVersionState": "billing.models.TariffVersion.State",
        "Mode": "stations.models.Mode",
        "PaymentMethod": "stations.models.PaymentMethod",
        "CustomerKind": "memberships.models.CustomerKind",
        "Anchor": "billing.models.Anchor",
        "TaxCategory": "billing.models.TaxCategory",
        "TaxIncluded": "billing.models.TariffVersion.TaxIncluded",
    },
}
REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "chargebill.portal.api.errors.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    # Who sends no token is nobody, not an anonymous person.
    "UNAUTHENTICATED_USER": None,
}
