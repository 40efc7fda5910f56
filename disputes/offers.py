"""Reads what was offered in a case: what counts, what waits, what is left to give, and what the checks propose."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, QuerySet, Subquery

from billing.checks import BY_CODE, Finding, Verdict, Way
from billing.credits import LineLeft, left_of_lines
from billing.document_models import Document, DocumentKind, DocumentLine
from billing.documents import Fixed
from billing.investigation.stored import findings_in
from chargebill.core.money import minor_digits, round_money
from disputes.clocks import histories, running_of
from disputes.desk import desk_of
from disputes.evidence_models import EvidenceItem
from disputes.models import Case, CaseEvent, ContestedItem
from disputes.outcome_models import Offer
from disputes.workflow.states import Clock, State
from memberships.models import CustomerKind

ZERO = Decimal(0)


def current_offer(case: Case) -> Offer | None:
    """The newest answer that counts: on the table, agreed, or declined. None before there is one."""
    rows = case.offers.select_related("confirmation", "decided_by").order_by("-version")
    return next((offer for offer in rows if offer.counts), None)


def waiting_offer(case: Case) -> Offer | None:
    """The newest answer, when a second person has not looked at it yet and the case can still get there."""
    newest = case.offers.select_related("confirmation", "decided_by").order_by("-version").first()
    return newest if newest is not None and newest.waits and not is_outdated(case, newest) else None


def cases_for_second() -> QuerySet[Case]:
    """Those with an answer that waits for a second person: nothing has moved the case, and nobody has said a word, since."""
    kinds = (CaseEvent.Kind.MOVED, CaseEvent.Kind.PREPARED, CaseEvent.Kind.SECONDED)
    last = CaseEvent.objects.filter(case=OuterRef("pk"), kind__in=kinds).order_by("-seq").values("kind")[:1]
    prepared = Offer.objects.filter(needs_second=True, confirmation=None).values("case")
    return Case.objects.alias(last=Subquery(last)).filter(pk__in=prepared, last=CaseEvent.Kind.PREPARED)


def is_outdated(case: Case, offer: Offer) -> bool:
    """Whether the case has moved since: nothing that was prepared before counts any more."""
    last = case.events.filter(kind=CaseEvent.Kind.MOVED).order_by("-seq").first()
    prepared = case.events.filter(kind=CaseEvent.Kind.PREPARED, data__offer=offer.version).order_by("-seq").first()
    return prepared is None or (last is not None and last.seq > prepared.seq)


def offer_clock(case: Case) -> datetime | None:
    """Until when the offer on the table is valid; None where none is."""
    if case.state != State.OFFERED:
        return None
    clocks = running_of(histories([case.pk])[case.pk], desk_of(case.entity))
    return next((run.due_at for run in clocks if run.clock is Clock.OFFER), None)


def rounds_of(case: Case) -> int:
    """How often it went back from an offer by somebody's wish (T9 of a person)."""
    back = case.events.filter(kind=CaseEvent.Kind.MOVED, rule="T9")
    return back.exclude(role="system").count()


@dataclass(frozen=True, slots=True)
class Open:
    """A contested item and what of it could be given back now: ``left`` None where the session is on no document."""

    item: ContestedItem
    left: LineLeft | None

    @property
    def line(self) -> DocumentLine | None:
        return self.left.line if self.left else None

    @property
    def document(self) -> Document | None:
        return self.left.line.document if self.left else None

    @property
    def fixed(self) -> Fixed:
        return Fixed(self.document.anchor) if self.document else Fixed.GROSS

    @property
    def left_gross(self) -> Decimal:
        return self.left.left.gross if self.left else self.item.gross_amount

    @property
    def left_fixed(self) -> Decimal:
        return self.left.left_on(self.fixed) if self.left else self.item.gross_amount


def open_items(case: Case) -> list[Open]:
    """Every contested item with what is left of it, in its order. A session billed since is taken by its newest line."""
    return open_items_of([case.pk])[case.pk]


