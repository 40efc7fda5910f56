"""The bridge: why a figure differs from the next one, from metered energy to the bank; as a page and as CSV."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing import payments
from billing.bridge import Bridge, Gap, Step, bridge, documents_of
from chargebill.analytics.queries import data_period
from chargebill.core.models import LegalEntity
from chargebill.core.money import round_money
from chargebill.core.periods import Period
from chargebill.portal import format as written
from chargebill.portal.accounting import bridge_words as words
from chargebill.portal.accounting.frame import render, without_company
from chargebill.portal.accounting.journal import csv_answer
from chargebill.portal.choices import PRESETS, Chosen, choose, recent_month, today_of
from chargebill.portal.session_export import Cell
from chargebill.portal.session_filters import period_query
from chargebill.portal.site import page

PERMISSIONS = ("stations.view_session", "billing.view_document", "billing.view_payment")
PER_PAGE = 50
HEADER = ("chain", "row", "code", "what", "why", "amount", "unit", "rows")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for. ``period`` has an end."""

    entity: LegalEntity
    entities: list[LegalEntity]
    chosen: Chosen
    period: Period[date]
    currency: str

    @property
    def last(self) -> date:
        assert self.period.end is not None
        return self.period.end - timedelta(days=1)

    @property
    def query(self) -> str:
        days = period_query(self.period.start, self.last)
        return urlencode({"entity": self.entity.pk, **days, "currency": self.currency})


def select(request: HttpRequest) -> Wanted | None:
    """None while there is no company with a currency."""
    if not request.user.has_perms(PERMISSIONS):
        raise PermissionDenied
    entities = list(LegalEntity.objects.order_by("name"))
    raw = request.GET.get("entity", "")
    entity = next((one for one in entities if str(one.pk) == raw), entities[0] if entities else None)
    if entity is None:
        return None
    data, today = data_period(entity), today_of(entity, timezone.now())
    chosen = choose(request.GET, today=today, default=recent_month(data, today))
    period = chosen.period or data or Period(today, today + timedelta(days=1))
    end = period.end or max(today + timedelta(days=1), period.start + timedelta(days=1))
    currency = request.GET.get("currency", "").upper()
    known = len(currency) == 3 and currency.isascii() and currency.isalpha()
    return Wanted(entity, entities, chosen, Period(period.start, end), currency if known else entity.base_currency)


@page("bridge/", name="bridge")
@require_GET
def index(request: HttpRequest) -> HttpResponse:
    wanted = select(request)
    if wanted is None:
        return without_company(request, "Bridge")
    found = bridge(entity=wanted.entity, period=wanted.period, currency=wanted.currency)
    chains = [
        (code, title, note, [_shown(request, wanted, step, code) for step in getattr(found, code)])
        for code, title, note in words.CHAINS
        if code != "takings" or any(step.amount or any(gap.amount for gap in step.gaps) for step in found.takings)
    ]
    context = {
        "wanted": wanted,
        "found": found,
        "chains": chains,
        "presets": PRESETS,
        "is_empty": not found.energy[0].amount and not found.money[0].amount and len(chains) < len(words.CHAINS),
    }
    return render(request, "bridge.html", "Bridge: why does this number differ?", context)


def _shown(request: HttpRequest, wanted: Wanted, step: Step, chain: str) -> dict[str, Any]:
    """A step with its gaps, those of nothing left out."""
    said = words.STEPS[step.code]
    gaps = [
        {
            "code": gap.code,
            "title": words.GAPS[gap.code].title,
            "reason": words.GAPS[gap.code].reason.format(detail=gap.detail),
            "amount": _amount(gap.amount, chain, wanted.currency, signed=True),
            "count": gap.count,
            "link": _link(request, wanted, words.GAPS[gap.code], gap),
        }
        for gap in step.gaps
        if gap.amount or gap.count
    ]
    link = _link(request, wanted, said, None)
    amount = _amount(step.amount, chain, wanted.currency)
    return {"code": step.code, "title": said.title, "reason": said.reason, "amount": amount, "link": link, "gaps": gaps}


