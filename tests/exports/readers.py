"""Reads exported files as the programs on the other side do. Shares nothing with the writers: no constant, no function."""

import io
import re
from collections import defaultdict
from decimal import Decimal

Sums = dict[tuple[str, str], Decimal]


def csv_rows(content: bytes) -> list[list[str]]:
    """RFC 4180, read letter by letter."""
    text, rows, row, cell, at, quoted = content.decode("utf-8"), [], [], [], 0, False
    while at < len(text):
        one = text[at]
        if quoted:
            if one == '"' and text[at + 1 : at + 2] == '"':
                cell.append('"')
                at += 1
            elif one == '"':
                quoted = False
            else:
                cell.append(one)
        elif one == '"':
            assert not cell, "a quote inside a cell"
            quoted = True
        elif one == ",":
            row.append("".join(cell))
            cell = []
        elif one == "\r":
            assert text[at + 1] == "\n", "a carriage return alone"
            rows.append([*row, "".join(cell)])
            row, cell = [], []
            at += 1
        else:
            assert one != "\n", "a line feed alone"
            cell.append(one)
        at += 1
    assert not quoted
    assert not row
    assert not cell
    return rows


def table(content: bytes) -> list[dict[str, str]]:
    head, *rows = csv_rows(content)
    assert len(set(head)) == len(head)
    assert all(len(row) == len(head) for row in rows)
    return [dict(zip(head, row, strict=True)) for row in rows]


def number(text: str) -> Decimal:
    assert re.fullmatch(r"-?\d+(\.\d+)?", text), text
    return Decimal(text)


def generic_sums(content: bytes) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for row in table(content):
        sums[row["account_code"], row["currency"]] += number(row["debit"]) - number(row["credit"])
    return {key: amount for key, amount in sums.items() if amount}


def quickbooks_sums(content: bytes, currency: str) -> Sums:
    sums: Sums = defaultdict(Decimal)
    for row in table(content):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["Journal Date"])
        assert (row["Debits"] == "") != (row["Credits"] == "")
        sums[row["Account Name"], currency] += number(row["Debits"] or "0") - number(row["Credits"] or "0")
    return {key: amount for key, amount in sums.items() if amount}


def xero_sums(content: bytes, currency: str) -> Sums:
    sums: Sums = defaultdict(Decimal)
    journals: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in table(content):
        assert re.fullmatch(r"[0-3]\d/[01]\d/\d{4}", row["*Date"])
        sums[row["*AccountCode"], currency] += number(row["*Amount"])
        journals[row["*Narration"], row["*Date"]] += number(row["*Amount"])
    assert not any(journals.values()), "a journal that does not balance"
    return {key: amount for key, amount in sums.items() if amount}


def datev_lines(content: bytes) -> list[list[str]]:
    """Cells by position; quoted ones keep their quotes, so that text and number can be told apart."""
    text = content.decode("cp1252")
    assert text.endswith("\r\n")
    lines = []
    for line in text[:-2].split("\r\n"):
        assert "\n" not in line
        assert "\r" not in line
        lines.append(re.findall(r'(?:^|;)("(?:[^"]|"")*"|[^;"]*)', line))
    return lines


def unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if cell.startswith('"') else cell


def datev_sums(content: bytes) -> Sums:
    """By position, as the format counts them: 1 amount, 2 side, 3 currency, 7 account, 8 the one against it."""
    header, names, *rows = datev_lines(content)
    assert len(header) == 31
    assert len(names) == 125
    assert (header[0], header[1], header[2], header[3], header[4]) == ('"EXTF"', "700", "21", '"Buchungsstapel"', "13")
    assert re.fullmatch(r"\d{17}", header[5])
    assert 1001 <= int(header[10]) <= 9_999_999
    assert 1 <= int(header[11]) <= 99_999
    assert 4 <= int(header[13]) <= 8
    year, first, last = (int(header[place][:4] + header[place][4:8]) for place in (12, 14, 15))
    assert year <= first <= last < year + 10_000
    sums: Sums = defaultdict(Decimal)
    for row in rows:
        assert len(row) == 125
        assert re.fullmatch(r"\d{1,10},\d\d", row[0])
        amount = Decimal(row[0].replace(",", "."))
        assert amount > 0
        side, currency = unquoted(row[1]), unquoted(row[2])
        assert side in ("S", "H")
        assert currency == unquoted(header[21])
        account, against = str(int(row[6])), str(int(row[7]))
        assert account != against
        day, month = int(row[9][:2]), int(row[9][2:])
        assert first % 10_000 <= month * 100 + day <= last % 10_000 or first // 10_000 != last // 10_000
        assert re.fullmatch(r"[A-Za-z0-9$&%*+\-/]{0,36}", unquoted(row[10]))
        assert len(unquoted(row[13])) <= 60
        sign = 1 if side == "S" else -1
        sums[account, currency] += sign * amount
        sums[against, currency] -= sign * amount
    return {key: amount for key, amount in sums.items() if amount}


def unzipped(content: bytes) -> dict[str, bytes]:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def quickbooks_invoices(content: bytes) -> tuple[Sums, dict[str, Decimal]]:
    """(credits by item and currency below zero, total by number), as its import takes them: complete, nothing below zero."""
    sums: Sums = defaultdict(Decimal)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    heads: dict[str, tuple[str, ...]] = {}
    rows = table(content)
    assert len(rows) <= 1000
    for row in rows:
        assert all(row[name] for name in row if name.startswith("*"))
        for name in ("*InvoiceDate", "*DueDate"):
            assert re.fullmatch(r"\d{4}-\d\d-\d\d", row[name])
        assert row["*DueDate"] >= row["*InvoiceDate"]
        amount = number(row["*ItemAmount"])
        assert amount > 0
        assert amount == number(row["ItemQuantity"]) * number(row["ItemRate"])
        assert number(row.get("ItemTaxAmount", "0")) == 0
        assert len(row["*InvoiceNo"]) <= 21
        head = (row["*Customer"], row["*InvoiceDate"], row["*DueDate"], row.get("Currency", ""))
        assert heads.setdefault(row["*InvoiceNo"], head) == head, "one invoice with two heads"
        sums[row["Item(Product/Service)"], row.get("Currency", "")] -= amount
        totals[row["*InvoiceNo"]] += amount
    assert len(totals) <= 100
    return dict(sums), dict(totals)


def xero_invoices(content: bytes) -> tuple[Sums, dict[str, Decimal]]:
    """The same of Xero's sales invoices, by account code."""
    sums: Sums = defaultdict(Decimal)
    totals: dict[str, Decimal] = defaultdict(Decimal)
    heads: dict[str, tuple[str, ...]] = {}
    for row in table(content):
        assert all(row[name] for name in row if name.startswith("*"))
        assert all(re.fullmatch(r"[0-3]\d/[01]\d/\d{4}", row[name]) for name in ("*InvoiceDate", "*DueDate"))
        amount = number(row["*Quantity"]) * number(row["*UnitAmount"])
        head = (row["*ContactName"], row["*InvoiceDate"], row["*DueDate"], row["Currency"])
        assert heads.setdefault(row["*InvoiceNumber"], head) == head, "one invoice with two heads"
        sums[row["*AccountCode"], row["Currency"]] -= amount
        totals[row["*InvoiceNumber"]] += amount
    assert len(totals) <= 500
    return dict(sums), dict(totals)
