"""Tells every driver of an incident once: in the case that is open about it, else by mail. Who can't be told is listed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, F, OuterRef

from billing.document_models import Document
from billing.mail_models import OutgoingMail
from billing.operations.letter_mail import Written, queue_letter
from billing.papers.letter import Letter
from chargebill.core import bulk, events
from disputes.incident_cover import last_of
from disputes.incident_letters import Told, language_of, written
from disputes.incident_models import Incident, IncidentLetter, IncidentOutcome
from disputes.models import Case, CaseEvent, CaseMessage
from disputes.operations.events import refresh, say, write
from disputes.operations.incident_conceding import concede_covered
from disputes.operations.moves import lock_case
from disputes.workflow.states import ENDED, Role, State
from memberships.models import Customer, CustomerKind


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who is told: a customer, or whoever a document is of that nobody knows."""

    customer_id: int | None
    document_id: int | None


def untold(incident: Incident, most: int) -> list[Recipient]:
    """The next who got something and have not been told yet. Two queries."""
    got = IncidentOutcome.objects.filter(line__incident=incident, credit_note__isnull=False)
    letters = IncidentLetter.objects.filter(incident=incident)
    customer, document = F("line__document__customer"), F("line__document")
    known = got.filter(line__document__customer__isnull=False).values_list(customer, flat=True).order_by(customer).distinct()
    known = known.filter(~Exists(letters.filter(customer=OuterRef("line__document__customer"))))
    found = [Recipient(pk, None) for pk in known[:most]]
    unknown = got.filter(line__document__customer__isnull=True).values_list(document, flat=True).order_by(document).distinct()
    unknown = unknown.filter(~Exists(letters.filter(document=OuterRef("line__document"))))
    return found + [Recipient(None, pk) for pk in unknown[: most - len(found)]]


def tell(*, incident: Incident, recipients: Sequence[Recipient], at: datetime) -> list[IncidentLetter]:
    """Writes to each of these, in a case or by mail. Call inside a transaction. Raises UserError no_sender."""
    by_recipient = _outcomes(incident, recipients)
    cases = last_of(one.line.case for outcomes in by_recipient.values() for one in outcomes if one.line.case)
    # All at once, in the order everybody takes them who takes several.
    bulk.lock_alone(Case, *sorted({case.pk for case in cases.values()}))
    customers = Customer.objects.in_bulk([one.customer_id for one in recipients if one.customer_id])
    letters = []
    for one in recipients:
        customer = customers.get(one.customer_id or 0)
        letters.append(_tell(incident, one, customer, by_recipient[one], at))
    return letters


def _outcomes(incident: Incident, recipients: Sequence[Recipient]) -> dict[Recipient, list[IncidentOutcome]]:
    got = IncidentOutcome.objects.filter(line__incident=incident, credit_note__isnull=False)
    got = got.select_related("line__line", "line__document", "line__case", "credit_note__correction").order_by("line_id")
    found: dict[Recipient, list[IncidentOutcome]] = defaultdict(list)
    for outcome in got.filter(line__document__customer__in=[one.customer_id for one in recipients if one.customer_id]):
        found[Recipient(outcome.line.document.customer_id, None)].append(outcome)
    nobody_known = got.filter(line__document__customer__isnull=True)
    mine = list(nobody_known.filter(line__document__in=[one.document_id for one in recipients if one.document_id]))
    of_case: dict[int, list[IncidentOutcome]] = defaultdict(list)
    for outcome in nobody_known.filter(line__case__in={one.line.case_id for one in mine if one.line.case_id}):
        of_case[outcome.line.case_id or 0].append(outcome)
    # Whom a case makes one person is told of all their receipts at once: the case is answered once.
    for outcome in mine:
        whole = found[Recipient(None, outcome.line.document_id)]
        whole += [one for one in of_case.get(outcome.line.case_id or 0, [outcome]) if one not in whole]
    return found


def _tell(
    incident: Incident, to: Recipient, customer: Customer | None, outcomes: Sequence[IncidentOutcome], at: datetime
) -> IncidentLetter:
    document: Document = outcomes[0].line.document
    language = language_of(customer.language if customer else document.language)
    text = incident.letter_de if language == "de" else incident.letter_en
    subject, body = written(text, _told(incident, customer, language, outcomes))
    partner = customer if customer and customer.kind == CustomerKind.PARTNER else None
    cases = _answer(incident, outcomes, body, partner, at)
    # A partner is told beside its drivers.
    by_case = None if partner else next((case for case in cases if case.contact_email), None)
    address = "" if by_case or customer is None else customer.email
    mail = _mail(incident, to, address, Letter(subject, body), at) if address else None
    return IncidentLetter.objects.create(
        incident=incident,
        customer=customer,
        document_id=to.document_id,
        case=by_case or (cases[0] if cases and not address else None),
        mail=mail,
        language=language,
        subject=subject,
        body=body,
        made_at=at,
    )


