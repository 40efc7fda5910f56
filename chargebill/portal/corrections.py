"""Correcting a document, with the amounts shown before anything is done; and issuing a receipt anew to a company."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from billing.credit_models import Correction
from billing.credits import LineLeft, lines_left, money_left
from billing.document_models import Document, DocumentKind
from billing.documents import Fixed
from billing.operations.credits import Plan, plan, reason_in
from billing.operations.reissue import FIELDS, reissue_to_company
from chargebill import pipeline
from chargebill.core.errors import UserError
from chargebill.core.money import round_money
from chargebill.portal import format as written
from chargebill.portal.payment_frame import READ_DOCUMENTS, allow, form_key, frame
from chargebill.portal.session_price import percent
from chargebill.portal.site import page

CORRECT = "billing.add_correction"
# More lines than this are chosen by the number of their session.
MOST_LINES = 100
SIDES = {"NET": "excl. VAT", "GROSS": "incl. VAT"}


def found(pk: int) -> Document:
    document = Document.objects.select_related("entity", "customer").filter(pk=pk).first() if pk < 2**63 else None
    if document is None:
        raise Http404("There is no such document.")
    return document


@page("billing/documents/<int:pk>/correct/", name="document_correct")
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """What is taken back, then what that comes to, then the credit note."""
    allow(request, READ_DOCUMENTS, CORRECT)
    document = found(pk)
    if document.is_credit_note:
        return redirect("admin:document_correct", document.corrects_id)
    context: dict[str, Any] = {}
    if request.method == "POST":
        try:
            note = _asked(request, document, context)
        except UserError as error:
            context["refusal"] = error
        else:
            if note is not None:
                messages.success(
                    request, f"{note.number} is issued: {written.money(note.gross_amount, note.currency)} taken back."
                )
                return redirect("admin:billing_document_change", note.pk)
    return TemplateResponse(request, "portal/documents/correct.html", _frame(request, document, context))


def _asked(request: HttpRequest, document: Document, context: dict[str, Any]) -> Document | None:
    """The credit note, once its amounts were seen; else they go into the context."""
    key = f"form:{form_key(request)}"
    if there := Correction.objects.select_related("credit_note").filter(document=document, key=key).first():
        # Sent twice: what is left has changed by the first.
        return there.credit_note
    amounts = _amounts(request, document)
    reason, returned_to = reason_in(request.POST.get("reason", "")), request.POST.get("returned_to", "")
    planned = plan(document=document, amounts=amounts)
    if planned.returned_amount and returned_to not in Correction.ReturnedTo.values:
        raise UserError("returned_to", "Say where the money goes that was paid. Nothing was changed.", "returned_to")
    if request.POST.get("seen", "") != _sign(planned):
        context["planned"] = _shown(planned)
        context["seen"] = _sign(planned)
        context["changed"] = bool(request.POST.get("seen"))
        return None
    return pipeline.correct(
        document=document,
        key=key,
        amounts=amounts,
        reason=reason,
        returned_to=returned_to if planned.returned_amount else "",
        bill_again=request.POST.get("bill_again") == "1",
        actor=request.user,
        at=timezone.now(),
    )


def _sign(planned: Plan) -> str:
    return f"{planned.total.net:f}/{planned.total.gross:f}/{planned.open_amount:f}/{planned.returned_amount:f}"


def _amounts(request: HttpRequest, document: Document) -> Mapping[int, Decimal] | None:
    """What the form takes back of each line; None for all that is left."""
    if request.POST.get("scope") == "whole":
        return None
    given = {}
    for name in request.POST:
        kind, _, raw = name.partition("-")
        if kind not in ("line", "all") or not raw.isascii() or not raw.isdigit() or len(raw) > 18:
            continue
        text = request.POST[name].strip()
        if text and (kind == "line" and int(raw) not in given):
            given[int(raw)] = amount_in(text, name)
        elif kind == "all":
            given[int(raw)] = Decimal(-1)
    for one in lines_left(document, [pk for pk, amount in given.items() if amount == -1]):
        given[one.line.pk] = one.left_on(Fixed(document.anchor))
    return given


def amount_in(raw: str, where: str) -> Decimal:
    """An amount as a person types it. Raises UserError."""
    try:
        amount = Decimal(raw)
        if not amount.is_finite() or not 0 <= amount < 10**12:
            raise InvalidOperation
    except InvalidOperation:
        raise UserError("amount", f"{raw[:30]!r} is no amount. Write it like 149.90. Nothing was changed.", where) from None
    return amount


def _shown(planned: Plan) -> dict[str, Any]:
    return {
        "lines": [(back.of.line, back.amounts, percent(back.of.line.tax_rate)) for back in planned.lines[:MOST_LINES]],
        "more": len(planned.lines) - MOST_LINES if len(planned.lines) > MOST_LINES else 0,
        "total": planned.total,
        "open": planned.open_amount,
        "returned": planned.returned_amount,
    }


def _frame(request: HttpRequest, document: Document, context: dict[str, Any]) -> dict[str, Any]:
    fixed, q = Fixed(document.anchor), request.GET.get("q", "").strip()[:80]
    rows = document.lines.all()
    count = rows.count()
    if q:
        rows = rows.filter(session_number__icontains=q)
    lines = [] if count > MOST_LINES and not q else lines_left(document, list(rows.values_list("pk", flat=True)[:MOST_LINES]))
    money = money_left(document)
    names = ("scope", "reason", "returned_to", "bill_again")
    return frame(
        request,
        f"Correct {document.number}",
        ("Documents", reverse("admin:billing_document_changelist")),
        (document.number, reverse("admin:billing_document_change", args=[document.pk])),
        document=document,
        lines=[_row(request, one, fixed, document.currency) for one in lines],
        many=count > MOST_LINES,
        count=count,
        q=q,
        side=SIDES[document.anchor],
        money=money,
        returns=[
            (value, words) for value, words in Correction.ReturnedTo.choices if value == "REFUND" or document.customer is not None
        ],
        is_left=bool(lines_gross_left(document)),
        sent={name: request.POST.get(name, "") for name in names},
        kept_key=form_key(request) if request.method == "POST" else None,
        kept=[
            (name, value) for name, value in request.POST.items() if name.partition("-")[0] in ("line", "all") and value.strip()
        ],
        **context,
    )


def _row(request: HttpRequest, one: LineLeft, fixed: Fixed, currency: str) -> dict[str, Any]:
    return {
        "line": one.line,
        "left": round_money(one.left_on(fixed), currency),
        "whole": round_money(one.line.net_amount if fixed is Fixed.NET else one.line.gross_amount, currency),
        "given": request.POST.get(f"line-{one.line.pk}", ""),
        "all": f"all-{one.line.pk}" in request.POST,
    }


def lines_gross_left(document: Document) -> Decimal:
    """What of a document's gross was not credited yet."""
    credited = document.credit_notes.values_list("gross_amount", flat=True)
    return document.gross_amount - sum(credited, Decimal(0))


