"""Receivables, receipts and refunds: what the books hold for them against documents, payments and refunds themselves.

Entries of documents and of payments are looked at, and what takes one of them back; what a person books on these
accounts besides (opening balances) is theirs to prove.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from billing.book_checks.model import Report
from billing.chargeback_models import ChargebackEnd, ChargebackFunds
from billing.credit_models import TAKEN, Correction
from billing.document_models import Document
from billing.goodwill_models import GoodwillGrant
from billing.journal_models import Posting
from billing.operations.opening_receivables import OPENING
from billing.payment_models import Payment, PaymentAllocation
from billing.refund_models import Refund, RefundDue, RefundState
from billing.settlement_models import SettlementPayout

SOURCES = ("document", "open_invoice", "payment", "refund", "settlement", "goodwill", "chargeback")
# Account -> what it holds, and the check it belongs to.
SAID = {
    "1100": ("receivables", "open on documents"),
    "1000": ("receipts", "received by bank and in cash, less what went back"),
    "1055": ("receipts", "taken by terminals and other systems, less what went back"),
    "2000": ("receipts", "credited to customers by payments, credit notes and goodwill"),
    "2090": ("receipts", "received and not matched"),
    "1060": ("settlements", "paid out by acquirers and not arrived yet"),
    "6000": ("settlements", "kept by acquirers as their fee"),
    "1150": ("chargebacks", "held by acquirers because of chargebacks"),
    "6010": ("chargebacks", "charged by acquirers for chargebacks"),
    "6020": ("chargebacks", "lost in chargebacks"),
    "2300": ("chargebacks", "credited because of chargebacks that came back after all"),
    "4900": ("goodwill", "given as goodwill"),
    "2050": ("refunds", "owed back and not refunded yet"),
}
GATEWAY = ("receipts", "taken by this gateway, less what went back")
Sums = dict[tuple[int, str, str], Decimal]


def check(report: Report) -> None:
    booked, there = _booked(), _there()
    for entity_id, currency, code in sorted({*booked, *there}):
        name, words = SAID.get(code, GATEWAY)
        report.looked_at[name] += 1
        books, rows = booked.get((entity_id, currency, code), Decimal(0)), there.get((entity_id, currency, code), Decimal(0))
        if books != rows:
            said = f"{currency} {rows:f} is {words}, but the books hold {books:f}: a difference of {books - rows:f}."
            report.add(name, entity_id, f"account {code}", said)


def _booked() -> Sums:
    """The balance of each account, liabilities above zero when credited."""
    sums: Sums = defaultdict(Decimal)
    of = Q(entry__source_type__in=SOURCES) | Q(entry__reverses__source_type__in=SOURCES)
    # Whatever rule owes something back (a correction, goodwill) says so in a due: opening balances alone do not.
    of |= Q(account__code="2050") & ~Q(entry__source_type=OPENING) & ~Q(entry__reverses__source_type=OPENING)
    rows = Posting.objects.filter(of, Q(account__code__in=SAID) | Q(account__code__startswith="1050-")).order_by()
    names = ("entry__entity_id", "currency", "account__code", "debit", "credit")
    for entity_id, currency, code, debit, credit in rows.values_list(*names).iterator(chunk_size=2000):
        sums[entity_id, currency, code] += credit - debit if code.startswith("2") else debit - credit
    return sums


def _there() -> Sums:
    sums: Sums = defaultdict(Decimal)
    documents = Document.claims.filter(corrects__isnull=True)
    for entity_id, currency, gross in _rows(documents.values_list("entity_id", "currency", "gross_amount")):
        sums[entity_id, currency, "1100"] += gross
    names = ("document__entity_id", "document__currency", "open_amount", "returned_amount", "returned_to")
    for entity_id, currency, taken_off, returned, returned_to in _rows(Correction.objects.values_list(*names)):
        sums[entity_id, currency, "1100"] -= taken_off
        if returned_to == Correction.ReturnedTo.CREDIT:
            sums[entity_id, currency, "2000"] += returned
        elif returned_to == TAKEN:
            sums[entity_id, currency, "2300"] += returned
    given = GoodwillGrant.objects.filter(Q(needs_second=False) | Q(confirmation__accepted=True))
    for entity_id, currency, amount, given_as in _rows(given.values_list("entity_id", "currency", "amount", "given_as")):
        sums[entity_id, currency, "4900"] += amount
        if given_as == Correction.ReturnedTo.CREDIT:
            sums[entity_id, currency, "2000"] += amount
    payments = Payment.objects.filter(reversal__isnull=True)
    for entity_id, currency, amount, method, gateway in _rows(
        payments.values_list("entity_id", "currency", "amount", "method", "gateway")
    ):
        sums[entity_id, currency, _account(method, gateway)] += amount
        sums[entity_id, currency, "2090"] += amount
    columns = ("payment__entity_id", "payment__currency", "amount", "document_id", "due_id")
    for entity_id, currency, amount, document_id, due_id in _rows(PaymentAllocation.objects.values_list(*columns)):
        sums[entity_id, currency, "2090"] -= amount
        if document_id:
            sums[entity_id, currency, "1100"] -= amount
        elif not due_id:
            sums[entity_id, currency, "2000"] += amount
    dues = RefundDue.objects.filter(reversal__isnull=True)
    for entity_id, currency, amount in _rows(dues.values_list("entity_id", "currency", "amount")):
        sums[entity_id, currency, "2050"] += amount
    paid = Refund.objects.filter(state=RefundState.SUCCEEDED)
    for entity_id, currency, amount, method, gateway in _rows(
        paid.values_list("due__entity_id", "due__currency", "amount", "method", "gateway")
    ):
        sums[entity_id, currency, "2050"] -= amount
        sums[entity_id, currency, _account(method, gateway)] -= amount
    # What the acquirer gave back in its place is settled; what was taken back otherwise is booked where it came from.
    settled = RefundDue.objects.filter(reversal__isnull=False, source_type__in=("document", "goodwill"))
    for entity_id, currency, amount in _rows(settled.values_list("entity_id", "currency", "amount")):
        sums[entity_id, currency, "2300"] += amount
    _take_back(sums)
    said = ("entity_id", "currency", "gross_amount", "fee_amount", "net_amount", "bank_line_id")
    for entity_id, currency, gross, fee, net, line_id in _rows(SettlementPayout.objects.values_list(*said)):
        sums[entity_id, currency, "1055"] -= gross
        sums[entity_id, currency, "6000"] += fee
        sums[entity_id, currency, "1000" if line_id else "1060"] += net
    return sums


def _take_back(sums: Sums) -> None:
    """What acquirers took back, and what came of it."""
    names = ("entity_id", "currency", "amount", "fee", "payment__method", "payment__gateway")
    for entity_id, currency, amount, fee, method, gateway in _rows(ChargebackFunds.objects.values_list(*names)):
        sums[entity_id, currency, _account(method, gateway)] -= amount + fee
        sums[entity_id, currency, "1150"] += amount
        sums[entity_id, currency, "6010"] += fee
    ended = ("kind", "credited", *(f"funds__{name}" for name in names if name != "fee"))
    for kind, credited, entity_id, currency, amount, method, gateway in _rows(ChargebackEnd.objects.values_list(*ended)):
        here = _account(method, gateway)
        if kind == "LOST":
            sums[entity_id, currency, "1150"] -= amount
        else:
            sums[entity_id, currency, here] += amount
            sums[entity_id, currency, "1150"] -= amount if kind == "REINSTATED" else 0
        # Lost is a loss, or credited and cleared; recovered, it is neither any more.
        sign = {"LOST": 1, "REINSTATED": 0, "RECOVERED": -1}[kind]
        sums[entity_id, currency, "6020"] += sign * (amount - credited)
        sums[entity_id, currency, "2300"] -= sign * credited


def _account(method: str, gateway: str) -> str:
    return f"1050-{gateway}" if gateway else "1055" if method == "TERMINAL" else "1000"


def _rows(found: QuerySet[Any, Any]) -> Iterator[Any]:
    return found.order_by().iterator(chunk_size=2000)
