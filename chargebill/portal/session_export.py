"""Sessions with their price as CSV or XLSX: exactly what the list shows, one row each, safe to open in a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from openpyxl import Workbook

from billing.chargeables import REASONS
from billing.models import Anchor, Chargeable
from billing.pricing.notes import in_words
from chargebill.core.csvsafe import safe_cell
from chargebill.core.money import minor_digits, round_to
from stations.models import Mode, PaymentMethod, Session

HEADER = (
    "session_id",
    "location",
    "evse",
    "connector",
    "started_local",
    "ended_local",
    "time_zone",
    "started_utc",
    "ended_utc",
    "duration_min",
    "charging_min",
    "energy_kwh",
    "meter_start_kwh",
    "meter_stop_kwh",
    "token",
    "customer",
    "tariff",
    "tariff_version",
    "net",
    "vat_percent",
    "vat",
    "gross",
    "currency",
    "start_fee",
    "for_energy",
    "for_charging_time",
    "for_idle_time",
    "for_reservation",
    "limit",
    "parts_include_vat",
    "notes",
    "payment_method",
    "state",
    "reason",
    "mode",
    "file",
    "line",
)
# What a price is made of, on the side its parts include; they add up to it. A collected amount has none.
PARTS = ("fixed_amount", "energy_amount", "time_amount", "parking_amount", "reservation_amount", "limit_amount")
COLUMNS = (
    "external_id",
    "location__name",
    "connector__evse__uid",
    "connector__number",
    "location__time_zone",
    "entity__time_zone",
    "started_at",
    "ended_at",
    "duration_s",
    "charging_s",
    "energy_kwh",
    "meter_start_kwh",
    "meter_stop_kwh",
    "token_uid",
    "chargeable__cdr__customer__name",
    "chargeable__cdr__tariff_version__tariff__name",
    "chargeable__cdr__tariff_version__number",
    "chargeable__cdr__net_amount",
    "chargeable__cdr__tax_rate",
    "chargeable__cdr__tax_amount",
    "chargeable__cdr__gross_amount",
    "chargeable__cdr__currency",
    "chargeable__cdr__anchor",
    "chargeable__cdr__assumption",
    "chargeable__cdr__notes",
    *(f"chargeable__cdr__{part}" for part in PARTS),
    "payment_method",
    "chargeable__state",
    "chargeable__reason",
    "mode",
    "batch__file_name",
    "line_no",
)
Cell = str | int | Decimal | datetime | None
CHUNK = 2000
# Above this a workbook takes minutes and spreadsheets give up; CSV has no limit.
XLSX_MAX_ROWS = 100_000


def _text(value: str | None) -> str:
    return safe_cell(value or "")


def minutes(seconds: int | None) -> Decimal | None:
    return None if seconds is None else round_to(Decimal(seconds) / 60, 2)


def _notes(assumption: str | None, notes: str | None) -> str:
    """What was assumed and what is remarkable, in words."""
    return " ".join(in_words(tuple(f"{assumption or ''} {notes or ''}".split())))


def rows(sessions: QuerySet[Session], *, with_customers: bool) -> Iterator[list[Cell]]:
    """One list of typed cells per session, in HEADER's order, streamed; text is already safe for a spreadsheet."""
    for row in sessions.values_list(*COLUMNS).iterator(chunk_size=CHUNK):
        found = dict(zip(COLUMNS, row, strict=True))
        zone = found["location__time_zone"] or found["entity__time_zone"] or "UTC"
        started, ended = found["started_at"], found["ended_at"]
        currency = found["chargeable__cdr__currency"] or ""
        digits = minor_digits(currency)

        def price(name: str, found: dict[str, Any] = found, digits: int = digits) -> Decimal | None:
            value = found[f"chargeable__cdr__{name}"]
            return None if value is None else round_to(value, digits)

        state, reason = found["chargeable__state"], found["chargeable__reason"] or ""
        yield [
            _text(found["external_id"]),
            _text(found["location__name"]),
            _text(found["connector__evse__uid"]),
            _text(found["connector__number"]),
            started.astimezone(ZoneInfo(zone)).replace(tzinfo=None),
            ended.astimezone(ZoneInfo(zone)).replace(tzinfo=None),
            zone,
            started.astimezone(UTC).replace(tzinfo=None),
            ended.astimezone(UTC).replace(tzinfo=None),
            minutes(found["duration_s"]),
            minutes(found["charging_s"]),
            found["energy_kwh"],
            found["meter_start_kwh"],
            found["meter_stop_kwh"],
            _text(found["token_uid"]),
            _text(found["chargeable__cdr__customer__name"]) if with_customers else "",
            _text(found["chargeable__cdr__tariff_version__tariff__name"]),
            found["chargeable__cdr__tariff_version__number"],
            price("net_amount"),
            found["chargeable__cdr__tax_rate"],
            price("tax_amount"),
            price("gross_amount"),
            currency,
            *(price(part) for part in PARTS),
            {Anchor.GROSS.value: "yes", Anchor.NET.value: "no"}.get(found["chargeable__cdr__anchor"], ""),
            _text(_notes(found["chargeable__cdr__assumption"], found["chargeable__cdr__notes"])),
            PaymentMethod(found["payment_method"]).label,
            Chargeable.State(state).label if state else "",
            _text(REASONS.get(reason, reason)),
            Mode(found["mode"]).value,
            _text(found["batch__file_name"]),
            found["line_no"],
        ]


# Which of them a column of the list stands for.
OF_COLUMN = {
    "number": ("session_id",),
    "started": ("started_local", "time_zone"),
    "ended": ("ended_local", "time_zone"),
    "place": ("location",),
    "evse": ("evse", "connector"),
    "duration": ("duration_min",),
    "charging": ("charging_min",),
    "energy": ("energy_kwh",),
    "token": ("token",),
    "method": ("payment_method",),
    "mode": ("mode",),
    "state": ("state",),
    "net": ("net", "currency"),
    "price": ("gross", "currency"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of cells in its order, streamed."""

    header: tuple[str, ...]
    rows: Iterator[list[Cell]]

    def only(self, columns: Iterable[str]) -> "Table":
        """Cut down to what columns of the list stand for (OF_COLUMN)."""
        wanted = {name for column in columns for name in OF_COLUMN[column]}
        places = [at for at, name in enumerate(self.header) if name in wanted]
        return Table(tuple(self.header[at] for at in places), ([row[at] for at in places] for row in self.rows))


def table(sessions: QuerySet[Session], *, with_customers: bool) -> Table:
    return Table(HEADER, rows(sessions, with_customers=with_customers))


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _plain(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def csv_lines(header: Iterable[str], cells: Iterable[list[Cell]]) -> Iterator[str]:
    """CSV text, a thousand rows at a time."""
    writer = csv.writer(_Echo())
    held = [writer.writerow(header)]
    for row in cells:
        held.append(writer.writerow([_plain(cell) for cell in row]))
        if len(held) >= 1000:
            yield "".join(held)
            held = []
    yield "".join(held)


def workbook(title: str, header: Iterable[str], cells: Iterable[list[Cell]]) -> IO[bytes]:
    """An XLSX file at its beginning, written row by row so that its size does not matter to memory."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    sheet.append(list(header))
    for row in cells:
        sheet.append(row)
    file = TemporaryFile()  # noqa: SIM115  the response reads it and closes it
    book.save(file)
    file.seek(0)
    return file
