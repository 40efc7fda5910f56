"""Takes in mail of drivers once: what waits in the mailbox or the folder, or the files named."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from chargebill.core.commands import JsonCommand
from chargebill.core.errors import UserError
from disputes.mail.parsing import MOST_BYTES
from disputes.operations.mail_sources import Item
from disputes.operations.mail_steps import Handled, source, take_in


class Files:
    """Files named by hand; they stay where they are."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self.items = [Item(path.name, raw, size, lambda refused: None) for path in paths for raw, size in [_content(path)]]

    def waiting(self) -> Iterable[Item]:
        return iter(self.items)


class Command(JsonCommand):
    help = "Take in the mail that waits, or the files named (which stay where they are), and say what came of each."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="A mail as a file (RFC 5322, *.eml).")

    def answer(self, *, files: list[Path], **options: Any) -> Any:
        handled = list(take_in(Files(files) if files else source(settle_s=0)))  # type: ignore[arg-type]
        return {"read": len(handled), "mails": [_said(one) for one in handled]}


def _said(handled: Handled) -> dict[str, Any]:
    """``outcome``: placed, waiting, automatic, returned, put_away as the mail's state is; "failed": tried again."""
    if handled.received is None:
        return {"name": handled.name, "outcome": "failed", "is_new": False, "case": None, "why": handled.problem}
    mail = handled.received.mail
    return {
        "name": handled.name,
        "outcome": mail.state.lower(),
        "is_new": handled.received.is_new,
        "case": mail.case.number if mail.case else None,
        "why": " ".join(part for part in (mail.get_why_display() if mail.why else "", mail.problem) if part),
    }


def _content(path: Path) -> tuple[bytes, int]:
    """Raises UserError file."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        return raw, max(path.stat().st_size, len(raw))
    except OSError as problem:
        raise UserError("file", f"{path} can't be read: {problem.strerror}. Nothing was taken in.", str(path)) from None
