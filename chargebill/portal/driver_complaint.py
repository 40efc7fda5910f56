"""A complaint about a charge, /d/<token>/wrong/<line>: the bill first, then what seems wrong, then a case of its own.

No account, no script, no cookie. Sent twice it is one case; a line that is in an open case says so, and does not lead there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from billing.document_models import Document, DocumentLine
from billing.models import Cdr
from billing.papers.words import money
from billing.pricing.text import Language
from chargebill.core.errors import UserError
from chargebill.portal import driver_words
from chargebill.portal.case_links import path_to
from chargebill.portal.case_uploads import field_context, uploads_in
from chargebill.portal.driver_case_shown import seller_of
from chargebill.portal.driver_complaint_form import ComplaintForm
from chargebill.portal.driver_complaint_words import PHRASES
from chargebill.portal.driver_document import linked, may_be_reissued
from chargebill.portal.driver_frame import answer
from chargebill.portal.driver_page import bill_for
from disputes.models import Case, Channel
from disputes.operations.case_files import FileRefused, add_clean_files, look_at
from disputes.operations.contacts import Contact
from disputes.operations.opening import open_case
from disputes.subjects import Subject, in_the_way, subjects_of_lines, taken
from disputes.workflow.states import Role
from memberships.models import CustomerKind
from stations.models import Session

# What open_case refuses that has a sentence of its own here.
SAID = {"no_declined_award"}
RELATED = (
    "session__location", "session__entity", "session__connector__evse", "cdr__tariff_version__tariff", "cdr__applied_taxes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Charge:
    """The charge a form is about. ``back`` leads to where it was opened from, ``receipt`` to its papers ("": nowhere)."""

    session: Session
    billed: Cdr | None
    gross: Decimal
    subjects: Sequence[Subject]
    back: str
    receipt: str


def complain(request: HttpRequest, charge: Charge, language: Language) -> HttpResponse:
    """The form about a charge, what is wrong with what was sent, or the way to the case it became."""
    if not charge.subjects:
        return _page(request, "nothing", language, 404, charge=charge, seller=seller_of(charge.session.entity))
    most = sum((subject.gross_amount for subject in charge.subjects), Decimal(0))
    currency = charge.subjects[0].currency
    sent = request.POST if request.method == "POST" else None
    form = ComplaintForm(sent, language=language, most=most, currency=currency)
    problem = ""
    if sent is not None and form.is_valid():
        # Sent twice: the first one opened it.
        if there := _case_about(charge.subjects):
            return _known(request, charge, there, form, language)
        try:
            case = _opened(request, charge, form, language)
        except FileRefused as refused:
            problem = refused.for_driver(language)
        except UserError as error:
            if error.code == "item_is_free" and (there := _case_about(charge.subjects)):
                return _known(request, charge, there, form, language)
            problem = PHRASES[language][error.code if error.code in SAID else "not_now"]
        else:
            return HttpResponseRedirect(f"{path_to(case)}?lang={language}&new=1")
    elif there := _case_about(charge.subjects):
        return _already(request, charge, there, language)
    elif sent is not None:
        problem = PHRASES[language]["check"]
    return _page(
        request,
        "complain",
        language,
        400 if problem else 200,
        charge=charge,
        form=form,
        problem=problem,
        bill=bill_for(charge.session, language, billed=charge.billed),
        bill_phrases=driver_words.PHRASES[language],
        left=_left(charge, most, currency, language),
        partner=_partner(charge, language),
        lead=PHRASES[language]["lead"].format(company=charge.session.entity.name),
        is_held=any(subject.line for subject in charge.subjects),
        **field_context(language),
    )


def _page(request: HttpRequest, name: str, language: Language, status: int = 200, **context: Any) -> HttpResponse:
    return answer(request, f"portal/driver_case/{name}.html", language, PHRASES[language], status, **context)


def _opened(request: HttpRequest, charge: Charge, form: ComplaintForm, language: Language) -> Case:
    """The case with its files, or neither. Raises FileRefused."""
    given, at = form.cleaned_data, timezone.now()
    files = look_at(uploads_in(request))
    with transaction.atomic():
        case = open_case(
            subjects=charge.subjects,
            customer=charge.subjects[0].customer,
            contact=Contact(given["contact_name"], given["contact_email"], language),
            channel=Channel.WEB,
            cause=given["cause"],
            statement=given["statement"],
            claimed_amount=given["claimed_amount"],
            role=Role.CUSTOMER,
            actor=None,
            at=at,
        )
        add_clean_files(case=case, files=files, role=Role.CUSTOMER, actor=None, at=at)
    return case


def _case_about(subjects: Sequence[Subject]) -> Case | None:
    """The open case that has one of these. One query."""
    items = taken({subject.session.pk for subject in subjects})
    blocking = next((item for subject in subjects if (item := in_the_way(subject, items))), None)
    return blocking.case if blocking else None


def _known(request: HttpRequest, charge: Charge, case: Case, form: ComplaintForm, language: Language) -> HttpResponse:
    """To the case the same words opened; to nothing but its number for whoever writes others."""
    given = form.cleaned_data
    said = (case.channel, case.cause, case.statement, case.contact_email.casefold())
    statement = given["statement"].replace("\r\n", "\n").strip()
    if said == (Channel.WEB, given["cause"], statement, given["contact_email"].casefold()):
        return HttpResponseRedirect(f"{path_to(case)}?lang={language}&new=1")
    return _already(request, charge, case, language)


def _already(request: HttpRequest, charge: Charge, case: Case, language: Language) -> HttpResponse:
    said = PHRASES[language]
    return _page(
        request, "already", language, 409, charge=charge,
        already=said["already"].format(number=case.number), lost=said["already_lost"].format(number=case.number),
        number=case.number, seller=seller_of(charge.session.entity),
    )  # fmt: skip


def _left(charge: Charge, most: Decimal, currency: str, language: Language) -> str:
    if charge.gross <= most:
        return ""
    given_back = money(charge.gross - most, currency, language)
    return PHRASES[language]["left"].format(amount=given_back, left=money(most, currency, language))


def _partner(charge: Charge, language: Language) -> str:
    """Who a roaming driver's contract party is: nothing is ever given back past it."""
    first = charge.subjects[0]
    if first.customer_kind != CustomerKind.PARTNER:
        return ""
    partner = first.customer.company or first.customer.name if first.customer else PHRASES[language]["unnamed_partner"]
    return PHRASES[language]["partner"].format(partner=partner)


