"""Makes audit packs: in the background with progress, or in a command's own process."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from billing.accrual_models import Accrual
from billing.accruals import accrued_csv
from billing.audit_pack import contents
from billing.audit_pack.contents import Months
from billing.audit_pack.packing import packed
from billing.book_checks import NAMES, Report, check_books
from billing.book_checks.snapshot import snapshot
from billing.export_models import ExportTarget
from billing.export_queries import accounts_in, read_entries, settings_of
from billing.export_queries import posted as posted_entries
from billing.journal_models import AccountingPeriod
from billing.operations.exports import files_of, slug
from billing.operations.journal_seals import seal
from chargebill.core import events, jobs
from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity, User
from chargebill.core.periods import month_of

KIND = "audit_pack"
FOLDER = "audit_packs"
MOST_MONTHS = 24


@dataclass(frozen=True, slots=True)
class Pack:
    """``content`` is the ZIP; ``is_closed``: all of its months are, so that it is the same bytes whenever it is made."""

    name: str
    content: bytes
    is_closed: bool
    is_clean: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def months_between(entity: LegalEntity, first: date, last: date) -> Months:
    """From the month of ``first`` to that of ``last``, both included. Raises UserError period."""
    before = month_of(last).end
    assert before is not None
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    if not 1 <= count <= MOST_MONTHS:
        raise UserError("period", f"A pack is of 1 to {MOST_MONTHS} months, the earlier one first. Nothing was made.", "--period")
    return Months(entity, first, before)


def make_pack(of: Months) -> Pack:
    """Checks the books, then reads everything at one moment. Raises UserError too_many."""
    seal(entity=of.entity)
    report = check_books()
    with snapshot():
        months = AccountingPeriod.objects.filter(entity=of.entity, first_day__gte=of.since, first_day__lt=of.before)
        states = {str(one): one.state for one in months.order_by("first_day")}
        files = _files(of, report)
    breaks = _breaks_of(report, of.entity)
    about = {
        "company": of.entity.name,
        "from": of.since.isoformat(),
        "to": date.fromordinal(of.before.toordinal() - 1).isoformat(),
        "months": states,
    }
    is_closed = bool(states) and all(state == AccountingPeriod.State.CLOSED for state in states.values())
    name = f"audit_{slug(of.entity)}_{of.since:%Y-%m}"
    last = date.fromordinal(of.before.toordinal() - 1)
    name += "" if (last.year, last.month) == (of.since.year, of.since.month) else f"_{last:%Y-%m}"
    return Pack(f"{name}{'' if is_closed else '_draft'}.zip", packed(files, about), is_closed, not breaks)


def _files(of: Months, report: Report) -> dict[str, bytes]:
    entries = posted_entries(of.entity).filter(effective_date__gte=of.since, effective_date__lt=of.before)
    read = read_entries(of.entity, entries).entries
    target = ExportTarget.GENERIC
    moment = max((entry.posted_at for entry in read), default=timezone.now())
    accounts, settings = accounts_in(of.entity, target), settings_of(of.entity, target)
    ledger = files_of(of.entity, target, read, accounts, settings, stem="journal", label="ChargeBill", at=moment) if read else []
    chain, texts = contents.chain(of)
    taxes, other = contents.taxes(of)
    return {
        "README.txt": contents.README.encode(),
        "documents.csv": contents.documents(of),
        "lines.csv": contents.lines(of),
        **{file.name: file.content for file in ledger},
        "taxes.csv": taxes,
        "taxes-other.csv": other,
        "numbers.csv": contents.numbers(of),
        "changes.csv": contents.changes(of),
        **_accrued(of),
        "chain.json": chain,
        "entries.jsonl": texts,
        "check_books.json": _checked(report, of.entity),
    }


def _accrued(of: Months) -> dict[str, bytes]:
    """The sessions behind 1110, a file for each month that was closed with an accrual."""
    rows = Accrual.objects.filter(period__entity=of.entity, period__first_day__gte=of.since, period__first_day__lt=of.before)
    last = {one.period_id: one for one in rows.select_related("period").order_by("pk")}
    return {f"accrued-{one.period}.csv": accrued_csv(one.pk) for one in last.values()}


def _breaks_of(report: Report, entity: LegalEntity) -> list[dict[str, str]]:
    """What broke at this company, or at none in particular."""
    mine = [one for one in report.breaks if one.company in (entity.name, "")]
    return [{"check": one.check, "where": one.where, "message": one.message} for one in mine]


def _checked(report: Report, entity: LegalEntity) -> bytes:
    breaks = _breaks_of(report, entity)
    said = {"clean": not breaks, "checks": [{"check": name, "says": says} for name, says in NAMES.items()], "breaks": breaks}
    return (json.dumps(said, indent=1, ensure_ascii=False) + "\n").encode()


def start_pack(*, of: Months, key: str, actor: User) -> Job:
    """Makes a pack in the background. The same ``key`` gives the same job."""
    last = date.fromordinal(of.before.toordinal() - 1)
    said = f"{of.since:%Y-%m}" if f"{of.since:%Y-%m}" == f"{last:%Y-%m}" else f"{of.since:%Y-%m} to {last:%Y-%m}"
    params = {"entity": of.entity.pk, "since": of.since.isoformat(), "before": of.before.isoformat(), "period": said}
    return jobs.enqueue(kind=KIND, title=f"Audit pack of {of.entity}, {said}", key=key, params=params, actor=actor, unit="steps")


@jobs.job(KIND)
def run_pack(task: jobs.Running) -> dict[str, Any]:
    """The job behind it: made, then kept. Another attempt begins anew, and keeps the same bytes under the same name."""
    entity = LegalEntity.objects.get(pk=task.params["entity"])
    of = Months(entity, date.fromisoformat(task.params["since"]), date.fromisoformat(task.params["before"]))
    task.beat(total=2)
    pack = make_pack(of)
    with task.chunk(done=1, checkpoint={}):
        pass
    path = f"{FOLDER}/{pack.sha256}.zip"
    if not default_storage.exists(path):
        default_storage.save(path, ContentFile(pack.content))
    with task.chunk(done=2, checkpoint={}):
        events.record(
            action="audit_pack.make",
            subject=entity,
            summary=f"Audit pack of {task.params['period']} made",
            actor=task.job.created_by,
            at=timezone.now(),
            entity=entity,
            changes={"sha256": [None, pack.sha256], "period": [None, task.params["period"]]},
        )
    return {
        "file": path, "name": pack.name, "sha256": pack.sha256, "size": len(pack.content), "closed": pack.is_closed,
        "clean": pack.is_clean,
    }  # fmt: skip
