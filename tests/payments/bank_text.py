"""Bank files written by hand: CAMT.053 in every version we read, and our own CSV."""

from textwrap import dedent

IBAN = "DE02120300000000202051"
PAYER = "DE02500105170137075030"
URN = "urn:iso:std:iso:20022:tech:xsd:camt.053.001."


def balance(code: str, amount: str, *, currency: str = "EUR", direction: str = "CRDT") -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount}</Amt>'
        f"<CdtDbtInd>{direction}</CdtDbtInd><Dt><Dt>2026-11-27</Dt></Dt></Bal>"
    )


def details(
    *, amount: str = "", name: str = "", account: str = "", purpose: str = "", reference: str = "", end_to_end: str = "",
    version: str = "08", currency: str = "EUR", party: str = "Dbtr",
) -> str:  # fmt: skip
    who = f"<{party}><Pty><Nm>{name}</Nm></Pty></{party}>" if version == "08" else f"<{party}><Nm>{name}</Nm></{party}>"
    said = f'<Amt Ccy="{currency}">{amount}</Amt>'
    said = "" if not amount else said if version != "02" else f"<AmtDtls><TxAmt>{said}</TxAmt></AmtDtls>"
    refs = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    refs += f"<EndToEndId>{end_to_end}</EndToEndId>" if end_to_end else ""
    to = f"<{party}Acct><Id><IBAN>{account}</IBAN></Id></{party}Acct>" if account else ""
    parties = f"<RltdPties>{who if name else ''}{to}</RltdPties>"
    return f"<TxDtls><Refs>{refs}</Refs>{said}{parties}<RmtInf><Ustrd>{purpose}</Ustrd></RmtInf></TxDtls>"


def entry(
    amount: str, *inside: str, direction: str = "CRDT", status: str = "BOOK", day: str = "2026-11-26", reference: str = "",
    version: str = "08", currency: str = "EUR", more: str = "",
) -> str:  # fmt: skip
    said = f"<Cd>{status}</Cd>" if version == "08" else status
    ref = f"<AcctSvcrRef>{reference}</AcctSvcrRef>" if reference else ""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>{more}<Sts>{said}</Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>{ref}"
        f"<NtryDtls>{''.join(inside)}</NtryDtls></Ntry>"
    )


def camt(*inside: str, version: str = "08", account: str = IBAN, currency: str = "EUR", number: str = "231") -> bytes:
    return dedent(f"""\
        <?xml version="1.0" encoding="UTF-8"?>
        <Document xmlns="{URN}{version}"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>
        <Stmt><Id>S1</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>
        <Acct><Id><IBAN>{account}</IBAN></Id><Ccy>{currency}</Ccy></Acct>
        {"".join(inside)}
        </Stmt></BkToCstmrStmt></Document>""").encode()


HEADER = "account,currency,booked_on,value_on,amount,name,counterparty,purpose,reference"


def own(*rows: str) -> bytes:
    return "\r\n".join([HEADER, *rows, ""]).encode()


def row(
    amount: str, purpose: str = "", *, name: str = "", reference: str = "", day: str = "2018-10-20", currency: str = "GBP",
    counterparty: str = "", account: str = "GB33BUKB20201555555555",
) -> str:  # fmt: skip
    return f"{account},{currency},{day},,{amount},{name},{counterparty},{purpose},{reference}"
