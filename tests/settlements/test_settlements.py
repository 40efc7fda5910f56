"""An acquirer's payouts: read exactly, booked once with their fee, in transit until the bank brings them, and the pages."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing import payments
from billing.book_checks import check_books
from billing.models import SettlementFile, SettlementPayout
from billing.operations.refund_lines import return_refunds
from billing.operations.settlements import discard_settlement, payout_arrived, take_in_settlement, upload_settlement
from billing.settlements import read_settlement, template
from chargebill.core.errors import UserError
from chargebill.core.roles import ADMINISTRATOR, AUDITOR, BILLING_CLERK, FINANCE
from tests.documents.conftest import AT, Operator, make_operator, operator, session  # noqa: F401
from tests.payments.bank_text import row
from tests.payments.conftest import balance, bank, legs, received
from tests.payments.test_pages import opened, said

D = Decimal
HEADER = "payout,paid_on,currency,gross,fee,net,terminal"


def text(*rows: str, header: str = HEADER) -> bytes:
    return "\r\n".join([header, *rows, ""]).encode()


PO1 = "PO-1,2018-10-01,GBP,6.30,0.12,6.18,T1"


def upload(operator: Operator, *rows: str, **more: Any) -> SettlementFile:  # noqa: F811
    return upload_settlement(entity=operator.entity, name="s.csv", content=text(*rows), actor=None, at=AT, **more)


def taken(operator: Operator, *rows: str) -> int:  # noqa: F811
    return take_in_settlement(file=upload(operator, *rows), actor=None, at=AT)


def refused(code: str, does: Callable[[], object]) -> UserError:
    before = (list(SettlementFile.objects.values("pk", "taken_in_at")), list(SettlementPayout.objects.values()), balance("1055"))
    with pytest.raises(UserError) as caught:
        does()
    after = (list(SettlementFile.objects.values("pk", "taken_in_at")), list(SettlementPayout.objects.values()), balance("1055"))
    assert (caught.value.code, after) == (code, before)
    return caught.value


def clean() -> None:
    assert [(one.check, one.message) for one in check_books().breaks] == []


def test_lines_of_one_payout_are_added_up_under_their_usual_names() -> None:
    header = "Settlement Reference;Gross-Amount;Commission;Net Amount;Date;Currency;Colour;Terminal ID"
    rows = (
        "A;10.00;0.20;9.80;2026-11-27;eur;red;T1",
        "B;5;0;5;2026-11-26;EUR;;",
        "A;-1.00;0.00;-1.00;2026-11-27;EUR;;T2",
        ";;;;;;;",
    )
    one, two = read_settlement(text(*rows, header=header))
    assert (one.reference, one.gross, one.fee, one.net, one.terminals, one.lines) == ("A", 9, D("0.20"), D("8.80"), "T1, T2", 2)
    assert (two.reference, str(two.paid_on), two.currency, two.net) == ("B", "2026-11-26", "EUR", 5)
    (example,) = read_settlement(template().encode())
    assert example.net == D("118.20")


@pytest.mark.parametrize(
    ("code", "where", "content"),
    [
        ("file_empty", "", b" "),
        ("file_empty", "", text()),
        ("header", "line 1", text(PO1, header="payout,paid_on,currency,gross,fee,terminal,x")),
        ("header", "line 1", text(PO1, header="payout,paid_on,currency,gross,fee,net,net_amount")),
        ("columns", "line 2", text("PO-1,2018-10-01")),
        ("missing", "line 2", text(",2018-10-01,GBP,6.30,0.12,6.18,T1")),
        ("day", "line 2", text("PO-1,01.10.2018,GBP,6.30,0.12,6.18,T1")),
        ("currency", "line 2", text("PO-1,2018-10-01,pounds,6.30,0.12,6.18,T1")),
        ("amount", "line 2, gross", text("PO-1,2018-10-01,GBP,6.305,0.12,6.18,T1")),
        ("net", "line 2", text("PO-1,2018-10-01,GBP,6.30,0.12,6.19,T1")),
        ("payout_day", "payout PO-1", text(PO1, PO1.replace("10-01", "10-02"))),
        ("payout_net", "payout PO-1", text("PO-1,2018-10-01,GBP,-6.30,0.12,-6.42,T1")),
        ("payout_net", "payout PO-1", text("PO-1,2018-10-01,GBP,6.30,-0.12,6.42,T1")),
        ("nul", "byte 1", b"\x00" + text(PO1)),
        ("encoding", "byte 1", b"\x81" + text(PO1)),
        ("file_too_large", "", b"x" * (10 * 1024 * 1024 + 1)),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_place(code: str, where: str, content: bytes) -> None:
    with pytest.raises(UserError) as caught:
        read_settlement(content)
    assert (caught.value.code, caught.value.where) == (code, where)


def test_a_payout_is_booked_with_its_fee_and_arrives_with_its_line(operator: Operator) -> None:  # noqa: F811
    operator.bring(session("T1", amount="6.30", currency="GBP"), mode="collected")
    operator.issue()
    assert taken(operator, PO1) == 1
    assert legs("settlement") == [[("1060", D("6.18"), None), ("6000", D("0.12"), None), ("1055", D("-6.30"), None)]]
    clean()
    (line, other) = bank(operator, row("6.18", "Acquirer Ltd payout po 1"), row("6.18", "PO-11"))
    assert SettlementPayout.objects.get().bank_line == line
    assert legs("settlement")[1] == [("1000", D("6.18"), None), ("1060", D("-6.18"), None)]
    assert list(payments.waiting_lines(operator.entity)) == [other]
    assert (balance("1055"), balance("1060"), balance("1000"), balance("6000")) == (0, 0, D("6.18"), D("0.12"))
    clean()


def test_the_line_of_the_bank_may_come_first(operator: Operator) -> None:  # noqa: F811
    (line,) = bank(operator, row("6.18", "PO-1"))
    taken(operator, PO1)
    assert SettlementPayout.objects.get().bank_line == line
    clean()


def test_the_same_payout_counts_once_and_another_amount_is_refused(operator: Operator) -> None:  # noqa: F811
    file = upload(operator, PO1)
    assert upload(operator, PO1) == file
    assert [take_in_settlement(file=file, actor=None, at=AT) for _ in range(2)] == [1, 0]
    assert taken(operator, PO1, "PO-2,2018-10-01,GBP,1,0,1,") == 1
    assert balance("1055") == D("-7.30")
    refused("payout_differs", lambda: upload(operator, "PO-1,2018-10-01,GBP,6.31,0.12,6.19,T1"))
    to_come = upload(operator, "PO-3,2018-10-03,GBP,1,0,1,")
    refused("paid_on", lambda: take_in_settlement(file=to_come, actor=None, at=AT))


def test_a_file_is_discarded_before_it_is_taken_in_and_stays_afterwards(operator: Operator) -> None:  # noqa: F811
    file = upload(operator, PO1)
    discard_settlement(file=file, actor=None, at=AT)
    refused("file_gone", lambda: take_in_settlement(file=file, actor=None, at=AT))
    taken(operator, PO1)
    refused("taken_in", lambda: discard_settlement(file=SettlementFile.objects.get(), actor=None, at=AT))


def test_a_line_of_the_bank_counts_once(operator: Operator, tmp_path) -> None:  # noqa: F811
    taken(operator, PO1, "PO-2,2018-10-01,GBP,6.18,0,6.18,")
    one, two = SettlementPayout.objects.order_by("pk")
    line, booked, less = bank(operator, row("6.18", "a"), row("6.18", "b"), row("6.17", "c"))
    received(operator, "6.18", bank_line=booked, received_on=booked.booked_on)
    refused("line_taken", lambda: payout_arrived(payout=one, line=booked, actor=None, at=AT))
    refused("line_amount", lambda: payout_arrived(payout=one, line=less, actor=None, at=AT))
    for _ in range(2):
        payout_arrived(payout=one, line=line, actor=None, at=AT)
    refused("line_taken", lambda: payout_arrived(payout=two, line=line, actor=None, at=AT))
    refused("already_arrived", lambda: payout_arrived(payout=one, line=less, actor=None, at=AT))
    refused("line_taken", lambda: received(operator, "6.18", bank_line=line, received_on=line.booked_on))
    refused("nothing_chosen", lambda: return_refunds(line=line, refunds=[], actor=None, at=AT))
    for change in ({"bank_line": booked}, {"bank_line": less}):
        with pytest.raises(IntegrityError, match="for nothing else"), transaction.atomic():
            SettlementPayout.objects.filter(pk=two.pk).update(**change)
    for change in ({"bank_line": None}, {"net_amount": 1}):
        with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
            SettlementPayout.objects.filter(pk=one.pk).update(**change)
    with pytest.raises(IntegrityError, match="never deleted"), transaction.atomic():
        SettlementPayout.objects.all()._raw_delete("default")
    clean()


BANK = {ADMINISTRATOR, BILLING_CLERK, FINANCE, AUDITOR}


def test_pages_open_for_those_who_match_and_only_some_of_them_change_anything(operator: Operator, client_of: Any) -> None:  # noqa: F811
    taken(operator, PO1)
    file, payout = SettlementFile.objects.get(), SettlementPayout.objects.get()
    urls = ("/settlements/", "/settlements/template.csv", f"/settlements/files/{file.pk}/", f"/settlements/{payout.pk}/")
    for url in urls:
        assert opened(client_of, url) == BANK
    for url in ("/settlements/", f"/settlements/files/{file.pk}/decide/", f"/settlements/{payout.pk}/"):
        for role in (AUDITOR, "Analyst", "Pricing manager"):
            assert client_of(role).post(url, {"what": "take"}).status_code == 403
    for url in ("/settlements/99/", "/settlements/files/99/"):
        assert client_of(AUDITOR).get(url).status_code == 404


def test_a_clerk_looks_at_a_file_books_it_and_says_with_which_line_it_came(operator: Operator, client_of: Any) -> None:  # noqa: F811
    clerk = client_of(BILLING_CLERK)
    assert b'class="cb-empty' in clerk.get("/settlements/").content

    def send(content: bytes) -> Any:
        return clerk.post("/settlements/", {"file": SimpleUploadedFile("s.csv", content)}, follow=True)

    assert "Choose the file from your acquirer" in clerk.post("/settlements/").content.decode()
    assert "Where: line 1" in send(b"a,b\r\n1,2\r\n").content.decode()
    page = send(text(PO1, "PO-2,2018-10-01,GBP,1,0,1,"))
    assert "2 payouts are new." in page.content.decode()
    url = page.request["PATH_INFO"]
    assert not SettlementPayout.objects.exists()
    assert "was uploaded and not taken in yet" in clerk.get("/settlements/").content.decode()
    assert "2 new payouts booked" in said(clerk.post(f"{url}decide/", {"what": "take"}, follow=True))
    assert "so it stays" in said(clerk.post(f"{url}decide/", {"what": "discard"}, follow=True))
    (line,) = bank(operator, row("6.18", "card money"), at=AT + timedelta(days=30))
    payout = SettlementPayout.objects.get(reference="PO-1")
    url = f"/settlements/{payout.pk}/"
    assert clerk.get(url).context["lines"] == [line]
    assert "something else by now" in said(clerk.post(url, {"line": "77"}, follow=True))
    page = clerk.post(url, {"line": line.pk}, follow=True)
    assert "PO-1 arrived on 20 Oct 2018" in said(page)
    assert "Arrived" in page.content.decode()


def test_the_list_takes_the_same_queries_for_few_payouts_and_for_many(operator: Operator, client_of: Any) -> None:  # noqa: F811
    clerk = client_of(BILLING_CLERK)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert clerk.get("/settlements/").status_code == 200
        return len(captured)

    taken(operator, PO1)
    few = queries()
    taken(operator, *(f"PX-{n},2018-10-01,GBP,1,0,1," for n in range(60)))
    assert queries() == few


def test_two_companies_keep_their_payouts_apart(operator: Operator, tmp_path) -> None:  # noqa: F811
    taken(operator, PO1)
    other = make_operator(tmp_path / "..", "Forth Charging")
    assert taken(other, PO1) == 1
    (line,) = bank(operator, row("6.18", "PO-1"))
    assert SettlementPayout.objects.get(bank_line=line).entity == operator.entity
