"""No text that comes from outside runs in a spreadsheet, whatever file it leaves in; negative amounts stay numbers.

Every text column of every row is filled with such texts, behind the database's protection, and then every CSV and XLSX
the portal has is fetched: those without a key in their address are found by themselves.
"""

import csv
import io
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count, cycle
from typing import Any

import openpyxl
import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.test import Client
from django.urls import get_resolver, reverse

from billing.accrual_models import Accrual, AccruedSession
from billing.document_models import Document
from billing.exports import Account, Entry, Settings, Target, write
from billing.journal_models import AccountingPeriod, PeriodChange
from billing.takeover_models import TakeOver, TakeOverKind
from chargebill.core import frozen
from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR
from chargebill.portal import spreadsheets
from disputes.incident_models import Incident, IncidentLine
from tests.exports.readers import datev_lines, datev_sums, quickbooks_sums, table, unquoted, xero_sums
from tests.exports.test_targets import entry
from tests.payments.bank_text import row as bank_row
from tests.payments.conftest import bank, billed, month, operator, received  # noqa: F401
from tests.rows import BUILDERS

FRONT = ("", "", "", " ", "  ", "'", "''", "\u00a0", "\u3000", "\r\n", "\t ")
MARKS = "=+-@\t\r\n＝＋－＠"
REST = (
    "1+1", "cmd|' /C calc'!A0", "SUM(1;2)", 'HYPERLINK("http://x","y")', "2+5+cmd|' /C calc'!A0", "A1", '"=1"', "'=1", ",=1",
    "\t=1", "@x", "-1", "49 30 1234", "IMPORTXML(A1)", "\r=1", "ä=1",
)  # fmt: skip
FULL_WIDTH = str.maketrans("＝＋－＠", "=+-@")
NUMBER = re.compile(r"-?\d+([.,]\d+)?")


def texts(amount: int) -> list[str]:
    """So many texts a spreadsheet could run, each once; the same ones every time."""
    chance, found = random.Random(20261127), {}
    for number in count():
        found[f"{chance.choice(FRONT)}{chance.choice(MARKS)}{chance.choice(REST)} {number}"] = None
        if len(found) == amount:
            return list(found)
    raise AssertionError


def is_live(cell: str) -> bool:
    """Whether a spreadsheet that folds wide letters and skips blanks would run it. A plain number is none."""
    bare = cell.translate(FULL_WIDTH).lstrip()
    return not NUMBER.fullmatch(cell) and (cell[:1] in ("\t", "\r", "\n") or bare[:1] in ("=", "+", "-", "@"))


def test_what_is_live_is_told_apart() -> None:
    assert all(map(is_live, ["=1", "＝1", " +A1", "\t1", "-A1", "-1-1", "@x", "\u00a0=1"]))
    assert not any(map(is_live, ["-1", "-12.50", "'=1", "A=1", "", "12,50", " '=1"]))
    assert sum(map(is_live, texts(500))) > 350


def poisoned(number: int, given: Iterator[str]) -> Entry:
    made = entry(number, ("1100", "119"), ("4000", "-100"), ("2100-DE-19", "-19"))
    lines = tuple(
        replace(
            line,
            account_number=next(given), account_name=next(given), tax_code=next(given), customer_ref=next(given),
            customer_name=next(given), description=next(given),
        )
        for line in made.lines
    )  # fmt: skip
    says = {name: next(given) for name in ("description", "document_type", "document_no", "source_type", "source_id")}
    return replace(made, lines=lines, **says)


