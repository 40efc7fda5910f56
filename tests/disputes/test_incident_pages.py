"""The pages of incidents: who may see, propose and agree; what a refused form keeps; what stands in the files."""

import csv
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.test import Client

from billing.document_models import Document
from chargebill.core.models import User
from chargebill.core.roles import ADMINISTRATOR, ROLES
from disputes.incident_letters import ENGLISH, GERMAN
from disputes.incident_models import Incident
from disputes.operations.evidence import collect
from disputes.subjects import subjects_of_session
from stations.models import Session
from tests.disputes.conftest import OPENED, opened
from tests.disputes.incidents import approved, carried_out, proposed
from tests.documents.conftest import Operator, session
from tests.documents.test_correcting import take_back
from tests.payments.conftest import of

PROPOSE, AGREE = ("Dispute supervisor", ADMINISTRATOR), ("Dispute supervisor", "Finance", ADMINISTRATOR)
READ = (*AGREE, "Dispute agent", "Pricing manager", "Billing clerk", "Auditor")
QUERY = "from=2018-09-01T00:00&until=2018-10-01T00:00&remedy=WHOLE"
NEW = "/disputes/incidents/new/"
Of = Callable[[str], Client]


def given(response: Any, **more: str) -> dict[str, str]:
    """The form of a preview, filled in."""
    context = response.context
    words = {"title": "Wrong meter", "reason": "The meters were wrong", "letter_en": ENGLISH, "letter_de": GERMAN}
    return {"form_key": context["kept_key"], "seen": context["seen"], **words, **more}


@pytest.mark.parametrize("role", [ADMINISTRATOR, *ROLES])
def test_who_sees_proposes_and_agrees(billed: Operator, supervisor: User, client_of: Of, role: str) -> None:
    incident = proposed(billed, User.objects.create(username="another"))
    client, page = client_of(role), f"/disputes/incident/{incident.pk}/change/"
    asked = {
        "list": client.get("/disputes/incident/").status_code,
        "page": client.get(page).status_code,
        "file": client.get(f"/disputes/incidents/{incident.pk}/lines.csv").status_code,
        "new": client.get(NEW).status_code,
        "preview": client.get(f"{NEW}?{QUERY}").status_code,
        "preview file": client.get(f"/disputes/incidents/new.csv?{QUERY}").status_code,
        "propose": client.post(f"{NEW}?{QUERY}", {}).status_code,
        "agree": client.post(f"/disputes/incidents/{incident.pk}/confirm/", {"answer": "confirm", "seen": "x"}).status_code,
        "stop": client.post(f"/disputes/incidents/{incident.pk}/stop/").status_code,
        "go on": client.post(f"/disputes/incidents/{incident.pk}/resume/").status_code,
    }
    reads, proposes = (200 if role in READ else 403), (200 if role in PROPOSE else 403)
    acts = 302 if role in AGREE else 403
    assert asked == {
        "list": reads, "page": reads, "file": reads, "new": proposes, "preview": proposes, "preview file": proposes,
        "propose": proposes, "agree": acts, "stop": acts, "go on": acts,
    }  # fmt: skip
    assert Incident.objects.get().state == "waits"


