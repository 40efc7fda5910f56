"""Which tax a session gets from the table, from the file to its price: the day it ended, the place, what is priced."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Cdr, Chargeable, TariffVersion, TaxRule
from billing.operations import delete_tax_rule, set_tariff, set_tax_rule
from billing.tax_queries import documented
from chargebill import pipeline
from chargebill.core import jobs
from chargebill.core.models import LegalEntity
from memberships.models import Customer, CustomerKind, Token
from stations.models import Location
from tests.pipeline.conftest import AT, Import, row


def rule(entity: LegalEntity, code: str, rate: str, **about: Any) -> TaxRule:
    nothing: dict[str, Any] = {
        "country": "",
        "category": "",
        "component": "",
        "customer_kind": "",
        "valid_from": None,
        "account": "",
        "legal_sentence": "",
        "source": "test",
    }
    return set_tax_rule(entity=entity, rate=Decimal(rate), code=code, actor=None, at=AT, **(nothing | about))


def tariff(entity: LegalEntity, **prices: str) -> TariffVersion:
    names = ("start_fee", "energy_per_kwh", "charging_per_minute", "idle_per_minute")
    return set_tariff(
        entity=entity,
        name="Standard",
        currency="GBP",
        tax_included=True,
        valid_from=None,
        actor=None,
        at=AT,
        **{name: Decimal(prices[name]) if name in prices else None for name in names},
    )


@pytest.fixture
def per_kwh(entity: LegalEntity) -> LegalEntity:
    """0.40 GBP per kWh, tax inside, and no tax rule yet."""
    tariff(entity, energy_per_kwh="0.40")
    return entity


def priced() -> dict[str, tuple[str, Decimal, Decimal, Decimal]]:
    """Code, gross, net and tax of every session's price in force."""
    rows = Cdr.objects.filter(pk__in=Chargeable.objects.values("cdr"))
    return {
        number: (code, *amounts)
        for number, code, *amounts in rows.values_list(
            "session__external_id", "tax_code", "gross_amount", "net_amount", "tax_amount"
        )
    }


def standing() -> tuple[str, str]:
    return Chargeable.objects.values_list("state", "reason").get()


def reprice(entity: LegalEntity) -> None:
    jobs.run_here(pipeline.create_pricing(entity=entity, actor=None, key=f"again:{jobs.Job.objects.count()}"))


def test_the_rate_of_the_day_it_ended_is_on_all_of_a_session(per_kwh: LegalEntity, import_rows: Import) -> None:
    rule(per_kwh, "GB20", "20")
    rule(per_kwh, "GB10", "10", valid_from=date(2018, 9, 6))
    import_rows(
        row("before", start="05/09/2018,22:00", end="05/09/2018,23:59"),
        # 22:59 and 23:00 UTC on the 5th: by the place's clock the second one ends on the 6th.
        row("at-midnight", start="05/09/2018,22:00", end="06/09/2018,00:00"),
        row("across", start="05/09/2018,22:00", end="06/09/2018,01:00"),
        row("after", start="06/09/2018,00:00", end="06/09/2018,01:00"),
    )
    # 10 kWh cost 4.00, whatever is tax in it: 4 / 1.2 = 3.333, 4 / 1.1 = 3.636.
    old = ("GB20", Decimal("4.00"), Decimal("3.33"), Decimal("0.67"))
    new = ("GB10", Decimal("4.00"), Decimal("3.64"), Decimal("0.36"))
    assert priced() == {"before": old, "at-midnight": new, "across": new, "after": new}


def test_a_change_in_mid_month_splits_the_month_not_the_session(per_kwh: LegalEntity, import_rows: Import) -> None:
    rule(per_kwh, "A", "20")
    rule(per_kwh, "B", "0", valid_from=date(2018, 9, 15))
    import_rows(
        *(row(str(day), start=f"{day:02}/09/2018,10:00", end=f"{day:02}/09/2018,11:00") for day in (1, 14, 15, 16, 30)),
    )
    assert {number: found[0] for number, found in priced().items()} == {"1": "A", "14": "A", "15": "B", "16": "B", "30": "B"}


