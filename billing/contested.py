"""Reads what is contested of documents: nobody is reminded of it, and it is not collected."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from billing.contest_models import ContestedLine
from billing.document_models import DocumentLine

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Contested:
    """Of one document: gross of its contested lines, less what was taken back of them, and where they are dealt with."""

    amount: Decimal
    references: tuple[str, ...]


def contested_of(document_ids: Iterable[int]) -> dict[int, Contested]:
    """By document, those that have a contested line. Two queries."""
    lines = ContestedLine.objects.filter(line__document__in=list(document_ids), lifted_at__isnull=True).order_by("line_id")
    rows = list(lines.values_list("line_id", "line__document_id", "line__gross_amount", "reference"))
    credited: dict[int, Decimal] = defaultdict(lambda: ZERO)
    for line, amount in DocumentLine.objects.filter(corrects__in=[row[0] for row in rows]).values_list(
        "corrects_id", "gross_amount"
    ):
        credited[line or 0] += amount
    amounts: dict[int, Decimal] = defaultdict(lambda: ZERO)
    references: dict[int, list[str]] = defaultdict(list)
    for line, document, gross, reference in rows:
        amounts[document] += gross - credited[line]
        references[document].append(reference)
    return {document: Contested(amounts[document], tuple(dict.fromkeys(references[document]))) for document in amounts}


def undisputed(open_amounts: Mapping[int, Decimal], contested: Mapping[int, Contested]) -> dict[int, Decimal]:
    """What is open on each document and not contested: the contested line is what the driver holds back first."""
    return {pk: max(ZERO, amount - contested[pk].amount) if pk in contested else amount for pk, amount in open_amounts.items()}