def _choose(request: HttpRequest, token: str, document: Document, language: Language) -> HttpResponse:
    """Straight to the form where there is one charge, else to the charges to choose from."""
    sessions = document.lines.values("session").distinct().count()
    if document.is_credit_note or sessions != 1:
        return HttpResponseRedirect(f"{reverse('document_link', args=[token])}?lang={language}#lines")
    return HttpResponseRedirect(f"{reverse('complaint', args=[token, 1])}?lang={language}")


def _about_line(request: HttpRequest, token: str, document: Document, language: Language, line: int) -> HttpResponse:
    related = (
        "session__location",
        "session__entity",
        "session__connector__evse",
        "cdr__tariff_version__tariff",
        "cdr__applied_taxes",
    )
    rows = DocumentLine.objects.filter(document=document).select_related(*related)
    chosen = rows.order_by("position")[line - 1 : line].first() if 0 < line < 10**6 else None
    back = f"{reverse('document_link', args=[token])}?lang={language}"
    if chosen is None or document.is_credit_note:
        return HttpResponseRedirect(f"{back}#lines")
    # What a driver calls a charge has a line for each of its tax rates.
    lines = list(document.lines.filter(session=chosen.session).order_by("pk"))
    company = reverse("document_link_company", args=[token]) if may_be_reissued(document) else ""
    charge = Charge(
        session=chosen.session,
        billed=chosen.cdr,
        gross=sum((one.gross_amount for one in lines), Decimal(0)),
        subjects=subjects_of_lines(one.pk for one in lines),
        back=back,
        receipt=f"{company}?lang={language}" if company else back,
    )
    return complain(request, charge, language)


urlpatterns = [
    path("d/<str:token>/wrong", require_safe(linked(_choose)), name="complaint_of_document"),
    # No cookie tells who somebody is here, so none can be misused: the link itself is what lets them in.
    path(
        "d/<str:token>/wrong/<int:line>",
        csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(linked(_about_line))),
        name="complaint",
    ),
]
