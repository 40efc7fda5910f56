"""Pages of the books: closing a month, journal, entries, accounts, periods, opening balances. Importing it registers them."""

from chargebill.portal.accounting import accounts, close, entry, journal, opening, periods  # noqa: F401
