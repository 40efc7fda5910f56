"""Several files as one, the same bytes every time."""

import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime


def zip_of(files: Iterable[tuple[str, bytes]], made_at: datetime) -> bytes:
    """A ZIP of named files, stored as they are: what packs them could pack them otherwise in another version."""
    moment = made_at.astimezone(UTC)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            archive.writestr(entry, content)
    return held.getvalue()