def test_from_the_list_to_the_end(billed: Operator, client_of: Of) -> None:
    supervisor, finance = client_of("Dispute supervisor"), client_of("Finance")
    assert "One fault made many bills wrong" in supervisor.get("/disputes/incident/").content.decode()
    preview = supervisor.get(f"{NEW}?{QUERY}")
    text = preview.content.decode()
    assert "No connector of Tayside Charging ever said which firmware it runs" in text
    assert "has no address its mail comes from" in text
    sent = supervisor.post(f"{NEW}?{QUERY}", given(preview))
    incident = Incident.objects.get()
    page = f"/disputes/incident/{incident.pk}/change/"
    assert sent["Location"] == page
    assert incident.selection == [["From", "1 Sep 2018 00:00 BST"], ["Until", "1 Oct 2018 00:00 BST"]]
    own = supervisor.get(page).content.decode()
    assert "You proposed this yourself: another person has to agree." in own
    assert "Agree and carry it out" not in own
    theirs = finance.get(page).content.decode()
    assert "Agree and carry it out" in theirs
    finance.post(f"/disputes/incidents/{incident.pk}/confirm/", {"answer": "confirm", "seen": incident.sha256})
    assert "Being carried out" in finance.get(page).content.decode()
    carried_out(Incident.objects.get())
    done = finance.get(page).content.decode()
    assert "What came of it" in done
    assert "Nobody could be told" in done
    rows = list(csv.DictReader(StringIO(b"".join(finance.get(f"/disputes/incidents/{incident.pk}/lines.csv")).decode())))
    by_session = {row["session"]: row for row in rows}
    assert len(rows) == 7
    assert by_session["M1"]["taken_back"] == "4.94"
    assert by_session["M1"]["told"] == "nobody: no address is known"
    assert by_session["M1"]["credit_note"].startswith("CN-")
    assert "GBP 24.62" in supervisor.get("/disputes/incident/").content.decode()


WRONG = {
    "from=&until=2018-10-01&remedy=WHOLE": "Say from when until when",
    "from=2018-10-02&until=2018-10-01&remedy=WHOLE": "The period ends before it begins",
    "from=0001-01-01&until=2018-10-01&remedy=WHOLE": "That is no day anybody charged on",
    "from=2018-09-01&until=2018-10-01&remedy=PART": "Choose which part of the price",
    "from=2018-09-01&until=2018-10-01&remedy=PERCENT&percent=101": "Say how many percent",
    "from=2018-09-01&until=2018-10-01&remedy=PERCENT&percent=NaN": "Say how many percent",
    "from=2018-09-01&until=2018-10-01&remedy=PERCENT&percent=0.001": "Say how many percent",
    "from=2018-09-01&until=2018-10-01&remedy=SPITE": "Choose what is taken back",
    "from=2018-09-01&until=2018-10-01&remedy=WHOLE&evses=EM1,E9": "has no EVSE &#x27;E9&#x27;",
    "from=2018-09-01&until=2018-10-01&remedy=WHOLE&location=99": "There is no such place",
    "from=2018-09-01&until=2018-10-01&remedy=WHOLE&tariff=x": "There is no such tariff",
    "from=2018-09-01&until=2018-10-01&remedy=WHOLE&check=D30": "There is no such check",
}


@pytest.mark.parametrize("query", WRONG)
def test_a_wrong_choice_says_what_to_do(billed: Operator, client_of: Of, query: str) -> None:
    response = client_of("Dispute supervisor").get(f"{NEW}?{query}")
    assert response.status_code == 200
    assert WRONG[query] in response.content.decode()
    assert "Propose it" not in response.content.decode()
    assert client_of("Dispute supervisor").get(f"/disputes/incidents/new.csv?{query}").status_code == 404


def test_a_refused_form_keeps_what_was_written(billed: Operator, client_of: Of) -> None:
    client = client_of("Dispute supervisor")
    form = given(client.get(f"{NEW}?{QUERY}"), letter_en="You get nothing.")
    text = client.post(f"{NEW}?{QUERY}", form).content.decode()
    assert "Say {amount}: what the driver gets. Nothing was changed." in text
    assert "You get nothing." in text
    assert 'value="The meters were wrong"' in text
    assert not Incident.objects.exists()


def test_what_changed_since_it_was_looked_at_is_looked_at_again(billed: Operator, client_of: Of) -> None:
    client = client_of("Dispute supervisor")
    form = given(client.get(f"{NEW}?{QUERY}"))
    take_back(of("Ada"), "1.00")
    again = client.post(f"{NEW}?{QUERY}", form)
    assert "has changed since you looked" in again.content.decode()
    assert not Incident.objects.exists()
    client.post(f"{NEW}?{QUERY}", given(again))
    assert Incident.objects.get().figures["sums"]["GBP"]["back"] == "23.620"


