"""Matching: each receipt of the bank with what it seems to be for; confirm it, choose by hand, or leave it not matched."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from billing import payments
from billing.bank_models import BankLine
from billing.banking import Certainty, OpenDocument
from billing.banking.proposals import filled
from billing.document_models import Document
from billing.operations.payment_entries import Part
from billing.operations.payments import LARGEST, match_payment, record_payment
from billing.payment_models import Payment, PaymentMethod
from billing.payments import Proposed
from chargebill.core.errors import UserError
from chargebill.core.keys import key_in, row_in
from chargebill.core.models import LegalEntity, User
from chargebill.portal import format as written
from chargebill.portal.payment_frame import (
    PER_PAGE,
    READ_BANK,
    READ_PAYMENTS,
    RECORD,
    allow,
    form_key,
    frame,
)
from chargebill.portal.site import page

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Row:
    """A receipt with its proposal; ``value`` is the proposal as the form sends it back."""

    line: BankLine
    proposed: Proposed
    value: str

    @property
    def is_certain(self) -> bool:
        return self.proposed.proposal.certainty == Certainty.CERTAIN

    @property
    def left(self) -> Decimal:
        """What neither a document nor a credit takes."""
        taken = sum((amount for _, amount in self.proposed.parts), self.proposed.credit)
        return Decimal(self.line.amount) - taken


@page("bank/matching/", name="matching")
def index(request: HttpRequest) -> HttpResponse:
    """Of one company; the first that has something waiting unless the URL names one."""
    allow(request, READ_BANK)
    companies = list(LegalEntity.objects.order_by("name"))
    entity = row_in(LegalEntity, request.GET.get("entity", ""))
    if entity is None:
        waits = payments.waiting_lines(None).order_by("account__entity__name", "booked_on", "pk").first()
        entity = waits.account.entity if waits else companies[0] if companies else None
    waiting = payments.waiting_lines(entity) if entity else BankLine.objects.none()
    shown = Paginator(waiting, PER_PAGE).get_page(request.GET.get("p"))
    lines = list(shown.object_list)
    made = payments.proposals(entity, lines) if entity and lines else {}
    rows = [Row(line, made[line.pk], value_of(made[line.pk])) for line in lines]
    context = frame(
        request,
        "Match receipts",
        companies=companies,
        entity=entity,
        page=shown,
        query=f"entity={entity.pk}" if entity else "",
        rows=rows,
        certain=sum(1 for row in rows if row.is_certain),
        newest=payments.newest_booking(entity) if entity else "",
    )
    return TemplateResponse(request, "portal/payments/matching.html", context)


def value_of(proposed: Proposed) -> str:
    """ "12=5.07,13=1.00": documents with amounts, as they were shown."""
    return ",".join(f"{document.pk}={amount:f}" for document, amount in proposed.parts)


def parts_of(entity: LegalEntity, value: str, amount: Decimal, *, to_credit: bool = True) -> list[Part]:
    """The parts a form sent back, and the credit of the documents' customer where more came in."""
    try:
        asked = [(key_in(pk) or 0, Decimal(part)) for pk, _, part in (one.partition("=") for one in value.split(",") if one)]
    except InvalidOperation:
        asked = [(0, ZERO)]
    if not all(pk and part.is_finite() and ZERO < part < LARGEST for pk, part in asked):
        raise UserError("parts", "This form can't be read. Open the page anew. Nothing was changed.")
    there = Document.claims.filter(entity=entity).select_related("customer").in_bulk([pk for pk, _ in asked])
    if len(there) != len(asked):
        raise UserError("parts", "One of these documents is not there. Open the page anew. Nothing was changed.")
    parts = [Part(part, document=there[pk]) for pk, part in asked]
    left = amount - sum((part.amount for part in parts), ZERO)
    customer = payments.one_customer(there.values())
    if left > 0 and customer and to_credit:
        parts.append(Part(left, customer=customer))
    return parts


def decide(line: BankLine, parts: Sequence[Part], *, key: str, actor: User) -> Payment:
    """Books a receipt of the bank with what it is for."""
    customers = {
        part.customer.pk if part.customer else part.document.customer_id if part.document else None: part for part in parts
    }
    first = next(iter(customers.values())) if len(customers) == 1 else None
    customer = (first.customer or (first.document.customer if first.document else None)) if first else None
    return record_payment(
        entity=line.account.entity,
        key=f"line:{line.pk}:{key}",
        method=PaymentMethod.BANK,
        amount=line.amount,
        currency=line.currency,
        received_on=line.booked_on,
        parts=parts,
        customer=customer,
        payer=line.name,
        reference=line.purpose[:200],
        bank_line=line,
        actor=actor,
        at=timezone.now(),
    )


@page("bank/matching/confirm/", name="matching_confirm")
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """Takes one receipt ("line" with "parts", none: not matched) or all that were certain ("all", each "line:parts")."""
    allow(request, READ_BANK, RECORD)
    key, asked = form_key(request), request.POST.getlist("all")
    if "line" in request.POST:
        asked = [f"{request.POST['line']}:{request.POST.get('parts', '')}"]
    ids = {pk for one in asked if (pk := key_in(one.partition(":")[0])) is not None}
    lines = BankLine.objects.filter(amount__gt=0).select_related("account__entity").in_bulk(ids)
    done, refused = [], []
    for one in asked:
        raw, _, value = one.partition(":")
        line = lines.get(key_in(raw) or 0)
        if line is None:
            continue
        try:
            parts = parts_of(line.account.entity, value, line.amount)
            done.append(decide(line, parts, key=key, actor=request.user))
        except UserError as error:
            refused.append(f"{written.money(line.amount, line.currency)} {line.name}: {error.message}")
    _say(request, done, refused, is_matched=any(one.partition(":")[2] for one in asked))
    entity = next((line.account.entity_id for line in lines.values()), None)
    return redirect(reverse("admin:matching") + (f"?entity={entity}" if entity else ""))


