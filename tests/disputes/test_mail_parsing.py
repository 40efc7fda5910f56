"""What is read from a mail: the new words, whom it went to, whether a person wrote it; and nothing breaks it."""

import pytest

from disputes.mail.addresses import claims_in, fits, is_signed, reply_address
from disputes.mail.parsing import MOST_BYTES, Nature, Parsed, Unreadable, headers_of, parse
from disputes.mail.wording import ANSWER_ABOVE
from tests.disputes.odd_mails import bounce, eml, multipart, odd

MARKER = ANSWER_ABOVE["en"]
SECRET = b"k" * 50


def test_an_address_leads_to_one_case_of_one_database_and_survives_small_letters() -> None:
    address = reply_address("Disputes@Tay.example", 71_234, "D-00007:1539075600.000000", SECRET)
    ((key, signature),) = claims_in(["x@y.example", address.upper()])

    assert key == 71_234
    assert is_signed(signature, key, "D-00007:1539075600.000000", [b"new", SECRET])
    assert not is_signed(signature, key, "D-00007:1539075600.000001", [SECRET])
    assert not is_signed(signature, key + 1, "D-00007:1539075600.000000", [SECRET])
    assert not is_signed(signature, key, "D-00007:1539075600.000000", [b"other"])


def test_the_longest_address_still_fits_a_mail_server() -> None:
    mailbox = "m" * 34 + "@tay.example"
    assert fits(mailbox)
    assert len(reply_address(mailbox, 2**63 - 1, "x", SECRET).partition("@")[0]) == 64
    assert not fits("m" + mailbox)
    assert not fits("a+b@tay.example")


US = "Tayside Charging Ltd <help@tay.example>"
PROGRAMS = {
    "Gmail": f"It was 6 kWh.\n\nOn Tue, 9 Oct 2018 at 10:00, {US}\nwrote:\n\n> {MARKER}\n>\n> When?\n",
    "Apple, German": f"It was 6 kWh.\n\n> Am 09.10.2018 um 10:00 schrieb {US}:\n> \n> {MARKER}\n> When?",
    "Outlook": f"It was 6 kWh.\n\n{'_' * 32}\nFrom: {US}\nSent: Tuesday\nTo: Ada\nSubject: Re\n\n{MARKER}\nWhen?",
    "Outlook, German": f"It was 6 kWh.\n\nVon: {US}\nGesendet: Dienstag\nAn: Ada\nBetreff: Re\n\nWhen?",
    "original message": "It was 6 kWh.\n\n-----Original Message-----\nWhen?",
    "below the quotation": f"> {MARKER}\n> When?\n\nIt was 6 kWh.",
    "nothing quoted": "It was 6 kWh.",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_only_what_is_new_is_taken(program: str) -> None:
    found = parse(eml(PROGRAMS[program]))

    assert found.text == "It was 6 kWh."
    assert found.nature is Nature.PERSON


def test_quotations_between_the_lines_of_an_answer_stay() -> None:
    text = "> When did you unplug?\nAt ten.\n> Which car?\nA Zoe."

    assert parse(eml(text)).text == text


def test_a_mail_in_html_only_is_read_as_text() -> None:
    html = (
        "<html><head><style>p{}</style><title>x</title></head><body><p>It was&nbsp;6&nbsp;kWh.</p><p>Really<br>6.</p>"
        "<script>alert(1)</script><blockquote><p>When?</p></blockquote></body></html>"
    )

    assert parse(eml(html, kind="text/html")).text == "It was 6 kWh.\n\nReally\n6."


def test_of_two_ways_to_say_it_the_plain_one_is_taken_and_files_hang_on() -> None:
    inner, kind = multipart(
        "Content-Type: text/plain\n\nPlain.\n", "Content-Type: text/html\n\n<p>Rich.</p>\n", kind="alternative"
    )
    body, mixed = multipart(
        f"Content-Type: {kind}\n\n{inner}",
        'Content-Type: image/png\nContent-Disposition: attachment; filename="meter.png"\n'
        "Content-Transfer-Encoding: base64\n\niVBORw==\n",
    )
    found = parse(eml(body, kind=mixed))

    assert found.text == "Plain."
    assert [(one.name, one.content) for one in found.attachments] == [("meter.png", b"\x89PNG")]


NOT_A_PERSON = {
    "out of office": {"Auto_Submitted": "auto-replied"},
    "bulk": {"Precedence": "bulk"},
    "old out of office": {"X_Autoreply": "yes"},
    "no return": {"Return_Path": "<>"},
    "a list": {"List_Id": "<ev.example>"},
}


@pytest.mark.parametrize("what", NOT_A_PERSON)
def test_what_a_program_wrote_is_told_from_a_person(what: str) -> None:
    assert parse(eml(**NOT_A_PERSON[what])).nature is Nature.AUTOMATIC


def test_what_a_returned_mail_says() -> None:
    found = parse(bounce("<case.1.opened.0.5@tay.example>", "disputes+1abc@tay.example"))

    assert (found.nature, found.action, found.reason) == (Nature.RETURNED, "failed", "smtp; 550 5.1.1 No such user")
    assert found.returned_ids == ("<case.1.opened.0.5@tay.example>",)
    assert "disputes+1abc@tay.example" in found.returned_addresses


def test_a_person_who_says_no_to_automatic_is_one() -> None:
    assert parse(eml(Auto_Submitted="no")).nature is Nature.PERSON


def test_a_mail_that_is_too_large_is_not_read() -> None:
    with pytest.raises(Unreadable, match="larger than 15 MB"):
        parse(eml("x" * MOST_BYTES))


def read(raw: bytes) -> tuple[Parsed, str]:
    """The mail, or as much as its headers say and why it is refused."""
    try:
        return parse(raw), ""
    except Unreadable as problem:
        return headers_of(raw), str(problem)


# html.parser alone takes minutes over some of them: a step that is not linear shows as a test that does not end.
@pytest.mark.parametrize(("what", "raw"), [pytest.param(what, raw, id=what) for what, raw in odd()])
def test_whatever_comes_is_read_or_refused_in_words(what: str, raw: bytes) -> None:
    found, problem = read(raw)

    assert not problem or problem.startswith(("It is ", "Its ", "It has ", "A part "))
    for text in (found.text, found.whole, found.subject, found.sender, found.sender_name, *found.recipients):
        text.encode()
        assert "\x00" not in text
    for text in (found.subject, found.sender, found.sender_name, found.message_id, *found.recipients):
        assert "\n" not in text
        assert "\r" not in text
    assert len(found.subject) <= 300
    assert len(found.sender) <= 254
    assert len(found.sender_name) <= 200
