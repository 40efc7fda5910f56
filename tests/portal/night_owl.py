"""A night at Am Kai under a tariff with everything: day and night, start fee, idle time with grace and cap, two taxes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from billing.models import Tariff
from billing.operations import activate, save_draft, set_tax_rule
from billing.tariff_content import Content
from chargebill.core.models import LegalEntity
from stations.models import MeterValue, Session
from tests.portal.network import AT, Fact, Network

D = Decimal
NIGHT = {"start_time": "22:00", "end_time": "07:00"}


def component(kind: str, price: str, step: int = 1) -> dict[str, Any]:
    return {"type": kind, "price": price, "step_size": step}


# 0.35 a session; 0.384 a kWh at night, 0.49 by day; idle time 0.04 a minute, free at night.
ELEMENTS: list[dict[str, Any]] = [
    {"price_components": [component("FLAT", "0.35")]},
    {"price_components": [component("ENERGY", "0.384"), component("PARKING_TIME", "0")], "restrictions": NIGHT},
    {"price_components": [component("ENERGY", "0.49"), component("PARKING_TIME", "2.4")]},
]
OWL = Content(tax_included=True, elements=ELEMENTS, grace_minutes=60)
Night = Callable[..., Session]


def set_content(company: LegalEntity, content: Content) -> None:
    """Puts another version of the company's tariff in force since ever."""
    tariff = Tariff.objects.get(entity=company)
    save_draft(tariff=tariff, content=content, actor=None, at=AT)
    activate(tariff=tariff, valid_from=None, actor=None, at=AT)


def tax_idle_time(company: LegalEntity, rate: str = "7") -> None:
    set_tax_rule(
        entity=company, country="", category="", component="PARKING_TIME", customer_kind="", valid_from=None, rate=D(rate),
        code="DE7", account="", legal_sentence="", source="test", actor=None, at=AT,
    )  # fmt: skip


@pytest.fixture
def night(company: LegalEntity, bring_in: Network) -> Night:
    """``night()`` imports FACT under OWL, with readings, and prices it; keywords change the fact."""

    def make(content: Content = OWL, *, readings: bool = True, mode: str = "bill", **changed: Any) -> Session:
        set_content(company, content)
        fact = replace(FACT, **changed)
        bring_in([fact], mode=mode)
        session = Session.objects.get(external_id=fact.number)
        if readings:
            read(session, fact)
            call_command("price_sessions")
        return session

    return make


# From 23:55 on 6 Sep to 09:03 on 7 Sep in Berlin, charging until 03:57 (4 h 02 min), then connected for 5 h 06 min.
FACT = Fact(
    number="OWL1",
    place="Am Kai",
    start=datetime(2026, 9, 6, 21, 55, tzinfo=UTC),
    end=datetime(2026, 9, 7, 7, 3, tzinfo=UTC),
    kwh=D("22.287"),
    charging_s=4 * 3600 + 2 * 60,
    token="601838",
)


def read(session: Session, fact: Fact) -> None:
    """The meter at the start, when charging ended, and at the end."""
    unplugged = fact.start + timedelta(seconds=fact.charging_s)
    for n, (at, value) in enumerate(((fact.start, D(100)), (unplugged, 100 + fact.kwh), (fact.end, 100 + fact.kwh))):
        MeterValue.objects.create(
            source=session.source,
            external_id=f"owl{n}",
            entity=session.entity,
            session_external_id=session.external_id,
            at=at,
            register="R",
            value=value,
            unit="kWh",
            batch=session.batch,
            line_no=n,
        )