def test_only_what_the_tariff_prices_needs_a_rule(per_kwh: LegalEntity, import_rows: Import) -> None:
    rule(per_kwh, "ENERGY5", "5", component="ENERGY")
    import_rows(row())
    assert standing() == ("READY", "")
    assert priced() == {"7001": ("ENERGY5", Decimal("4.00"), Decimal("3.81"), Decimal("0.19"))}

    tariff(per_kwh, energy_per_kwh="0.40", charging_per_minute="0.01")
    reprice(per_kwh)
    assert standing() == ("HELD", "no_tax_rule")
    rule(per_kwh, "TIME20", "20", component="TIME")
    reprice(per_kwh)
    assert standing() == ("READY", "")
    # 60 minutes cost 0.60: 4 / 1.05 + 0.6 / 1.2 = 4.3095. Two rates, so the total has none of its own.
    assert priced() == {"7001": ("", Decimal("4.60"), Decimal("4.31"), Decimal("0.29"))}
    kept = Chargeable.objects.get().cdr.applied_taxes
    assert kept.taxes == {"ENERGY": ["5", "ENERGY5"], "TIME": ["20", "TIME20"]}


def test_a_session_waits_without_a_rule_and_goes_on_with_one(per_kwh: LegalEntity, import_rows: Import) -> None:
    import_rows(row())
    assert standing() == ("HELD", "no_tax_rule")
    assert not Cdr.objects.exists()
    rule(per_kwh, "FR20", "20", country="FR")
    rule(per_kwh, "LATE", "20", valid_from=date(2018, 9, 7))
    reprice(per_kwh)
    assert standing() == ("HELD", "no_tax_rule")
    mine = rule(per_kwh, "GB20", "20", country="GB")
    reprice(per_kwh)
    assert standing() == ("READY", "")
    delete_tax_rule(rule=mine, actor=None, at=AT)
    reprice(per_kwh)
    assert standing() == ("HELD", "no_tax_rule")


def test_the_place_decides_the_country_and_the_company_where_the_place_has_none(
    per_kwh: LegalEntity, import_rows: Import
) -> None:
    rule(per_kwh, "GB20", "20", country="GB")
    rule(per_kwh, "IE23", "23", country="IE")
    import_rows(row())
    assert priced()["7001"][0] == "GB20"
    Location.objects.update(country="IE")
    reprice(per_kwh)
    assert priced()["7001"][0] == "IE23"
    Location.objects.update(country="")
    per_kwh.country = ""
    per_kwh.save()
    reprice(per_kwh)
    assert standing() == ("HELD", "no_tax_rule")


def test_the_customer_and_the_category_count(per_kwh: LegalEntity, import_rows: Import) -> None:
    rule(per_kwh, "GB20", "20")
    rule(per_kwh, "BUSINESS0", "0", customer_kind="BUSINESS")
    rule(per_kwh, "REDUCED5", "5", category="REDUCED")
    import_rows(row())
    assert priced()["7001"][0] == "GB20"
    customer = Customer.objects.create(entity=per_kwh, name="Taxis", kind=CustomerKind.BUSINESS)
    Token.objects.update_or_create(entity=per_kwh, uid="601838", defaults={"customer": customer})
    reprice(per_kwh)
    assert priced()["7001"][0] == "BUSINESS0"
    version = TariffVersion.objects.get()
    version.pk, version.number, version.tax_category = None, 2, "REDUCED"
    version.save()
    reprice(per_kwh)
    assert priced()["7001"][0] == "REDUCED5"


def test_a_rule_that_taxed_a_documented_session_is_known_by_what_was_kept(per_kwh: LegalEntity, import_rows: Import) -> None:
    energy = rule(per_kwh, "ENERGY5", "5", component="ENERGY")
    general = rule(per_kwh, "GB20", "20")
    import_rows(row())
    assert (documented(energy).exists(), documented(general).exists()) == (False, False)
    Chargeable.objects.update(state=Chargeable.State.DOCUMENTED)
    assert (documented(energy).exists(), documented(general).exists()) == (True, False)
