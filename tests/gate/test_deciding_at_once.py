"""Two people decide the same group at the same moment: one decision each session, and the counts are right."""

import os
import threading
from decimal import Decimal

import pytest
from django.db import connection

from billing.checks import Way
from billing.models import Chargeable
from billing.operations import set_tariff, set_tax_rate
from billing.review_models import DecidedSession, HeldDecision
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from stations.models import Session
from tests.gate.conftest import AT, OWN, own

ROUNDS = 200 if os.environ.get("CHARGEBILL_PROVE") else 5


@pytest.mark.postgresql
@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_make_one_decision_each_session(tmp_path) -> None:
    entity = LegalEntity.objects.create(
        name="Tayside", country="GB", base_currency="GBP", time_zone="Europe/London", billing_from="2018-01-01"
    )
    set_tax_rate(entity=entity, rate=Decimal(20), code="GB20", valid_from=None, source="test", actor=None, at=AT)
    set_tariff(
        entity=entity, name="Standard", currency="GBP", tax_included=True, start_fee=None, energy_per_kwh=Decimal("0.40"),
        charging_per_minute=None, idle_per_minute=None, valid_from=None, actor=None, at=AT,
    )  # fmt: skip
    for number in range(ROUNDS):
        path = tmp_path / f"{number}.csv"
        rows = [own(f"{number}-{n}", connector=f"{number}-{n}", end="10:03", energy_kwh="36.9") for n in range(6)]
        path.write_text("\n".join([OWN, *rows]) + "\n")
        pipeline.start_import(
            entity=entity, path=path, file_name=path.name, profile="", mode="bill", time_zone="", encoding="", actor=None, at=AT,
            key=f"at-once:{number}", here=True,
        )  # fmt: skip
        ids = list(Session.objects.filter(external_id__startswith=f"{number}-").order_by("pk").values_list("pk", flat=True))
        # Both about all six; or one about the first four, the other about the last four.
        parts = (ids, ids) if number % 2 else (ids[:4], ids[2:])
        done = _both(entity, [(Way.RELEASE, parts[0]), (Way.DROP, parts[1])])
        decided = DecidedSession.objects.filter(session_id__in=ids)
        assert sorted(decided.values_list("session_id", flat=True)) == ids
        assert sum(done) == len(ids)
        ways = dict(decided.values_list("session_id", "decision__way"))
        states = dict(Chargeable.objects.filter(pk__in=ids).values_list("pk", "state"))
        assert states == {pk: {"RELEASE": "READY", "DROP": "DROPPED"}[way] for pk, way in ways.items()}
    assert sum(HeldDecision.objects.values_list("count", flat=True)) == Session.objects.count()
    assert analytics.differing() == 0


def _both(entity: LegalEntity, wanted: list[tuple[Way, list[int]]]) -> list[int]:
    """Starts all at one moment; how many sessions each decided."""
    start, done, failed = threading.Barrier(len(wanted)), [0] * len(wanted), []

    def run(n: int, way: Way, ids: list[int]) -> None:
        try:
            start.wait()
            done[n] = pipeline.decide(entity=entity, session_ids=ids, way=way, reason="at once", actor=None, at=AT).count
        except UserError:
            pass
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n, way, ids)) for n, (way, ids) in enumerate(wanted)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    return done
