"""Pages of the books: journal, entries, accounts, periods, opening balances. Importing it registers them."""

from chargebill.portal.accounting import accounts, entry, journal, opening, periods  # noqa: F401
