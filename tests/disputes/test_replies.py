"""Templates of replies: kept per company and language, filled in from a case, refused with a placeholder nobody knows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, User
from chargebill.core.roles import ADMINISTRATOR, ROLES
from chargebill.portal.disputes.replies import ready_for
from disputes.models import Case
from disputes.operations.contacts import Contact
from disputes.operations.reply_templates import delete_template, keep_template
from disputes.replies import PLACEHOLDERS, filled, problem_of
from disputes.template_models import ReplyTemplate
from tests.disputes.conftest import OPENED, everything, opened
from tests.documents.conftest import Operator

Of = Callable[[str], Client]
EVERYTHING = "Hello {driver},\n{case}: {amount}, {place}, {date}, {session}. {company}"


@pytest.fixture
def case(billed: Operator) -> Case:
    return opened("M1", at=timezone.now())


def kept(case: Case, name: str = "We look into it", body: str = EVERYTHING, language: str = "en", **more: Any) -> ReplyTemplate:
    return keep_template(entity=case.entity, name=name, language=language, body=body, actor=None, at=OPENED, **more)


def filled_for(case: Case) -> dict[str, str]:
    items = list(case.items.select_related("session__location", "session__entity"))
    return {one.name: one.text for one in ready_for(case, items)}


def test_everything_known_of_a_case_is_filled_in(case: Case) -> None:
    kept(case)
    kept(case, "Wir prüfen", "Guten Tag {driver}, {case}: {amount}, {place}, {date}", "de")
    company = case.entity.legal_name or case.entity.name
    assert filled_for(case) == {
        "We look into it": f"Hello Ada Lovelace,\nD-00001: 4.94 GBP, Hub, 6 Sep 2018, M1. {company}",
        "Wir prüfen": "Guten Tag Ada Lovelace, D-00001: 4,94 GBP, Hub, 6. Sept. 2018",
    }


def test_several_sessions_are_told_each_place_and_day_once(billed: Operator) -> None:
    case = opened("M1", "M2")
    kept(case, body="{session} at {place}")
    assert filled_for(case)["We look into it"] == "M1, M2 at Hub"


def test_a_driver_without_a_name_is_still_addressed(billed: Operator) -> None:
    case = opened("A1", contact=Contact())
    kept(case, body="Hello {driver}")
    known = case.customer.name if case.customer else "driver"
    assert filled_for(case)["We look into it"] == f"Hello {known}"


def test_the_drivers_language_comes_first(billed: Operator) -> None:
    case = opened("M1", contact=Contact("Ada", "", "de"))
    for name, language in (("B", "en"), ("A", "en"), ("D", "de"), ("C", "de")):
        kept(case, name, "text", language)
    assert list(filled_for(case)) == ["C", "D", "A", "B"]


def test_what_a_driver_is_called_is_not_filled_in_again() -> None:
    assert filled("{driver} {case}", {"driver": "{case}", "case": "D-1"}) == "{case} D-1"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("Hello {nmae}", "Nothing is known to fill in for {nmae}. There are {case}, {driver},"),
        ("Hello {}", "Nothing is known to fill in for {}."),
        ("Hello { driver }", "Nothing is known to fill in for { driver }."),
        ("Hello {driver", "There is a single '{'."),
        ("Hello driver}", "There is a single '}'."),
        ("{{driver}}", "There is a single '{'."),
    ],
)
def test_a_placeholder_nobody_knows_is_refused(case: Case, body: str, problem: str) -> None:
    with pytest.raises(UserError) as refused:
        kept(case, body=body)
    assert (refused.value.code, refused.value.where) == ("placeholder", "body")
    assert refused.value.message.startswith(problem)
    assert refused.value.message.endswith("Nothing was changed.")
    assert not ReplyTemplate.objects.exists()


def test_every_placeholder_is_known() -> None:
    assert problem_of("".join(f"{{{name}}}" for name in PLACEHOLDERS)) == ""


@pytest.mark.parametrize(
    ("given", "code"),
    [({"name": " "}, "name"), ({"name": "x" * 81}, "name"), ({"language": "fr"}, "language"), ({"body": " \n"}, "body"),
     ({"body": "x" * 10_001}, "body"), ({"name": "we LOOK into it"}, "name_taken")],
)  # fmt: skip
def test_what_can_t_be_kept_is_refused(case: Case, given: dict[str, str], code: str) -> None:
    kept(case)
    with pytest.raises(UserError) as refused:
        kept(case, **{"name": "Another", **given})
    assert refused.value.code == code
    assert ReplyTemplate.objects.count() == 1


def test_a_template_is_changed_and_deleted_with_a_trace(case: Case) -> None:
    template = kept(case)
    kept(case, template=template)
    kept(case, "We looked", "{case} is done.", template=template)
    delete_template(template=template, actor=None, at=OPENED)
    said = list(
        AuditEvent.objects.filter(action__startswith="disputes.template").order_by("pk").values_list("summary", flat=True)
    )
    assert said == ["Template “We look into it” kept", "Template “We looked” kept", "Template “We looked” deleted"]
    assert not ReplyTemplate.objects.exists()


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_reads_and_who_keeps_templates(case: Case, client_of: Of, role: str) -> None:
    template, client = kept(case), client_of(role)
    given = {"entity": case.entity_id, "name": "New", "language": "en", "body": "text"}
    asked = [
        client.get("/disputes/replies/").status_code,
        client.get(f"/disputes/replies/?template={template.pk}").status_code,
        client.post("/disputes/replies/", given).status_code,
        client.post("/disputes/replies/", {**given, "template": template.pk, "do": "delete"}).status_code,
    ]
    works, reads = role in ("Dispute agent", "Dispute supervisor", ADMINISTRATOR), role != "Analyst"
    assert asked == [200 if reads else 403, 200 if reads else 403, 302 if works else 403, 302 if works else 403]
    assert set(ReplyTemplate.objects.values_list("name", flat=True)) == ({"New"} if works else {"We look into it"})


def test_a_refused_template_keeps_what_was_written(case: Case, client_of: Of) -> None:
    client = client_of("Dispute agent")
    given = {"entity": case.entity_id, "name": "Greeting", "language": "de", "body": "Guten Tag {nmae}"}
    page = client.post("/disputes/replies/", given).content.decode()
    assert "Nothing is known to fill in for {nmae}." in page
    assert "Guten Tag {nmae}</textarea>" in page
    assert '<option value="de" selected>' in page
    gone = client.post("/disputes/replies/", {**given, "template": "99"}).content.decode()
    assert "This template is gone." in gone


def test_without_script_a_template_is_put_behind_what_was_written(case: Case, client_of: Of, agent: User) -> None:
    template, client, before = kept(case, body="Your case is {case}."), client_of("Dispute agent"), everything()
    given = {"do": "message", "kind": "INTERNAL", "body": "Good morning.", "template": template.pk, "use": "1"}
    page = client.post(f"/disputes/case/{case.pk}/change/", given)
    assert page.context["given"]["body"] == "Good morning.\n\nYour case is D-00001."
    assert 'value="INTERNAL" checked' in page.content.decode()
    for wrong in ("", "99", "x"):
        page = client.post(f"/disputes/case/{case.pk}/change/", {**given, "template": wrong})
        assert page.context["given"]["body"] == "Good morning."
    assert everything() == before
    assert client_of("Auditor").post(f"/disputes/case/{case.pk}/change/", given).status_code == 403
