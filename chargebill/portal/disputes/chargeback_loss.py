"""The form on a chargeback's page by which Finance enters a loss, and says whether the driver was right."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing.credits import lines_left
from billing.documents import Fixed
from chargebill.chargeback_losses import lose_chargeback
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import round_money
from chargebill.portal.disputes.outcome import SIDES
from chargebill.portal.payment_frame import amount_in
from disputes.chargeback_models import Chargeback
from disputes.chargeback_queries import agreed_on
from disputes.chargebacks import Status


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the charge: what is left of it on the side its document fixes, and what the form says was wrong."""

    key: int
    position: int
    session: str
    side: str
    left: str
    value: str

    @property
    def name(self) -> str:
        return f"line-{self.key}"


def is_open(chargeback: Chargeback) -> bool:
    """Whether the acquirer holds money that can still be lost."""
    losing = (Status.NEEDS_RESPONSE, Status.UNDER_REVIEW)
    return chargeback.funds is not None and chargeback.status in losing and not chargeback.funds.ends.exists()


def context_of(chargeback: Chargeback, given: dict[str, str]) -> dict[str, Any]:
    """The lines; what was wrong begins with what was agreed in the case, else with all of a charge the acquirer took whole."""
    document, funds = chargeback.document, chargeback.funds
    fixed, rows = Fixed(document.anchor), []
    lines = lines_left(document)
    assert funds is not None
    agreed = agreed_on(chargeback).amounts
    whole = sum((one.left.gross for one in lines), Decimal(0)) == funds.amount
    for one in lines:
        left = f"{round_money(one.left_on(fixed), document.currency):f}"
        begins = agreed.get(one.line.pk)
        usual = left if whole and not agreed else f"{round_money(begins, document.currency):f}" if begins else ""
        value = given.get(f"line-{one.line.pk}", usual)
        rows.append(Row(one.line.pk, one.line.position, one.line.session_number, SIDES[fixed], left, value))
    return {"loss_rows": rows}


def lose(chargeback: Chargeback, given: dict[str, str], on: date, actor: User, at: datetime) -> str:
    """What the form asks for; what it came to, in words. Raises UserError, changing nothing."""
    if given.get("right") not in ("yes", "no"):
        raise UserError("right", "Say whether the driver was right. Nothing was changed.", "right")
    amounts: dict[int, Decimal] = {}
    if given["right"] == "yes":
        for one in lines_left(chargeback.document):
            raw = given.get(f"line-{one.line.pk}", "").strip()
            if not raw:
                continue
            try:
                amounts[one.line.pk] = amount_in(raw)
            except UserError as error:
                raise UserError("amount", error.message, f"line-{one.line.pk}") from error
        amounts = {pk: amount for pk, amount in amounts.items() if amount}
        if not amounts:
            raise UserError("right", "Say what was wrong, on at least one line. Nothing was changed.", "right")
    lose_chargeback(chargeback=chargeback, amounts=amounts, text=given.get("text", ""), on=on, actor=actor, at=at)
    if amounts:
        return "Booked. What was wrong is credited against what the acquirer took; nothing is paid a second time."
    return "Booked as a loss."
