"""Pages of the books: closing a month, journal, entries, accounts, periods, opening balances, exports.

Importing it registers them.
"""

from chargebill.portal.accounting import (  # noqa: F401
    accounts,
    close,
    entry,
    export_accounts,
    exports,
    journal,
    opening,
    periods,
)
