"""A ZIP that is always the same for the same files, with a list of their SHA-256."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

MANIFEST = "manifest.json"
# The earliest a ZIP can say: the moment a file was packed is not part of what it says.
EPOCH = (1980, 1, 1, 0, 0, 0)


def packed(files: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    """The files and their manifest, by name. ``about`` stands in the manifest as it is."""
    listed = [
        {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    ]
    manifest = json.dumps({"v": 1, **about, "files": listed}, indent=1, ensure_ascii=False) + "\n"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, content in sorted({**files, MANIFEST: manifest.encode()}.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
