"""GET tariffs, GET tariffs/{id}, GET tariffs/{id}/versions/{number}: what is charged, and since when."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_view
from rest_framework import serializers

from billing.models import Tariff, TariffVersion, TaxCategory
from billing.pricing.text import LANGUAGES, tariff_text
from billing.rates import core_tariff
from chargebill.core.api_tokens import Scope
from chargebill.portal.api.fields import OptionalAmount, OptionalText
from chargebill.portal.api.filters import IdFilter, TextFilter
from chargebill.portal.api.pages import Keyset
from chargebill.portal.api.sessions import EntitySerializer
from chargebill.portal.api.views import Listed, One, answers

_PRICE_COMPONENT = {
    "type": "object",
    "properties": {
        "type": {"type": "string", "enum": ["FLAT", "ENERGY", "TIME", "PARKING_TIME"]},
        "price": {"description": "Per kWh, per hour or once, in the tariff's currency.", "type": ["string", "number"]},
        "step_size": {"type": "integer", "description": "Wh or seconds; 0: billed as measured."},
    },
    "required": ["type", "price"],
}
ELEMENTS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "price_components": {"type": "array", "items": _PRICE_COMPONENT},
            "restrictions": {"type": "object", "description": "When the prices apply, as in OCPI."},
        },
        "required": ["price_components"],
    },
    "example": [{"price_components": [{"type": "ENERGY", "price": "0.59", "step_size": 0}]}],
}


@extend_schema_field(ELEMENTS)
class Elements(serializers.JSONField):
    """OCPI TariffElements, as they are stored."""


class VersionInShortSerializer(serializers.Serializer):
    number = serializers.IntegerField()
    state = serializers.ChoiceField(TariffVersion.State.choices)
    valid_from = serializers.DateTimeField(allow_null=True, help_text="UTC; null: since ever, or a draft.")
    valid_until = serializers.DateTimeField(allow_null=True, help_text="UTC, not included; null: no end.")


class TariffSerializer(serializers.Serializer):
    """A named price of a company; what it says is in its versions."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    code = OptionalText(help_text="How imported files name it.")
    currency = serializers.CharField(help_text="ISO 4217 code.")
    entity = EntitySerializer(help_text="The company.")
    versions = VersionInShortSerializer(many=True, source="versions.all", help_text="Latest first.")


class TariffVersionSerializer(VersionInShortSerializer):
    """What a tariff says in a period. A draft may still change; the others never do."""

    tariff = serializers.SerializerMethodField()
    currency = serializers.CharField(source="tariff.currency", help_text="ISO 4217 code, of every amount here.")
    tax_included = serializers.ChoiceField(
        TariffVersion.TaxIncluded.choices, help_text="YES: prices, limits and cap contain tax. NO: it is added to them."
    )
    tax_category = serializers.ChoiceField(TaxCategory.choices)
    elements = Elements(help_text="OCPI TariffElements in order; the first that fits and prices a dimension counts.")
    min_price = OptionalAmount("min_price", currency_column="tariff.currency", help_text="A session costs at least that.")
    max_price = OptionalAmount("max_price", currency_column="tariff.currency", help_text="A session costs at most that.")
    grace_minutes = serializers.IntegerField(help_text="So many idle minutes are free.")
    parking_cap = OptionalAmount("parking_cap", currency_column="tariff.currency", help_text="Idle time costs at most that.")
    text = serializers.SerializerMethodField(help_text="The version in plain words, a sentence each, by language.")
    created_at = serializers.DateTimeField(help_text="UTC.")
    activated_at = serializers.DateTimeField(allow_null=True, help_text="UTC; null: a draft.")

    @extend_schema_field(
        {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}, "required": ["id", "name"]}
    )
    def get_tariff(self, version: TariffVersion) -> dict[str, Any]:
        return {"id": version.tariff_id, "name": version.tariff.name}

    @extend_schema_field(
        {
            "type": "object",
            "properties": {language: {"type": "array", "items": {"type": "string"}} for language in LANGUAGES},
            "required": list(LANGUAGES),
        }
    )
    def get_text(self, version: TariffVersion) -> dict[str, list[str]]:
        tariff = core_tariff(version)
        return {language: list(tariff_text(tariff, language=language)) for language in LANGUAGES}


class TariffFilters(filters.FilterSet):
    entity = IdFilter(field_name="entity_id", help_text="Id of the company.")
    code = TextFilter(field_name="code", most=100, help_text="How imported files name it.")
    currency = TextFilter(field_name="currency", most=3, help_text="ISO 4217 code.")


@extend_schema_view(
    get=extend_schema(
        operation_id="tariffs_list",
        summary="Tariffs",
        description="Scope `tariffs:read`.",
        responses=answers(TariffSerializer(many=True)),
    )
)
class TariffList(Listed):
    scope = Scope.TARIFFS
    queryset = Tariff.objects.select_related("entity").prefetch_related("versions")
    serializer_class = TariffSerializer
    filterset_class = TariffFilters
    pagination_class = Keyset


@extend_schema_view(
    get=extend_schema(
        operation_id="tariffs_retrieve",
        summary="One tariff",
        description="Scope `tariffs:read`.",
        responses=answers(TariffSerializer, 404),
    )
)
class TariffOne(One):
    scope = Scope.TARIFFS
    queryset = TariffList.queryset
    serializer_class = TariffSerializer


@extend_schema_view(
    get=extend_schema(
        operation_id="tariff_versions_retrieve",
        summary="One version of a tariff",
        description="Scope `tariffs:read`. Its elements as OCPI, and what OCPI can't say beside them.",
        responses=answers(TariffVersionSerializer, 404),
    )
)
class TariffVersionOne(One):
    scope = Scope.TARIFFS
    queryset = TariffVersion.objects.select_related("tariff")
    serializer_class = TariffVersionSerializer
    entity_column = "tariff__entity_id"

    def get_object(self) -> TariffVersion:
        rows: QuerySet[TariffVersion] = self.get_queryset()
        return get_object_or_404(rows, tariff_id=self.kwargs["pk"], number=self.kwargs["number"])
