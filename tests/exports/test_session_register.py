"""The register of sessions: what they were billed with and what of it is paid, and only the columns somebody chose."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.document_models import Document
from billing.operations.payment_entries import Part
from chargebill.core.roles import ANALYST, FINANCE
from chargebill.portal import session_export, spreadsheets
from stations.models import Connector
from tests.documents.conftest import Operator, make_operator, session
from tests.payments.conftest import received

pytestmark = pytest.mark.django_db
ClientOf = Callable[[str], Client]


def rows(client: Client, **query: Any) -> dict[str, dict[str, str]]:
    answer = client.get(reverse("admin:stations_session_export_csv"), query)
    text = b"".join(answer.streaming_content).decode()
    return {row["session_id"]: row for row in csv.DictReader(io.StringIO(text))}


@pytest.fixture
def billed(tmp_path: Any) -> Operator:
    """Ada's two sessions on one invoice, the brewery's on another, paid in part; one of somebody unknown; one held back."""
    operator = make_operator(tmp_path)
    operator.bring(
        session("M1", token="T-Ada", energy_kwh="12.34"),
        session("M2", day="2018-09-20", token="T-Ada", energy_kwh="0.33"),
        session("B1", token="T-Brewery", energy_kwh="8.07"),
        session("A1"),
    )
    operator.issue()
    operator.bring(session("N1", day="2018-10-01"))
    Connector.objects.filter(evse__uid="EM1").update(standard="IEC_62196_T2", rated_kw=22)
    ada, brewery = (Document.objects.get(customer=operator.customers[who]) for who in ("Ada", "Brewery"))
    received(operator, str(ada.gross_amount), parts=[Part(ada.gross_amount, document=ada)])
    received(operator, "1.00", parts=[Part(Decimal("1.00"), document=brewery)])
    return operator


def test_a_session_says_its_document_and_what_is_paid_on_it(billed: Operator, client_of: ClientOf) -> None:
    found = rows(client_of(FINANCE))
    numbers = dict(Document.objects.values_list("customer__name", "number"))
    assert {number: (row["invoice_number"], row["payment_state"]) for number, row in found.items()} == {
        "M1": (numbers["Ada"], "Paid"),
        "M2": (numbers["Ada"], "Paid"),
        "B1": (numbers["Brewery"], "Partly paid"),
        "A1": (numbers[None], "Not paid"),
        "N1": ("", ""),
    }
    assert (found["M1"]["standard"], found["M1"]["rated_kw"]) == ("IEC_62196_T2", "22.00")
    assert (found["M1"]["duration_min"], found["M1"]["charging_min"], found["M1"]["idle_min"]) == ("60.00", "", "")


def test_only_chosen_columns_come_in_the_registers_order(billed: Operator, client_of: ClientOf) -> None:
    finance = client_of(FINANCE)
    found = rows(finance, column=["gross", "session_id", "invoice_number", "nothing"])
    assert list(found["M1"]) == ["session_id", "gross", "invoice_number"]
    answer = finance.get(reverse("admin:stations_session_export_xlsx"), {"column": ["session_id", "gross"], "q": "M1"})
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    assert [[cell.value for cell in row] for row in sheet] == [["session_id", "gross"], ["M1", 4.94]]
    assert list(rows(finance, column="nothing")["M1"]) == list(session_export.HEADER)
    page = finance.get(reverse("admin:stations_session_export"), {"q": "M1", "column": ["gross"]})
    text = page.content.decode()
    assert page.context["chosen"] == {"gross"}
    assert 'name="q" value="M1"' in text
    assert all(f'name="column" value="{name}"' in text for name in session_export.HEADER)
    assert "No session matches" in finance.get(reverse("admin:stations_session_export"), {"q": "zzz"}).content.decode()


def test_numbers_of_documents_are_for_those_who_may_see_documents(billed: Operator, client_of: ClientOf) -> None:
    assert {(row["invoice_number"], row["payment_state"]) for row in rows(client_of(ANALYST)).values()} == {("", "")}
    assert client_of(ANALYST).get(reverse("admin:stations_session_export")).status_code == 200


def test_the_register_takes_as_many_queries_for_many_sessions(billed: Operator, client_of: ClientOf) -> None:
    finance = client_of(FINANCE)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            rows(finance)
        return len(captured)

    queries()
    few = queries()
    billed.bring(*(session(f"X{n}", day="2018-09-25") for n in range(40)))
    billed.issue()
    assert queries() == few


@pytest.mark.parametrize(("columns", "most"), [(42, 107_142), (10, 450_000), (2, 1_048_575), (0, 1_048_575)])
def test_a_workbook_takes_what_a_spreadsheet_opens(columns: int, most: int) -> None:
    assert spreadsheets.xlsx_rows(columns) == most
