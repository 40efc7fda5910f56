"""Addresses below /api/."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from chargebill.portal.api.cdrs import CdrList, CdrOne
from chargebill.portal.api.errors import unknown_address
from chargebill.portal.api.estimates import EstimateView
from chargebill.portal.api.sessions import SessionList, SessionOne
from chargebill.portal.api.tariffs import TariffList, TariffOne, TariffVersionOne

# What it can do is no secret: the documentation needs no token.
_documentation = [
    path("schema/", SpectacularJSONAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
]
version_1 = [
    path("sessions", SessionList.as_view(), name="sessions"),
    path("sessions/<int:pk>", SessionOne.as_view(), name="session"),
    path("cdrs", CdrList.as_view(), name="cdrs"),
    path("cdrs/<int:pk>", CdrOne.as_view(), name="cdr"),
    path("tariffs", TariffList.as_view(), name="tariffs"),
    path("tariffs/<int:pk>", TariffOne.as_view(), name="tariff"),
    path("tariffs/<int:pk>/versions/<int:number>", TariffVersionOne.as_view(), name="tariff_version"),
    path("estimate", EstimateView.as_view(), name="estimate"),
]

app_name = "api"
urlpatterns = [
    path("v1/", include([*version_1, *_documentation])),
    re_path(r"^(?P<rest>.*)$", unknown_address),
]
