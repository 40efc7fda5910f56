"""Reads for the review queue: what waits for a person, what each way out would cost, what was decided."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, QuerySet, Sum

from billing import chargeables, rates
from billing.chargeables import REASONS, State
from billing.checks import BY_CODE, Part, Way
from billing.decisions import Decider
from billing.held import UNDECIDED, Followed, followed, with_decision
from billing.models import Chargeable
from billing.operations.decisions import RELEASABLE, Held, held_sessions
from billing.review_models import CheckFinding, DecidedSession, HeldDecision
from billing.usage import readings_of, usages
from chargebill.core.models import LegalEntity
from memberships.queries import resolve

WAITING = (State.HELD, State.UNPRICED)


@dataclass(slots=True)
class Group:
    """The sessions of one entity that wait for the same reason; ``amounts`` by currency, tax included."""

    entity_id: int
    entity_name: str
    state: str
    reason: str
    sessions: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return title_of(self.reason)

    @property
    def is_check(self) -> bool:
        return self.reason in BY_CODE

    @property
    def can_decide(self) -> bool:
        """Whether anything but dropping is open."""
        return self.reason in RELEASABLE


def title_of(reason: str) -> str:
    """A reason as the head of a group."""
    if reason in BY_CODE:
        return BY_CODE[reason].title
    return TITLES.get(reason) or reason.replace("_", " ").capitalize()


TITLES = {
    "no_tariff": "No tariff is assigned",
    "no_version": "The tariff had no version yet",
    "tariff_conflict": "Two tariffs fit equally well",
    "tariff_unknown": "The file names an unknown tariff",
    "spans_price_change": "The price changed while it lasted",
    "no_tax_rule": "No tax rule",
    "entity_incomplete": "The company is not complete",
    "no_reported_amount": "No amount reported",
}


def explanation_of(reason: str) -> str:
    return "" if reason in BY_CODE else REASONS.get(reason, "")


def groups(entity: LegalEntity | None = None) -> list[Group]:
    """What waits, the most money first. One query, by the index of states and reasons."""
    # The company is picked out here: asked for it, SQLite would rather read all of a company's sessions.
    rows = Chargeable.objects.filter(state__in=WAITING)
    found: dict[tuple[int, str, str], Group] = {}
    counted = rows.order_by().values_list("session__entity_id", "session__entity__name", "state", "reason", "cdr__currency")
    for entity_id, name, state, reason, currency, count, amount in counted.annotate(
        count=Count("pk"), amount=Sum("cdr__gross_amount")
    ):
        if entity and entity_id != entity.pk:
            continue
        group = found.setdefault((entity_id, state, reason), Group(entity_id, name, state, reason))
        group.sessions += count
        if currency:
            group.amounts[currency] = group.amounts.get(currency, Decimal(0)) + amount
    return sorted(found.values(), key=lambda g: (-max(g.amounts.values(), default=Decimal(0)), -g.sessions, g.reason))


def at_stake(groups: Sequence[Group]) -> dict[str, Decimal]:
    """What the groups cost together by currency, tax included."""
    totals: dict[str, Decimal] = {}
    for group in groups:
        for currency, amount in group.amounts.items():
            totals[currency] = totals.get(currency, Decimal(0)) + amount
    return totals


def ids_of(entity: LegalEntity, state: str, reason: str) -> list[int]:
    """The sessions of one group, in id order, without those a decision waits for."""
    rows = Chargeable.objects.filter(state=state, reason=reason, session__entity=entity).exclude(
        session__decisions__in=_waiting_decisions()
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


def _waiting_decisions() -> QuerySet[DecidedSession]:
    return DecidedSession.objects.filter(decision__needs_second=True, decision__confirmation__isnull=True)


def waiting_for_second(entity: LegalEntity | None = None) -> list[HeldDecision]:
    """Decisions that count once a second person confirms them."""
    rows = HeldDecision.objects.filter(needs_second=True, confirmation__isnull=True)
    rows = rows.filter(entity=entity) if entity else rows
    return list(rows.select_related("entity", "decided_by").order_by("pk"))


def history(entity: LegalEntity | None = None) -> QuerySet[HeldDecision]:
    rows = HeldDecision.objects.select_related("entity", "decided_by", "confirmation__by").order_by("-pk")
    return rows.filter(entity=entity) if entity else rows


@dataclass(frozen=True, slots=True)
class Option:
    """One way out of being held and what the session costs then, tax included."""

    way: Way
    part: Part | None
    gross: Decimal
    energy_kwh: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A held session with what is wrong, and each way out."""

    held: Held
    findings: tuple[CheckFinding, ...]
    options: tuple[Option, ...]


def rows_of(entity: LegalEntity, session_ids: Sequence[int]) -> list[Row]:
    """These sessions as a person decides about them. A constant number of queries."""
    held = held_sessions(chargeables.read(session_ids))
    found = defaultdict(list)
    for finding in CheckFinding.objects.filter(session_id__in=[one.fact.id for one in held]).order_by("session_id", "rank"):
        found[finding.session_id].append(finding)
    options = _options(entity, held)
    return [Row(one, tuple(found[one.fact.id]), tuple(options[one.fact.id])) for one in held]


def _options(entity: LegalEntity, held: list[Held]) -> dict[int, list[Option]]:
    decider = Decider(entity, rates.load(entity.pk))
    facts = [one.fact for one in held]
    customers = resolve((f.entity_id, f.token_uid, f.token_issuer) for f in facts)
    in_force, readings = followed(facts), readings_of(facts)

    def gross(one: Held, follows: Followed) -> Decimal:
        fact = follows.applied_to(one.fact)
        usage = usages([fact], {fact.id: readings[fact.id]} if fact.id in readings else {})[fact.id]
        who = customers[fact.entity_id, fact.token_uid, fact.token_issuer]
        values = decider.decide(fact, usage, who, follows).values
        return values.gross_amount if values else Decimal(0)

    found: dict[int, list[Option]] = {}
    for one in held:
        mine = found[one.fact.id] = []
        before = in_force.get(one.fact.id, UNDECIDED)
        if one.cdr and one.can(Way.RELEASE):
            mine.append(Option(Way.RELEASE, None, one.cdr.gross_amount))
        if one.can(Way.READING):
            follows = with_decision(before, way=Way.READING, part="", doubts=(), energy_kwh=one.other_kwh)
            mine.append(Option(Way.READING, None, gross(one, follows), one.other_kwh))
        for part in Part:
            if one.can(Way.WAIVE, part):
                follows = with_decision(before, way=Way.WAIVE, part=part, doubts=(), energy_kwh=None)
                mine.append(Option(Way.WAIVE, part, gross(one, follows)))
        mine.append(Option(Way.DROP, None, Decimal(0)))
    return found
