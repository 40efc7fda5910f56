"""A month becomes documents: who gets what, with which amounts, numbers and copies, and a line in the books."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing import chargeables
from billing.document_models import Document, DocumentLine, DocumentRun
from billing.document_plan import drafts, sums
from billing.journal_models import JournalEntry, Posting
from billing.models import Chargeable, TariffVersion, TaxRule
from billing.operations import start_issuing
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity
from tests.documents.conftest import AT, SEPTEMBER, Operator, numbers, session

D = Decimal


def of(who: str) -> Document:
    return Document.objects.get(customer__name=who)


def test_receipts_for_the_unknown_and_one_invoice_for_each_customer(month: Operator) -> None:
    run = month.issue()

    assert run.finished_at is not None
    assert run.job.result == {"documents": 5, "stopped": False, "left": 0}
    assert numbers("RECEIPT") == ["R-000001", "R-000002"]
    assert numbers("INVOICE") == ["INV-000001", "INV-000002", "INV-000003"]
    billed = {d.customer.name: [line.session_number for line in d.lines.all()] for d in Document.objects.filter(kind="INVOICE")}
    assert billed == {"Ada": ["M1", "M2"], "Brewery": ["B1", "B2"], "Roamer": ["P1"]}
    assert set(Chargeable.objects.values_list("state", flat=True)) == {"DOCUMENTED"}


def test_consumers_pay_what_was_shown_and_businesses_the_net(month: Operator) -> None:
    month.issue()

    # 12.34 and 0.33 kWh at 0.40: 4.94 + 0.13 = 5.07; 5.07 / 1.2 = 4.225.
    ada = of("Ada")
    assert (ada.anchor, ada.net_amount, ada.tax_amount, ada.gross_amount) == ("GROSS", D("4.23"), D("0.84"), D("5.07"))
    assert [line.gross_amount for line in ada.lines.all()] == [D("4.94"), D("0.13")]
    # 3.31 and 8.07 kWh at 0.40 / 1.2: 1.1033 and 2.69 net; 3.79 * 1.2 = 4.548.
    brewery = of("Brewery")
    assert (brewery.anchor, brewery.net_amount, brewery.tax_amount, brewery.gross_amount) == (
        "NET",
        D("3.79"),
        D("0.76"),
        D("4.55"),
    )
    assert [line.net_amount for line in brewery.lines.all()] == [D("1.10"), D("2.69")]
    assert [(tax.tax_rate, tax.tax_code, tax.gross_amount) for tax in brewery.taxes.all()] == [(20, "GB20", D("4.55"))]


def test_every_lines_fixed_amount_is_its_cdrs(month: Operator) -> None:
    month.issue()

    for line in DocumentLine.objects.select_related("document", "cdr"):
        side = "net_amount" if line.document.anchor == "NET" else "gross_amount"
        assert getattr(line, side) == getattr(line.cdr, side)
        assert Chargeable.objects.get(pk=line.session_id).cdr_id == line.cdr_id


def test_a_document_keeps_copies_of_what_it_says(month: Operator) -> None:
    month.issue()
    LegalEntity.objects.update(legal_name="Another Ltd", street="Elsewhere 9")
    TaxRule.objects.update(legal_sentence="Something else.")

    ada = of("Ada")
    assert ada.seller == {
        "name": "Tayside Charging Ltd", "street": "Dock Road 1", "postal_code": "DD1 1AA", "city": "Dundee", "country": "GB",
        "vat_ids": {"GB": "GB123456789"}, "email": "", "phone": "", "meter_data": "", "iban": "", "bic": "",
    }  # fmt: skip
    assert (ada.buyer["name"], ada.buyer["number"], ada.language) == ("Ada", "C-Ada", "en")
    assert (ada.issue_date, ada.supplied_from, ada.supplied_until) == (
        ada.issued_at.date(),
        date(2018, 9, 6),
        date(2018, 9, 20),
    )
    line = ada.lines.first()
    assert (line.place, line.evse, line.country, line.token, line.tariff) == ("Hub", "EM1", "GB", "T-Ada", "Standard v1")
    assert line.legal_sentence == ada.taxes.get().legal_sentence == "VAT Act 1994, standard rate."
    assert line.parts == [["ENERGY", "12.3400", "kWh", "0.4", "4.94"]] or line.parts[0][3:] == ["0.40", "4.94"]


def test_an_issued_document_is_owed_and_booked(month: Operator) -> None:
    month.issue()

    booked = {}
    for document in Document.objects.order_by("pk"):
        entry = JournalEntry.objects.get(source_type="document", source_id=str(document.pk))
        assert (entry.key, entry.document_no) == (f"document_issued:{document.pk}:1", document.number)
        assert entry.effective_date == document.issue_date
        rows = (
            Posting.objects.filter(entry=entry)
            .order_by("line_no")
            .values_list("account__code", "debit", "credit", "customer__name")
        )
        booked[document.number] = list(rows)
    assert booked["R-000001"] == [("1100", D("4"), 0, None), ("4000", 0, D("3.33"), None), ("2100-GB-20", 0, D("0.67"), None)]
    assert booked["INV-000001"][0] == ("1100", D("5.07"), 0, "Ada")
    # What a roaming partner pays is roaming, whatever its parts.
    assert [row[0] for row in booked["INV-000003"]] == ["1100", "4040", "2100-GB-20"]


def test_issuing_again_issues_nothing_and_late_sessions_go_on_the_next_document(month: Operator) -> None:
    month.issue()
    month.issue()
    assert Document.objects.count() == 5

    month.bring(session("M0", day="2018-09-01", token="T-Ada"), session("M9", day="2018-10-01", token="T-Ada"))
    month.issue()
    late = Document.objects.order_by("-pk")[0]
    assert [line.session_number for line in late.lines.all()] == ["M0"]
    assert (late.supplied_from, late.supplied_until) == (date(2018, 9, 1), date(2018, 9, 1))

    month.issue(date(2018, 10, 1), at=datetime(2018, 11, 1, 9, tzinfo=UTC))
    assert [line.session_number for line in Document.objects.order_by("-pk")[0].lines.all()] == ["M9"]


def test_the_month_ends_by_the_companys_clock(operator: Operator) -> None:
    operator.bring(
        session("last", day="2018-09-30", start="22:00", end="23:59", token="T-Ada"),
        session("first", day="2018-09-30", start="22:30", end="23:59", token="T-Ada", energy_kwh="1"),
        session("next", day="2018-10-01", start="00:00", end="00:30", token="T-Ada"),
    )
    (draft,) = drafts(operator.entity, SEPTEMBER, AT)
    assert len(draft.session_ids) == 2


def test_while_a_month_lasts_only_receipts_are_issued(month: Operator) -> None:
    during = datetime(2018, 9, 25, 9, tzinfo=UTC)
    assert {draft.kind for draft in drafts(month.entity, SEPTEMBER, during)} == {"RECEIPT"}
    assert [one.sessions for one in sums(month.entity, SEPTEMBER, during)] == [2]


def test_the_review_sums_up_what_would_be_issued(month: Operator) -> None:
    found = [
        (one.kind, one.customer_name, one.documents, one.sessions, one.amount, one.anchor)
        for one in sums(month.entity, SEPTEMBER, AT)
    ]
    assert found == [
        ("RECEIPT", "", 2, 2, D("7.00"), "GROSS"),
        ("INVOICE", "Ada", 1, 2, D("5.07"), "GROSS"),
        ("INVOICE", "Brewery", 1, 2, D("3.79"), "NET"),
        ("INVOICE", "Roamer", 1, 1, D("6.67"), "NET"),
    ]


def test_money_taken_elsewhere_gets_a_receipt_of_its_own(operator: Operator) -> None:
    operator.bring(session("C1", token="T-Brewery", amount="5.00", currency="GBP"), mode="collected")
    operator.issue()

    receipt = Document.objects.get()
    assert (receipt.kind, receipt.is_collected, receipt.customer.name) == ("RECEIPT", True, "Brewery")
    assert (receipt.net_amount, receipt.gross_amount) == (D("4.17"), D("5.00"))
    assert receipt.lines.get().parts == []


def test_a_session_at_two_rates_has_a_line_for_each(operator: Operator) -> None:
    TaxRule.objects.create(entity=operator.entity, country="GB", component="FLAT", rate=5, code="GB5")
    elements = [
        {
            "price_components": [
                {"type": "ENERGY", "price": "0.40", "step_size": 0},
                {"type": "FLAT", "price": "1.05", "step_size": 0},
            ]
        }
    ]
    tariff = TariffVersion.objects.get().tariff
    TariffVersion.objects.create(
        tariff=tariff, number=2, tax_included="YES", elements=elements, created_at=AT, state="ACTIVE", activated_at=AT,
        valid_from=datetime(2018, 9, 1, tzinfo=UTC),
    )  # fmt: skip
    operator.bring(session("A1"))
    operator.issue()

    receipt = Document.objects.get()
    lines = [(line.tax_rate, line.gross_amount, line.tax_amount, line.revenue) for line in receipt.lines.all()]
    assert sorted(lines) == [(5, D("1.05"), D("0.05"), {"4030": "1.00"}), (20, D("4.00"), D("0.67"), {"4000": "3.33"})]
    assert receipt.gross_amount == receipt.lines.first().cdr.gross_amount == D("5.05")
    assert receipt.tax_amount == D("0.72")


def test_a_free_session_gets_a_receipt_and_no_entry(operator: Operator) -> None:
    operator.bring(session("A1", energy_kwh="0"))
    Chargeable.objects.filter(state="HELD").update(state="READY", reason="")
    operator.issue()

    assert Document.objects.get().gross_amount == 0
    assert not JournalEntry.objects.exists()


def test_what_is_held_meanwhile_is_left_out(month: Operator) -> None:
    from billing.operations import issue_documents

    planned = drafts(month.entity, SEPTEMBER, AT)
    held = Chargeable.objects.get(session__external_id="M1")
    Chargeable.objects.filter(pk=held.pk).update(state="HELD", reason="D3")
    run = month.issue(date(2018, 1, 1))
    issued = issue_documents(entity=month.entity, run=run, drafts=planned, actor=None, at=AT)

    assert len(issued.documents) == 5
    assert [line.session_number for line in of("Ada").lines.all()] == ["M2"]
    assert chargeables.read([held.pk])[held.pk].state == "HELD"
    assert issue_documents(entity=month.entity, run=run, drafts=planned, actor=None, at=AT).documents == []


def test_a_company_without_an_address_issues_nothing(month: Operator) -> None:
    LegalEntity.objects.update(street="")
    month.entity.refresh_from_db()
    with pytest.raises(UserError, match="lacks its street") as error:
        month.issue()
    assert error.value.code == "entity_incomplete"
    assert (Document.objects.count(), DocumentRun.objects.count()) == (0, 0)


def test_a_month_to_come_is_refused(month: Operator) -> None:
    with pytest.raises(UserError, match="2018-11 has not begun"):
        month.issue(date(2018, 11, 1))
    assert not DocumentRun.objects.exists()


def test_the_same_key_is_the_same_run_and_each_is_told(month: Operator) -> None:
    runs = {
        start_issuing(entity=month.entity, first_day=SEPTEMBER, actor=None, at=AT, key="once", here=True).pk for _ in range(2)
    }
    assert len(runs) == 1
    told = AuditEvent.objects.filter(object_type="billing.documentrun").order_by("pk").values_list("action", flat=True)
    assert list(told) == ["document_run.start", "document_run.finish"]
