"""Search: one box for sessions, tokens, customers, cases, places, EVSEs and imports. Each kind asks for its own permission."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from chargebill.core.models import User
from chargebill.portal import format as written
from chargebill.portal.session_filters import SHORTEST_PREFIX, spellings, starts_with, with_number
from chargebill.portal.site import page, site
from disputes.models import Case
from memberships.models import Customer, Token
from stations.models import Evse, ImportBatch, Location, Session

MOST = 10


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found. ``exact``: its number is what was typed, not only its beginning."""

    title: str
    about: str
    link: str
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of one kind, ``more`` when there are others; ``all_link`` lists them where there is such a list."""

    kind: str
    icon: str
    hits: list[Hit]
    more: bool
    all_link: str = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be found, by whom, and how: ``find`` gives at most MOST + 1 hits, exact ones first."""

    name: str
    icon: str
    permission: str
    find: Callable[[str], list[Hit]]
    all_link: Callable[[str], str] = lambda text: ""


def _page_of(model: str, pk: int) -> str:
    try:
        return reverse(f"admin:{model}_change", args=[pk])
    except NoReverseMatch:
        return ""


def _begins(column: str, text: str) -> Q:
    """Rows with exactly this number; from SHORTEST_PREFIX characters on, those that begin with it too."""
    return starts_with(column, text) if len(text) >= SHORTEST_PREFIX else Q(**{column: text})


def _exact_first(exact: Iterable[Any], others: Iterable[Any]) -> list[Any]:
    """Both without repeats, at most MOST + 1."""
    return list({row.pk: row for row in [*exact, *others]}.values())[: MOST + 1]


def sessions(text: str) -> list[Hit]:
    """By number: exact, or from four characters on its beginning."""
    begin_so = with_number(text).order_by("external_id", "pk")
    keys = [*begin_so.filter(external_id=text).values_list("pk", flat=True)[: MOST + 1]]
    keys += [key for key in begin_so.values_list("pk", flat=True)[: MOST + 1] if key not in keys]
    rows = Session.objects.select_related("location", "entity", "connector__evse").in_bulk(keys[: MOST + 1])
    found = [rows[key] for key in keys[: MOST + 1] if key in rows]
    return [
        Hit(
            f"Session {session.external_id}",
            f"{session.location.name}, {session.connector} · "
            f"{written.moment(session.started_at, session.location.time_zone or session.entity.time_zone)} · "
            f"{written.kwh(session.energy_kwh)}",
            _page_of("stations_session", session.pk),
            session.external_id == text,
        )
        for session in found
    ]


def tokens(text: str) -> list[Hit]:
    rows = Token.objects.select_related("entity").order_by("uid", "pk")
    wanted = Q(uid__in=spellings(text)) | Q(contract_id=text)
    found = _exact_first(rows.filter(wanted)[: MOST + 1], rows.filter(_begins("uid", text))[: MOST + 1])
    return [
        Hit(
            f"{token.get_type_display()} {token.uid}",
            " · ".join(part for part in (token.contract_id, token.entity.name) if part),
            _page_of("memberships_token", token.pk),
            token.uid in spellings(text) or token.contract_id == text,
        )
        for token in found
    ]


def customers(text: str) -> list[Hit]:
    """By exact number, or by the beginning of the name or of one of its words."""
    rows = Customer.objects.select_related("entity").order_by("name", "pk")
    wanted = Q(name__istartswith=text) | Q(company__istartswith=text) | Q(name__icontains=f" {text}")
    by_name = rows.filter(wanted)[: MOST + 1] if len(text) >= 2 else []
    found = _exact_first(rows.filter(number=text)[: MOST + 1] if text else [], by_name)
    return [
        Hit(
            customer.name,
            " · ".join(part for part in (customer.number, customer.get_kind_display(), customer.entity.name) if part),
            _page_of("memberships_customer", customer.pk),
            bool(customer.number) and customer.number == text,
        )
        for customer in found
    ]


