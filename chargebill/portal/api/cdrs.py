"""GET cdrs, GET cdrs/{id}: what sessions cost, and for the current price why."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from billing.models import Anchor, Cdr, Chargeable
from billing.pricing import Dimension, Line
from billing.queries import LABELS, explain
from chargebill.core.api_tokens import Scope
from chargebill.portal.api.fields import Amount, OptionalAmount, OptionalQuantity, OptionalText, Quantity
from chargebill.portal.api.filters import IdFilter, MomentFilter, TextFilter, YesNoFilter
from chargebill.portal.api.pages import Keyset
from chargebill.portal.api.sessions import EntitySerializer
from chargebill.portal.api.views import Listed, One, answers
from chargebill.portal.session_filters import in_state
from memberships.models import Customer, CustomerKind


class CdrSessionSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    external_id = serializers.CharField()
    started_at = serializers.DateTimeField(help_text="UTC.")
    ended_at = serializers.DateTimeField(help_text="UTC.")
    energy_kwh = Quantity(help_text="kWh.")


class CdrTariffSerializer(serializers.Serializer):
    id = serializers.IntegerField(source="tariff_id")
    name = serializers.CharField(source="tariff.name")
    version = serializers.IntegerField(source="number")


class CdrCustomerSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    number = OptionalText(help_text="The company's own customer number.")


class PartsSerializer(serializers.Serializer):
    """Amounts in the CDR's currency, on the side of its anchor; they add up to that total."""

    fixed = Amount("fixed_amount", help_text="Start fee.")
    energy = Amount("energy_amount")
    time = Amount("time_amount", help_text="Charging time.")
    parking = Amount("parking_amount", help_text="Idle time, its cap included.")
    reservation = Amount("reservation_amount")
    limit = Amount("limit_amount", help_text="What a minimum adds or a maximum takes off.")


