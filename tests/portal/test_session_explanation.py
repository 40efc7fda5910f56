"""What a session costs, on its page: every line, limits and caps, several taxes, price bands, the other system's amount."""

import re
from dataclasses import replace
from decimal import Decimal as D

import pytest
from django.test import Client

from billing import queries
from billing.models import Chargeable
from billing.queries import explain
from chargebill.core.models import LegalEntity
from chargebill.portal import session_price
from stations.models import Session
from tests.portal.night_owl import OWL, Night, component, tax_idle_time
from tests.portal.parallel_month import Bring, Reported, september


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def page(client: Client, session: Session) -> str:
    response = client.get(f"/stations/session/{session.pk}/change/")
    assert response.status_code == 200
    return response.content.decode()


def costs(client: Client, session: Session) -> str:
    text = words(page(client, session))
    return text[text.index("What it costs") : text.index("What happened")]


def test_each_price_band_is_a_line_with_its_time_on_the_places_clock(night: Night, signed_in: Client) -> None:
    text = costs(signed_in, night())

    assert "Start fee 1 1 0.35 EUR/session 19 % 0.35" in text
    assert "Energy 6 Sep 23:55 – 7 Sep 03:57 CEST 22:00-07:00 22.287 kWh 22.287 kWh 0.384 EUR/kWh 19 % 8.56" in text
    assert "Idle time 7 Sep 03:57 – 07:00 CEST 22:00-07:00 3 h 03 min 2 h 03 min free 19 % 0.00" in text
    assert "Idle time 7 Sep 07:00 – 09:03 CEST 2 h 03 min 2 h 03 min 0.04 EUR/min 19 % 4.92" in text
    # 0.35 + 8.558208 + 4.92 = 13.828208
    assert "Total incl. VAT EUR 13.83 of which VAT 19 %: 2.21 on 11.62 net" in text
    assert "Energy is spread over time as the meter&#x27;s readings say." in text


def test_several_taxes_are_each_said_and_add_up(night: Night, company: LegalEntity, signed_in: Client) -> None:
    tax_idle_time(company)
    session = night()
    text = costs(signed_in, session)

    assert "of which VAT 19 %: 1.42 on 7.49 net VAT 7 %: 0.32 on 4.60 net" in text
    cdr = Chargeable.objects.get(pk=session.pk).cdr
    assert cdr.tax_rate is None
    assert (cdr.tax_amount, cdr.net_amount) == (D("1.74"), D("12.09"))


def test_a_cap_and_a_limit_are_lines_of_their_own(night: Night, signed_in: Client) -> None:
    text = costs(signed_in, night(replace(OWL, parking_cap=D("3"), max_price=D("10"))))

    assert "Cap on idle time Idle time costs no more than this in one session. 19 % -1.92" in text
    assert "Maximum price A session costs no more than this. 19 % -1.91" in text
    assert "Total incl. VAT EUR 10.00" in text


def test_a_minimum_is_a_line_of_its_own(night: Night, signed_in: Client) -> None:
    only_energy = replace(OWL, elements=[{"price_components": [component("ENERGY", "0.1")]}], min_price=D("5"))
    text = costs(signed_in, night(only_energy))

    assert "Minimum price A session costs at least this much. 19 % 2.77" in text
    assert "Total incl. VAT EUR 5.00" in text


def test_seconds_that_are_billed_are_shown(night: Night, signed_in: Client) -> None:
    by_hour = replace(OWL, elements=[{"price_components": [component("TIME", "1", step=1)]}], grace_minutes=0)
    text = costs(signed_in, night(by_hour, readings=False, charging_s=3605))

    assert "Charging time 1 h 5 s 1 h 5 s 1.00 EUR/h 19 % 1.00" in text