@page("billing/documents/<int:pk>/to-company/", name="document_reissue")
def to_company(request: HttpRequest, pk: int) -> HttpResponse:
    """A receipt becomes a company's invoice, once."""
    allow(request, READ_DOCUMENTS, CORRECT)
    document, refusal = found(pk), None
    given = {name: request.POST.get(name, "").strip() for name in FIELDS}
    if request.method == "POST":
        try:
            made = reissue_to_company(
                document=document,
                tax_id=given["vat_id"],
                **{name: value for name, value in given.items() if name != "vat_id"},
                actor=request.user,
                at=timezone.now(),
            )
        except UserError as error:
            refusal = error
        else:
            messages.success(request, f"{document.number} is cancelled, and {made.number} is issued to {made.buyer['company']}.")
            return redirect("admin:billing_document_change", made.pk)
    elif document.seller.get("country"):
        given["country"] = document.seller["country"]
    context = frame(
        request,
        f"Issue {document.number} to a company",
        ("Documents", reverse("admin:billing_document_changelist")),
        (document.number, reverse("admin:billing_document_change", args=[document.pk])),
        document=document,
        why_not=why_not_reissued(document),
        fields=[(name, words, longest, given[name]) for name, (words, longest) in FIELDS.items()],
        refusal=refusal,
    )
    return TemplateResponse(request, "portal/documents/to_company.html", context)


def why_not_reissued(document: Document) -> str:
    """Why a document can't be issued anew to a company, in words; "" when it can."""
    if document.kind != DocumentKind.RECEIPT:
        return "Only a receipt is issued anew to a company."
    if replaced := Document.objects.filter(replaces=document).first():
        return f"It was issued to a company already, as {replaced.number}."
    if Correction.objects.filter(document=document).exists():
        return "A part of it was credited already, so it stays as it is."
    return ""
