"""The form of a tariff: what holds for all of it, and its rules. What is typed is shown again, whatever is wrong."""

from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.http import QueryDict

from billing.models import Tariff, TariffVersion, TaxCategory
from billing.tariff_cards import Card
from billing.tariff_content import MOST_GRACE_MINUTES, Content, content_of
from billing.tariff_elements import plain
from chargebill.core.errors import UserError
from chargebill.core.fields import UpperCaseField
from chargebill.core.keys import row_in
from chargebill.core.models import LegalEntity, validate_currency
from chargebill.portal.tariff_fields import NumberField, price_field
from chargebill.portal.tariff_rules import KeptRule, Rule, RuleForm, elements_of, posted_rules, rules_of

AMOUNTS = ("min_price", "max_price", "parking_cap")


def _amount(label: str, help_text: str) -> NumberField:
    field = price_field(label)
    field.help_text = help_text
    return field


class TariffForm(forms.Form):
    """What holds for all rules. ``seen`` is the digest of the draft it was opened with, ``source`` the version it was
    copied from."""

    name = forms.CharField(label="Name", max_length=120, help_text="Drivers see it beside their price.")
    code = forms.CharField(
        label="Code", max_length=100, required=False, help_text="How imported files name this tariff. May stay empty."
    )
    currency = UpperCaseField(label="Currency", max_length=3, validators=[validate_currency], help_text="Such as EUR.")
    tax_included = forms.ChoiceField(
        label="Tax",
        choices=[("yes", "These prices include tax"), ("no", "Tax is added to these prices")],
        widget=forms.RadioSelect,
        error_messages={"required": "Say whether these prices include tax."},
    )
    tax_category = forms.ChoiceField(
        label="Kind of tax rate", choices=TaxCategory.choices, help_text="Your tax rules turn it into a rate."
    )
    min_price = _amount("A session costs at least", "Also one that is free otherwise.")
    max_price = _amount("and at most", "")
    grace_minutes = forms.IntegerField(
        label="Free idle time",
        required=False,
        min_value=0,
        max_value=MOST_GRACE_MINUTES,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
        error_messages={"invalid": "Whole minutes, such as 15.", "min_value": "This can't be negative."},
        help_text="After charging ended.",
    )
    parking_cap = _amount("Idle time costs at most", "In one session.")
    free_of_charge = forms.BooleanField(label="Yes, charging is free of charge", required=False)
    seen = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    source = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, known_currency: str, **kwargs: Any) -> None:
        super().__init__(*args, use_required_attribute=False, **kwargs)
        self.known_currency = known_currency
        if known_currency:
            del self.fields["currency"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        low, high = cleaned.get("min_price"), cleaned.get("max_price")
        if low is not None and high is not None and low > high:
            self.add_error("max_price", "The most is below the least.")
        return cleaned

    @property
    def in_currency(self) -> str:
        """What amounts are in, as far as it is known."""
        typed = getattr(self, "cleaned_data", {})
        return self.known_currency or typed.get("currency") or ""

    @property
    def asks_about_free(self) -> bool:
        return "free_of_charge" in self.errors or bool(self["free_of_charge"].value())


@dataclass(slots=True)
class Editor:
    """The form and its rules, filled from a content or from what was posted.

    ``base`` is the content it began with: the draft's, or that of the version it was copied from.
    """

    entity: LegalEntity
    tariff: Tariff | None
    form: TariffForm
    rules: list[Rule]
    base: Content

    @property
    def currency(self) -> str:
        return self.form.in_currency

    @property
    def shown_rules(self) -> list[tuple[Rule, list[str]]]:
        """The rules in order; of one that is kept, what it says in words."""
        currency = self.currency or "XXX"
        return [(rule, rule.lines(currency) if isinstance(rule, KeptRule) else []) for rule in self.rules]

    @property
    def next_key(self) -> str:
        """A key no rule has yet."""
        return str(max((int(rule.key) for rule in self.rules if rule.key.isdigit()), default=0) + 1)

    @property
    def blank(self) -> RuleForm:
        """The rule that is added by a click; its key is put in then."""
        return RuleForm(key="KEY", card=Card())

    def is_valid(self) -> bool:
        valid = self.form.is_valid()
        for rule in self.rules:
            valid &= rule.is_kept or rule.is_valid()
        if valid and self.content().is_free and not self.form.cleaned_data.get("free_of_charge"):
            self.form.add_error("free_of_charge", "Charging would be free of charge: confirm it, or enter a price.")
            valid = False
        return valid

    def content(self) -> Content:
        """What is typed and can be read; of a form nobody has sent, what it began with."""
        if not self.form.is_bound:
            return replace(self.base, elements=elements_of(self.rules))
        typed = self.form.cleaned_data
        return Content(
            tax_included=typed.get("tax_included") != "no",
            elements=elements_of(self.rules),
            tax_category=typed.get("tax_category") or TaxCategory.STANDARD,
            grace_minutes=typed.get("grace_minutes") or 0,
            ocpi=self.base.ocpi,
            **{name: typed.get(name) for name in AMOUNTS},
        )

    @property
    def priced_rules(self) -> list[Rule]:
        """The rules that become elements, in the order of the elements."""
        return [rule for rule in self.rules if rule.element()["price_components"]]

    def show(self, error: UserError) -> None:
        """Puts a refusal where it can be put right: at its field or its rule, else above the form."""
        rule = self._rule_at(error.where)
        if error.where in self.form.fields:
            self.form.add_error(error.where, error.message)
        elif isinstance(rule, RuleForm):
            rule.add_error(None, error.message)
        else:
            self.form.add_error(None, error.message)

    def _rule_at(self, where: str) -> Rule | None:
        if not where.startswith("elements["):
            return None
        number, rules = int(where[len("elements[") : where.index("]")]), self.priced_rules
        return rules[number] if number < len(rules) else None

    def without(self, key: str) -> None:
        self.rules = [rule for rule in self.rules if rule.key != key]

    def move(self, key: str, by: int) -> None:
        """One place up (-1) or down (1), where there is one."""
        at = next((n for n, rule in enumerate(self.rules) if rule.key == key), None)
        if at is not None and 0 <= at + by < len(self.rules):
            self.rules[at], self.rules[at + by] = self.rules[at + by], self.rules[at]

    def add(self) -> str:
        key = self.next_key
        self.rules.append(RuleForm(key=key, card=Card()))
        return key


NOTHING = Content(tax_included=True, elements=[])


def known_currency(entity: LegalEntity, tariff: Tariff | None) -> str:
    """A tariff keeps its currency, and a company bills in its own; "" while neither says."""
    return tariff.currency if tariff else entity.base_currency


def opened(
    entity: LegalEntity, tariff: Tariff | None, content: Content, *, name: str, seen: str, source: int | None = None
) -> Editor:
    """The form as it is opened, filled with a content."""
    initial: dict[str, Any] = {
        "name": name,
        "code": tariff.code if tariff else "",
        "tax_included": "yes" if content.tax_included else "no",
        "tax_category": content.tax_category,
        "grace_minutes": content.grace_minutes or None,
        "seen": seen,
        "source": source,
        **{name: None if (value := getattr(content, name)) is None else plain(value) for name in AMOUNTS},
    }
    form = TariffForm(initial=initial, known_currency=known_currency(entity, tariff))
    return Editor(entity, tariff, form, rules_of(content.elements), content)


def posted(entity: LegalEntity, tariff: Tariff | None, draft: TariffVersion | None, data: QueryDict) -> Editor:
    """The form as it was sent, on top of the draft, or of the version it was copied from."""
    form = TariffForm(data, known_currency=known_currency(entity, tariff))
    version = draft
    if version is None and tariff is not None:
        version = row_in(tariff.versions.all(), data.get("source", ""))
    rules = posted_rules(data)
    # Read before anything asks for what was typed.
    form.is_valid()
    for rule in rules:
        if isinstance(rule, RuleForm):
            rule.is_valid()
    return Editor(entity, tariff, form, rules, content_of(version) if version else NOTHING)
