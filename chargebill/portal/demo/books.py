"""A company's year in its books: every month is billed early in the next, paid by terminal and bank, a few bills put right.

Everything goes in as staff would enter it, on the day they would have. What still waits is of the last two months.
"""

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.text import slugify

from billing import document_plan
from billing.bank_models import BankAccount, BankLine
from billing.credit_models import Correction
from billing.document_models import Document, DocumentKind, DocumentRun
from billing.journal_models import AccountingPeriod, PeriodChange
from billing.operations.bank_files import take_in_bank_file, upload_bank_file
from billing.operations.document_runs import chunks
from billing.operations.documents import issue_documents
from billing.operations.export_settings import map_by_preset
from billing.operations.journal_periods import ask, confirm
from billing.operations.payouts import Payee, prepare_payout_list, release_payout_list
from billing.operations.refund_moves import mark_paid
from billing.operations.settling import Settled, settle
from billing.payment_models import PaymentMethod
from billing.refund_models import Refund, RefundDue
from chargebill import pipeline
from chargebill.core import jobs, roles
from chargebill.core.models import Job, LegalEntity, User

BANK_COLUMNS = ("account", "currency", "booked_on", "value_on", "amount", "name", "counterparty", "purpose", "reference")
# The account of the company, and that of whoever gets money back: numbers from the banks' own examples.
ACCOUNTS = {
    "DE": ("DE89370400440532013000", "DE75512108001245126199"),
    "GB": ("GB33BUKB20201555555555", "GB29NWBK60161331926819"),
}
# A month is billed on its second day, a fortnight later its invoices are paid, the month before that is closed.
BILLED, PAID = timedelta(days=1, hours=5), timedelta(days=20)
PRESETS = {"DE": ("SKR03",), "GB": ("QuickBooks", "Xero")}
WHY = (
    "The cable was blocked by a parked van.",
    "Charged twice: the first attempt broke off.",
    "The display showed another price.",
)


@dataclass(frozen=True, slots=True)
class Staff:
    """Who does what: bills, keeps the books, and is the second person."""

    clerk: User
    finance: User
    administrator: User

    @classmethod
    def there(cls) -> "Staff":
        return cls(
            *(User.objects.get(username=slugify(role)) for role in (roles.BILLING_CLERK, roles.FINANCE, roles.ADMINISTRATOR))
        )