def open_items_of(case_ids: Iterable[int]) -> dict[int, list[Open]]:
    """The same of several cases. The number of queries does not depend on how many there are."""
    contested = ContestedItem.objects.filter(case__in=list(case_ids))
    items = list(contested.select_related("case", "session", "line").order_by("pk"))
    unbilled = {item.session_id for item in items if item.line_id is None}
    since: dict[int, int] = {}
    rows = DocumentLine.objects.filter(session__in=unbilled, corrects__isnull=True)
    for pk, session in rows.exclude(document__kind=DocumentKind.CREDIT_NOTE).order_by("pk").values_list("pk", "session"):
        since[session] = pk
    ids = {item.pk: item.line_id or since.get(item.session_id) for item in items}
    lines = DocumentLine.objects.select_related("document__entity", "document__customer").filter(
        pk__in=[pk for pk in ids.values() if pk]
    )
    left = {one.line.pk: one for one in left_of_lines(lines)}
    found: dict[int, list[Open]] = defaultdict(list)
    for item in items:
        found[item.case_id].append(Open(item, left.get(ids[item.pk] or 0)))
    return found


def given_already(items: Sequence[Open]) -> Decimal:
    """What was taken off these since the case was opened, gross: by an incident, or a colleague."""
    return sum((max(one.item.gross_amount - one.left_gross, ZERO) for one in items), ZERO)


def returns_of(case: Case) -> list[str]:
    """Where money that was paid may go: a roaming partner only gets credit, a driver nobody knows only a refund."""
    if case.customer_kind == CustomerKind.PARTNER:
        return ["CREDIT"]
    return ["REFUND", "CREDIT"] if case.customer_id else ["REFUND"]


@dataclass(frozen=True, slots=True)
class Proposed:
    """What a check proposes for an item, on the side its document fixes; zero where no check failed with an amount."""

    amount: Decimal
    finding: Finding | None = None

    @property
    def title(self) -> str:
        return BY_CODE[self.finding.check].title if self.finding else ""


def proposals(case: Case, items: Sequence[Open]) -> dict[int, Proposed]:
    """By item: the remedy of the failed check that gives most, never more than is left. From the newest findings on file."""
    newest: dict[int, tuple[list[Finding], bool]] = {}
    rows = EvidenceItem.objects.filter(case=case, kind=EvidenceItem.Kind.FINDINGS).order_by("seq")
    for session, content in rows.values_list("session_id", "content"):
        findings, _, before_tax = findings_in(bytes(content).decode())
        newest[session or 0] = (findings, before_tax)
    best: dict[int, Proposed] = defaultdict(lambda: Proposed(ZERO))
    for one in items:
        findings, before_tax = newest.get(one.item.session_id, ([], False))
        for finding in findings:
            amount = _given_by(finding, one, before_tax)
            if amount > best[one.item.pk].amount:
                best[one.item.pk] = Proposed(amount, finding)
    return {one.item.pk: best[one.item.pk] for one in items}


def _given_by(finding: Finding, one: Open, before_tax: bool) -> Decimal:
    remedy = finding.remedy
    # A payment that came twice goes back beside the bill: that is no correction of it.
    if finding.verdict is not Verdict.FAIL or remedy is None or remedy.way in (Way.RELEASE, Way.REFUND):
        return ZERO
    if before_tax is not (one.fixed is Fixed.NET):
        # Priced on another side than the document fixes: a person decides.
        return ZERO
    return min(remedy.amount, one.left_fixed)


def amounts_of_claim(items: Sequence[Open], claimed: Decimal, currency: str) -> dict[int, Decimal]:
    """What is given of each item, on the side its document fixes, so that the driver gets the gross ``claimed``.

    Items are filled one after another. Where net is fixed and no net comes to that gross, the nearest is taken, and the
    guard of a full concession speaks.
    """
    found, rest = {}, claimed
    for one in items:
        share = min(rest, one.left_gross)
        if share > 0:
            found[one.item.pk] = _fixed_for(one, share, currency)
            rest -= share
    return found


def _fixed_for(one: Open, gross: Decimal, currency: str) -> Decimal:
    if one.left is None or one.fixed is Fixed.GROSS:
        return gross
    if gross == one.left_gross:
        return one.left_fixed
    line, unit = one.left.line, Decimal(1).scaleb(-minor_digits(currency))
    near = round_money(gross * line.net_amount / line.gross_amount, currency)
    for net in (near, near + unit, near - unit):
        if 0 < net <= one.left_fixed and one.left.taking(net, Fixed.NET, currency).gross == gross:
            return net
    return near
