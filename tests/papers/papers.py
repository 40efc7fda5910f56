"""A paper to vary, and how a PDF is read back by a program that knows nothing of ours."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from pypdf import PdfReader

from billing.papers import Paper, PaperLine, PaperPart, PaperTax

AT = datetime(2018, 10, 2, 9, tzinfo=UTC)
SELLER = {
    "name": "Stadtwerke Nord GmbH",
    "street": "Hafenstraße 12",
    "postal_code": "24103",
    "city": "Kiel",
    "country": "DE",
    "vat_ids": {"DE": "DE123456789"},
    "email": "laden@nord.example",
    "phone": "+49 431 1234567",
    "iban": "DE02120300000000202051",
    "bic": "BYLADEM1001",
    "meter_data": "",
}
BUYER = {
    "number": "K-1001",
    "name": "Ada Müller",
    "company": "",
    "vat_id": "",
    "street": "Am Deich 3",
    "postal_code": "24105",
    "city": "Kiel",
    "country": "DE",
}


def line(**more: Any) -> PaperLine:
    """A night at Lochee: 22.287 kWh, three minutes of idling, a maximum."""
    given: dict[str, Any] = {
        "session_number": "7751157",
        "place": "Lochee Charging Hub",
        "address": "Dock Road 1, DD1 1AA Dundee",
        "country": "GB",
        "evse": "50914-1",
        "time_zone": "Europe/London",
        "started_at": datetime(2018, 9, 6, 22, 55, tzinfo=UTC),
        "ended_at": datetime(2018, 9, 7, 6, 3, tzinfo=UTC),
        "energy_kwh": Decimal("22.287"),
        "meter_start_kwh": Decimal("1100"),
        "meter_stop_kwh": Decimal("1122.287"),
        "token": "601838",
        "tariff": "Night owl v3",
        "prices_include_tax": True,
        "tax_rate": Decimal("20"),
        "net": Decimal("6.52"),
        "tax": Decimal("1.30"),
        "gross": Decimal("7.82"),
        "parts": (
            PaperPart("ENERGY", Decimal("22.287"), "kWh", Decimal("0.384"), Decimal("8.56")),
            PaperPart("PARKING_TIME", Decimal("185"), "s", Decimal("0.04"), Decimal("0.12")),
            PaperPart("MAX_PRICE", Decimal(0), "", None, Decimal("-0.86")),
        ),
    }
    return PaperLine(**{**given, **more})


def paper(lines: int = 1, **more: Any) -> Paper:
    count = Decimal(lines)
    net, tax, gross = (Decimal(a) * count for a in ("6.52", "1.30", "7.82"))
    given: dict[str, Any] = {
        "kind": "INVOICE",
        "number": "INV-000412",
        "language": "de",
        "currency": "EUR",
        "anchor": "GROSS",
        "seller": SELLER,
        "buyer": BUYER,
        "issue_date": date(2018, 10, 2),
        "issued_at": AT,
        "supplied_from": date(2018, 9, 1),
        "supplied_until": date(2018, 9, 30),
        "due_date": date(2018, 10, 16),
        "is_collected": False,
        "corrects": "",
        "net": net,
        "tax": tax,
        "gross": gross,
        "taxes": (PaperTax(Decimal("20"), "GB20", "VAT Act 1994, standard rate.", net, tax, gross),),
        "lines": tuple(line(session_number=f"77511{n:02}") for n in range(lines)),
    }
    return Paper(**{**given, **more})


def pages_of(pdf: bytes) -> list[str]:
    """The text of each page, spaces of any kind as one."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def text_of(pdf: bytes) -> str:
    return " ".join(pages_of(pdf))
