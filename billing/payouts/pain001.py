"""A payout list as ISO 20022 customer credit transfer initiation, pain.001.001.09, for SEPA: EUR between IBANs."""

import unicodedata
from xml.etree.ElementTree import Element, SubElement, tostring

from billing.banking.values import is_iban
from billing.payouts.content import LONGEST_NAME, PayoutContent, Transfer

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"
# Countries and territories of SEPA (European Payments Council, EPC409-09) by the first letters of their IBANs.
SEPA = frozenset(
    [
        "AD", "AL", "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GI", "GR", "HR", "HU", "IE",
        "IS", "IT", "LI", "LT", "LU", "LV", "MC", "MD", "ME", "MK", "MT", "NL", "NO", "PL", "PT", "RO", "RS", "SE", "SI", "SK",
        "SM", "VA",
    ]
)  # fmt: skip
# EPC217-08: what every bank of SEPA must take. Everything else is written with these.
_ALLOWED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
_SPELLED = str.maketrans(
    {
        "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "æ": "ae", "Æ": "Ae", "ø": "oe",
        "Ø": "Oe", "å": "aa", "Å": "Aa", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "þ": "th", "œ": "oe", "&": "+",
        "’": "'", "‘": "'", "–": "-", "—": "-", "_": "-",
    }
)  # fmt: skip


def fits_sepa(content: PayoutContent) -> bool:
    """EUR, from an IBAN, to IBANs of SEPA only. Anything else is no list for pain.001 here."""
    accounts = [content.payer_account, *(one.account for one in content.transfers)]
    return content.currency == "EUR" and all(is_iban(number) and number[:2] in SEPA for number in accounts)


def latin(text: str, longest: int) -> str:
    """``text`` in the letters SEPA allows: accents taken off, what has no such letter a full stop, never empty."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    shown = "".join(c if c in _ALLOWED else "." for c in plain if not unicodedata.combining(c))
    # No slash at either end and none twice: EPC217-08 keeps those for itself.
    while "//" in shown:
        shown = shown.replace("//", "/")
    return shown.strip().strip("/")[:longest].strip().strip("/") or "."


def pain001(content: PayoutContent) -> bytes:
    """UTF-8 XML with its declaration. Raises ValueError where fits_sepa does not hold."""
    if not fits_sepa(content) or not content.transfers:
        raise ValueError("pain.001 is written for EUR between IBANs of SEPA only.")
    root = Element("Document", xmlns=NAMESPACE)
    initiation = SubElement(root, "CstmrCdtTrfInitn")
    payer = latin(content.payer, LONGEST_NAME)
    count, total = str(len(content.transfers)), f"{content.total:.2f}"
    head = SubElement(initiation, "GrpHdr")
    _put(head, "MsgId", content.reference)
    _put(head, "CreDtTm", content.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _put(head, "NbOfTxs", count)
    _put(head, "CtrlSum", total)
    _put(head, "InitgPty/Nm", payer)
    batch = SubElement(initiation, "PmtInf")
    _put(batch, "PmtInfId", content.reference)
    _put(batch, "PmtMtd", "TRF")
    # Each payment a line of its own on the statement, where the bank does it: so each refund is confirmed by itself.
    _put(batch, "BtchBookg", "false")
    _put(batch, "NbOfTxs", count)
    _put(batch, "CtrlSum", total)
    _put(batch, "PmtTpInf/SvcLvl/Cd", "SEPA")
    _put(batch, "ReqdExctnDt/Dt", content.execution_on.isoformat())
    _put(batch, "Dbtr/Nm", payer)
    _put(batch, "DbtrAcct/Id/IBAN", content.payer_account)
    # Since 2016 the IBAN alone is enough in SEPA; the element itself must be there.
    _put(batch, "DbtrAgt/FinInstnId/Othr/Id", "NOTPROVIDED")
    _put(batch, "ChrgBr", "SLEV")
    for one in content.transfers:
        _transfer(batch, one)
    written: str = tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'.encode()


def _transfer(batch: Element, one: Transfer) -> None:
    made = SubElement(batch, "CdtTrfTxInf")
    _put(made, "PmtId/EndToEndId", one.reference)
    amount = SubElement(SubElement(made, "Amt"), "InstdAmt", Ccy="EUR")
    amount.text = f"{one.amount:.2f}"
    _put(made, "Cdtr/Nm", latin(one.name, LONGEST_NAME))
    _put(made, "CdtrAcct/Id/IBAN", one.account)
    _put(made, "RmtInf/Ustrd", latin(one.purpose, 140))


def _put(parent: Element, path: str, text: str) -> None:
    for name in path.split("/"):
        parent = SubElement(parent, name)
    parent.text = text
