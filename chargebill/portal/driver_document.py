"""A document as whoever has its signed link reads it, /d/<token>: line by line, what is paid, its PDF, whom to ask.

No account, no script, no cookie. A receipt can be had anew for a company: cancelled and issued again, once.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from billing.document_models import Document, DocumentKind
from billing.operations.reissue import reissue_to_company
from billing.paper_rows import papers_of
from billing.papers import content_of
from billing.papers.content import grouped_iban
from billing.papers.words import day, money
from billing.payment_models import PaymentAllocation
from billing.payments import open_amounts
from billing.pricing.text import Language
from chargebill.core.errors import UserError
from chargebill.portal.company_receipt_form import CompanyForm
from chargebill.portal.document_links import Turnstile, document_in, path_to
from chargebill.portal.document_papers import pdf_response
from chargebill.portal.driver_document_words import PHRASES
from chargebill.portal.driver_frame import answer, come_back, language_in, private

PER_PAGE = 40
_reading, _writing = Turnstile(60), Turnstile(10)


def _page(request: HttpRequest, name: str, language: Language, status: int = 200, **context: Any) -> HttpResponse:
    return answer(request, f"portal/driver_document/{name}.html", language, PHRASES[language], status, **context)


def linked(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of the document a token is for: (request, token, document, language), and whatever else its address names."""

    @private
    def respond(request: HttpRequest, token: str, **more: Any) -> HttpResponse:
        found = document_in(token, Document.objects.select_related("entity", "corrects", "replaces", "customer"))
        if found is None:
            return _page(request, "gone", language_in(request), 404)
        if not _reading.passes(str(found.pk)) or (request.method == "POST" and not _writing.passes(str(found.pk))):
            return come_back(_page(request, "busy", language_in(request, found.language), 429))
        return view(request, token, found, language_in(request, found.language), **more)

    return respond


def may_be_reissued(document: Document) -> bool:
    """Whether its page offers to issue it anew to a company."""
    return (
        document.kind == DocumentKind.RECEIPT
        and not Document.objects.filter(replaces=document).exists()
        and not document.credit_notes.exists()
    )


def _show(request: HttpRequest, token: str, document: Document, language: Language) -> HttpResponse:
    (paper,) = papers_of([document])
    content = content_of(replace(paper, language=language))
    pages = Paginator(content["lines"], PER_PAGE)
    shown = pages.get_page(request.GET.get("p"))
    seller = document.seller
    replaced_by = Document.objects.filter(replaces=document).first()
    return _page(
        request,
        "page",
        language,
        document=document,
        content=content,
        lines=shown,
        state=_state(document, language),
        rows=_rows(document, language),
        replaced_by=_sentence(PHRASES[language]["replaced"], replaced_by, language),
        corrects=_sentence(PHRASES[language]["corrects"], document.corrects, language),
        replaces=_sentence(PHRASES[language]["replaces"], document.replaces, language),
        is_new="new" in request.GET and document.replaces is not None,
        complain=PHRASES[language]["complain_only" if document.is_credit_note else "complain"].format(number=document.number),
        wrong="" if document.is_credit_note else reverse("complaint_of_document", args=[token]),
        pdf=reverse("document_link_pdf", args=[token]),
        company=reverse("document_link_company", args=[token]) if may_be_reissued(document) else "",
        email=seller.get("email", ""),
        phone=seller.get("phone", ""),
        address=content["seller"]["address"],
        meter=dict(content["notes"]).get(content["words"]["meter_data"], ""),
    )


def _sentence(phrase: str, document: Document | None, language: Language) -> dict[str, str] | None:
    """A sentence about another document whose number leads to its page."""
    if document is None:
        return None
    before, _, after = phrase.partition("{number}")
    return {"before": before, "number": document.number, "after": after, "address": f"{path_to(document)}?lang={language}"}


def _state(document: Document, language: Language) -> list[str]:
    """What is still to be paid and where, in sentences."""
    said, seller = PHRASES[language], document.seller
    if document.is_credit_note:
        return []
    left = open_amounts([document.pk])[document.pk]
    if left <= 0:
        is_paid = document.gross_amount > 0 and not document.credit_notes.exists()
        return [said["paid" if is_paid else "nothing_open"]]
    amount = money(left, document.currency, language)
    due = document.due_date
    sentences = [said["open_by"].format(amount=amount, due=day(due, language)) if due else said["open"].format(amount=amount)]
    if seller.get("iban"):
        account = f"IBAN {grouped_iban(seller['iban'])}" + (f" (BIC {seller['bic']})" if seller.get("bic") else "")
        sentences.append(said["account"].format(account=account, number=document.number))
    return sentences


def _rows(document: Document, language: Language) -> list[tuple[str, str, str]]:
    """What was paid and taken off, by day: what, how much, where it leads."""
    said = PHRASES[language]
    found: list[tuple[date, str, str, str]] = []
    paid = PaymentAllocation.objects.filter(document=document, reverses__isnull=True, reversed_by__isnull=True)
    for one in paid.select_related("payment"):
        on = one.payment.received_on
        found.append((on, said["paid_on"].format(day=day(on, language)), money(one.amount, document.currency, language), ""))
    for note in document.credit_notes.all():
        text = said["credited_on"].format(number=note.number, day=day(note.issue_date, language))
        found.append((note.issue_date, text, money(note.gross_amount, document.currency, language), path_to(note)))
    return [(what, amount, link) for _, what, amount, link in sorted(found)]


def _pdf(request: HttpRequest, token: str, document: Document, language: Language) -> HttpResponse:
    try:
        return pdf_response(document)
    except UserError:
        return _page(request, "gone", language, 503, unavailable=PHRASES[language]["not_now"])


def _company(request: HttpRequest, token: str, document: Document, language: Language) -> HttpResponse:
    back = reverse("document_link", args=[token])
    if not may_be_reissued(document):
        return HttpResponseRedirect(f"{back}?lang={language}")
    country = document.seller.get("country", "")
    form = CompanyForm(request.POST if request.method == "POST" else None, language=language, initial={"country": country})
    problem = ""
    if request.method == "POST":
        if form.is_valid():
            try:
                made = reissue_to_company(document=document, **form.cleaned_data, actor=None, at=timezone.now())
            except UserError as error:
                problem = PHRASES[language].get(error.code, PHRASES[language]["not_now"])
            else:
                return HttpResponseRedirect(f"{path_to(made)}?lang={language}&new=1")
        else:
            problem = PHRASES[language]["check"]
    lead = PHRASES[language]["company_lead"].format(number=document.number)
    status = 400 if problem else 200
    return _page(request, "company", language, status, document=document, form=form, problem=problem, back=back, lead=lead)


urlpatterns = [
    path("d/<str:token>", require_safe(linked(_show)), name="document_link"),
    path("d/<str:token>/pdf", require_safe(linked(_pdf)), name="document_link_pdf"),
    # No cookie tells who somebody is here, so none can be misused: the link itself is what lets them in.
    path(
        "d/<str:token>/company",
        csrf_exempt(require_http_methods(["GET", "HEAD", "POST"])(linked(_company))),
        name="document_link_company",
    ),
]
