"""The fields card gateways ask an answer to a chargeback for, in the order it is handed in, and which reason wants which.

The names are those of Stripe's dispute evidence object, so that a gateway's adapter hands the same answer over as it is; an
acquirer that writes letters gets it as numbered papers. Limits: docs.stripe.com/api/disputes/update.
"""

from enum import StrEnum

# Characters: of one field, and of everything in words together.
EACH, TOTAL = 20_000, 150_000


class Field(StrEnum):
    """In the order of the answer."""

    SERVICE_DATE = "service_date"
    PRODUCT_DESCRIPTION = "product_description"
    SERVICE_DOCUMENTATION = "service_documentation"
    ACCESS_ACTIVITY_LOG = "access_activity_log"
    RECEIPT = "receipt"
    CUSTOMER_COMMUNICATION = "customer_communication"
    DUPLICATE_CHARGE_ID = "duplicate_charge_id"
    DUPLICATE_CHARGE_EXPLANATION = "duplicate_charge_explanation"
    DUPLICATE_CHARGE_DOCUMENTATION = "duplicate_charge_documentation"
    REFUND_POLICY = "refund_policy"
    REFUND_POLICY_DISCLOSURE = "refund_policy_disclosure"
    REFUND_REFUSAL_EXPLANATION = "refund_refusal_explanation"
    UNCATEGORIZED_TEXT = "uncategorized_text"


class Reason(StrEnum):
    """What the cardholder says, in the words gateways share whatever a scheme's own code is."""

    FRAUDULENT = "fraudulent"
    UNRECOGNIZED = "unrecognized"
    DUPLICATE = "duplicate"
    NOT_RECEIVED = "product_not_received"
    UNACCEPTABLE = "product_unacceptable"
    CREDIT = "credit_not_processed"
    GENERAL = "general"


_F = Field
# What a gateway takes as a file; the rest is words in its form.
FILES = frozenset(
    {_F.SERVICE_DOCUMENTATION, _F.RECEIPT, _F.CUSTOMER_COMMUNICATION, _F.DUPLICATE_CHARGE_DOCUMENTATION, _F.REFUND_POLICY}
)
# What only a person can say.
TYPED = (_F.REFUND_POLICY_DISCLOSURE, _F.REFUND_REFUSAL_EXPLANATION, _F.UNCATEGORIZED_TEXT)
TITLES = {
    _F.SERVICE_DATE: "When it was charged",
    _F.PRODUCT_DESCRIPTION: "What was sold",
    _F.SERVICE_DOCUMENTATION: "Dossier of the case",
    _F.ACCESS_ACTIVITY_LOG: "Authorization and charging, as recorded",
    _F.RECEIPT: "The document the cardholder got",
    _F.CUSTOMER_COMMUNICATION: "What was said between cardholder and company",
    _F.DUPLICATE_CHARGE_ID: "The other charge",
    _F.DUPLICATE_CHARGE_EXPLANATION: "How the two charges differ",
    _F.DUPLICATE_CHARGE_DOCUMENTATION: "The document of the other charge",
    _F.REFUND_POLICY: "Refund policy",
    _F.REFUND_POLICY_DISCLOSURE: "How the refund policy was shown before charging",
    _F.REFUND_REFUSAL_EXPLANATION: "Why nothing is refunded",
    _F.UNCATEGORIZED_TEXT: "Our answer",
}
REASON_WORDS = {
    Reason.FRAUDULENT: "Not authorized by the cardholder",
    Reason.UNRECOGNIZED: "The cardholder does not recognize it",
    Reason.DUPLICATE: "Charged twice",
    Reason.NOT_RECEIVED: "Nothing was charged into the car",
    Reason.UNACCEPTABLE: "Not as described, or it did not work",
    Reason.CREDIT: "A promised refund did not come",
    Reason.GENERAL: "Another reason, or an amount",
}

_ALWAYS = frozenset(
    {
        _F.SERVICE_DATE, _F.PRODUCT_DESCRIPTION, _F.SERVICE_DOCUMENTATION, _F.RECEIPT, _F.CUSTOMER_COMMUNICATION,
        _F.UNCATEGORIZED_TEXT,
    }
)  # fmt: skip
_LOG = frozenset({_F.ACCESS_ACTIVITY_LOG})
_TWICE = frozenset({_F.DUPLICATE_CHARGE_ID, _F.DUPLICATE_CHARGE_EXPLANATION, _F.DUPLICATE_CHARGE_DOCUMENTATION})
_REFUNDS = frozenset({_F.REFUND_POLICY, _F.REFUND_POLICY_DISCLOSURE, _F.REFUND_REFUSAL_EXPLANATION})
WANTED: dict[Reason, frozenset[Field]] = {
    Reason.FRAUDULENT: _ALWAYS | _LOG,
    Reason.UNRECOGNIZED: _ALWAYS | _LOG,
    Reason.DUPLICATE: _ALWAYS | _LOG | _TWICE,
    Reason.NOT_RECEIVED: _ALWAYS | _LOG,
    Reason.UNACCEPTABLE: _ALWAYS | _LOG | _REFUNDS,
    Reason.CREDIT: _ALWAYS | _REFUNDS,
    Reason.GENERAL: _ALWAYS | _LOG | _REFUNDS,
}

# Codes of Visa (with a point), Mastercard (four digits) and American Express (a letter first). The longest that fits counts.
_CODES = {
    "10.": Reason.FRAUDULENT, "12.6": Reason.DUPLICATE, "13.1": Reason.NOT_RECEIVED, "13.3": Reason.UNACCEPTABLE,
    "13.6": Reason.CREDIT, "13.7": Reason.CREDIT, "4837": Reason.FRAUDULENT, "4840": Reason.FRAUDULENT,
    "4849": Reason.FRAUDULENT, "4863": Reason.UNRECOGNIZED, "4870": Reason.FRAUDULENT, "4871": Reason.FRAUDULENT,
    "4834": Reason.DUPLICATE, "4855": Reason.NOT_RECEIVED, "4853": Reason.UNACCEPTABLE, "4860": Reason.CREDIT,
    "F": Reason.FRAUDULENT, "P08": Reason.DUPLICATE, "C02": Reason.CREDIT, "C08": Reason.NOT_RECEIVED,
    "C31": Reason.UNACCEPTABLE, "C32": Reason.UNACCEPTABLE,
}  # fmt: skip


def reason_of(code: str) -> Reason:
    """What a scheme's reason code means, as far as it is known; a person may say otherwise."""
    wanted = code.strip().upper()
    fitting = [known for known in _CODES if wanted.startswith(known)]
    return _CODES[max(fitting, key=len)] if fitting else Reason.GENERAL
