"""Times the dispute desk on DATABASE_URL, first with the few cases of the demo, then with CASES of them; prints p95 in ms.

    python bench/cases.py CASES

Fills an empty database with the demo, so that what a case is about is as various as it is there: sessions priced, billed,
paid, with statuses and authorizations. Opening a case is taken back each time; it looks into its sessions with every check,
freezes what is on record and prints the dossier.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chargebill.settings")

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from billing.document_models import DocumentKind, DocumentLine  # noqa: E402
from chargebill.core.models import User  # noqa: E402
from disputes.models import Case, CaseEvent, CaseMessage, ContestedItem  # noqa: E402
from disputes.operations.contacts import Contact  # noqa: E402
from disputes.operations.opening import open_case  # noqa: E402
from disputes.subjects import Subject, subjects_of_lines  # noqa: E402
from disputes.workflow.states import Role  # noqa: E402

SESSIONS, TIMES, MANY = 6_000, 20, 99
NOW = timezone.now()


def main(cases: int) -> None:
    call_command("migrate", verbosity=0)
    call_command("demo", sessions=SESSIONS, stdout=open(os.devnull, "w"), stderr=open(os.devnull, "w"))  # noqa: SIM115
    user, _ = User.objects.get_or_create(username="bench", defaults={"is_staff": True, "is_superuser": True})
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    shown = {"few": measured(client)}
    fill(cases)
    shown["many"] = measured(client)
    print(json.dumps({"cases": Case.objects.count(), **shown}))


def free_subjects() -> list[Subject]:
    """Charges of one customer that no open case is about, as many as there are up to MANY."""
    taken = ContestedItem.objects.filter(is_open=True).values("session")
    lines = DocumentLine.objects.filter(corrects__isnull=True, document__customer__isnull=False)
    rows = lines.exclude(document__kind=DocumentKind.CREDIT_NOTE).exclude(session__in=taken).order_by("-pk")
    of_customer: dict[int, list[int]] = {}
    for customer, pk in rows.values_list("document__customer", "pk"):
        of_customer.setdefault(customer, []).append(pk)
    return subjects_of_lines(max(of_customer.values(), key=len)[:MANY])


def measured(client: Client) -> dict[str, dict[str, Any]]:
    subjects = free_subjects()
    case = Case.objects.filter(evidence__isnull=False).order_by("pk").first()
    assert case is not None
    urls = {"queue": "/disputes/case/", "page": f"/disputes/case/{case.pk}/change/"}
    urls["statistics"] = f"/disputes/statistics/?from={(NOW - timedelta(days=400)).date()}&to={NOW.date()}"
    found = {name: p95(lambda url=url: client.get(url).content) for name, url in urls.items()}  # type: ignore[misc]
    found["one"] = p95(lambda: opened(subjects[:1]))
    found["several"] = p95(lambda: opened(subjects)) | {"sessions": len(subjects)}
    return found


def p95(does: Callable[[], object]) -> dict[str, Any]:
    with CaptureQueriesContext(connection) as captured:
        does()
    # Now: the next request empties the log.
    queries, times, cpu = len(captured), [], []
    for _ in range(TIMES):
        began, began_cpu = time.perf_counter(), time.process_time()
        does()
        times.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    at = int(TIMES * 0.95) - 1
    return {"p95_ms": sorted(times)[at] * 1000, "cpu_p95_ms": sorted(cpu)[at] * 1000, "queries": queries}


def opened(subjects: list[Subject]) -> None:
    with transaction.atomic():
        open_case(
            subjects=subjects, customer=subjects[0].customer, contact=Contact("Bench"), channel="PHONE", cause="ENERGY",
            statement="My car took less.", claimed_amount=None, role=Role.AGENT, actor=None, at=timezone.now(),
        )  # fmt: skip
        transaction.set_rollback(True)


def fill(cases: int) -> None:
    """Cases about lines of the demo, one in three still open, each with its events and a message."""
    held = set(ContestedItem.objects.filter(is_open=True).values_list("session_id", flat=True))
    # The customer whose charges are contested above keeps them.
    held |= {subject.session.pk for subject in free_subjects()}
    rows = DocumentLine.objects.filter(corrects__isnull=True).exclude(document__kind=DocumentKind.CREDIT_NOTE)
    lines = list(rows.select_related("document").order_by("pk"))
    lines = [line for line in lines if line.session_id not in held]
    first = Case.objects.count() + 1_000
    made: list[tuple[Case, DocumentLine, bool]] = []
    for n in range(cases):
        line, is_open = lines[n % len(lines)], n < len(lines) and n % 3 == 0
        of = line.document
        due = NOW + timedelta(hours=n % 900 - 100) if is_open else None
        case = Case(
            entity_id=of.entity_id, sequence=first + n, number=f"D-{first + n:05}", customer_id=of.customer_id,
            customer_kind=of.customer_kind, contact_name=f"Driver {n}", channel="PHONE", cause=("ENERGY", "IDLE")[n % 2],
            statement="My car took less.", currency=of.currency, contested_amount=line.gross_amount,
            state="INVESTIGATING" if is_open else "CLOSED", opened_at=NOW - timedelta(hours=n % 9000),
            turn="us" if is_open else "nobody", next_clock="first_reply" if is_open else "", next_due_at=due,
        )  # fmt: skip
        made.append((case, line, is_open))
    Case.objects.bulk_create([case for case, _, _ in made], batch_size=500)
    ContestedItem.objects.bulk_create(
        [
            ContestedItem(case=case, line=line, session_id=line.session_id, gross_amount=line.gross_amount, is_open=is_open)
            for case, line, is_open in made
        ],
        batch_size=1000,
    )
    events = [
        CaseEvent(case=case, seq=seq, at=case.opened_at, kind=kind, role="agent", rule=rule, to_state=state)
        for case, _, _ in made
        for seq, kind, rule, state in ((1, "moved", "T1", "NEW"), (2, "replied", "", ""), (3, "moved", "T5", case.state))
    ]
    CaseEvent.objects.bulk_create(events, batch_size=1000)
    CaseMessage.objects.bulk_create(
        [
            CaseMessage(case_id=event.case_id, event=event, kind="TO_DRIVER", body="We look into it.", at=event.at)
            for event in events
            if event.kind == "replied"
        ],
        batch_size=1000,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
