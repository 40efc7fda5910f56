"""Tax rules are set, approved by somebody else, and stay as they are once a document was taxed by them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from billing.models import AppliedTaxes, Cdr, Chargeable, TaxRule
from billing.operations import approve_tax_rule, delete_tax_rule, set_tax_rate, set_tax_rule
from billing.operations.taxes import contents
from billing.tax_queries import advice, documented
from chargebill.core.errors import UserError
from chargebill.core.models import AuditEvent, LegalEntity, User
from tests.rows import company, priced_sessions

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
MARCH_2 = date(2026, 3, 2)


@pytest.fixture
def nord(db: None) -> LegalEntity:
    return company()


@pytest.fixture
def fiona(db: None) -> User:
    return User.objects.create(username="fiona")


@pytest.fixture
def otto(db: None) -> User:
    return User.objects.create(username="otto")


def a_rule(entity: LegalEntity, **other: Any) -> TaxRule:
    values: dict[str, Any] = {
        "country": "DE",
        "category": "",
        "component": "",
        "customer_kind": "",
        "valid_from": date(2026, 1, 1),
        "rate": Decimal(19),
        "code": "DE19",
        "account": "3806",
        "legal_sentence": "",
        "source": "§ 12 UStG",
        "actor": None,
        "at": AT,
    }
    return set_tax_rule(entity=entity, **(values | other))


def on_document(*, taxes: dict[str, list[str]] | None, code: str = "", rate: str = "19", country: str = "DE") -> Cdr:
    """A session that ended in Germany on 2 March 2026, on an invoice."""
    session = priced_sessions(1)[0]
    session.location.country = country
    session.location.save()
    applied = AppliedTaxes.objects.create(key=str(taxes), taxes=taxes) if taxes else None
    cdr = priced_anew(Cdr.objects.get(), applied_taxes=applied, tax_code=code, tax_rate=Decimal(rate))
    Chargeable.objects.update(state=Chargeable.State.DOCUMENTED)
    return cdr


def priced_anew(cdr: Cdr, **taxed: Any) -> Cdr:
    """The next version of a price."""
    following = Cdr.objects.get(pk=cdr.pk)
    following.pk, following.version = None, cdr.version + 1
    for name, value in taxed.items():
        setattr(following, name, value)
    following.save()
    Chargeable.objects.update(cdr=following)
    return following


ENERGY_19 = {"ENERGY": ["19", "DE19"], "PARKING_TIME": ["19.000", "DE19"]}


def test_a_rule_is_set_with_an_event_that_says_all_of_it(nord: LegalEntity, fiona: User) -> None:
    rule = a_rule(nord, component="ENERGY", customer_kind="BUSINESS", actor=fiona)
    assert TaxRule.objects.get() == rule
    assert (rule.rate, rule.code, rule.account, rule.entered_by, rule.approved_by) == (Decimal(19), "DE19", "3806", fiona, None)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.object_id) == ("tax_rule.set", fiona, str(rule.pk))
    assert event.summary == "Tax of Stadtwerke Nord: DE19 19 % for DE, energy, business from 1 Jan 2026 on"
    assert event.changes == {
        "old": {},
        "new": {
            "country": "DE",
            "component": "ENERGY",
            "customer_kind": "BUSINESS",
            "valid_from": "2026-01-01",
            "rate": "19",
            "code": "DE19",
            "account": "3806",
            "source": "§ 12 UStG",
        },
    }


def test_a_rule_of_the_same_day_is_replaced_and_needs_a_new_approval(nord: LegalEntity, fiona: User, otto: User) -> None:
    rule = a_rule(nord, actor=fiona)
    approve_tax_rule(rule=rule, seen=contents(rule), actor=otto, at=AT)
    again = a_rule(nord, rate=Decimal("16.5"), code="DE16", actor=otto)
    assert again.pk == rule.pk
    assert (again.rate, again.entered_by, again.approved_by, again.approved_at) == (Decimal("16.5"), otto, None, None)
    assert AuditEvent.objects.latest("pk").changes == {
        "old": {"rate": "19", "code": "DE19"},
        "new": {"rate": "16.5", "code": "DE16"},
    }


def test_the_same_again_changes_nothing_and_keeps_the_approval(nord: LegalEntity, fiona: User, otto: User) -> None:
    rule = a_rule(nord, actor=fiona)
    approve_tax_rule(rule=rule, seen=contents(rule), actor=otto, at=AT)
    a_rule(nord, actor=otto)
    rule.refresh_from_db()
    assert (rule.entered_by, rule.approved_by) == (fiona, otto)
    assert AuditEvent.objects.count() == 2


def test_another_day_or_another_column_is_another_rule(nord: LegalEntity) -> None:
    a_rule(nord)
    a_rule(nord, valid_from=None)
    a_rule(nord, valid_from=date(2026, 7, 1))
    a_rule(nord, category="REDUCED")
    set_tax_rate(entity=nord, rate=Decimal(7), code="ANY", valid_from=date(2026, 1, 1), source="", actor=None, at=AT)
    assert TaxRule.objects.count() == 5
    # Of the general rate alone there is one a day.
    set_tax_rate(entity=nord, rate=Decimal(8), code="ANY", valid_from=date(2026, 1, 1), source="", actor=None, at=AT)
    assert TaxRule.objects.count() == 5


@pytest.mark.parametrize(
    ("wrong", "code", "where"),
    [
        ({"rate": Decimal(-1)}, "tax_rate", "rate"),
        ({"rate": Decimal("100.001")}, "tax_rate", "rate"),
        ({"rate": Decimal("19.1234")}, "tax_rate", "rate"),
        ({"rate": Decimal("NaN")}, "tax_rate", "rate"),
        ({"code": "  "}, "tax_code", "code"),
        ({"code": "X" * 21}, "tax_rule_column", "code"),
        ({"source": "X" * 201}, "tax_rule_column", "source"),
        ({"country": "Germany"}, "tax_rule_column", "country"),
        ({"country": "de"}, "tax_rule_column", "country"),
        ({"category": "standard"}, "tax_rule_column", "category"),
        ({"component": "RESERVATION_TIME"}, "tax_rule_column", "component"),
        ({"customer_kind": "PRIVATE"}, "tax_rule_column", "customer_kind"),
    ],
)
def test_what_is_wrong_is_refused_and_nothing_is_saved(nord: LegalEntity, wrong: dict[str, Any], code: str, where: str) -> None:
    with pytest.raises(UserError) as caught:
        a_rule(nord, **wrong)
    assert (caught.value.code, caught.value.where) == (code, where)
    assert "othing was saved" in caught.value.message
    assert not TaxRule.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("rate", ["0", "100", "8.875"])
def test_zero_hundred_and_thousandths_are_rates(nord: LegalEntity, rate: str) -> None:
    assert a_rule(nord, rate=Decimal(rate)).rate == Decimal(rate)


# On a document


def test_a_rule_that_taxed_a_document_keeps_what_documents_carry(nord: LegalEntity) -> None:
    rule = a_rule(nord)
    on_document(taxes=ENERGY_19)
    for change in ({"rate": Decimal(20)}, {"code": "DE20"}, {"account": "3801"}, {"legal_sentence": "No tax."}):
        with pytest.raises(UserError) as caught:
            a_rule(nord, **change)
        assert caught.value.code == "tax_rule_used"
        assert "Add a rule from a later day" in caught.value.message
    with pytest.raises(UserError, match="can't be removed"):
        delete_tax_rule(rule=rule, actor=None, at=AT)
    rule.refresh_from_db()
    assert (rule.rate, rule.code, rule.account, rule.legal_sentence) == (Decimal(19), "DE19", "3806", "")
    assert AuditEvent.objects.count() == 1


def test_where_its_rate_comes_from_may_still_be_put_right(nord: LegalEntity) -> None:
    a_rule(nord)
    on_document(taxes=ENERGY_19)
    assert a_rule(nord, source="§ 12 (1) UStG").source == "§ 12 (1) UStG"


def test_a_later_rule_may_follow_one_that_is_on_documents(nord: LegalEntity) -> None:
    a_rule(nord)
    on_document(taxes=ENERGY_19)
    assert a_rule(nord, valid_from=date(2026, 3, 3), rate=Decimal(16), code="DE16").rate == Decimal(16)


def test_a_credited_session_and_one_without_a_set_of_taxes_count_too(nord: LegalEntity) -> None:
    rule = a_rule(nord)
    on_document(taxes=None, code="DE19")
    Chargeable.objects.update(state=Chargeable.State.CREDITED)
    assert documented(rule).count() == 1
    Chargeable.objects.update(state=Chargeable.State.READY)
    assert documented(rule).count() == 0


@pytest.mark.parametrize(
    ("rule", "used"),
    [
        ({}, True),
        ({"valid_from": MARCH_2}, True),
        ({"valid_from": date(2026, 3, 3)}, False),
        ({"country": ""}, True),
        ({"country": "GB", "valid_from": None}, False),
        ({"component": "ENERGY"}, True),
        ({"component": "TIME"}, False),
        ({"customer_kind": "AD_HOC"}, True),
        ({"customer_kind": "BUSINESS"}, False),
        ({"rate": Decimal(7)}, False),
        ({"code": "DE19-OLD"}, False),
    ],
    ids=str,
)
def test_a_rule_is_used_when_a_document_carries_it(nord: LegalEntity, rule: dict[str, Any], used: bool) -> None:
    on_document(taxes=ENERGY_19)
    assert documented(a_rule(nord, **rule)).exists() is used


def test_what_the_next_rule_taxed_is_not_the_earlier_ones(nord: LegalEntity) -> None:
    earlier = a_rule(nord, valid_from=None)
    later = a_rule(nord)
    on_document(taxes=ENERGY_19)
    assert (documented(earlier).exists(), documented(later).exists()) == (False, True)


def test_a_place_without_country_is_in_its_companys(nord: LegalEntity) -> None:
    rule = a_rule(nord)
    on_document(taxes=ENERGY_19, country="")
    assert documented(rule).exists()


def test_another_companys_documents_dont_matter(nord: LegalEntity) -> None:
    rule = a_rule(company("Somebody else"))
    on_document(taxes=ENERGY_19)
    assert not documented(rule).exists()


def test_a_price_that_was_superseded_after_its_document_counts(nord: LegalEntity) -> None:
    rule = a_rule(nord)
    priced_anew(on_document(taxes=ENERGY_19), applied_taxes=None, tax_code="DE7")
    assert documented(rule).exists()


# Removing and approving


def test_a_rule_no_document_carries_is_removed_with_an_event(nord: LegalEntity, otto: User) -> None:
    delete_tax_rule(rule=a_rule(nord), actor=otto, at=AT)
    assert not TaxRule.objects.exists()
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.actor) == ("tax_rule.delete", otto)
    assert event.changes == {
        "country": ["DE", None],
        "valid_from": ["2026-01-01", None],
        "rate": ["19", None],
        "code": ["DE19", None],
        "account": ["3806", None],
        "source": ["§ 12 UStG", None],
    }


def test_somebody_else_approves(nord: LegalEntity, fiona: User, otto: User) -> None:
    rule = a_rule(nord, actor=fiona)
    with pytest.raises(UserError) as caught:
        approve_tax_rule(rule=rule, seen=contents(rule), actor=fiona, at=AT)
    assert caught.value.code == "own_tax_rule"
    rule.refresh_from_db()
    assert (rule.approved_by, AuditEvent.objects.count()) == (None, 1)

    approved = approve_tax_rule(rule=rule, seen=contents(rule), actor=otto, at=AT)
    assert (approved.approved_by, approved.approved_at) == (otto, AT)
    assert AuditEvent.objects.latest("pk").action == "tax_rule.approve"
    with pytest.raises(UserError) as caught:
        approve_tax_rule(rule=rule, seen=contents(rule), actor=otto, at=AT)
    assert caught.value.code == "tax_rule_approved"
    assert AuditEvent.objects.count() == 2


def test_what_changed_since_it_was_looked_at_is_not_approved(nord: LegalEntity, fiona: User, otto: User) -> None:
    rule = a_rule(nord, actor=fiona)
    seen = contents(rule)
    a_rule(nord, rate=Decimal(91), actor=fiona)
    with pytest.raises(UserError) as caught:
        approve_tax_rule(rule=rule, seen=seen, actor=otto, at=AT)
    assert caught.value.code == "tax_rule_changed"
    rule.refresh_from_db()
    assert rule.approved_by is None


@pytest.mark.parametrize(
    ("rule", "sentences"),
    [
        ({}, []),
        ({"source": ""}, ["Nobody can tell where this rate comes from. Name the law, or who told you and when."]),
        ({"rate": Decimal(0)}, ["Invoices without tax usually need a sentence that says why. Enter the one the law asks for."]),
        ({"rate": Decimal(0), "legal_sentence": "Reverse charge."}, []),
        ({"category": "ZERO", "rate": Decimal(0), "legal_sentence": "Zero-rated."}, []),
        (
            {"category": "EXEMPT"},
            [
                "The category is “Exempt”, but the rate is 19 %.",
                "Invoices without tax usually need a sentence that says why. Enter the one the law asks for.",
            ],
        ),
    ],
    ids=str,
)
def test_what_looks_odd_is_said_and_saved(nord: LegalEntity, rule: dict[str, Any], sentences: list[str]) -> None:
    assert advice(a_rule(nord, **rule)) == sentences
