"""What stands on paper: amounts, prices, quantities and sentences in German and English, worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.papers import PaperPart, content_of
from tests.papers.papers import SELLER, line, paper


def facts(**more: Any) -> dict[str, str]:
    return dict(content_of(paper(**more))["facts"])


def notes(**more: Any) -> dict[str, str]:
    return {head: text.replace("\u00a0", " ") for head, text in content_of(paper(**more))["notes"]}


def parts(**more: Any) -> list[list[str]]:
    anchor, language = more.pop("anchor", "GROSS"), more.pop("language", "en")
    whole = replace(paper(anchor=anchor, language=language), lines=(line(**more),))
    return [[cell.replace("\u00a0", " ") for cell in part] for part in content_of(whole)["lines"][0]["parts"]]


def test_a_german_invoice_says_everything_in_german() -> None:
    assert content_of(paper())["title"] == "Rechnung"
    assert facts() == {
        "Nummer": "INV-000412",
        "Datum": "2. Okt. 2018",
        "Leistung": "1. Sept. 2018 bis 30. Sept. 2018",
        "Zahlbar bis": "16. Okt. 2018",
        "Kundennummer": "K-1001",
    }
    assert notes()["Zahlung"] == (
        "Bitte zahlen Sie 7,82 EUR bis zum 16. Okt. 2018 auf IBAN DE02 1203 0000 0000 2020 51 (BIC BYLADEM1001)"
        " und nennen Sie dabei INV-000412."
    )


def test_a_receipt_of_money_taken_before_asks_for_none() -> None:
    said = {"kind": "RECEIPT", "language": "en", "is_collected": True, "due_date": None, "buyer": {}}

    assert "Payable by" not in facts(**said)
    assert notes(**said)["Payment"] == "Paid. The money was taken when you charged; nothing is left to pay."
    assert notes(**{**said, "gross": Decimal(0)})["Payment"] == "There is nothing to pay."


def test_a_receipt_asks_for_nothing_that_was_paid_at_the_charging_point() -> None:
    said = {"kind": "RECEIPT", "language": "en", "buyer": {}, "seller": {"name": "Nord", "vat_ids": {}}}

    assert "Payable by" not in facts(**said)
    assert notes(**said)["Payment"] == (
        "Paid at the charging point? Then nothing is left to pay. Otherwise:"
        " Please pay 7.82 EUR by 16 Oct 2018, stating INV-000412."
    )


def test_without_an_account_and_an_address_the_paper_still_says_whom_to_ask() -> None:
    bare = {"seller": {"name": "Nord", "vat_ids": {}}, "language": "en"}

    assert notes(**bare)["Payment"] == "Please pay 7.82 EUR by 16 Oct 2018, stating INV-000412."
    assert notes(**bare)["Something wrong?"].startswith("Write to us at the address above and name the number INV-000412.")
    named = {"seller": {**SELLER, "meter_data": "https://nord.example/messdaten"}, "language": "en"}
    assert notes(**named)["Meter data"].endswith("Signed meter data: https://nord.example/messdaten.")


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", [["Energy", "22.287 kWh", "0.384 / kWh", "8.56"], ["Idle time", "3 min 5 s", "0.04 / min", "0.12"]]),
        ("de", [["Energie", "22,287 kWh", "0,384 / kWh", "8,56"], ["Standzeit", "3 min 5 s", "0,04 / min", "0,12"]]),
    ],
)
def test_parts_have_quantity_price_and_amount(language: str, shown: list[list[str]]) -> None:
    assert parts(language=language)[:2] == shown
    assert parts(language=language)[2][1:] == ["", "", "\u22120.86".replace(".", "," if language == "de" else ".")]


def test_consumers_read_prices_with_tax_also_of_a_tariff_that_says_them_without() -> None:
    # 0.40 and 19 % are 0.476; businesses read the tariff's own side, and are told which where it is the other one.
    energy = (PaperPart("ENERGY", Decimal("10"), "kWh", Decimal("0.40"), Decimal("4.76")),)
    without = {"prices_include_tax": False, "tax_rate": Decimal("19"), "parts": energy}

    assert parts(**without)[0][2] == "0.476 / kWh"
    assert parts(**without, anchor="NET")[0][2] == "0.40 / kWh"
    assert parts(**{**without, "prices_include_tax": True}, anchor="NET")[0][2] == "0.40 / kWh incl. VAT"


def test_a_price_that_has_no_plain_minute_is_said_by_the_hour() -> None:
    third = (PaperPart("TIME", Decimal("3600"), "s", Decimal(1) / Decimal(30), Decimal("2")),)

    assert parts(parts=third) == [["Charging time", "1 h", "2.00 / h", "2.00"]]


def test_amounts_have_their_currencys_digits_and_thousands_apart() -> None:
    def total(language: str, currency: str, amount: str) -> str:
        gross = Decimal(amount)
        whole = paper(language=language, currency=currency, gross=gross, net=gross, tax=Decimal(0))
        return str(content_of(replace(whole, lines=()))["total"]).replace("\u00a0", " ")

    assert total("de", "EUR", "1234567.5") == "1.234.567,50 EUR"
    assert total("en", "EUR", "1234567.5") == "1,234,567.50 EUR"
    assert total("en", "JPY", "1234") == "1,234 JPY"
    assert total("de", "BHD", "-1.5") == "\u22121,500 BHD"


def test_the_summary_adds_up_by_place_and_counts_a_session_once() -> None:
    two_rates = [line(session_number="A", gross=Decimal("5.00")), line(session_number="A", gross=Decimal("1.00"))]
    elsewhere = line(session_number="B", place="Depot", address="", gross=Decimal("2.50"), energy_kwh=Decimal("1000"))
    shown = content_of(replace(paper(language="en"), lines=(*two_rates, elsewhere)))

    assert shown["places"] == [
        ["Lochee Charging Hub", "Dock Road 1, DD1 1AA Dundee", "1", "22.287 kWh", "6.00"],
        ["Depot", "", "1", "1,000.000 kWh", "2.50"],
    ]


def test_times_are_the_places_own_with_both_zones_where_the_clock_was_set() -> None:
    night = line(
        time_zone="Europe/Berlin",
        started_at=datetime(2018, 10, 27, 23, 30, tzinfo=UTC),
        ended_at=datetime(2018, 10, 28, 1, 30, tzinfo=UTC),
    )
    shown = content_of(replace(paper(), lines=(line(), night)))["lines"]

    assert shown[0]["when"] == "6. Sept. 2018, 23:55 bis 7. Sept. 2018, 07:03 Uhr BST"
    assert shown[1]["when"] == "28. Okt. 2018, 01:30 Uhr CEST bis 02:30 Uhr CET"
    assert shown[0]["facts"] == "Ladevorgang 7751157 · 22,287 kWh, Zähler 1.100,000 bis 1.122,287 kWh"


def test_what_cannot_be_seen_is_left_out() -> None:
    shown = content_of(paper(buyer={"name": "Ada\u202e\u200b\x00\nMüller", "company": ""}))

    assert shown["buyer"] == ["Ada Müller"]


def test_a_credit_note_says_what_it_corrects_and_asks_for_nothing() -> None:
    credit = {"kind": "CREDIT_NOTE", "number": "CN-000001", "corrects": "INV-000412", "due_date": None}
    shown = content_of(paper(2, **credit))

    assert (shown["title"], shown["total_label"], shown["places"]) == ("Rechnungskorrektur", "Korrekturbetrag", [])
    assert facts(**credit)["Korrigiert"] == "INV-000412"
    assert "Zahlbar bis" not in facts(**credit)
    assert notes(**credit)["Zahlung"].startswith("7,82 EUR werden von INV-000412 abgezogen.")
    assert content_of(paper(language="en", **credit))["title"] == "Credit note"
