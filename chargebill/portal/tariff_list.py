"""What each company charges: its tariffs with their state, price in words, assignments and drafts. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from billing import assignments
from billing.models import Assignment, Tariff, TariffVersion
from billing.pricing.text import Sentence, tariff_sentences
from billing.rates import core_tariff
from chargebill.core.models import LegalEntity

State = TariffVersion.State
DRAFT, NOW, LATER, EARLIER, NEVER = "draft", "now", "later", "earlier", "never"
MOST_ASSIGNMENTS = 3


def standing(version: TariffVersion, at: datetime) -> str:
    """Where a version stands at a moment; never: it was replaced before it applied."""
    if version.state == State.DRAFT:
        return DRAFT
    if version.valid_until is not None and version.valid_until == version.valid_from:
        return NEVER
    if version.valid_from is not None and version.valid_from > at:
        return LATER
    return EARLIER if version.valid_until is not None and version.valid_until <= at else NOW


class ShownVersion:
    """A version as pages show it, with its standing and its prices in words."""

    def __init__(self, version: TariffVersion, at: datetime) -> None:
        self.version, self.standing = version, standing(version, at)

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        return tariff_sentences(core_tariff(self.version))

    @property
    def in_short(self) -> list[Sentence]:
        """Prices only, without how they are rounded and what tax is in them."""
        return [sentence for sentence in self.sentences if sentence.label and not sentence.minor] or list(self.sentences[:1])


@dataclass(frozen=True, slots=True)
class TariffLine:
    """One tariff. ``now`` is in force, ``later`` begins later, ``draft`` is being written; ``where`` are sentences."""

    tariff: Tariff
    now: ShownVersion | None
    later: list[ShownVersion]
    draft: ShownVersion | None
    ended: ShownVersion | None
    where: list[str]

    @property
    def standing(self) -> str:
        return NOW if self.now else LATER if self.later else DRAFT if self.draft and not self.ended else EARLIER

    @property
    def shown(self) -> ShownVersion | None:
        """The version whose prices tell most."""
        return self.now or (self.later[0] if self.later else None) or self.draft or self.ended

    @property
    def where_in_short(self) -> list[str]:
        return self.where[:MOST_ASSIGNMENTS]

    @property
    def more_places(self) -> int:
        return len(self.where) - len(self.where_in_short)


@dataclass(frozen=True, slots=True)
class CompanyTariffs:
    entity: LegalEntity
    lines: list[TariffLine]

    @property
    def has_price_now(self) -> bool:
        return any(line.now and line.where for line in self.lines)


def company_tariffs(entities: Sequence[LegalEntity], at: datetime) -> list[CompanyTariffs]:
    """Three queries, however many companies and tariffs."""
    of_company: dict[int, list[Tariff]] = defaultdict(list)
    for tariff in Tariff.objects.filter(entity__in=entities).order_by("name"):
        of_company[tariff.entity_id].append(tariff)
    versions: dict[int, list[TariffVersion]] = defaultdict(list)
    for version in TariffVersion.objects.filter(tariff__entity__in=entities).select_related("tariff").order_by("number"):
        versions[version.tariff_id].append(version)
    where = assigned(Assignment.objects.filter(entity__in=entities))
    return [
        CompanyTariffs(entity, [line_of(tariff, versions[tariff.pk], where[tariff.pk], at) for tariff in of_company[entity.pk]])
        for entity in entities
    ]


def assigned(rows: Any) -> dict[int, list[str]]:
    """Whom and where each tariff is given to, by its id. One query."""
    found: dict[int, list[str]] = defaultdict(list)
    for row in rows.select_related(*assignments.RELATED).order_by("pk"):
        parts = f"{assignments.who_text(row)} {assignments.where_text(row)}"
        more = [text for text in (assignments.power_text(row), assignments.period_text(row)) if text]
        found[row.tariff_id].append(", ".join([parts[:1].upper() + parts[1:], *more]))
    return found


def line_of(tariff: Tariff, versions: list[TariffVersion], where: list[str], at: datetime) -> TariffLine:
    shown = [ShownVersion(version, at) for version in versions]

    def those(standing: str) -> list[ShownVersion]:
        return [one for one in shown if one.standing == standing]

    now, draft, ended = (those(name) for name in (NOW, DRAFT, EARLIER))
    return TariffLine(
        tariff=tariff,
        now=now[0] if now else None,
        later=sorted(those(LATER), key=lambda one: one.version.valid_from or at),
        draft=draft[0] if draft else None,
        ended=ended[-1] if ended else None,
        where=where,
    )
