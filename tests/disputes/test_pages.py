"""The desk's pages: who may see and do what, what a refused form keeps, files of the queue, settings."""

import csv
from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR, ROLES
from disputes.models import Case, CaseMessage
from disputes.operations.moves import move
from disputes.operations.thread import assign
from disputes.settings_models import DisputeSettings, Holiday
from disputes.workflow.states import Role, State
from stations.models import Session
from tests.disputes.conftest import everything, opened
from tests.documents.conftest import Operator
from tests.payments.conftest import of

WORK, READ = ("Dispute agent", "Dispute supervisor", ADMINISTRATOR), ("Pricing manager", "Billing clerk", "Finance", "Auditor")
Of = Callable[[str], Client]


@pytest.fixture
def case(billed: Operator) -> Case:
    return opened("M1", at=timezone.now() - timedelta(hours=1))


def url(case: Case) -> str:
    return f"/disputes/case/{case.pk}/change/"


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_sees_cases_and_who_works_on_them(case: Case, client_of: Of, role: str) -> None:
    client, session = client_of(role), Session.objects.get(external_id="B1")
    before = everything()
    asked = {
        "case": client.get(url(case)).status_code,
        "list": client.get("/disputes/case/").status_code,
        "file": client.get("/disputes/case/export.csv").status_code,
        "settings": client.get("/disputes/settings/").status_code,
        "open": client.get(f"/disputes/new/?session={session.pk}").status_code,
        "give": client.get(f"/disputes/give/?cases={case.pk}").status_code,
        "write": client.post(url(case), {"do": "message", "kind": "INTERNAL", "body": ""}).status_code,
        "set": client.post("/disputes/settings/", {"entity": case.entity_id}).status_code,
    }
    reads = 200 if role in (*WORK, *READ) else 403
    works = 200 if role in WORK else 403
    rules = 200 if role in ("Dispute supervisor", ADMINISTRATOR) else 403
    assert asked == {
        "case": reads, "list": reads, "file": reads, "settings": reads,
        "open": works, "give": works, "write": works, "set": rules,
    }  # fmt: skip
    assert everything() == before


@pytest.mark.parametrize("path", ["/disputes/case/999999/change/", "/disputes/case/x/change/"])
def test_a_case_that_is_not_there_leads_back_to_the_list(case: Case, client_of: Of, path: str) -> None:
    page = client_of("Dispute agent").get(path)
    assert page.status_code == 302


def test_an_agent_does_not_get_a_supervisors_forms(case: Case, client_of: Of) -> None:
    shown = {
        role: client_of(role).get(url(case)).context["offered"] for role in ("Dispute agent", "Dispute supervisor", "Auditor")
    }

    assert shown == {
        "Dispute agent": {"assign", "merge"},
        "Dispute supervisor": {"assign", "merge", "inadmissible"},
        "Auditor": set(),
    }
    before = everything()
    page = client_of("Dispute agent").post(url(case), {"do": "inadmissible", "code": "not_ours", "text": "It was Maingau's."})
    assert "that is up to a dispute supervisor. Nothing was changed." in page.content.decode()
    assert everything() == before


def test_not_admissible_is_a_letter_and_the_end(case: Case, client_of: Of) -> None:
    supervisor = client_of("Dispute supervisor")
    before = everything()
    for given in ({"code": "", "text": "Maingau did."}, {"code": "not_ours", "text": " "}, {"code": "nonsense", "text": "x"}):
        page = supervisor.post(url(case), {"do": "inadmissible", **given})
        assert "Choose why it is not admissible" in page.content.decode()
        assert given["text"].strip() in page.content.decode()
    assert everything() == before

    supervisor.post(url(case), {"do": "inadmissible", "code": "not_ours", "text": "Maingau billed it.", "reason": "card"})
    case.refresh_from_db()
    assert case.state == "INADMISSIBLE"
    assert case.messages.get().body == (
        "Hello,\n\nwe looked at your complaint D-00001 and do not take it up. The charge is not ours: another company billed it."
        "\n\nMaingau billed it.\n\nIf you disagree, you can turn to the Citizens Advice consumer service."
    )


