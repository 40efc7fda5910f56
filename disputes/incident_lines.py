"""What an incident would take back: line by line, with what is open, what was paid, and who is concerned. Reads only."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from billing.checks import Part
from billing.checks.canonical import canonical, digest
from billing.checks.parts import without
from billing.credits import LineLeft, left_of_lines
from billing.document_models import DocumentKind, DocumentLine
from billing.documents import Fixed
from billing.gate import PARTS
from billing.investigation.prices import own
from billing.models import Cdr
from billing.payments import open_amounts
from billing.pricing import Anchor, Result
from billing.usage import usages
from disputes.incident_amounts import down_to, percentage, still_due
from disputes.incident_cover import Taken, covers, decided_in
from disputes.incident_models import Incident
from disputes.incident_selection import Chosen, Selection, choose, chunks
from disputes.models import Case
from disputes.subjects import taken
from memberships.models import CustomerKind
from stations import facts as session_facts

ZERO = Decimal(0)
# Why nothing is taken back of a line.
CREDITED, BEFORE, FREE, SAME, UNKNOWN, DECIDED = "credited", "before", "free", "same", "unknown", "decided"


@dataclass(frozen=True, slots=True)
class Remedy:
    """What is taken back: everything, what the price asks for a ``part``, or a ``percent`` of it."""

    kind: str
    part: str = ""
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A line and what is taken back of it: ``amount`` and ``left`` on the side the document fixes, ``gross`` with tax.

    ``case`` is the open case about it.
    """

    line: DocumentLine
    left: Decimal
    left_gross: Decimal
    amount: Decimal
    gross: Decimal
    case: Case | None


@dataclass(slots=True)
class Sum:
    """Of one currency, incl. tax: what the lines stand at now, what goes back, and where that comes from."""

    lines: int = 0
    before: Decimal = ZERO
    back: Decimal = ZERO
    taken_off: Decimal = ZERO
    given_back: Decimal = ZERO
    to_partners: Decimal = ZERO

    @property
    def after(self) -> Decimal:
        return self.before - self.back


@dataclass(slots=True)
class Planned:
    """What an incident would do. ``untouched`` are lines left alone: by why, the lines of documents; ``ended`` keys of the
    open cases that get all they claim and end by it, the others are only answered."""

    chosen: Chosen
    lines: list[PlannedLine] = field(default_factory=list)
    untouched: dict[str, list[DocumentLine]] = field(default_factory=lambda: defaultdict(list))
    sums: dict[str, Sum] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    @property
    def documents(self) -> int:
        return len({one.line.document_id for one in self.lines})

    @property
    def sessions(self) -> int:
        return len({one.line.session_id for one in self.lines})

    @property
    def customers(self) -> int:
        return len({one.line.document.customer_id for one in self.lines} - {None})

    @property
    def strangers(self) -> int:
        """Documents of drivers nobody knows."""
        return len({one.line.document_id for one in self.lines if one.line.document.customer_id is None})

    @property
    def partners(self) -> int:
        return len({one.line.document.customer_id for one in self.lines if is_partner(one.line)})

    @property
    def without_address(self) -> int:
        """Of all who are told, those nobody here can write to."""
        unknown = {one.line.document.customer_id or -one.line.document_id for one in self.lines if not address_of(one.line)}
        return len(unknown)

    @property
    def cases(self) -> list[Case]:
        return sorted({one.case.pk: one.case for one in self.lines if one.case}.values(), key=lambda case: case.pk)


def is_partner(line: DocumentLine) -> bool:
    return line.document.customer_kind == CustomerKind.PARTNER


def address_of(line: DocumentLine) -> str:
    customer = line.document.customer
    return customer.email if customer else ""


def plan(selection: Selection, remedy: Remedy) -> Planned:
    """Everything a page shows before anybody agrees. Raises UserError as choose does. A dozen queries a thousand sessions."""
    planned = Planned(choose(selection))
    for ids in chunks(planned.chosen.billed):
        _add(planned, ids, remedy)
    _add_up(planned)
    _add_ended(planned)
    return planned


