"""Which layout an acquirer's file is read with: found by its header among those people described."""

from collections.abc import Sequence

from django.db.models import Max

from billing.settlement_models import SettlementFile, SettlementLayout
from billing.settlements import Layout, Payout, read_settlement
from chargebill.core.models import LegalEntity


def newest_layouts(entity: LegalEntity) -> list[SettlementLayout]:
    """The version that counts of each layout of a company, the latest described first."""
    newest = SettlementLayout.objects.filter(entity=entity).order_by().values("title").annotate(last=Max("pk"))
    return list(SettlementLayout.objects.filter(pk__in=newest.values("last")).select_related("entity").order_by("-pk"))


def recognize(entity: LegalEntity, header: Sequence[str]) -> SettlementLayout | None:
    """The layout a person described for files with this header; the latest where several fit."""
    return next((one for one in newest_layouts(entity) if Layout(**one.definition).fits(header)), None)


def described(version: SettlementLayout | None) -> Layout | None:
    return Layout(**version.definition) if version else None


def payouts_of(file: SettlementFile) -> list[Payout]:
    """What a file says, read with its layout. Raises what read_settlement raises."""
    return read_settlement(bytes(file.content), described(file.layout))
