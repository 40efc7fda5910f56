"""ISO 20022 bank statements: camt.053.001 in versions 02, 04, 06 and 08.

Only booked entries count. An entry that sums up several payments becomes a line each where their amounts, in the
account's currency, add up to it; otherwise it stays one line.
"""

import io
import re
from collections.abc import Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError

# defusedxml has no types of its own.
from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]
from defusedxml.ElementTree import iterparse  # type: ignore[import-untyped]

from billing.banking import values
from billing.banking.model import BankFileContent, Line, Statement
from billing.banking.values import refuse

VERSIONS = ("02", "04", "06", "08")
DEEPEST = 40
_NAMESPACE = re.compile(r"camt\.(\d{3})\.(\d{3})\.(\d{2})\Z", re.ASCII)
_DECLARED = re.compile(r"\A\s*<\?xml[^>]*?encoding\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)
_OPENING, _CLOSING, _BETWEEN = ("OPBD", "PRCD"), ("CLBD",), "ITBD"


def read_camt(text: str) -> BankFileContent:
    """See read_bank_file for what it raises."""
    declared = _DECLARED.match(text)
    if declared and declared[1].upper() not in ("UTF-8", "UTF8", "US-ASCII", "ASCII"):
        raise refuse("encoding", f"The file says it is {declared[1][:20]}. Request it as UTF-8.", "line 1")
    root = _parsed(text)
    namespace, _, name = root.tag.rpartition("}")
    kind = _NAMESPACE.search(namespace)
    if name != "Document" or not kind:
        raise refuse("not_camt", "This XML is no bank statement: a CAMT.053 begins with Document and its version.", "line 1")
    if kind[1] != "053" or kind[3] not in VERSIONS:
        raise refuse(
            "wrong_camt",
            f"This is camt.{kind[1]}.{kind[2]}.{kind[3]}. Request a statement, camt.053, in version {', '.join(VERSIONS)}.",
            "line 1",
        )
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    statements, not_booked = [], 0
    for number, found in enumerate(root.findall("BkToCstmrStmt/Stmt"), 1):
        statement, left_out = _statement(found, f"statement {number}")
        statements.append(statement)
        not_booked += left_out
    if not statements:
        raise refuse("statement_empty", "The file holds no statement.", "")
    return BankFileContent(f"CAMT.053 version {kind[3]}", tuple(statements), not_booked)


def _parsed(text: str) -> Element:
    """The tree, without entities or a DTD, no deeper than any statement is."""
    depth = 0
    root: Element | None = None
    # The text is UTF-8 whatever it declares: checked by the caller.
    source = io.BytesIO(text.lstrip().encode())
    try:
        for event, element in iterparse(source, events=("start", "end"), forbid_dtd=True):
            depth += 1 if event == "start" else -1
            root = element if root is None else root
            if depth > DEEPEST:
                raise refuse("xml_depth", f"The file nests deeper than {DEEPEST} elements: no bank writes that.", "")
    except DefusedXmlException:
        raise refuse("xml_dtd", "The file declares entities or a DTD, which a bank statement never does.", "line 1") from None
    except ParseError as problem:
        line, column = problem.position
        raise refuse("not_xml", "The file is no whole XML: it may be cut off.", f"line {line}, column {column + 1}") from None
    if root is None:
        raise refuse("not_xml", "The file is no whole XML: it may be cut off.", "line 1")
    return root


def _text(element: Element, *paths: str) -> str:
    """The first of these that says something."""
    return next((found for path in paths if (found := (element.findtext(path) or "").strip())), "")


def _needed(element: Element, path: str, where: str) -> str:
    found = _text(element, path)
    if not found:
        raise refuse("missing", f"{path} is missing.", where)
    return found


def _statement(found: Element, where: str) -> tuple[Statement, int]:
    number = values.words(_text(found, "ElctrncSeqNb", "Id"), 40)
    account = values.account(_text(found, "Acct/Id/IBAN", "Acct/Id/Othr/Id"), where)
    first = found.find("Ntry/Amt")
    said = next((b for b in found.findall("Bal/Amt")), first)
    currency = values.currency(_text(found, "Acct/Ccy") or (said.get("Ccy", "") if said is not None else ""), where)
    opening, closing = _balances(found, currency, where)
    lines: list[Line] = []
    not_booked, moved = 0, Decimal(0)
    for position, entry in enumerate(found.findall("Ntry"), 1):
        if _text(entry, "Sts/Cd", "Sts") != "BOOK":
            not_booked += 1
            continue
        made = list(_lines(entry, currency, f"{where}, entry {position}"))
        moved += sum((line.amount for line in made), Decimal(0))
        lines += made
    if opening is not None and closing is not None and opening + moved != closing:
        raise refuse(
            "balance",
            f"The statement does not add up: it opens with {opening}, its entries are {moved}, so it should close with"
            f" {opening + moved}, but says {closing}: a difference of {closing - opening - moved}. Request it again.",
            where,
        )
    return Statement(account, currency, number, opening, closing, tuple(lines)), not_booked


def _balances(found: Element, currency: str, where: str) -> tuple[Decimal | None, Decimal | None]:
    """The booked balances before and after; a page in between says them as two interim ones."""
    said: dict[str, list[Decimal]] = {}
    for balance in found.findall("Bal"):
        code = _text(balance, "Tp/CdOrPrtry/Cd")
        if code in (*_OPENING, *_CLOSING, _BETWEEN):
            said.setdefault(code, []).append(_signed(balance, currency, f"{where}, balance {code}"))
    between = said.get(_BETWEEN, [])
    opening = next((said[code][0] for code in _OPENING if code in said), between[0] if between else None)
    closing = next((said[code][-1] for code in _CLOSING if code in said), between[-1] if between else None)
    return opening, closing


def _signed(element: Element, currency: str, where: str) -> Decimal:
    """Amt with the sign of CdtDbtInd, which stands for the movement itself, a reversal's too."""
    written = element.find("Amt")
    if written is None:
        raise refuse("missing", "Amt is missing.", where)
    if written.get("Ccy", currency) != currency:
        raise refuse("currency", f"An amount in {written.get('Ccy', '')[:10]} stands in an account in {currency}.", where)
    found = values.amount((written.text or "").strip(), currency, where)
    return found if _direction(element, where) == "CRDT" else -found


def _direction(element: Element, where: str) -> str:
    direction = _text(element, "CdtDbtInd")
    if direction not in ("CRDT", "DBIT"):
        raise refuse("direction", "CdtDbtInd says neither CRDT nor DBIT: whether money came in is not known.", where)
    return direction


def _lines(entry: Element, currency: str, where: str) -> Iterator[Line]:
    whole = _signed(entry, currency, where)
    details = entry.findall("NtryDtls/TxDtls")
    parts = _parts(entry, details, whole, currency, where) if len(details) > 1 else None
    if parts is None:
        yield _line(entry, details[0] if len(details) == 1 else None, whole, currency, where)
        return
    for number, (detail, amount) in enumerate(zip(details, parts, strict=True), 1):
        yield _line(entry, detail, amount, currency, f"{where}, payment {number}")


def _parts(entry: Element, details: list[Element], whole: Decimal, currency: str, where: str) -> list[Decimal] | None:
    """The amounts of an entry's payments, when each says its own and they add up to it."""
    found = []
    for detail in details:
        written = next((a for path in ("Amt", "AmtDtls/TxAmt/Amt") if (a := detail.find(path)) is not None), None)
        if written is None or written.get("Ccy") != currency:
            return None
        amount = values.amount((written.text or "").strip(), currency, where)
        direction = _text(detail, "CdtDbtInd") or _text(entry, "CdtDbtInd")
        found.append(amount if direction == "CRDT" else -amount)
    return found if sum(found, Decimal(0)) == whole else None


def _line(entry: Element, detail: Element | None, amount: Decimal, currency: str, where: str) -> Line:
    booked = _text(entry, "BookgDt/Dt", "BookgDt/DtTm")
    if not booked:
        raise refuse("missing", "BookgDt is missing.", where)
    value = _text(entry, "ValDt/Dt", "ValDt/DtTm")
    of = detail if detail is not None else entry
    # A reversal names the parties of what it takes back.
    is_reversal = _text(entry, "RvslInd").lower() in ("true", "1")
    sides = ("Dbtr", "Cdtr") if (amount > 0) != is_reversal else ("Cdtr", "Dbtr")
    other = next((s for s in sides if _text(of, f"RltdPties/{s}/Nm", f"RltdPties/{s}/Pty/Nm", f"RltdPties/{s}Acct/Id/IBAN")), "")
    several = entry.findall("NtryDtls/TxDtls") if detail is None else [detail]
    told = [w.text or "" for d in several for path in ("RmtInf/Ustrd", "RmtInf/Strd/CdtrRefInf/Ref") for w in d.findall(path)]
    if not any(t.strip() for t in told):
        told = [_text(of, "AddtlTxInf") or _text(entry, "AddtlNtryInf")]
    reference = values.reference(_text(of, "Refs/AcctSvcrRef")) if detail is not None else ""
    return Line(
        where=where,
        booked_on=values.day(booked, where),
        value_on=values.day(value, where) if value else None,
        amount=amount,
        currency=currency,
        name=values.words(_text(of, f"RltdPties/{other}/Nm", f"RltdPties/{other}/Pty/Nm"), 140) if other else "",
        counterparty=values.words(_text(of, f"RltdPties/{other}Acct/Id/IBAN"), 34) if other else "",
        purpose=values.words(" ".join(told)),
        reference=reference or values.reference(_text(entry, "AcctSvcrRef")),
        end_to_end=(values.reference(_text(of, "Refs/EndToEndId")) or _order(entry, detail, amount))[:35],
        is_reversal=is_reversal,
    )


def _order(entry: Element, detail: Element | None, amount: Decimal) -> str:
    """Of money that went out as one sum: what our own order called itself (PmtInfId), where the bank says it."""
    if amount > 0:
        return ""
    of = detail if detail is not None else entry
    return values.reference(_text(of, "Refs/PmtInfId") or _text(entry, "NtryDtls/Btch/PmtInfId", "NtryDtls/Btch/MsgId"))
