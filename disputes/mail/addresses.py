"""Addresses that lead into a case's thread: mailbox+TOKEN@domain.

A token is the case's key and a signature of it, in small letters and digits only: mail servers may write a local part in
small letters, and take at most 64 characters. The signature is over what ``bound_to`` names as well, so that a token of one
database says nothing in another one with the same secret. 80 bits of it: nobody guesses one over mail.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence

SIGNATURE = 16
LONGEST_LOCAL = 64
# A key of 64 bits in base 36, the plus sign and the signature.
LONGEST_MAILBOX = LONGEST_LOCAL - SIGNATURE - 13 - 1
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_TOKEN = re.compile(rf"[^\s@<>]*\+([0-9a-z]{{1,13}})([a-z2-7]{{{SIGNATURE}}})@", re.I)


def fits(mailbox: str) -> bool:
    """Whether replies can go to this mailbox: short enough for a token, and without a plus sign of its own."""
    local = mailbox.rpartition("@")[0]
    return 0 < len(local) <= LONGEST_MAILBOX and "+" not in local


def reply_address(mailbox: str, key: int, bound_to: str, secret: bytes) -> str:
    """Where answers about this case go."""
    local, _, domain = mailbox.rpartition("@")
    return f"{local}+{_written(key)}{_signature(key, bound_to, secret)}@{domain}"


def claims_in(addresses: Iterable[str]) -> list[tuple[int, str]]:
    """The key and the signature each address with a token claims, each once, unproven."""
    found = (_TOKEN.match(address.strip()) for address in addresses)
    return list(dict.fromkeys((int(match[1], 36), match[2].lower()) for match in found if match))


def is_signed(signature: str, key: int, bound_to: str, secrets: Sequence[bytes]) -> bool:
    return any(hmac.compare_digest(signature, _signature(key, bound_to, secret)) for secret in secrets)


def _signature(key: int, bound_to: str, secret: bytes) -> str:
    digest = hmac.new(secret, f"disputes.reply:{key}:{bound_to}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def _written(key: int) -> str:
    text = ""
    while key:
        key, digit = divmod(key, 36)
        text = _DIGITS[digit] + text
    return text or "0"
