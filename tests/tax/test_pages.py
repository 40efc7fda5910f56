"""The pages of the tax table: who may do what, what is refused, what follows a change."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import TaxRule
from billing.operations.taxes import contents
from chargebill.core.models import AuditEvent, Job, User
from chargebill.portal.demo.taxes import set_demo_taxes
from tests.rows import company, sessions
from tests.tables import TablePages, as_csv
from tests.tax.test_setting_rules import a_rule, on_document

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def fiona(staff: Callable[[str], User]) -> User:
    return staff("Finance")


@pytest.fixture
def otto(staff: Callable[[str], User]) -> User:
    return staff("Administrator")


@pytest.fixture
def finance(client: Client, fiona: User) -> Client:
    client.force_login(fiona)
    return client


def address(verb: str, *args: Any) -> str:
    return reverse(f"admin:billing_taxrule_{verb}", args=args)


def said(page: Any) -> str:
    return " ".join(str(message) for message in page.context["messages"])


def add(client: Client, **values: Any) -> Any:
    data = {"entity": company().pk, "rate": "19", "code": "DE19", "source": "§ 12 UStG", **values}
    return client.post(address("add"), data, follow=True)


def errors(page: Any) -> list[str]:
    return [sentence for sentences in page.context["errors"] for sentence in sentences]


# The list


def test_the_list_is_grouped_and_says_what_is_in_force(finance: Client) -> None:
    set_demo_taxes(entity=company(), at=AT)
    a_rule(company(), country="", category="EXEMPT", rate=Decimal(0), code="EX", valid_from=date(2999, 1, 1))
    groups = finance.get(address("changelist")).context["groups"]
    shown = [(g.country, [(s.rule.code, s.about, s.state, s.last_day) for s in g.rules]) for g in groups]
    assert shown == [
        ("", [("EX", "Exempt", "later", None)]),
        (
            "DE",
            [
                ("DE19", "Everything", "now", None),
                ("DE16", "Everything", "earlier", date(2020, 12, 31)),
                ("DE19", "Everything", "earlier", date(2020, 6, 30)),
            ],
        ),
        ("GB", [("GB20", "Everything", "now", None)]),
    ]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("?in_force=now", ["DE19", "GB20"]),
        ("?in_force=earlier", ["DE16", "DE19"]),
        ("?in_force=later", []),
        ("?approved=no", ["DE19", "DE16", "DE19", "GB20"]),
        ("?approved=yes", []),
        ("?country=GB", ["GB20"]),
        ("?q=DE16", ["DE16"]),
    ],
)
def test_the_list_is_filtered(finance: Client, query: str, codes: list[str]) -> None:
    set_demo_taxes(entity=company(), at=AT)
    page = finance.get(address("changelist") + query)
    assert [rule.code for rule in page.context["cl"].result_list] == codes


# The form


def test_every_column_is_entered(finance: Client, fiona: User) -> None:
    sessions(1)
    page = add(
        finance,
        country="de",
        category="ZERO",
        component="ENERGY",
        customer_kind="BUSINESS",
        valid_from="2026-07-01",
        rate="0",
        account="4120",
        legal_sentence="Reverse charge.",
    )
    rule = TaxRule.objects.get()
    named = (rule.country, rule.category, rule.component, rule.customer_kind, rule.valid_from)
    assert named == ("DE", "ZERO", "ENERGY", "BUSINESS", date(2026, 7, 1))
    assert (rule.rate, rule.account, rule.legal_sentence, rule.entered_by) == (Decimal(0), "4120", "Reverse charge.", fiona)
    assert "are priced anew" in said(page)
    assert Job.objects.filter(kind="price").count() == 1


def test_a_country_spelled_out_is_not_cut_to_another_one(finance: Client) -> None:
    assert "maxlength" not in re.search(r"<input[^>]*name=\"country\"[^>]*>", finance.get(address("add")).content.decode())[0]
    assert errors(add(finance, country="Germany")) == ["Use a two-letter ISO 3166 code such as DE."]
    assert not TaxRule.objects.exists()


def test_the_same_kind_from_the_same_day_is_not_replaced_by_accident(finance: Client) -> None:
    add(finance, country="DE", component="ENERGY")
    assert errors(add(finance, country="DE", component="ENERGY", rate="7")) == [
        "Stadtwerke Nord already has DE19 19 % for DE, energy since ever. Open that one to change it, or give another day."
    ]
    assert TaxRule.objects.get().rate == Decimal(19)
    assert errors(add(finance, country="DE", component="TIME", rate="7")) == []


def test_what_looks_odd_is_warned_of(finance: Client) -> None:
    page = add(finance, category="EXEMPT", rate="0", source="")
    assert "Invoices without tax usually need a sentence that says why." in said(page)
    assert "Nobody can tell where this rate comes from." in said(page)


def test_sessions_on_documents_keep_their_tax_and_one_is_told(finance: Client) -> None:
    on_document(taxes={"ENERGY": ["19", "DE19"]})
    assert "Sessions that are on a document already keep their tax." in said(add(finance, valid_from="2026-03-01"))
    assert "keep their tax" not in said(add(finance, valid_from="2026-04-01"))


def test_a_rule_on_documents_is_shown_fixed_and_refuses_a_forged_change(finance: Client) -> None:
    rule = a_rule(company())
    on_document(taxes={"ENERGY": ["19", "DE19"]})
    page = finance.get(address("change", rule.pk))
    assert "Sessions on documents were taxed by this rule" in page.content.decode()
    assert list(page.context["adminform"].form.fields) == ["source"]
    finance.post(address("change", rule.pk), {"rate": "7", "code": "DE7", "source": "BMF"})
    rule.refresh_from_db()
    assert (rule.rate, rule.code, rule.source) == (Decimal(19), "DE19", "BMF")


def test_a_rule_used_since_the_form_was_opened_is_not_changed(finance: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = a_rule(company())
    on_document(taxes={"ENERGY": ["19", "DE19"]})
    # As if the document had come between the form's look and the operation's.
    monkeypatch.setattr("chargebill.portal.tax_rules.TaxRuleAdmin.history_of", lambda *_: [])
    monkeypatch.setattr("chargebill.portal.tax_rule_form.documented", lambda _: TaxRule.objects.none())
    page = finance.post(address("change", rule.pk), {"rate": "7", "code": "DE7", "source": ""}, follow=True)
    assert "can't be changed. Add a rule from a later day; nothing was changed." in said(page)
    page = Client()
    page.force_login(User.objects.get(username="finance"))
    gone = page.post(address("delete", rule.pk), {"post": "yes"}, follow=True)
    assert "can't be removed. Add a rule from a later day; nothing was changed." in said(gone)
    rule.refresh_from_db()
    assert rule.rate == Decimal(19)


# Removing


def test_a_rule_is_removed_and_sessions_priced_anew(finance: Client, fiona: User) -> None:
    sessions(1)
    rule = a_rule(company())
    page = finance.post(address("delete", rule.pk), {"post": "yes"}, follow=True)
    assert "because DE19 19 % for DE was removed" in said(page)
    assert not TaxRule.objects.exists()
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["tax_rule.delete", "tax_rule.set"]


def test_a_rule_on_documents_is_not_removed(finance: Client) -> None:
    rule = a_rule(company())
    on_document(taxes={"ENERGY": ["19", "DE19"]})
    page = finance.post(address("delete", rule.pk), {"post": "yes"}, follow=True)
    assert "DE19 19 % can't be deleted" in said(page)
    assert TaxRule.objects.exists()


# Approving


def test_approving_needs_a_second_person_and_what_they_saw(client: Client, fiona: User, otto: User) -> None:
    rule = a_rule(company(), actor=fiona)
    client.force_login(fiona)
    page = client.post(address("approve", rule.pk), {"seen": contents(rule)}, follow=True)
    assert "You entered DE19 19 % yourself." in said(page)
    client.force_login(otto)
    assert "was changed since you opened it" in said(client.post(address("approve", rule.pk), {"seen": "old"}, follow=True))
    rule.refresh_from_db()
    assert rule.approved_by is None

    seen = client.get(address("change", rule.pk)).context["seen"]
    client.post(address("approve", rule.pk), {"seen": seen})
    rule.refresh_from_db()
    assert rule.approved_by == otto
    assert client.get(address("approve", rule.pk)).status_code == 405
    assert client.post(address("approve", 0), {"seen": ""}, follow=True).status_code == 200


@pytest.mark.parametrize("role", ["Auditor", "Pricing manager", "Billing clerk", "Analyst"])
def test_others_read_the_table_and_change_nothing(client: Client, staff: Callable[[str], User], role: str) -> None:
    rule = a_rule(company())
    client.force_login(staff(role))
    assert client.get(address("changelist")).status_code == 200
    assert client.get(address("change", rule.pk)).status_code == 200
    assert client.get(reverse("admin:tax_checker")).status_code == 200
    before = list(TaxRule.objects.values())
    assert add(client).status_code == 403
    assert client.post(address("change", rule.pk), {"rate": "7", "code": "X"}).status_code == 403
    assert client.post(address("approve", rule.pk), {"seen": contents(rule)}).status_code == 403
    assert client.post(address("delete", rule.pk), {"post": "yes"}).status_code == 403
    assert client.get(address("import")).status_code == 403
    assert list(TaxRule.objects.values()) == before


# Files


HEADER = ["country", "category", "component", "customer_kind", "valid_from", "rate", "code", "source"]


def test_rules_come_in_and_go_out_as_tables(finance: Client, fiona: User) -> None:
    company()
    pages = TablePages(finance, "billing.TaxRule")
    rows = [["de", "", "Energy", "business", "2026-01-01", "19", "DE19", "law"], ["", "EXEMPT", "", "", "", "0", "EX", ""]]
    sessions(1)
    assert "are priced anew" in pages.take(as_csv(HEADER, *rows), "taxes.csv")
    assert list(TaxRule.objects.order_by("pk").values_list("country", "component", "customer_kind", "valid_from", "rate")) == [
        ("DE", "ENERGY", "BUSINESS", date(2026, 1, 1), Decimal(19)),
        ("", "", "", None, Decimal(0)),
    ]
    event = AuditEvent.objects.get(action="tax_rule.set", object_id=str(TaxRule.objects.get(code="DE19").pk))
    assert (event.actor, event.reason) == (fiona, "taxes.csv, line 2")
    assert AuditEvent.objects.filter(action__startswith="taxrule").count() == 0

    for kind in ("csv", "xlsx"):
        outcome = pages.look(pages.export(kind), f"file.{kind}").context["outcome"]
        assert (outcome.new, outcome.changed, outcome.unchanged) == (0, 0, 2)
    changed = pages.look(as_csv(HEADER, [*rows[0][:5], "20", "DE20", "law"])).context["outcome"]
    assert [(row.state, row.changes) for row in changed.rows] == [
        ("changed", {"rate": ["19", "20"], "code": ["DE19", "DE20"]}),
    ]


def test_a_wrong_line_is_named_and_nothing_taken(finance: Client) -> None:
    company()
    pages = TablePages(finance, "billing.TaxRule")
    rows = [
        ["DE", "", "", "", "2026-01-01", "19", "DE19", ""],
        ["DE", "", "", "", "1.1.2026", "19", "DE19", ""],
        ["DE", "", "WATTS", "", "", "19", "DE19", ""],
        ["DE", "", "", "", "2026-01-01", "20", "DE20", ""],
        ["DE", "", "TIME", "", "", "190", "DE19", ""],
        ["Germany", "", "", "", "", "19", "DE19", ""],
        ["DE", "", "FLAT", "", "", "19", "", ""],
    ]
    assert [(line, name) for line, name, _ in pages.problems(as_csv(HEADER, *rows))] == [
        (3, "valid_from"),
        (4, "component"),
        (5, "valid_from"),
        (6, ""),
        (7, "country"),
        (8, "code"),
    ]
    assert not TaxRule.objects.exists()


def test_a_file_cant_change_a_rule_that_is_on_documents(finance: Client) -> None:
    a_rule(company())
    on_document(taxes={"ENERGY": ["19", "DE19"]})
    pages = TablePages(finance, "billing.TaxRule")
    ((line, _, message),) = pages.problems(as_csv(HEADER, ["DE", "", "", "", "2026-01-01", "7", "DE19", "§ 12 UStG"]))
    assert (line, "Add a rule from a later day" in message) == (2, True)
    assert TaxRule.objects.get().rate == Decimal(19)


# Which tax?


def answers(client: Client, query: str = "") -> list[tuple[list[str], str, list[str]]]:
    page = client.get(reverse("admin:tax_checker") + query)
    assert page.status_code == 200
    return [(a.parts, str(a.rule) if a.rule else "", a.why) for a in page.context["answers"]]


EVERY_PART = ["Start fee", "Energy", "Charging time", "Idle time", "Reservation"]


def test_the_checker_says_the_rate_the_rule_and_why(finance: Client) -> None:
    set_demo_taxes(entity=company(), at=AT)
    a_rule(company(), component="TIME", customer_kind="BUSINESS", valid_from=None, rate=Decimal(7), code="DE7")
    assert answers(finance, "?day=2020-07-01") == [
        (
            EVERY_PART,
            "DE16 16 %",
            ["It is for DE, from 1 Jul 2020 on.", "DE19 19 % for DE from 1 Jan 2007 on fits too, but began earlier."],
        )
    ]
    assert answers(finance, "?day=2007-01-01&kind=BUSINESS&component=TIME") == [
        (
            ["Charging time"],
            "DE7 7 %",
            [
                "It is for DE, charging time, business, since ever.",
                "DE19 19 % for DE from 1 Jan 2007 on fits too, but does not name the part of the price.",
            ],
        )
    ]


def test_the_checker_says_why_there_is_none(finance: Client) -> None:
    set_demo_taxes(entity=company(), at=AT)
    none = "No rule fits: such a session is held, never billed at 0 %."
    assert answers(finance, "?country=GB&day=2011-01-03") == [
        (EVERY_PART, "", [none, "GB20 20 % for GB begins on 4 Jan 2011, after that day."])
    ]
    assert answers(finance, "?country=") == [
        (EVERY_PART, "", [none, "The place has no country, so only rules for every country can fit."])
    ]
    assert answers(finance, "?country=FR") == [(EVERY_PART, "", [none])]


@pytest.mark.parametrize(
    "query", ["?country=Germany", "?day=tomorrow", "?kind=X", "?component=X", "?category=", "?entity=0", "?entity=x"]
)
def test_the_checker_marks_what_it_cant_read(finance: Client, query: str) -> None:
    set_demo_taxes(entity=company(), at=AT)
    page = finance.get(reverse("admin:tax_checker") + query)
    assert (page.status_code, page.context["answers"], bool(page.context["form"].errors)) == (200, [], True)


def test_the_checker_takes_the_same_queries_for_any_table(finance: Client) -> None:
    set_demo_taxes(entity=company(), at=AT)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            answers(finance)
        return len(captured)

    queries()
    few = queries()
    for n in range(60):
        a_rule(company(), valid_from=date(2000, 1, 1 + n % 28), country=("DE", "GB", "")[n % 3])
    assert queries() == few


# The demo's rules


def test_the_demo_rules_say_what_they_are() -> None:
    from chargebill.portal.demo.taxes import RULES

    assert [(r.country, r.valid_from.isoformat(), str(r.rate)) for r in RULES] == [
        ("DE", "2007-01-01", "19"),
        ("DE", "2020-07-01", "16"),
        ("DE", "2021-01-01", "19"),
        ("GB", "2011-01-04", "20"),
    ]


def test_the_demo_rules_are_set_with_their_source(db: None) -> None:
    set_demo_taxes(entity=company(), at=AT)
    assert set(TaxRule.objects.values_list("source", flat=True)) == {
        "Demo value, not legal advice. § 12 (1) UStG",
        "Demo value, not legal advice. § 28 (1) UStG",
        "Demo value, not legal advice. VATA 1994 s. 2 (1)",
    }
