"""A bundle is a ZIP that is the same bytes for the same files: uncompressed, in order, without a clock.

So whoever opens one can make it anew and compare: a bit that belongs to no file is as much a change as one that does.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

from disputes.evidence.manifest import File, Signed

# The earliest a ZIP can say: the moment a file was packed is not part of what it says.
EPOCH = (1980, 1, 1, 0, 0, 0)
MOST_BYTES = 500 * 1024 * 1024
MOST_FILES = 10_000
README_PATH = "README.txt"


class NoBundle(ValueError):
    """What was given is no bundle; the text says why."""


def manifest_path(version: int) -> str:
    return f"manifest-{version}.json"


def signature_path(version: int) -> str:
    return f"manifest-{version}.signature.json"


def signature_text(signed: Signed) -> str:
    return json.dumps({"algorithm": "Ed25519", "key": signed.key, "signature": signed.signature}, indent=1) + "\n"


def packed(files: Sequence[File], manifests: Sequence[Signed]) -> bytes:
    """The ZIP of these files in their order, and of every version of the manifest with its signature, the first one first."""
    entries = [(file.path, file.content) for file in files]
    for version, signed in enumerate(manifests, 1):
        entries.append((manifest_path(version), signed.text.encode()))
        entries.append((signature_path(version), signature_text(signed).encode()))
    return zipped(entries)


def zipped(entries: Sequence[tuple[str, bytes]]) -> bytes:
    """A ZIP of paths and contents that is the same bytes for the same entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, content in entries:
            info = zipfile.ZipInfo(path, EPOCH)
            info.external_attr = 0o644 << 16
            info.create_system = 3
            archive.writestr(info, content)
    return buffer.getvalue()


def opened(content: bytes) -> list[tuple[str, bytes]]:
    """The entries of a bundle in their order. Raises NoBundle where it is not exactly what ``packed`` would have made."""
    if len(content) > MOST_BYTES:
        raise NoBundle(f"It is larger than {MOST_BYTES // 1024 // 1024} MB.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
            if len(infos) > MOST_FILES:
                raise NoBundle(f"It holds more than {MOST_FILES:,} files.")
            if any(info.compress_type != zipfile.ZIP_STORED or info.file_size > len(content) for info in infos):
                raise NoBundle("A file in it is compressed; evidence never is.")
            entries = [(info.filename, archive.read(info)) for info in infos]
    except NoBundle:
        raise
    # A broken ZIP fails in a dozen ways: whatever it is, it is no bundle.
    except Exception as problem:
        raise NoBundle(f"It can't be read as a ZIP ({type(problem).__name__}).") from problem
    if len({path for path, _ in entries}) != len(entries):
        raise NoBundle("A file is in it twice.")
    try:
        if zipped(entries) == content:
            return entries
    except (ValueError, UnicodeError) as problem:
        raise NoBundle("It names a file in a way no bundle does.") from problem
    raise NoBundle("It holds bytes that belong to no file, or was packed by another program.")


def loaded(text: bytes) -> Any:
    """JSON of a bundle. Raises NoBundle."""
    try:
        return json.loads(text.decode())
    except (ValueError, RecursionError) as problem:
        raise NoBundle("A manifest or a signature in it is no JSON.") from problem
