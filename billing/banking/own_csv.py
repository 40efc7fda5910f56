"""Our own CSV for banks without CAMT.053: one movement a line, the account on each."""

import csv
import io
import re

from billing.banking import values
from billing.banking.model import BankFileContent, Line, Statement
from billing.banking.values import refuse

# Column -> what it holds and whether it must be filled.
COLUMNS = {
    "account": "Your account: IBAN or number.",
    "currency": "The account’s currency, such as EUR.",
    "booked_on": "Day of the booking, such as 2026-11-27.",
    "value_on": "Value date. May be empty.",
    "amount": "With a point and no separators; money that went out with a minus: 149.90, -12.00.",
    "name": "Who paid or was paid. May be empty.",
    "counterparty": "Their account. May be empty.",
    "purpose": "What the payer wrote. May be empty.",
    "reference": "The bank’s own reference of this movement, if it has one: it keeps a line from counting twice.",
}
MOST_LINES = 100_000
_EXAMPLE = (
    "DE02120300000000202051",
    "EUR",
    "2026-11-27",
    "2026-11-27",
    "149.90",
    "Erika Muster",
    "DE02500105170137075030",
    "Invoice INV-000123",
    "2026112700017",
)


def template() -> str:
    """The header and one example line."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([tuple(COLUMNS), _EXAMPLE])
    return out.getvalue()


def read_csv(text: str) -> BankFileContent:
    """Comma or semicolon; columns in any order. See read_bank_file for what it raises."""
    head = text.lstrip().partition("\n")[0]
    rows = csv.reader(
        io.StringIO(text.lstrip(), newline=""), delimiter=";" if head.count(";") > head.count(",") else ",", strict=True
    )
    by_account: dict[tuple[str, str], list[Line]] = {}
    try:
        names = [name.strip().lower() for name in next(rows)]
        if sorted(names) != sorted(COLUMNS):
            missing = [name for name in COLUMNS if name not in names]
            raise refuse(
                "header",
                "The first line is not the one of our CSV"
                + (f": {', '.join(missing)} missing" if missing else ": it has columns nobody knows")
                + ". Take the template, or request CAMT.053 from your bank.",
                "line 1",
            )
        for cells in rows:
            where = f"line {rows.line_num}"
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise refuse("columns", f"This line has {len(cells)} cells, the header {len(names)}.", where)
            line, account = _line(dict(zip(names, (cell.strip() for cell in cells), strict=True)), where)
            by_account.setdefault((account, line.currency), []).append(line)
            if sum(map(len, by_account.values())) > MOST_LINES:
                raise refuse("file_too_large", f"The file has more than {MOST_LINES:,} lines. Split it.", where)
    except csv.Error as problem:
        raise refuse("columns", f"The line can't be read as CSV: {problem}.", f"line {rows.line_num}") from None
    if not by_account:
        raise refuse("statement_empty", "The file has a header and no line below it.", "line 2")
    statements = [Statement(account, money, "", None, None, tuple(lines)) for (account, money), lines in by_account.items()]
    return BankFileContent("CSV", tuple(statements))


def _line(cells: dict[str, str], where: str) -> tuple[Line, str]:
    for name in ("account", "currency", "booked_on", "amount"):
        if not cells[name]:
            raise refuse("missing", f"{name} is empty.", f"{where}, {name}")
    currency = values.currency(cells["currency"], f"{where}, currency")
    return (
        Line(
            where=where,
            booked_on=values.day(cells["booked_on"], f"{where}, booked_on"),
            value_on=values.day(cells["value_on"], f"{where}, value_on") if cells["value_on"] else None,
            amount=values.signed_amount(cells["amount"], currency, f"{where}, amount"),
            currency=currency,
            name=values.words(cells["name"], 140),
            counterparty=re.sub(r"\s", "", values.words(cells["counterparty"], 60))[:34].upper(),
            purpose=values.words(cells["purpose"]),
            reference=values.reference(cells["reference"]),
            end_to_end="",
            is_reversal=False,
        ),
        values.account(cells["account"], f"{where}, account"),
    )
