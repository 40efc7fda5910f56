"""What an import hands to pricing is what a later pricing reads from the database."""

from decimal import Decimal

import pytest

from chargebill import pipeline
from chargebill.core.models import LegalEntity
from stations import facts
from stations.facts import SessionFacts
from stations.models import Connector, Session
from tests.pipeline.conftest import Import

HEADER = "session_id,location,evse,connector,start,end,energy_kwh,amount,currency,announced_tariff"


def test_facts_of_an_import_and_facts_read_later_are_the_same(
    priced_entity: LegalEntity, import_rows: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[SessionFacts] = []
    price = pipeline.price_sessions

    def remember(*, facts: list[SessionFacts], **rest: object) -> object:
        handed.extend(facts)
        return price(facts=facts, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "price_sessions", remember)
    rows = [
        f"S{n},Hub,E{n % 2},1,2018-09-06T{10 + n}:00:00+01:00,2018-09-06T{10 + n}:30:00+01:00,{n}.5,,,Night" for n in range(3)
    ]
    import_rows(*rows, header=HEADER)
    Connector.objects.filter(evse__uid="E0").update(rated_kw=Decimal("50"))
    import_rows("S9,Hub,E0,1,2018-09-07T10:00:00+01:00,2018-09-07T11:00:00+01:00,7,,,", header=HEADER, name="second.csv")
    stored = facts.load(Session.objects.values_list("pk", flat=True))
    assert [(f.rated_kw, f.announced_tariff) for f in stored[3:]] == [(Decimal("50.00"), "")]
    assert {f.announced_tariff for f in stored[:3]} == {"Night"}
    # The first three were handed on before anybody said what E0 is rated at.
    assert [f.rated_kw for f in handed] == [None, None, None, Decimal("50.00")]
    assert handed[1] == stored[1]
    assert handed[3] == stored[3]
    assert {f.evse_id for f in stored} == set(Connector.objects.values_list("evse_id", flat=True))
