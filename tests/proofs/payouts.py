"""Pays out refunds in a process of its own, to be killed: ``python -m tests.proofs.payouts pay COUNT LOG`` and ``dump``."""

import json
import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import django

AT = datetime(2026, 11, 20, 9, tzinfo=UTC)
ACCOUNT, PAYEE = "DE02120300000000202051", "DE02500105170137075030"
DAY = "2026-11-20"
TO_A_LIST = 4


def pay(count: str, log: str) -> None:
    """Owes so many refunds, puts them on lists, releases, confirms and fails them; goes on where it was killed.

    Prints a line after each commit. Begins by looking for all that was promised in ``log``: "lost" and an end with 3 where
    something is not there.
    """
    if lost := {line for line in Path(log).read_text().split() if ":" in line} - done():
        say(f"lost {sorted(lost)}")
        sys.exit(3)
    say("begin")
    for number in range(1, int(count) + 1):
        _owe(number)
    for first in range(1, int(count) + 1, TO_A_LIST):
        _pay_out(range(first, min(first + TO_A_LIST, int(count) + 1)))
    say("end")


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def _owe(number: int) -> None:
    """2050 against 4900, with what is owed, in one transaction."""
    from django.db import transaction

    from billing.journal import Leg
    from billing.operations.journal import post
    from billing.operations.refunds import owe
    from tests.rows import company

    key, amount = f"outage:{number}", Decimal(number) + Decimal("0.07")
    source = {"source_type": "outage", "source_id": str(number), "actor": None, "at": AT}
    with transaction.atomic():
        owe(entity=company(), customer=None, document=None, amount=amount, currency="EUR", key=key, **source)
        legs = [Leg("4900", amount, Decimal(0), "EUR"), Leg("2050", Decimal(0), amount, "EUR")]
        post(
            entity=company(), key=f"{key}:1", effective_date=AT.date(), legs=legs, description="Outage", **source
        )  # fmt: skip
    say(f"owed:{number}")


def _pay_out(numbers: Iterable[int]) -> None:
    """A list of these: prepared, released, confirmed by the bank but for one, which is paid by hand, fails, and is paid anew."""
    from billing.models import BankAccount, RefundDue
    from billing.operations.payouts import Payee, prepare_payout_list, release_payout_list
    from tests.journal.books import person
    from tests.rows import company

    entity, (name, *_) = company(), numbers
    dues = {int(due.source_id): due for due in RefundDue.objects.filter(entity=entity)}
    account, _ = BankAccount.objects.get_or_create(entity=entity, number=ACCOUNT, currency="EUR")
    made = prepare_payout_list(
        entity=entity, key=f"list:{name}", payees=[Payee(dues[n], dues[n].amount, f"Payee {n}", PAYEE) for n in numbers],
        currency="EUR", account=account, execution_on=AT.date(), actor=person("petra"), at=AT,
    )  # fmt: skip
    say(f"prepared:{name}")
    release_payout_list(payout_list=made, actor=person("carl"), at=AT)
    say(f"released:{name}")
    *by_bank, last = made.refunds.order_by("pk")
    _confirm(name, by_bank)
    _fail_and_pay_anew(name, last)


def _confirm(name: int, refunds: Iterable[Any]) -> None:
    """By a bank file that names each refund."""
    from billing.operations.bank_files import take_in_bank_file, upload_bank_file
    from tests.payments.bank_text import own, row
    from tests.rows import company

    rows = [
        row(f"-{one.amount}", f"Refund {one.reference}", reference=one.reference, currency="EUR", account=ACCOUNT, day=DAY)
        for one in refunds
    ]
    file = upload_bank_file(entity=company(), name=f"{name}.csv", content=own(*rows), actor=None, at=AT)
    say(f"uploaded:{name}")
    take_in_bank_file(file=file, actor=None, at=AT)
    say(f"confirmed:{name}")


def _fail_and_pay_anew(name: int, refund: Any) -> None:
    from billing.operations.refund_moves import mark_failed, mark_paid, pay_by_hand

    refund.refresh_from_db()
    if refund.state == "SENT":
        mark_paid(refund=refund, paid_on=AT.date(), actor=None, at=AT)
    say(f"paid:{name}")
    mark_failed(refund=refund, reason="Account closed", actor=None, at=AT)
    say(f"failed:{name}")
    due = refund.due
    pay_by_hand(due=due, key=f"anew:{name}", amount=due.amount, method="CASH", paid_on=AT.date(), actor=None, at=AT)
    say(f"anew:{name}")


def done() -> set[str]:
    """What is there, in the words of the lines that promise it."""
    from billing.models import BankFile, PayoutList, Refund, RefundDue, RefundEvent

    found = {f"owed:{source_id}" for source_id in RefundDue.objects.values_list("source_id", flat=True)}
    for made in PayoutList.objects.all():
        name = made.key.removeprefix("list:")
        found.add(f"prepared:{name}")
        if made.released_at and set(made.refunds.values_list("events__state", flat=True)) >= {"SENT"}:
            found.add(f"released:{name}")
        *by_bank, last = made.refunds.order_by("pk")
        if all(one.state == "SUCCEEDED" and one.bank_lines.count() == 1 for one in by_bank):
            found.add(f"confirmed:{name}")
        events = set(RefundEvent.objects.filter(refund=last).values_list("state", flat=True))
        found |= {f"{word}:{name}" for word, state in (("paid", "SUCCEEDED"), ("failed", "FAILED")) if state in events}
    found |= {f"uploaded:{name.removesuffix('.csv')}" for name in BankFile.objects.values_list("name", flat=True)}
    return found | {one.key for one in Refund.objects.filter(state="SUCCEEDED", key__startswith="anew:")}


def dump() -> None:
    """What came of it, without keys of the database: they may have gaps after a kill."""
    from django.db.models import Count, Sum

    from billing.models import JournalEntry, PayoutFile, Posting, Refund, RefundDue, RefundEvent
    from chargebill.core.models import AuditEvent

    refunds = Refund.objects.order_by("due__amount", "key").values_list("due__source_id", "state", "amount", "method")
    accounts = Posting.objects.values_list("account__code").annotate(d=Sum("debit"), c=Sum("credit")).order_by("account__code")
    shown = {
        "done": sorted(done()),
        "refunds": [[str(value) for value in row] for row in refunds],
        "events": [list(row) for row in RefundEvent.objects.values_list("state").annotate(n=Count("pk")).order_by("state")],
        "audit": [list(row) for row in AuditEvent.objects.values_list("action").annotate(n=Count("pk")).order_by("action")],
        "lists": list(PayoutFile.objects.order_by("payout_list__key", "kind").values_list("payout_list__key", "kind")),
        "entries": JournalEntry.objects.count(),
        "balances": [[code, f"{debit - credit:.2f}"] for code, debit, credit in accounts],
        "dues": RefundDue.objects.count(),
    }
    sys.stdout.write(json.dumps(shown) + "\n")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")
    django.setup()
    {step.__name__: step for step in (pay, dump)}[sys.argv[1]](*sys.argv[2:])
