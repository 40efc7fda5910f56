"""The answer pack of an outside request: its cover in two languages, every bundle, the same bytes for ever."""

import hashlib
import io
import re
import zipfile
from dataclasses import fields
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from disputes.evidence_queries import bundle_of, verified_here
from disputes.models import Case, CaseMessage, Cause
from disputes.operations.offers import answer
from disputes.operations.outside import change_request
from disputes.operations.outside_answers import make_pack
from disputes.operations.thread import add_message, assign
from disputes.outside_models import OutsidePack, OutsideRequest
from disputes.outside_queries import pack_bytes
from disputes.outside_words import ENGLISH, GERMAN, Words
from disputes.workflow.states import Role, State
from tests.disputes.conftest import OPENED, Operator, opened
from tests.disputes.test_offers import LATER, investigated, terms
from tests.disputes.test_outside_requests import answered, asked, came, case, in_deadlock

AT = OPENED + timedelta(hours=1)
TODAY = AT.date()
R = OutsideRequest

__all__ = ["case", "in_deadlock"]


def test_a_pack_has_a_cover_every_bundle_and_the_sums_and_is_the_same_bytes_twice(case: Case, supervisor: User) -> None:
    other = opened("M2")
    request = came(case, other)
    pack = make_pack(request=request, actor=supervisor, at=AT)
    content = pack_bytes(pack)
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (pack.sha256, pack.size)
    assert make_pack(request=request, actor=None, at=AT + timedelta(days=1)) == pack
    assert pack_bytes(OutsidePack.objects.get()) == content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        paths = [f"cases/{case.number}.zip", f"cases/{other.number}.zip"]
        assert archive.namelist() == ["cover.txt", *paths, "SHA256SUMS.txt"]
        held = {name: archive.read(name) for name in archive.namelist()}
    for one, path in zip((case, other), paths, strict=True):
        found = verified_here(held[path])
        assert (found.problems, found.about["case"]) == ((), one.number)
        assert held[path] == bundle_of(one)
    sums = [line.split("  ") for line in held["SHA256SUMS.txt"].decode().splitlines()]
    assert sums == [[hashlib.sha256(held[name]).hexdigest(), name] for name in ("cover.txt", *paths)]
    cover = held["cover.txt"].decode()
    for said in (
        "Asked by     Ofgem (regulator)", "Reference    OFG-118", "Received on  9 Oct 2018", "Answer by    23 Oct 2018",
        "  Send the readings.", "CASES: 2", "Where it stands  received; nobody has taken it up yet (since 9 Oct 2018)",
        "Contested        4.94 GBP; claimed back: not said", sums[1][0],
    ):  # fmt: skip
        assert said in cover


def cover_lines(pack: OutsidePack) -> list[str]:
    return [" ".join(line.split()) for line in pack.cover.splitlines()]


def test_the_cover_is_in_the_language_chosen_and_a_pack_made_before_is_not_touched(case: Case, agent: User) -> None:
    request = came(case)
    first = make_pack(request=request, actor=None, at=AT)
    content = pack_bytes(first)
    change_request(request=request, asked=asked(language="de"), actor=None, at=AT)
    second = make_pack(request=request, actor=None, at=AT)
    lines = cover_lines(second)
    for said in (
        "ANTWORT AUF EINE ANFRAGE", "Anfrage von Ofgem (Regulierungsbehörde)", "Aktenzeichen OFG-118",
        "Eingegangen am 9. Okt. 2018", "Antwort bis 23. Okt. 2018", "Send the readings.", "BEANSTANDUNGEN: 1",
        "Grund Mehr Energie, als das Auto geladen hat, aus Sicht der Kundin oder des Kunden",
        "Beanstandet 4,94 GBP; zurückgefordert: nicht angegeben", "Stand eingegangen; noch nicht bearbeitet (seit 9. Okt. 2018)",
        "Letzte Antwort bisher keine über Geld", f"Beweismittel cases/{case.number}.zip, Fassung 1", "SO WIRD ES GEPRÜFT",
    ):  # fmt: skip
        assert said in lines
    assert "ANSWER PACK" in cover_lines(first)
    assert pack_bytes(OutsidePack.objects.get(pk=first.pk)) == content
    # The cases are in it as they were: only what it says first is another text.
    assert second.contents == first.contents
    assert make_pack(request=request, actor=None, at=AT + timedelta(days=1)) == second


