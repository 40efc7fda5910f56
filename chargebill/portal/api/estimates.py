"""POST estimate: what a session would cost, and why. Nothing is stored."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from billing.estimates import Asked, Estimate, NoPrice, estimate, estimate_by_document, version_of
from billing.models import Tariff
from billing.pricing import Anchor, Spanning, read_tariff
from billing.pricing.documents import as_number
from billing.pricing.notes import in_words
from chargebill.core.api_tokens import Scope
from chargebill.core.models import ApiToken, validate_time_zone
from chargebill.portal.api.authentication import of_token
from chargebill.portal.api.cdrs import CdrCustomerSerializer, CdrTariffSerializer, LineSerializer, shown_lines, without_name
from chargebill.portal.api.errors import Refused
from chargebill.portal.api.fields import DECIMAL, OptionalAmount, OptionalQuantity, OptionalText
from chargebill.portal.api.pages import LARGEST_ID
from chargebill.portal.api.tariffs import ELEMENTS
from chargebill.portal.api.views import TokenView, answers
from memberships.models import CustomerKind
from stations.models import Connector

LONGEST = timedelta(days=31)
# A session outside of these is a slip; far outside, a moment can't be moved to another zone.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
MOST_KWH = Decimal(1_000_000)


@extend_schema_field({**DECIMAL, "type": ["string", "number"], "minimum": 0, "maximum": int(MOST_KWH), "example": "22.287"})
class Energy(serializers.Field):
    """kWh, as text or as a number; not below 0."""

    default_error_messages = {"invalid": "Give the energy in kWh as a plain number from 0 to {most}, such as 22.287."}

    def to_internal_value(self, data: Any) -> Decimal:
        number = as_number(data)
        if number is None or not 0 <= number <= MOST_KWH:
            self.fail("invalid", most=int(MOST_KWH))
        return cast(Decimal, number)


@extend_schema_field(
    {
        "type": "object",
        "required": ["currency", "elements"],
        "properties": {
            "id": {"type": "string", "maxLength": 255},
            "currency": {"type": "string", "pattern": "^[A-Za-z]{3}$"},
            "elements": {**ELEMENTS, "minItems": 1},
            "tax_included": {"type": "string", "enum": ["YES", "NO", "N/A"], "description": "OCPI 2.3.0 only."},
        },
        "description": "An OCPI Tariff (2.2.1; 2.3.0 where it has `tax_included`).",
    }
)
class Document(serializers.Field):
    """A JSON object, read by the pricing core."""

    default_error_messages = {"invalid": "Give an OCPI Tariff here: an object with “currency” and “elements”."}

    def to_internal_value(self, data: Any) -> Mapping[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return cast(Mapping[str, Any], data)


def _id(help_text: str) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False, help_text=help_text)


class EstimateRequestSerializer(serializers.Serializer):
    """A session, and by what it is priced: the tariff that applies at a connector, a tariff named, or one written here."""

    start = serializers.DateTimeField(help_text="A moment; without a zone it is UTC.")
    end = serializers.DateTimeField(help_text="After `start`, at most 31 days.")
    energy_kwh = Energy(help_text="kWh, as text or number.")
    charging_s = serializers.IntegerField(
        min_value=0,
        max_value=int(LONGEST.total_seconds()),
        required=False,
        allow_null=True,
        help_text="Charging, in seconds; the rest of the time the car stands idle. Left out: all of it is charging.",
    )
    connector = _id("Id of the connector.")
    evse = serializers.CharField(max_length=100, required=False, help_text="UID of an EVSE with one connector, instead.")
    token = serializers.CharField(max_length=64, required=False, help_text="UID of the token it would be started with.")
    tariff = _id("Id of a tariff to price by, whatever applies.")
    version = serializers.IntegerField(
        min_value=1,
        max_value=2**31 - 1,
        required=False,
        help_text="Its version, drafts too. Left out: the one in force at `start`.",
    )
    document = Document(required=False, help_text="A tariff to price by, as an OCPI document. Its own taxes count.")
    time_zone = serializers.CharField(
        max_length=64, required=False, help_text="IANA name, for a document; left out: the connector's."
    )
    spanning = serializers.ChoiceField(
        [
            (Spanning.START.value, "the price at the start counts"),
            (Spanning.CHEAPEST.value, "the cheapest price counts"),
            (Spanning.SPLIT.value, "each part costs its own price"),
        ],
        required=False,
        help_text="When the price changes meanwhile. Left out: the company's policy; for a document START.",
    )

    def validate_time_zone(self, name: str) -> str:
        validate_time_zone(name)
        return name

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        for name in self.initial_data:
            if name not in self.fields:
                raise Refused("unknown_field", str(name)[:60], f"There is no such field. Use {', '.join(self.fields)}.")
        start, end = attrs["start"], attrs["end"]
        for name, moment in (("start", start), ("end", end)):
            if not EARLIEST <= moment <= LATEST:
                raise Refused("out_of_range", name, f"Give a moment from {EARLIEST.year} to {LATEST.year}.")
        if not start < end <= start + LONGEST:
            raise Refused("end", "end", f"The end must come after the start, at most {LONGEST.days} days later.")
        if (charging_s := attrs.get("charging_s")) is not None and charging_s > (end - start).total_seconds():
            raise Refused("charging_s", "charging_s", "It can't charge longer than it is connected.")
        self._check_sources(attrs)
        return attrs

    def _check_sources(self, attrs: dict[str, Any]) -> None:
        def both(one: str, other: str) -> bool:
            return one in attrs and other in attrs

        for one, other in (("connector", "evse"), ("tariff", "document")):
            if both(one, other):
                raise Refused("too_much", other, f"Give “{one}” or “{other}”, not both.")
        if not attrs.keys() & {"connector", "evse", "tariff", "document"}:
            raise Refused("too_little", "connector", "Say by what: give a connector, an evse, a tariff or a document.")
        if "version" in attrs and "tariff" not in attrs:
            raise Refused("too_little", "tariff", "A version needs its tariff.")
        if "time_zone" in attrs and "document" not in attrs:
            raise Refused("too_much", "time_zone", "Stored places have their own time zone. Leave it out.")
        if both("token", "document"):
            raise Refused("too_much", "token", "A document has one price for everyone. Leave the token out.")


class EstimateSerializer(serializers.Serializer):
    """What it would cost."""

    currency = serializers.CharField(source="result.currency", help_text="ISO 4217 code, of every amount here.")
    net = OptionalAmount("result.net", currency_column="result.currency", help_text="Without tax; null: not known.")
    tax = OptionalAmount("result.tax", currency_column="result.currency", help_text="Null: not known.")
    gross = OptionalAmount("result.gross", currency_column="result.currency", help_text="With tax; null: not known.")
    anchor = serializers.ChoiceField(
        [(anchor.value, anchor.value) for anchor in Anchor],
        source="result.anchor",
        help_text="The side that was rounded once; OCPI: each side on its own.",
    )
    exact_net = OptionalQuantity(source="result.exact_net", help_text="Before rounding; null: not known.")
    exact_gross = OptionalQuantity(source="result.exact_gross", help_text="Before rounding; null: not known.")
    lines = serializers.SerializerMethodField(help_text="They add up to the totals. Empty: free of charge.")
    tariff = CdrTariffSerializer(source="version", allow_null=True, help_text="Null: the document.")
    assignment_id = serializers.IntegerField(
        source="assignment.pk", allow_null=True, default=None, help_text="The rule that chose the tariff; null: it was named."
    )
    customer_kind = serializers.ChoiceField(CustomerKind.choices, source="kind", allow_null=True, help_text="Null: a document.")
    customer = CdrCustomerSerializer(allow_null=True, help_text="Whose token it is; null: nobody's known.")
    time_zone = OptionalText(help_text="The clock the tariff was read by; null: it needs none.")
    why = serializers.SerializerMethodField(help_text="Which tariff, which tax and why, in sentences.")
    notes = serializers.SerializerMethodField(help_text="What was assumed, and what is worth knowing, in sentences.")

    @extend_schema_field(LineSerializer(many=True))
    def get_lines(self, found: Estimate) -> Any:
        return LineSerializer(shown_lines(found.result.lines, found.result.currency), many=True).data

    def get_why(self, found: Estimate) -> list[str]:
        return [without_name(sentence, found.customer) for sentence in found.why]

    def get_notes(self, found: Estimate) -> list[str]:
        return list(in_words(found.result.notes))


EXAMPLE = OpenApiExample(
    "At an EVSE",
    {
        "evse": "50914-1",
        "start": "2026-09-06T21:55:00Z",
        "end": "2026-09-07T05:03:00Z",
        "energy_kwh": "22.287",
        "charging_s": 14520,
    },
    request_only=True,
)


class EstimateView(TokenView):
    scope = Scope.ESTIMATE

    @extend_schema(
        operation_id="estimate",
        summary="What a session would cost",
        description="Scope `estimate`. Priced as a session of which only totals are known; nothing is stored.",
        request=EstimateRequestSerializer,
        responses=answers(EstimateSerializer, 404, 409, 413, 415),
        examples=[EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        wanted = EstimateRequestSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            found = _estimate(wanted.validated_data, request.auth)
        except NoPrice as reason:
            raise Unpriced(reason.code, reason.where, reason.message) from None
        return Response(EstimateSerializer(found).data)


class Unpriced(Refused):
    """409: everything was understood, and such a session would get no price."""

    status_code = status.HTTP_409_CONFLICT


def _estimate(wanted: dict[str, Any], token: ApiToken) -> Estimate:
    asked = Asked(
        start=wanted["start"],
        end=wanted["end"],
        energy_kwh=wanted["energy_kwh"],
        charging_s=wanted.get("charging_s"),
        token_uid=wanted.get("token", ""),
        spanning=Spanning(wanted["spanning"]) if "spanning" in wanted else None,
    )
    connector = _connector(wanted, token)
    if "document" in wanted:
        zone = wanted.get("time_zone") or (_zone(connector) if connector else "")
        return estimate_by_document(asked=asked, tariff=read_tariff(wanted["document"], where="document"), time_zone=zone)
    if "tariff" not in wanted:
        assert connector is not None
        return estimate(asked=asked, entity=connector.evse.entity, connector=connector)
    tariff = of_token(token, Tariff.objects.select_related("entity")).filter(pk=wanted["tariff"]).first()
    if tariff is None:
        raise Refused("tariff_unknown", "tariff", "There is no such tariff. Take its id from GET tariffs.")
    if connector is not None and connector.evse.entity_id != tariff.entity_id:
        raise Refused("other_company", "tariff", "The tariff is of another company than the connector.")
    version = version_of(tariff, number=wanted.get("version"), at=asked.start)
    return estimate(asked=asked, entity=tariff.entity, connector=connector, version=version)


def _connector(wanted: dict[str, Any], token: ApiToken) -> Connector | None:
    rows = of_token(token, Connector.objects.select_related("evse__location", "evse__entity"), "evse__entity_id")
    if "connector" in wanted:
        if found := rows.filter(pk=wanted["connector"]).first():
            return cast(Connector, found)
        raise Refused("connector_unknown", "connector", "There is no such connector. Take its id from GET sessions.")
    if "evse" not in wanted:
        return None
    found = list(rows.filter(evse__uid=wanted["evse"]).order_by("pk")[:20])
    if not found:
        raise Refused("evse_unknown", "evse", "There is no such EVSE, or it has no connector. Take its uid from GET sessions.")
    if len(found) > 1:
        ids = ", ".join(str(connector.pk) for connector in found)
        raise Refused("evse_ambiguous", "evse", f"It has several connectors. Give one as “connector”: {ids}.")
    return cast(Connector, found[0])


def _zone(connector: Connector) -> str:
    return connector.evse.location.time_zone or connector.evse.entity.time_zone
