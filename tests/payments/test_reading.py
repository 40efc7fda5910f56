"""Bank files are read exactly as they are written, and refused with a place where they can't be."""

from decimal import Decimal

import pytest

from billing.banking import keyed, read_bank_file, template
from chargebill.core.errors import UserError
from tests.payments.bank_text import HEADER, IBAN, PAYER, URN, balance, camt, details, entry, own, row

D = Decimal


def refusal(content: bytes) -> UserError:
    with pytest.raises(UserError) as caught:
        read_bank_file(content)
    assert caught.value.message.endswith("Nothing was changed.")
    return caught.value


@pytest.mark.parametrize("version", ["02", "04", "06", "08"])
def test_every_version_of_camt_gives_the_same_line(version: str) -> None:
    inside = details(
        amount="149.90",
        name="Erika Muster",
        account=PAYER,
        purpose="INV-000123",
        reference="TX1",
        end_to_end="E2E",
        version=version,
    )
    content = camt(
        balance("OPBD", "1000.00"), entry("149.90", inside, version=version), balance("CLBD", "1149.90"), version=version
    )
    read = read_bank_file(content)
    (statement,) = read.statements
    (line,) = statement.lines
    assert (read.kind, read.not_booked) == (f"CAMT.053 version {version}", 0)
    assert (statement.account, statement.currency, statement.number) == (IBAN, "EUR", "231")
    assert (statement.opening, statement.closing) == (D("1000.00"), D("1149.90"))
    assert (line.amount, line.name, line.counterparty, line.purpose) == (D("149.90"), "Erika Muster", PAYER, "INV-000123")
    assert (line.reference, line.end_to_end, line.is_reversal) == ("TX1", "E2E", False)
    assert (f"{line.booked_on}", f"{line.value_on}", line.where) == ("2026-11-26", "2026-11-26", "statement 1, entry 1")


def test_an_entry_of_several_payments_becomes_a_line_each() -> None:
    batch = [details(amount="10.00", purpose="a", reference="T1"), details(amount="5.25", purpose="b", reference="T2")]
    (statement,) = read_bank_file(camt(entry("15.25", *batch, reference="E"))).statements
    assert [(line.amount, line.purpose, line.reference) for line in statement.lines] == [
        (D("10.00"), "a", "T1"),
        (D("5.25"), "b", "T2"),
    ]


def test_an_entry_whose_payments_do_not_add_up_stays_one_line() -> None:
    batch = [details(amount="10.00", purpose="a"), details(amount="5.00", purpose="b")]
    (statement,) = read_bank_file(camt(entry("15.25", *batch, reference="E"))).statements
    assert [(line.amount, line.purpose, line.reference) for line in statement.lines] == [(D("15.25"), "a b", "E")]


def test_a_reversal_keeps_its_own_sign_and_what_is_only_announced_is_left_out() -> None:
    content = camt(
        balance("PRCD", "5.00", direction="DBIT"),
        entry("7.00", details(name="Erika"), direction="DBIT", more="<RvslInd>true</RvslInd>"),
        entry("100.00", status="PDNG"),
        balance("CLBD", "12.00", direction="DBIT"),
    )
    read = read_bank_file(content)
    assert read.not_booked == 1
    assert [(line.amount, line.is_reversal, line.name) for line in read.statements[0].lines] == [(D("-7.00"), True, "Erika")]


def test_a_statement_that_does_not_add_up_says_the_difference() -> None:
    said = refusal(camt(balance("OPBD", "10.00"), entry("5.00"), balance("CLBD", "15.01")))
    assert (said.code, said.where) == ("balance", "statement 1")
    assert "should close with 15.00, but says 15.01: a difference of 0.01" in said.message


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "15000"), ("EUR", "15000.10"), ("KWD", "15000.125"), ("JPY", "12.000")])
def test_amounts_keep_the_digits_of_their_currency(currency: str, amount: str) -> None:
    (statement,) = read_bank_file(camt(entry(amount, currency=currency), currency=currency)).statements
    assert str(statement.lines[0].amount) == amount


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", "1.5"), ("EUR", "1.005"), ("EUR", "1,5"), ("EUR", "1e3"), ("EUR", "-1")]
)
def test_an_amount_that_is_none_is_refused_with_its_place(currency: str, amount: str) -> None:
    said = refusal(camt(entry("1", currency=currency), entry(amount, currency=currency), currency=currency))
    assert (said.code, said.where) == ("amount", "statement 1, entry 2")


