"""GET sessions, GET sessions/{id}: what happened, as the source reported it, and where its price stands."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from django.db.models import F, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from billing.models import Chargeable
from chargebill.core.api_tokens import Scope
from chargebill.portal.api.fields import Amount, OptionalQuantity, OptionalText, Quantity
from chargebill.portal.api.filters import IdFilter, MomentFilter, TextFilter
from chargebill.portal.api.pages import ByStart
from chargebill.portal.api.views import Listed, One, answers
from chargebill.portal.session_filters import in_state
from stations.models import ChargingPeriod, Mode, PaymentMethod, Session


class EntitySerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()


class LocationSerializer(serializers.Serializer):
    code = serializers.CharField(help_text="How imported files name the place.")
    name = serializers.CharField()
    country = OptionalText(help_text="ISO 3166 code.")
    time_zone = OptionalText(help_text="IANA name.")


class EvseSerializer(serializers.Serializer):
    uid = serializers.CharField(help_text="How imported files name the EVSE.")
    evse_id = OptionalText(help_text="eMI3 id.")


class ConnectorSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.CharField()
    standard = OptionalText(help_text="OCPI ConnectorType.")
    power_type = OptionalText(help_text="AC or DC.")
    rated_kw = OptionalQuantity(help_text="kW.")


class SessionTokenSerializer(serializers.Serializer):
    uid = serializers.CharField(source="token_uid")
    type = OptionalText(source="token_type", help_text="OCPI TokenType.")
    issuer = OptionalText(source="token_issuer", help_text="Contract id, or who issued the token.")

    def to_representation(self, instance: Session) -> dict[str, Any] | None:
        return super().to_representation(instance) if instance.token_uid else None


class ReportedSerializer(serializers.Serializer):
    amount = Amount("reported_amount", currency_column="reported_currency", help_text="Incl. tax, as the source says.")
    currency = serializers.CharField(source="reported_currency", help_text="ISO 4217 code.")

    def to_representation(self, instance: Session) -> dict[str, Any] | None:
        stated = instance.reported_amount is not None and instance.reported_currency
        return super().to_representation(instance) if stated else None


class CurrentPriceSerializer(serializers.Serializer):
    cdr_id = serializers.IntegerField(source="pk", help_text="`GET cdrs/{id}` explains it.")
    version = serializers.IntegerField()
    currency = serializers.CharField(help_text="ISO 4217 code.")
    net = Amount("net_amount", help_text="Without tax.")
    tax = Amount("tax_amount")
    gross = Amount("gross_amount", help_text="With tax.")


class SessionSerializer(serializers.Serializer):
    """One charging session."""

    id = serializers.IntegerField()
    external_id = serializers.CharField(help_text="Number the source gave it; unique within company and profile.")
    entity = EntitySerializer(help_text="The company.")
    mode = serializers.ChoiceField(Mode.choices, help_text="What it was imported for.")
    location = LocationSerializer()
    evse = EvseSerializer(source="connector.evse")
    connector = ConnectorSerializer()
    started_at = serializers.DateTimeField(help_text="UTC.")
    ended_at = serializers.DateTimeField(help_text="UTC.")
    local_end_date = serializers.DateField(help_text="The day it ended on, by the clock of the place.")
    duration_s = serializers.IntegerField(help_text="Connected, in seconds.")
    charging_s = serializers.IntegerField(allow_null=True, help_text="Charging, in seconds; null: the source does not say.")
    energy_kwh = Quantity(help_text="kWh.")
    meter_start_kwh = OptionalQuantity(help_text="kWh.")
    meter_stop_kwh = OptionalQuantity(help_text="kWh.")
    token = SessionTokenSerializer(source="*", allow_null=True, help_text="Null: no token.")
    payment_method = serializers.ChoiceField(PaymentMethod.choices)
    payment_reference = OptionalText()
    card_last4 = OptionalText(help_text="Last digits of the payment card.")
    stop_reason = OptionalText()
    reported = ReportedSerializer(
        source="*", allow_null=True, help_text="What the source says was charged; null: it does not say."
    )
    announced_tariff = OptionalText(help_text="The tariff the source names.")
    revision = serializers.IntegerField(help_text="Rises when an import changes the facts.")
    state = serializers.ChoiceField(
        Chargeable.State.choices, source="chargeable.state", allow_null=True, help_text="Null: pricing has not seen it yet."
    )
    state_reason = OptionalText(source="chargeable.reason", allow_null=True, help_text="Why it is in that state; a code.")
    price = CurrentPriceSerializer(source="chargeable.cdr", allow_null=True, help_text="The current price; null: none.")


class PeriodSerializer(serializers.Serializer):
    """An OCPI ChargingPeriod; null: not measured."""

    started_at = serializers.DateTimeField(help_text="UTC.")
    ended_at = serializers.DateTimeField(help_text="UTC. Where the next one starts, the last with the session.")
    energy_kwh = OptionalQuantity(help_text="kWh.")
    charging_s = OptionalQuantity(help_text="Seconds.")
    parking_s = OptionalQuantity(help_text="Seconds.")
    reserved_s = OptionalQuantity(help_text="Seconds.")
    min_power_kw = OptionalQuantity(help_text="kW.")
    max_power_kw = OptionalQuantity(help_text="kW.")
    min_current_a = OptionalQuantity(help_text="A.")
    max_current_a = OptionalQuantity(help_text="A.")
    tariff_id = OptionalText(help_text="The partner's.")


class ProvenanceSerializer(serializers.Serializer):
    """Which record of which file the facts are from."""

    import_id = serializers.IntegerField(source="batch_id")
    profile = serializers.CharField(source="batch.source.profile", help_text="Layout of the file.")
    file_name = serializers.CharField(source="batch.file_name")
    file_sha256 = serializers.CharField(source="batch.file_sha256")
    line_no = serializers.IntegerField(help_text="Line its row begins on; number of the record in JSON.")
    imported_at = serializers.DateTimeField(source="batch.created_at", help_text="UTC.")


class EarlierRevisionSerializer(ProvenanceSerializer):
    """Where facts came from that a later import replaced."""

    revision = serializers.IntegerField()
    replaced_at = serializers.DateTimeField(help_text="UTC.")


class SessionDetailSerializer(SessionSerializer):
    """One charging session, with its parts and where it came from."""

    periods = PeriodSerializer(many=True, source="ordered_periods", help_text="Empty: the source gives totals only.")
    provenance = ProvenanceSerializer(source="*")
    earlier_revisions = EarlierRevisionSerializer(many=True, source="revisions.all", help_text="Latest first.")


def of_entity(rows: QuerySet[Session], entity_id: int) -> QuerySet[Session]:
    """Those of one company, walked in time order: by the company's index all of them would be sorted for each page."""
    return rows.alias(entity_unindexed=F("entity_id") + 0).filter(entity_unindexed=entity_id)


