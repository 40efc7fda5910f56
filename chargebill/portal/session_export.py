"""The register of sessions: one row each with its price and what became of it, safe to open in a spreadsheet."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC
from decimal import Decimal
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from billing.chargeables import REASONS
from billing.models import Anchor, Chargeable
from billing.pricing.notes import in_words
from chargebill.core.csvsafe import safe_cell
from chargebill.core.money import minor_digits, round_to
from chargebill.portal.session_documents import Billed, documents_of
from chargebill.portal.spreadsheets import Cell, Table, csv_lines, workbook  # noqa: F401
from stations.models import Mode, PaymentMethod, Session

# The register's columns, by what they are about.
GROUPS = (
    ("Session", ("session_id", "location", "evse", "connector", "standard", "rated_kw")),
    (
        "Time",
        (
            "started_local",
            "ended_local",
            "time_zone",
            "started_utc",
            "ended_utc",
            "duration_min",
            "charging_min",
            "idle_min",
        ),
    ),
    ("Energy", ("energy_kwh", "meter_start_kwh", "meter_stop_kwh")),
    ("Who, and which tariff", ("token", "customer", "tariff", "tariff_version")),
    ("Price", ("net", "vat_percent", "vat", "gross", "currency")),
    (
        "What the price is made of",
        (
            "start_fee",
            "for_energy",
            "for_charging_time",
            "for_idle_time",
            "for_reservation",
            "limit",
            "parts_include_vat",
            "notes",
        ),
    ),
    ("Billing", ("payment_method", "payment_state", "invoice_number", "state", "reason")),
    ("Source", ("mode", "file", "line")),
)
HEADER = tuple(name for _, names in GROUPS for name in names)
# What a price is made of, on the side its parts include; they add up to it. A collected amount has none.
PARTS = ("fixed_amount", "energy_amount", "time_amount", "parking_amount", "reservation_amount", "limit_amount")
# What is looked up besides the session's own row.
OF_DOCUMENTS = {"payment_state", "invoice_number"}
COLUMNS = (
    "pk",
    "external_id",
    "location__name",
    "connector__evse__uid",
    "connector__number",
    "connector__standard",
    "connector__rated_kw",
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
CHUNK = 2000
# The same for the parallel month's narrower sheets.
XLSX_MAX_ROWS = 100_000


def _text(value: str | None) -> str:
    return safe_cell(value or "")


def minutes(seconds: int | None) -> Decimal | None:
    return None if seconds is None else round_to(Decimal(seconds) / 60, 2)


def _idle(duration_s: int | None, charging_s: int | None) -> int | None:
    """Plugged in without charging; unknown where the charging time is."""
    return None if duration_s is None or charging_s is None else max(duration_s - charging_s, 0)


def _notes(assumption: str | None, notes: str | None) -> str:
    """What was assumed and what is remarkable, in words."""
    return " ".join(in_words(tuple(f"{assumption or ''} {notes or ''}".split())))


def rows(sessions: QuerySet[Session], *, with_customers: bool, with_documents: bool) -> Iterator[list[Cell]]:
    """One list of typed cells per session, in HEADER's order, streamed; text is already safe for a spreadsheet."""
    for chunk in _chunks(sessions.values_list(*COLUMNS).iterator(chunk_size=CHUNK)):
        billed = documents_of([row[0] for row in chunk]) if with_documents else {}
        yield from _rows(chunk, billed, with_customers)


def _chunks(found: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while chunk := list(islice(found, CHUNK)):
        yield chunk


def _rows(chunk: list[tuple[Any, ...]], billed: dict[int, Billed], with_customers: bool) -> Iterator[list[Cell]]:
    for row in chunk:
        found = dict(zip(COLUMNS, row, strict=True))
        zone = found["location__time_zone"] or found["entity__time_zone"] or "UTC"
        started, ended = found["started_at"], found["ended_at"]
        currency = found["chargeable__cdr__currency"] or ""
        digits = minor_digits(currency)

        def price(name: str, found: dict[str, Any] = found, digits: int = digits) -> Decimal | None:
            value = found[f"chargeable__cdr__{name}"]
            return None if value is None else round_to(value, digits)

        document = billed.get(found["pk"])
        state, reason = found["chargeable__state"], found["chargeable__reason"] or ""
        yield [
            _text(found["external_id"]),
            _text(found["location__name"]),
            _text(found["connector__evse__uid"]),
            _text(found["connector__number"]),
            _text(found["connector__standard"]),
            found["connector__rated_kw"],
            started.astimezone(ZoneInfo(zone)).replace(tzinfo=None),
            ended.astimezone(ZoneInfo(zone)).replace(tzinfo=None),
            zone,
            started.astimezone(UTC).replace(tzinfo=None),
            ended.astimezone(UTC).replace(tzinfo=None),
            minutes(found["duration_s"]),
            minutes(found["charging_s"]),
            minutes(_idle(found["duration_s"], found["charging_s"])),
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
            document.paid if document else "",
            _text(document.number) if document else "",
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


def columns_of_list(shown: Iterable[str]) -> set[str]:
    """What columns of the list stand for."""
    return {name for column in shown for name in OF_COLUMN[column]}


def table(
    sessions: QuerySet[Session],
    *,
    with_customers: bool,
    with_documents: bool,
    columns: Collection[str] | None = None,
) -> Table:
    """The register of these sessions; ``columns`` None: all of HEADER."""
    wanted = set(HEADER) if columns is None else set(columns) & set(HEADER)
    looks = with_documents and bool(wanted & OF_DOCUMENTS)
    found = Table(HEADER, rows(sessions, with_customers=with_customers, with_documents=looks))
    return found if columns is None else found.only(wanted)
