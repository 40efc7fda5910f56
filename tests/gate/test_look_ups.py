"""What is beside a session is found through the indexes: on one connector, of one token, with one reference."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from billing.models import Chargeable
from billing.review import groups
from chargebill.core.models import LegalEntity
from stations.models import Session
from tests.gate.conftest import own


@pytest.mark.sqlite
def test_what_is_beside_a_session_is_looked_up_by_connector_token_and_reference(priced_entity: LegalEntity, bring: Any) -> None:
    """A look-up that reads all of a company's sessions for each new one costs minutes from 20,000 sessions on."""
    rows = [own("a", token="T1", payment_reference="P1"), own("b", day="07", connector="2", token="T2", payment_reference="P2")]
    with CaptureQueriesContext(connection) as seen:
        bring(*rows)
    table = Session._meta.db_table
    asked = [query["sql"] for query in seen if query["sql"].startswith(f'SELECT a.id, b.id FROM "{table}"')]
    asked += [query["sql"] for query in seen if query["sql"].startswith("SELECT") and '"payment_reference" IN' in query["sql"]]
    with connection.cursor() as cursor:
        found = []
        for sql in asked:
            cursor.execute("EXPLAIN QUERY PLAN " + sql)
            found.append(cursor.fetchall()[-1][-1])
    connector, days, token, reference = found
    assert "(connector_id=? AND started_at>? AND started_at<?)" in connector
    assert "session_longer_than_a_day (connector_id=? AND started_at<?)" in days
    assert "session_token_start (token_uid=? AND started_at>? AND started_at<?)" in token
    assert "session_payment_reference (payment_reference=?)" in reference


@pytest.mark.sqlite
def test_what_waits_is_found_by_its_state(priced_entity: LegalEntity, bring: Any) -> None:
    """Asked by company, all of its sessions were read for what waits: the Overview took longer with every session."""
    bring(own("wrong", end="10:03", energy_kwh="36.9"), own("right", day="07"))
    with CaptureQueriesContext(connection) as seen:
        (group,) = groups(priced_entity)
    assert (group.reason, group.sessions, group.amounts) == ("D7", 1, {"GBP": Decimal("14.79")})
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + seen[0]["sql"])
        first = cursor.fetchall()[0][-1]
    assert first.startswith("SEARCH billing_chargeable USING INDEX billing_cha_state")


def test_what_waits_at_another_company_is_left_out(priced_entity: LegalEntity, bring: Any) -> None:
    bring(own("wrong", end="10:03", energy_kwh="36.9"))
    other = LegalEntity.objects.create(name="Other", country="GB", base_currency="GBP", time_zone="Europe/London")
    assert groups(other) == []
    assert [group.entity_id for group in groups()] == [priced_entity.pk]


def test_a_reference_of_another_company_is_no_doubt(priced_entity: LegalEntity, bring: Any) -> None:
    bring(own("theirs", payment_reference="P1"))
    other = LegalEntity.objects.create(name="Other", country="GB", base_currency="GBP", time_zone="Europe/London")
    Session.objects.update(entity=other)
    bring(own("ours", day="07", connector="2", payment_reference="P1"), name="second.csv")
    assert Chargeable.objects.get(session__external_id="ours").state == "READY"
