"""A payout list as CSV: for banks and currencies that pain.001 does not fit, and for people."""

import csv
import io

from billing.payouts.content import PayoutContent
from chargebill.core.csvsafe import safe_cell
from chargebill.core.money import minor_digits

COLUMNS = ("list", "reference", "name", "account", "amount", "currency", "execution_on", "from_account", "purpose")


def payout_csv(content: PayoutContent) -> bytes:
    """UTF-8, commas, CRLF. Amounts with a point and the currency's digits."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    digits = minor_digits(content.currency)
    for one in content.transfers:
        rows.writerow(
            [
                content.reference,
                one.reference,
                safe_cell(one.name),
                one.account,
                f"{one.amount:.{digits}f}",
                content.currency,
                content.execution_on.isoformat(),
                content.payer_account,
                safe_cell(one.purpose),
            ]
        )
    return out.getvalue().encode()