def _amount(value: Decimal, chain: str, currency: str, *, signed: bool = False) -> str:
    shown = written.kwh(value) if chain == "energy" else written.amount(value, currency)
    return ("+" if signed and value > 0 else "") + shown.replace("-", "−")


def _link(request: HttpRequest, wanted: Wanted, said: words.Words, gap: Gap | None) -> str:
    ours = {"entity": str(wanted.entity.pk)}
    days = period_query(wanted.period.start, wanted.last)
    if said.behind == words.DOCUMENTS:
        return f"{reverse('admin:bridge_documents')}?{wanted.query}"
    if said.behind == words.OPEN:
        return f"{reverse('admin:bridge_documents')}?{wanted.query}&only=open"
    names = {
        words.SESSIONS: ("admin:stations_session_changelist", "stations.view_session", {**ours, **days, **dict(said.filters)}),
        words.PAYMENTS: ("admin:payments", "billing.view_payment", {**ours, **dict(said.filters)}),
        words.CREDITS: (
            "admin:billing_document_changelist",
            "billing.view_document",
            {"kind__exact": "CREDIT_NOTE", "entity__id__exact": ours["entity"]},
        ),
        words.JOURNAL: ("admin:accounts", "billing.view_journalentry", ours),
        words.CURRENCY: ("admin:bridge", PERMISSIONS[0], {**ours, **days, "currency": gap.detail if gap else ""}),
    }
    if said.behind not in names:
        return ""
    name, permission, query = names[said.behind]
    if not request.user.has_perm(permission):
        return ""
    try:
        return f"{reverse(name)}?{urlencode(query)}"
    except NoReverseMatch:
        return ""


@page("bridge/bridge.csv", name="bridge_csv")
@require_GET
def export(request: HttpRequest) -> StreamingHttpResponse:
    wanted = select(request)
    if wanted is None:
        raise Http404("There is no company yet.")
    found = bridge(entity=wanted.entity, period=wanted.period, currency=wanted.currency)
    return csv_answer("bridge.csv", HEADER, _cells(found))


def _cells(found: Bridge) -> Iterator[list[Cell]]:
    for code, _, _ in words.CHAINS:
        unit = "kWh" if code == "energy" else found.currency

        def value(amount: Decimal, unit: str = unit) -> Decimal:
            return amount if unit == "kWh" else round_money(amount, unit)

        for step in getattr(found, code):
            said = words.STEPS[step.code]
            yield [code, "step", step.code, said.title, said.reason, value(step.amount), unit, None]
            for gap in step.gaps:
                told = words.GAPS[gap.code]
                why = told.reason.format(detail=gap.detail)
                yield [code, "gap", gap.code, told.title, why, value(gap.amount), unit, gap.count]


@page("bridge/documents/", name="bridge_documents")
@require_GET
def documents(request: HttpRequest) -> HttpResponse:
    """The documents that hold a session of the period, what was paid on them and what is open."""
    wanted = select(request)
    if wanted is None:
        return without_company(request, "Documents of the bridge")
    only_open = request.GET.get("only") == "open"
    rows = documents_of(wanted.entity, wanted.period, wanted.currency)
    rows = (payments.owed(rows) if only_open else rows).select_related("customer").order_by("issue_date", "pk")
    shown = Paginator(rows, PER_PAGE).get_page(request.GET.get("p"))
    still = payments.open_amounts(document.pk for document in shown)
    context = {
        "wanted": wanted,
        "page": shown,
        "query": wanted.query + ("&only=open" if only_open else ""),
        "only_open": only_open,
        "rows": [
            (one, written.amount(one.gross_amount, one.currency), written.amount(still[one.pk], one.currency)) for one in shown
        ],
        "crumbs": [("Bridge", f"{reverse('admin:bridge')}?{wanted.query}")],
    }
    return render(request, "bridge_documents.html", "Documents of the bridge", context)
