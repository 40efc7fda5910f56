"""The PDF itself, read back by another program: texts as they are, the same bytes, nothing read from elsewhere."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import typst
from pypdf import PdfReader

from billing.papers import content_of, press, printed
from tests.papers.papers import AT, BUYER, line, pages_of, paper, text_of

HOSTILE = [
    '#eval("1+1")',
    '#read("/etc/passwd")',
    '#import "@preview/cetz:0.3.0"',
    "*bold* _slanted_ `code`",
    "$a^2$ <label> @reference",
    "// no comment /* none */",
    "]} \\ \\u{41} #{ 1 + 1 }",
    "= no heading",
    "{number} {0} %s {page}",
    "' OR 1=1; --",
    "https://example.com/~a",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_name_is_printed_as_it_is_whatever_it_looks_like(text: str) -> None:
    shown = text_of(printed(content_of(paper(buyer={**BUYER, "name": text, "company": f"{text} GmbH"})), at=AT))

    assert f"{text} GmbH {text} Am Deich 3" in shown


def test_every_text_may_be_hostile_at_once() -> None:
    text = '#eval("7*191")'
    hostile = line(session_number=text, place=text, address=text, evse=text, token=text, tariff=text)
    seller = {**paper().seller, "name": text, "street": text, "city": text, "email": text, "meter_data": text}
    shown = text_of(printed(content_of(replace(paper(number=text, seller=seller), lines=(hostile,))), at=AT))

    assert shown.count(text) >= 12
    assert "1337" not in shown


def test_the_same_document_gives_the_same_bytes_dated_when_it_was_issued() -> None:
    content = content_of(paper(3))
    first, again = printed(content, at=AT), printed(dict(reversed(content.items())), at=AT)

    assert first == printed(content, at=AT)
    assert first == again
    facts = PdfReader(io.BytesIO(first)).metadata
    assert facts is not None
    assert (facts.title, facts.author) == ("Rechnung INV-000412", "Stadtwerke Nord GmbH")
    assert facts.creation_date == AT
    assert printed(content, at=datetime(2019, 1, 1, tzinfo=UTC)) != first


def test_a_long_invoice_begins_with_its_sums_and_carries_its_head_over_every_page() -> None:
    pages = pages_of(printed(content_of(paper(25)), at=AT))

    assert len(pages) == 5
    assert "Zusammenfassung" in pages[0]
    assert "25 557,175 kWh 195,50" in pages[0]
    for number, page in enumerate(pages[1:], 2):
        assert "Stadtwerke Nord GmbH Rechnung INV-000412" in page
        assert "Leistung Menge Einzelpreis USt EUR inkl. USt" in page
        assert f"Seite {number} von 5" in page
    shown = " ".join(pages)
    assert [f"Ladevorgang 77511{n:02} " in shown for n in range(25)] == [True] * 25


def test_a_very_long_invoice_goes_without_tags_and_has_every_line() -> None:
    pdf = printed(content_of(paper(press.MOST_LINES_TAGGED + 1)), at=AT)

    assert "/StructTreeRoot" not in PdfReader(io.BytesIO(pdf)).trailer["/Root"]
    assert text_of(pdf).count("Ladevorgang 77511") == press.MOST_LINES_TAGGED + 1
    tagged = PdfReader(io.BytesIO(printed(content_of(paper()), at=AT))).trailer["/Root"]
    assert "/StructTreeRoot" in tagged
    assert tagged["/Lang"] == "de"


def test_letters_no_font_has_do_not_stop_a_document() -> None:
    shown = text_of(printed(content_of(paper(buyer={**BUYER, "name": "Łukasz Ωmega Юрий 充电 \U0001f50c"})), at=AT))

    assert "Łukasz Ωmega Юрий" in shown
    assert "7,82 EUR" in shown


def test_an_amount_as_long_as_the_database_takes_fits() -> None:
    largest = Decimal("999999999999.99")
    shown = text_of(printed(content_of(replace(paper(), gross=largest, net=largest, tax=Decimal(0))), at=AT))

    assert "999.999.999.999,99 EUR" in shown


@pytest.mark.parametrize("path", ["/../press.py", "../press.py", "/etc/hostname"])
def test_no_file_outside_the_templates_folder_can_be_read(path: str) -> None:
    assert text_of(printed(content_of(paper()), at=AT))
    with pytest.raises(typst.TypstError):
        press._compiler(press.TEMPLATE).compile(f'#read("{path}")'.encode(), format="pdf")
