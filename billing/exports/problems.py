"""What stands between entries and a file the target takes, each with what to do about it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from billing.exports import datev, quickbooks, xero
from billing.exports.model import Account, Entry, Settings, Target
from billing.exports.parts import paired, shortened
from chargebill.core.money import minor_digits

MOST_SAID = 20
_DIGITS = re.compile(r"\A\d+\Z", re.ASCII)
_TAX_KEY = re.compile(r"\A\d{1,4}\Z", re.ASCII)
_XERO_CODE = re.compile(r"\A[A-Za-z0-9.\-/]{1,10}\Z")


@dataclass(frozen=True, slots=True)
class Problem:
    """``code`` is stable; ``message`` says what is wrong and what to do; ``account`` is the code of ours it is about."""

    code: str
    message: str
    account: str = ""


def name_problem(target: Target, account: Account, settings: Settings) -> str:
    """Why an account can't be called this in the target; "" when it can."""
    name = account.name
    if target == Target.DATEV:
        length = settings.account_length
        if not _DIGITS.match(name) or not 1 <= len(name) <= length + 1 or not int(name):
            return f"A DATEV account has up to {length} digits, one of a person {length + 1}."
        if account.tax_key and not _TAX_KEY.match(account.tax_key):
            return "A BU-Schlüssel has one to four digits."
    elif target == Target.XERO:
        if not _XERO_CODE.match(name):
            return "A Xero account code has up to 10 letters, digits, points, hyphens or slashes."
    elif not name.strip() or len(name) > 100 or not name.isprintable() or not all(map(str.strip, name.split(":"))):
        return "A QuickBooks account name has up to 100 characters; a sub-account is written Parent:Sub."
    return ""


def settings_problems(target: Target, settings: Settings) -> list[Problem]:
    """What the target wants to know of the company and doesn't."""
    found = []
    if target == Target.DATEV:
        if settings.consultant is None or not 1001 <= settings.consultant <= 9_999_999:
            found.append(Problem("consultant", "Enter the DATEV consultant number (1001 to 9999999): your tax adviser knows it."))
        if settings.client is None or not 1 <= settings.client <= 99_999:
            found.append(Problem("client", "Enter the DATEV client number (1 to 99999): your tax adviser knows it."))
        if not 4 <= settings.account_length <= 8:
            found.append(Problem("account_length", "DATEV accounts have 4 to 8 digits."))
    if target == Target.XERO and not settings.tax_rate.strip():
        found.append(Problem("tax_rate", "Enter the name of the Xero tax rate that computes nothing, such as Tax Exempt."))
    if target == Target.QUICKBOOKS and not settings.walk_in.strip():
        found.append(Problem("walk_in", "Enter the QuickBooks customer that receivables of unknown drivers go on."))
    if target == Target.XERO and settings.as_invoices and not settings.walk_in.strip():
        found.append(Problem("walk_in", "Enter the Xero contact that invoices of unknown drivers go to."))
    if target == Target.QUICKBOOKS and settings.as_invoices and settings.country != "US" and not settings.tax_rate.strip():
        found.append(Problem("tax_rate", "Enter the QuickBooks tax code that computes nothing, such as Out of Scope."))
    return found


def mapping_problems(
    target: Target, used: Mapping[str, str], currencies: Iterable[str], accounts: Mapping[str, Account], settings: Settings
) -> list[Problem]:
    """``used``: the accounts of ours that are booked on, by code, with what we call them."""
    if target == Target.GENERIC:
        return []
    found = settings_problems(target, settings)
    for code, called in sorted(used.items()):
        account = accounts.get(code)
        if account is None:
            found.append(Problem("not_mapped", f"{called} has no account in this target yet: enter it.", code))
        elif problem := name_problem(target, account, settings):
            found.append(Problem("account_name", f"{called} is {account.name!r}. {problem}", code))
    for currency in sorted(currencies):
        if target == Target.DATEV and minor_digits(currency) > 2:
            found.append(Problem("currency", f"DATEV takes two digits behind the comma, and amounts in {currency} have more."))
    return found


def entry_problems(
    target: Target, entries: Sequence[Entry], accounts: Mapping[str, Account], *, most: int = MOST_SAID
) -> list[Problem]:
    """What single entries have that the target doesn't take. Every account they are on is mapped."""
    found = []
    for entry in entries:
        if problem := _entry_problem(target, entry, accounts):
            found.append(problem)
            if len(found) == most:
                break
    return found


def _entry_problem(target: Target, entry: Entry, accounts: Mapping[str, Account]) -> Problem | None:
    if target == Target.DATEV:
        for debit, credit, amount in paired(entry.lines):
            number = accounts[debit.account_code].name
            if int(number) == int(accounts[credit.account_code].name):
                ours = f"{debit.account_number} {debit.account_name} and {credit.account_number} {credit.account_name}"
                return Problem(
                    "same_account",
                    f"Entry {entry.entry_no} is between {ours}, which are both {number} in DATEV: give one of them another.",
                    credit.account_code,
                )
            if amount >= datev.LARGEST:
                return Problem("amount", f"Entry {entry.entry_no} moves {amount:f}: DATEV takes ten digits before the comma.")
        return None
    most = {Target.QUICKBOOKS: quickbooks.MOST_ROWS, Target.XERO: xero.MOST_ROWS}.get(target)
    if most is not None and len(shortened(entry, most, accounts).lines) > most:
        said = f"Entry {entry.entry_no} has more than {most} lines on different accounts, and a file takes no more."
        return Problem("too_long", f"{said} Book it in this program by hand.")
    return None


def problems_of(target: Target, entries: Sequence[Entry], accounts: Mapping[str, Account], settings: Settings) -> list[Problem]:
    """All of it: first what is not mapped; once that is done, what single entries have."""
    lines = [line for entry in entries for line in entry.lines]
    used = {line.account_code: f"{line.account_number} {line.account_name}" for line in lines}
    found = mapping_problems(target, used, {line.currency for line in lines}, accounts, settings)
    return found or entry_problems(target, entries, accounts)
