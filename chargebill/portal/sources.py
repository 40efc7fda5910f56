"""Sources in the portal: a company's rows in one layout, and whether the tariffs they name are believed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import BooleanRadioFilter, RelatedDropdownFilter

from chargebill.portal.repricing import RepricingMixin
from stations.models import Source


@admin.register(Source)
class SourceAdmin(RepricingMixin):
    """Made by the first import of their kind; only the trust in them changes."""

    list_display = ["profile", "entity", "trusted_tariffs"]
    list_filter = [("entity", RelatedDropdownFilter), ("trusted_tariffs", BooleanRadioFilter)]
    list_select_related = ["entity"]
    search_fields = ["profile", "entity__name"]
    search_help_text = "Layout or company"
    fields = ["entity", "profile", "trusted_tariffs"]
    readonly_fields = ["entity", "profile"]
    empty_sentence = "The first import of a company in a layout makes its source."
    priced_by = ("trusted_tariffs",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Source]:
        return super().get_queryset(request).order_by("entity__name", "profile")
