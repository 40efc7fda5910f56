"""Which tariff a session gets and what of it counts when its price changes while it lasts."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from billing.models import AppliedTaxes, Assignment, Cdr, Chargeable, Tariff, TariffVersion, TaxRule
from billing.queries import explain
from chargebill import pipeline
from chargebill.core import jobs
from chargebill.core.models import LegalEntity, SpanningPolicy
from memberships.models import Customer, CustomerGroup, Token
from stations.models import Session, Source
from tests.pipeline.conftest import AT, Import, row
from tests.pricing.documents import component, element

# 10:00 to 11:00 British summer time, 10 kWh; the price rises at 10:30.
DAY = [
    element(component("ENERGY", "0.20", 0), end_time="10:30"),
    element(component("ENERGY", "0.60", 0)),
]
FALLS = [
    element(component("ENERGY", "0.60", 0), end_time="10:30"),
    element(component("ENERGY", "0.20", 0)),
]
Active = Callable[..., TariffVersion]


@pytest.fixture
def active(entity: LegalEntity) -> Active:
    """``active("Name", elements)`` is a tariff in force since ever; taxed at 20 %."""
    TaxRule.objects.create(entity=entity, rate=20, code="GB20")

    def make(name: str, elements: list[dict[str, Any]], **more: Any) -> TariffVersion:
        code = more.pop("code", "")
        tariff = Tariff.objects.create(entity=entity, name=name, currency="GBP", code=code)
        return TariffVersion.objects.create(
            tariff=tariff, number=1, state="ACTIVE", tax_included="YES", elements=elements, created_at=AT, activated_at=AT, **more
        )

    return make


def assign(version: TariffVersion, **more: Any) -> Assignment:
    return Assignment.objects.create(entity=version.tariff.entity, tariff=version.tariff, created_at=AT, **more)


def again(entity: LegalEntity) -> None:
    jobs.run_here(pipeline.create_pricing(entity=entity, actor=None, key=f"again:{jobs.Job.objects.count()}"))


def standing() -> tuple[str, str]:
    return Chargeable.objects.values_list("state", "reason").get()


def current() -> Cdr:
    return Chargeable.objects.select_related("cdr").get().cdr  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("policy", "elements", "gross", "state"),
    [
        (SpanningPolicy.START, DAY, "2.00", ("READY", "")),
        (SpanningPolicy.START, FALLS, "6.00", ("READY", "")),
        (SpanningPolicy.CHEAPEST, DAY, "2.00", ("READY", "")),
        (SpanningPolicy.CHEAPEST, FALLS, "2.00", ("READY", "")),
        (SpanningPolicy.SPLIT, DAY, "4.00", ("READY", "")),
        (SpanningPolicy.HELD, DAY, "2.00", ("HELD", "spans_price_change")),
    ],
)
def test_totals_across_a_price_change_follow_the_company(
    entity: LegalEntity, active: Active, import_rows: Import, policy: str, elements: list[dict[str, Any]], gross: str, state: Any
) -> None:
    LegalEntity.objects.update(spanning_policy=policy)
    assign(active("Day", elements))
    import_rows(row())
    assert standing() == state
    assert current().gross_amount == Decimal(gross)
    assert current().notes.split()[0] == ("split_evenly" if policy == SpanningPolicy.SPLIT else "period_spans_price_change")
    assert explain(Session.objects.get()).agrees


def test_a_session_in_one_band_is_ready_whatever_the_policy(entity: LegalEntity, active: Active, import_rows: Import) -> None:
    LegalEntity.objects.update(spanning_policy=SpanningPolicy.HELD)
    assign(active("Day", DAY))
    import_rows(row(start="06/09/2018,10:30"))
    assert (standing(), current().gross_amount, current().notes) == (("READY", ""), Decimal("6.00"), "")


METER_HEADER = "session_id,timestamp,register,value,unit"


def test_own_readings_say_when_the_energy_flowed(entity: LegalEntity, active: Active, import_rows: Import) -> None:
    """8 of the 10 kWh before 10:15, the rest evenly after it: a third of the rest, 2/3 kWh, before the change."""
    assign(active("Day", DAY))
    import_rows(row())
    assert current().gross_amount == Decimal("2.00")
    lines = [
        "7001,2018-09-06T10:00:00+01:00,Energy.Active.Import.Register,100000,Wh",
        "7001,2018-09-06T10:15:00+01:00,Energy.Active.Import.Register,108000,Wh",
        "7001,2018-09-06T11:00:00+01:00,Energy.Active.Import.Register,110000,Wh",
    ]
    import_rows(*lines, header=METER_HEADER, name="readings.csv")
    cdr = current()
    # (8 + 2/3) kWh at 0.20 and 4/3 kWh at 0.60: 1.7333 + 0.80
    assert (cdr.version, cdr.gross_amount, cdr.assumption) == (2, Decimal("2.53"), "metered_all_charging")
    told = explain(Session.objects.get())
    assert told.agrees
    assert [round(line.billed, 3) for line in told.lines] == [Decimal("8.667"), Decimal("1.333")]
    import_rows(*lines, header=METER_HEADER, name="readings.csv")
    assert Cdr.objects.count() == 2


@pytest.mark.parametrize("last", ["104000", "99000"])
def test_readings_of_another_story_are_left_alone(entity: LegalEntity, active: Active, import_rows: Import, last: str) -> None:
    assign(active("Day", DAY))
    import_rows(row())
    lines = ["7001,2018-09-06T10:00:00+01:00,R,100000,Wh", f"7001,2018-09-06T11:00:00+01:00,R,{last},Wh"]
    import_rows(*lines, header=METER_HEADER, name="readings.csv")
    assert (current().version, current().assumption) == (1, "all_charging")


def test_the_closest_assignment_decides_and_is_kept(entity: LegalEntity, active: Active, import_rows: Import) -> None:
    everyone, residents = (active(name, [element(component("ENERGY", price, 0))]) for name, price in (("A", "0.5"), ("B", "0.3")))
    assign(everyone)
    group = CustomerGroup.objects.create(entity=entity, name="Residents")
    closer = assign(residents, group=group)
    customer = Customer.objects.create(entity=entity, name="Mary")
    customer.groups.add(group)
    Token.objects.create(entity=entity, uid="601838", customer=customer)
    import_rows(row())
    assert (current().gross_amount, current().assignment_id) == (Decimal("3.00"), closer.pk)
    assert "members of group Residents" in explain(Session.objects.get()).why[0]


def test_two_groups_with_two_tariffs_are_a_conflict_and_nothing_is_guessed(
    entity: LegalEntity, active: Active, import_rows: Import
) -> None:
    customer = Customer.objects.create(entity=entity, name="Mary")
    for name, price in (("A", "0.5"), ("B", "0.3")):
        group = CustomerGroup.objects.create(entity=entity, name=name)
        customer.groups.add(group)
        assign(active(name, [element(component("ENERGY", price, 0))]), group=group)
    Token.objects.create(entity=entity, uid="601838", customer=customer)
    import_rows(row())
    assert standing() == ("UNPRICED", "tariff_conflict")


def test_a_tariff_that_had_no_version_then_leaves_the_session_without_a_price(
    entity: LegalEntity, active: Active, import_rows: Import
) -> None:
    assign(active("Late", [element(component("ENERGY", "0.5", 0))], valid_from=AT))
    import_rows(row())
    assert standing() == ("UNPRICED", "no_version")


def test_a_tariff_the_file_names_counts_only_when_its_source_is_trusted(
    entity: LegalEntity, active: Active, import_rows: Import
) -> None:
    assign(active("Ours", [element(component("ENERGY", "0.5", 0))]))
    active("Theirs", [element(component("ENERGY", "0.1", 0))], code="CHEAP")
    import_rows(row())
    Session.objects.update(announced_tariff="CHEAP")
    again(entity)
    assert current().gross_amount == Decimal("5.00")
    Source.objects.update(trusted_tariffs=True)
    again(entity)
    assert (current().gross_amount, current().assignment_id) == (Decimal("1.00"), None)
    assert "the file names it" in explain(Session.objects.get()).why[0]
    Session.objects.update(announced_tariff="GONE")
    again(entity)
    assert standing() == ("UNPRICED", "tariff_unknown")


def test_each_part_has_its_own_tax_and_they_are_kept_with_the_price(
    entity: LegalEntity, active: Active, import_rows: Import
) -> None:
    TaxRule.objects.create(entity=entity, component="TIME", rate=5, code="GB5")
    assign(active("Two rates", [element(component("ENERGY", "0.6", 0), component("TIME", "2.10", 0))]))
    import_rows(row())
    # 6.00 with 20 % is 5.00, 2.10 with 5 % is 2.00
    cdr = current()
    assert (cdr.gross_amount, cdr.net_amount, cdr.tax_rate, cdr.tax_code) == (Decimal("8.10"), Decimal("7.00"), None, "")
    assert AppliedTaxes.objects.get(pk=cdr.applied_taxes_id).taxes == {"ENERGY": ["20", "GB20"], "TIME": ["5", "GB5"]}
    # The rule changes afterwards; what was applied then still explains the price.
    TaxRule.objects.filter(code="GB5").update(rate=10)
    told = explain(Session.objects.get())
    assert told.agrees
    assert [(line.tax_rate, line.net) for line in told.lines] == [(20, Decimal("5.00")), (5, Decimal("2.00"))]


def test_limits_and_caps_have_amounts_of_their_own(entity: LegalEntity, active: Active, import_rows: Import) -> None:
    assign(active("Minimum", [element(component("ENERGY", "0.1", 0))], min_price=Decimal("2.50")))
    import_rows(row())
    cdr = current()
    assert (cdr.gross_amount, cdr.energy_amount, cdr.limit_amount) == (Decimal("2.50"), Decimal("1.00"), Decimal("1.50"))
    assert [str(line.dimension) for line in explain(Session.objects.get()).lines] == ["ENERGY", "MIN_PRICE"]