class Books:
    """The books of a company of the demo, filled month by month up to ``at``. ``key`` begins every idempotency key."""

    def __init__(self, entity: LegalEntity, *, key: str, at: datetime) -> None:
        self.entity, self.key, self.at = entity, f"{key}:{entity.pk}", at
        self.zone, self.staff = ZoneInfo(entity.time_zone), Staff.there()
        self.rng = random.Random(f"{key}:{entity.name}:books")

    def fill(self) -> int:
        """How many documents there are then."""
        months = self._months()
        for month, after in months:
            newest = (month, after) in months[-2:]
            self._bill(month, self._moment(after) + BILLED)
            self._bank(after, is_newest=newest)
            if not newest:
                self._put_right(after)
        for preset in PRESETS[self.entity.country]:
            settings = {"consultant": 1001, "client": 1, "account_length": 4} if preset.startswith("SKR") else {}
            map_by_preset(entity=self.entity, preset=preset, settings=settings, actor=self.staff.finance, at=self.at)
        if len(months) > 1:
            self._close(months[-2][0])
        return Document.objects.filter(entity=self.entity).count()

    def _months(self) -> list[tuple[date, date]]:
        """(first day, first day of the next) of every month that is over and could be billed by now."""
        assert self.entity.billing_from is not None
        month, found = self.entity.billing_from.replace(day=1), []
        while self._moment(after := (month + timedelta(days=32)).replace(day=1)) + BILLED <= self.at:
            found.append((month, after))
            month = after
        return found

    def _moment(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone)

    def _bill(self, month: date, at: datetime) -> None:
        key = f"{self.key}:{month}"
        title = f"Documents of {self.entity}, {month:%Y-%m}"
        job = jobs.create(kind="issue_documents", title=title, key=key, params={}, actor=self.staff.clerk, unit="documents")
        run = DocumentRun.objects.create(
            entity=self.entity, first_day=month, job=job, started_by=self.staff.clerk, started_at=at, finished_at=at
        )
        done = 0
        for drafts in chunks(document_plan.drafts(self.entity, month, at)):
            issued = issue_documents(entity=self.entity, run=run, drafts=drafts, actor=self.staff.clerk, at=at).documents
            done += len(issued)
            # One terminal in a hundred was off line when it should have told what it took.
            taken = [
                one for one in issued if one.kind == DocumentKind.RECEIPT and one.gross_amount > 0 and self.rng.random() > 0.01
            ]
            settle(
                entity=self.entity,
                settled=[
                    Settled(one, f"demo:{one.pk}", PaymentMethod.TERMINAL, one.supplied_until, book_on=one.issue_date)
                    for one in taken
                ],
                actor=self.staff.clerk,
                at=at,
            )
        Job.objects.filter(pk=job.pk).update(
            state=Job.State.DONE, done=done, total=done, started_at=at, finished_at=at, seen_at=at, params={"run": run.pk},
            result={"documents": done, "stopped": False, "left": 0},
        )  # fmt: skip

    def _bank(self, after: date, *, is_newest: bool) -> None:
        """The month's transfers come in with the bank's file; those that name an invoice to the cent are matched."""
        invoices = Document.objects.filter(entity=self.entity, kind=DocumentKind.INVOICE, issue_date__gte=after).exclude(
            allocations__isnull=False
        )
        last = min(after + PAID, self.entity.day_of(self.at) - timedelta(days=1))
        rows, whole = [], {}
        for invoice in invoices.filter(gross_amount__gt=0).select_related("customer").order_by("pk"):
            paid_on = after + timedelta(days=self.rng.randrange(3, 19))
            luck = self.rng.random()
            if paid_on > last or (is_newest and luck < 0.05):
                continue
            amount, purpose = invoice.gross_amount, f"{invoice.number} {invoice.customer.number if invoice.customer else ''}"
            if is_newest and luck < 0.08:
                amount = (amount - Decimal(1)) if amount > 2 else amount + 1
            elif is_newest and luck < 0.1:
                purpose = "charging, thank you"
            else:
                whole[f"D{invoice.pk}"] = invoice
            rows.append((paid_on, amount, invoice.buyer.get("name", ""), purpose.strip(), f"D{invoice.pk}"))
        if not rows:
            return
        at = min(self._moment(last + timedelta(days=1)) + timedelta(hours=7), self.at)
        file = upload_bank_file(
            entity=self.entity, name=f"bank-{after:%Y-%m}.csv", content=self._csv(sorted(rows)), actor=self.staff.clerk, at=at
        )
        take_in_bank_file(file=file, actor=self.staff.clerk, at=at)
        lines = BankLine.objects.filter(statement__file=file).select_related("account")
        matched = [
            Settled(
                whole[line.reference], f"line:{line.pk}", PaymentMethod.BANK, line.booked_on, line.name, line.purpose[:200], line
            )
            for line in lines
            if line.reference in whole
        ]
        settle(entity=self.entity, settled=matched, actor=self.staff.clerk, at=at)

    def _csv(self, rows: Sequence[tuple[date, Decimal, str, str, str]]) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(BANK_COLUMNS)
        own, currency = ACCOUNTS[self.entity.country][0], self.entity.base_currency
        for day, amount, name, purpose, reference in rows:
            writer.writerow((own, currency, day, day, f"{amount:f}", name, "", purpose, reference))
        return text.getvalue().encode()

    def _put_right(self, after: date) -> None:
        """A receipt of the month is taken back and the money goes out, on a list two people made."""
        at = self._moment(after + PAID) + timedelta(hours=10)
        paid = Document.objects.filter(
            entity=self.entity, kind=DocumentKind.RECEIPT, issue_date__gte=after, gross_amount__gt=1, allocations__isnull=False
        )
        receipts = list(paid.order_by("pk")[:200])
        if not receipts:
            return
        receipt = self.rng.choice(receipts)
        pipeline.correct(
            document=receipt, key="demo", amounts=None, reason=self.rng.choice(WHY), returned_to=Correction.ReturnedTo.REFUND,
            actor=self.staff.finance, at=at,
        )  # fmt: skip
        due = RefundDue.objects.get(entity=self.entity, document=receipt)
        account = BankAccount.objects.filter(entity=self.entity).first()
        payee = Payee(due, due.amount, "Robin Exner", ACCOUNTS[self.entity.country][1])
        made = prepare_payout_list(
            entity=self.entity, key=f"{self.key}:{after}", payees=[payee],
            currency=self.entity.base_currency, account=account, execution_on=self.entity.day_of(at), actor=self.staff.finance,
            at=at,
        )  # fmt: skip
        release_payout_list(payout_list=made, actor=self.staff.administrator, at=at + timedelta(hours=1))
        paid_on = self.entity.day_of(at)
        for refund in Refund.objects.filter(due=due):
            mark_paid(refund=refund, paid_on=paid_on, actor=self.staff.finance, at=at + timedelta(hours=6))

    def _close(self, before: date) -> None:
        """Months before the last two that were billed are closed, one after the other."""
        open_ones = AccountingPeriod.objects.filter(entity=self.entity, state=AccountingPeriod.State.OPEN, first_day__lt=before)
        for period in open_ones.order_by("first_day"):
            change = ask(period=period, kind=PeriodChange.Kind.CLOSE, reason="", actor=self.staff.finance, at=self.at)
            confirm(change=change, actor=self.staff.administrator, at=self.at)
