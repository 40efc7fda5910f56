"""A case about one of Ada's sessions, and a bundle of a few files with keys made here."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from disputes.evidence import File, Signed, manifest_of, packed
from disputes.models import Case
from tests.disputes.conftest import OPENED, Operator, agent, billed, month, opened, operator

__all__ = ["OPENED", "Operator", "agent", "billed", "month", "opened", "operator"]
AT = datetime(2026, 11, 27, 12, tzinfo=UTC)
ABOUT = {"case": "D-000001", "company": "Nord", "company_id": 1}
FILES = [File("README.txt", b"How to check it\n"), File("sessions/1/record-1.json", b'{"energy":"36.9"}')]
LATER = File("messages-1.json", '[{"text":"Grüße"}]'.encode())


class Signer:
    """An Ed25519 key that never leaves this process."""

    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes_raw().hex()
        self.fingerprint = hashlib.sha256(bytes.fromhex(self.public)).hexdigest()

    def sign(self, text: str) -> Signed:
        return Signed(text, self.private.sign(text.encode()).hex(), self.fingerprint)


@pytest.fixture
def signer() -> Signer:
    return Signer()


def versions(signer: Signer, files: list[File] = FILES, later: File = LATER) -> list[Signed]:
    """Two: the files, then one more."""
    first = signer.sign(manifest_of(files, about=ABOUT, version=1, previous=None, at=AT))
    return [first, signer.sign(manifest_of([*files, later], about=ABOUT, version=2, previous=first, at=AT))]


@pytest.fixture
def bundle(signer: Signer) -> bytes:
    return packed([*FILES, LATER], versions(signer))


@pytest.fixture
def case(billed: Any) -> Case:
    return opened("M1")
