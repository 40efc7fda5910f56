"""The tax table, its form, its approval and “Which tax?”, as a person sees and uses them."""

from datetime import UTC, date, datetime
from decimal import Decimal

from django.urls import reverse

from billing.models import TaxRule
from billing.operations import set_tax_rule
from chargebill.portal.demo.taxes import set_demo_taxes
from tests.browser.conftest import every_look
from tests.rows import company
from tests.tax.test_setting_rules import on_document

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIST, ADD, ASK = "admin:billing_taxrule_changelist", "admin:billing_taxrule_add", "admin:tax_checker"


def exempt(entity, actor):
    """A rule with everything to complain about: no source, no sentence, not approved."""
    return set_tax_rule(
        entity=entity,
        country="",
        category="EXEMPT",
        component="",
        customer_kind="BUSINESS",
        valid_from=None,
        rate=Decimal(0),
        code="EXEMPT",
        account="",
        legal_sentence="",
        source="",
        actor=actor,
        at=AT,
    )


@every_look
def test_the_pages_are_accessible(page, sign_in, staff, check_access):
    user = sign_in("Finance")
    page.goto(reverse(LIST))
    check_access()
    page.goto(reverse(ASK))
    page.get_by_text("No company yet").wait_for()
    check_access()

    entity, other = company(), staff("Administrator")
    germany = set_demo_taxes(entity=entity, at=AT, actor=user)[2]
    set_demo_taxes(entity=company("Ostwerke"), at=AT, actor=user)
    rule = exempt(entity, other)
    on_document(taxes={"ENERGY": ["19", "DE19"]})
    for address in (
        reverse(LIST),
        reverse(LIST) + "?in_force=later",
        reverse(ADD),
        reverse("admin:billing_taxrule_change", args=[germany.pk]),
        reverse("admin:billing_taxrule_change", args=[rule.pk]),
        reverse("admin:billing_taxrule_history", args=[rule.pk]),
        reverse("admin:billing_taxrule_delete", args=[rule.pk]),
        reverse("admin:billing_taxrule_import"),
        reverse("admin:billing_taxrule_export"),
        reverse(ASK),
        reverse(ASK) + "?country=GB&day=2006-01-01",
        reverse(ASK) + "?country=Germany&day=tomorrow",
    ):
        page.goto(address)
        check_access()


@every_look
def test_a_rate_change_is_entered_put_right_and_asked_for(page, sign_in, check_access):
    user = sign_in("Finance")
    set_demo_taxes(entity=company(), at=AT, actor=user)
    page.goto(reverse(LIST))
    page.get_by_role("link", name="Add tax rule").click()
    page.get_by_label("Country of supply").fill("Germany")
    page.get_by_label("Rate").fill("190")
    page.get_by_label("Code").fill("DE21")
    page.get_by_label("Valid from").fill("2027-01-01")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Use a two-letter ISO 3166 code such as DE.").wait_for()
    page.get_by_text("A tax rate is at most 100 %. Enter 20 for 20 %.").wait_for()
    check_access()

    page.get_by_label("Country of supply").fill("de")
    page.get_by_label("Rate").fill("21")
    page.get_by_label("Source").fill("Tax adviser, November 2026")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was added successfully").wait_for()
    line = page.locator(".cb-tax-table tr", has_text="DE21")
    assert "Later" in line.inner_text()
    assert "Not approved" in line.inner_text()
    rule = TaxRule.objects.get(code="DE21")
    assert (rule.country, rule.rate, rule.valid_from, rule.entered_by) == ("DE", Decimal(21), date(2027, 1, 1), user)

    page.goto(reverse(ASK))
    for day, answer in (("2026-12-31", "19 % DE19"), ("2027-01-01", "21 % DE21")):
        page.get_by_label("Day the session ended").fill(day)
        page.get_by_role("button", name="Ask the table").click()
        page.get_by_role("link", name=answer).wait_for()
    page.get_by_text("Source: Tax adviser, November 2026").wait_for()


def test_two_people_make_an_approved_rule(page, sign_in):
    finance = sign_in("Finance")
    rule = exempt(company(), finance)
    page.goto(reverse("admin:billing_taxrule_change", args=[rule.pk]))
    page.get_by_text("You entered it, so somebody else has to approve it.").wait_for()
    assert page.get_by_role("button", name="Approve").count() == 0

    other = sign_in("Administrator")
    page.goto(reverse("admin:billing_taxrule_change", args=[rule.pk]))
    page.get_by_text("Invoices without tax usually need a sentence that says why.").wait_for()
    page.get_by_role("button", name="Approve").click()
    page.get_by_text("EXEMPT 0 % is approved.").wait_for()
    rule.refresh_from_db()
    assert rule.approved_by == other


def test_who_only_reads_asks_the_table_and_changes_nothing(page, sign_in):
    sign_in("Auditor")
    rule = set_demo_taxes(entity=company(), at=AT)[0]
    page.goto(reverse(LIST))
    assert page.get_by_role("link", name="Add tax rule").count() == 0
    page.goto(reverse("admin:billing_taxrule_change", args=[rule.pk]))
    for name in ("Save", "Approve", "Delete"):
        assert page.get_by_role("button", name=name).count() == 0
    page.get_by_role("link", name="Ask the table").click()
    page.get_by_role("link", name="19 % DE19").wait_for()
