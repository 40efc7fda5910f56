"""The review queue in the portal: groups with their money, what each way would cost, deciding, confirming, who may."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.review_models import CheckSettings, HeldDecision
from chargebill.core import jobs
from chargebill.core.models import LegalEntity, User
from chargebill.core.roles import ADMINISTRATOR, ANALYST, AUDITOR, BILLING_CLERK, FINANCE, ROLES
from tests.gate.conftest import own, pk, places
from tests.portal.test_parallel_month import words

WRONG = {"end": "10:03", "energy_kwh": "36.9"}


@pytest.fixture
def signed(staff: Callable[[str], User]) -> Callable[[str], Client]:
    def of(role: str) -> Client:
        client = Client()
        client.force_login(staff(role))
        return client

    return of


def queue(client: Client, url: str = "/review/") -> str:
    response = client.get(url)
    assert response.status_code == 200
    return words(response.content.decode())


def group_of(entity: LegalEntity, reason: str = "D7", state: str = "HELD") -> str:
    return f"/review/group/?entity={entity.pk}&state={state}&reason={reason}"


def post(client: Client, entity: LegalEntity, **more: Any) -> str:
    data = {"entity": entity.pk, "way": "RELEASE", "reason": "Asked the driver", "back": "/review/", **more}
    response = client.post("/review/decide/", data, follow=True)
    return " ".join(map(str, response.context["messages"]))


def test_an_empty_queue_says_so(priced_entity: LegalEntity, signed: Any) -> None:
    assert "Nothing waits for you" in queue(signed(BILLING_CLERK))
    assert "Nothing was decided yet" in queue(signed(BILLING_CLERK), "/review/history/")


def test_groups_show_the_money_at_stake(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    bring(own("a", **WRONG), own("b", day="07", **WRONG), own("good", day="08"))
    text = queue(signed(BILLING_CLERK))
    assert "2 held, GBP 29.58 at stake" in text
    assert "More energy than the connector can give D7 pan_tool Held 2 GBP 29.58 Look and decide" in text
    assert "Ready to bill" not in text


def test_a_group_says_what_is_wrong_and_what_each_way_would_cost(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    bring(own("a", **WRONG, meter_start_kwh="100", meter_stop_kwh="101.5"))
    text = queue(signed(BILLING_CLERK), group_of(priced_entity))
    assert "The meter shows 738 kW on a 22 kW connector (36.9 kWh in 3 min) D7" in text
    assert "36.9 kWh would be billed, but the meter counted 1.5 kWh. D6" in text.replace("kWh D6", "kWh. D6")
    # 1.5 * 0.40 + 0.03; energy off: 0.03; time off: 14.76.
    assert (
        "Use another reading (1.500 kWh): GBP 0.63 Waive: energy: GBP 0.03 Waive: charging time: GBP 14.76 Drop: GBP 0.00" in text
    )


def test_ticked_sessions_are_decided_and_the_rest_stays(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    bring(own("a", **WRONG), own("b", day="07", **WRONG))
    said = post(signed(BILLING_CLERK), priced_entity, session_id=[pk("a")], way="WAIVE:ENERGY")
    assert said == "Waive: 1 session decided."
    assert places() == {"a": ("READY", ""), "b": ("HELD", "D7")}
    assert "Waive: energy D7 1 GBP 14.79 Asked the driver billing-clerk" in queue(signed(AUDITOR), "/review/history/")


def test_a_whole_group_is_decided_as_it_was_shown(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    bring(own("a", **WRONG))
    clerk = signed(BILLING_CLERK)
    page = clerk.get(group_of(priced_entity))
    whole = {"scope": "all", "state": "HELD", "reason_code": "D7", "sign": page.context["sign"]}
    bring(own("b", day="07", **WRONG), name="second.csv")
    assert "The group changed since you opened it" in post(clerk, priced_entity, **whole)
    assert places() == {"a": ("HELD", "D7"), "b": ("HELD", "D7")}
    whole["sign"] = clerk.get(group_of(priced_entity)).context["sign"]
    assert post(clerk, priced_entity, **whole, way="DROP") == "Drop: 2 sessions decided."
    assert places() == {"a": ("DROPPED", "decided"), "b": ("DROPPED", "decided")}
    assert "Nothing to decide here" in queue(clerk, group_of(priced_entity))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "Tick the sessions it is about"),
        ({"session_id": ["x"]}, "Tick the sessions it is about"),
        ({"session_id": ["1"], "way": "BURN"}, "Choose what to do"),
        ({"session_id": ["1"], "way": "WAIVE"}, "Choose which part"),
        ({"session_id": ["999999"]}, "Somebody has decided about these sessions already"),
    ],
)
def test_wrong_input_is_told_and_changes_nothing(
    priced_entity: LegalEntity, bring: Any, signed: Any, more: dict[str, Any], said: str
) -> None:
    bring(own("a", **WRONG))
    assert said in post(signed(BILLING_CLERK), priced_entity, **more)
    assert "Say why" in post(signed(BILLING_CLERK), priced_entity, session_id=[pk("a")], reason=" ")
    assert places() == {"a": ("HELD", "D7")}


def test_a_refusal_keeps_what_was_ticked_and_written(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    bring(own("a", **WRONG), own("b", day="07", **WRONG))
    client, back = signed(BILLING_CLERK), group_of(priced_entity)
    data = {"entity": priced_entity.pk, "session_id": [pk("b")], "way": "DROP", "reason": "<i>" + "x" * 400, "back": back}
    html = client.post(reverse("admin:review_decide"), {**data, "way": "BURN"}, follow=True).content.decode()
    assert 'aria-label="Session b" checked' in html
    assert 'aria-label="Session a">' in html
    assert f'value="&lt;i&gt;{"x" * 297}"' in html
    page = client.post(reverse("admin:review_decide"), {**data, "reason": "", "scope": "all", "sign": "old"}, follow=True)
    assert (page.context["chosen"], page.context["for_all"]) == ("DROP", True)
    # The address it came back to is not added to time and again.
    again = client.post(
        reverse("admin:review_decide"),
        {**data, "way": "", "back": page.request["PATH_INFO"] + "?" + page.request["QUERY_STRING"]},
    )
    assert again["Location"].count("ticked=") == again["Location"].count("why=") == 1


def test_a_second_person_confirms_in_the_queue(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    CheckSettings.objects.create(entity=priced_entity, four_eyes_above=Decimal(10))
    bring(own("a", **WRONG))
    clerk, finance = signed(BILLING_CLERK), signed(FINANCE)
    assert "takes a second person" in post(clerk, priced_entity, session_id=[pk("a")])
    assert "Waiting for a second person" in queue(clerk)
    url = f"/review/confirm/{HeldDecision.objects.get().pk}/"
    assert clerk.post(url, {"answer": "confirm"}).status_code == 403
    assert places() == {"a": ("HELD", "D7")}
    assert "Confirm Asked the driver" in queue(finance)
    finance.post(url, {"answer": "confirm"})
    assert places() == {"a": ("READY", "")}


def test_who_may_look_and_who_may_decide(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    bring(own("a", **WRONG))
    deciding, looking = set(), set()
    for role in (ADMINISTRATOR, *ROLES):
        client = signed(role)
        if client.get("/review/").status_code == 200 and client.get(group_of(priced_entity)).status_code == 200:
            looking.add(role)
        if client.post("/review/decide/", {"entity": priced_entity.pk}).status_code != 403:
            deciding.add(role)
    assert looking == {ADMINISTRATOR, *ROLES}
    assert deciding == {ADMINISTRATOR, BILLING_CLERK}
    assert "A Billing clerk or an Administrator decides" in queue(signed(ANALYST), group_of(priced_entity))
    assert Client().get("/review/").status_code == 302


def test_what_lacks_a_price_has_its_way_out(entity: LegalEntity, bring: Any, signed: Any) -> None:
    bring(own("a"))
    page = signed(ADMINISTRATOR).get("/review/").content.decode()
    assert f'<a class="cb-link" href="{reverse("admin:no_price")}">Assign a tariff</a>' in page
    text = queue(signed(BILLING_CLERK), group_of(entity, "no_tariff", "UNPRICED"))
    assert "No tariff is assigned to this driver at this place" in text
    assert "Drop It is never billed." in text
    assert "Release" not in text


def test_the_page_of_a_session_says_what_is_wrong_and_decided(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    bring(own("a", **WRONG))
    clerk = signed(BILLING_CLERK)
    url = f"/stations/session/{pk('a')}/change/"
    text = queue(clerk, url)
    assert "The meter shows 738 kW on a 22 kW connector (36.9 kWh in 3 min) D7" in text
    assert "Decide about it" in text
    assert "Decide about session a" in queue(clerk, f"/review/session/{pk('a')}/")
    post(clerk, priced_entity, session_id=[pk("a")], session="1")
    text = queue(clerk, url)
    assert "What people decided Release : Asked the driver" in text.replace("Release:", "Release :")
    assert "Decide about it" not in text


def test_the_queue_and_a_group_take_the_same_queries_for_many(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    clerk = signed(BILLING_CLERK)

    def queries() -> tuple[int, int]:
        counts = []
        for url in ("/review/", group_of(priced_entity)):
            clerk.get(url)
            with CaptureQueriesContext(connection) as captured:
                clerk.get(url)
            counts.append(len(captured))
        return counts[0], counts[1]

    bring(own("a", **WRONG), own("b", day="07", **WRONG))
    few = queries()
    bring(*(own(f"m{n}", connector=str(n + 2), **WRONG) for n in range(45)), name="more.csv")
    assert queries() == few


def test_thresholds_are_on_the_page_of_the_company_and_start_pricing(priced_entity: LegalEntity, bring: Any, signed: Any) -> None:
    from tests.test_company_forms import values

    bring(own("a", **WRONG))
    names = [f.name for f in CheckSettings._meta.fields if f.name not in ("entity", "four_eyes_above")]
    settings = {f"check_settings-0-{name}": CheckSettings._meta.get_field(name).default for name in names}
    settings |= {
        "check_settings-0-power_factor": "40",
        "check_settings-0-four_eyes_above": "100",
        "check_settings-TOTAL_FORMS": "1",
    }
    data = values(priced_entity, **settings, **{"check_settings-0-entity": priced_entity.pk, "billing_from": "2018-01-01"})
    page = signed(FINANCE).post(reverse("admin:core_legalentity_change", args=[priced_entity.pk]), data, follow=True)
    assert "priced anew, because the checks of Tayside Charging changed" in " ".join(map(str, page.context["messages"]))
    stored = CheckSettings.objects.get()
    assert (stored.power_factor, stored.four_eyes_above) == (Decimal(40), Decimal(100))
    jobs.run_here(jobs.Job.objects.get(kind="price"))
    assert places() == {"a": ("READY", "")}