@pytest.mark.slow
@pytest.mark.parametrize("target", Target)
def test_no_text_is_live_in_a_file_for_the_accountant(target: Target, full_size: bool) -> None:
    wanted = texts(5000 if full_size else 60)
    given = cycle(wanted)
    entries = [poisoned(number, given) for number in range(1, len(wanted) + 1)]
    datev = {"1100": "1400", "4000": "8200", "2100-DE-19": "1776"}
    sums: dict[str, Decimal] = {}
    for first in range(0, len(entries), 500):
        accounts = {code: Account(number if target == Target.DATEV else next(given)) for code, number in datev.items()}
        settings = Settings(consultant=1001, client=1, tax_rate=next(given), walk_in=next(given))
        part = entries[first : first + 500]
        files = write(
            target, part, stem="s", label=next(given), accounts=accounts, settings=settings,
            made_at=datetime(2026, 4, 1, tzinfo=UTC),
        )  # fmt: skip
        for file in files:
            if target == Target.DATEV:
                cells = [unquoted(cell) for line in datev_lines(file.content) for cell in line]
                found = datev_sums(file.content)
                assert found["1400", "EUR"] == 119 * file.entries
            else:
                rows = table(file.content)
                cells = [cell for row in rows for cell in row.values()]
                if target == Target.XERO:
                    xero_sums(file.content, "EUR")
                    assert {row["*Amount"] for row in rows} == {"119.00", "-100.00", "-19.00"}
                elif target == Target.QUICKBOOKS:
                    quickbooks_sums(file.content, "EUR")
                else:
                    assert {row["debit"] for row in rows} == {"119.00", "0.00"}
            assert [cell for cell in cells if is_live(cell)] == []
            sums[file.currency] = sums.get(file.currency, Decimal(0)) + file.debit
    assert sums == {"EUR": Decimal(119 * len(entries))}


# What code goes by, or what a text would make another thing of: nobody's free text.
KEPT = {
    "currency", "base_currency", "reported_currency", "country", "time_zone", "language", "profile", "content_hash",
    "entry_hash", "previous", "chain", "sha256", "file_sha256", "row_hash", "password", "idempotency_key", "key", "kind",
    "anchor", "engine", "assumption", "notes", "statement", "signature", "public_key", "fingerprint", "target", "file",
    "username", "token_hash", "worker", "listing", "query", "customer_kind", "dimension", "parts",
}  # fmt: skip
KEPT_OF = {
    "billing.account": {"code"},
    "billing.document": {"number"},
    "billing.exportaccount": {"code"},
    "disputes.caseevent": {"rule", "from_state", "to_state"},
    "disputes.chargebackevent": {"from_status", "to_status"},
    "stations.source": {"profile"},
}
APPS = {"core", "stations", "memberships", "billing", "disputes"}


def fill(given: Iterator[str]) -> int:
    """Writes a text of ``given`` into every text column of every row that takes one; returns how many cells."""
    frozen.remove()
    filled = 0
    for model in apps.get_models():
        if model._meta.app_label not in APPS:
            continue
        kept = KEPT | KEPT_OF.get(model._meta.label_lower, set())
        columns = [
            field
            for field in model._meta.concrete_fields
            if type(field) in (models.CharField, models.TextField) and not field.choices and field.name not in kept
        ]
        for field in columns:
            rows = list(model._base_manager.only("pk"))
            for row in rows:
                setattr(row, field.attname, next(given)[: field.max_length or 200])
            try:
                with transaction.atomic():
                    model._base_manager.bulk_update(rows, [field.attname], batch_size=200)
            except IntegrityError:
                # A rule of the table says what may stand here, so no free text ever does.
                continue
            filled += len(rows)
    for document in Document.objects.only("buyer"):
        Document.objects.filter(pk=document.pk).update(buyer={name: next(given) for name in ("number", "name", "company")})
    return filled


def addresses() -> list[str]:
    """Every CSV and XLSX of the portal; a new one with something in its address is entered here."""
    document = Document.objects.filter(lines__isnull=False).first()
    assert document is not None
    known = {
        "overview_csv": [["revenue"]],
        "import_template": [["chargebill"]],
        "billing_document_lines_csv": [[document.pk]],
        "take_over_template": [[kind] for kind in TakeOverKind.values],
        "taken_over_report": [[taken_over(document).pk]],
        "period_accrued": [[accrued(document).period_id]],
        "incident_csv": [[put_right(document).pk]],
    }
    found = []
    for route, name in walk(get_resolver().url_patterns):
        if not (route.endswith((".csv", ".xlsx")) or str(name).endswith(("_csv", "_xlsx"))):
            continue
        if name == "incident_new_csv":
            chosen = "from=2018-01-01T00:00&until=2019-01-01T00:00&remedy=WHOLE"
            found.append(f"{reverse(f'admin:{name}')}?entity={document.entity_id}&{chosen}")
        elif "<" in route:
            found += [reverse(f"admin:{name}", args=arguments) for arguments in known[str(name)]]
        else:
            found.append(reverse(f"admin:{name}"))
    return found


def taken_over(document: Document) -> TakeOver:
    """A file of another system whose report repeats such texts."""
    report = [[line, text] for line, text in enumerate(texts(50), 2)]
    return TakeOver.objects.create(
        entity=document.entity, kind="open_invoices", sha256="0" * 64, content=b"", report=report, signed_at=document.issued_at
    )


