"""Evidence of a case: a signed list of its files, packed so that any change shows. Pure: bytes in, bytes out, no Django."""

from disputes.evidence.bundle import opened, packed
from disputes.evidence.manifest import File, Signed, manifest_of
from disputes.evidence.verifying import Checked, verified

__all__ = ["Checked", "File", "Signed", "manifest_of", "opened", "packed", "verified"]
