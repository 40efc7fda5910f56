"""The rules of a tariff in the editor: each is a card's form, or an element kept as it is because no card can show it.

A form posts ``rule`` once for each rule, in order: the key under which its fields come ("rule-3-price_ENERGY"). So
moving a rule is moving its part of the page, and nothing has to be numbered anew.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict

from billing.pricing import Dimension, Tariff, tariff_from_elements
from billing.pricing.documents import load
from billing.pricing.model import PricingError, Restrictions
from billing.pricing.text import component, conditions
from billing.tariff_cards import BY_TIME, DAYS, HOUR, KINDS, MINUTE, ONE_DAY, Card, CardPrice, card_of, element_of
from billing.tariff_elements import Elements, plain, stored
from chargebill.portal.tariff_fields import DurationField, StepField, TimeField, duration, price_field, quantity_field, whole

MOST_RULES = 200
LABELS = {
    Dimension.ENERGY: "Energy",
    Dimension.TIME: "Charging time",
    Dimension.PARKING_TIME: "Idle time, connected after charging",
    Dimension.FLAT: "Start fee",
}
UNITS = {Dimension.ENERGY: "per kWh", Dimension.FLAT: "per session"}
LIMITS = ("min_kwh", "max_kwh", "min_kw", "max_kw", "min_s", "max_s")
WHEN = ("start_time", "end_time", "days", "start_date", "last_date")


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One price of a card as the page shows it; ``vat`` is what an imported document named, None for none."""

    price: forms.BoundField
    per: forms.BoundField | None
    step: forms.BoundField | None
    unit: str
    vat: Decimal | None


class RuleForm(forms.Form):
    """One card. Empty prices are not decided by this rule; 0 is free."""

    start_time = TimeField("From", "such as 22:00")
    end_time = TimeField("until", "such as 06:00")
    days = forms.TypedMultipleChoiceField(
        label="Weekdays",
        required=False,
        coerce=int,
        choices=[(n, day.capitalize()) for n, day in enumerate(DAYS)],
        widget=forms.CheckboxSelectMultiple,
    )
    start_date = forms.DateField(
        label="First day", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last_date = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    min_kwh = quantity_field("From")
    max_kwh = quantity_field("below")
    min_kw = quantity_field("From")
    max_kw = quantity_field("below")
    min_s = DurationField("From")
    max_s = DurationField("before")
    order = forms.CharField(required=False, max_length=100, widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, key: str, card: Card | None = None) -> None:
        self.key, self.is_kept, self._begun = key, False, card or Card()
        super().__init__(data, prefix=f"rule-{key}", initial=initial_of(card) if card else {}, use_required_attribute=False)
        for kind in KINDS:
            self.fields[f"price_{kind}"] = price_field(LABELS[kind])
            self.fields[f"vat_{kind}"] = forms.DecimalField(required=False, widget=forms.HiddenInput)
            if kind in BY_TIME:
                self.fields[f"per_{kind}"] = forms.ChoiceField(
                    label="Unit", required=False, choices=[(MINUTE, "per minute"), (HOUR, "per hour")]
                )
            if kind is Dimension.FLAT:
                # It rounds nothing; a document may name one all the same.
                self.fields["step_FLAT"] = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
            else:
                present = self._given(f"step_{kind}")
                self.fields[f"step_{kind}"] = StepField(kind, () if present is None else (present,))
        for name in ("start_date", "last_date"):
            self.fields[name].error_messages["invalid"] = "This is no date. Write it like 2026-09-01."

    def _given(self, name: str) -> int | None:
        """A whole number that was posted, or that the form begins with."""
        return whole(self.data.get(self.add_prefix(name)) if self.is_bound else self.initial.get(name))

    @property
    def rows(self) -> list[PriceRow]:
        return [
            PriceRow(
                self[f"price_{kind}"],
                self[f"per_{kind}"] if kind in BY_TIME else None,
                self[f"step_{kind}"] if kind is not Dimension.FLAT else None,
                UNITS.get(kind, ""),
                _number(self[f"vat_{kind}"].value()),
            )
            for kind in KINDS
        ]

    @property
    def has_when(self) -> bool:
        return any(self[name].value() for name in WHEN)

    @property
    def has_limits(self) -> bool:
        return any(self[name].value() for name in LIMITS)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not any(cleaned.get(f"price_{kind}") is not None or f"price_{kind}" in self.errors for kind in KINDS):
            self.add_error(None, "This rule has no price. Enter one (0 is free), or remove the rule.")
        if cleaned.get("last_date") == date.max:
            self.add_error("last_date", "Leave it empty if there is no last day.")
        return cleaned

    def card(self) -> Card:
        """What is typed and can be read; of a form nobody has sent, what it began with."""
        if not self.is_bound:
            return self._begun
        c = self.cleaned_data
        named = [Dimension(kind) for kind in c.get("order", "").split(",") if kind in set(KINDS)]
        prices = {}
        for kind in dict.fromkeys([*named, *_STORED_ORDER]):
            if (price := c.get(f"price_{kind}")) is not None:
                per = (c.get(f"per_{kind}") or MINUTE) if kind in BY_TIME else ""
                prices[kind] = CardPrice(price, per, c.get(f"step_{kind}") or 0, c.get(f"vat_{kind}"))
        last = c.get("last_date")
        return Card(
            prices=prices,
            days=tuple(sorted(c.get("days") or ())),
            end_date=last + ONE_DAY if last else None,
            start_date=c.get("start_date"),
            **{name: c.get(name) or "" for name in ("start_time", "end_time")},
            **{name: c.get(name) for name in LIMITS},
        )

    def element(self) -> dict[str, Any]:
        return element_of(self.card())


# As prices are stored where nothing else is known.
_STORED_ORDER = (Dimension.FLAT, Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME)


def initial_of(card: Card) -> dict[str, Any]:
    """A card as its form shows it."""
    found: dict[str, Any] = {"order": ",".join(card.prices)}
    for kind, of in card.prices.items():
        found |= {f"price_{kind}": plain(of.price), f"per_{kind}": of.per, f"step_{kind}": of.step_size}
        if of.vat is not None:
            found[f"vat_{kind}"] = plain(of.vat)
    for name in ("min_kwh", "max_kwh", "min_kw", "max_kw"):
        if (value := getattr(card, name)) is not None:
            found[name] = plain(value)
    found |= {"min_s": duration(card.min_s), "max_s": duration(card.max_s), "days": list(card.days)}
    return found | {name: getattr(card, name) for name in ("start_time", "end_time", "start_date", "last_date")}


def _number(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text)) if text not in (None, "") else None
    except ArithmeticError:
        return None