def test_a_case_is_sorted_and_begun_or_neither(case: Case, client_of: Of) -> None:
    client = client_of("Dispute agent")
    client.post(url(case), {"do": "assign", "assignee": "me"})
    before = everything()
    page = client.post(url(case), {"do": "sort", "cause": "IDLE", "claimed_amount": "9.99", "start": "1"})
    assert "At most 4.94 GBP were charged" in page.content.decode()
    assert everything() == before
    client.post(url(case), {"do": "sort", "cause": "IDLE", "claimed_amount": "2", "start": "1"})
    case.refresh_from_db()
    assert (case.state, case.cause, f"{case.claimed_amount:.2f}") == ("INVESTIGATING", "IDLE", "2.00")


def test_a_wrong_address_is_corrected_and_what_was_said_mailed_again(case: Case, client_of: Of) -> None:
    client, before = client_of("Dispute agent"), everything()
    given = {"do": "contact", "contact_name": "Ada King", "contact_email": "ada@", "language": "de"}
    page = client.post(url(case), given).content.decode()
    assert "That is no e-mail address. Nothing was changed." in page
    assert 'value="ada@"' in page
    assert client_of("Auditor").post(url(case), given).status_code == 403
    # Valid, and longer than the column.
    page = client.post(url(case), {**given, "contact_email": f"a@{'.'.join(['b' * 60] * 4)}.example.com"}).content.decode()
    assert "That is no e-mail address. Nothing was changed." in page
    assert everything() == before

    given["contact_email"] = " ada.king@example.com "
    for _ in range(2):
        client.post(url(case), given)
    case.refresh_from_db()
    assert (case.contact_name, case.contact_email, case.language) == ("Ada King", "ada.king@example.com", "de")
    event = case.events.get(kind="contact")
    assert event.data["contact_email"] == ["ada@example.com", "ada.king@example.com"]
    assert "Written to ada.king@example.com, no longer to ada@example.com" in client.get(url(case)).content.decode()

    given["contact_email"] = ""
    page = client.post(url(case), given, follow=True).content.decode()
    assert "Saved. Nothing is mailed about this case: the case has no e-mail address." in page
    assert "can be mailed again" not in page
    assert "Written to no address, no longer to ada.king@example.com" in page
    assert "the case has no e-mail address" in page


def test_cases_are_merged_by_number(case: Case, client_of: Of) -> None:
    other = opened("M2", at=timezone.now())
    client = client_of("Dispute agent")
    assert "There is no case" in client.post(url(case), {"do": "merge", "into": "D-99"}).content.decode()
    client.post(url(case), {"do": "merge", "into": " d-00002 "})
    case.refresh_from_db()

    assert case.merged_into == other
    assert "It goes on there." in client.get(url(case)).content.decode()


def test_a_form_nobody_knows_changes_nothing(case: Case, client_of: Of) -> None:
    before = everything()
    for given in ({"do": "award"}, {}, {"do": "message", "kind": "SPAM", "body": "x"}, {"do": "assign", "assignee": "x"}):
        assert "Nothing was changed" in client_of("Dispute agent").post(url(case), given).content.decode()
    assert everything() == before


def test_what_is_written_is_shown_and_never_run(case: Case, client_of: Of) -> None:
    client = client_of("Dispute agent")
    client.post(url(case), {"do": "message", "kind": "TO_DRIVER", "body": "<script>alert(1)</script>"})
    page = client.get(url(case)).content.decode()

    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert CaseMessage.objects.get().kind == "TO_DRIVER"


