"""Reads a mail as it came: who wrote it, to which addresses, what is new in it, what hangs on it, whether a person wrote it.

Nothing in it is trusted. Headers are read as raw text: parsing them whole takes long, and fails, on what nobody sane sends.
"""

import codecs
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import MessageError
from email.header import decode_header
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr
from enum import StrEnum

from disputes.mail.plain import LONGEST, clean, new_text, text_of_html
from disputes.mail.wording import ANSWER_ABOVE

MOST_BYTES = 15_000_000
MOST_HEAD = 200_000
MOST_PART_HEADER = 8_000
MOST_PARTS = 2_000
MOST_ATTACHMENTS = 50
MOST_ADDRESSES = 500
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"@]{1,200}@[^\s<>()\[\],;:\"@]{1,255}")
_ID = re.compile(r"<[^\s<>]{1,250}>")
_CODECS = re.compile(r"(utf|iso|cp|ascii|koi|big5|gb|euc|shift|mac|tis|hz|johab|latin)", re.I)
TO = ("to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "resent-to", "x-forwarded-to")


class Unreadable(Exception):
    """A mail nobody can read; says why in plain words."""


class Nature(StrEnum):
    PERSON = "person"
    AUTOMATIC = "automatic"  # an answer of a program: out of office, a receipt, a newsletter
    RETURNED = "returned"  # a mail server says that ours could not be delivered


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """``text`` is what is new, ``whole`` with what is quoted. ``references``: Message-IDs it answers, the newest last.

    Of a returned mail ``returned_ids`` and ``returned_addresses`` are what the returned part names, ``action`` what the mail
    server did with it ("failed", "delayed", ...), ``reason`` why.
    """

    message_id: str
    sender: str
    sender_name: str
    subject: str
    recipients: tuple[str, ...]
    references: tuple[str, ...]
    nature: Nature
    text: str = ""
    whole: str = ""
    attachments: tuple[Attachment, ...] = ()
    returned_ids: tuple[str, ...] = ()
    returned_addresses: tuple[str, ...] = ()
    action: str = ""
    reason: str = ""


def parse(raw: bytes) -> Parsed:
    """Raises Unreadable."""
    if len(raw) > MOST_BYTES:
        raise Unreadable(f"It is larger than {MOST_BYTES // 1_000_000} MB.")
    head = re.split(rb"\r?\n\r?\n", raw[: MOST_HEAD + 4], maxsplit=1)[0]
    if len(head) > MOST_HEAD:
        raise Unreadable("Its headers are longer than any mail's.")
    if any(
        len(found[0]) > MOST_PART_HEADER
        for found in re.finditer(rb"(?im)^(?:content-|mime-)[a-z-]*:[^\n]*(?:\n[ \t][^\n]*)*", raw)
    ):
        raise Unreadable("A part of it has a header longer than any mail's.")
    if len(re.findall(rb"(?m)^--", raw)) > MOST_PARTS or raw.lower().count(b"boundary") > 100:
        raise Unreadable("It has more parts than any mail.")
    try:
        message = BytesParser(_class=EmailMessage, policy=email.policy.default).parsebytes(raw)
        headers = _headers(message)
        if not headers.keys() & {"from", "to", "subject", "date", "message-id", "received"}:
            raise Unreadable("It is no mail: nothing says from whom, to whom or when.")
        return _parsed(message, headers)
    except (MessageError, RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError) as problem:
        raise Unreadable(f"It is broken: {type(problem).__name__}.") from problem


def headers_of(raw: bytes) -> Parsed:
    """What the headers of a mail say that can't be read as a whole: as much as there is."""
    head = re.split(rb"\r?\n\r?\n", raw[:MOST_HEAD], maxsplit=1)[0]
    found: dict[str, str] = {}
    for line in re.sub(r"\r?\n[ \t]+", " ", head.decode("utf-8", "replace")).splitlines():
        name, colon, value = line.partition(":")
        if colon and name.isascii() and name.strip() == name:
            found.setdefault(name.lower(), value.strip())
    name, address = _sender(found.get("from", ""))
    return Parsed(
        message_id=next(iter(_ID.findall(found.get("message-id", "")[:2_000])), ""),
        sender=address,
        sender_name=name,
        subject=_decoded(found.get("subject", ""))[:300],
        recipients=_addresses(" ".join(found.get(name, "") for name in TO)),
        references=(),
        nature=Nature.PERSON,
    )


def _parsed(message: EmailMessage, headers: dict[str, str]) -> Parsed:
    leaves = list(_leaves(message, 0))
    whole = clean("\n\n".join(_texts(message, 0)))[:LONGEST]
    nature, returned = _nature(message, headers), ""
    if nature is Nature.RETURNED:
        returned = "\n".join(_raw_text(part) for part in leaves if part.get_content_type() != "text/html")[:LONGEST]
    said = re.search(r"(?im)^diagnostic-code:\s*(.{1,300})", returned) or re.search(r"(?im)^status:\s*(.{1,60})", returned)
    action = re.search(r"(?im)^action:\s*([a-z]{1,20})", returned)
    name, address = _sender(headers.get("from", ""))
    return Parsed(
        message_id=next(iter(_ID.findall(headers.get("message-id", ""))), ""),
        sender=address,
        sender_name=name,
        subject=_decoded(headers.get("subject", ""))[:300],
        recipients=_addresses(" ".join(headers.get(name, "") for name in TO)),
        references=tuple(dict.fromkeys(_ID.findall(f"{headers.get('references', '')} {headers.get('in-reply-to', '')}")))[-50:],
        nature=nature,
        text=new_text(whole, tuple(ANSWER_ABOVE.values())),
        whole=whole,
        attachments=tuple(_attachments(message, leaves)),
        returned_ids=tuple(dict.fromkeys(re.findall(r"(?im)^message-id:\s*(<[^\s<>]{1,250}>)", returned))),
        returned_addresses=_addresses(returned),
        action=action[1].lower() if action else "",
        reason=clean(said[1]).strip() if said else "",
    )


def _headers(message: EmailMessage) -> dict[str, str]:
    """By small name, unfolded; of several only addresses are put together, else the first counts."""
    found: dict[str, str] = {}
    for name, value in message.raw_items():
        key, text = name.lower(), " ".join(str(value).split())
        if key in found and key not in TO:
            continue
        found[key] = f"{found[key]} {text}" if key in found else text
    return found


def _decoded(value: str) -> str:
    """A header's words; what can't be decoded stays as it is."""
    if "=?" in value:
        try:
            value = "".join(
                piece.decode(charset if charset and _CODECS.match(charset) else "utf-8", "replace")
                if isinstance(piece, bytes)
                else piece
                for piece, charset in decode_header(value[:2_000])
            )
        except (MessageError, LookupError, ValueError):
            pass
    return " ".join(clean(value[:2_000]).split())


def _sender(value: str) -> tuple[str, str]:
    """Name and address; the address is "" where there is none."""
    name, address = parseaddr(value[:2_000])
    if not _ADDRESS.fullmatch(address):
        address = next(iter(_ADDRESS.findall(value[:2_000])), "")
    return _decoded(name)[:200], clean(address)[:254]


def _addresses(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(clean(one) for one in _ADDRESS.findall(text[:100_000])))[:MOST_ADDRESSES]


def _nature(message: EmailMessage, headers: dict[str, str]) -> Nature:
    kind = message.get_content_type()
    said = headers.get("content-type", "").lower()
    sender = headers.get("from", "").lower()
    nobody = headers.get("return-path", "?").strip() == "<>"
    if kind == "multipart/report" and "disposition-notification" not in said:
        return Nature.RETURNED
    if "mailer-daemon@" in sender or (nobody and "postmaster@" in sender) or headers.get("x-failed-recipients"):
        return Nature.RETURNED
    submitted = headers.get("auto-submitted", "no").split(";")[0].strip().lower()
    precedence = headers.get("precedence", "").strip().lower()
    answered = any(
        headers.get(name) for name in ("x-autoreply", "x-autorespond", "x-autogenerated", "list-id", "list-unsubscribe")
    )
    if (
        submitted != "no"
        or precedence in ("bulk", "junk", "list", "auto_reply")
        or answered
        or nobody
        or kind == "multipart/report"
    ):
        return Nature.AUTOMATIC
    return Nature.PERSON


def _leaves(part: EmailMessage, depth: int) -> Iterator[EmailMessage]:
    """Parts that hold something; a mail within a mail is one."""
    if part.is_multipart() and part.get_content_maintype() == "multipart" and depth < 20:
        for one in part.get_payload():
            yield from _leaves(one, depth + 1)  # type: ignore[arg-type]
    else:
        yield part


def _texts(part: EmailMessage, depth: int) -> list[str]:
    """What a reader would be shown as text. Of alternatives the plain one, else HTML stripped."""
    kind = part.get_content_type()
    if part.is_multipart() and part.get_content_maintype() == "multipart" and depth < 20:
        each = [(one, _texts(one, depth + 1)) for one in part.get_payload()]  # type: ignore[arg-type]
        if kind == "multipart/alternative":
            plain = [texts for one, texts in each if texts and one.get_content_type() == "text/plain"]  # type: ignore[union-attr]
            return next(iter([*plain, *(texts for _, texts in each if texts)]), [])
        return [text for _, texts in each for text in texts]
    if kind not in ("text/plain", "text/html") or _is_attached(part):
        return []
    text = _decoded_part(part)
    found = text_of_html(text) if kind == "text/html" else text
    return [found] if found.strip() else []


def _is_attached(part: EmailMessage) -> bool:
    return _disposition(part) == "attachment" or bool(_file_name(part))


def _disposition(part: EmailMessage) -> str:
    return str(part.get_content_disposition() or "")


def _file_name(part: EmailMessage) -> str:
    try:
        return _decoded(str(part.get_filename() or ""))
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""


def _bytes(part: EmailMessage) -> bytes:
    if part.is_multipart():
        inner = part.get_payload()
        return b"\r\n".join(one.as_bytes(policy=email.policy.compat32) for one in inner)  # type: ignore[union-attr]
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _raw_text(part: EmailMessage) -> str:
    return _bytes(part)[:LONGEST].decode("utf-8", "replace").replace("\r\n", "\n")


def _decoded_part(part: EmailMessage) -> str:
    content = _bytes(part)[: 4 * LONGEST]
    charset = str(part.get_content_charset() or "utf-8")
    try:
        name = codecs.lookup(charset).name if _CODECS.match(charset) else "utf-8"
        return content.decode(name)[:LONGEST]
    except (LookupError, ValueError):
        try:
            return content.decode("utf-8")[:LONGEST]
        except UnicodeDecodeError:
            return content.decode("cp1252", "replace")[:LONGEST]


def _attachments(message: EmailMessage, leaves: list[EmailMessage]) -> Iterator[Attachment]:
    """Files that hang on it, pictures within it too; texts that are shown are none."""
    for number, part in enumerate([leaf for leaf in leaves if not _is_shown(leaf)][:MOST_ATTACHMENTS], 1):
        content = _bytes(part)
        if content:
            suffix = part.get_content_subtype()[:20]
            yield Attachment((_file_name(part) or f"attachment-{number}.{suffix}")[-200:], content)


def _is_shown(part: EmailMessage) -> bool:
    return part.get_content_type() in ("text/plain", "text/html") and not _is_attached(part)
