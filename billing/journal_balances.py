"""Exact sums of legs."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from billing.exact import amount_of, exact_sum
from billing.journal_models import AccountingPeriod, Posting
from chargebill.core.models import LegalEntity


@dataclass(frozen=True, slots=True)
class Sums:
    """Debits and credits of some legs in one currency."""

    debit: Decimal
    credit: Decimal

    @property
    def balance(self) -> Decimal:
        """Debits less credits."""
        return self.debit - self.credit


def sums_by_currency(postings: QuerySet[Posting]) -> dict[str, Sums]:
    rows = postings.order_by().values_list("currency").annotate(d=exact_sum("debit"), c=exact_sum("credit"))
    return {currency: Sums(amount_of(d), amount_of(c)) for currency, d, c in sorted(rows)}


def sums_by_account(postings: QuerySet[Posting]) -> dict[tuple[int, str], Sums]:
    """(account key, currency) -> sums."""
    rows = postings.order_by().values_list("account_id", "currency").annotate(d=exact_sum("debit"), c=exact_sum("credit"))
    return {(account, currency): Sums(amount_of(d), amount_of(c)) for account, currency, d, c in rows}


def posted_legs(
    entity: LegalEntity, *, since: AccountingPeriod | None = None, until: AccountingPeriod | None = None
) -> QuerySet[Posting]:
    """The posted legs of a company, of the months from ``since`` to ``until``, both included; None: without an end."""
    found = Posting.objects.filter(entry__entity=entity, entry__posted_at__isnull=False)
    if since is not None:
        found = found.filter(entry__period__first_day__gte=since.first_day)
    if until is not None:
        found = found.filter(entry__period__first_day__lte=until.first_day)
    return found


def plain(sums: Mapping[str, Sums]) -> tuple[tuple[str, str], ...]:
    """Debits by currency as text, three digits."""
    return tuple((currency, f"{found.debit:.3f}") for currency, found in sums.items())
