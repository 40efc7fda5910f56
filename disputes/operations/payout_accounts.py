"""Keeps the account a driver wants money on: encrypted, shown to whoever pays, deleted once it is paid."""

import json
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from billing.payouts import checked_payee
from billing.refund_models import RefundDue
from billing.refunds import gateway_payments, payee_accounts
from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.sealing import seal, unseal
from disputes.execution import PUTS_RIGHT, own_dues_of, progress_of
from disputes.models import Case
from disputes.outcome_models import ExecutionStep, PayoutAccount
from disputes.workflow.states import State

PURPOSE = "disputes.payout_account"


def account_wanted(case: Case, at: datetime) -> bool:
    """Whether money waits for an account: something is owed back, no gateway took it, and no account is known.

    What an incident owes back for more than this case Finance asks about, as it does everybody else it owes something.
    """
    if case.state not in PUTS_RIGHT or PayoutAccount.objects.filter(pk=case.pk).exists():
        return False
    dues = [due for due in own_dues_of(progress_of(case, at).steps) if due.left > 0]  # type: ignore[attr-defined]
    known = payee_accounts(dues)
    return any(due.pk not in known and not gateway_payments(due).exists() for due in dues)


def give_account(*, case: Case, name: str, iban: str, at: datetime) -> PayoutAccount:
    """The driver's own account, in place of an earlier one as long as nothing has gone there.

    Raises UserError, changing nothing: payee_name, account, not_wanted (nothing of this case is paid out).
    """
    name, number = checked_payee(name, iban, "iban")
    with transaction.atomic():
        case = Case.objects.select_for_update().select_related("entity").get(pk=case.pk)
        if case.state not in PUTS_RIGHT:
            raise UserError("not_wanted", "Nothing is paid out for this case now. Nothing was changed.")
        given = {"sealed": seal(json.dumps([name, number]), PURPOSE), "ending": number[-4:], "given_at": at, "deleted_at": None}
        account, _ = PayoutAccount.objects.update_or_create(case=case, defaults=given)
        events.record(
            action="case.payout_account", subject=case, summary=f"{case.number}: account for the refund given", actor=None,
            at=at, entity=case.entity, changes={"ending": number[-4:]},
        )  # fmt: skip
    return account


def forget_account(case: Case, *, at: datetime) -> None:
    """Deletes the account of a case whose money has arrived. Twice is once."""
    PayoutAccount.objects.filter(pk=case.pk, deleted_at__isnull=True).update(sealed="", deleted_at=at)


def accounts_given(dues: Iterable[RefundDue]) -> dict[int, tuple[str, str]]:
    """(name, account) drivers gave, by due: for payout lists. What can't be read any more is not there."""
    wanted = {due.pk for due in dues}
    found: dict[int, tuple[str, str]] = {}
    if not wanted:
        return found
    accounts = {
        one.pk: one
        for one in PayoutAccount.objects.filter(deleted_at__isnull=True, case__state__in=[State.EXECUTING, State.STUCK])
    }
    steps = list(ExecutionStep.objects.select_related("correction", "offer").filter(offer__case__in=accounts))
    cases = {("document", str(one.correction.credit_note_id)): one.offer.case_id for one in steps if one.correction}
    cases |= {("goodwill", str(one.grant_id)): one.offer.case_id for one in steps if one.grant_id}
    for due in own_dues_of(steps):
        text = unseal(accounts[cases[due.source_type, due.source_id]].sealed, PURPOSE) if due.pk in wanted else None
        if text is not None:
            name, number = json.loads(text)
            found[due.pk] = (name, number)
    return found
