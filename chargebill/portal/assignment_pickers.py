"""Places, EVSEs, connectors, customers and tokens by what people call them: read from a box, and offered while typing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model, Q
from django.http import Http404, HttpRequest, JsonResponse
from django.urls import reverse_lazy
from django.views.decorators.http import require_GET

from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity
from chargebill.portal import format as written
from chargebill.portal.session_filters import spellings, starts_with
from chargebill.portal.site import page
from memberships.models import Customer, Token
from stations.models import Connector, Evse, Location

MOST = 20
LONGEST = 120


@dataclass(frozen=True, slots=True)
class Option:
    """What goes into the box, and what stands beside it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of thing: ``find`` gives those a text may mean exactly, ``offer`` those it may become, at most MOST."""

    noun: str
    example: str
    permission: str
    find: Callable[[LegalEntity, str], list[Any]]
    offer: Callable[[LegalEntity, str], list[Any]]
    option: Callable[[Any], Option]


def _locations(entity: LegalEntity, text: str) -> list[Location]:
    rows = Location.objects.filter(entity=entity)
    return list(rows.filter(code=text)) or list(rows.filter(name__iexact=text)[:2])


def _offered_locations(entity: LegalEntity, text: str) -> list[Location]:
    wanted = Q(name__icontains=text) | Q(code__istartswith=text) | Q(city__istartswith=text)
    return list(Location.objects.filter(wanted, entity=entity).order_by("name", "pk")[:MOST])


def _evses(entity: LegalEntity, text: str) -> list[Evse]:
    rows = Evse.objects.filter(entity=entity).select_related("location")
    return list(rows.filter(uid=text)) or list(rows.filter(Q(uid__iexact=text) | Q(evse_id__iexact=text))[:2])


def _offered_evses(entity: LegalEntity, text: str) -> list[Evse]:
    wanted = Q(uid__istartswith=text) | Q(evse_id__istartswith=text) | Q(location__name__icontains=text)
    rows = Evse.objects.filter(wanted, entity=entity).select_related("location")
    return list(rows.order_by("uid", "pk")[:MOST])


def _splits(text: str) -> list[tuple[str, str]]:
    """The ways to read "EVSE-number": either part may hold hyphens of its own."""
    return [(text[:at], text[at + 1 :]) for at, sign in enumerate(text) if sign == "-"]


def _connectors(entity: LegalEntity, text: str) -> list[Connector]:
    wanted = Q(pk__in=[])
    for uid, number in _splits(text):
        wanted |= Q(evse__uid=uid, number=number)
    rows = Connector.objects.filter(evse__entity=entity).select_related("evse__location", "evse__entity")
    # An EVSE with one connector is often called by its own name.
    return list(rows.filter(wanted)[:2]) or list(rows.filter(Q(evse__uid=text) | Q(evse__evse_id=text))[:2])


def _offered_connectors(entity: LegalEntity, text: str) -> list[Connector]:
    wanted = Q(evse__uid__istartswith=text) | Q(evse__evse_id__istartswith=text) | Q(evse__location__name__icontains=text)
    for uid, number in _splits(text):
        wanted |= Q(evse__uid__iexact=uid, number__istartswith=number)
    rows = Connector.objects.filter(wanted, evse__entity=entity).select_related("evse__location")
    return list(rows.order_by("evse__uid", "number", "pk")[:MOST])


def _customers(entity: LegalEntity, text: str) -> list[Customer]:
    rows = Customer.objects.filter(entity=entity)
    # As offered, "K1001 Anna Ahlers"; or either part alone, a name only where one customer has it.
    wanted = Q(number=text)
    for at, sign in enumerate(text):
        if sign == " ":
            wanted |= Q(number=text[:at], name=text[at + 1 :])
    return list(rows.filter(wanted)[:2]) or list(rows.filter(name__iexact=text)[:2])


def _offered_customers(entity: LegalEntity, text: str) -> list[Customer]:
    wanted = Q(name__icontains=text) | Q(number__istartswith=text) | Q(company__istartswith=text)
    return list(Customer.objects.filter(wanted, entity=entity).order_by("name", "pk")[:MOST])


def _tokens(entity: LegalEntity, text: str) -> list[Token]:
    rows = Token.objects.filter(entity=entity).select_related("customer", "entity")
    exact = list(rows.filter(uid=text))
    return exact or list(rows.filter(Q(uid__in=spellings(text)) | Q(contract_id=text))[:2])


def _offered_tokens(entity: LegalEntity, text: str) -> list[Token]:
    wanted = Q()
    for spelling in spellings(text):
        wanted |= starts_with("uid", spelling)
    rows = Token.objects.filter(wanted | Q(customer__name__icontains=text), entity=entity).select_related("customer")
    return list(rows.order_by("uid", "pk")[:MOST])


def _power(connector: Connector) -> str:
    return "power not known" if connector.rated_kw is None else written.kw(connector.rated_kw)


KINDS = {
    "location": Kind(
        "place",
        "Its name or code.",
        "stations.view_location",
        _locations,
        _offered_locations,
        lambda place: Option(place.code, " · ".join(dict.fromkeys(part for part in (place.name, place.city) if part))),
    ),
    "evse": Kind(
        "EVSE",
        "Its UID or EVSE id.",
        "stations.view_evse",
        _evses,
        _offered_evses,
        lambda evse: Option(evse.uid, evse.location.name),
    ),
    "connector": Kind(
        "connector",
        "EVSE and number, such as 50914-1.",
        "stations.view_connector",
        _connectors,
        _offered_connectors,
        lambda plug: Option(str(plug), f"{plug.evse.location.name} · {_power(plug)}"),
    ),
    "customer": Kind(
        "customer",
        "Number or name.",
        "memberships.view_customer",
        _customers,
        _offered_customers,
        lambda who: Option(f"{who.number} {who.name}".strip(), " · ".join(filter(None, (who.get_kind_display(), who.city)))),
    ),
    "token": Kind(
        "token",
        "Its UID.",
        "memberships.view_token",
        _tokens,
        _offered_tokens,
        lambda token: Option(token.uid, token.customer.name if token.customer else "nobody's"),
    ),
}


def value_of(kind: str, row: Model) -> str:
    """What the box holds for a row."""
    return KINDS[kind].option(row).value


class PickerField(forms.CharField):
    """A row of a company by what people call it. The form says which company: ``entity`` may be None, then nothing is found."""

    entity: LegalEntity | None = None

    def __init__(self, kind: str, **kwargs: Any) -> None:
        self.kind = kind
        widget = forms.TextInput(
            attrs={
                "autocomplete": "off",
                "spellcheck": "false",
                "data-options": reverse_lazy("admin:assignment_options", args=[kind]),
                "list": f"offered-{kind}",
            }
        )
        super().__init__(
            **{"required": False, "max_length": LONGEST, "widget": widget, "help_text": KINDS[kind].example, **kwargs}
        )

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        kind = KINDS[self.kind]
        found = kind.find(self.entity, text) if self.entity else []
        if not found:
            raise ValidationError(f"{self.entity or 'This company'} has no {kind.noun} “{text}”.", code="unknown")
        if len(found) > 1:
            raise ValidationError(
                f"Several are called “{text}”. Use a number, or one of those offered while you type.", code="several"
            )
        return found[0]


@page("prices/options/<str:kind>/", name="assignment_options")
@require_GET
def options(request: HttpRequest, kind: str) -> JsonResponse:
    """What a text typed so far may become: [{value, label}], of one company."""
    if kind not in KINDS:
        raise Http404("There is nothing of this kind to choose.")
    if not request.user.has_perms(["billing.view_assignment", KINDS[kind].permission]):
        raise PermissionDenied
    text = request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]
    entity = row_in(LegalEntity, request.GET.get("entity", ""))
    rows = KINDS[kind].offer(entity, text) if entity and text else []
    found = [KINDS[kind].option(row) for row in rows]
    return JsonResponse({"options": [{"value": option.value, "label": option.label} for option in found]})
