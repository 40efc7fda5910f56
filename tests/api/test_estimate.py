"""POST estimate: what a session would cost at a connector, by a tariff, by a document; and why not."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Assignment, Cdr, Chargeable, Tariff, TariffVersion, TaxRule
from chargebill.core.models import AuditEvent, LegalEntity
from memberships.models import Customer, Token
from stations.models import Connector, Evse, Location, Session
from tests.api.conftest import AT
from tests.portal.network import MEMBER_TOKEN

# Signing in, counting, the connector, versions, trusted sources, assignments, taxes, the version chosen, its assignment.
QUERIES = 9
NIGHT = [
    {
        "price_components": [{"type": "ENERGY", "price": "0.30"}],
        "restrictions": {"start_time": "22:00", "end_time": "06:00"},
    },
    {"price_components": [{"type": "ENERGY", "price": "0.60"}, {"type": "PARKING_TIME", "price": "6.00"}]},
]
# 21:30 in Berlin for two hours: half an hour by day, an hour and a half by night.
EVENING = {"start": "2026-09-06T19:30:00Z", "end": "2026-09-06T21:30:00Z", "energy_kwh": "20"}
DOCUMENT = {"id": "T1", "currency": "EUR", "elements": NIGHT}


@pytest.fixture
def connector(company):
    location = Location.objects.create(entity=company, code="KAI", name="Am Kai", country="DE", time_zone="Europe/Berlin")
    evse = Evse.objects.create(entity=company, location=location, uid="E1")
    return Connector.objects.create(evse=evse, number="1", rated_kw=Decimal(22))


def night_owl(entity, **more):
    tariff = Tariff.objects.create(entity=entity, name="Night owl", currency="EUR")
    arguments = {"state": "ACTIVE", "activated_at": AT, "tax_included": "YES", "elements": NIGHT, "created_at": AT, **more}
    return TariffVersion.objects.create(tariff=tariff, number=1, **arguments)


def told(program, **wanted):
    answer = program("estimate").post("estimate", {**EVENING, **wanted})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(program, status, **wanted):
    body = {name: value for name, value in {**EVENING, **wanted}.items() if value is not ...}
    answer = program("estimate").post("estimate", body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"code", "where", "message"}
    return error


def test_what_a_session_at_a_connector_would_cost(program, connector):
    answer = told(program, connector=connector.pk, charging_s=3600)
    # 20 kWh at 0.49 are 9.80, 3600 idle seconds at 0.02 a minute are 1.20; 11.00 hold 19 % of tax: 9.2437 net.
    assert (answer["currency"], answer["net"], answer["tax"], answer["gross"]) == ("EUR", "9.24", "1.76", "11.00")
    assert answer["anchor"] == "GROSS"
    assert [(line["dimension"], line["billed"], line["gross"], line["tax_code"]) for line in answer["lines"]] == [
        ("ENERGY", "20", "9.80", "DE19"),
        ("PARKING_TIME", "3600", "1.20", "DE19"),
    ]
    assert (answer["tariff"]["name"], answer["tariff"]["version"]) == ("Standard", 1)
    assert answer["assignment_id"] == Assignment.objects.get().pk
    assert (answer["customer_kind"], answer["customer"], answer["time_zone"]) == ("AD_HOC", None, "Europe/Berlin")
    assert answer["why"] == [
        "“Standard” v1 applies to everyone at every place of Stadtwerke Nord (no closer rule for this driver).",
        "No token is given, so ad hoc.",
        "Tax: DE19 19 %, the company's tax rules on 6 Sep 2026, the day it ends.",
    ]
    assert answer["notes"] == ["The source gives totals only: charging came first, then the car stood idle."]


def test_an_estimate_is_what_a_session_then_costs(program, network):
    asked = program("estimate")
    compared = 0
    for session in Session.objects.select_related("chargeable__cdr").order_by("pk")[:40]:
        wanted = {
            "connector": session.connector_id,
            "start": session.started_at.isoformat(),
            "end": session.ended_at.isoformat(),
            "energy_kwh": str(session.energy_kwh),
            "charging_s": session.charging_s,
            **({"token": session.token_uid} if session.token_uid else {}),
        }
        answer = asked.post("estimate", wanted).json()
        cdr = session.chargeable.cdr
        got = (answer["net"], answer["tax"], answer["gross"], answer["tariff"]["version"], answer["customer_kind"])
        assert got == (*(f"{v:.2f}" for v in (cdr.net_amount, cdr.tax_amount, cdr.gross_amount)), 1, cdr.customer_kind)
        assert Decimal(answer["exact_gross"]).quantize(Decimal("1e-9")) == pytest.approx(cdr.exact_gross, abs=Decimal("1e-8"))
        compared += 1
    assert compared == 40


def test_the_token_decides_who_pays_and_by_which_rule(program, connector, company):
    version = night_owl(company)
    hanna = Customer.objects.get(name="Hanna Petersen")
    rule = Assignment.objects.create(entity=company, tariff=version.tariff, customer=hanna, created_at=AT)
    firm = Customer.objects.create(entity=company, kind="BUSINESS", number="F1", name="Firm")
    Token.objects.create(entity=company, uid="FIRM", customer=firm)

    answer = told(program, connector=connector.pk, token=MEMBER_TOKEN)
    assert (answer["tariff"]["name"], answer["assignment_id"]) == ("Night owl", rule.pk)
    assert answer["customer"] == {"id": hanna.pk, "number": "K1001"}
    assert answer["why"][0] == (
        "“Night owl” v1 applies to customer Customer K1001 at every place of Stadtwerke Nord (no closer rule for this member)."
    )
    assert answer["why"][1] == f"Token {MEMBER_TOKEN}: Customer K1001 (member)."
    assert "Petersen" not in str(answer)
    # Businesses pay net, rounded first: 9.80 incl. 19 % are 8.2353 net.
    assert [told(program, connector=connector.pk, token="FIRM")[side] for side in ("anchor", "net", "tax", "gross")] == [
        "NET",
        "8.24",
        "1.57",
        "9.81",
    ]
    assert told(program, connector=connector.pk, token="NOBODY")["why"][1] == "Nobody is known by this token, so ad hoc."


@pytest.mark.parametrize(
    ("spanning", "gross"),
    # 20 kWh: all at 0.60; all at 0.30; 5 at 0.60 and 15 at 0.30.
    [(None, "12.00"), ("START", "12.00"), ("CHEAPEST", "6.00"), ("SPLIT", "7.50")],
)
def test_a_price_that_changes_meanwhile_counts_as_asked(program, connector, company, spanning, gross):
    version = night_owl(company)
    more = {"spanning": spanning} if spanning else {}
    assert told(program, connector=connector.pk, tariff=version.tariff_id, **more)["gross"] == gross
    document = told(program, document=DOCUMENT, time_zone="Europe/Berlin", **more)
    assert (document["gross"], document["tariff"], document["time_zone"]) == (gross, None, "Europe/Berlin")


def test_without_a_word_the_companys_policy_counts(program, connector, company):
    version = night_owl(company)
    LegalEntity.objects.update(spanning_policy="CHEAPEST")
    answer = told(program, connector=connector.pk, tariff=version.tariff_id)
    assert answer["gross"] == "6.00"
    assert "Each part of the price is the cheapest that applied while the session lasted." in answer["notes"]


def test_a_named_tariff_needs_no_place_and_may_be_a_draft(program, company):
    version = night_owl(company)
    draft = TariffVersion.objects.create(
        tariff=version.tariff, number=2, tax_included="NO", elements=NIGHT[1:], min_price=Decimal(20), created_at=AT
    )
    in_force = told(program, tariff=version.tariff_id)
    assert (in_force["tariff"]["version"], in_force["gross"], in_force["assignment_id"]) == (1, "12.00", None)
    assert in_force["why"][0] == "“Night owl” v1, as asked for."
    later = told(program, tariff=version.tariff_id, version=draft.number)
    # 20 kWh at 0.60 and nothing idle are 12.00; 8.00 more make the minimum, before tax.
    assert [(line["dimension"], line["unit"], line["net"]) for line in later["lines"]] == [
        ("ENERGY", "kWh", "12.00"),
        ("MIN_PRICE", None, "8.00"),
    ]
    assert (later["net"], later["tax"], later["gross"]) == ("20.00", "3.80", "23.80")


def test_a_document_keeps_what_nobody_can_know_as_null(program):
    elements = [{"price_components": [{"type": "ENERGY", "price": 0.25, "step_size": 1}]}]
    unknown = told(program, document={"currency": "USD", "elements": elements, "tax_included": "NO"})
    assert (unknown["net"], unknown["tax"], unknown["gross"], unknown["exact_gross"]) == ("5.00", None, None, None)
    assert (unknown["lines"][0]["net"], unknown["lines"][0]["gross"]) == ("5.00", None)
    with_tax = [{"price_components": [{"type": "ENERGY", "price": "25.5", "vat": 10}]}]
    yen = told(program, document={"currency": "JPY", "elements": with_tax})
    assert (yen["net"], yen["tax"], yen["gross"], yen["anchor"]) == ("510", "51", "561", "OCPI")


def test_nothing_is_stored(program, connector):
    asked = program("estimate")

    def rows():
        return [model.objects.count() for model in (Session, Cdr, Chargeable, AuditEvent, TariffVersion)]

    before = rows()
    assert asked.post("estimate", {**EVENING, "connector": connector.pk}).status_code == 200
    assert rows() == before


def test_an_estimate_takes_so_many_queries(program, connector):
    asked = program("estimate")
    with CaptureQueriesContext(connection) as captured:
        assert asked.post("estimate", {**EVENING, "connector": connector.pk}).status_code == 200
    assert len(captured) == QUERIES


def test_why_there_is_no_price(program, connector, company):
    TaxRule.objects.all().delete()
    assert refused(program, 409, connector=connector.pk)["code"] == "no_tax_rule"
    Assignment.objects.all().delete()
    error = refused(program, 409, connector=connector.pk)
    assert (error["code"], error["message"]) == (
        "no_tariff",
        "No tariff is assigned to this driver at this place on the day it started.",
    )
    version = night_owl(company, valid_from=datetime(2026, 10, 1, tzinfo=UTC))
    assert refused(program, 409, tariff=version.tariff_id)["code"] == "no_version"
    Assignment.objects.create(entity=company, tariff=version.tariff, created_at=AT)
    assert refused(program, 409, connector=connector.pk)["code"] == "no_version"


def test_a_tariff_that_needs_a_clock_gets_none_made_up(program, company):
    version = night_owl(company)
    LegalEntity.objects.update(time_zone="")
    error = refused(program, 409, tariff=version.tariff_id)
    assert error["code"] == "time_zone_unknown"
    assert refused(program, 400, document=DOCUMENT)["code"] == "time_zone_unknown"


def test_an_evse_stands_for_its_only_connector(program, connector):
    assert told(program, evse="E1")["gross"] == "9.80"
    second = Connector.objects.create(evse=connector.evse, number="2")
    error = refused(program, 400, evse="E1")
    assert (error["code"], error["where"]) == ("evse_ambiguous", "evse")
    assert f"{connector.pk}, {second.pk}" in error["message"]


def test_another_company_is_as_if_it_were_not_there(program, connector, company):
    other = LegalEntity.objects.create(name="Other", country="DE", base_currency="EUR", time_zone="Europe/Berlin")
    theirs = night_owl(other)
    asked = program("estimate", entity=other)

    def code(**wanted):
        return asked.post("estimate", {**EVENING, **wanted}).json()["error"]["code"]

    assert code(connector=connector.pk) == "connector_unknown"
    assert code(evse="E1") == "evse_unknown"
    assert code(tariff=Tariff.objects.get(entity=company).pk) == "tariff_unknown"
    assert code(tariff=theirs.tariff_id) == "no_tax_rule"
    assert refused(program, 400, connector=connector.pk, tariff=theirs.tariff_id)["code"] == "other_company"


@pytest.mark.parametrize(
    ("wanted", "code", "where"),
    [
        ({}, "too_little", "connector"),
        ({"start": ...}, "required", "start"),
        ({"start": "soon"}, "invalid", "start"),
        ({"start": 5}, "invalid", "start"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "overflow", "start"),
        ({"start": "0001-01-01T00:00:00Z", "end": "0001-01-02T00:00:00Z"}, "out_of_range", "start"),
        ({"end": "2026-09-06T19:30:00Z"}, "end", "end"),
        ({"end": "2026-10-07T19:30:01Z"}, "end", "end"),
        ({"energy_kwh": ...}, "required", "energy_kwh"),
        ({"energy_kwh": -1}, "invalid", "energy_kwh"),
        ({"energy_kwh": "NaN"}, "invalid", "energy_kwh"),
        ({"energy_kwh": "sNaN"}, "invalid", "energy_kwh"),
        ({"energy_kwh": "Infinity"}, "invalid", "energy_kwh"),
        ({"energy_kwh": "1e999999999"}, "invalid", "energy_kwh"),
        ({"energy_kwh": 1000001}, "invalid", "energy_kwh"),
        ({"energy_kwh": True}, "invalid", "energy_kwh"),
        ({"energy_kwh": None}, "null", "energy_kwh"),
        ({"energy_kwh": [[]]}, "invalid", "energy_kwh"),
        ({"charging_s": 7201, "connector": 1}, "charging_s", "charging_s"),
        ({"charging_s": 1.5}, "invalid", "charging_s"),
        ({"connector": "x"}, "invalid", "connector"),
        ({"connector": 2**63}, "max_value", "connector"),
        ({"connector": 999}, "connector_unknown", "connector"),
        ({"evse": "a\0b"}, "null_characters_not_allowed", "evse"),
        ({"evse": "nowhere"}, "evse_unknown", "evse"),
        ({"connector": 1, "evse": "E1"}, "too_much", "evse"),
        ({"tariff": 999}, "tariff_unknown", "tariff"),
        ({"tariff": 1, "document": DOCUMENT}, "too_much", "document"),
        ({"version": 1, "connector": 1}, "too_little", "tariff"),
        ({"connector": 1, "time_zone": "Europe/Berlin"}, "too_much", "time_zone"),
        ({"document": DOCUMENT, "time_zone": "Berlin"}, "invalid", "time_zone"),
        ({"document": DOCUMENT, "token": "T1"}, "too_much", "token"),
        ({"document": [DOCUMENT]}, "invalid", "document"),
        ({"document": {"currency": "EUR"}}, "elements_missing", "document.elements"),
        ({"document": {**DOCUMENT, "elements": [{"price_components": [{"type": "ENERGY"}]}]}}, "price_missing", ""),
        ({"spanning": "LATER", "connector": 1}, "invalid_choice", "spanning"),
        ({"kwh": 5, "connector": 1}, "unknown_field", "kwh"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(program, wanted, code, where):
    error = refused(program, 400, **wanted)
    assert error["code"] == code
    assert error["where"] == (where or "document.elements[0].price_components[0].price")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "required"),
        (b"{", "bad_json"),
        (b"[]", "invalid"),
        (b'"text"', "invalid"),
        (b"null", "null"),
        (b"\xff\xfe", "bad_encoding"),
        (b'{"energy_kwh": NaN}', "bad_number"),
        (b'{"energy_kwh": -Infinity}', "bad_number"),
        (b'{"energy_kwh": ' + b"9" * 100_000 + b"}", "required"),
        (b'{"energy_kwh": 1e99999999999999999999}', "bad_number"),
        (b"[" * 100_000, "too_deep"),
        (b'{"document":' * 40 + b"1" + b"}" * 40, "too_deep"),
        (b'{"a\\u0000b": "\\ud800"}', "required"),
    ],
)
def test_a_body_that_is_no_such_json_is_refused(program, body, code):
    answer = program("estimate").post("estimate", body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == code


def test_too_much_and_the_wrong_kind_are_refused(program):
    asked = program("estimate")
    assert asked.post("estimate", b" " * (1024**2 + 1)).status_code == 413
    headers = {"Authorization": f"Bearer {asked.key}"}
    answer = asked.client.post("/api/v1/estimate", "a,b", content_type="text/csv", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_a_document_with_very_many_elements_is_priced_soon(program):
    many = [
        {
            "price_components": [{"type": "ENERGY", "price": "0.5"}],
            "restrictions": {"start_time": f"{n % 24:02}:{n % 60:02}", "end_time": f"{n % 24:02}:{n * 7 % 60:02}"},
        }
        for n in range(5000)
    ]
    end = (datetime(2026, 9, 1, tzinfo=UTC) + timedelta(days=31)).isoformat()
    started = datetime.now(UTC)
    told(
        program,
        document={"currency": "EUR", "elements": many},
        time_zone="Europe/Berlin",
        start="2026-09-01T00:00:00Z",
        end=end,
        spanning="SPLIT",
    )
    assert datetime.now(UTC) - started < timedelta(seconds=10)
