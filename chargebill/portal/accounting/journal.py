"""The journal: its lines by month, account, source and words; the same lines as CSV."""

from collections.abc import Iterator
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from billing.journal_balances import sums_by_currency
from billing.journal_queries import Filter, lines, shown, sources_of
from billing.models import Account, JournalEntry, Posting
from chargebill.core.csvsafe import safe_cell
from chargebill.core.keys import key_in
from chargebill.core.money import round_money
from chargebill.portal import format as written
from chargebill.portal.accounting.frame import POST, Books, allow, books_of, render, without_company
from chargebill.portal.accounting.words import source_words
from chargebill.portal.session_export import Cell, csv_lines
from chargebill.portal.site import page

PER_PAGE = 100
HEADER = (
    "entry_no", "date", "description", "source", "document_no", "account_number", "account_name", "customer", "text", "debit",
    "credit", "currency",
)  # fmt: skip


def _wanted(request: HttpRequest, books: Books) -> Filter:
    raw = request.GET.get("account", "")
    pk = key_in(raw)
    account = Account.objects.filter(entity=books.entity, pk=pk).first() if pk is not None else None
    if raw and account is None:
        books.errors.append("The company has no such account: the page shows all.")
    source = request.GET.get("source", "")[:40]
    return Filter(books.entity, books.period, account, source, request.GET.get("q", "")[:100])


def _address(wanted: Filter, books: Books, **more: str) -> str:
    account = str(wanted.account.pk) if wanted.account else ""
    return books.address(account=account, source=wanted.source, q=wanted.text, **more)


@page("journal/", name="journal")
@require_GET
def journal(request: HttpRequest) -> HttpResponse:
    allow(request)
    books = books_of(request)
    if books is None:
        return without_company(request, "Journal")
    wanted = _wanted(request, books)
    found = lines(wanted)
    paginator = Paginator(shown(found), PER_PAGE)
    shown_page = paginator.get_page(request.GET.get("p"))
    sums = sums_by_currency(found)
    return render(
        request,
        "journal.html",
        "Journal",
        {
            "books": books,
            "wanted": wanted,
            "accounts": list(Account.objects.filter(entity=books.entity)),
            "sources": [(source, source_words(source)) for source in sources_of(books.entity)],
            "page": shown_page,
            "rows": [(row, source_words(row.entry.source_type), *_sides(row)) for row in shown_page],
            "sums": [
                (currency, written.amount(s.debit, currency), written.amount(s.credit, currency)) for currency, s in sums.items()
            ],
            "query": _address(wanted, books),
            "is_filtered": bool(wanted.period or wanted.account or wanted.source or wanted.text),
            "has_entries": bool(paginator.count) or JournalEntry.objects.filter(entity=books.entity).exists(),
            "may_post": request.user.has_perm(POST),
        },
    )


def _sides(row: Posting) -> tuple[str, str]:
    debit, credit = (written.amount(side, row.currency) if side else "" for side in (row.debit, row.credit))
    return debit, credit


@page("journal/lines.csv", name="journal_csv")
@require_GET
def journal_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every line the list shows, on all of its pages."""
    allow(request)
    books = books_of(request)
    if books is None:
        raise Http404("There is no company yet.")
    wanted = _wanted(request, books)
    return csv_answer(f"journal{'-' if books.period else ''}{books.period or ''}.csv", HEADER, _cells(wanted))


def csv_answer(name: str, header: tuple[str, ...], cells: Any) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        csv_lines(header, cells),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _cells(wanted: Filter) -> Iterator[list[Cell]]:
    for row in shown(lines(wanted)).iterator(chunk_size=2000):
        entry = row.entry
        yield [
            entry.seal.seq if hasattr(entry, "seal") else None,
            entry.effective_date.isoformat(),
            safe_cell(entry.description),
            safe_cell(source_words(entry.source_type)),
            safe_cell(entry.document_no),
            safe_cell(row.account.number),
            safe_cell(row.account.name),
            safe_cell(row.customer.name if row.customer else ""),
            safe_cell(row.description),
            round_money(row.debit, row.currency) if row.debit else None,
            round_money(row.credit, row.currency) if row.credit else None,
            row.currency,
        ]


def entry_url(entry: JournalEntry) -> str:
    return reverse("admin:journal_entry", args=[entry.pk])