class SessionFilters(filters.FilterSet):
    entity = IdFilter(method="by_entity", help_text="Id of the company.")
    location = TextFilter(field_name="location__code", help_text="Code of the place.")
    evse = TextFilter(field_name="connector__evse__uid", most=100, help_text="UID of the EVSE.")
    connector = IdFilter(field_name="connector_id", help_text="Id of the connector.")
    started_from = MomentFilter(field_name="started_at", lookup_expr="gte", help_text="Started then or later.")
    started_before = MomentFilter(field_name="started_at", lookup_expr="lt", help_text="Started earlier than that.")
    ended_from = MomentFilter(field_name="ended_at", lookup_expr="gte", help_text="Ended then or later.")
    ended_before = MomentFilter(field_name="ended_at", lookup_expr="lt", help_text="Ended earlier than that.")
    token = TextFilter(method="by_token", most=64, help_text="UID of the token.")
    state = filters.ChoiceFilter(field_name="chargeable__state", method="by_state", choices=Chargeable.State.choices)
    mode = filters.ChoiceFilter(choices=Mode.choices)

    def by_entity(self, rows: QuerySet[Session], name: str, entity_id: int) -> QuerySet[Session]:
        return of_entity(rows, entity_id)

    def by_token(self, rows: QuerySet[Session], name: str, uid: str) -> QuerySet[Session]:
        # Said again because the index leaves out sessions without a token.
        return rows.filter(token_uid=uid).exclude(token_uid="")

    def by_state(self, rows: QuerySet[Session], name: str, state: str) -> QuerySet[Session]:
        return rows.filter(in_state(state))


WHOLE = Session.objects.select_related("entity", "location", "connector__evse", "batch__source", "chargeable__cdr")


@extend_schema_view(
    get=extend_schema(
        operation_id="sessions_list",
        summary="Sessions, the earliest first",
        description="Scope `sessions:read`. Filters are combined with and; ranges take their beginning in, their end not.",
        responses=answers(SessionSerializer(many=True)),
    )
)
class SessionList(Listed):
    scope = Scope.SESSIONS
    queryset = WHOLE
    serializer_class = SessionSerializer
    only_entity = staticmethod(of_entity)
    filterset_class = SessionFilters
    pagination_class = ByStart


@extend_schema_view(
    get=extend_schema(
        operation_id="sessions_retrieve",
        summary="One session",
        description="Scope `sessions:read`. With its charging periods, and the file and line it came from.",
        responses=answers(SessionDetailSerializer, 404),
    )
)
class SessionOne(One):
    scope = Scope.SESSIONS
    queryset = WHOLE
    serializer_class = SessionDetailSerializer

    def get_queryset(self) -> QuerySet[Session]:
        return super().get_queryset().prefetch_related("periods", "revisions__batch__source")

    def get_object(self) -> Session:
        session: Session = super().get_object()
        session.ordered_periods = list(_with_ends(session))
        return session


def _with_ends(session: Session) -> Iterator[ChargingPeriod]:
    """Periods in order, each with where it ends."""
    periods: list[Any] = list(session.periods.all())
    ends = [later.started_at for _, later in pairwise(periods)] + [session.ended_at]
    for period, end in zip(periods, ends, strict=False):
        period.ended_at = end
        yield period
