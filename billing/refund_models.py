"""Money a company owes back, and how it went back.

A due says what is owed and why; it never changes. Whoever makes one books 2050 on the credit side in the same
transaction. A refund is one attempt to give it back: by bank through a payout list, in cash, at the terminal, through a
gateway. Writes are billing/operations/refunds.py, refund_moves.py, payouts.py and refund_lines.py.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from billing.bank_models import BankLine
from billing.document_models import Document
from billing.fields import amount_field, thousandths
from billing.payout_models import PayoutList
from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User, validate_currency
from memberships.models import Customer


class RefundMethod(models.TextChoices):
    BANK = "BANK", "Bank transfer"
    CASH = "CASH", "Cash"
    TERMINAL = "TERMINAL", "At the terminal"
    GATEWAY = "GATEWAY", "Payment gateway"


class RefundState(models.TextChoices):
    PENDING = "PENDING", "Prepared"
    SENT = "SENT", "Sent"
    SUCCEEDED = "SUCCEEDED", "Paid back"
    FAILED = "FAILED", "Failed"
    UNKNOWN = "UNKNOWN", "Outcome not known"
    WITHDRAWN = "WITHDRAWN", "Withdrawn"


_S = RefundState
# From each state to those that may follow. Paid back may still fail: the bank sends the money back days later.
MOVES: dict[str, tuple[str, ...]] = {
    _S.PENDING.value: (_S.SENT.value, _S.SUCCEEDED.value, _S.WITHDRAWN.value),
    _S.SENT.value: (_S.SUCCEEDED.value, _S.FAILED.value, _S.UNKNOWN.value),
    _S.UNKNOWN.value: (_S.SUCCEEDED.value, _S.FAILED.value),
    _S.SUCCEEDED.value: (_S.FAILED.value,),
}
# The money is here again, or never left: what is owed is still owed.
OVER = (_S.FAILED.value, _S.WITHDRAWN.value)
_OVER = "('FAILED', 'WITHDRAWN')"
_ALLOWED = " OR ".join(f"r.state = '{old}' AND NEW.state = '{new}'" for old, news in MOVES.items() for new in news)

# What acquirers took back of the document a refund is for; what was lost and not recovered.
_DOCUMENT = "(SELECT d.document_id FROM billing_refunddue d WHERE d.id = NEW.due_id)"
_TAKEN = f"billing_chargebackfunds f WHERE f.document_id = {_DOCUMENT}"
_LOST = (
    "EXISTS (SELECT 1 FROM billing_chargebackend e WHERE e.funds_id = f.id AND e.kind = 'LOST') AND NOT EXISTS"
    " (SELECT 1 FROM billing_chargebackend e WHERE e.funds_id = f.id AND e.kind = 'RECOVERED')"
)


def refund_reference(pk: int) -> str:
    return f"CBR-{pk:06}"


class RefundDue(models.Model):
    """What a company owes back for one reason. Never changes. ``key`` makes owing it idempotent.

    ``document`` is the one the money was paid for, where there is one; ``source_type`` and ``source_id`` say what the debt
    comes from, as in the journal.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="refund_dues")
    key = models.CharField(max_length=100)
    customer = models.ForeignKey(Customer, null=True, on_delete=models.PROTECT, related_name="refund_dues")
    document = models.ForeignKey(Document, null=True, on_delete=models.PROTECT, related_name="refund_dues")
    source_type = models.CharField(max_length=40)
    source_id = models.CharField(max_length=80)
    amount = amount_field()
    currency = models.CharField(max_length=3, validators=[validate_currency])
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            "(NEW.document_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billing_document d"
            " WHERE d.id = NEW.document_id AND d.entity_id = NEW.entity_id AND d.currency = NEW.currency))"
            " OR (NEW.customer_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM memberships_customer c"
            " WHERE c.id = NEW.customer_id AND c.entity_id = NEW.entity_id))",
            "what is owed back is of one company and one currency",
        )
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "key"], name="refund_due_key_once"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="refund_due_above_zero"),
        ]
        indexes = [models.Index(fields=["source_type", "source_id"], name="refund_due_of_source")]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:f}"