def test_the_queue_begins_with_what_we_owe(case: Case, agent: User, client_of: Of) -> None:
    soon = opened("B1", at=timezone.now() - timedelta(days=40))
    over = opened("B2", at=timezone.now())
    move(case=over, target=State.WITHDRAWN, role=Role.CUSTOMER, actor=None, at=timezone.now())
    client = client_of("Dispute agent")

    assert [one.number for one in client.get("/disputes/case/").context["cl"].result_list] == [
        soon.number,
        case.number,
        over.number,
    ]
    late = client.get("/disputes/case/?deadline=over").context["cl"].result_list
    ended = client.get("/disputes/case/?turn=nobody").context["cl"].result_list
    assert ([one.number for one in late], [one.number for one in ended]) == ([soon.number], [over.number])


def test_files_have_exactly_what_the_list_shows(case: Case, client_of: Of) -> None:
    opened("B1", at=timezone.now(), statement="x")
    Case.objects.filter(pk=case.pk).update(contact_name="=1+1")
    client = client_of("Dispute supervisor")
    text = b"".join(client.get("/disputes/case/export.csv?q=D-00001")).decode()  # type: ignore[arg-type]
    rows = list(csv.DictReader(StringIO(text)))
    assert [(row["number"], row["contested"], row["driver"]) for row in rows] == [("D-00001", "4.94", "'=1+1")]
    book = load_workbook(BytesIO(b"".join(client.get("/disputes/case/export.xlsx"))))  # type: ignore[arg-type]
    sheet = [[cell.value for cell in row] for row in book.active.rows]
    assert {row[0] for row in sheet[1:]} == {"D-00001", "D-00002"}
    assert sheet[0][0] == "number"


def test_chosen_cases_are_given_to_somebody(case: Case, agent: User, client_of: Of) -> None:
    other = opened("B1", at=timezone.now())
    client = client_of("Dispute supervisor")
    listed = client.post("/disputes/case/", {"action": "give", "_selected_action": [case.pk, other.pk]})
    assert listed["Location"] == f"/disputes/give/?cases={case.pk}%2C{other.pk}"
    page = client.post("/disputes/give/", {"cases": f"{case.pk},{other.pk}", "assignee": ""})
    assert "Choose cases, and who looks after them." in page.content.decode()
    client.post("/disputes/give/", {"cases": f"{case.pk},{other.pk}", "assignee": str(agent.pk)})
    assert set(Case.objects.values_list("assignee__username", "state")) == {("dispute-agent", "TRIAGE")}


def test_nothing_is_offered_where_nothing_can_be_contested(case: Case, client_of: Of) -> None:
    client, session = client_of("Dispute agent"), Session.objects.get(external_id="M1")

    assert "A case is open already" in client.get(f"/disputes/new/?session={session.pk}").content.decode()
    free = client.get(f"/disputes/new/?document={of('Ada').pk}").context["free"]
    assert [choice.subject.session.external_id for choice in free] == ["M2"]
    assert client.get("/disputes/new/").status_code == 404
    assert client.get("/disputes/new/?session=999999").status_code == 404


def test_two_lines_of_a_document_become_one_case(billed: Operator, client_of: Of) -> None:
    client, ada = client_of("Dispute agent"), of("Ada")
    lines = [f"line-{pk}" for pk in ada.lines.values_list("pk", flat=True)]
    given: dict[str, Any] = {
        "item": lines, "cause": "TWICE", "channel": "EMAIL", "statement": "Twice!", "claimed_amount": "", "contact_name": "Ada",
        "contact_email": "", "language": "de",
    }  # fmt: skip
    client.post(f"/disputes/new/?document={ada.pk}", given)
    made = Case.objects.get()
    assert (made.items.count(), made.contested_amount, made.language, made.opened_by) == (
        2,
        ada.gross_amount,
        "de",
        User.objects.get(username="dispute-agent"),
    )
    assert "Contested:" in client.get(f"/billing/document/{ada.pk}/change/").content.decode()


def form(client: Client, entity_id: int) -> dict[str, str]:
    """The settings form as it is shown."""
    context = client.get(f"/disputes/settings/?entity={entity_id}").context
    given = {f"opens_{day}": opens for day, _, opens, _ in context["days"]}
    given |= {f"closes_{day}": closes for day, _, _, closes in context["days"]}
    given |= {f"clock_{clock}": value for clock, _, _, value, _ in context["clocks"]}
    return {**given, **context["shown"], "entity": str(entity_id)}


