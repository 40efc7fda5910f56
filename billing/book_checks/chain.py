"""Each company's seals: dense, linked, and of the entries they name."""

from itertools import groupby
from operator import itemgetter

from billing.book_checks.model import Report
from billing.journal import Link, linked
from billing.journal.chain import Break as LinkBreak
from billing.journal_models import JournalSeal

SAID = {
    LinkBreak.GAP: "The number before it is missing, or stands twice.",
    LinkBreak.PREVIOUS: "It does not follow the seal before it.",
    LinkBreak.CHAIN: "Its chain value is not that of its content.",
}
_COLUMNS = ("seq", "entry_hash", "previous", "chain", "entity_id", "entry_id", "entry__content_hash", "entry__entity_id")


def check(report: Report) -> None:
    rows = JournalSeal.objects.order_by("entity_id", "seq").values_list(*_COLUMNS).iterator(chunk_size=2000)
    seen = 0
    for entity_id, group in groupby(rows, key=itemgetter(4)):
        links = []
        for *link, _, entry_id, content_hash, owner in group:
            seen += 1
            links.append(Link(*link))
            if link[1] != content_hash or owner != entity_id:
                report.add("chain", entity_id, f"seal {link[0]}", f"It is not of entry {entry_id} as that is stored.")
        for found, what in linked(links):
            report.add("chain", entity_id, f"seal {found.seq}", SAID[what])
    report.looked_at["chain"] += seen
    there = JournalSeal.objects.count()
    if there != seen:
        report.add("chain", None, "seals", f"{there - seen} seals are of no entry.")
