"""Every address of the desk in every role: who gets in, and that nobody else can tell what is there.

Those of drivers, with their own and foreign links, are tried in tests/drivers/test_links.py and test_finding.py.
The addresses are read from the router: one that the table does not name is an error, so that a new page says who may see it.
"""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from billing.document_models import Document
from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, ROLES
from disputes.operations.case_files import add_file
from disputes.operations.evidence import collect_and_seal
from disputes.operations.outside import record_request
from disputes.operations.outside_answers import make_pack
from disputes.workflow.states import Role
from stations.models import Session
from tests.disputes.conftest import everything, opened
from tests.disputes.hostile import jpeg
from tests.disputes.incidents import proposed
from tests.disputes.odd_mails import eml
from tests.disputes.test_chargeback_answers import media, staged
from tests.disputes.test_chargebacks import written
from tests.disputes.test_incoming_mail import came
from tests.disputes.test_outside_requests import asked as letter
from tests.documents.conftest import Operator

__all__ = ["media"]
Of = Callable[[str], Client]
EVERYBODY = (ADMINISTRATOR, *ROLES)
READ = tuple(role for role in EVERYBODY if role != ANALYST)
WORK = (ADMINISTRATOR, "Dispute agent", "Dispute supervisor")
LAST_WORD = (ADMINISTRATOR, "Dispute supervisor")
AGREE = (*LAST_WORD, "Finance")
BOOK = (ADMINISTRATOR, "Finance")
MAIL = (*WORK, AUDITOR)
NOBODY: tuple[str, ...] = ()
NO_ROLE, SIGNED_OUT = "staff without a role", "nobody signed in"
Allowed = tuple[str, ...] | None
# Who reads it, who may send something to it; None where it can't be asked, or where nothing can be sent.
DESK: dict[str, tuple[Allowed, Allowed]] = {
    "case_evidence": (READ, None),
    "case_evidence_collect": (None, WORK),
    "case_bundle": (READ, None),
    "case_file": (READ, None),
    "case_file_small": (READ, None),
    "reply_templates": (READ, WORK),
    "chargeback_letter": (WORK, WORK),
    "chargeback_answer": (READ, (*WORK, "Finance")),
    "chargeback_answer_zip": (READ, None),
    "dispute_settings": (READ, LAST_WORD),
    "cases_give": (WORK, WORK),
    "case_mail": (MAIL, WORK),
    "case_mail_original": (MAIL, None),
    "incident_new": (LAST_WORD, LAST_WORD),
    "incident_new_csv": (LAST_WORD, None),
    "incident_confirm": (None, AGREE),
    "incident_stop": (None, AGREE),
    "incident_resume": (None, AGREE),
    "incident_csv": (READ, None),
    "cases_many": (WORK, WORK),
    "case_open": (WORK, WORK),
    "disputes_case_export_csv": (READ, None),
    "disputes_case_export_xlsx": (READ, None),
    "disputes_case_changelist": (READ, READ),
    "disputes_case_add": (NOBODY, NOBODY),
    "disputes_case_history": (READ, None),
    "disputes_case_delete": (NOBODY, NOBODY),
    "disputes_case_change": (READ, WORK),
    "disputes_chargeback_changelist": (READ, READ),
    "disputes_chargeback_add": (NOBODY, NOBODY),
    "disputes_chargeback_history": (READ, None),
    "disputes_chargeback_delete": (NOBODY, NOBODY),
    "disputes_chargeback_change": (READ, BOOK),
    "outside_new": (LAST_WORD, LAST_WORD),
    "outside_pack": (READ, None),
    "outside_export_csv": (READ, None),
    "outside_export_xlsx": (READ, None),
    "disputes_outsiderequest_changelist": (READ, READ),
    "disputes_outsiderequest_add": (NOBODY, NOBODY),
    "disputes_outsiderequest_history": (READ, None),
    "disputes_outsiderequest_delete": (NOBODY, NOBODY),
    "disputes_outsiderequest_change": (READ, LAST_WORD),
    "case_statistics": (READ, None),
    "case_statistics_csv": (READ, None),
    "case_report_csv": (READ, None),
    "case_list_csv": (READ, None),
    "disputes_incident_changelist": (READ, READ),
    "disputes_incident_add": (NOBODY, NOBODY),
    "disputes_incident_history": (READ, None),
    "disputes_incident_delete": (NOBODY, NOBODY),
    "disputes_incident_change": (READ, None),
}
# What an address is about, by its name; otherwise it is a case.
KINDS = ("incident", "chargeback", "mail", "outside_pack", "outsiderequest")
# What has to be asked for.
ASKED = {
    "case_open": "?session={session}",
    "incident_new_csv": "?from=2018-09-01T00:00&until=2018-10-01T00:00&remedy=WHOLE",
}
OF_DRIVERS = {
    "document_link", "document_link_pdf", "document_link_company", "complaint_of_document", "complaint",
    "case_link", "case_link_withdraw", "find_charge", "charge",
}  # fmt: skip
AREAS = ("disputes/", "cases/", "chargebacks/", "c/", "d/", "charge/")


