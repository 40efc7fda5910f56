"""VAT ids as people write them: check digits of their country, and what nobody here knows."""

import pytest

from billing.vat_ids import compact, is_vat_id


@pytest.mark.parametrize(
    "text",
    ["DE136695976", "de 136 695 976", "ATU13585627", "FR40303265045", "GB980780684", "EL094259216", "ESB58378431", "PL8567346215",
     "IT 0074 3110 157", "BE0428759497", "XX123"],
)  # fmt: skip
def test_ids_that_are_written_right_are_taken(text: str) -> None:
    assert is_vat_id(compact(text))


@pytest.mark.parametrize(
    "text",
    [
        "DE136695975",
        "DE1366959761",
        "136695976",
        "GB123456789",
        "DE",
        "",
        "D\u00c4136695976",
        "DE136695976;",
        "FR4030326504",
        "1E136",
    ],
)
def test_ids_with_wrong_digits_or_without_their_country_are_not(text: str) -> None:
    assert not is_vat_id(compact(text))
