"""A session's price as its driver would read it, for staff to look at; the page itself needs no account to be shown."""

from dataclasses import replace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from billing.models import Cdr, Chargeable
from billing.pricing.text import Language
from billing.queries import recomputed
from billing.rates import core_tariff
from billing.usage import usages
from chargebill.portal.driver_bill import Bill, Charge, Stored, bill_of
from chargebill.portal.driver_words import PHRASES
from chargebill.portal.price_page_words import NAMES, language_of
from chargebill.portal.session_page import zone_of
from chargebill.portal.site import page
from stations import facts as session_facts
from stations.models import Mode, Session

# Why a session is not billed, as a driver should read it.
DROPPED = {"history": "history", "before_billing_from": "history", "internal": "waived", "decided": "waived"}


def bill_for(session: Session, language: Language, *, billed: Cdr | None = None) -> Bill:
    """The bill of a stored session in one language: a few queries. ``billed``: the price a document has, else what counts now."""
    (fact,) = session_facts.load([session.pk])
    usage = usages([fact])[fact.id]
    related = ("cdr__tariff_version__tariff", "cdr__applied_taxes")
    standing = Chargeable.objects.select_related(*related).filter(pk=session.pk).first()
    open_price = standing.cdr if standing and standing.state not in (Chargeable.State.HELD, Chargeable.State.UNPRICED) else None
    cdr = billed or open_price
    if cdr is not None and cdr.energy_kwh is not None:
        usage = usages([replace(fact, energy_kwh=cdr.energy_kwh)])[fact.id]
    charge = _charge(session)
    if standing is None or cdr is None:
        return bill_of(charge, usage, language=language, stored=None, result=None, tariff=None)
    paid = session.mode == Mode.COLLECTED
    result = None if paid else recomputed(session, cdr)
    if result and (result.net, result.tax, result.gross) != (cdr.net_amount, cdr.tax_amount, cdr.gross_amount):
        # Lines that do not give the price that counts would explain another one.
        result = None
    return bill_of(
        charge,
        usage,
        language=language,
        stored=_stored(cdr),
        result=result,
        tariff=core_tariff(cdr.tariff_version) if result and cdr.tariff_version else None,
        remark="paid" if paid else DROPPED.get(standing.reason, ""),
    )


def _charge(session: Session) -> Charge:
    location, evse = session.location, session.connector.evse
    return Charge(
        company=session.entity.name,
        place=location.name,
        address=", ".join(part for part in (location.address, f"{location.postal_code} {location.city}".strip()) if part),
        evse=evse.evse_id or evse.uid,
        started_at=session.started_at,
        ended_at=session.ended_at,
        zone=zone_of(session),
        energy_kwh=session.energy_kwh,
    )


def _stored(cdr: Cdr) -> Stored:
    return Stored(cdr.net_amount, cdr.tax_amount, cdr.gross_amount, cdr.currency, cdr.tax_rate)


def context_of(bill: Bill) -> dict[str, Any]:
    """What the template needs, with or without an account."""
    return {"bill": bill, "language": bill.language, "languages": NAMES.items(), "phrases": PHRASES[bill.language]}


@page("sessions/<int:pk>/driver/", name="session_driver")
def driver(request: HttpRequest, pk: int) -> HttpResponse:
    """Who may see the session may see how its driver would read it."""
    if not request.user.has_perm("stations.view_session"):
        raise PermissionDenied
    found = Session.objects.select_related("location", "entity", "connector__evse").filter(pk=min(pk, 2**63 - 1)).first()
    if found is None:
        raise Http404("There is no such session.")
    language = language_of(
        asked=request.GET.get("lang", ""),
        accepted=request.headers.get("Accept-Language", ""),
        default=found.entity.language,
    )
    context = {
        **context_of(bill_for(found, language)),
        "back": reverse("admin:stations_session_change", args=[found.pk]),
    }
    return TemplateResponse(request, "portal/driver_bill.html", context)
