"""Words for what a month lacks, and the page that puts it right."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from billing.month_end import Item, ItemState
from chargebill.core.models import LegalEntity
from chargebill.core.periods import month_of
from chargebill.portal import format as written
from chargebill.portal.accounting.frame import VIEW
from chargebill.portal.review import PERMISSIONS as REVIEW
from chargebill.portal.review import money_of

ITEM_REVIEW = "admin:review"


@dataclass(frozen=True, slots=True)
class Words:
    """An item in words: what it is, what holds when it is done, when it is missing ({n}: how many; {s}: their plural)."""

    title: str
    done: str
    missing: str
    not_needed: str = ""
    way: str = ""
    page: str = ""
    permissions: tuple[str, ...] = ()


WORDS = {
    "over": Words("The month is over", "It has ended.", "It has not ended by the company’s clock."),
    "earlier": Words(
        "Months before",
        "They are closed.",
        "{names} {is_are} open: months are closed in their order.",
        "It is the first month of the books.",
        "Open the months",
        "admin:periods",
        VIEW,
    ),
    "runs": Words(
        "Issuing documents",
        "No run is open.",
        "Documents of {names} are being issued, or that was stopped half-way.",
        "No document was issued yet.",
        "Open the run",
        "admin:document_month",
        ("billing.view_document",),
    ),
    "silent": Words(
        "Silent connectors",
        "No busy connector was silent at its end.",
        "{n} usually busy connector{s} had no session in its last 48 hours: sessions may not have come in.",
        "There are no sessions.",
        "See which",
        "admin:silent",
        ("stations.view_session",),
    ),
    "unpriced": Words(
        "Sessions without a price",
        "Every session has a price.",
        "{n} session{s} without a price.",
        "",
        "Give them a price",
        ITEM_REVIEW,
        REVIEW,
    ),
    "no_tax_rule": Words(
        "Tax rules",
        "A tax rule was found for every session.",
        "{n} session{s} no tax rule says anything about.",
        "",
        "Set a tax rule",
        "admin:billing_taxrule_changelist",
        ("billing.view_taxrule",),
    ),
    "held": Words(
        "Held sessions",
        "Nothing is held.",
        "{n} session{s} held: a person decides.",
        "",
        "Decide about them",
        ITEM_REVIEW,
        REVIEW,
    ),
    "ready": Words(
        "Ready to bill",
        "Everything that is ready stands on a document.",
        "{n} session{s} ready and not on a document.",
        "",
        "Bill the month",
        "admin:document_month",
        ("billing.view_document",),
    ),
    "differences": Words(
        "Changed after billing",
        "No document differs from what would be billed now.",
        "{n} session{s} on documents would be billed differently now.",
        "",
        "Decide about them",
        "admin:differences",
        ("billing.view_document", "billing.view_billeddifference"),
    ),
    "bank_files": Words(
        "Bank files",
        "Every account has lines up to the month’s end.",
        "{n} account{s} without a line of the last day or later. Newest: {names}.",
        "No bank file was ever taken in.",
        "Upload a bank file",
        "admin:bank_files",
        ("billing.view_bankline",),
    ),
    "bank_lines": Words(
        "Receipts from the bank",
        "Somebody decided about every receipt.",
        "{n} receipt{s} nobody has decided about.",
        "No bank file was ever taken in.",
        "Match them",
        "admin:matching",
        ("billing.view_bankline",),
    ),
    "not_matched": Words(
        "Money not matched",
        "What all money received is for is known.",
        "{n} payment{s} received for nothing we know, on account 2090.",
        "",
        "Match them",
        "admin:payments",
        ("billing.view_payment",),
    ),
    "exports": Words(
        "Export",
        "Every entry went out to the accountant.",
        "{n} entr{ies} not exported to {targets}.",
        "Nothing was exported yet.",
        "Export them",
        "admin:exports",
        (*VIEW, "billing.view_exportbatch"),
    ),
    "books_clean": Words(
        "The books are clean",
        "The last check found nothing wrong.",
        "The last check found {n} thing{s} that do{es} not hold. “manage.py check_books” lists them.",
        "They were never checked.",
    ),
    "books_checked": Words(
        "The books were checked",
        "They were checked after the month’s last entry.",
        "They were not checked after the month’s last entry.",
        "The month has no entry.",
    ),
}


def _query(item: Item, entity: LegalEntity, first_day: date) -> dict[str, str]:
    """The linked list's filters: the ones behind the figure."""
    last_day = ((month_of(first_day).end or first_day) - timedelta(days=1)).isoformat()
    ours, month = {"entity": str(entity.pk)}, f"{first_day:%Y-%m}"
    filters: dict[str, Callable[[], dict[str, str]]] = {
        "silent": lambda: {**ours, "until": last_day},
        "no_tax_rule": lambda: {"entity__id__exact": str(entity.pk)},
        "runs": lambda: {**ours, "month": item.names[0] if item.names else month},
        "ready": lambda: {**ours, "month": month},
        "not_matched": lambda: {**ours, "state": "open", "to": last_day},
    }
    return filters.get(item.code, lambda: ours)()


@dataclass(frozen=True, slots=True)
class ShownItem:
    """An item as the page shows it; ``state`` is one of the glossary's "month_end"."""

    code: str
    title: str
    state: str
    sentence: str
    amounts: str
    way: str
    link: str


def shown(request: HttpRequest, item: Item, entity: LegalEntity, first_day: date) -> ShownItem:
    words = WORDS[item.code]
    many, more = item.count != 1, item.count - len(item.names)
    if item.is_missing:
        named = {
            "n": written.number(item.count),
            "s": "s" if many else "",
            "es": "" if many else "es",
            "ies": "ies" if many else "y",
            "targets": " and ".join(item.names),
            "is_are": "are" if many else "is",
            "names": ", ".join(item.names) + (f" and {more} more" if more > 0 else ""),
        }
        sentence = words.missing.format(**named)
    else:
        sentence = words.done if item.state == ItemState.DONE else words.not_needed
    may = item.is_missing and words.page and request.user.has_perms(words.permissions)
    link = f"{reverse(words.page)}?{urlencode(_query(item, entity, first_day))}" if may else ""
    state = "blocks" if item.is_blocking else item.state.value
    amounts = money_of(dict(item.amounts)) if item.amounts else ""
    return ShownItem(item.code, words.title, state, sentence, amounts, words.way, link)
