"""Where a session stands after pricing, and why."""

from datetime import date
from decimal import Decimal

import pytest

from billing import chargeables
from billing.chargeables import Standing
from billing.models import Cdr, Chargeable, TaxRule
from billing.queries import explain
from chargebill import pipeline
from chargebill.analytics import operations as analytics
from chargebill.analytics import queries
from chargebill.core import jobs
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.core.periods import month_of
from memberships.models import Customer, CustomerKind, Token
from stations.models import Session
from tests.pipeline.conftest import AT, Import, row

SEPTEMBER = month_of(date(2018, 9, 1))


def standing() -> tuple[str, str]:
    return Chargeable.objects.values_list("state", "reason").get()


def reprice(entity: LegalEntity) -> None:
    jobs.run_here(pipeline.create_pricing(entity=entity, actor=None, key=f"again:{AT}:{jobs.Job.objects.count()}"))


def test_a_priced_session_is_ready_and_explains_itself(priced_entity: LegalEntity, import_rows: Import) -> None:
    import_rows(row(kwh="22.287"))
    assert standing() == ("READY", "")
    told = explain(Session.objects.get())
    # 22.287 * 0.40 = 8.9148, 60 min * 0.01 = 0.60, together 9.5148
    assert [(str(line.dimension), line.gross) for line in told.lines] == [("ENERGY", Decimal("8.91")), ("TIME", Decimal("0.60"))]
    assert told.agrees
    assert told.cdr is not None
    assert (told.cdr.gross_amount, told.cdr.net_amount, told.cdr.tax_amount) == (
        Decimal("9.51"),
        Decimal("7.93"),
        Decimal("1.58"),
    )
    assert "Standard" in told.why[0]


def test_without_a_tariff_there_is_no_price_and_no_revenue(entity: LegalEntity, import_rows: Import) -> None:
    import_rows(row())
    assert standing() == ("UNPRICED", "no_tariff")
    seen = queries.overview(entity=entity, period=SEPTEMBER)
    assert (seen.totals.sessions, seen.totals.net) == (1, Decimal(0))


def test_without_a_tax_rule_it_is_held_and_never_taxed_at_zero(priced_entity: LegalEntity, import_rows: Import) -> None:
    TaxRule.objects.all().delete()
    batch = import_rows(row())
    assert standing() == ("HELD", "no_tax_rule")
    assert batch.rows_held == 1
    assert not Cdr.objects.exists()


def test_before_billing_from_it_is_history_and_all_is_while_that_is_empty(
    priced_entity: LegalEntity, import_rows: Import
) -> None:
    # 23:30 UTC on 5 September is already the 6th in Dundee.
    priced_entity.billing_from = date(2018, 9, 6)
    priced_entity.save()
    import_rows(row(start="06/09/2018,00:30", end="06/09/2018,01:00"))
    assert standing() == ("READY", "")
    priced_entity.billing_from = None
    priced_entity.save()
    reprice(priced_entity)
    assert standing() == ("DROPPED", "before_billing_from")
    assert queries.overview(entity=priced_entity, period=SEPTEMBER).totals.gross == Decimal("4.30")


def test_internal_customers_are_counted_but_bring_no_revenue(priced_entity: LegalEntity, import_rows: Import) -> None:
    own = Customer.objects.create(entity=priced_entity, kind=CustomerKind.INTERNAL, name="Own vans")
    Token.objects.create(entity=priced_entity, uid="601838", customer=own)
    import_rows(row())
    assert standing() == ("DROPPED", "internal")
    seen = queries.overview(entity=priced_entity, period=SEPTEMBER)
    assert (seen.totals.sessions, seen.totals.gross) == (1, Decimal(0))


def test_a_business_pays_a_fixed_net(priced_entity: LegalEntity, import_rows: Import) -> None:
    fleet = Customer.objects.create(entity=priced_entity, kind=CustomerKind.BUSINESS, name="Fleet Ltd")
    Token.objects.create(entity=priced_entity, uid="601838", customer=fleet)
    import_rows(row(kwh="10.01"))
    cdr = Cdr.objects.get()
    # 10.01 * 0.40 + 0.60 = 4.604 incl.; 3.83666... net -> 3.84, tax 0.768 -> 0.77
    assert (cdr.anchor, cdr.net_amount, cdr.tax_amount, cdr.gross_amount) == (
        "NET",
        Decimal("3.84"),
        Decimal("0.77"),
        Decimal("4.61"),
    )


def test_collected_money_is_taken_over_and_our_price_kept_beside(priced_entity: LegalEntity, import_rows: Import) -> None:
    header = "session_id,location,evse,connector,start,end,energy_kwh,amount,currency"
    import_rows(
        "S1,Hub,E1,1,2018-09-06T10:00:00+01:00,2018-09-06T11:00:00+01:00,10,5.00,GBP",
        "S2,Hub,E1,1,2018-09-06T12:00:00+01:00,2018-09-06T13:00:00+01:00,10,,",
        header=header,
        mode="collected",
    )
    first, second = Chargeable.objects.order_by("session__external_id")
    assert (first.state, first.cdr.gross_amount, first.cdr.net_amount) == ("READY", Decimal("5.00"), Decimal("4.17"))
    assert first.cdr.priced_gross_amount == Decimal("4.60")
    assert (second.state, second.reason) == ("HELD", "no_reported_amount")


def test_pricing_again_without_a_change_writes_nothing(priced_entity: LegalEntity, import_rows: Import) -> None:
    import_rows(row("1"), row("2", kwh="1234567.8901"))
    before = list(Cdr.objects.values())
    reprice(priced_entity)
    assert list(Cdr.objects.values()) == before


def test_a_refused_step_changes_nothing(priced_entity: LegalEntity, import_rows: Import) -> None:
    import_rows(row())
    pk, cdr = Chargeable.objects.values_list("pk", "cdr_id").get()
    documented = Standing(pk, "DOCUMENTED", "", cdr)
    chargeables.move(new=[documented], old=chargeables_locked(), at=AT)
    with pytest.raises(UserError, match="billed can't become ready"):
        chargeables.move(new=[Standing(pk, "READY", "", cdr)], old={pk: documented}, at=AT)
    assert standing() == ("DOCUMENTED", "")


def chargeables_locked() -> dict[int, Standing]:
    from django.db import transaction

    with transaction.atomic():
        return chargeables.lock(Chargeable.objects.values_list("pk", flat=True))


def test_a_new_time_zone_moves_local_days_and_counts(priced_entity: LegalEntity, import_rows: Import) -> None:
    import_rows(row(start="06/09/2018,23:00", end="06/09/2018,23:50"))
    session = Session.objects.get()
    assert (session.local_end_date, session.local_start_minute) == (date(2018, 9, 6), (3 * 24 + 23) * 60)
    job = pipeline.change_time_zone(location=session.location, time_zone="Europe/Berlin", actor=None, at=AT)
    assert job is not None
    jobs.run_here(job)
    session.refresh_from_db()
    assert (session.local_end_date, session.local_start_minute) == (date(2018, 9, 7), 4 * 24 * 60)
    assert analytics.differing() == 0