class RefundDueReversal(models.Model):
    """Something is not owed back after all: nothing of it went back, and nothing will. Never changes.

    Whoever writes it books 2050 back in the same transaction.
    """

    due = models.OneToOneField(RefundDue, on_delete=models.PROTECT, primary_key=True, related_name="reversal")
    booked_on = models.DateField()
    reason = models.CharField(max_length=200)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            f"EXISTS (SELECT 1 FROM billing_refund r WHERE r.due_id = NEW.due_id AND r.state NOT IN {_OVER})",
            "what goes back, or went back, stays owed",
            hold="SELECT 1 FROM billing_refunddue WHERE id = NEW.due_id FOR NO KEY UPDATE",
        )
    ]

    def __str__(self) -> str:
        return f"{self.due_id}: {self.reason}"


class Refund(models.Model):
    """One attempt to give money back. Only ``state`` changes, and only after a RefundEvent that says so.

    ``key`` makes it idempotent. ``payee_*`` is who gets it by bank; ``gateway`` and ``gateway_reference`` name the payment
    that is refunded there. What did not go back (FAILED, WITHDRAWN) counts no more: it is refunded by a row of its own.
    """

    due = models.ForeignKey(RefundDue, on_delete=models.PROTECT, related_name="refunds", db_index=False)
    key = models.CharField(max_length=100)
    amount = amount_field()
    method = models.CharField(max_length=8, choices=RefundMethod)
    payee_name = models.CharField(max_length=70, blank=True)
    payee_account = models.CharField(max_length=34, blank=True)
    gateway = models.CharField(max_length=20, blank=True)
    gateway_reference = models.CharField(max_length=100, blank=True)
    payout_list = models.ForeignKey(PayoutList, null=True, on_delete=models.PROTECT, related_name="refunds")
    state = models.CharField(max_length=9, choices=RefundState, default=RefundState.PENDING)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen(but=("state",))]
    refused = [
        Refused("INSERT", "NEW.state <> 'PENDING'", "a refund is prepared before anything happens to it"),
        Refused(
            "INSERT",
            f"(SELECT COALESCE(SUM({thousandths('r.amount')}), 0) FROM billing_refund r WHERE r.due_id = NEW.due_id"
            f" AND r.state NOT IN {_OVER}) + {thousandths('NEW.amount')} >"
            f" (SELECT {thousandths('d.amount')} FROM billing_refunddue d WHERE d.id = NEW.due_id)",
            "more would go back than is owed",
            hold="SELECT 1 FROM billing_refunddue WHERE id = NEW.due_id FOR NO KEY UPDATE",
        ),
        Refused(
            "INSERT",
            f"NEW.gateway <> '' AND (SELECT COALESCE(SUM({thousandths('r.amount')}), 0) FROM billing_refund r"
            " WHERE r.gateway = NEW.gateway AND r.gateway_reference = NEW.gateway_reference"
            f" AND r.state NOT IN {_OVER}) + {thousandths('NEW.amount')} >"
            f" (SELECT COALESCE(SUM({thousandths('p.amount')}), 0) FROM billing_payment p"
            " WHERE p.gateway = NEW.gateway AND p.gateway_reference = NEW.gateway_reference)",
            "more would go back than the gateway took",
            hold="SELECT 1 FROM billing_payment WHERE gateway = NEW.gateway AND gateway_reference = NEW.gateway_reference"
            " AND NEW.gateway <> '' FOR NO KEY UPDATE",
        ),
        Refused(
            "INSERT",
            "EXISTS (SELECT 1 FROM billing_refundduereversal v WHERE v.due_id = NEW.due_id)",
            "what is not owed any more does not go back",
        ),
        Refused(
            "INSERT",
            f"EXISTS (SELECT 1 FROM {_TAKEN} AND NOT EXISTS (SELECT 1 FROM billing_chargebackend e WHERE e.funds_id = f.id))",
            "while an acquirer holds the money of a charge nothing of it is refunded",
        ),
        Refused(
            "INSERT",
            f"EXISTS (SELECT 1 FROM {_TAKEN} AND {_LOST}) AND"
            f" (SELECT COALESCE(SUM({thousandths('f.amount')}), 0) FROM {_TAKEN} AND {_LOST})"
            f" + (SELECT COALESCE(SUM({thousandths('r.amount')}), 0) FROM billing_refund r JOIN billing_refunddue o"
            f" ON o.id = r.due_id WHERE o.document_id = {_DOCUMENT} AND r.state NOT IN {_OVER}) + {thousandths('NEW.amount')} >"
            f" (SELECT COALESCE(SUM({thousandths('a.amount')}), 0) FROM billing_paymentallocation a"
            f" WHERE a.document_id = {_DOCUMENT})",
            "refunds and chargebacks are at most what was paid",
        ),
        Refused(
            "INSERT",
            "NEW.payout_list_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM billing_payoutlist l, billing_refunddue d"
            " WHERE l.id = NEW.payout_list_id AND d.id = NEW.due_id AND l.entity_id = d.entity_id AND l.currency = d.currency"
            " AND l.released_at IS NULL AND l.discarded_at IS NULL)",
            "a payout list takes refunds of its own company and currency, before it is released",
        ),
        Refused(
            "UPDATE",
            "OLD.state <> NEW.state AND COALESCE((SELECT e.state FROM billing_refundevent e WHERE e.refund_id = NEW.id"
            " ORDER BY e.id DESC LIMIT 1), '') <> NEW.state",
            "the state of a refund follows from what happened to it",
        ),
    ]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["due", "key"], name="refund_key_once"),
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="refund_above_zero"),
            models.CheckConstraint(condition=Q(payout_list__isnull=True) | Q(method="BANK"), name="refund_list_is_bank"),
            models.CheckConstraint(
                condition=~Q(payee_account="") | Q(payout_list__isnull=True), name="refund_on_a_list_has_account"
            ),
            models.CheckConstraint(
                condition=(Q(method="GATEWAY") & ~Q(gateway="")) | (~Q(method="GATEWAY") & Q(gateway="")),
                name="refund_gateway_named",
            ),
        ]
        indexes = [models.Index(fields=["state"], condition=Q(state__in=["PENDING", "SENT", "UNKNOWN"]), name="refund_under_way")]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """What the bank is told the payment is called (end-to-end id), and says back."""
        return refund_reference(self.pk)


