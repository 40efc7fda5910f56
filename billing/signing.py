"""Ed25519 keys of a company: the private half in a file only its owner may read, the public half in the database.

The file is named after the public key, so that two databases, or two companies, never use each other's.
"""

import hashlib
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import IntegrityError, transaction

from billing.journal_models import SigningKey
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from chargebill.environment import write_once


def key_file(fingerprint: str) -> Path:
    return Path(settings.SIGNING_KEYS) / f"{fingerprint[:16]}.pem"


def has_private_half(key: SigningKey) -> bool:
    return key_file(key.fingerprint).exists()


def current_key(entity: LegalEntity) -> SigningKey | None:
    return SigningKey.objects.filter(entity=entity, retired_at__isnull=True).first()


def make_key(*, entity: LegalEntity, actor: User | None, at: datetime) -> SigningKey:
    """A new key; its private half is on the disk before the public one is stored. Call in a transaction.

    Where somebody else makes the first one at this moment, it is theirs: a company signs with one.
    """
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    fingerprint = hashlib.sha256(public).hexdigest()
    file = key_file(fingerprint)
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_once(file, pem)
    except OSError as problem:
        raise UserError(
            "signing_key_not_kept",
            f"The new signing key can't be kept in {file.parent} ({problem.strerror}). Name a folder that can be written in"
            " SIGNING_KEYS. Nothing was changed.",
        ) from problem
    try:
        with transaction.atomic():
            return SigningKey.objects.create(
                entity=entity, fingerprint=fingerprint, public_key=public.hex(), created_by=actor, created_at=at
            )
    except IntegrityError:
        file.unlink()
        theirs = current_key(entity)
        if theirs is None:
            raise
        return theirs


def sign(key: SigningKey, text: str) -> str:
    """The signature of a text, hexadecimal. Raises UserError when the private half is not here, or is not this key's."""
    file = key_file(key.fingerprint)
    try:
        private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError) as problem:
        raise _missing(key, file) from problem
    if not isinstance(private, Ed25519PrivateKey) or private.public_key().public_bytes_raw().hex() != key.public_key:
        raise _missing(key, file)
    return private.sign(text.encode()).hex()


def _missing(key: SigningKey, file: Path) -> UserError:
    return UserError(
        "signing_key_missing",
        f"The private half of the signing key {key} is not in {file}. Put the file back from your backup; if it is lost, retire"
        " the key, and the next closing makes a new one. Nothing was changed.",
    )


def is_signed(public_key: str, text: str, signature: str) -> bool:
    """Whether ``signature`` is this key's, of this text. Never raises: what can't be read is no signature."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key)).verify(bytes.fromhex(signature), text.encode())
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True