def test_the_price_bands_stand_behind_the_power(night: Night, signed_in: Client) -> None:
    html = page(signed_in, night())

    # Three readings, two steps: the night price in the first, then idle, free until 07:00 (3 h 03 of 5 h 06).
    assert '"bands": [{"from": 0.0, "to": 1.0, "label": "0.384 EUR/kWh"}, {"from": 1.0, "to": 1.598' in html
    assert '"label": "idle free"}, {"from": 1.598' in html
    assert '"to": 2.0, "label": "idle 0.04 EUR/min"}]' in html
    assert '"beside": ["0.384 EUR/kWh", "idle free", "idle 0.04 EUR/min"]' in html
    assert "Behind the line: the price that applied." in html


def test_one_price_is_no_band(night: Night, signed_in: Client) -> None:
    html = page(signed_in, night(replace(OWL, elements=[{"price_components": [component("ENERGY", "0.39")]}])))

    assert "Power over time" in html
    assert "Behind the line" not in html


def test_a_side_nobody_knows_is_said_to_be_not_known(night: Night) -> None:
    session = night()
    explanation = explain(session)
    assert explanation.cdr is not None
    nobody_knows = [replace(line, gross=None, tax=None, tax_rate=None) for line in explanation.lines]
    (first, *_) = session_price.lines(nobody_knows, explanation.cdr, session, "Europe/Berlin")

    assert (first.amount, first.tax) == ("not known", "–")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        ("0.384", "kWh", "0.384 GBP/kWh"),
        ("0.5", "kWh", "0.50 GBP/kWh"),
        ("0.04", "s", "0.04 GBP/min"),
        ("0.0166666666667", "s", "1.00 GBP/h"),
        ("0.00833333333333", "s", "0.50 GBP/h"),
        ("0.35", "session", "0.35 GBP/session"),
        ("0", "s", "free"),
    ],
)
def test_a_unit_price_has_all_its_digits_and_no_more(value: str, unit: str, text: str) -> None:
    assert session_price.unit_price(D(value), unit, "GBP") == text


def test_lines_that_do_not_give_the_stored_price_are_not_trusted(
    night: Night, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = night()
    real = queries.recomputed
    monkeypatch.setattr(queries, "recomputed", lambda s, c: replace(real(s, c), gross=D("1.00")))
    assert "The stored price stands; tell your administrator." in words(page(signed_in, session))


def test_the_amount_of_the_other_system_stands_beside(bring_amounts: Bring, signed_in: Client) -> None:
    rows = september()
    bring_amounts([rows[0], rows[12]])
    differs, same = (words(page(signed_in, Session.objects.get(external_id=row.number))) for row in (rows[12], rows[0]))

    reported, ours = rows[12].amount, rows[12].ours
    assert f"Reported EUR {reported:.2f} Our price EUR {ours:.2f} Difference +{ours - (reported or 0):.2f}" in differs
    assert "Why amounts differ in September 2026" in differs
    assert f"Reported EUR {rows[0].ours:.2f} Our price EUR {rows[0].ours:.2f} Difference none" in same
    assert "Why amounts differ" not in same


def test_a_collected_session_shows_what_our_tariff_would_have_asked(bring_amounts: Bring, signed_in: Client) -> None:
    row = september()[12]
    bring_amounts([row], mode="collected")
    text = costs(signed_in, Session.objects.get(external_id=row.number))

    assert "As reported by the system that took the money." in text
    assert "Our price, line by line" in text
    assert f"Energy {row.kwh:.3f} kWh {row.kwh:.3f} kWh 0.49 EUR/kWh 19 %" in text


def test_a_session_without_a_price_leads_to_what_is_missing(bring_amounts: Bring, signed_in: Client) -> None:
    row: Reported = september()[0]
    bring_amounts([row])
    session = Session.objects.get(external_id=row.number)
    for reason, link in (("no_version", "Open the tariffs"), ("tariff_unknown", "Open the tariffs")):
        Chargeable.objects.update(state="UNPRICED", reason=reason, cdr=None)
        assert link in page(signed_in, session)
    Chargeable.objects.update(state="HELD", reason="spans_price_change", cdr=None)
    assert "Open Stadtwerke Nord" in page(signed_in, session)
