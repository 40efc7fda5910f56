"""Pages of the books: closing a month, the bridge, audit packs, journal, entries, accounts, periods, taking over, exports.

Importing it registers them.
"""

from chargebill.portal.accounting import (  # noqa: F401
    accounts,
    audit_packs,
    bridge,
    close,
    entry,
    export_accounts,
    exports,
    journal,
    opening,
    periods,
    takeover,
)