def test_a_supervisor_sets_hours_holidays_and_deadlines(case: Case, client_of: Of) -> None:
    client = client_of("Dispute supervisor")
    given = form(client, case.entity_id) | {
        "opens_5": "10:00", "closes_5": "24:00", "clock_first_reply": "3", "holidays": "2026-12-25 Christmas\n\n2027-01-01",
        "outside_bodies": "the Energy Ombudsman",
    }  # fmt: skip
    assert client.post("/disputes/settings/", given).status_code == 302
    settings = DisputeSettings.objects.get()

    assert (settings.hours["5"], settings.hours["0"], settings.durations) == ([600, 1440], [540, 1020], {"first_reply": 3})
    assert [(h.day, h.name) for h in Holiday.objects.all()] == [(date(2026, 12, 25), "Christmas"), (date(2027, 1, 1), "")]
    assert form(client, case.entity_id) == given | {"holidays": "2026-12-25 Christmas\n2027-01-01"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"opens_0": "nine"}, "Monday: write the hours like 9:00 and 17:00"),
        ({"closes_0": ""}, "Monday: write the hours"),
        ({"closes_0": "25:00"}, "Monday: there is no 25:00"),
        ({"opens_0": "18:00"}, "Monday closes before it opens"),
        ({f"{end}_{day}": "" for day in range(5) for end in ("opens", "closes")}, "Say on which days somebody is there"),
        ({"clock_offer": "two"}, "An offer is valid: write a whole number"),
        ({"clock_offer": "0"}, "A deadline is 1 to 400 long"),
        ({"holidays": "Christmas"}, "no day. Write one a line, like 2026-12-25 Christmas."),
        ({"reminder_days": "14"}, "The driver is reminded before the time to answer is over"),
    ],
)
def test_settings_that_can_not_be_are_said_and_kept_in_the_form(
    case: Case, client_of: Of, wrong: dict[str, str], said: str
) -> None:
    client = client_of("Dispute supervisor")
    before = everything()
    page = client.post("/disputes/settings/", form(client, case.entity_id) | wrong)

    assert said in page.content.decode().replace("&#x27;", "'")
    assert everything() == before
    assert not DisputeSettings.objects.exists()
    name, value = next(iter(wrong.items()))
    assert page.context["shown"].get(name, value) == value


def test_a_case_is_found_by_its_number(case: Case, client_of: Of) -> None:
    page = client_of("Dispute agent").get("/find/?q=d-00001").content.decode()

    assert f'href="{url(case)}"' in page


def test_the_sections_name_cases_only_for_those_who_may_see_them(case: Case, client_of: Of) -> None:
    assert 'href="/disputes/case/"' in client_of("Auditor").get("/stations/session/").content.decode()
    assert 'href="/disputes/case/"' not in client_of("Analyst").get("/stations/session/").content.decode()
    session = Session.objects.get(external_id="M1")
    assert case.number in client_of("Auditor").get(f"/stations/session/{session.pk}/change/").content.decode()
    assert case.number not in client_of("Analyst").get(f"/stations/session/{session.pk}/change/").content.decode()


def test_an_answer_taken_down_goes_back_to_the_investigation(case: Case, agent: User, client_of: Of) -> None:
    client = client_of("Dispute agent")
    assign(cases=[case], assignee=agent, role=Role.AGENT, actor=agent, at=timezone.now())
    move(case=case, target=State.INVESTIGATING, role=Role.AGENT, actor=agent, at=timezone.now())
    client.post(url(case), {"do": "ask", "text": "Which car?"})
    client.post(url(case), {"do": "answered", "body": "A Zoe."})
    case.refresh_from_db()

    assert case.state == "INVESTIGATING"
    said = case.messages.exclude(event__kind="notified")
    assert [(m.kind, m.body) for m in said] == [("TO_DRIVER", "Which car?"), ("FROM_DRIVER", "A Zoe.")]
