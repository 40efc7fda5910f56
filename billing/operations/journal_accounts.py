"""Gives accounts the number and the name a company calls them by. What rules book on, the code, stays."""

from datetime import datetime

from django.db import transaction

from billing.journal import CHART
from billing.journal_models import Account
from billing.operations.journal import accounts_of
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User


def rename_account(*, entity: LegalEntity, code: str, number: str, name: str, reason: str, actor: User, at: datetime) -> Account:
    """Renames and renumbers an account; saying what it is called already changes nothing.

    Raises UserError, changing nothing: unknown_account, account_name, account_number, number_taken.
    """
    number, name = number.strip(), name.strip()
    if not name or len(name) > 120 or "\x00" in name:
        raise UserError("account_name", "Give the account a name of at most 120 characters. Nothing was changed.", "name")
    if not number or len(number) > 40 or not number.isprintable():
        raise UserError("account_number", "Give the account a number of at most 40 characters. Nothing was changed.", "number")
    with transaction.atomic():
        account = Account.objects.get(pk=accounts_of(entity, {code})[code])
        bulk.lock_alone(Account, account.pk)
        account.refresh_from_db()
        others = Account.objects.filter(entity=entity).exclude(pk=account.pk)
        taken = others.filter(number=number).first() or others.filter(code=number).first()
        if taken is not None or (number != code and number in CHART):
            called = f"{taken}" if taken else CHART[number].name
            raise UserError("number_taken", f"{number} is {called}: choose another number. Nothing was changed.", "number")
        was = {"number": account.number, "name": account.name}
        now = {"number": number, "name": name}
        if was == now:
            return account
        account.number, account.name = number, name
        account.save(update_fields=["number", "name"])
        events.record(
            action="account.rename",
            subject=account,
            summary=f"Account {code} of {entity} is called {account}",
            actor=actor,
            at=at,
            entity=entity,
            reason=reason,
            changes={name: [was[name], now[name]] for name in was if was[name] != now[name]},
        )
    return account