_RELATED = ("document__customer", "cdr__tariff_version__tariff", "cdr__applied_taxes")


def _add(planned: Planned, session_ids: list[int], remedy: Remedy) -> None:
    rows = DocumentLine.objects.filter(session__in=session_ids, corrects__isnull=True).exclude(
        document__kind=DocumentKind.CREDIT_NOTE
    )
    left = left_of_lines(rows.select_related(*_RELATED).order_by("document_id", "position"))
    due = dict(_due(left, remedy))
    cases = {(item.session_id, item.line_id): item.case for item in taken(session_ids)}
    decided = decided_in(cases.values())
    for one in left:
        line, fixed = one.line, _side(one)
        rest = one.left_on(fixed)
        case = cases.get((line.session_id, line.pk)) or cases.get((line.session_id, None))
        if rest <= 0:
            planned.untouched[CREDITED if _amount(line, fixed) else FREE].append(line)
        elif case and case.pk in decided:
            planned.untouched[DECIDED].append(line)
        elif line.pk not in due:
            planned.untouched[UNKNOWN].append(line)
        elif amount := still_due(due[line.pk], one.credited.side(fixed), rest):
            planned.lines.append(PlannedLine(line, rest, one.left.gross, amount, _gross(one, amount, fixed), case))
        else:
            planned.untouched[BEFORE if due[line.pk] else SAME].append(line)


def _side(one: LineLeft) -> Fixed:
    return Fixed(one.line.document.anchor)


def _amount(line: DocumentLine, fixed: Fixed) -> Decimal:
    return Decimal(line.net_amount if fixed is Fixed.NET else line.gross_amount)


def _gross(one: LineLeft, amount: Decimal, fixed: Fixed) -> Decimal:
    if amount == one.left_on(fixed):
        return one.left.gross
    return one.taking(amount, fixed, one.line.document.currency).gross


def _due(lines: Sequence[LineLeft], remedy: Remedy) -> Iterator[tuple[int, Decimal]]:
    """By line, what should not have been billed; lines whose price can't be worked out are left out."""
    if remedy.kind == Incident.Remedy.PART:
        yield from _without(lines, Part(remedy.part))
        return
    for one in lines:
        amount, percent = _amount(one.line, _side(one)), remedy.percent
        whole = remedy.kind == Incident.Remedy.WHOLE or percent is None
        yield one.line.pk, amount if whole else percentage(amount, percent or ZERO, one.line.document.currency)


def _without(lines: Sequence[LineLeft], part: Part) -> Iterator[tuple[int, Decimal]]:
    """Priced again by the tariff each was billed with, without the part: steps, limits and tax as they were.

    ``lines`` are all lines of their sessions. Of what another system priced only a total is known.
    """
    of: dict[int, list[LineLeft]] = defaultdict(list)
    for one in lines:
        if one.line.tariff:
            of[one.line.cdr_id].append(one)
    cdrs = {pk: ones[0].line.cdr for pk, ones in of.items()}
    # Where nothing was charged for it there is nothing to price.
    asked = {cdr.session_id: cdr for cdr in cdrs.values() if getattr(cdr, PARTS[part])}
    facts = [
        fact if (kwh := asked[fact.id].energy_kwh) is None else replace(fact, energy_kwh=kwh)
        for fact in session_facts.load(asked)
    ]
    used = usages(facts)
    for pk, ones in of.items():
        cdr = cdrs[pk]
        if cdr.session_id not in asked:
            yield from ((one.line.pk, ZERO) for one in ones)
            continue
        pricing = own(cdr, used[cdr.session_id])
        if pricing is None or not _agrees(pricing.result(), cdr):
            continue
        anew = pricing.under(without(pricing.tariff, [part])).result()
        before = [_amount(one.line, Fixed(cdr.anchor)) for one in ones]
        after = [_of_rate(anew, cdr, one.line) for one in ones]
        yield from zip((one.line.pk for one in ones), down_to(before, after, cdr.currency), strict=True)