BOMB = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
HOSTILE = {
    "empty": (b"  \n", "file_empty"),
    "large": (b"<" + b"x" * (10 * 1024 * 1024), "file_too_large"),
    "entities": (BOMB, "xml_dtd"),
    "outside": (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml_dtd"),
    "deep": (f'<Document xmlns="{URN}08">'.encode() + b"<a>" * 100_000, "xml_depth"),
    "nul": (camt(entry("5.00")).replace(b"S1", b"S\x001"), "nul"),
    "utf16": (camt(entry("5.00")).decode().encode("utf-16"), "encoding"),
    "latin": (camt(entry("5.00", details(name="Müller"))).decode().encode("latin-1"), "encoding"),
    "declared": (camt(entry("5.00")).replace(b"UTF-8", b"ISO-8859-1"), "encoding"),
    "cut off": (camt(entry("5.00"))[:-30], "not_xml"),
    "other xml": (b"<html><body/></html>", "not_camt"),
    "camt.052": (camt(entry("5.00")).replace(b"053", b"052"), "wrong_camt"),
    "version": (camt(entry("5.00"), version="99"), "wrong_camt"),
    "no statement": (f'<Document xmlns="{URN}08"/>'.encode(), "statement_empty"),
    "bad iban": (camt(entry("5.00"), account="DE02120300000000202052"), "account"),
    "direction": (camt(entry("5.00", direction="IN")), "direction"),
    "other money": (camt(entry("5.00", currency="USD")), "currency"),
    "day": (camt(entry("5.00", day="2026-02-30")), "day"),
    "header": (b"a,b\n1,2\n", "header"),
    "no lines": (own(), "statement_empty"),
    "cells": (own("a,b"), "columns"),
    "quote": (own('"' + row("5.00")), "columns"),
    "comma": (own(row('"5,00"')), "amount"),
    "blank amount": (own(row("")), "missing"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_and_broken_files_are_refused_by_name(name: str) -> None:
    content, code = HOSTILE[name]
    assert refusal(content).code == code


def test_our_csv_reads_minus_signs_semicolons_and_columns_in_any_order() -> None:
    (statement,) = read_bank_file(own(row("-12.00", reference="R1"), row("\u22120.10"), row("+7"))).statements
    assert [line.amount for line in statement.lines] == [D("-12.00"), D("-0.10"), D(7)]
    assert [line.where for line in statement.lines] == ["line 2", "line 3", "line 4"]
    cells = [*row("5.00").split(",")[:7], "for, me", "R1"]
    turned = ";".join(reversed(HEADER.split(","))) + "\n" + ";".join(reversed(cells))
    assert read_bank_file(turned.encode()).statements[0].lines[0].amount == D("5.00")


def test_the_template_is_a_file_we_read() -> None:
    (statement,) = read_bank_file(template().encode()).statements
    assert (statement.account, statement.lines[0].amount) == (IBAN, D("149.90"))


def test_the_same_line_has_the_same_key_in_every_file_and_twins_stay_two() -> None:
    whole = read_bank_file(own(row("5.00", "coffee"), row("5.00", "coffee"), row("5.00", "tea"))).statements[0].lines
    later = read_bank_file(own(row("1.00", "new", day="2018-10-21"), row("5.00", "coffee"))).statements[0].lines
    keys = [key for key, _ in keyed(whole)]
    assert len(set(keys)) == 3
    assert keyed(later)[1][0] == keys[0]
    # The bank's own reference counts, not how the purpose is spelled.
    named = [read_bank_file(own(row("5.00", text, reference="R9"))).statements[0].lines for text in ("a", "b")]
    assert keyed(named[0])[0][0] == keyed(named[1])[0][0]
    assert keyed(read_bank_file(own(row("5.00", reference="NONREF"))).statements[0].lines)[0][1].reference == ""
