"""What goes into an answer to an acquirer and what is left out: pure, against sums counted here."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from disputes.chargebacks.answers import Asked, Charged, Facts, Given, Message, OtherCharge, TooLong, answer_of, characters
from disputes.chargebacks.fields import WANTED, Field, Reason, reason_of
from disputes.chargebacks.packing import paths_of

NINE = datetime(2026, 7, 1, 9, tzinfo=UTC)
ASKED = Asked(NINE - timedelta(minutes=1), "ACCEPTED", "RFID")
AT_NINE = Charged("S1", "Hub", "EM1-1", NINE, NINE + timedelta(hours=1), "Europe/Berlin", "12.5", "77AB", (ASKED,))


def facts(**more: Any) -> Facts:
    given = {
        "reason": Reason.GENERAL, "document": "INV-1", "amount": "5.07 EUR", "sessions": (AT_NINE,), "messages": (),
        "dossier": b"%PDF-d", "receipt": b"%PDF-r", **more,
    }  # fmt: skip
    return Facts(**given)


def by_field(found: list[Given]) -> dict[Field, Given]:
    return {one.field: one for one in found}


def test_facts_become_fields_in_local_time_and_the_log_in_utc() -> None:
    found = by_field(answer_of(facts()))
    assert found[Field.SERVICE_DATE].text == "1 July 2026"
    assert found[Field.PRODUCT_DESCRIPTION].text == (
        "Charging of an electric vehicle, INV-1, 5.07 EUR:\n"
        "12.5 kWh at Hub, EM1-1, from 2026-07-01 11:00 Europe/Berlin to 2026-07-01 12:00 Europe/Berlin, session S1"
    )
    assert found[Field.ACCESS_ACTIVITY_LOG].text == (
        "2026-07-01 08:59:00 UTC  token ending in 77AB asked to charge: ACCEPTED (RFID)\n"
        "2026-07-01 09:00:00 UTC  session S1 began at EM1-1, token ending in 77AB\n"
        "2026-07-01 10:00:00 UTC  session S1 ended, 12.5 kWh"
    )
    assert found[Field.ACCESS_ACTIVITY_LOG].hint == ""


def test_a_field_a_reason_does_not_want_is_not_there_and_all_come_in_their_order() -> None:
    for reason in Reason:
        found = [one.field for one in answer_of(facts(reason=reason))]
        assert found == [name for name in Field if name in WANTED[reason]]


def test_two_charges_are_told_apart() -> None:
    later = Charged("S2", "Hub", "EM1-2", NINE + timedelta(days=1), NINE + timedelta(days=1, hours=1), "UTC", "12.5")
    found = by_field(answer_of(facts(reason=Reason.DUPLICATE, other=OtherCharge("PAY-2", "INV-2", (later,), b"%PDF-o"))))
    assert found[Field.DUPLICATE_CHARGE_ID].text == "PAY-2"
    assert found[Field.DUPLICATE_CHARGE_DOCUMENTATION].content == b"%PDF-o"
    assert found[Field.DUPLICATE_CHARGE_EXPLANATION].text.splitlines()[-2:] == [
        "12.5 kWh at Hub, EM1-2, from 2026-07-02 09:00 UTC to 2026-07-02 10:00 UTC, session S2",
        "They are for different charging sessions.",
    ]


def test_records_are_shortened_by_whole_lines_and_the_text_says_so() -> None:
    sessions = tuple(
        Charged(f"S{n}", "Hub", "EM1-1", NINE + timedelta(hours=n), NINE + timedelta(hours=n, minutes=30), "UTC", "1")
        for n in range(1000)
    )
    for name, what, first in ((Field.PRODUCT_DESCRIPTION, "sessions", 1001), (Field.ACCESS_ACTIVITY_LOG, "entries", 2000)):
        one = by_field(answer_of(facts(sessions=sessions)))[name]
        *kept, last = one.text.splitlines()
        whole = by_field(answer_of(facts(sessions=sessions[:50])))[name].text.splitlines()
        assert kept[: len(whole)] == whole
        assert last == f"The last {first - len(kept):,} of {first:,} {what} are left out: a field takes 20,000 characters."
        assert last in one.note
        assert 19_700 < len(one.text) <= 20_000


def test_what_was_said_is_shortened_by_whole_messages_the_oldest_first() -> None:
    said = tuple(Message(n % 2 == 0, NINE + timedelta(minutes=n), f"{n} " + "x" * 9_990) for n in range(40))
    found = answer_of(facts(messages=said, typed={Field.UNCATEGORIZED_TEXT: "y" * 20_000}))
    assert characters(found) <= 150_000
    one = by_field(found)[Field.CUSTOMER_COMMUNICATION]
    head, *rest = one.text.split("\n\n")
    left_out = 40 - len(rest)
    assert (
        head
        == one.note
        == (f"The first {left_out} of 40 messages are left out: an answer takes 150,000 characters. The dossier has all of them.")
    )
    assert [part.split("\n")[1].split(" ")[0] for part in rest] == [str(n) for n in range(left_out, 40)]
    assert all(len(part.split("\n")[1]) == len(said[left_out + n].text) for n, part in enumerate(rest))
    # One more would be too much.
    assert characters(found) + 9_990 > 150_000


def test_the_most_anybody_can_write_fits_together() -> None:
    most = dict.fromkeys(
        (Field.REFUND_POLICY_DISCLOSURE, Field.REFUND_REFUSAL_EXPLANATION, Field.UNCATEGORIZED_TEXT), "z" * 20_000
    )
    sessions = tuple(Charged(f"S{n}", "H" * 200, "E" * 50, NINE, NINE, "UTC", "1") for n in range(500))
    said = tuple(Message(True, NINE, "m" * 20_000) for _ in range(20))
    for reason in Reason:
        other = OtherCharge("PAY-2", "INV-2", sessions, b"%PDF-o")
        found = answer_of(facts(reason=reason, typed=most, sessions=sessions, messages=said, policy="p" * 20_000, other=other))
        assert characters(found) <= 150_000
        assert all(len(one.text) <= 20_000 for one in found if one.field is not Field.CUSTOMER_COMMUNICATION)


def test_a_policy_that_is_too_long_is_refused() -> None:
    with pytest.raises(TooLong, match="20,001"):
        answer_of(facts(policy="p" * 20_001))


def test_papers_are_numbered_without_gaps_and_lines_stand_in_the_letter() -> None:
    found = paths_of(answer_of(facts(reason=Reason.FRAUDULENT, typed={Field.UNCATEGORIZED_TEXT: "It was them."})))
    assert [path for _, path in found] == [
        "01-product_description.pdf", "02-service_documentation.pdf", "03-access_activity_log.pdf", "04-receipt.pdf",
        "05-uncategorized_text.pdf",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("10.4", "fraudulent"), ("12.6.1", "duplicate"), ("12.5", "general"), ("13.1", "product_not_received"),
        ("13.6", "credit_not_processed"), ("4837", "fraudulent"), ("4834", "duplicate"), ("4853", "product_unacceptable"),
        (" f24", "fraudulent"), ("P08", "duplicate"), ("C08", "product_not_received"), ("", "general"), ("99", "general"),
    ],
)  # fmt: skip
def test_a_scheme_s_code_proposes_a_reason(code: str, reason: str) -> None:
    assert reason_of(code).value == reason