def _agrees(result: Result, cdr: Cdr) -> bool:
    return (result.net, result.gross) == (cdr.net_amount, cdr.gross_amount)


def _of_rate(result: Result, cdr: Cdr, line: DocumentLine) -> Decimal:
    """What a result asks on the fixed side for what one line is about: all of it, or what has the line's tax."""
    net = cdr.anchor == Anchor.NET
    if cdr.tax_rate is not None:
        return (result.net if net else result.gross) or ZERO
    same = [one for one in result.lines if (one.tax_rate or ZERO, one.tax_code) == (line.tax_rate, line.tax_code)]
    return sum(((one.net if net else one.gross) or ZERO for one in same), ZERO)


def _add_up(planned: Planned) -> None:
    of_document: dict[int, list[PlannedLine]] = defaultdict(list)
    for one in planned.lines:
        of_document[one.line.document_id].append(one)
    for ids in chunks(sorted(of_document)):
        still_open = open_amounts(ids)
        for pk in ids:
            _count(planned.sums, of_document[pk], still_open[pk])
    planned.sums = dict(sorted(planned.sums.items()))


def _add_ended(planned: Planned) -> None:
    taken: dict[int, list[Taken]] = defaultdict(list)
    for one in planned.lines:
        if one.case:
            taken[one.case.pk].append(Taken(one.line.pk, one.amount, one.gross))
    cases = {case.pk: case for case in planned.cases}
    for ids in chunks(sorted(cases)):
        planned.ended |= covers([cases[pk] for pk in ids], taken, is_done=False).keys()


def _count(sums: dict[str, Sum], lines: Sequence[PlannedLine], still_open: Decimal) -> None:
    found = sums.setdefault(lines[0].line.document.currency, Sum())
    back = sum((one.gross for one in lines), ZERO)
    off = min(back, still_open)
    found.lines += len(lines)
    found.before += sum((one.left_gross for one in lines), ZERO)
    found.back += back
    found.taken_off += off
    found.given_back += back - off
    if is_partner(lines[0].line):
        found.to_partners += back


def digest_of(planned: Planned) -> str:
    """What a preview shows of its lines, as a hash: a form that carries it is about exactly these."""
    return digest(canonical([[one.line.pk, one.amount, one.left, one.case.pk if one.case else None] for one in planned.lines]))


def content(incident: Incident, lines: Iterable[tuple[int, Decimal, Decimal, int | None]]) -> str:
    """What a second person agrees to, as its SHA-256: lines with amount, what was left and the open case; words and letters."""
    said = {
        "remedy": [incident.remedy, incident.part, incident.percent],
        "reason": incident.reason,
        "letters": [incident.letter_en, incident.letter_de],
        "lines": [[line, amount, left, case] for line, amount, left, case in lines],
    }
    return digest(canonical(said))


_SHOWN = ("before", "back", "after", "taken_off", "given_back", "to_partners")


def figures_of(planned: Planned) -> dict[str, Any]:
    """What it came to when it was proposed, as text: counts, and by currency what stood, goes back, and where that is from."""
    return {
        "chosen": planned.chosen.count,
        "sessions": planned.sessions,
        "documents": planned.documents,
        "customers": planned.customers,
        "strangers": planned.strangers,
        "partners": planned.partners,
        "without_address": planned.without_address,
        "cases": len(planned.cases),
        "cases_ended": len(planned.ended),
        "waiting": dict(planned.chosen.waiting),
        "left_out": planned.chosen.left_out,
        "untouched": {why: len(lines) for why, lines in planned.untouched.items()},
        "sums": {
            code: {
                "lines": one.lines,
                **{name: f"{getattr(one, name):f}" for name in _SHOWN},
            }
            for code, one in planned.sums.items()
        },
    }
