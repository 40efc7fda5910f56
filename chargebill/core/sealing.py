"""Encrypts a short text that must not be read from the database alone, such as an account number.

The key comes from SECRET_KEY; texts sealed with a key of SECRET_KEY_FALLBACKS are still read.
"""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def _box(purpose: str) -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    keys = [HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(str(secret).encode()) for secret in secrets]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def seal(text: str, purpose: str) -> str:
    """The text encrypted for one purpose: what is sealed for another is not read."""
    return _box(purpose).encrypt(text.encode()).decode()


def unseal(sealed: str, purpose: str) -> str | None:
    """The text again; None when it was sealed with a key that is gone, or is nothing sealed."""
    try:
        return _box(purpose).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None
