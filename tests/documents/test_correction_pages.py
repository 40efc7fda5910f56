"""The pages that correct a document: who may, amounts before anything is done, wrong input, CSV of a credit note."""

import csv
import io
import re
from typing import Any

import pytest
from django.test import Client

from billing.document_models import Document
from billing.models import Chargeable
from chargebill.core.roles import ADMINISTRATOR, ANALYST, FINANCE, ROLES
from tests.documents.conftest import Operator, month, operator, session  # noqa: F401
from tests.documents.test_correcting import clean, take_back
from tests.documents.test_reissuing import COMPANY
from tests.payments.conftest import ADA, billed, of, received  # noqa: F401

EVERY_ROLE = (ADMINISTRATOR, *ROLES)
MAY = {ADMINISTRATOR, FINANCE}


def url_of(document: Document, what: str = "correct") -> str:
    return f"/billing/documents/{document.pk}/{what}/"


def hidden(response: Any) -> dict[str, str]:
    """What the form of the preview would send."""
    body = response.content.decode()
    return dict(
        re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', body[body.index("What the credit note") - 1500 :])
    )


def asked(client: Client, document: Document, **more: str) -> Any:
    return client.post(url_of(document), {"form_key": "f1", "scope": "lines", "reason": "Wrong meter", **more})


def test_finance_and_the_administrator_correct_and_others_are_told_nothing(billed: Operator, client_of: Any) -> None:  # noqa: F811
    receipt = Document.objects.get(number="R-000001")
    for role in EVERY_ROLE:
        for what in ("correct", "to-company"):
            answers = [client_of(role).get(url_of(receipt, what)).status_code]
            if role not in MAY:
                answers.append(client_of(role).post(url_of(receipt, what), {"reason": "x", "scope": "whole"}).status_code)
            assert set(answers) == {200 if role in MAY else 403}, role
        if role != ANALYST:
            shown = client_of(role).get(f"/billing/document/{receipt.pk}/change/").content.decode()
            assert (url_of(receipt) in shown, url_of(receipt, "to-company") in shown) == (role in MAY, role in MAY)
    assert not Document.objects.filter(kind="CREDIT_NOTE").exists()


def test_amounts_are_seen_before_anything_is_issued(billed: Operator, client_of: Any) -> None:  # noqa: F811
    ada, client = of("Ada"), client_of(FINANCE)
    received(billed, "5.00", (ada, "5.00"))
    first = ada.lines.first()
    response = asked(client, ada, returned_to="REFUND", **{f"line-{first.pk}": "1.00"})
    shown = response.content.decode()
    for words in ("What the credit note will say", "0.83", "0.17", "GBP 0.07", "GBP 0.93", "owed until it is refunded"):
        assert words in shown
    assert not Document.objects.filter(kind="CREDIT_NOTE").exists()

    sent = hidden(response)
    assert sent["form_key"] == "f1"
    response = client.post(url_of(ada), sent)
    note = Document.objects.get(kind="CREDIT_NOTE")
    assert response.url == f"/billing/document/{note.pk}/change/"
    # Sent twice it is one credit note.
    assert client.post(url_of(ada), sent).url == response.url
    assert Document.objects.filter(kind="CREDIT_NOTE").count() == 1
    shown = client.get(response.url).content.decode()
    for words in ("Takes back of", ada.number, "Wrong meter", "GBP 0.93", "taken back, incl. VAT"):
        assert words in shown
    shown = client.get(f"/billing/document/{ada.pk}/change/").content.decode()
    assert note.number in shown
    assert "GBP 4.07 incl. VAT left" in shown
    shown = client.get(f"/open-documents/{note.pk}/", follow=True).content.decode()
    assert f"What was paid on {ada.number}" in shown
    assert "GBP 0.07 taken off what was open, GBP 0.93 goes back" in shown
    clean()


