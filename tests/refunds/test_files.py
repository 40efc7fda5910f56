"""A list as files: pain.001 read back by hand, the CSV by the csv module, the same bytes each time."""

import csv
import hashlib
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from billing.models import PayoutFile
from billing.payouts import PayoutContent, Transfer, fits_sepa, pain001, payout_csv
from billing.payouts.pain001 import latin
from chargebill.core.models import User
from tests.documents.conftest import Operator
from tests.refunds.conftest import ADAS, listed, owed

D = Decimal
OURS = "DE02120300000000202051"
CONTENT = PayoutContent(
    reference="CBL-000003",
    payer="Stadtwerke Süd & Söhne GmbH",
    payer_account=OURS,
    currency="EUR",
    execution_on=date(2026, 12, 1),
    made_at=datetime(2026, 11, 27, 9, 30, tzinfo=UTC),
    transfers=(
        Transfer("CBR-000012", "=Ada Łukaszewska", ADAS, D("5.07"), "Refund INV-000001 CBR-000012"),
        Transfer("CBR-000013", "Zoë", "FR1420041010050500013M02606", D("1234567.80"), "Refund // CBR-000013"),
    ),
)
# Every element of the schema's sequence that we write, in its order (pain.001.001.09, customer credit transfer).
SHAPE = """
CstmrCdtTrfInitn
 GrpHdr
  MsgId CreDtTm NbOfTxs CtrlSum InitgPty
 PmtInf
  PmtInfId PmtMtd BtchBookg NbOfTxs CtrlSum PmtTpInf ReqdExctnDt Dbtr DbtrAcct DbtrAgt ChrgBr CdtTrfTxInf CdtTrfTxInf
"""


def names(element: ElementTree.Element) -> list[str]:
    return [child.tag.rpartition("}")[2] for child in element]


def texts(element: ElementTree.Element) -> dict[str, str]:
    """Path -> text of every leaf, by a walk of our own."""
    found = {}

    def walk(at: ElementTree.Element, path: str) -> None:
        for child in at:
            name = f"{path}/{child.tag.rpartition('}')[2]}" if path else child.tag.rpartition("}")[2]
            if len(child):
                walk(child, name)
            else:
                assert name not in found
                found[name] = child.text or ""

    walk(element, "")
    return found


def test_pain_001_says_the_list_in_the_order_of_its_schema() -> None:
    written = pain001(CONTENT)
    assert written.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="')
    root = ElementTree.fromstring(written)
    assert root.tag == "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}Document"
    lines = [line.split() for line in SHAPE.strip().splitlines()]
    (whole,) = root
    head, batch = whole
    assert (names(root), names(whole), names(head), names(batch)) == (lines[0], [lines[1][0], lines[3][0]], lines[2], lines[4])
    assert texts(head) == {
        "MsgId": "CBL-000003",
        "CreDtTm": "2026-11-27T09:30:00Z",
        "NbOfTxs": "2",
        "CtrlSum": "1234572.87",
        "InitgPty/Nm": "Stadtwerke Sued + Soehne GmbH",
    }
    transfers = [one for one in batch if one.tag.endswith("CdtTrfTxInf")]
    for one in transfers:
        assert names(one) == ["PmtId", "Amt", "Cdtr", "CdtrAcct", "RmtInf"]
        batch.remove(one)
    assert texts(batch) == {
        "PmtInfId": "CBL-000003",
        "PmtMtd": "TRF",
        "BtchBookg": "false",
        "NbOfTxs": "2",
        "CtrlSum": "1234572.87",
        "PmtTpInf/SvcLvl/Cd": "SEPA",
        "ReqdExctnDt/Dt": "2026-12-01",
        "Dbtr/Nm": "Stadtwerke Sued + Soehne GmbH",
        "DbtrAcct/Id/IBAN": OURS,
        "DbtrAgt/FinInstnId/Othr/Id": "NOTPROVIDED",
        "ChrgBr": "SLEV",
    }
    assert [texts(one) for one in transfers] == [
        {
            "PmtId/EndToEndId": "CBR-000012",
            "Amt/InstdAmt": "5.07",
            "Cdtr/Nm": ".Ada Lukaszewska",
            "CdtrAcct/Id/IBAN": ADAS,
            "RmtInf/Ustrd": "Refund INV-000001 CBR-000012",
        },
        {
            "PmtId/EndToEndId": "CBR-000013",
            "Amt/InstdAmt": "1234567.80",
            "Cdtr/Nm": "Zoe",
            "CdtrAcct/Id/IBAN": "FR1420041010050500013M02606",
            "RmtInf/Ustrd": "Refund / CBR-000013",
        },
    ]
    assert [one.find("{*}Amt/{*}InstdAmt").attrib for one in transfers] == [{"Ccy": "EUR"}] * 2


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "GBP"},
        {"payer_account": ""},
        {"payer_account": "12345678"},
        {"transfers": (replace(CONTENT.transfers[0], account="12345678"),)},
        # A valid IBAN of a country that is not in SEPA.
        {"transfers": (replace(CONTENT.transfers[0], account="BR1800360305000010009795493C1"),)},
    ],
)
def test_pain_001_is_for_euros_between_ibans_of_sepa_only(change: dict[str, object]) -> None:
    content = replace(CONTENT, **change)  # type: ignore[arg-type]
    assert not fits_sepa(content)
    with pytest.raises(ValueError, match="SEPA"):
        pain001(content)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Müller-Lüdenscheidt", "Mueller-Luedenscheidt"),
        ("李小龍", "..."),
        ("a_b\tc", "a-b.c"),
        ("/start//end/", "start/end"),
        ("", "."),
        ("é" * 80, "e" * 70),
    ],
)
def test_names_are_written_with_the_letters_of_sepa(text: str, written: str) -> None:
    assert latin(text, 70) == written


def test_the_csv_says_the_list_and_runs_nothing() -> None:
    rows = list(csv.DictReader(io.StringIO(payout_csv(CONTENT).decode(), newline="")))
    assert rows[0] == {
        "list": "CBL-000003",
        "reference": "CBR-000012",
        "name": "'=Ada Łukaszewska",
        "account": ADAS,
        "amount": "5.07",
        "currency": "EUR",
        "execution_on": "2026-12-01",
        "from_account": OURS,
        "purpose": "Refund INV-000001 CBR-000012",
    }
    yen = replace(CONTENT, currency="JPY", transfers=(replace(CONTENT.transfers[0], amount=D(500)),))
    assert next(csv.DictReader(io.StringIO(payout_csv(yen).decode())))["amount"] == "500"
    assert payout_csv(CONTENT).count(b"\r\n") == 3


def test_files_are_kept_as_they_were_made(billed: Operator, people: tuple[User, User]) -> None:
    made = listed(billed, people[0], (owed(billed),))
    file = PayoutFile.objects.get(payout_list=made)
    assert (file.kind, file.name) == ("CSV", f"{made.reference}.csv")
    assert hashlib.sha256(bytes(file.content)).hexdigest() == file.sha256
    (row,) = csv.DictReader(io.StringIO(bytes(file.content).decode()))
    refund = made.refunds.get()
    assert (row["reference"], row["account"], row["amount"]) == (refund.reference, ADAS, "5.07")
    assert row["purpose"] == f"Refund {refund.due.document.number} Tayside Charging {refund.reference}"
