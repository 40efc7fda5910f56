"""What people decided about held sessions, as pricing has to follow it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.db.models import Q

from billing.checks import Part, Thresholds, Way
from billing.review_models import CheckSettings, DecidedSession
from stations.facts import SessionFacts


@dataclass(frozen=True, slots=True)
class Followed:
    """What is in force for one session: the doubts a person settled, the energy to price, the parts taken off."""

    settled: frozenset[str] = frozenset()
    energy_kwh: Decimal | None = None
    waived: frozenset[Part] = field(default_factory=frozenset)
    dropped: bool = False

    def applied_to(self, fact: SessionFacts) -> SessionFacts:
        """The facts as they are priced; the stored ones stay."""
        return fact if self.energy_kwh is None else replace(fact, energy_kwh=self.energy_kwh)

    @property
    def waived_text(self) -> str:
        return " ".join(part for part in Part if part in self.waived)


UNDECIDED = Followed()
IN_FORCE = Q(decision__needs_second=False) | Q(decision__confirmation__accepted=True)


def followed(facts: Iterable[SessionFacts]) -> dict[int, Followed]:
    """Decisions in force for these sessions, for the revision they were made for. One query."""
    revisions = {fact.id: fact.revision for fact in facts}
    if not revisions:
        return {}
    rows = (
        DecidedSession.objects.filter(IN_FORCE, session_id__in=list(revisions))
        .order_by("decision_id")
        .values_list("session_id", "session_revision", "doubts", "energy_kwh", "decision__way", "decision__part")
    )
    found: dict[int, Followed] = {}
    for pk, revision, doubts, energy_kwh, way, part in rows:
        if revision == revisions[pk]:
            found[pk] = with_decision(found.get(pk, UNDECIDED), way=way, part=part, doubts=doubts, energy_kwh=energy_kwh)
    return found


def with_decision(before: Followed, *, way: str, part: str, doubts: Iterable[str], energy_kwh: Decimal | None) -> Followed:
    """What is in force once this was decided, too. Another reading settles nothing: the checks look at it again."""
    if way == Way.DROP:
        return replace(before, dropped=True)
    if way == Way.READING:
        return replace(before, energy_kwh=energy_kwh)
    waived = before.waived | {Part(part)} if way == Way.WAIVE else before.waived
    return replace(before, settled=before.settled | set(doubts), waived=waived)


_NAMES = [f.name for f in CheckSettings._meta.concrete_fields if f.name in Thresholds.__slots__]


def thresholds_of(entity_id: int) -> Thresholds:
    """An entity's thresholds; the defaults where it set none. One query."""
    stored: Mapping[str, Decimal | int] | None = CheckSettings.objects.filter(pk=entity_id).values(*_NAMES).first()
    return Thresholds(**stored) if stored else Thresholds()  # type: ignore[arg-type]