def accrued(document: Document) -> Accrual:
    """A month whose closing listed the sessions of a document, with whatever texts those and their places have."""
    period = AccountingPeriod.objects.filter(entity=document.entity).order_by("pk").first()
    change = PeriodChange.objects.create(
        period=period, kind=PeriodChange.Kind.CLOSE, asked_by=User.objects.order_by("pk").first(), asked_at=document.issued_at
    )
    lines = list(document.lines.all())
    made = Accrual.objects.create(change=change, period=period, sessions=len(lines))
    AccruedSession.objects.bulk_create(
        AccruedSession(
            accrual=made, session=line.session, cdr=line.cdr, currency="GBP", net_amount=line.net_amount, revenue={"4000": "1.00"}
        )
        for line in lines
    )
    return made


def put_right(document: Document) -> Incident:
    """An incident about the lines of a document, whatever texts those have."""
    incident = Incident.objects.create(
        entity=document.entity, key="x", title="x", reason="x", remedy="WHOLE", letter_en="x", letter_de="x", sha256="0" * 64,
        decided_at=document.issued_at,
    )  # fmt: skip
    IncidentLine.objects.bulk_create(
        IncidentLine(
            incident=incident, line=line, document=document, amount=line.gross_amount, gross_amount=line.gross_amount,
            left_amount=line.gross_amount,
        )
        for line in document.lines.all()
    )  # fmt: skip
    return incident


def walk(patterns: Any, before: str = "") -> Iterator[tuple[str, str | None]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from walk(pattern.url_patterns, route)
        else:
            yield route, pattern.name


def tables() -> list[str]:
    return [
        reverse(f"admin:{name}")
        for route, name in walk(get_resolver().url_patterns)
        if route.endswith("/export/") and name and name != "stations_session_export"
    ]


def body(answer: Any) -> bytes:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    # Not close(): that ends the request, and with it the test's connection.
    for close in answer._resource_closers:
        close()
    return bytes(content)


def cells_of(content: bytes) -> list[str]:
    """Every text of a file; a formula of a workbook as what it would run."""
    if content[:2] == b"PK":
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        found = [cell for row in sheet.iter_rows() for cell in row]
        assert [cell.coordinate for cell in found if cell.data_type == "f"] == []
        return [cell.value for cell in found if isinstance(cell.value, str)]
    return [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) for cell in row]


@pytest.mark.slow
@pytest.mark.django_db
def test_no_text_is_live_in_any_file_of_the_portal(client_of: Any, billed: Any, full_size: bool) -> None:  # noqa: F811
    bank(billed, bank_row(amount="7.00", name="Somebody", purpose="no idea"))
    received(billed, "3.00")
    for build in BUILDERS.values():
        build(600 if full_size else 4)
    wanted = texts(5000 if full_size else 400)
    assert fill(cycle(wanted)) > (5000 if full_size else 200)
    client: Client = client_of(ADMINISTRATOR)
    live, seen = [], 0
    for address in addresses():
        answer = client.get(address)
        assert answer.status_code == 200, address
        found = cells_of(body(answer))
        seen += len(found)
        live += [(address, cell) for cell in found if is_live(cell)]
    for address in tables():
        for kind in ("csv", "xlsx"):
            answer = client.post(address, {"format": kind})
            assert answer.status_code == 200, address
            found = cells_of(body(answer))
            seen += len(found)
            live += [(address, cell) for cell in found if is_live(cell)]
    assert live == []
    assert seen > 500


def test_negative_amounts_stay_numbers_and_text_stays_text() -> None:
    cells: list[spreadsheets.Cell] = [Decimal("-12.50"), "=1+1", "#N/A", "a\x01b", 7]
    with spreadsheets.workbook("S", ["a", "b", "c", "d", "e"], [cells]) as file:
        sheet = openpyxl.load_workbook(io.BytesIO(file.read())).active
    assert [(cell.value, cell.data_type) for cell in sheet[2]] == [
        (-12.5, "n"),
        ("=1+1", "s"),
        ("#N/A", "s"),
        ("a\N{REPLACEMENT CHARACTER}b", "s"),
        (7, "n"),
    ]
    assert "".join(spreadsheets.csv_lines(["a"], [[Decimal("-12.50")]])) == "a\r\n-12.50\r\n"
