"""Reads about tax rules: which are in force, which were used on documents, what speaks for a second look."""

from datetime import date
from decimal import Decimal

from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from billing.chargeables import ON_A_DOCUMENT
from billing.models import AppliedTaxes, Cdr, TaxCategory, TaxRule
from billing.taxes import COLUMNS, COMPONENT_OF

# Of a rule in force since ever, as a day that can be compared.
EVER = date.min


def with_end(rules: QuerySet[TaxRule]) -> QuerySet[TaxRule]:
    """Adds ``valid_until``: the first day on which the next rule of the same kind applies; None while there is none."""
    same = {name: OuterRef(name) for name in ("entity", *COLUMNS)}
    begins = Coalesce(OuterRef("valid_from"), EVER)
    later = TaxRule.objects.filter(**same, valid_from__gt=begins).order_by().values("entity")
    return rules.annotate(valid_until=Subquery(later.annotate(first=Min("valid_from")).values("first")))


def documented(rule: TaxRule) -> QuerySet[Cdr]:
    """Prices taxed by this rule of sessions that are on a document, credited or not. Never one too few.

    They carry its rate and code on what it is about, and their session ended while it was in force, where it applies.
    """
    found = Cdr.objects.filter(entity_id=rule.entity_id, session__chargeable__state__in=ON_A_DOCUMENT)
    found = found.filter(
        Q(applied_taxes__in=_carrying(rule)) | Q(applied_taxes__isnull=True, tax_rate=rule.rate, tax_code=rule.code)
    )
    if rule.valid_from:
        found = found.filter(session__local_end_date__gte=rule.valid_from)
    if until := next_day(rule):
        found = found.filter(session__local_end_date__lt=until)
    if rule.country:
        here = Q(session__location__country=rule.country)
        found = found.filter(here | Q(session__location__country="", session__entity__country=rule.country))
    if rule.customer_kind:
        found = found.filter(customer_kind=rule.customer_kind)
    return found


def any_documented_since(rule: TaxRule) -> bool:
    """Whether a session of its company from the rule's first day on is on a document, whatever taxed it."""
    found = Cdr.objects.filter(entity_id=rule.entity_id, session__chargeable__state__in=ON_A_DOCUMENT)
    return found.filter(session__local_end_date__gte=rule.valid_from or EVER).exists()


def _carrying(rule: TaxRule) -> list[int]:
    """Sets of taxes that have the rule's on one of its components. A company has a handful of sets, all told."""
    about = {str(dimension) for dimension, component in COMPONENT_OF.items() if rule.component in ("", component)}
    return [
        pk
        for pk, applied in AppliedTaxes.objects.values_list("pk", "taxes")
        if any(Decimal(rate) == rule.rate and code == rule.code for on, (rate, code) in applied.items() if on in about)
    ]


def next_day(rule: TaxRule) -> date | None:
    """The first day on which the next rule of the same kind applies; None while there is none."""
    same = {name: getattr(rule, name) for name in ("entity_id", *COLUMNS)}
    later = TaxRule.objects.filter(**same, valid_from__gt=rule.valid_from or EVER)
    return later.aggregate(first=Min(F("valid_from")))["first"]


def advice(rule: TaxRule) -> list[str]:
    """What a person should look at again, a sentence each; the rule counts all the same."""
    said = []
    untaxed = rule.category in (TaxCategory.ZERO, TaxCategory.EXEMPT)
    if untaxed and rule.rate:
        said.append(f"The category is “{rule.get_category_display()}”, but the rate is {rule.rate.normalize():f} %.")
    if (untaxed or not rule.rate) and not rule.legal_sentence:
        said.append("Invoices without tax usually need a sentence that says why. Enter the one the law asks for.")
    if not rule.source:
        said.append("Nobody can tell where this rate comes from. Name the law, or who told you and when.")
    return said