class CdrSerializer(serializers.Serializer):
    """One price of one session. Never changes: a new price is a new version."""

    id = serializers.IntegerField()
    session = CdrSessionSerializer()
    version = serializers.IntegerField()
    current = serializers.SerializerMethodField(help_text="Whether it is the session's price now.")
    session_revision = serializers.IntegerField(help_text="The facts it was computed from.")
    entity = EntitySerializer(help_text="The company.")
    created_at = serializers.DateTimeField(help_text="UTC.")
    currency = serializers.CharField(help_text="ISO 4217 code, of every amount here.")
    net = Amount("net_amount", help_text="Without tax.")
    tax = Amount("tax_amount")
    gross = Amount("gross_amount", help_text="With tax.")
    anchor = serializers.ChoiceField(
        Anchor.choices, help_text="The side that was rounded once; tax was taken out of it or put on it."
    )
    parts = PartsSerializer(source="*")
    tax_rate = OptionalQuantity(help_text="Percent; null: its lines carry several.")
    tax_code = OptionalText()
    exact_net = Quantity(help_text="Before rounding.")
    exact_gross = Quantity(help_text="Before rounding.")
    priced_gross = OptionalAmount(
        "priced_gross_amount", help_text="Where another system took the money: what our tariff would have asked."
    )
    tariff = CdrTariffSerializer(source="tariff_version", allow_null=True, help_text="Null: taken over as reported.")
    assignment_id = serializers.IntegerField(allow_null=True, help_text="The rule that chose the tariff; null: none.")
    customer_kind = serializers.ChoiceField(CustomerKind.choices)
    customer = CdrCustomerSerializer(allow_null=True, help_text="Null: nobody known by the token.")
    assumption = OptionalText(help_text="What was assumed about a session of which only totals are known; a code.")
    notes = serializers.SerializerMethodField(help_text="Codes of what is worth knowing about this price.")
    engine = serializers.CharField(help_text="What computed it.")

    def get_current(self, cdr: Cdr) -> bool:
        chargeable: Chargeable | None = getattr(cdr.session, "chargeable", None)
        return chargeable is not None and chargeable.cdr_id == cdr.pk

    def get_notes(self, cdr: Cdr) -> list[str]:
        return cdr.notes.split()


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line with what it is in."""

    line: Line
    currency: str

    @property
    def label(self) -> str:
        return LABELS.get(self.line.dimension, self.line.dimension.value)

    @property
    def price_per(self) -> str:
        return {"s": "min"}.get(self.line.unit, self.line.unit)


class LineSerializer(serializers.Serializer):
    """One line of the bill. Its net, tax and gross add up; null where nobody can know that side."""

    dimension = serializers.ChoiceField([(d.value, LABELS.get(d, d.value)) for d in Dimension], source="line.dimension")
    label = serializers.CharField()
    start = serializers.DateTimeField(source="line.start", help_text="UTC.")
    end = serializers.DateTimeField(source="line.end", help_text="UTC.")
    measured = Quantity(source="line.measured", help_text="In `unit`.")
    billed = Quantity(source="line.billed", help_text="In `unit`.")
    unit = OptionalText(source="line.unit", help_text="kWh, s (seconds) or session; null: a limit or a cap.")
    unit_price = OptionalQuantity(source="line.unit_price", help_text="In `currency`, for one `unit_price_per`.")
    unit_price_per = OptionalText(source="price_per", help_text="kWh, min or session; null: a limit or a cap.")
    currency = serializers.CharField(help_text="ISO 4217 code.")
    net = OptionalAmount("line.net", help_text="Without tax.")
    tax_rate = OptionalQuantity(source="line.tax_rate", help_text="Percent.")
    tax_code = OptionalText(source="line.tax_code")
    tax = OptionalAmount("line.tax")
    gross = OptionalAmount("line.gross", help_text="With tax.")
    element = serializers.IntegerField(
        source="line.element", allow_null=True, help_text="Index of the tariff element that set the price; null: none did."
    )
    reason = serializers.CharField(source="line.reason", help_text="Why this price, in words.")


def shown_lines(lines: Iterable[Line], currency: str) -> list[ShownLine]:
    return [ShownLine(line, currency) for line in lines]


class ExplanationSerializer(serializers.Serializer):
    """How the price came about, computed now by the reference pricer."""

    agrees = serializers.BooleanField(
        help_text="False: computed now it comes out differently. The stored price stands, and needs a look."
    )
    lines = LineSerializer(many=True, help_text="They add up to the totals. Empty: taken over as reported, or free.")
    why = serializers.ListField(child=serializers.CharField(), help_text="Which tariff, which tax and why, in sentences.")
    notes = serializers.ListField(child=serializers.CharField(), help_text="What is worth knowing about it.")


class CdrDetailSerializer(CdrSerializer):
    """One price of one session, explained while it is the current one."""

    state = serializers.ChoiceField(
        Chargeable.State.choices, source="session.chargeable.state", allow_null=True, help_text="Where its session stands."
    )
    state_reason = OptionalText(source="session.chargeable.reason", allow_null=True, help_text="Why; a code.")
    explanation = ExplanationSerializer(allow_null=True, help_text="Null: a newer price took its place.")


class CdrFilters(filters.FilterSet):
    entity = IdFilter(field_name="entity_id", help_text="Id of the company.")
    session = IdFilter(field_name="session_id", help_text="Id of the session.")
    location = TextFilter(field_name="session__location__code", help_text="Code of the place.")
    customer = IdFilter(field_name="customer_id", help_text="Id of the customer.")
    tariff = IdFilter(field_name="tariff_version__tariff_id", help_text="Id of the tariff.")
    state = filters.ChoiceFilter(
        field_name="session__chargeable__state",
        method="by_state",
        choices=Chargeable.State.choices,
        help_text="Where its session stands.",
    )
    current = YesNoFilter(method="only_current", help_text="true: prices that count now; false: those replaced.")
    ended_from = MomentFilter(field_name="session__ended_at", lookup_expr="gte", help_text="Session ended then or later.")
    ended_before = MomentFilter(field_name="session__ended_at", lookup_expr="lt", help_text="Session ended earlier.")
    created_from = MomentFilter(field_name="created_at", lookup_expr="gte", help_text="Priced then or later.")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt", help_text="Priced earlier.")

    def by_state(self, rows: QuerySet[Cdr], name: str, state: str) -> QuerySet[Cdr]:
        return rows.filter(in_state(state, session="session_id"))

    def only_current(self, rows: QuerySet[Cdr], name: str, wanted: bool) -> QuerySet[Cdr]:
        current = Exists(Chargeable.objects.filter(pk=OuterRef("session_id"), cdr_id=OuterRef("pk")))
        return rows.filter(current if wanted else ~current)


WHOLE = Cdr.objects.select_related("session__chargeable", "entity", "tariff_version__tariff", "customer")


@extend_schema_view(
    get=extend_schema(
        operation_id="cdrs_list",
        summary="Prices of sessions, in the order they were made",
        description="Scope `prices:read`. Every version; `current=true` leaves out those that were replaced. "
        "To keep up, go on from the last cursor: a new price always comes last.",
        responses=answers(CdrSerializer(many=True)),
    )
)
class CdrList(Listed):
    scope = Scope.PRICES
    queryset = WHOLE
    serializer_class = CdrSerializer
    filterset_class = CdrFilters
    pagination_class = Keyset


@extend_schema_view(
    get=extend_schema(
        operation_id="cdrs_retrieve",
        summary="One price, explained",
        description="Scope `prices:read`. Names of customers are left out.",
        responses=answers(CdrDetailSerializer, 404),
    )
)
class CdrOne(One):
    scope = Scope.PRICES
    queryset = WHOLE
    serializer_class = CdrDetailSerializer

    def get_object(self) -> Cdr:
        cdr: Cdr = super().get_object()
        cdr.explanation = _explained(cdr)
        return cdr


def _explained(cdr: Cdr) -> dict[str, Any] | None:
    told = explain(cdr.session)
    if told.cdr is None or told.cdr.pk != cdr.pk:
        return None
    return {
        "agrees": told.agrees,
        "lines": shown_lines(told.lines, cdr.currency),
        "why": [without_name(sentence, cdr.customer) for sentence in told.why],
        "notes": told.notes,
    }


def without_name(sentence: str, customer: Customer | None) -> str:
    """The sentence with the customer's number for the name: the scopes are about prices, not about people."""
    return sentence if customer is None else sentence.replace(str(customer), f"Customer {customer.number or customer.pk}")
