"""Says whether a case's bundle is what was signed."""

import re
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from chargebill.core.commands import DOES_NOT_HOLD, JsonCommand
from chargebill.core.errors import UserError
from disputes.evidence_queries import verified_by, verified_here

KEY = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


class Command(JsonCommand):
    help = "Check a case's bundle: every byte against the signed manifest, the signature against a key from outside."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="The ZIP to check.")
        parser.add_argument(
            "--key",
            help="The company's public key, 64 hexadecimal digits, or a file with it. Without: the keys of this database.",
        )

    def answer(self, *, file: Path, key: str | None, **options: Any) -> Any:
        try:
            content = file.read_bytes()
        except OSError as problem:
            raise UserError("file", f"{file} can't be read: {problem.strerror}.", "file") from None
        checked = verified_here(content) if key is None else verified_by(content, _digits(key))
        if not checked.holds:
            self.exit_code = DOES_NOT_HOLD
        return {
            "holds": checked.holds,
            "case": checked.about.get("case"),
            "company": checked.about.get("company"),
            "version": checked.version,
            "items": checked.items,
            "key": checked.key,
            "problems": list(checked.problems),
        }


def _digits(key: str) -> str:
    """The key itself, or what the file of this name holds."""
    said = key.strip()
    if not KEY.fullmatch(said):
        try:
            said = Path(key).read_text().strip()
        except (OSError, ValueError):
            said = ""
    if not KEY.fullmatch(said):
        raise UserError("key", "A public key is 64 hexadecimal digits, or a file with them. Nothing was checked.", "--key")
    return said.lower()