class RefundEvent(models.Model):
    """What happened to a refund: it was sent, went through, failed. Never changes; the newest is the refund's state."""

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="events")
    state = models.CharField(max_length=9, choices=RefundState)
    booked_on = models.DateField(null=True)
    reference = models.CharField(max_length=140, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            f"NOT EXISTS (SELECT 1 FROM billing_refund r WHERE r.id = NEW.refund_id AND ({_ALLOWED}))",
            "a refund does not go from its state to this one",
            hold="SELECT 1 FROM billing_refund WHERE id = NEW.refund_id FOR NO KEY UPDATE",
        )
    ]

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.refund_id} {self.state}"


class RefundBankLine(models.Model):
    """The line of the bank that says a refund went out, or came back. Never changes. One line may stand for several."""

    class Kind(models.TextChoices):
        PAID = "PAID", "Went out"
        RETURNED = "RETURNED", "Came back"

    refund = models.ForeignKey(Refund, on_delete=models.PROTECT, related_name="bank_lines", db_index=False)
    bank_line = models.ForeignKey(BankLine, on_delete=models.PROTECT, related_name="refund_lines")
    kind = models.CharField(max_length=8, choices=Kind)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [
        Refused(
            "INSERT",
            "(SELECT COALESCE(SUM("
            + thousandths("r.amount")
            + "), 0) FROM billing_refund r WHERE r.id = NEW.refund_id OR r.id IN"
            " (SELECT l.refund_id FROM billing_refundbankline l WHERE l.bank_line_id = NEW.bank_line_id)) >"
            " (SELECT CASE WHEN (b.amount < 0) = (NEW.kind = 'PAID') THEN ABS(" + thousandths("b.amount") + ") ELSE 0 END"
            " FROM billing_bankline b WHERE b.id = NEW.bank_line_id)",
            "a line of the bank stands for no more than it says",
            hold="SELECT 1 FROM billing_bankline WHERE id = NEW.bank_line_id FOR NO KEY UPDATE",
        ),
        Refused(
            "INSERT",
            "NOT EXISTS (SELECT 1 FROM billing_bankline b, billing_bankaccount a, billing_refund r, billing_refunddue d"
            " WHERE b.id = NEW.bank_line_id AND a.id = b.account_id AND r.id = NEW.refund_id AND d.id = r.due_id"
            " AND a.entity_id = d.entity_id AND b.currency = d.currency)",
            "a line of the bank stands for refunds of its own company and currency",
        ),
        Refused(
            "INSERT",
            "EXISTS (SELECT 1 FROM billing_payment p WHERE p.bank_line_id = NEW.bank_line_id)"
            " OR EXISTS (SELECT 1 FROM billing_settlementpayout s WHERE s.bank_line_id = NEW.bank_line_id)",
            "a line of the bank counts once",
        ),
    ]

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["refund", "kind"], name="refund_bank_line_once")]

    def __str__(self) -> str:
        return f"{self.refund_id} {self.kind}"
