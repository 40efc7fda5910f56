"""DATEV EXTF Buchungsstapel (header 700, format version 13): Windows-1252, semicolons, CRLF, decimal comma.

DATEV books an amount from an account to the one against it, so an entry of several legs is written as pairs that add up
to its legs exactly (parts.paired). Net and tax are rows of their own on accounts without automatic tax: DATEV computes
nothing, so its sums are ours.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from billing.exports.cp1252 import in_cp1252
from billing.exports.datev_columns import COLUMNS, PLACE
from billing.exports.model import Account, Entry, Line, OutFile, Settings
from billing.exports.parts import numbered, paired
from chargebill.core.csvsafe import safe_cell
from chargebill.core.portions import in_portions

# Rows its import takes at a time.
MOST_ROWS = 99_999
# Ten digits before the comma.
LARGEST = Decimal(10) ** 10
TEXT, INFO = 60, 210
_NOT_IN_A_NUMBER = re.compile(r"[^A-Za-z0-9$&%*+\-/]")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})


def fiscal_year(day: date, first_month: int) -> date:
    """The first day of the fiscal year a day lies in."""
    return date(day.year if day.month >= first_month else day.year - 1, first_month, 1)


def write(
    entries: Sequence[Entry],
    *,
    currency: str,
    stem: str,
    accounts: Mapping[str, Account],
    settings: Settings,
    made_at: datetime,
    label: str,
) -> list[OutFile]:
    """A file for each fiscal year, several where one has too many rows."""
    years: dict[date, list[Entry]] = defaultdict(list)
    for entry in entries:
        years[fiscal_year(entry.effective_date, settings.fiscal_month)].append(entry)
    files = []
    for year, of_year in sorted(years.items()):
        # An entry never has more pairs than lines.
        parts = list(in_portions(of_year, most=MOST_ROWS, size=lambda entry: len(entry.lines)))
        for number, part in enumerate(parts, 1):
            name = numbered(f"EXTF_{stem}_{currency}_{year:%Y}.csv", number, len(parts))
            files.append(_file(name, part, currency, year, accounts, settings, made_at, label))
    return files


def _file(
    name: str,
    entries: Sequence[Entry],
    currency: str,
    year: date,
    accounts: Mapping[str, Account],
    settings: Settings,
    made_at: datetime,
    label: str,
) -> OutFile:
    is_locked = all(entry.is_closed for entry in entries)
    rows, changed, moved = [], 0, Decimal(0)
    for entry in entries:
        for debit, credit, amount in paired(entry.lines):
            row, is_changed = _row(entry, debit, credit, amount, accounts, settings, is_locked)
            rows.append(row)
            changed += is_changed
            moved += amount
    days = [entry.effective_date for entry in entries]
    head = _header(currency, year, min(days), max(days), settings, made_at, label, is_locked)
    text = "".join(f"{line}\r\n" for line in (head, ";".join(COLUMNS), *rows))
    return OutFile(name, text.encode("cp1252"), currency, len(entries), len(rows), moved, moved, changed)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _header(
    currency: str, year: date, first: date, last: date, settings: Settings, made_at: datetime, label: str, is_locked: bool
) -> str:
    made = made_at.astimezone(UTC)
    return ";".join(
        (
            _quoted("EXTF"),
            "700",
            "21",
            _quoted("Buchungsstapel"),
            "13",
            f"{made:%Y%m%d%H%M%S}{made.microsecond // 1000:03d}",
            "",
            _quoted("RE"),
            _quoted("ChargeBill"),
            _quoted(""),
            str(settings.consultant),
            str(settings.client),
            f"{year:%Y%m%d}",
            str(settings.account_length),
            f"{first:%Y%m%d}",
            f"{last:%Y%m%d}",
            _quoted(safe_cell(in_cp1252(label))[:30]),
            _quoted(""),
            "1",
            "0",
            "1" if is_locked else "0",
            _quoted(currency),
            "",
            _quoted(""),
            "",
            "",
            _quoted(settings.chart),
            "",
            "",
            _quoted(""),
            _quoted(""),
        )
    )


def document_field(entry: Entry) -> str:
    """Belegfeld 1: the number of the document, else that of the entry, in the characters DATEV takes.

    What it doesn't take becomes a hyphen; a sign in front, which a spreadsheet would run, gets a 0 before it. The number
    as it is stands in Beleginfo.
    """
    wanted = entry.document_no or f"CB{entry.entry_no}"
    plain = _NOT_IN_A_NUMBER.sub("-", in_cp1252(wanted.translate(_UMLAUTS)))
    return (f"0{plain}" if plain[:1] in ("+", "-") else plain)[:36]


def _row(
    entry: Entry,
    debit: Line,
    credit: Line,
    amount: Decimal,
    accounts: Mapping[str, Account],
    settings: Settings,
    is_locked: bool,
) -> tuple[str, bool]:
    taxed = next((line for line in (credit, debit) if line.tax_rate is not None), None)
    about = " ".join(dict.fromkeys(filter(None, (entry.description, debit.description, credit.description))))
    customer = debit.customer_name or credit.customer_name
    whole = " · ".join(filter(None, (about, customer)))
    text = safe_cell(in_cp1252(whole))
    tax_key = accounts[credit.account_code].tax_key or accounts[debit.account_code].tax_key
    cells = {
        "Umsatz (ohne Soll/Haben-Kz)": f"{amount:.2f}".replace(".", ","),
        "Soll/Haben-Kennzeichen": _quoted("S"),
        "WKZ Umsatz": _quoted(debit.currency),
        "Konto": accounts[debit.account_code].name,
        "Gegenkonto (ohne BU-Schlüssel)": accounts[credit.account_code].name,
        "BU-Schlüssel": _quoted(tax_key) if tax_key else "",
        "Belegdatum": f"{entry.effective_date:%d%m}",
        "Belegfeld 1": _quoted(document_field(entry)),
        "Buchungstext": _quoted(text[:TEXT]),
        "Beleginfo - Art 1": _quoted("ChargeBill"),
        "Beleginfo - Inhalt 1": _quoted(_info(f"Buchung {entry.entry_no}, {entry.batch_id or 'Entwurf'}")),
        "Festschreibung": "1" if is_locked else "0",
    }
    if entry.document_no:
        cells |= {"Beleginfo - Art 2": _quoted("Beleg"), "Beleginfo - Inhalt 2": _quoted(_info(entry.document_no))}
    if len(text) > TEXT:
        cells |= {"Beleginfo - Art 3": _quoted("Text"), "Beleginfo - Inhalt 3": _quoted(_info(whole))}
    if taxed is not None and taxed.tax_rate is not None:
        cells |= {
            "Leistungsdatum": f"{entry.effective_date:%d%m%Y}",
            "Datum Zuord. Steuerperiode": f"{entry.effective_date:%d%m%Y}",
            "Steuersatz": f"{taxed.tax_rate:.2f}".replace(".", ","),
        }
    row = [""] * len(COLUMNS)
    for name, cell in cells.items():
        row[PLACE[name]] = cell
    return ";".join(row), in_cp1252(whole + entry.document_no) != whole + entry.document_no


def _info(text: str) -> str:
    return safe_cell(in_cp1252(text))[:INFO]
