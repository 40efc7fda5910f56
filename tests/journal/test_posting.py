"""Posting and taking back: idempotent by key, refused whole, on the right account, in the right month."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.journal import CHART, Leg, entry_hash
from billing.journal_rows import contents, legs_of
from billing.models import Account, AccountingPeriod, JournalEntry, Posting
from billing.operations.journal import reverse
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent
from tests.journal.books import AT, MARCH, credit, debit, invoice_legs, posted
from tests.rows import company, customers

pytestmark = pytest.mark.django_db


def everything() -> list[list[tuple[Any, ...]]]:
    models = (JournalEntry, Posting, AccountingPeriod, Account, AuditEvent)
    return [list(model.objects.order_by("pk").values_list()) for model in models]


def refused(**asked: Any) -> str:
    before = everything()
    with pytest.raises(UserError) as error:
        posted(**asked)
    assert everything() == before
    assert error.value.message.endswith("Nothing was changed.")
    return error.value.code


def test_an_entry_is_stored_with_its_legs_in_order_and_its_hash() -> None:
    customer = customers(1)[0]
    legs = [debit("1100", "119.00", customer_id=customer.pk, description="Anna"), *invoice_legs()[1:]]
    entry = posted(7, legs=legs, document_no="2026-7")
    entry.refresh_from_db()
    rows = list(entry.postings.order_by("line_no").values_list("line_no", "account__code", "debit", "credit", "tax_amount"))
    assert rows == [
        (1, "1100", Decimal("119.000"), Decimal("0.000"), None),
        (2, "4000", Decimal("0.000"), Decimal("100.000"), Decimal("19.000")),
        (3, "2100-DE-19", Decimal("0.000"), Decimal("19.000"), None),
    ]
    assert (entry.posted_at, str(entry.period), entry.document_no) == (AT, "2026-03", "2026-7")
    assert legs_of([entry.pk])[entry.pk] == tuple(legs)
    assert entry.content_hash == entry_hash(*contents([entry])[0])


def test_the_same_thing_is_booked_once() -> None:
    first = posted(1)
    again = posted(1, at=AT + timedelta(days=1))
    assert again == first
    assert (JournalEntry.objects.count(), Posting.objects.count()) == (1, 3)


@pytest.mark.parametrize(
    "other",
    [
        {"legs": invoice_legs("119.01", "100.01")},
        {"day": date(2026, 3, 30)},
        {"description": "Another"},
        {"document_no": "2026-8"},
        {"legs": invoice_legs()[::-1]},
        {"source_id": "2"},
    ],
)
def test_the_same_key_with_other_content_is_refused(other: dict[str, Any]) -> None:
    posted(1)
    assert refused(number=1, **other) == "key_used"


def test_what_is_wrong_changes_nothing() -> None:
    posted(1)
    assert refused(number=2, legs=[debit("1100", "1"), credit("4000", "2")]) == "unbalanced"
    assert refused(number=2, legs=[debit("1100", "1"), credit("4444", "1")]) == "unknown_account"
    assert refused(number=2, legs=[debit("1100", "1", customer_id=999), credit("4000", "1")]) == "unknown_customer"
    assert refused(number=2, description=" ") == "entry_text"
    assert refused(number=2, description="a\x00") == "entry_text"
    assert refused(number=2, key="k" * 161) == "entry_text"
    assert refused(number=2, day=date(1999, 12, 31)) == "effective_date"
    assert refused(number=2, day=AT.date() + timedelta(days=367)) == "effective_date"


def test_a_customer_of_another_company_is_refused() -> None:
    mine = customers(1)[0]
    legs: list[Leg] = [debit("1100", "1", customer_id=mine.pk), credit("4000", "1")]
    assert refused(entity=company("Other"), legs=legs) == "unknown_customer"


def test_the_chart_is_made_with_the_first_entry_and_names_stay_as_changed() -> None:
    posted(1)
    codes = set(Account.objects.values_list("code", flat=True))
    assert codes == {*CHART, "2100-DE-19"}
    Account.objects.filter(code="4000").update(number="8400", name="Strom")
    posted(2, legs=[debit("1100", "1"), credit("2100-FR-20", "1")])
    assert Account.objects.get(code="4000").number == "8400"
    assert set(Account.objects.values_list("code", flat=True)) == codes | {"2100-FR-20"}


def test_each_company_has_books_of_its_own() -> None:
    here, there = posted(1), posted(1, entity=company("Other"))
    assert here != there
    assert Account.objects.filter(entity=there.entity).count() == len(CHART) + 1
    assert list(AccountingPeriod.objects.values_list("entity__name", flat=True).order_by("pk")) == ["Stadtwerke Nord", "Other"]


def test_months_between_begin_with_the_first_entry_of_a_later_one() -> None:
    posted(1, day=date(2025, 11, 30))
    posted(2, day=MARCH)
    posted(3, day=date(2025, 10, 1))
    months = AccountingPeriod.objects.order_by("first_day")
    assert [str(month) for month in months] == ["2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03"]


def test_a_closed_month_takes_no_entry_and_nothing_begins_before_it() -> None:
    posted(1)
    AccountingPeriod.objects.update(state="CLOSED")
    assert refused(number=2) == "period_closed"
    assert refused(number=2, day=date(2026, 2, 1)) == "period_closed"
    # What is booked already is still the answer to the same key.
    assert posted(1).key == "invoice:1:1"
    assert str(posted(2, day=date(2026, 4, 1)).period) == "2026-04"


def test_a_reversal_swaps_the_sides_and_refers_to_what_it_takes_back() -> None:
    entry = posted(1)
    back = reverse(entry=entry, effective_date=MARCH, reason="Wrong customer", actor=None, at=AT)
    assert [(leg.account_code, leg.debit, leg.credit) for leg in legs_of([back.pk])[back.pk]] == [
        ("1100", Decimal("0"), Decimal("119")),
        ("4000", Decimal("100"), Decimal("0")),
        ("2100-DE-19", Decimal("19"), Decimal("0")),
    ]
    assert (back.reverses, back.description) == (entry, "Reversal: Wrong customer")
    event = AuditEvent.objects.get()
    assert (event.action, event.reason) == ("journal.reverse", "Wrong customer")


def test_an_entry_is_taken_back_once_and_with_a_reason() -> None:
    entry = posted(1)
    for reason, code in (("", "reason_missing"), ("x" * 201, "reason_too_long")):
        with pytest.raises(UserError) as error:
            reverse(entry=entry, effective_date=MARCH, reason=reason, actor=None, at=AT)
        assert error.value.code == code
    reverse(entry=entry, effective_date=MARCH, reason="Wrong", actor=None, at=AT)
    before = everything()
    with pytest.raises(UserError) as error:
        reverse(entry=entry, effective_date=MARCH, reason="Again", actor=None, at=AT)
    assert error.value.code == "already_reversed"
    assert everything() == before


def test_an_entry_of_a_closed_month_is_taken_back_in_an_open_one() -> None:
    entry = posted(1)
    AccountingPeriod.objects.update(state="CLOSED")
    with pytest.raises(UserError) as error:
        reverse(entry=entry, effective_date=MARCH, reason="Wrong", actor=None, at=AT)
    assert error.value.code == "period_closed"
    assert str(reverse(entry=entry, effective_date=date(2026, 4, 2), reason="Wrong", actor=None, at=AT).period) == "2026-04"
