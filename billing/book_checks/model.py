"""What checking the books finds."""

from collections import Counter
from dataclasses import dataclass, field

# Name -> what holds when nothing breaks it, in the order they are shown.
NAMES = {
    "storage": "The tables of the books can be read, and amounts are stored as they were written",
    "accounts": "Accounts are those of the chart",
    "balance": "Debits equal credits in every entry and currency",
    "content": "Entries and their legs say what they said when they were posted",
    "periods": "Entries are posted, each in the month of its day",
    "chain": "Seals number the entries without a gap, and each follows from the one before",
    "closed": "Closed months hold what they held when they were closed",
    "signatures": "Closed months are signed with their company's key",
    "receivables": "Receivables are what is open on documents, those taken over too",
    "credits": "Credits never exceed their line, and a credit note is the sum of its lines",
    "goodwill": "Goodwill given is what the books hold as given",
    "receipts": "Money received, not matched and credited is what the payments say",
    "exports": "Batches for the accountant are as they were made, and hold what the books hold of their entries",
    "settlements": "Payouts of acquirers in transit and their fees are what the payouts say",
    "chargebacks": "What acquirers hold, charged and kept because of chargebacks is what was taken back and how it ended",
    "accruals": "What is accrued at the end of closed months is what was ready and on no document, and was taken back",
    "refunds": "What is owed back and not refunded yet is what dues and refunds say",
}
# More than anyone reads; the rest is counted.
MOST_LISTED = 1000


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that does not hold. ``where`` names the row: "entry 12", "seal 7"."""

    check: str
    company: str
    where: str
    message: str


@dataclass(slots=True)
class Report:
    """What was looked at, by name of the check, and what broke. ``entries`` and ``postings`` are all there are."""

    entries: int = 0
    postings: int = 0
    looked_at: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    breaks: list[Break] = field(default_factory=list)
    companies: dict[int, str] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not self.counts

    def add(self, check: str, entity_id: int | None, where: str, message: str) -> None:
        self.counts[check] += 1
        if len(self.breaks) < MOST_LISTED:
            company = "" if entity_id is None else self.companies.get(entity_id, f"company {entity_id}")
            self.breaks.append(Break(check, company, where, message))
