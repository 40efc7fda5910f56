"""An incident over many sessions in processes of its own: ``python -m tests.proofs.incident NAME [ARG ...]``."""

import json
import os
import sys
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path

import django

# So many sessions of a customer; every second session is of somebody unknown.
EACH = 5
PART = "FLAT"


def prepare(folder: str, sessions: str) -> None:
    """A billed month, every third document paid, some cases open, and an approved incident waiting for a worker."""
    from billing.document_models import Document
    from billing.operations import set_tariff
    from billing.operations.payment_entries import Part
    from billing.operations.payments import record_payment
    from billing.paper_models import DocumentSettings
    from chargebill.core.models import User
    from memberships.models import Customer, CustomerKind, Token
    from tests.disputes.conftest import opened
    from tests.disputes.incidents import approved, of_part, proposed
    from tests.documents.conftest import AT, make_operator, session

    operator = make_operator(Path(folder))
    DocumentSettings.objects.create(entity=operator.entity, contact_email="desk@example.com")
    set_tariff(
        entity=operator.entity, name="Standard", currency="GBP", tax_included=True, start_fee=Decimal("0.50"),
        energy_per_kwh=Decimal("0.384"), charging_per_minute=None, idle_per_minute=None, valid_from=None, actor=None, at=AT,
    )  # fmt: skip
    count = int(sessions)
    members = max(count // (2 * EACH), 1)
    people = Customer.objects.bulk_create(
        [
            Customer(
                entity=operator.entity, kind=CustomerKind.MEMBER, name=f"Member {n}", number=f"M{n}", city="Dundee", country="GB",
                email=f"member-{n}@example.com", language="de" if n % 2 else "en",
            )
            for n in range(members)
        ]
    )  # fmt: skip
    Token.objects.bulk_create([Token(entity=operator.entity, uid=f"U{n}", customer=one) for n, one in enumerate(people)])
    operator.bring(
        *(
            # A token charges at one time of a day only.
            session(
                f"S{n}", token=f"U{n // 2 % members}" if n % 2 else "", energy_kwh=f"{1 + n % 50}.{n % 10}7",
                day=f"2018-09-{1 + n // 2 // members % 28:02}",
            )
            for n in range(count)
        )
    )  # fmt: skip
    operator.issue()
    for document in Document.objects.order_by("pk").iterator():
        if document.pk % 3 == 0:
            record_payment(
                entity=operator.entity, key=f"paid:{document.pk}", method="BANK", amount=document.gross_amount, currency="GBP",
                received_on=AT.date(), parts=[Part(document.gross_amount, document=document)], actor=None, at=AT,
            )  # fmt: skip
    # The start fee is all the first one claims: that case ends by it.
    opened("S1", claimed_amount=Decimal("0.40"))
    opened("S3")
    first, second = (User.objects.create(username=name) for name in ("supervisor", "finance"))
    approved(proposed(operator, first, of_part(PART)), second)


def carry_out() -> None:
    """Runs the job here; prints seconds, CPU seconds and documents."""
    from chargebill.core import jobs
    from disputes.incident_models import Incident

    began, cpu = time.monotonic(), time.process_time()
    job = Incident.objects.get().job
    assert job is not None
    jobs.run_here(job)
    print(json.dumps([time.monotonic() - began, time.process_time() - cpu, job.done]))  # noqa: T201


def dump() -> None:
    """Prints what was taken back and who was told, whatever keys and clocks."""
    from billing.book_checks import check_books
    from billing.credit_models import Correction
    from billing.journal_models import Posting
    from billing.mail_models import OutgoingMail
    from billing.models import Chargeable
    from billing.refund_models import RefundDue
    from chargebill.analytics import operations as analytics
    from disputes.incident_models import Incident, IncidentLetter, IncidentLine, IncidentOutcome
    from disputes.models import CaseMessage
    from disputes.outcome_models import ExecutionStep

    corrections = Correction.objects.select_related("document", "credit_note").order_by("document__number")
    booked: Counter[str] = Counter()
    for code, debit, credit in Posting.objects.values_list("account__code", "debit", "credit").iterator():
        booked[code] += int((debit - credit) * 1000)
    shown = {
        "state": Incident.objects.get().state,
        "notes": [
            [one.document.number, one.credit_note.number, f"{one.open_amount:.2f}", f"{one.returned_amount:.2f}"]
            for one in corrections
        ],
        "lines": IncidentLine.objects.count(),
        "outcomes": [IncidentOutcome.objects.filter(credit_note__isnull=no_note).count() for no_note in (False, True)],
        "amounts": sorted(
            f"{number} {amount:.2f}"
            for number, amount in IncidentLine.objects.values_list("line__session_number", "gross_amount")
        ),
        "dues": [RefundDue.objects.count(), f"{sum(RefundDue.objects.values_list('amount', flat=True)):.2f}"],
        "letters": sorted(IncidentLetter.objects.values_list("customer__number", "subject"), key=str),
        "mails": sorted(OutgoingMail.objects.filter(key__startswith="incident").values_list("to", flat=True)),
        "messages": sorted(CaseMessage.objects.filter(event__key__startswith="incident").values_list("case__number", flat=True)),
        "conceded": [
            [number, version, f"{amount:.2f}", state, note is not None]
            for number, version, amount, state, note in ExecutionStep.objects.filter(kind="CREDIT").values_list(
                "offer__case__number", "offer__version", "offer__amount", "state", "correction"
            )
        ],
        "booked": {code: amount for code, amount in sorted(booked.items()) if amount},
        "states": sorted(Counter(Chargeable.objects.values_list("state", flat=True)).items()),
        "breaks": [one.message for one in check_books().breaks],
        "rollups_differing": analytics.differing(),
    }
    print(json.dumps(shown))  # noqa: T201


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")
    django.setup()
    {step.__name__: step for step in (prepare, carry_out, dump)}[sys.argv[1]](*sys.argv[2:])
