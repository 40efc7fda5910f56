"""Prints the statistics of a company's cases, and writes them as the files the page has."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from chargebill.analytics.case_statistics import statistics
from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity
from chargebill.core.periods import Period, days
from chargebill.portal.disputes import statistics_files as files
from chargebill.portal.spreadsheets import csv_lines
from disputes.statistics.spans import EARLIEST, LATEST, span_of
from disputes.statistics_queries import DIMENSIONS

LIKE = {"quarter": "2026Q3", "month": "2026-08", "year": "2026"}


class Command(JsonCommand):
    help = "What a company's cases of a time come to: rate, times, outcomes and money, by reason, place, tariff, ..."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--entity", "--company", dest="entity", help="Name of the company; not needed when there is one.")
        parser.add_argument("--quarter", help="A quarter, such as 2026Q3.")
        parser.add_argument("--month", help="A month, such as 2026-08.")
        parser.add_argument("--year", help="A year, such as 2026.")
        parser.add_argument("--from", dest="first", help="The first day, such as 2026-08-01, with --to.")
        parser.add_argument("--to", dest="last", help="The last day, which belongs to it.")
        parser.add_argument("--by", choices=list(DIMENSIONS), default="cause", help="What cases are grouped by.")
        parser.add_argument("--csv", type=Path, help="Write the table, too.")
        parser.add_argument("--report", type=Path, help="Write the report by month and reason, too.")
        parser.add_argument("--cases", type=Path, help="Write a row for each case, too, without personal data.")

    def answer(self, *, entity: str | None, by: str, **options: Any) -> dict[str, Any]:
        company, span, at = _company(entity), _span(options), timezone.now()
        found = statistics(entity=company, span=span, by=by)
        written = {
            "csv": (files.table_header(found), lambda: files.table(found, at)),
            "report": (files.REPORT, lambda: files.report(company, span, at)),
            "cases": (files.CASES, lambda: files.case_rows(company, span, at)),
        }
        for name, (header, rows) in written.items():
            if options[name] is not None:
                _write(options[name], "".join(csv_lines(header, rows())), f"--{name}")
        return {
            "company": company.name,
            **_said(span, at),
            "by": by,
            "total": files.as_json(found.total),
            "rows": [files.as_json(row) for row in found.rows],
            "before": {**_said(found.span_before), **files.as_json(found.before)},
        }


def _company(name: str | None) -> LegalEntity:
    there = LegalEntity.objects.filter(name=name) if name is not None else LegalEntity.objects.all()
    found = list(there[:2])
    if len(found) != 1:
        said = f"There is no company named {name!r}." if name is not None else "Name the company with --entity."
        raise UserError("no_entity", f"{said} Nothing was written.", "--entity")
    return found[0]


def _span(options: dict[str, Any]) -> Period[date]:
    given = {name: options[name] for name in ("quarter", "month", "year", "first", "last") if options[name]}
    if set(given) == {"first", "last"}:
        try:
            first, last = date.fromisoformat(given["first"]), date.fromisoformat(given["last"])
            if last < first or not EARLIEST <= first.year <= last.year <= LATEST:
                raise ValueError
            return days(first, last)
        except ValueError:
            raise _wrong("Give two days like 2026-08-01, the first one first.", "--from") from None
    if len(given) != 1 or not set(given) <= set(LIKE):
        raise _wrong("Give one of --quarter, --month, --year, or --from with --to.", "--quarter")
    ((name, text),) = given.items()
    try:
        span = span_of(text)
        if len(text) != len(LIKE[name]) or ("Q" in text) != (name == "quarter"):
            raise ValueError
        return span
    except ValueError:
        raise _wrong(f"{text[:20]!r} is no {name}. Write it like {LIKE[name]}.", f"--{name}") from None


def _wrong(said: str, where: str) -> UserError:
    return UserError("span", f"{said} Nothing was written.", where)


def _said(span: Period[date], at: datetime | None = None) -> dict[str, str]:
    assert span.end is not None
    said = {"from": span.start.isoformat(), "to": date.fromordinal(span.end.toordinal() - 1).isoformat()}
    return said | ({"made_utc": at.isoformat()} if at else {})


def _write(path: Path, content: str, where: str) -> None:
    try:
        path.write_text(content, newline="")
    except OSError as problem:
        raise UserError("out", f"{path} can't be written: {problem.strerror}.", where) from None
