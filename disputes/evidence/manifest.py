"""The list of a case's evidence: each file with its SHA-256, each line chained to the one before.

A later version begins with the lines of the one before it and names that one's hash, signature and key: nothing that was
once listed can be left out or put differently.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.checks.canonical import canonical, digest

FORMAT = "chargebill-evidence-1"
BEGINNING = "0" * 64


@dataclass(frozen=True, slots=True)
class File:
    """One piece of evidence. ``path`` is its place in the bundle and never comes twice."""

    path: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Signed:
    """A version of the manifest as it was signed. ``key`` is the fingerprint of the public key, ``signature`` hexadecimal."""

    text: str
    signature: str
    key: str

    @property
    def as_previous(self) -> dict[str, str]:
        """What the next version says of it."""
        return {"sha256": digest(self.text), "signature": self.signature, "key": self.key}


def link(chain: str, path: str, size: int, sha256: str) -> str:
    """The chain after one more line."""
    return digest(canonical([chain, path, size, sha256]))


def lines_of(files: Sequence[File]) -> list[dict[str, Any]]:
    found, chain = [], BEGINNING
    for file in files:
        chain = link(chain, file.path, len(file.content), file.sha256)
        found.append({"path": file.path, "bytes": len(file.content), "sha256": file.sha256, "chain": chain})
    return found


def manifest_of(files: Sequence[File], *, about: Mapping[str, Any], version: int, previous: Signed | None, at: datetime) -> str:
    """The text that is signed: one canonical line of JSON. ``about`` says whose case it is of."""
    return canonical(
        {
            "format": FORMAT,
            "about": about,
            "version": version,
            "made_at": at,
            "previous": previous.as_previous if previous else None,
            "items": lines_of(files),
        }
    )
