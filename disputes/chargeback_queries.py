"""Reads chargebacks: what acquirers are owed by when, whether they keep money from going back, which charge a letter means."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q, QuerySet

from billing.chargebacks import held_funds
from billing.credits import lines_left
from billing.document_models import Document, DocumentKind
from billing.documents import Fixed
from billing.payment_models import PaymentAllocation
from chargebill.core.models import LegalEntity
from disputes.chargeback_models import Chargeback
from disputes.chargebacks import OWED
from disputes.models import Case, ContestedItem
from disputes.outcome_models import ExecutionStep
from disputes.workflow.durations import Turn
from disputes.workflow.states import State

# The dossier has to be there before the acquirer's own people need it.
BEFORE = timedelta(hours=48)
MOST_FOUND = 20
# Cases we owe an answer: to the driver, or to an acquirer.
WE_OWE = Q(turn=Turn.US.value) | Q(chargeback_due_at__isnull=False)


def due_to_acquirers(case_ids: Iterable[int]) -> dict[int, datetime]:
    """By case that owes an acquirer an answer: when at the latest, 48 hours before its own date. One query."""
    found: dict[int, datetime] = {}
    rows = Chargeback.objects.filter(case__in=list(case_ids), status__in=OWED, is_answered=False).order_by("-due_by")
    for case_id, due_by in rows.values_list("case_id", "due_by"):
        found[case_id] = due_by - BEFORE
    return found


def _held_items() -> QuerySet[ContestedItem]:
    """What is contested of charges whose money an acquirer holds, also where it was contested before it was billed."""
    held = held_funds().values("document")
    return ContestedItem.objects.filter(
        Q(line__document__in=held) | Q(line__isnull=True, session__document_lines__document__in=held)
    )


def blocks(case: Case) -> bool:
    """Whether an acquirer holds money of what the case is about: nothing of it is refunded until that has ended."""
    return bool(blocked([case.pk]))


def blocked(case_ids: Iterable[int]) -> set[int]:
    """Those of these cases whose money, or some of it, an acquirer holds."""
    return set(_held_items().filter(case__in=list(case_ids)).values_list("case", flat=True))


def held_up() -> QuerySet[Case]:
    """Cases with something agreed that waits: an acquirer holds money of what they are about."""
    return Case.objects.filter(pk__in=_held_items().values("case"), state=State.AGREED)


@dataclass(frozen=True, slots=True)
class Agreed:
    """What was agreed in cases to take off lines of a charge and waits for the acquirer: by line, on the side the document
    fixes, never more than is left of it; ``cases`` by number."""

    amounts: Mapping[int, Decimal]
    cases: tuple[str, ...]


def agreed_on(chargeback: Chargeback) -> Agreed:
    """Of every case about the charge, the chargeback's own or another."""
    waiting = ExecutionStep.objects.filter(
        document=chargeback.document_id, kind=ExecutionStep.Kind.CREDIT, state=ExecutionStep.State.WAITING,
        offer__case__state=State.AGREED,
    )  # fmt: skip
    sums: dict[int, Decimal] = defaultdict(Decimal)
    cases: dict[str, None] = {}
    for step in waiting.select_related("offer__case").order_by("pk"):
        cases[step.offer.case.number] = None
        for pk, amount in step.amounts.items():
            sums[int(pk)] += Decimal(amount)
    fixed = Fixed(chargeback.document.anchor)
    left = {one.line.pk: one.left_on(fixed) for one in lines_left(chargeback.document, sums)} if sums else {}
    return Agreed({pk: min(amount, left[pk]) for pk, amount in sums.items()}, tuple(cases))


@dataclass(frozen=True, slots=True)
class Charge:
    """A document a letter may mean: when and what was charged, and by which card as far as anybody knows."""

    document: Document
    started_at: datetime
    time_zone: str
    place: str
    cards: tuple[str, ...]
    sessions: int


def find_charges(*, entity: LegalEntity, amount: Decimal | None, day: date | None, last4: str, reference: str) -> list[Charge]:
    """Documents of a company that fit everything given, the newest first. None where nothing is given.

    ``day`` is the day charging began or the document was issued, give or take one: acquirers name the day they booked.
    """
    found = Document.objects.filter(entity=entity, corrects__isnull=True).exclude(kind=DocumentKind.CREDIT_NOTE)
    if amount is not None:
        found = found.filter(gross_amount=amount)
    if day is not None:
        days = (day - timedelta(days=1), day + timedelta(days=1))
        found = found.filter(Q(issue_date__range=days) | Q(lines__session__local_end_date__range=days))
    if last4:
        found = found.filter(lines__session__card_last4=last4)
    if reference:
        paid = PaymentAllocation.objects.filter(Q(payment__reference=reference) | Q(payment__gateway_reference=reference))
        found = found.filter(
            Q(number__iexact=reference)
            | Q(lines__session__payment_reference=reference)
            | Q(lines__session__external_id=reference)
            | Q(pk__in=paid.values("document"))
        )
    if amount is None and day is None and not last4 and not reference:
        return []
    keys = list(found.order_by("-pk").distinct().values_list("pk", flat=True)[:MOST_FOUND])
    documents = Document.objects.filter(pk__in=keys).select_related("entity", "customer")
    return [_charge(one) for one in documents.prefetch_related("lines__session__location").order_by("-pk")]


def _charge(document: Document) -> Charge:
    lines = sorted(document.lines.all(), key=lambda line: line.position)
    session = lines[0].session
    cards = dict.fromkeys(line.session.card_last4 for line in lines if line.session.card_last4)
    zone = lines[0].time_zone or document.entity.time_zone or "UTC"
    return Charge(document, session.started_at, zone, session.location.name, tuple(cards), len(lines))
