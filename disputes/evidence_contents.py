"""What is collected as evidence: the case, each contested session as it is on record now, what was said. Reads only."""

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from billing.checks import BY_CODE, Finding, Verdict
from billing.checks.canonical import canonical
from billing.checks.remedy_words import remedy_in_words
from billing.checks.words import money, plain, span
from billing.investigation import Investigation, look_into_all
from billing.investigation.stored import findings_text
from billing.pricing import Line
from billing.pricing.text import dimension_label, tariff_sentences
from disputes.evidence.readme import README
from disputes.evidence_models import EvidenceItem
from disputes.evse_cases import cases_about_each
from disputes.file_models import CaseFile
from disputes.models import Case, CaseMessage
from disputes.workflow.states import Role
from stations.models import Session

Kind = EvidenceItem.Kind
SHOWN_TO_ALL = (CaseMessage.Kind.TO_DRIVER, CaseMessage.Kind.FROM_DRIVER)


@dataclass(frozen=True, slots=True)
class Piece:
    """A file to be collected; ``stem`` and ``suffix`` make its path, with a number between them where it may come again."""

    kind: EvidenceItem.Kind
    stem: str
    suffix: str
    content: bytes
    session: Session | None = None


def about(case: Case) -> dict[str, Any]:
    """Whose evidence it is, as every manifest says. Never changes."""
    return {"case": case.number, "company": case.entity.legal_name or case.entity.name, "company_id": case.entity_id}


def once(case: Case) -> list[Piece]:
    """What never comes again."""
    said = {
        "number": case.number,
        "opened_at": case.opened_at,
        "channel": case.channel,
        "statement": case.statement,
        "currency": case.currency,
        "contested": [
            {
                "session": item.session.external_id,
                "document": item.line.document.number if item.line else None,
                "gross": item.gross_amount,
            }
            for item in case.items.select_related("session", "line__document").order_by("pk")
        ],
    }
    return [
        Piece(Kind.README, "README", "txt", README.encode()),
        Piece(Kind.CASE, "case", "json", (canonical(said) + "\n").encode()),
    ]


def sessions_of(case: Case) -> list[Session]:
    """The contested sessions in the order they were contested in, each once."""
    items = case.items.select_related("session__location", "session__entity", "session__connector__evse", "session__batch__job")
    return list({item.session_id: item.session for item in items.order_by("pk")}.values())


def looked_into(case: Case) -> list[tuple[Session, Investigation]]:
    """All checks now, of every contested session. The number of queries does not depend on how many there are.

    Cases are counted around the day this one was opened: time alone changes no record.
    """
    sessions = sessions_of(case)
    evses = {session.pk: session.connector.evse_id for session in sessions}

    def cases_within(days: int) -> dict[int, int]:
        counted = cases_about_each(evses.values(), days, case.opened_at)
        return {pk: counted[evse_id] for pk, evse_id in evses.items()}

    return list(zip(sessions, look_into_all(sessions, cases_within=cases_within), strict=True))


def of_session(session: Session, looked: Investigation, line: str | None, folder: str) -> list[Piece]:
    """What is on record about one session, what the checks say of it, and what both follow from.

    ``line`` is its record in the imported file; None where that is no longer there: its SHA-256 stands in the record.
    """
    snapshot = looked.snapshot
    findings = findings_text(
        looked.findings, record_sha256=looked.sha256, currency=snapshot.currency, before_tax=looked.before_tax
    )
    found = [
        Piece(Kind.RECORD, f"{folder}/record", "json", looked.text.encode(), session),
        Piece(Kind.FINDINGS, f"{folder}/findings", "json", findings.encode(), session),
    ]
    if pricing := snapshot.record.pricing:
        found.append(Piece(Kind.PRICE, f"{folder}/price", "json", canonical(pricing.result()).encode(), session))
        sentences = "\n".join(map(str, tariff_sentences(pricing.tariff))) + "\n"
        found.append(Piece(Kind.TARIFF, f"{folder}/tariff", "txt", sentences.encode(), session))
    if line is not None:
        found.append(Piece(Kind.SOURCE, f"{folder}/source", "txt", line.encode(), session))
    return found


def messages_of(case: Case) -> list[CaseMessage]:
    """What was said between driver and company, in its order; internal notes are nobody's evidence."""
    return list(case.messages.filter(kind__in=SHOWN_TO_ALL).order_by("pk"))


def said_before(case: Case) -> int:
    """How many of these are on file. Counted, for two may have been said at one moment."""
    pieces = case.evidence.filter(kind=Kind.MESSAGES).values_list("content", flat=True)
    return sum(len(json.loads(bytes(content))) for content in pieces)


def of_messages(messages: Sequence[CaseMessage]) -> Piece:
    said = [{"kind": message.kind, "at": message.at, "text": message.body} for message in messages]
    return Piece(Kind.MESSAGES, "messages", "json", canonical(said).encode())


