"""A chargeback is lost: Finance says whether the driver was right. Credit notes are issued, and counted, through the pipeline."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from billing.credit_models import TAKEN
from billing.operations.chargebacks import settle_dues
from chargebill import pipeline
from chargebill.core.errors import UserError
from chargebill.core.models import User
from chargebill.core.money import Money
from disputes.chargeback_models import Chargeback
from disputes.chargeback_queries import Agreed, agreed_on
from disputes.chargebacks import Status
from disputes.operations.chargebacks import lock_chargeback, move_chargeback

ZERO = Decimal(0)


def lose_chargeback(
    *, chargeback: Chargeback, amounts: Mapping[int, Decimal], text: str, on: date, actor: User, at: datetime
) -> Chargeback:
    """The acquirer keeps what it took. ``amounts``: what was wrong, by line, on the side the document fixes; none: the driver
    was not right, and all of it is a loss.

    What was wrong is taken off the bill by a credit note against what the acquirer took (2300): the driver has that money
    already, and nothing is refunded a second time; what was agreed in cases is done by it, too, and what is owed back of the
    charge and was not refunded yet is settled. The rest is a loss (6020).

    Raises UserError, changing nothing: not_taken, text (a credit note has a reason), agreed (more was agreed in a case),
    over_taken (more than the acquirer took), what move_chargeback and correct raise.
    """
    with transaction.atomic():
        found = lock_chargeback(chargeback)
        if found.funds is None:
            raise UserError("not_taken", "Nothing was taken back: say where the chargeback stands instead. Nothing was changed.")
        if found.status == Status.LOST:
            raise UserError("not_in_table", f"{found} is lost already. Nothing was changed.")
        agreed = agreed_on(found)
        less = next((pk for pk, amount in agreed.amounts.items() if amounts.get(pk, ZERO) < amount), None)
        if less is not None and not amounts:
            raise _less(found, agreed, less)
        # What is owed back of it already the driver has from the acquirer: it does not go out any more.
        credited = settle_dues(funds=found.funds, on=on, actor=actor, at=at)
        if amounts:
            if not text.strip():
                raise UserError("text", "Say what was wrong: the credit note names it. Nothing was changed.", "text")
            note = pipeline.correct(
                document=found.document, key=f"chargeback:{found.pk}", amounts=amounts,
                reason=f"Chargeback {found}: {' '.join(text.split())}"[:300], returned_to=TAKEN, actor=actor, at=at,
            )  # fmt: skip
            credited += note.correction.returned_amount
            # Where the acquirer took less than was agreed, all it took is credited, and the case does the rest.
            if less is not None and credited < found.funds.amount:
                raise _less(found, agreed, less)
            if credited > found.funds.amount:
                raise UserError("over_taken", "That is more than the acquirer took. Nothing was changed.")
        return move_chargeback(
            chargeback=found, target=Status.LOST, text=text, on=on, credited=credited, actor=actor, at=at
        )  # fmt: skip


def _less(chargeback: Chargeback, agreed: Agreed, line: int) -> UserError:
    amount = Money(agreed.amounts[line], chargeback.currency)
    return UserError(
        "agreed",
        f"In case {', '.join(agreed.cases)} it was agreed to take {amount} off a line of this bill: say that the driver was"
        " right, and at least so much of it. Nothing was changed.",
        f"line-{line}",
    )
