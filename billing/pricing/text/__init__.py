"""Prices in plain words, English and German: a number, a component, a line's reason, a whole tariff."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from billing.pricing.model import ALWAYS, TAXED, Component, Dimension, Limit, Restrictions, Tariff, Untaxed
from billing.pricing.text.choices import Choice, of_dimension
from billing.pricing.text.english import English
from billing.pricing.text.german import German
from billing.pricing.text.words import Words

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
_WORDS: dict[Language, Words] = {"en": English(), "de": German()}
_RESERVED = {Dimension.FLAT: Dimension.RESERVATION_FLAT, Dimension.TIME: Dimension.RESERVATION_TIME}
# As AFIR orders them: per kWh, per minute, per session; reservations come last, among the rest.
_ORDER = (Dimension.ENERGY, Dimension.TIME, Dimension.PARKING_TIME, Dimension.FLAT)
_RESERVATIONS = (Dimension.RESERVATION_FLAT, Dimension.RESERVATION_TIME)
_FLAT = (Dimension.FLAT, Dimension.RESERVATION_FLAT)


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing a tariff says: "Energy", "0.49 EUR per kWh". Without a label the text is a sentence of its own.

    ``minor``: no price, but how a quantity is rounded before it has one.
    """

    label: str
    text: str
    minor: bool = False

    def __str__(self) -> str:
        return f"{self.label}: {self.text}." if self.label else self.text


def words(language: Language) -> Words:
    return _WORDS[language]


def money(amount: Decimal, currency: str, language: Language = "en") -> str:
    """ "0.49 EUR", "0,384 EUR": the currency's digits at least, and every digit the amount has."""
    return _WORDS[language].money(amount, currency)


def dimension_label(dimension: Dimension, language: Language = "en") -> str:
    return _WORDS[language].labels[dimension]


def conditions(restrictions: Restrictions, language: Language = "en") -> str:
    """When an element applies: "22:00-07:00, Mon-Fri"; "" for always."""
    return ", ".join(_WORDS[language].conditions(restrictions, reservation=True))


def component(component: Component, restrictions: Restrictions, currency: str, language: Language = "en") -> str:
    """One price and when it applies: "0.384 GBP per kWh, 22:00-07:00"."""
    words = _WORDS[language]
    dimension = _dimension(component, restrictions)
    price, beside = words.rate(component.price, currency, dimension, alone=True)
    price = _with(price, beside)
    return ", ".join([price, *words.conditions(restrictions, reservation=False), *_steps(words, dimension, component)])


def line_reason(
    dimension: Dimension, component: Component | None, restrictions: Restrictions = ALWAYS, language: Language = "en"
) -> str:
    """Why a line of a bill is there: "Energy, 22:00-07:00". A limit and a cap have no component."""
    words = _WORDS[language]
    steps = _steps(words, dimension, component) if component and component.step_size > 1 else []
    return ", ".join([words.reasons[dimension], *words.conditions(restrictions, reservation=False), *steps])


def tariff_text(tariff: Tariff, *, language: Language = "en", tax_sentence: bool = True) -> tuple[str, ...]:
    """The whole tariff, a sentence each, in AFIR's order: per kWh, per minute, per session, other.

    Of several prices for one thing the first whose conditions hold counts; those that can never apply are left out.
    """
    return tuple(map(str, tariff_sentences(tariff, language=language, tax_sentence=tax_sentence)))


