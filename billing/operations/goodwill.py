"""Gives goodwill: 4900 against the customer's credit or what is owed back. Above the company's limit two people decide.

The limit is the one of the review queue (billing.review_models.CheckSettings). The tax table has no rule about goodwill,
so it carries no tax: what was billed and its tax stay as they are.
"""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.credit_models import Correction
from billing.document_models import Document
from billing.goodwill_models import GoodwillConfirmation, GoodwillGrant
from billing.journal import Leg
from billing.operations.credit_entries import ACCOUNT_OF
from billing.operations.credits import reason_in
from billing.operations.journal import post
from billing.operations.payments import check_amount
from billing.operations.refunds import owe
from billing.operations.second_person import is_above_limit, keep_word
from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.core.money import Money
from memberships.models import Customer

ZERO = Decimal(0)
GOODWILL = "4900"
LONGEST_LETTER = 4000
_SAID = ("customer_id", "document_id", "amount", "currency", "given_as", "reason", "letter")


def grant_goodwill(
    *,
    entity: LegalEntity,
    key: str,
    customer: Customer | None,
    document: Document | None,
    amount: Decimal,
    currency: str,
    given_as: str,
    reason: str,
    letter: str,
    actor: User | None,
    at: datetime,
    is_agreed: bool = False,
) -> GoodwillGrant:
    """Gives money with a letter; above the company's limit it waits for a second person and books nothing yet.

    ``key`` is of the one intent: the same key with the same content gives the grant that is there. ``is_agreed``: a second
    person has agreed to it elsewhere, in a case. Raises UserError, changing nothing: amount, given_as (not said, or credit
    of nobody known), reason_missing, reason_too_long, letter, goodwill_target (of another company, currency, or for
    nobody), goodwill_key_used, period_closed.
    """
    reason = reason_in(reason)
    letter = letter.strip().replace("\r\n", "\n")
    check_amount(amount, currency)
    if not letter or len(letter) > LONGEST_LETTER or "\x00" in letter:
        raise UserError("letter", f"Write the letter, in {LONGEST_LETTER} characters or less. Nothing was changed.", "letter")
    if given_as not in Correction.ReturnedTo.values or (given_as == Correction.ReturnedTo.CREDIT and customer is None):
        raise UserError(
            "given_as", "Say how it is given; credit needs a customer who can use it. Nothing was changed.", "given_as"
        )
    if (
        not (document or customer)
        or (document and (document.entity_id, document.currency) != (entity.pk, currency))
        or (customer and customer.entity_id != entity.pk)
    ):
        raise UserError("goodwill_target", "Goodwill is for a customer or a document of this company. Nothing was changed.")
    with transaction.atomic():
        bulk.lock_alone(LegalEntity, entity.pk)
        made = GoodwillGrant(
            entity=entity,
            key=key,
            customer=customer,
            document=document,
            amount=amount,
            currency=currency,
            given_as=given_as,
            reason=reason,
            letter=letter,
            needs_second=not is_agreed and is_above_limit(entity, [amount]),
            decided_by=actor,
            decided_at=at,
        )
        if there := GoodwillGrant.objects.filter(entity=entity, key=key).first():
            if [getattr(there, name) for name in _SAID] != [getattr(made, name) for name in _SAID]:
                raise UserError(
                    "goodwill_key_used",
                    "This form was sent before, with something else in it. Open it anew. Nothing was changed.",
                )
            return there
        made.save(force_insert=True)
        events.record(
            action="goodwill.grant",
            subject=made,
            summary=f"Goodwill of {_money(made)}{', waits for a second person' if made.needs_second else ''}",
            actor=actor,
            at=at,
            entity=entity,
            reason=reason,
            changes={"key": key, "given_as": given_as, "document": document.number if document else ""},
        )
        if not made.needs_second:
            _give(made, actor, at)
    return made


def confirm_goodwill(*, grant: GoodwillGrant, accepted: bool, actor: User, at: datetime) -> GoodwillGrant:
    """The second person's yes, which gives it, or no. Raises UserError, changing nothing: needs_no_second,
    already_confirmed, own_decision, period_closed."""
    with transaction.atomic():
        bulk.lock_alone(LegalEntity, grant.entity_id)
        grant = GoodwillGrant.objects.select_related("entity", "customer", "document").get(pk=grant.pk)
        keep_word(grant, GoodwillConfirmation, accepted=accepted, actor=actor, at=at)
        events.record(
            action="goodwill.confirm" if accepted else "goodwill.refuse",
            subject=grant,
            summary=f"{'Confirmed' if accepted else 'Refused'}: goodwill of {_money(grant)}",
            actor=actor,
            at=at,
            entity=grant.entity,
        )
        if accepted:
            _give(grant, actor, at)
    return GoodwillGrant.objects.get(pk=grant.pk)


def _money(grant: GoodwillGrant) -> Money:
    return Money(grant.amount, grant.currency)


def _give(grant: GoodwillGrant, actor: User | None, at: datetime) -> None:
    account = ACCOUNT_OF[Correction.ReturnedTo(grant.given_as)]
    post(
        entity=grant.entity,
        key=f"goodwill:{grant.pk}:1",
        effective_date=grant.entity.day_of(at),
        legs=[
            Leg(GOODWILL, grant.amount, ZERO, grant.currency),
            Leg(account, ZERO, grant.amount, grant.currency, customer_id=grant.customer_id),
        ],
        description=f"Goodwill: {grant.reason}"[:300],
        source_type="goodwill",
        source_id=str(grant.pk),
        document_no=grant.document.number if grant.document else "",
        actor=actor,
        at=at,
    )
    if grant.given_as == Correction.ReturnedTo.REFUND:
        owe(
            entity=grant.entity,
            customer=grant.customer,
            document=grant.document,
            amount=grant.amount,
            currency=grant.currency,
            source_type="goodwill",
            source_id=str(grant.pk),
            key=f"goodwill:{grant.pk}",
            actor=actor,
            at=at,
        )