def test_the_language_is_the_company_s_unless_another_is_chosen(billed: Operator) -> None:
    LegalEntity.objects.update(language="de")
    assert [came().language, came(reference="OFG-119", language="en").language] == ["de", "en"]


def test_every_word_of_a_cover_is_there_in_both_languages() -> None:
    assert set(ENGLISH.stands) == set(GERMAN.stands) == set(State)
    assert set(ENGLISH.causes) == set(GERMAN.causes) == set(Cause)
    assert set(ENGLISH.bodies) == set(GERMAN.bodies) == set(R.Body) - {R.Body.OTHER}
    assert {str(cause.label) for cause in Cause} == set(ENGLISH.causes.values())
    for field in fields(Words):
        mine, theirs = getattr(ENGLISH, field.name), getattr(GERMAN, field.name)
        holes = [sorted(re.findall(r"\{(\w*)\}", text)) if isinstance(text, str) else [] for text in (mine, theirs)]
        assert holes[0] == holes[1], field.name
    assert [words.money(Decimal("1234567.8"), "EUR") for words in (ENGLISH, GERMAN)] == ["1,234,567.80 EUR", "1.234.567,80 EUR"]


@pytest.mark.parametrize(
    ("more", "english", "german"),
    [
        (
            {"amount": "0.50"},
            "0.50 GBP offered, the bill is corrected (9 Oct 2018)",
            "0,50 GBP angeboten; die Rechnung wird berichtigt (9. Okt. 2018)",
        ),
        (
            {"amount": "0"},
            "the bill stays as it is (decided 9 Oct 2018)",
            "die Rechnung bleibt, wie sie ist (entschieden am 9. Okt. 2018)",
        ),
        (
            {"amount": "0.50", "way": "GOODWILL"},
            "0.50 GBP offered, as goodwill, the bill stays as it is (9 Oct 2018)",
            "0,50 GBP angeboten; aus Kulanz, die Rechnung bleibt, wie sie ist (9. Okt. 2018)",
        ),
    ],
)
def test_what_was_last_answered_about_money(
    billed: Operator, agent: User, more: dict[str, Any], english: str, german: str
) -> None:
    case = investigated(agent)
    request = came(case)
    answer(case=case, terms=terms(case, **more), role=Role.AGENT, actor=agent, at=LATER)
    first = make_pack(request=request, actor=None, at=LATER)
    change_request(request=request, asked=asked(language="de"), actor=None, at=LATER)
    second = make_pack(request=request, actor=None, at=LATER)
    assert f"Last answer {english}" in " ".join(first.cover.split())
    assert f"Letzte Antwort {german}" in " ".join(second.cover.split())


def test_a_pack_made_before_stays_the_same_bytes_when_the_case_goes_on(case: Case, agent: User) -> None:
    request = came(case)
    first = make_pack(request=request, actor=None, at=AT)
    content = pack_bytes(first)
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=AT)
    add_message(case=case, kind=CaseMessage.Kind.TO_DRIVER, body="We look.", role=Role.AGENT, actor=agent, at=AT)
    second = make_pack(request=request, actor=None, at=AT)
    assert second.sha256 != first.sha256
    assert "taken up; being sorted" in second.cover
    assert (first.contents[0]["version"], second.contents[0]["version"]) == (1, case.manifests.count())
    assert pack_bytes(OutsidePack.objects.get(pk=first.pk)) == content
    answered(request, first)
    request.refresh_from_db()
    assert (request.state, request.pack.sha256) == ("ANSWERED", hashlib.sha256(content).hexdigest())  # type: ignore[union-attr]
    with pytest.raises(UserError, match="it stays as it is"):
        make_pack(request=request, actor=None, at=AT)


def test_a_pack_needs_a_case_and_is_of_its_own_request(case: Case) -> None:
    empty, about = came(), came(case, reference="OFG-119")
    with pytest.raises(UserError, match="Add the cases first"):
        make_pack(request=empty, actor=None, at=AT)
    pack = make_pack(request=about, actor=None, at=AT)
    with pytest.raises(UserError, match="of another request"):
        answered(empty, pack)