def test_a_form_sent_twice_is_one_incident(billed: Operator, client_of: Of) -> None:
    client = client_of("Dispute supervisor")
    form = given(client.get(f"{NEW}?{QUERY}"))
    first, second = (client.post(f"{NEW}?{QUERY}", form)["Location"] for _ in range(2))
    assert first == second
    assert Incident.objects.count() == 1


def test_the_preview_says_what_is_left_alone_and_what_waits(billed: Operator, client_of: Of) -> None:
    billed.bring(session("N1", day="2018-09-22"), session("H1", day="2018-09-23", energy_kwh="900"))
    case = opened("B1")
    take_back(of("Ada"))
    client = client_of("Dispute supervisor")
    text = client.get(f"{NEW}?{QUERY}").content.decode()
    assert "2 lines (was taken back whole before: nothing to do)" in text
    assert "Not billed yet, and not part of this:" in text
    assert case.number in text
    rows = list(csv.DictReader(StringIO(b"".join(client.get(f"/disputes/incidents/new.csv?{QUERY}")).decode())))
    said = {row["session"]: (row["stands_at"], row["taken_back"], row["case"], row["what_becomes_of_it"]) for row in rows}
    assert said["M1"] == ("4.94", "0", "", "was taken back whole before: nothing to do")
    assert said["B1"] == ("1.32", "1.32", case.number, "taken back")
    assert said["P1"] == ("8.00", "8.00", "", "credit for the partner")


def test_a_person_can_refuse_it(billed: Operator, supervisor: User, client_of: Of) -> None:
    incident = proposed(billed, supervisor)
    client_of("Finance").post(f"/disputes/incidents/{incident.pk}/confirm/", {"answer": "refuse"})
    assert Incident.objects.get().state == "refused"
    assert not Document.objects.filter(kind="CREDIT_NOTE").exists()


def test_pages_of_what_is_not_there_are_not_found(billed: Operator, client_of: Of) -> None:
    client = client_of(ADMINISTRATOR)
    assert client.get("/disputes/incidents/99/lines.csv").status_code == 404
    assert client.post(f"/disputes/incidents/{10**20}/confirm/").status_code == 404


def test_without_a_company_the_form_says_so(client_of: Of) -> None:
    assert "There is no company yet" in client_of(ADMINISTRATOR).get(NEW).content.decode()


def test_the_page_of_a_running_one_takes_the_same_queries_however_many_lines(
    billed: Operator, supervisor: User, staff: Callable[[str], User], client_of: Of, django_assert_max_num_queries: Any
) -> None:
    incident = carried_out(approved(proposed(billed, supervisor), staff("Finance")))
    client = client_of("Auditor")
    client.get("/disputes/incident/")
    with django_assert_max_num_queries(24):
        assert client.get(f"/disputes/incident/{incident.pk}/change/").status_code == 200


def test_several_cases_about_one_evse_lead_to_an_incident(billed: Operator, client_of: Of) -> None:
    rows = [session(f"E{n}", evse="EM1", day=f"2018-09-1{n}", token="T-Ada") for n in range(3)]
    billed.bring(*rows)
    ada = of("Ada").customer
    found = [subjects_of_session(Session.objects.get(external_id=f"E{n}")) for n in range(2)]
    cases = [opened("M1"), *(opened(subjects=subjects, customer=ada) for subjects in found)]
    client = client_of("Dispute supervisor")
    for case in cases:
        collect(case=case, actor=None, at=OPENED)
    link = f"{NEW}?session={cases[0].items.get().session_id}"
    assert link in client.get(f"/disputes/case/{cases[0].pk}/change/").content.decode()
    assert link not in client_of("Dispute agent").get(f"/disputes/case/{cases[0].pk}/change/").content.decode()
    form = client.get(link, follow=True)
    assert form.context["asked"].given["evses"] == "EM1"
    assert form.context["asked"].given["from"] == "2018-08-07T00:00"
    assert form.context["asked"].selection is None