def locations(text: str) -> list[Hit]:
    rows = Location.objects.select_related("entity").order_by("name", "pk")
    wanted = Q(name__icontains=text) | Q(city__istartswith=text) | Q(code__istartswith=text)
    found = _exact_first(rows.filter(code=text)[: MOST + 1], rows.filter(wanted)[: MOST + 1] if len(text) >= 2 else [])
    return [
        Hit(
            location.name,
            " · ".join(part for part in (location.address, location.city, location.entity.name) if part),
            _page_of("stations_location", location.pk),
            location.code == text,
        )
        for location in found
    ]


def evses(text: str) -> list[Hit]:
    rows = Evse.objects.select_related("location").order_by("uid", "pk")
    wanted = Q(uid__istartswith=text) | Q(evse_id__istartswith=text)
    exact = rows.filter(Q(uid=text) | Q(evse_id=text))[: MOST + 1]
    found = _exact_first(exact, rows.filter(wanted)[: MOST + 1] if len(text) >= 2 else [])
    return [
        Hit(f"EVSE {evse.uid}", evse.location.name, _page_of("stations_evse", evse.pk), text in (evse.uid, evse.evse_id))
        for evse in found
    ]


def imports(text: str) -> list[Hit]:
    rows = ImportBatch.objects.select_related("source__entity").order_by("-pk")
    found = rows.filter(file_name__icontains=text)[: MOST + 1] if len(text) >= 2 else []
    return [
        Hit(
            batch.file_name,
            f"{written.moment(batch.created_at, batch.source.entity.time_zone)} · {written.number(batch.rows_read)} rows",
            _page_of("stations_importbatch", batch.pk),
            batch.file_name == text,
        )
        for batch in found
    ]


def _session_list(text: str) -> str:
    return f"{reverse('admin:stations_session_changelist')}?{urlencode({'q': text})}"


def cases(text: str) -> list[Hit]:
    """By number: exact, or from four characters on its beginning."""
    rows = Case.objects.select_related("entity").order_by("-pk")
    found = _exact_first(rows.filter(number__iexact=text)[: MOST + 1], rows.filter(_begins("number", text.upper()))[: MOST + 1])
    return [
        Hit(
            f"Case {case.number}",
            " · ".join(part for part in (case.get_cause_display(), case.contact_name, case.entity.name) if part),
            _page_of("disputes_case", case.pk),
            case.number == text.upper(),
        )
        for case in found
    ]


KINDS = (
    Kind("Sessions", "bolt", "stations.view_session", sessions, _session_list),
    Kind("Tokens", "badge", "memberships.view_token", tokens),
    Kind("Customers", "person", "memberships.view_customer", customers),
    Kind("Cases", "gavel", "disputes.view_case", cases),
    Kind("Places", "location_on", "stations.view_location", locations),
    Kind("EVSEs", "ev_station", "stations.view_evse", evses),
    Kind("Imports", "upload_file", "stations.view_importbatch", imports),
)


def find(text: str, user: User) -> list[Found]:
    """What this user may see of what matches, kind by kind; kinds without a hit are left out."""
    found = []
    for kind in KINDS:
        if not user.has_perm(kind.permission):
            continue
        hits = kind.find(text)
        if hits:
            found.append(Found(kind.name, kind.icon, hits[:MOST], len(hits) > MOST, kind.all_link(text)))
    return found


def only_session(found: list[Found]) -> str:
    """The address of the one session whose number was typed, if nothing else has that number; else ""."""
    exact = [(group.kind, hit.link) for group in found for hit in group.hits if hit.exact]
    return exact[0][1] if len(exact) == 1 and exact[0][0] == "Sessions" else ""


@page("find/", name="find")
@require_GET
def results(request: HttpRequest) -> HttpResponse:
    """The page of results; a session whose number was typed opens at once."""
    # PostgreSQL stores no NUL and can't be asked for one.
    text = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = find(text, request.user) if text else []
    if link := only_session(found):
        return HttpResponseRedirect(link)
    context = {
        **site().each_context(request),
        "title": f"Results for “{text}”" if text else "Search",
        "search_text": text,
        "found": found,
        "shortest": SHORTEST_PREFIX,
        "is_short": bool(text) and len(text) < SHORTEST_PREFIX,
        "kinds": [kind.name for kind in KINDS if request.user.has_perm(kind.permission)],
    }
    return TemplateResponse(request, "portal/find.html", context)
