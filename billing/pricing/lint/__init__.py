"""What is wrong with a tariff, or hardly meant so, before anyone pays it. docs/tariff-lint.md lists every finding."""

from collections.abc import Iterable, Iterator

from billing.pricing.lint import gaps, law, prices, reach
from billing.pricing.lint.document import as_written, version_of
from billing.pricing.lint.findings import CODES, Finding, Setting, Severity, finding
from billing.pricing.lint.space import TooComplex
from billing.pricing.model import Tariff, TariffError
from billing.pricing.tariff_document import read_tariff

__all__ = ["CODES", "Finding", "Setting", "Severity", "lint", "lint_document"]

# More elements than a person can keep apart are not compared with each other; more findings nobody reads.
MOST_COMPARED, MOST_FINDINGS = 150, 300
NOWHERE = Setting()
_RANK = {severity: rank for rank, severity in enumerate(Severity)}


def lint(tariff: Tariff, *, setting: Setting = NOWHERE) -> tuple[Finding, ...]:
    """What there is to say about a tariff, errors first, then in the order of its elements. Never raises."""
    return _ordered(_findings(tariff, setting))


def lint_document(document: object, *, version: str = "", setting: Setting = NOWHERE) -> tuple[Finding, ...]:
    """The same for an OCPI tariff object, and what its reading would not show.

    One that can't be read is a single error with the reader's code and place.
    """
    try:
        tariff = read_tariff(document, version=version)
    except TariffError as error:
        unread = Finding(
            error.code, error.where, Severity.ERROR, error.message, "Correct the document; nothing else was checked."
        )
        return (unread,)
    assert isinstance(document, dict)
    return _ordered([*as_written(document, version_of(document, version)), *_findings(tariff, setting)])


def _findings(tariff: Tariff, setting: Setting) -> Iterator[Finding]:
    for index, element in enumerate(tariff.elements):
        yield from reach.elements_alone(index, element, setting)
    yield from gaps.never_priced(tariff)
    yield from prices.of_components(tariff)
    yield from prices.minute_prices(tariff)
    yield from prices.across(tariff)
    yield from prices.shown_prices(tariff, setting)
    yield from prices.idle(tariff)
    yield from prices.limits(tariff)
    yield from prices.life(tariff, setting)
    yield from law.lawful(tariff, setting)
    try:
        if len(tariff.elements) > MOST_COMPARED:
            raise TooComplex
        layout = reach.Layout(tariff, setting)
        yield from reach.hidden(layout)
        yield from reach.flats(layout)
        yield from gaps.sometimes_priced(layout, setting.day)
    except TooComplex:
        yield finding(
            "too_complex",
            "",
            "The tariff has so many elements that cut each other that it was not checked fully for hidden prices and for gaps.",
            "Split it into several tariffs, or use fewer restrictions.",
        )


def _ordered(found: Iterable[Finding]) -> tuple[Finding, ...]:
    ordered = sorted(found, key=lambda one: (_RANK[one.severity], -1 if one.element is None else one.element))
    if len(ordered) > MOST_FINDINGS:
        more = len(ordered) - MOST_FINDINGS
        ordered[MOST_FINDINGS:] = [
            finding("too_complex", "", f"There are {more} more findings.", "Correct the first ones, then check again.")
        ]
    return tuple(ordered)
