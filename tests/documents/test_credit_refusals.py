"""Raw SQL about credit notes: more than a line has, more than was received, lines of another document: all refused."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing.credit_models import Correction
from billing.document_models import Document, DocumentLine, DocumentTax
from tests.core.test_frozen import another, refused
from tests.documents.conftest import Operator, month, operator  # noqa: F401
from tests.documents.test_correcting import take_back
from tests.payments.conftest import ADA, billed, of, received  # noqa: F401

OVER = "more would be credited than the line has"
ROWS = (Document, DocumentLine, DocumentTax, Correction)


def copy(model: Any, pk: int, **new: object) -> str:
    """The INSERT of a row that is like another one but for these columns."""
    names = [f.column for f in model._meta.concrete_fields]
    values = ", ".join(str(new[name]) if name in new else f'"{name}"' for name in names)
    quoted = ", ".join(f'"{name}"' for name in names)
    key = model._meta.pk.column
    return f"INSERT INTO {model._meta.db_table} ({quoted}) SELECT {values} FROM {model._meta.db_table} WHERE {key} = {pk}"


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def run_all(statements: str) -> None:
    for statement in statements.split("; "):
        run(statement)


def rows() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in ROWS]


@pytest.mark.parametrize(
    ("net", "tax", "gross", "said"),
    [
        # The line has 4.12, 0.82, 4.94, and 0.83, 0.17, 1.00 of it are credited.
        ("3.29", "0.65", "3.94", ""),
        ("3.291", "0.65", "3.941", OVER),
        ("3.29", "0.651", "3.941", OVER),
        # Within the gross, yet more tax than is left: a claim hidden in the net would be below zero.
        ("3.00", "0.70", "3.70", OVER),
        ("3.30", "0.60", "3.90", OVER),
        ("99", "1", "100", OVER),
        ("-1", "1.5", "0.5", "document_line_credit_not_below_zero|" + OVER),
        ("-1", "0", "-1", "document_line_credit_not_below_zero"),
    ],
)
def test_credits_of_a_line_never_exceed_it_in_any_column(billed: Operator, net: str, tax: str, gross: str, said: str) -> None:  # noqa: F811
    ada = of("Ada")
    first = ada.lines.first()
    assert (str(first.net_amount), str(first.tax_amount), str(first.gross_amount)) == ("4.120", "0.820", "4.940")
    take_back(ada, "1.00")
    before = rows()
    made = copy(
        DocumentLine,
        first.pk,
        id=99_001,
        document_id=99_000,
        corrects_id=first.pk,
        net_amount=net,
        tax_amount=tax,
        gross_amount=gross,
    )
    if said:
        with pytest.raises(IntegrityError, match=said), transaction.atomic():
            run(made)
        assert rows() == before
        return
    with transaction.atomic():
        run(made)
        transaction.set_rollback(True)


def test_two_credits_in_one_statement_count_together(billed: Operator) -> None:  # noqa: F811
    first = of("Ada").lines.first()
    one = copy(DocumentLine, first.pk, id=99_001, document_id=99_000, corrects_id=first.pk)
    two = copy(DocumentLine, first.pk, id=99_002, document_id=99_000, corrects_id=first.pk, position=2)
    assert OVER in refused(f"{one} UNION ALL {two[two.index('SELECT') :]}")


@pytest.mark.parametrize(
    "new", [{"session_id": "(SELECT MAX(id) FROM stations_session)"}, {"tax_rate": "7"}, {"tax_code": "'X'"}]
)
def test_a_credit_is_of_its_lines_own_session_rate_and_code(billed: Operator, new: dict[str, str]) -> None:  # noqa: F811
    first = of("Ada").lines.first()
    made = copy(DocumentLine, first.pk, id=99_001, document_id=99_000, corrects_id=first.pk, **new)
    assert "session, rate and code of its line" in refused(made)


def test_a_credit_note_takes_back_lines_of_its_own_document_only(billed: Operator) -> None:  # noqa: F811
    ada, brewery = of("Ada"), of("Brewery")
    line = brewery.lines.first()
    note = copy(
        Document, ada.pk, id=99_000, kind="'CREDIT_NOTE'", corrects_id=ada.pk, run_id="NULL", sequence=77, number="'CN-77'"
    )
    own = note.replace(str(ada.pk), str(brewery.pk))
    for line_of, whole, said in (
        (line.pk, note, "lines of the one document it corrects"),
        ("NULL", own, "billed once"),
        (line.pk, copy(Document, brewery.pk, id=99_000, sequence=77, number="'INV-77'"), "only a credit note takes back"),
    ):
        both = f"{copy(DocumentLine, line.pk, id=99_001, document_id=99_000, corrects_id=line_of)}; {whole}"
        with pytest.raises(IntegrityError, match=said), transaction.atomic():
            run_all(both)


def test_exactly_credit_notes_correct_a_document_that_is_none(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    new = {"id": 99_000, "sequence": 77, "number": "'X-77'"}
    assert "document_credit_notes_correct" in refused(copy(Document, ada.pk, **new, kind="'CREDIT_NOTE'", run_id="NULL"))
    assert "document_credit_notes_correct" in refused(copy(Document, ada.pk, **new, corrects_id=ada.pk))
    note = take_back(ada, "1.00").credit_note
    assert "lines of the one document" in refused(copy(Document, note.pk, **new, corrects_id=note.pk))
    other = copy(Document, note.pk, **new, net_amount="-1", tax_amount="0", gross_amount="-1")
    assert "document_credit_not_below_zero" in refused(other)


def test_a_correction_gives_back_no_more_than_was_received(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    received(billed, "3.00", (ada, "3.00"))
    # 2.07 is open; of 3.00 that were paid 0.93 go back.
    note = take_back(ada, "3.00", returned_to="CREDIT").credit_note
    made = {"id": 99_000, "sequence": 77, "number": "'CN-77'"}
    for gross, taken_off, returned, said in (
        ("0.01", "0.01", "0", "more would be taken off than is open"),
        ("2.08", "0", "2.08", "more would be given back than was received"),
        ("2.08", "0", "2.07", "the gross of its credit note"),
        ("2.07", "-1", "3.07", "correction_not_below_zero|more would"),
        ("2.07", "0", "2.07", ""),
    ):
        with transaction.atomic():
            run(copy(Document, note.pk, **made, net_amount=gross, tax_amount="0", gross_amount=gross))
            row = copy(
                Correction, note.pk, credit_note_id=99_000, key="'x'", open_amount=taken_off, returned_amount=returned,
                returned_to="'CREDIT'" if returned != "0" else "''",
            )  # fmt: skip
            if said:
                with pytest.raises(IntegrityError, match=said), transaction.atomic():
                    run(row)
            else:
                run(row)
            transaction.set_rollback(True)


def test_allocations_stay_within_what_credits_left(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    payment = received(billed, ADA)
    table = "billing_paymentallocation"
    names = "payment_id, key, document_id, amount, booked_on, reason, made_at"
    insert = f"INSERT INTO {table} ({names}) VALUES ({payment.pk}, 'raw', %s, %s, '2018-10-02', '', '2018-10-02')"
    note = take_back(ada, "1.00").credit_note
    assert "more would be allocated than is open" in refused(insert, ada.pk, "4.08")
    assert "a credit note is not paid" in refused(insert, note.pk, "0.50")


def test_a_match_is_not_taken_back_once_its_money_was_given_back(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    (allocation,) = received(billed, ADA, (ada, ADA)).allocations.all()
    take_back(ada, "1.00", returned_to="REFUND")
    made = copy(
        type(allocation), allocation.pk, id=99_000, key="'raw'", amount="-amount", reverses_id=allocation.pk, reason="'no'"
    )
    assert "what was given back by a credit note stays paid" in refused(made)


def test_a_session_is_billed_once_until_its_line_was_credited_whole(billed: Operator) -> None:  # noqa: F811
    ada = of("Ada")
    first = ada.lines.first()
    again = copy(DocumentLine, first.pk, id=99_001, document_id=99_000)
    assert "billed once" in refused(again)
    take_back(ada, "4.93")
    assert "billed once" in refused(again)
    take_back(ada, "0.01", key="rest")
    with transaction.atomic():
        run(again)
        transaction.set_rollback(True)


def test_no_correction_changes_or_goes(billed: Operator) -> None:  # noqa: F811
    take_back(of("Ada"))
    for field in Correction._meta.concrete_fields:
        with pytest.raises(IntegrityError), transaction.atomic():
            Correction.objects.update(**{field.attname: another(field)})
    assert "never deleted" in refused("DELETE FROM billing_correction")
    assert Correction.objects.count() == 1
