"""The numbers of documents: taken without a gap, written as a company likes."""

from datetime import datetime

from django.db import IntegrityError, transaction

from billing.document_models import ISSUED_KINDS, Document, DocumentKind, NumberSeries
from billing.documents import prefix_problem
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User

# What a company starts with; a prefix is no other kind's.
DEFAULT_PREFIX = {DocumentKind.RECEIPT: "R-", DocumentKind.INVOICE: "INV-", DocumentKind.CREDIT_NOTE: "CN-"}
LARGEST_NEXT = 10**12


def number_series(*, entity: LegalEntity) -> list[NumberSeries]:
    """A company's series, one for each kind; those it lacks are made."""
    there = {series.kind: series for series in NumberSeries.objects.filter(entity=entity)}
    missing = [kind for kind in ISSUED_KINDS if kind not in there]
    if missing:
        NumberSeries.objects.bulk_create(
            [NumberSeries(entity=entity, kind=kind, prefix=DEFAULT_PREFIX[kind]) for kind in missing], ignore_conflicts=True
        )
        there = {series.kind: series for series in NumberSeries.objects.filter(entity=entity)}
    return [there[kind] for kind in ISSUED_KINDS]


def take_numbers(*, entity: LegalEntity, kind: str, count: int, year: int) -> list[tuple[int, str]]:
    """The next ``count`` numbers of a kind, (count, as written), in order.

    Its row stays locked until the caller's transaction ends: whoever is next waits, and a transaction that is rolled
    back gives its numbers back before anybody else can look. The last lock a document takes.
    """
    number_series(entity=entity)
    series = NumberSeries.objects.select_for_update().get(entity=entity, kind=kind)
    first = series.next_number
    series.next_number = first + count
    series.save(update_fields=["next_number"])
    return [(number, series.text(number, year)) for number in range(first, first + count)]


def change_number_series(
    *, series: NumberSeries, prefix: str, digits: int, next_number: int, actor: User | None, at: datetime
) -> NumberSeries:
    """How the numbers to come are written, and, before the first document only, where they begin.

    Raises UserError, changing nothing: prefix, digits, next_number, numbers_began, prefix_taken.
    """
    if problem := prefix_problem(prefix):
        raise UserError("prefix", f"{problem} Nothing was changed.", "prefix")
    if not 1 <= digits <= 12:
        raise UserError("digits", "A number is written with 1 to 12 digits. Nothing was changed.", "digits")
    if not 1 <= next_number < LARGEST_NEXT:
        raise UserError("next_number", "Counting begins at 1 or above. Nothing was changed.", "next_number")
    with transaction.atomic():
        series = NumberSeries.objects.select_for_update().select_related("entity").get(pk=series.pk)
        issued = Document.objects.filter(entity=series.entity_id, kind=series.kind)
        if next_number != series.next_number and issued.exists():
            raise UserError(
                "numbers_began",
                f"Documents were issued already, so the next number stays {series.next_number}: another would leave a gap or"
                " come twice. Nothing was changed.",
                "next_number",
            )
        new = {"prefix": prefix, "digits": digits, "next_number": next_number}
        changes = {name: [getattr(series, name), value] for name, value in new.items() if getattr(series, name) != value}
        if not changes:
            return series
        for name, value in new.items():
            setattr(series, name, value)
        try:
            with transaction.atomic():
                series.save(update_fields=list(new))
        except IntegrityError:
            raise UserError(
                "prefix_taken", f"Another kind of document has the prefix {prefix!r}. Nothing was changed.", "prefix"
            ) from None
        events.record(
            action="number_series.change",
            subject=series,
            summary=f"Numbers of {series.get_kind_display().lower()}s changed",
            actor=actor,
            at=at,
            entity=series.entity,
            changes=changes,
        )
    return series