def tariff_sentences(tariff: Tariff, *, language: Language = "en", tax_sentence: bool = True) -> tuple[Sentence, ...]:
    """What ``tariff_text`` says, each with its label."""
    words = _WORDS[language]
    priced = {dimension: of_dimension(tariff, dimension) for dimension in TAXED}
    found = {dimension: choices for dimension, (choices, _) in priced.items() if choices}
    costs = {dimension for dimension, choices in found.items() if any(choice.component.price for choice in choices)}
    rates = {choice.component.vat for choices in found.values() for choice in choices}

    def sentence(dimension: Dimension) -> Sentence:
        choices, left = priced[dimension]
        steps = {choice.component.step_size for choice in choices}
        entries = [_entry(words, tariff, dimension, choice, step=len(steps) > 1, tax=len(rates) > 1) for choice in choices]
        if left:
            entries.append(f"{words.otherwise} {words.free}")
        named = words.reasons if dimension is Dimension.PARKING_TIME else words.labels
        return Sentence(named[dimension], "; ".join(entries))

    if costs.isdisjoint(_ORDER):
        said = [Sentence("", words.free_of_charge)]
    else:
        said = [sentence(dimension) for dimension in _ORDER if dimension in found]
    said += [Sentence("", words.minimum(amounts)) for amounts in _limit(words, tariff, tariff.min_price)]
    said += [Sentence("", words.maximum(amounts)) for amounts in _limit(words, tariff, tariff.max_price)]
    if tariff.grace_s:
        said.append(Sentence("", words.grace(tariff.grace_s)))
    if tariff.parking_cap is not None:
        said.append(Sentence("", words.cap(words.money(tariff.parking_cap, tariff.currency))))
    for dimension in _ORDER:
        said += _common_step(words, dimension, found[dimension]) if dimension in costs else []
    for dimension in _RESERVATIONS:
        if dimension in costs:
            said += [sentence(dimension), *_common_step(words, dimension, found[dimension])]
    if tariff.starts_at or tariff.ends_at:
        said.append(Sentence("", words.validity(tariff.starts_at, tariff.ends_at)))
    if tax_sentence and (costs or tariff.min_price):
        known, rate = tariff.untaxed is Untaxed.NOT_APPLICABLE, next(iter(rates)) if len(rates) == 1 else None
        said.append(Sentence("", words.tax(included=tariff.tax_included, rate=rate, known=known, without=tariff.without_tax)))
    return tuple(said)


def _dimension(component: Component, restrictions: Restrictions) -> Dimension:
    return _RESERVED.get(component.dimension, component.dimension) if restrictions.reservation else component.dimension


def _steps(words: Words, dimension: Dimension, component: Component) -> list[str]:
    return [words.step(dimension, component.step_size)] if component.step_size and dimension not in _FLAT else []


def _common_step(words: Words, dimension: Dimension, choices: list[Choice]) -> list[Sentence]:
    """The step all of them share; different ones stand beside their prices."""
    if len({choice.component.step_size for choice in choices}) > 1:
        return []
    return [Sentence(words.labels[dimension], text, minor=True) for text in _steps(words, dimension, choices[0].component)]


def _entry(words: Words, tariff: Tariff, dimension: Dimension, choice: Choice, *, step: bool, tax: bool) -> str:
    component = choice.component
    rate = words.rate(component.price, tariff.currency, dimension, alone=False)
    price, beside = rate if component.price else (words.free, [])
    if tax and component.vat is not None:
        beside = [*beside, words.tax_rate(component.vat, included=tariff.tax_included)]
    if step:
        beside = [*beside, *_steps(words, dimension, component)]
    text = ", ".join([_with(price, beside), *words.conditions(choice.restrictions, reservation=False)])
    return f"{words.otherwise} {text}" if choice.otherwise else text


def _with(price: str, beside: list[str]) -> str:
    return f"{price} ({', '.join(beside)})" if beside else price


def _limit(words: Words, tariff: Tariff, limit: Limit | None) -> list[str]:
    """The bound in words: on the prices' own side it is said plainly, on the other with its side."""
    if limit is None or (limit.net is None and limit.gross is None):
        return []
    sides = [
        (words.money(amount, tariff.currency), side, own)
        for amount, side, own in (
            (limit.net, words.net, not tariff.tax_included),
            (limit.gross, words.gross, tariff.tax_included),
        )
        if amount is not None
    ]
    if len(sides) == 2:
        return [words.both(*(f"{amount} {side}" for amount, side, _ in sides))]
    amount, side, own = sides[0]
    return [amount if own else f"{amount} {side}"]
