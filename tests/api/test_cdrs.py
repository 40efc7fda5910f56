"""GET cdrs and cdrs/{id}: every price there was, and for the current one why."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Cdr, Chargeable
from billing.operations import set_tariff
from chargebill import pipeline
from chargebill.core import jobs
from chargebill.core.models import LegalEntity
from memberships.models import Customer, CustomerKind
from tests import rows
from tests.portal.network import MEMBER_TOKEN

# The token, its use in this minute, the page.
QUERIES = 3
AT = datetime(2026, 11, 2, 12, tzinfo=UTC)


def again(cdr, **changes):
    """The next version of a price, not the current one."""
    version = cdr.version + 1
    newer = Cdr(**{f.attname: getattr(cdr, f.attname) for f in Cdr._meta.concrete_fields if not f.primary_key})
    for name, value in {"version": version, **changes}.items():
        setattr(newer, name, value)
    newer.save(force_insert=True)
    return newer


def lines_of(told):
    return [
        (
            line["dimension"],
            line["measured"],
            line["unit"],
            line["unit_price"],
            line["unit_price_per"],
            line["net"],
            line["gross"],
        )
        for line in told["explanation"]["lines"]
    ]


def test_a_price_explains_itself_and_adds_up(program, network, session_of):
    session = session_of("900002")
    cdr = session.chargeable.cdr
    told = program("prices:read").get(f"cdrs/{cdr.pk}").json()

    assert told["session"] == {
        "id": session.pk,
        "external_id": "900002",
        "started_at": "2026-09-30T21:00:00Z",
        "ended_at": "2026-09-30T21:59:59Z",
        "energy_kwh": "10",
    }
    # 10 kWh at 0.49 is 4.90; 2999 idle seconds at 0.02 a minute are 0.99967. 5.89967 holds 19 % of tax: 4.95770 net.
    assert (told["currency"], told["net"], told["tax"], told["gross"], told["anchor"]) == ("EUR", "4.96", "0.94", "5.90", "GROSS")
    assert told["parts"] == {
        "fixed": "0.00",
        "energy": "4.90",
        "time": "0.00",
        "parking": "1.00",
        "reservation": "0.00",
        "limit": "0.00",
    }
    assert (told["exact_gross"][:8], told["exact_net"][:7]) == ("5.899666", "4.95770")
    assert (told["tax_rate"], told["tax_code"], told["customer"], told["customer_kind"]) == ("19", "DE19", None, "AD_HOC")
    assert (told["tariff"]["name"], told["tariff"]["version"]) == ("Standard", 1)
    assert (told["version"], told["current"], told["state"], told["state_reason"]) == (1, True, "READY", None)
    assert told["explanation"]["agrees"] is True
    assert lines_of(told) == [
        ("ENERGY", "10", "kWh", "0.49", "kWh", "4.12", "4.90"),
        ("PARKING_TIME", "2999", "s", "0.02", "min", "0.84", "1.00"),
    ]
    for side in ("net", "tax", "gross"):
        assert sum(Decimal(line[side]) for line in told["explanation"]["lines"]) == Decimal(told[side])
    assert {line["currency"] for line in told["explanation"]["lines"]} == {"EUR"}
    assert any("Standard" in sentence for sentence in told["explanation"]["why"])


def test_a_price_names_the_customer_by_number_only(program, network):
    cdr = Cdr.objects.filter(session__token_uid=MEMBER_TOKEN).first()
    answer = program("prices:read").get(f"cdrs/{cdr.pk}")
    told = answer.json()
    assert told["customer"] == {"id": cdr.customer_id, "number": "K1001"}
    assert told["customer_kind"] == "MEMBER"
    assert any("Customer K1001" in sentence for sentence in told["explanation"]["why"])
    assert "Petersen" not in answer.text


def test_a_price_that_was_replaced_is_kept_without_an_explanation(program, network, session_of):
    session = session_of("900002")
    old = session.chargeable.cdr
    set_tariff(
        entity=session.entity,
        name="Standard",
        currency="EUR",
        tax_included=True,
        start_fee=Decimal(1),
        energy_per_kwh=None,
        charging_per_minute=None,
        idle_per_minute=None,
        valid_from=None,
        actor=None,
        at=AT,
    )
    jobs.run_here(pipeline.create_pricing(entity=session.entity, actor=None, key="again"))
    new = Chargeable.objects.get(pk=session.pk).cdr
    asked = program()

    was, now = asked.get(f"cdrs/{old.pk}").json(), asked.get(f"cdrs/{new.pk}").json()
    assert (was["version"], was["current"], was["gross"], was["explanation"]) == (1, False, "5.90", None)
    assert (now["version"], now["current"], now["gross"]) == (2, True, "1.00")
    assert lines_of(now) == [("FLAT", "1", "session", "1", "session", "0.84", "1.00")]
    assert [cdr["id"] for cdr in asked.all("cdrs", session=session.pk)] == [old.pk, new.pk]
    assert [cdr["id"] for cdr in asked.all("cdrs", session=session.pk, current="true")] == [new.pk]
    assert [cdr["id"] for cdr in asked.all("cdrs", session=session.pk, current="false")] == [old.pk]


def test_what_another_system_took_is_told_beside_our_own_price(program):
    (session,) = rows.priced_sessions(1)
    again(session.cdrs.get(), priced_gross_amount=Decimal("3.5"), tariff_version=None, notes="a b")
    asked = program("prices:read")
    computed, reported = asked.get("cdrs", session=session.pk).json()["results"]
    assert (computed["priced_gross"], computed["tariff"]["name"], computed["notes"]) == (None, "Standard", [])
    assert (reported["priced_gross"], reported["tariff"], reported["notes"]) == ("3.50", None, ["a", "b"])


def test_filters_find_exactly_what_they_say(program):
    sessions = rows.priced_sessions(12)
    who = Customer.objects.create(entity=sessions[0].entity, name="Hanna")
    cdrs = [session.cdrs.get() for session in sessions]
    cdrs.append(again(cdrs[2], customer=who, customer_kind=CustomerKind.MEMBER, created_at=AT))
    Chargeable.objects.filter(pk=sessions[3].pk).update(state="HELD", reason="no_tax_rule")
    asked = program()

    def ids(**query):
        return [cdr["id"] for cdr in asked.all("cdrs", **query)]

    every = [cdr.pk for cdr in cdrs]
    assert ids(limit=5) == every
    assert ids(customer=who.pk) == [cdrs[12].pk]
    assert ids(state="HELD") == [cdrs[3].pk]
    assert ids(created_from="2026-11-02T12:00:00Z") == [cdrs[12].pk]
    assert ids(created_before="2026-11-02T12:00:00Z") == every[:12]
    assert ids(ended_from="2026-03-02T13:10:00Z") == every[10:12]
    assert ids(ended_before="2026-03-02T13:10:00Z") == [*every[:10], every[12]]
    assert ids(current="false") == [every[12]]
    assert ids(location=sessions[1].location.code) == [cdrs[1].pk, cdrs[11].pk]
    assert ids(tariff=cdrs[0].tariff_version.tariff_id) == every
    assert ids(tariff=cdrs[0].tariff_version.tariff_id + 1) == []
    assert ids(entity=sessions[0].entity_id + 1) == []


def test_a_page_takes_the_same_queries_for_ten_prices_and_for_hundreds(program):
    asked = program("prices:read")
    for number in (10, 300):
        rows.priced_sessions(number)
        with CaptureQueriesContext(connection) as captured:
            answer = asked.get("cdrs", limit=500)
        assert len(answer.json()["results"]) == number
        assert QUERIES - 1 <= len(captured) <= QUERIES


def test_a_token_of_one_company_sees_no_other(program):
    (session,) = rows.priced_sessions(1)
    cdr = session.cdrs.get()
    stranger = program(entity=LegalEntity.objects.create(name="Other"))
    assert stranger.all("cdrs") == []
    assert stranger.get(f"cdrs/{cdr.pk}").status_code == 404
    assert program(entity=session.entity).get(f"cdrs/{cdr.pk}").json()["id"] == cdr.pk
