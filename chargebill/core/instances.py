"""The two databases `manage.py serve` keeps in one folder: the demo, and the operator's own company.

``instance`` in that folder says which one is wanted: the portal writes the wish, the supervisor (serve) fulfills it.
``setup_token`` proves that whoever creates the first account of an empty database was sent there by this machine.
"""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from chargebill.environment import sqlite_url, write_once

DEMO, COMPANY = "demo", "company"
NAMES = (DEMO, COMPANY)
# Of every account of the demo. Public on purpose: there is nothing in the demo to protect.
DEMO_PASSWORD = "chargebill-demo"


@dataclass(frozen=True, slots=True)
class Instance:
    """One of the two databases and its files, below ``folder``."""

    folder: Path
    name: str

    @property
    def database(self) -> Path:
        return self.folder / f"{self.name}.sqlite3"

    @property
    def database_url(self) -> str:
        return sqlite_url(self.database)

    @property
    def files(self) -> Path:
        return self.folder / f"{self.name}-files"


def wanted(folder: Path) -> str:
    """The instance that should be running. Anything unreadable counts as the demo: it can be looked at, not harmed."""
    try:
        name = (folder / "instance").read_text().strip()
    except OSError:
        return DEMO
    return name if name in NAMES else DEMO


def want(folder: Path, name: str) -> None:
    """Asks the supervisor for an instance. Raises ValueError for a name it doesn't know."""
    if name not in NAMES:
        raise ValueError(f"There is no instance {name!r}. Use one of: {', '.join(NAMES)}.")
    _replace(folder / "instance", f"{name}\n")


def _replace(path: Path, text: str) -> None:
    # Whoever reads sees the old text or the new one, never half of it.
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.write_text(text)
    os.replace(draft, path)


def setup_token(folder: Path) -> str:
    """The token that opens /setup/ while a database has no users; made on first use. Only its owner may read the file."""
    return write_once(folder / "setup_token", secrets.token_urlsafe(24))


def token_matches(folder: Path, token: str) -> bool:
    """Whether ``token`` is the one that was given out and not used yet."""
    try:
        expected = (folder / "setup_token").read_text()
    except OSError:
        return False
    return bool(expected) and secrets.compare_digest(expected.encode(), token.encode())


def spend_token(folder: Path) -> None:
    """Makes the token useless: the first account exists."""
    (folder / "setup_token").unlink(missing_ok=True)
