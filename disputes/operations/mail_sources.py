"""Where mail comes from: a folder of files, or a mailbox (IMAP over TLS). Each mail is handed out, and marked once it is kept.

Killed between keeping and marking, a mail is handed out again, and is known then.
"""

import hashlib
import imaplib
import os
import re
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from chargebill.core.errors import UserError
from disputes.mail.parsing import MOST_BYTES

# A mail server is asked for so many at once; the next look takes more.
AT_ONCE = 50
TIMEOUT_S = 20
# Of a mail that is too large so much is fetched.
BEGINNING = 200_000


@dataclass(frozen=True, slots=True)
class Item:
    """A mail that waits: ``raw`` is all of it, or its beginning where ``size`` says more. ``done`` marks it as handled."""

    name: str
    raw: bytes
    size: int
    done: Callable[[bool], None]


class Source(Protocol):
    def waiting(self) -> Iterator[Item]: ...


@dataclass(frozen=True, slots=True)
class Folder:
    """Files ``*.eml``; handled ones go to done/, or to refused/ where nobody can read them.

    One that changed within ``settle_s`` seconds is still being written: it waits for the next look. Write under another name
    and rename, and it never is.
    """

    path: Path
    settle_s: float = 2.0

    def waiting(self) -> Iterator[Item]:
        with suppress(FileNotFoundError, NotADirectoryError):
            entries = sorted(os.scandir(self.path), key=lambda entry: entry.name)
            for entry in entries:
                if not entry.name.lower().endswith(".eml") or not entry.is_file(follow_symlinks=False):
                    continue
                item = self._item(Path(entry.path))
                if item is not None:
                    yield item

    def _item(self, path: Path) -> Item | None:
        try:
            stat = path.stat()
            if time.time() - stat.st_mtime < self.settle_s:
                return None
            with path.open("rb") as file:
                raw = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            # Another worker was faster.
            return None
        return Item(path.name, raw, max(stat.st_size, len(raw)), lambda refused: self._move(path, raw, refused))

    def _move(self, path: Path, raw: bytes, refused: bool) -> None:
        """Under a name that says what is in it, so that no other file is ever written over."""
        folder = self.path / ("refused" if refused else "done")
        folder.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):
            path.replace(folder / f"{hashlib.sha256(raw).hexdigest()[:16]}-{path.name[-120:]}")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Unread mail of a mailbox, imaps://USER:PASSWORD@HOST:PORT/FOLDER; handled mail is marked as read and stays."""

    url: str
    context: ssl.SSLContext | None = None

    def waiting(self) -> Iterator[Item]:
        """Raises UserError mailbox."""
        parts = urlsplit(self.url)
        where = parts.hostname or ""
        try:
            context = self.context or ssl.create_default_context()
            with imaplib.IMAP4_SSL(where, parts.port or 993, ssl_context=context, timeout=TIMEOUT_S) as server:
                server.login(unquote(parts.username or ""), unquote(parts.password or ""))
                folder = unquote(parts.path.strip("/")) or "INBOX"
                _ok(server.select('"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'))
                found = _ok(server.uid("SEARCH", "UNSEEN"))[0] or b""
                for uid in found.split()[:AT_ONCE]:
                    yield self._item(server, uid.decode())
        except (OSError, imaplib.IMAP4.error, ValueError) as problem:
            said = f"{type(problem).__name__}: {problem}"[:200]
            raise UserError(
                "mailbox", f"The mailbox at {where} can't be read ({said}). It is tried again.", "INBOX_URL"
            ) from problem

    def _item(self, server: imaplib.IMAP4_SSL, uid: str) -> Item:
        answered = b" ".join(_bytes(part) for part in _ok(server.uid("FETCH", uid, "(RFC822.SIZE)")))
        found = re.search(rb"RFC822\.SIZE (\d+)", answered)
        size = int(found[1]) if found else 0
        what = "BODY.PEEK[]" if size <= MOST_BYTES else f"BODY.PEEK[]<0.{BEGINNING}>"
        raw = next((part[1] for part in _ok(server.uid("FETCH", uid, f"({what})")) if isinstance(part, tuple)), b"")

        def done(refused: bool) -> None:
            _ok(server.uid("STORE", uid, "+FLAGS", "(\\Seen)"))

        return Item(f"{uid}", raw, size if size > MOST_BYTES else len(raw), done)


def _bytes(part: object) -> bytes:
    return (
        b"".join(one for one in part if isinstance(one, bytes))
        if isinstance(part, tuple)
        else part
        if isinstance(part, bytes)
        else b""
    )


def _ok(answer: tuple[str, Sequence[Any]]) -> Sequence[Any]:
    """What the server said. Raises IMAP4.error where it refused."""
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"the server answered {kind}")
    return data
