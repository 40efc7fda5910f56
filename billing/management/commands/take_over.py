"""Takes over a file of another system: a dry run with its report, or with --commit all of it or nothing."""

import getpass
import sys
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from billing.operations.takeover import WAYS, dry_run, take_over, taken_before, usual_day
from billing.takeover import Line, Report
from billing.takeover_models import TakeOver, TakeOverKind
from chargebill.core.commands import DOES_NOT_HOLD, JsonCommand
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User

MOST_BYTES = 20_000_000


class Command(JsonCommand):
    help = "Read what another system left, report every line, and with --commit take it over whole."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=TakeOverKind.values)
        parser.add_argument("file", help="A CSV; the portal has a template of each kind.")
        parser.add_argument("--entity", help="Name of the company; may be left out where there is one.")
        parser.add_argument("--day", help="Day of the balances; left out: that of the opening balances, or today.")
        parser.add_argument("--commit", action="store_true", help="Take it over. Without it nothing is changed.")
        parser.add_argument(
            "--signed-by", help="Who looked at the report: the name a person signs in with. Else this machine's account."
        )

    def answer(
        self,
        *,
        kind: str,
        file: str,
        entity: str | None,
        day: str | None,
        commit: bool,
        signed_by: str | None,
        **options: Any,
    ) -> dict[str, Any]:
        of, at, company = TakeOverKind(kind), timezone.now(), _company(entity)
        text, on = _text(file), _day(day) if day else usual_day(company, of, at)
        there = taken_before(entity=company, kind=of, text=text)
        if there:
            return {**_head(company, of, on, WAYS[of].has_day), **_of(there), "known": True}
        report = dry_run(entity=company, kind=of, text=text, day=on)
        told = {**_head(company, of, on, WAYS[of].has_day), **_told(report)}
        if report.problem_lines:
            self.exit_code = DOES_NOT_HOLD
        if report.problem_lines or not commit:
            return {**told, "committed": False, "known": False}
        actor = _person(signed_by) if signed_by else None
        made = take_over(
            entity=company,
            kind=of,
            name=Path(file).name,
            text=text,
            day=on,
            signed_as=(actor.get_full_name() or actor.get_username()) if actor else f"command line, {getpass.getuser()}",
            report_digest=report.digest,
            actor=actor,
            at=at,
        )
        return {**told, **_of(made), "known": False}


def _head(entity: LegalEntity, kind: TakeOverKind, day: date, has_day: bool) -> dict[str, Any]:
    return {"kind": kind.value, "company": entity.name, "day": day.isoformat() if has_day else None}


def _told(report: Report) -> dict[str, Any]:
    return {
        "read": len(report.lines),
        "wrong": len(report.problem_lines),
        "totals": list(report.totals),
        "lines": [_line(line) for line in report.lines],
    }


def _line(line: Line) -> dict[str, Any]:
    said = [{"column": problem.column, "message": problem.message} for problem in line.problems]
    return {"line": line.line, "will": line.will, "problems": said}


def _of(made: TakeOver) -> dict[str, Any]:
    lines = [{"line": line, "will": will, "problems": []} for line, will in made.report]
    return {
        "read": len(lines),
        "wrong": 0,
        "totals": made.totals,
        "lines": lines,
        "committed": True,
        "take_over": made.pk,
        "signed_as": made.signed_as,
    }


def _company(name: str | None) -> LegalEntity:
    found = list(LegalEntity.objects.filter(name=name) if name is not None else LegalEntity.objects.all()[:2])
    if len(found) == 1:
        return found[0]
    if name is not None:
        raise UserError("no_entity", f"There is no company named {name!r}. Nothing was changed.", "--entity")
    said = "There are several companies: say which with --entity." if found else "There is no company yet: enter it first."
    raise UserError("no_entity", f"{said} Nothing was changed.", "--entity")


def _text(name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UserError("file", f"{name} can't be read: {error.strerror}. Nothing was changed.", "file") from None
    if len(data) > MOST_BYTES:
        raise UserError("file", f"{name} is bigger than {MOST_BYTES // 10**6} MB. Split it. Nothing was changed.", "file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")


def _day(raw: str) -> date:
    try:
        return date.fromisoformat(raw)
    except ValueError:
        raise UserError("day", f"{raw!r} is no day: write it like 2026-09-01. Nothing was changed.", "--day") from None


def _person(name: str) -> User:
    found = User.objects.filter(username=name, is_active=True, is_staff=True).first()
    if found is None or not found.has_perm("billing.add_takeover"):
        raise UserError(
            "signed_by", f"{name!r} is nobody who may take files over. Finance or an Administrator may. Nothing was changed.",
            "--signed-by",
        )  # fmt: skip
    return found