class KeptRule:
    """An element no card can show: read-only, in words, and posted as it is."""

    is_kept = True
    errors: dict[str, Any] = {}

    def __init__(self, key: str, element: dict[str, Any]) -> None:
        self.key, self._element = key, element

    @property
    def text(self) -> str:
        return json.dumps(self._element)

    def lines(self, currency: str) -> list[str]:
        """When it applies, and each price, in words."""
        (read,) = tariff_from_elements(
            name="", version=0, currency=currency, tax_included=True, elements=[self._element]
        ).elements
        reserved = Restrictions(reservation=read.restrictions.reservation)
        prices = [component(c, reserved, currency) for c in read.components]
        return [line for line in (conditions(read.restrictions), *prices) if line]

    def element(self) -> dict[str, Any]:
        return self._element


Rule = RuleForm | KeptRule


def rules_of(elements: Elements) -> list[Rule]:
    """The rules of stored elements, to begin a form with."""
    return [rule_of(str(number), element) for number, element in enumerate(elements, 1)]


def rule_of(key: str, element: dict[str, Any]) -> Rule:
    card = card_of(element)
    return KeptRule(key, element) if card is None else RuleForm(key=key, card=card)


def posted_rules(data: QueryDict) -> list[Rule]:
    """The rules as they were posted, in order. One that is kept and does not read as an element is left out."""
    found: list[Rule] = []
    for key in dict.fromkeys(data.getlist("rule")[:MOST_RULES]):
        kept = data.get(f"rule-{key}-kept")
        if kept is None:
            found.append(RuleForm(data, key=key))
        elif (element := _posted_element(kept)) is not None:
            found.append(KeptRule(key, element))
    return found


def _read(element: Any, currency: str) -> Tariff:
    """Raises TariffError."""
    return tariff_from_elements(name="", version=0, currency=currency, tax_included=True, elements=[element])


def _posted_element(text: str) -> dict[str, Any] | None:
    try:
        element = load(text)
        _read(element, "XXX")
    except PricingError:
        return None
    (found,) = stored([element])
    return found


def elements_of(rules: Iterable[Rule]) -> Elements:
    """The elements of rules that are kept, or were validated; one without a price says nothing and is left out."""
    return [element for rule in rules if (element := rule.element())["price_components"]]
