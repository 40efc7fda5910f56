"""Where numbers go on: before the first document of a kind only, never backwards, and gapless from there."""

import pytest

from billing.document_models import Document, NumberSeries
from billing.operations.number_series import number_series
from billing.takeover import Series, read_next_numbers
from billing.takeover_models import TakeOverKind
from chargebill.core.errors import UserError
from tests.documents.conftest import Operator, session
from tests.takeover.conftest import taken

HEADER = "company,kind,next_number\n"
KIND = TakeOverKind.NEXT_NUMBERS
SERIES = {
    "RECEIPT": Series("Receipt", 10, False, "R-{:06d}"),
    "INVOICE": Series("Invoice", 4, True, "INV-{:06d}"),
    "CREDIT_NOTE": Series("Credit note", 1, False, "CN-{:06d}"),
}


@pytest.mark.parametrize(
    ("row", "column", "message"),
    [
        (",receipt,4711", "", "The next receipt is R-004711 instead of R-000010."),
        ("Nord,Credit note,2", "", "The next credit note is CN-000002 instead of CN-000001."),
        (",receipt,10", "", "Receipts go on at R-000010 already: nothing happens."),
        (",invoice,4", "", "Invoices go on at INV-000004 already: nothing happens."),
        (
            ",invoice,5",
            "next_number",
            "Documents were issued here already, so counting goes on at 4: another would leave a gap or come twice."
            " Leave this line out.",
        ),
        (",receipt,9", "next_number", "Counting never goes backwards, and it stands at 10. Write that or more."),
        (",receipt,R-17", "next_number", "'R-17' is no count. Write digits only, such as 4711."),
        (",receipt,0", "next_number", "'0' is no count. Write digits only, such as 4711."),
        (",receipt,1234567890123", "next_number", "'1234567890123' is no count. Write digits only, such as 4711."),
        (",quote,5", "kind", "'quote' is no kind of document. Write one of receipt, invoice, credit_note."),
        (
            "Süd,receipt,11",
            "company",
            "This line is of 'Süd', you chose Nord. Leave it out, or choose that company.",
        ),
    ],
)
def test_a_line_says_what_happens_or_what_is_wrong(row: str, column: str, message: str) -> None:
    (line,) = read_next_numbers(HEADER + row + "\n", company="Nord", series=SERIES).lines
    assert ([(p.column, p.message) for p in line.problems] or [("", line.will)]) == [(column, message)]


def test_a_kind_twice_is_refused_the_second_time() -> None:
    lines = read_next_numbers(HEADER + ",receipt,11\n,receipt,12\n", company="Nord", series=SERIES).lines
    assert [p.message for p in lines[1].problems] == ["Line 2 says where these go on already. Leave one of them out."]


def test_the_first_document_takes_the_number_that_was_taken_over(tayside: Operator) -> None:
    made = taken(tayside, HEADER + ",invoice,4711\n", KIND)
    assert made.report == [[2, "The next invoice is INV-004711 instead of INV-000001."]]
    tayside.bring(session("M1", token="T-Ada"))
    tayside.issue()
    assert list(Document.objects.values_list("number", flat=True)) == ["INV-004711"]
    assert taken(tayside, HEADER + ",invoice,4711\n", KIND) == made
    with pytest.raises(UserError) as error:
        taken(tayside, HEADER + ",invoice,4800\n", KIND)
    assert error.value.code == "take_over_problems"
    assert NumberSeries.objects.get(kind="INVOICE").next_number == 4712


def test_all_series_move_or_none(tayside: Operator) -> None:
    number_series(entity=tayside.entity)
    with pytest.raises(UserError):
        taken(tayside, HEADER + ",invoice,4711\n,receipt,0\n", KIND)
    assert set(NumberSeries.objects.values_list("next_number", flat=True)) == {1}
