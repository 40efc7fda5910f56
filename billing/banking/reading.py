"""A bank file's bytes: what it is, and what it says."""

from billing.banking.camt import read_camt
from billing.banking.model import BankFileContent
from billing.banking.own_csv import read_csv
from billing.banking.values import refuse
from chargebill.core.errors import UserError

LARGEST_FILE = 10 * 1024 * 1024


def read_bank_file(content: bytes) -> BankFileContent:
    """Raises UserError with a code, words and a place for everything it can't read: nothing is guessed.

    Codes: file_empty, file_too_large, encoding, nul, not_xml, not_camt, wrong_camt, xml_dtd, xml_depth, statement_empty,
    balance, header, columns, amount, currency, day, account, direction, missing.
    """
    if not content.strip():
        raise refuse("file_empty", "The file is empty.", "")
    if len(content) > LARGEST_FILE:
        raise refuse("file_too_large", f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB. Ask for shorter days.", "")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise _encoding(content, problem.start) from None
    if "\x00" in text:
        raise refuse("nul", "The file holds bytes that are no text.", f"byte {content.index(0) + 1}")
    return read_camt(text) if text.lstrip().startswith("<") else read_csv(text)


def _encoding(content: bytes, start: int) -> UserError:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return refuse("encoding", "The file is UTF-16. Save or request it as UTF-8.", "byte 1")
    return refuse("encoding", "The file is not UTF-8. Save or request it as UTF-8.", f"byte {start + 1}")
