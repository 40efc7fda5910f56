"""Accounts: a code of the chart, in the group the chart has it in."""

from billing.book_checks.model import Report
from billing.journal import chart_account
from billing.journal_models import Account
from chargebill.core.errors import UserError


def check(report: Report) -> None:
    for pk, entity_id, code, kind in Account.objects.order_by("pk").values_list("pk", "entity_id", "code", "kind"):
        report.looked_at["accounts"] += 1
        try:
            right = chart_account(code).kind.name
        except UserError:
            report.add("accounts", entity_id, f"account {pk}", f"{code!r} is no code of the chart of accounts.")
        else:
            if kind != right:
                report.add("accounts", entity_id, f"account {code}", f"It is stored as {kind} and is {right}.")
