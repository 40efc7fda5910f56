"""Reads which refunds lines of the bank stand for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Q, QuerySet

from billing.bank_models import BankLine
from billing.banking import named_in
from billing.refund_models import Refund, RefundBankLine, RefundState
from chargebill.core.models import LegalEntity

ZERO = Decimal(0)
_PAID, _RETURNED = RefundBankLine.Kind.PAID, RefundBankLine.Kind.RETURNED
# A refund a line that went out may stand for: on its way, or said to be paid by a person before the bank said so.
MAY_BE_PAID = (RefundState.SENT, RefundState.UNKNOWN, RefundState.SUCCEEDED)


@dataclass(frozen=True, slots=True)
class Meant:
    """A line with the refunds it names, and whether they are exactly what it says: then nobody needs to look."""

    line: BankLine
    refunds: tuple[Refund, ...]
    is_certain: bool


def named_by(entity: LegalEntity, lines: Sequence[BankLine]) -> list[Meant]:
    """What lines of a company name, in their order; those that name nothing are left out. Four queries for any number.

    A line that came in means refunds that came back only where the bank gives our own reference as its end-to-end id.
    """
    texts = {line.pk: named_in(f"{line.end_to_end} {line.purpose}" if line.amount < 0 else line.end_to_end) for line in lines}
    wanted = Q(pk__in=set().union(*(said.refunds for said in texts.values())))
    wanted |= Q(payout_list__in=set().union(*(said.lists for said in texts.values())))
    rows = Refund.objects.filter(wanted, due__entity=entity, method="BANK").select_related("due", "payout_list").order_by("pk")
    found = list(rows) if any(texts.values()) else []
    has = set(RefundBankLine.objects.filter(refund__in=found).values_list("refund_id", "kind"))
    made = []
    for line in lines:
        said = texts[line.pk]
        kind = _PAID if line.amount < 0 else _RETURNED
        may = MAY_BE_PAID if line.amount < 0 else (RefundState.SENT, RefundState.UNKNOWN, RefundState.SUCCEEDED)
        # The refunds it names; a list stands for those of it that the line does not name one by one.
        named = [one for one in found if one.pk in said.refunds] or [one for one in found if one.payout_list_id in said.lists]
        if not named:
            continue
        fit = [one for one in named if (one.pk, kind) not in has and one.state in may and one.due.currency == line.currency]
        is_certain = bool(fit) and sum((one.amount for one in fit), ZERO) == abs(line.amount)
        if is_certain:
            has |= {(one.pk, kind.value) for one in fit}
        made.append(Meant(line, tuple(fit if is_certain else named), is_certain))
    return made


def unexplained_lines(entity: LegalEntity | None) -> QuerySet[BankLine]:
    """Money that went out and names a refund or a list of ours, but stands for none: a person looks at it."""
    lines = may_name_refunds(BankLine.objects.filter(amount__lt=0, refund_lines__isnull=True))
    if entity:
        lines = lines.filter(account__entity=entity)
    return lines.select_related("account__entity").order_by("-booked_on", "-pk")


def may_name_refunds(lines: QuerySet[BankLine]) -> QuerySet[BankLine]:
    """Those whose words hold the beginning of a reference of ours."""
    words = Q(end_to_end__icontains="CBR") | Q(end_to_end__icontains="CBL")
    return lines.filter(words | Q(amount__lt=0) & (Q(purpose__icontains="CBR") | Q(purpose__icontains="CBL")))


def lines_for(refund: Refund, *, came_back: bool) -> QuerySet[BankLine]:
    """Lines that may stand for this refund: exactly its amount, and for nothing else yet; the newest first."""
    amount = refund.amount if came_back else -refund.amount
    lines = BankLine.objects.filter(
        account__entity_id=refund.due.entity_id, currency=refund.due.currency, amount=amount, refund_lines__isnull=True
    )
    # A bank does not send money before it is asked to.
    lines = lines.filter(payment__isnull=True, settlement__isnull=True, booked_on__gte=refund.made_at.date())
    return lines.order_by("-booked_on", "-pk")


def refunds_of(lines: Iterable[BankLine]) -> dict[int, list[Refund]]:
    """The refunds each of these lines stands for, by line."""
    found: dict[int, list[Refund]] = {}
    for link in RefundBankLine.objects.filter(bank_line__in=list(lines)).select_related("refund__due").order_by("pk"):
        found.setdefault(link.bank_line_id, []).append(link.refund)
    return found