def _say(request: HttpRequest, done: Sequence[Payment], refused: Sequence[str], *, is_matched: bool) -> None:
    for sentence in refused[:5]:
        messages.error(request, sentence)
    if len(refused) > 5:
        messages.error(request, f"{len(refused) - 5} more receipts were left as they are, because something changed meanwhile.")
    if not done and not refused:
        messages.error(request, "None of these receipts is there. Nothing was changed.")
    elif len(done) == 1:
        how = "is matched" if is_matched else "is booked as not matched"
        messages.success(request, f"{written.money(done[0].amount, done[0].currency)} {how}: payment {done[0].pk}.")
    elif done:
        messages.success(request, f"{len(done)} receipts are matched.")


@page("bank/matching/<int:pk>/", name="match_line")
def choose_for_line(request: HttpRequest, pk: int) -> HttpResponse:
    """By hand, for a receipt nobody has decided about."""
    allow(request, READ_BANK)
    line = BankLine.objects.select_related("account__entity", "payment").filter(pk=pk, amount__gt=0).first()
    if line is None:
        raise Http404("There is no such receipt.")
    entity = line.account.entity
    back = f"{reverse('admin:matching')}?entity={entity.pk}"
    if hasattr(line, "payment"):
        messages.info(request, "Somebody has decided about this receipt. This is its payment.")
        return redirect("admin:payment", line.payment.pk)

    def act(parts: list[Part]) -> Payment:
        return decide(line, parts, key=form_key(request), actor=request.user)

    crumbs = [("Match receipts", back)]
    return _choose(request, entity, line.amount, line.currency, crumbs, act, back, line=line)


@page("payments/<int:pk>/match/", name="match_payment")
def choose_for_payment(request: HttpRequest, pk: int) -> HttpResponse:
    """By hand, for what of a payment is not matched."""
    allow(request, READ_PAYMENTS)
    payment = Payment.objects.select_related("entity", "customer", "bank_line", "reversal").filter(pk=pk).first()
    if payment is None:
        raise Http404("There is no such payment.")
    link = reverse("admin:payment", args=[pk])
    left = payments.unmatched_of(payment)
    if not left:
        messages.info(request, "Nothing of this payment is left to match.")
        return redirect(link)

    def act(parts: list[Part]) -> Payment:
        match_payment(payment=payment, key=form_key(request), parts=parts, actor=request.user, at=timezone.now())
        return payment

    crumbs = [("Payments", reverse("admin:payments")), (f"Payment {pk}", link)]
    return _choose(request, payment.entity, left, payment.currency, crumbs, act, link, payment=payment)


def _choose(request, entity, amount, currency, crumbs, act, back, line=None, payment=None):  # type: ignore[no-untyped-def]
    refusal, query = None, request.GET.get("q", "").strip()[:100]
    if request.method == "POST":
        allow(request, RECORD)
        try:
            done = act(_chosen(request, entity, amount))
        except UserError as error:
            refusal = error
        else:
            messages.success(request, f"{written.money(amount, currency)} is matched: payment {done.pk}.")
            return redirect(back)
    found = payments.open_documents(entity).filter(currency=currency).select_related("customer")
    if query:
        found = found.filter(
            Q(number__icontains=query)
            | Q(customer__name__icontains=query)
            | Q(customer__company__icontains=query)
            | Q(customer__number__iexact=query)
        )
    shown = list(found[: PER_PAGE + 1])
    context = frame(
        request,
        "Choose what it is for",
        *crumbs,
        entity=entity,
        amount=amount,
        currency=currency,
        line=line,
        payment=payment,
        q=query,
        documents=shown[:PER_PAGE],
        has_more=len(shown) > PER_PAGE,
        refusal=refusal,
        ticked={pk for raw in request.POST.getlist("document") if (pk := key_in(raw)) is not None},
        back=back,
    )
    return TemplateResponse(request, "portal/payments/choose.html", context)


def _chosen(request: HttpRequest, entity: LegalEntity, amount: Decimal) -> list[Part]:
    """The ticked documents, the oldest filled first."""
    ids = {pk for raw in request.POST.getlist("document") if (pk := key_in(raw)) is not None}
    if not ids:
        raise UserError("nothing_chosen", "Tick the documents it is for. Nothing was changed.", "document")
    found = list(Document.claims.filter(entity=entity, pk__in=ids).order_by("issue_date", "pk"))
    still = payments.open_amounts(ids)
    shares = filled(amount, [OpenDocument(d.pk, d.number, d.customer_id, still[d.pk]) for d in found])
    if len(shares) < len(found):
        raise UserError(
            "too_many_chosen",
            "The money does not reach for all of these, or one of them is paid by now. Tick fewer. Nothing was changed.",
            "document",
        )
    value = ",".join(f"{pk}={part:f}" for pk, part in shares)
    return parts_of(entity, value, amount, to_credit=request.POST.get("surplus") != "wait")