def _mail(incident: Incident, to: Recipient, address: str, letter: Letter, at: datetime) -> OutgoingMail:
    """The letter on its way, once for each driver."""
    key = f"{key_of(incident)}:customer:{to.customer_id}"
    said = Written(to=address, subject=letter.subject, body=letter.body)
    return queue_letter(entity=incident.entity, key=key, written=said, actor=incident.decided_by, at=at)


def _told(incident: Incident, customer: Customer | None, language: str, outcomes: Iterable[IncidentOutcome]) -> Told:
    off: dict[str, Decimal] = defaultdict(Decimal)
    back: dict[str, Decimal] = defaultdict(Decimal)
    notes: dict[int, Any] = {}
    days: list[date] = []
    places = []
    for outcome in outcomes:
        line = outcome.line.line
        notes[outcome.credit_note_id or 0] = outcome.credit_note
        days.append(line.started_at.astimezone(ZoneInfo(line.time_zone)).date())
        places.append(line.place)
    for note in notes.values():
        off[note.currency] += note.correction.open_amount
        back[note.currency] += note.correction.returned_amount
    return Told(
        name=customer.name if customer else "",
        language=language,
        company=incident.entity.legal_name or incident.entity.name,
        amounts={code: off[code] + back[code] for code in off},
        off=off,
        back=back,
        days=days,
        places=places,
        documents=[note.number for note in notes.values()],
        as_credit=customer is not None and customer.kind == CustomerKind.PARTNER,
    )


def _answer(
    incident: Incident, outcomes: Sequence[IncidentOutcome], body: str, partner: Customer | None, at: datetime
) -> list[Case]:
    """Says it in the open cases about these lines, once each; returns them. Only one of them tells the driver by mail.

    Cases of a partner are its drivers': each reads about the own charges only. A case that got all it claims is conceded with
    it, and ends by itself.
    """
    went_on = last_of(outcome.line.case for outcome in outcomes if outcome.line.case)
    answered: list[Case] = []
    for _, case in sorted({case.pk: case for case in went_on.values()}.items()):
        case = lock_case(case)
        if not case.events.filter(key=key_of(incident)).exists():
            if State(case.state) in ENDED:
                continue
            mine = [one for one in outcomes if one.line.case and went_on[one.line.case_id or 0] == case]
            letter = _to_driver_of(partner, incident, case, mine) if partner else body
            told = {one.contact_email for one in answered if one.contact_email}
            _say(incident, case, letter, at, is_told=case.contact_email in told if partner else bool(told))
            concede_covered(incident=incident, case=case, letter=letter, at=at)
        answered.append(case)
    return answered


def _to_driver_of(partner: Customer, incident: Incident, case: Case, outcomes: Sequence[IncidentOutcome]) -> str:
    """The letter for a roaming driver: only the own charges, and that the partner settles it."""
    language = language_of(case.language)
    said = _told(incident, None, language, outcomes)
    amount = sum((one.line.gross_amount for one in outcomes), Decimal(0))
    mine = replace(said, name=case.contact_name, amounts={case.currency: amount}, partner=partner.company or partner.name)
    return written(incident.letter_de if language == "de" else incident.letter_en, mine)[1]


def key_of(incident: Incident) -> str:
    """Of the event in a case's log."""
    return f"incident:{incident.pk}"


def _say(incident: Incident, case: Case, body: str, at: datetime, *, is_told: bool) -> None:
    """The letter as an answer in the thread; without a mail of its own where the driver was told in another case."""
    by: dict[str, Any] = {"case": case, "role": Role.SUPERVISOR, "actor": incident.decided_by, "at": at, "key": key_of(incident)}
    if is_told:
        event = write(kind=CaseEvent.Kind.REPLIED, **by)
        kind, author = CaseMessage.Kind.TO_DRIVER, incident.decided_by
        CaseMessage.objects.create(case=case, event=event, kind=kind, author=author, body=body, at=event.at)
    else:
        say(kind=CaseMessage.Kind.TO_DRIVER, body=body, event=CaseEvent.Kind.REPLIED, **by)
    refresh(case)
    events.record(
        action="case.incident",
        subject=case,
        summary=f"{case.number}: answered by the incident {incident.title}",
        actor=incident.decided_by,
        at=at,
        entity=case.entity,
        changes={"incident": incident.pk},
    )