def test_what_changed_meanwhile_is_shown_anew(billed: Operator, client_of: Any) -> None:  # noqa: F811
    ada, client = of("Ada"), client_of(FINANCE)
    sent = hidden(asked(client, ada, scope="whole"))
    take_back(ada, "1.00")
    response = client.post(url_of(ada), sent)
    assert "Something changed since you looked" in response.content.decode()
    assert Document.objects.filter(kind="CREDIT_NOTE").count() == 1
    client.post(url_of(ada), hidden(response))
    assert sorted(Document.objects.filter(kind="CREDIT_NOTE").values_list("gross_amount", flat=True)) == [1, ADA - 1]
    assert "Nothing is left to credit" in client.get(url_of(ada)).content.decode()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Choose what is taken back"),
        ({"line": "1,00"}, "is no amount"),
        ({"line": "NaN"}, "is no amount"),
        ({"line": "-1"}, "is no amount"),
        ({"line": "4.95"}, "GBP 4.94 can be credited"),
        ({"line": "1.00", "reason": ""}, "Say why"),
        ({"line": "1.00", "returned_to": ""}, "Say where the money goes"),
        ({"line": "1.00", "line-999999999999999999": "1"}, "Choose what is taken back"),
        ({"line-²": "1", "all-x": "1"}, "Choose what is taken back"),
    ],
)
def test_wrong_input_is_told_and_kept(billed: Operator, client_of: Any, sent: dict[str, str], said: str) -> None:  # noqa: F811
    ada = of("Ada")
    received(billed, ADA, (ada, ADA))
    first = ada.lines.first()
    given = {f"line-{first.pk}" if name == "line" else name: value for name, value in {"returned_to": "CREDIT", **sent}.items()}
    shown = asked(client_of(FINANCE), ada, **given).content.decode()
    assert said in shown
    assert "What the credit note will say" not in shown
    if "line" in sent:
        assert f'value="{sent["line"]}"' in shown
    assert not Document.objects.filter(kind="CREDIT_NOTE").exists()


def test_a_whole_line_is_ticked_and_billed_again(billed: Operator, client_of: Any) -> None:  # noqa: F811
    ada, client = of("Ada"), client_of(ADMINISTRATOR)
    second = ada.lines.last()
    client.post(url_of(ada), hidden(asked(client, ada, bill_again="1", **{f"all-{second.pk}": "1"})))
    assert Document.objects.get(kind="CREDIT_NOTE").gross_amount == second.gross_amount
    states = dict(Chargeable.objects.values_list("session__external_id", "state"))
    assert (states["M1"], states["M2"]) == ("DOCUMENTED", "READY")


def test_lines_of_a_credit_note_as_csv_name_what_they_correct(billed: Operator, client_of: Any) -> None:  # noqa: F811
    ada = of("Ada")
    note = take_back(ada).credit_note
    body = b"".join(client_of("Auditor").get(f"/billing/document/{note.pk}/lines.csv")).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [(row["document"], row["corrects_document"], row["corrects_line"], row["gross"]) for row in rows] == [
        (note.number, ada.number, "1", "4.94"), (note.number, ada.number, "2", "0.13"),
    ]  # fmt: skip
    body = b"".join(client_of("Auditor").get("/billing/document/export.csv?kind__exact=CREDIT_NOTE")).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(body))
    assert (row["kind"], row["corrects"], row["gross"]) == ("Credit note", ada.number, "5.07")


def test_a_receipt_goes_to_a_company_and_wrong_input_is_kept(billed: Operator, client_of: Any) -> None:  # noqa: F811
    receipt, client = Document.objects.get(number="R-000001"), client_of(FINANCE)
    given = {"vat_id": COMPANY["tax_id"], **{name: value for name, value in COMPANY.items() if name != "tax_id"}}
    shown = client.post(url_of(receipt, "to-company"), {**given, "vat_id": "12"}).content.decode()
    assert "A VAT id begins with its country" in shown
    assert 'value="Lochee Bakers Ltd"' in shown
    response = client.post(url_of(receipt, "to-company"), given, follow=True)
    assert "INV-000004 is issued to Lochee Bakers Ltd" in response.content.decode()
    assert "Issued anew for" in response.content.decode()
    assert "INV-000004" in client.get(f"/billing/document/{receipt.pk}/change/").content.decode()
    assert "issued to a company already" in client.get(url_of(receipt, "to-company")).content.decode()


def test_what_is_not_there_is_not_found(billed: Operator, client_of: Any) -> None:  # noqa: F811
    for pk in (999_999, 10**30):
        for what in ("correct", "to-company"):
            assert client_of(FINANCE).get(f"/billing/documents/{pk}/{what}/").status_code == 404


def test_correcting_a_credit_note_leads_to_its_document(billed: Operator, client_of: Any) -> None:  # noqa: F811
    ada = of("Ada")
    note = take_back(ada, "1.00").credit_note
    assert client_of(FINANCE).get(url_of(note)).url == url_of(ada)