def files_of(case: Case) -> list[CaseFile]:
    """What was handed in, without contents; what came with an internal note is nobody's evidence. One query."""
    internal = Q(message__kind=CaseMessage.Kind.INTERNAL)
    return list(case.files.defer("content").select_related("added_by").exclude(internal).order_by("number"))


def of_files(case: Case, there: Container[str]) -> list[Piece]:
    """Each file that is not there, as it is kept, and beside it who handed it in and what it was when it came."""
    found = []
    for file in files_of(case):
        stem = f"files/{file.number}"
        if f"{stem}.json" in there:
            continue
        said = {
            "name": file.name,
            "file": f"{file.number}.{file.suffix}",
            "sha256": file.sha256,
            "received_sha256": file.received_sha256,
            "handed_in_by": _who(file),
            "at": file.added_at,
        }
        # Loaded here: a file at a time.
        found.append(Piece(Kind.FILE, stem, file.suffix, bytes(file.content)))
        found.append(Piece(Kind.FILE, stem, "json", (canonical(said) + "\n").encode()))
    return found


def _who(file: CaseFile) -> str:
    by = f", taken in by {file.added_by}" if file.added_by else ""
    return "the driver" + by if file.role == Role.CUSTOMER else str(file.added_by or "ChargeBill")


def _side(file: CaseFile) -> str:
    """As the dossier says it, which acquirers and outside bodies get: names of colleagues are no part of it."""
    return "the driver" if file.role == Role.CUSTOMER else "the company"


def dossier_of(case: Case, looked: Sequence[tuple[Session, Investigation]], at: datetime) -> dict[str, Any]:
    """The content of the PDF."""
    return {
        "title": f"Case {case.number}",
        "company": case.entity.legal_name or case.entity.name,
        "facts": [
            ["Opened", _moment(case.opened_at)],
            ["What seems wrong", case.get_cause_display()],
            ["In the driver's words", case.statement or "–"],
            ["Contested", money(case.contested_amount, case.currency)],
            ["Claimed", money(case.claimed_amount, case.currency) if case.claimed_amount is not None else "not said"],
            ["As of", _moment(at)],
        ],
        "sessions": [_session(session, one) for session, one in looked],
        "messages": [
            {"who": message.get_kind_display(), "at": _moment(message.at), "lines": message.body.split("\n")}
            for message in messages_of(case)
        ],
        "files": [
            [f"{file.number}.{file.suffix}", f"{file.name}, by {_side(file)}, {_moment(file.added_at)}", file.sha256]
            for file in files_of(case)
        ],
        "checking": [" ".join(part.split()).removeprefix("How to check it ") for part in README.split("\n\n")[2:]],
    }


def _session(session: Session, looked: Investigation) -> dict[str, Any]:
    snapshot, record = looked.snapshot, looked.snapshot.record
    billed = record.billed
    documents = ", ".join(document.number for document in record.documents or ())
    result = record.pricing.result() if record.pricing else None
    return {
        "title": f"Session {session.external_id}",
        "facts": [
            ["Place and EVSE", f"{record.place}, {record.connector}"],
            ["From", _moment(snapshot.start)],
            ["To", f"{_moment(snapshot.end)} ({span(snapshot.duration_s)})"],
            ["Energy", f"{plain(snapshot.energy_kwh)} kWh"],
            ["Token", snapshot.token or "none"],
            ["Billed", f"{money(billed.gross, snapshot.currency)} with tax" if billed else "no price"],
            ["Documents", documents or "none"],
            ["SHA-256 of the record", looked.sha256],
        ],
        "lines": [_line(line, snapshot.currency, before_tax=looked.before_tax) for line in result.lines] if result else [],
        "wrong": [_wrong(one, snapshot.currency, looked) for one in looked.findings if one.verdict is Verdict.FAIL],
        "fine": [_named(one) for one in looked.findings if one.verdict is Verdict.PASS],
        "lacking": [f"{_named(one)}: {one.supplied_by}" for one in looked.findings if one.verdict is Verdict.NO_DATA],
    }


def _line(line: Line, currency: str, *, before_tax: bool) -> list[str]:
    amount: Decimal | None = line.net if before_tax else line.gross
    unit = {"s": "min"}.get(line.unit, line.unit)
    billed = line.billed / 60 if line.unit == "s" else line.billed
    price = "" if line.unit_price is None else f"{plain(line.unit_price, 6)} {currency}/{unit}"
    quantity = "" if line.unit_price is None else f"{plain(billed)} {unit}"
    return [dimension_label(line.dimension), quantity, price, "–" if amount is None else money(amount, currency)]


def _wrong(finding: Finding, currency: str, looked: Investigation) -> dict[str, str]:
    assert finding.remedy is not None
    staff = f"{finding.staff[:1].upper()}{finding.staff[1:]}."
    remedy = remedy_in_words(finding.remedy, currency, before_tax=looked.before_tax)
    return {"title": BY_CODE[finding.check].title, "code": finding.check, "staff": staff, "remedy": remedy}


def _named(finding: Finding) -> str:
    return f"{BY_CODE[finding.check].title} ({finding.check})"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
