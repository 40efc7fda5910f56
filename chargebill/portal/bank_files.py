"""Bank files: upload one, look at what it holds, what is known and what it seems to be for, then take it in."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from billing import payments
from billing.bank_models import BankFile, BankLine, BankStatement
from billing.banking import COLUMNS, LARGEST_FILE, Line, read_bank_file, template
from billing.operations.bank_files import StatementLines, discard_bank_file, look_into, take_in_bank_file, upload_bank_file
from billing.payments import Proposed
from billing.refund_models import RefundBankLine
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.portal.payment_frame import PER_PAGE, READ_BANK, allow, company_chosen, csv_answer, frame, sent_file
from chargebill.portal.site import page

ADD, CHANGE = "billing.add_bankfile", "billing.change_bankfile"
# Of a file that is only looked at so many receipts are shown with what they seem to be for.
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """A statement of a file that is looked at, counted."""

    of: StatementLines
    came_in: Decimal
    went_out: Decimal

    @property
    def account(self) -> str:
        number = self.of.statement.account
        return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


@page("bank/files/", name="bank_files")
def index(request: HttpRequest) -> HttpResponse:
    """The files there are, and the form for one more."""
    allow(request, READ_BANK)
    companies = list(LegalEntity.objects.order_by("name"))
    refusal, chosen = None, company_chosen(request, companies)
    if request.method == "POST":
        allow(request, ADD)
        try:
            sent = sent_file(request, chosen, whose="whose account it is", source="your bank", most=LARGEST_FILE)
            file = upload_bank_file(
                entity=sent.entity, name=sent.name, content=sent.content, actor=request.user, at=timezone.now()
            )
        except UserError as error:
            refusal = error
        else:
            return redirect("admin:bank_file", file.pk)
    files = BankFile.objects.defer("content").select_related("entity", "uploaded_by")
    files = files.annotate(lines=Sum("statements__lines_in_file"), new=Sum("statements__lines_new"))
    shown = Paginator(files.order_by("-id"), PER_PAGE).get_page(request.GET.get("p"))
    context = frame(
        request,
        "Bank files",
        page=shown,
        query="",
        companies=companies,
        chosen=chosen,
        refusal=refusal,
        may_add=request.user.has_perm(ADD),
        columns=COLUMNS.items(),
        largest_mb=LARGEST_FILE // 1024 // 1024,
    )
    return TemplateResponse(request, "portal/payments/bank_files.html", context)


@page("bank/files/template.csv", name="bank_template")
@require_GET
def csv_template(request: HttpRequest) -> HttpResponse:
    allow(request, READ_BANK)
    return csv_answer(template(), "bank-lines-template.csv")


def _file(pk: int) -> BankFile:
    found = BankFile.objects.select_related("entity", "uploaded_by", "taken_in_by").filter(pk=pk).first()
    if found is None:
        raise Http404("There is no such file.")
    return found


@page("bank/files/<int:pk>/", name="bank_file")
@require_GET
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """Before it is taken in: what it holds, what is known, what it proposes. Afterwards: what it brought."""
    allow(request, READ_BANK)
    file = _file(pk)
    context = frame(
        request, file.name, ("Bank files", reverse("admin:bank_files")), file=file, may_take=request.user.has_perm(CHANGE)
    )
    if file.taken_in_at:
        statements = BankStatement.objects.filter(file=file).select_related("account").annotate(kept=Count("lines"))
        waiting = payments.waiting_lines(file.entity).filter(statement__file=file).count()
        context |= {"statements": statements, "waiting": waiting}
    else:
        context |= _looked_at(file)
    return TemplateResponse(request, "portal/payments/bank_file.html", context)


def _looked_at(file: BankFile) -> dict[str, object]:
    try:
        content = read_bank_file(bytes(file.content))
        found = look_into(file.entity, content)
    except UserError as error:
        return {"refusal": error}
    seen = [
        Seen(
            one,
            sum((line.amount for _, line in one.new if line.amount > 0), Decimal(0)),
            sum((line.amount for _, line in one.new if line.amount < 0), Decimal(0)),
        )
        for one in found
    ]
    receipts = [line for one in found for _, line in one.new if line.amount > 0]
    return {
        "seen": seen,
        "new": sum(len(one.new) for one in found),
        "known": sum(len(one.known) for one in found),
        "not_booked": content.not_booked,
        "receipts": len(receipts),
        "proposed": _proposed(file.entity, receipts[:SHOWN]),
    }


def _proposed(entity: LegalEntity, receipts: Sequence[Line]) -> list[tuple[Line, Proposed]]:
    """What receipts that are not kept yet seem to be for."""
    rows = [
        BankLine(
            pk=number,
            amount=line.amount,
            currency=line.currency,
            name=line.name,
            counterparty=line.counterparty,
            purpose=line.purpose,
            end_to_end=line.end_to_end,
        )
        for number, line in enumerate(receipts, 1)
    ]
    made = payments.proposals(entity, rows)
    return [(line, made[row.pk]) for line, row in zip(receipts, rows, strict=True)]


@page("bank/files/<int:pk>/take/", name="bank_file_take")
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, READ_BANK, CHANGE)
    file = _file(pk)
    try:
        new = take_in_bank_file(file=file, actor=request.user, at=timezone.now())
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:bank_files")
    lines = "1 new line" if new == 1 else f"{new:,} new lines"
    messages.success(request, f"{file.name}: {lines} kept." if new else f"{file.name}: nothing in it is new.")
    if refunds := RefundBankLine.objects.filter(bank_line__statement__file=file).count():
        messages.success(request, f"{'1 refund is' if refunds == 1 else f'{refunds} refunds are'} confirmed by it, or came back.")
    if payments.waiting_lines(file.entity).exists():
        return redirect(f"{reverse('admin:matching')}?entity={file.entity_id}")
    return redirect("admin:bank_file", pk)


@page("bank/files/<int:pk>/discard/", name="bank_file_discard")
@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    allow(request, READ_BANK, CHANGE)
    file = _file(pk)
    try:
        discard_bank_file(file=file, actor=request.user, at=timezone.now())
    except UserError as error:
        messages.error(request, error.message)
        return redirect("admin:bank_file", pk)
    messages.success(request, f"{file.name} is discarded; nothing of it was kept.")
    return redirect("admin:bank_files")