def addresses(patterns: Any = None, before: str = "") -> Iterator[tuple[str, str]]:
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        here = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern) and pattern.name and here.startswith(AREAS):
            yield here, pattern.name


@pytest.fixture
def objects(billed: Operator, staff: Callable[[str], Any], media: None) -> dict[str, int]:
    """One of everything an address can name."""
    case, now = opened("M1", at=timezone.now()), timezone.now()
    add_file(case=case, name="a.jpg", content=jpeg(Random(1)), role=Role.CUSTOMER, actor=None, at=now)
    session = Session.objects.get(external_id="B1")
    collect_and_seal(case=case, actor=None, at=now)
    mail = came(eml("Words.\n", to="disputes@tay.example"))
    chargeback = written(Document.objects.get(lines__session_number="A1", kind="RECEIPT"), amount=Decimal("2.00"))
    staged(chargeback, staff("Dispute agent"))
    incident = proposed(billed, staff("Dispute supervisor"))
    asks = letter(received_on=now.date(), due_on=now.date())
    asked = record_request(entity=billed.entity, asked=asks, cases=[case], actor=None, at=now)
    pack = make_pack(request=asked, actor=None, at=now)
    return {
        "outsiderequest": asked.pk,
        "outside_pack": pack.pk,
        "case": case.pk,
        "mail": mail.pk,
        "chargeback": chargeback.pk,
        "incident": incident.pk,
        "session": session.pk,
    }


def path_of(name: str, objects: dict[str, int]) -> str:
    """Its address, with the object it is about."""
    route = next(route for route, each in addresses() if each == name)
    kind = next((kind for kind in KINDS if kind in name), "case")
    path = re.sub(r"<\w+:(pk|object_id)>", str(objects[kind]), route).replace("<int:number>", "1").replace("<int:version>", "1")
    return f"/{path}{ASKED.get(name, '').format(**objects)}"


def test_every_address_says_who_may_come() -> None:
    assert {name for _, name in addresses()} == {*DESK, *OF_DRIVERS}


def asked(who: Client, method: str, path: str) -> Any:
    answer = getattr(who, method)(path)
    if answer.streaming:
        b"".join(answer.streaming_content)
    return answer


def unchanged() -> list[Any]:
    """Everything but the audit trail, which has who took a file along."""
    return [rows for rows in everything() if not (rows and "action" in rows[0])]


def expected(who: str, method: str, reads: Allowed, sends: Allowed) -> set[int]:
    """What an address may answer; what only reads answers whatever is sent to it as if it were asked."""
    allowed = reads if method == "get" else sends
    if who == SIGNED_OUT:
        return {302}
    if allowed is None:
        return {405} | (expected(who, "get", reads, sends) if method == "post" else set())
    return {200, 302} if who in allowed else {403}


@pytest.mark.parametrize("who", [*EVERYBODY, NO_ROLE, SIGNED_OUT])
def test_who_gets_in(objects: dict[str, int], client_of: Of, client: Client, staff: Callable[[str], Any], who: str) -> None:
    if who == NO_ROLE:
        client.force_login(User.objects.create(username="new", is_staff=True))
    asking = client if who in (NO_ROLE, SIGNED_OUT) else client_of(who)
    before, wrong = unchanged(), []
    for name, (reads, sends) in DESK.items():
        there, gone = path_of(name, objects), path_of(name, dict.fromkeys(objects, 987_654_321))
        for method in ("get", "post"):
            answer, missing = (asked(asking, method, path).status_code for path in (there, gone))
            if answer not in expected(who, method, reads, sends):
                wrong.append((name, method, answer))
            # Whoever may not read can't tell what is there from what isn't.
            if gone != there and missing != answer and (who not in READ or missing not in (302, 404)):
                wrong.append((name, method, answer, missing))
        if who == SIGNED_OUT and not asked(asking, "get", there).headers.get("Location", "/login/").startswith("/login/"):
            wrong.append((name, "not asked to sign in"))
    assert not wrong, wrong
    assert who in AGREE or unchanged() == before
