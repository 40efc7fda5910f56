"""Reads evidence: a case's bundle, and whether one that somebody brings is what this database signed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from billing.journal_models import SigningKey
from billing.signing import is_signed
from disputes import evidence
from disputes.evidence import Checked, File, Signed
from disputes.evidence_models import EvidenceItem, EvidenceManifest
from disputes.models import Case


def files_of(items: Iterable[EvidenceItem]) -> list[File]:
    return [File(item.path, bytes(item.content)) for item in items]


def signed_of(manifest: EvidenceManifest) -> Signed:
    return Signed(manifest.text, manifest.signature, manifest.key.fingerprint)


def about_in(manifest: EvidenceManifest) -> dict[str, Any]:
    """Whose evidence it is, as it was first signed: a company may change its name since."""
    said: dict[str, Any] = json.loads(manifest.text)["about"]
    return said


def bundle_of(case: Case, version: int | None = None) -> bytes:
    """The ZIP of everything that is signed, or was in that version; the same bytes each time. Empty evidence has none.

    Two queries.
    """
    manifests = list(case.manifests.select_related("key").order_by("version")[:version])
    items = case.evidence.order_by("seq")[: manifests[-1].items] if manifests else []
    return evidence.packed(files_of(items), [signed_of(manifest) for manifest in manifests])


def verified_here(content: bytes) -> Checked:
    """Checks a bundle with the keys this database has published for its companies."""
    return evidence.verified(content, _ours)


def _ours(fingerprint: str, about: Mapping[str, Any], text: str, signature: str) -> str:
    key = SigningKey.objects.filter(fingerprint=fingerprint).first() if isinstance(fingerprint, str) else None
    if key is None:
        return "It is signed with a key that no company here has published."
    if key.entity_id != about["company_id"]:
        return "It is signed with the key of another company than the one it names."
    return "" if is_signed(key.public_key, text, signature) else "The signature is not this key's: the manifest was changed."


def verified_by(content: bytes, public_key: str) -> Checked:
    """Checks a bundle with this public key alone, 64 hexadecimal digits. No database is asked. Raises ValueError."""
    own = hashlib.sha256(bytes.fromhex(public_key)).hexdigest()

    def judge(fingerprint: str, about: Mapping[str, Any], text: str, signature: str) -> str:
        if fingerprint != own:
            return "It is signed with another key than this one."
        return "" if is_signed(public_key, text, signature) else "The signature is not this key's: the manifest was changed."

    return evidence.verified(content, judge)
