"""Keeps what a company's accounts are called in an accountant's program, and what that program wants to know besides."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.export_models import ExportAccount, ExportSettings, ExportTarget
from billing.export_queries import accounts_in, settings_of
from billing.exports import CHARTS, Account, Settings, Target, name_problem, preset_of, settings_problems
from billing.journal import CHART, chart_account
from billing.journal_models import Account as JournalAccount
from billing.operations.journal import hold_book
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User

SETTINGS = {
    ExportTarget.GENERIC: (),
    ExportTarget.QUICKBOOKS: ("as_invoices", "walk_in", "tax_rate"),
    ExportTarget.XERO: ("as_invoices", "tax_rate", "walk_in"),
    ExportTarget.DATEV: ("consultant", "client", "account_length", "chart"),
}


class NotTaken(UserError):
    """Several fields at once can't be kept: ``fields`` is the reason by "name-CODE", or by the name of a setting."""

    def __init__(self, fields: dict[str, str]) -> None:
        first = next(iter(fields))
        super().__init__("export_accounts", f"{fields[first]} Nothing was changed.", first)
        self.fields = fields


def codes_of(entity: LegalEntity) -> list[str]:
    """The accounts that can be mapped: those of the chart, and the company's own for tax rates and gateways."""
    own = JournalAccount.objects.filter(entity=entity).values_list("code", flat=True)
    return sorted({*CHART, *own})


def set_export_accounts(
    *,
    entity: LegalEntity,
    target: ExportTarget,
    names: Mapping[str, Account],
    settings: Mapping[str, Any],
    actor: User | None,
    at: datetime,
) -> None:
    """Keeps the names by code (an empty one takes the mapping away) and the settings of this target; others stay.

    Batches that were made keep what they were made with. Raises NotTaken and unknown_account, changing nothing.
    """
    if target == ExportTarget.GENERIC:
        raise UserError("generic", "The general ledger uses the accounts' own numbers and names: Accounting, Accounts.")
    settings = {name: value for name, value in settings.items() if name in SETTINGS[target]}
    for code in names:
        chart_account(code)
    with transaction.atomic():
        hold_book(entity)
        old_settings, old = settings_of(entity, target), accounts_in(entity, target)
        now = replace(old_settings, **settings)
        names = {code: Account(one.name.strip(), one.tax_key.strip()) for code, one in names.items()}
        _check(target, names, settings, now)
        if settings:
            ExportSettings.objects.update_or_create(entity=entity, target=target, defaults=settings)
        _store(entity, target, names, old)
        changes = _changes(old, names, old_settings, settings)
        if changes:
            events.record(
                action="export.accounts",
                subject=entity,
                summary=f"Accounts of {entity} in {target.label} changed",
                actor=actor,
                at=at,
                entity=entity,
                changes=changes,
            )


def _check(target: ExportTarget, names: Mapping[str, Account], settings: Mapping[str, Any], now: Settings) -> None:
    wrong = {problem.code: problem.message for problem in settings_problems(Target(target), now) if problem.code in settings}
    for code, one in names.items():
        if one.name and (problem := name_problem(Target(target), one, now)):
            wrong[f"name-{code}"] = problem
    if wrong:
        raise NotTaken(wrong)


def _store(entity: LegalEntity, target: ExportTarget, names: Mapping[str, Account], old: Mapping[str, Account]) -> None:
    mine = ExportAccount.objects.filter(entity=entity, target=target)
    mine.filter(code__in=[code for code, one in names.items() if not one.name]).delete()
    changed = {code: one for code, one in names.items() if one.name and old.get(code) != one}
    ExportAccount.objects.bulk_create(
        [ExportAccount(entity=entity, target=target, code=c, name=one.name, tax_key=one.tax_key) for c, one in changed.items()],
        update_conflicts=True,
        unique_fields=["entity", "target", "code"],
        update_fields=["name", "tax_key"],
    )


def _changes(
    old: Mapping[str, Account], names: Mapping[str, Account], was: Settings, settings: Mapping[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {name: [getattr(was, name), value] for name, value in settings.items() if getattr(was, name) != value}
    for code, one in names.items():
        there = old.get(code)
        if (there or Account("")) != one:
            found[code] = [_words(there), _words(one) if one.name else None]
    return found


def _words(one: Account | None) -> str | None:
    return None if one is None else " ".join(filter(None, (one.name, f"BU {one.tax_key}" if one.tax_key else "")))


def map_by_preset(*, entity: LegalEntity, preset: str, settings: Mapping[str, Any], actor: User | None, at: datetime) -> None:
    """Every account of a company as a preset of CHARTS calls it: for the demo, and a company that begins.

    Raises UserError, changing nothing: what set_export_accounts raises.
    """
    target, chart = CHARTS[preset]
    kind = ExportTarget(target)
    length = settings.get("account_length") or settings_of(entity, kind).account_length
    set_export_accounts(
        entity=entity,
        target=kind,
        names={code: Account(preset_of(preset, code, account_length=length)) for code in codes_of(entity)},
        settings={**settings, **({"chart": chart} if chart else {})},
        actor=actor,
        at=at,
    )
