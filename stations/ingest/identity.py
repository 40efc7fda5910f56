"""What tells a row apart from every other row of its source."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from stations.ingest import values
from stations.ingest.layout import Profile
from stations.ingest.rows import RowRefused

LONGEST = 80


def identity_reader(profile: Profile, positions: Mapping[str, int], header: Sequence[str]) -> Callable[[Sequence[str]], str]:
    """A function of a row's cells that returns its external id.

    The id of the file, where it has one; else SHA-1, in hex, of the identity's cells exactly as they are written, with
    U+001F between them. Raises RowRefused ``id_missing`` where an id is all there would be.
    """
    at_id = positions.get("external_id", -1) if "external_id" in profile.identity else -1
    hashed = [positions[name] for name in profile.identity if name != "external_id" and name in positions]
    field = header[at_id] if at_id >= 0 else ""

    # itemgetter gives a tuple only for two or more.
    content = itemgetter(*hashed) if len(hashed) > 1 else None

    def of_content(cells: Sequence[str]) -> str:
        said = "\x1f".join(content(cells)) if content else cells[hashed[0]]
        return hashlib.sha1(said.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()

    if at_id < 0:
        return of_content

    def read(cells: Sequence[str]) -> str:
        cell = cells[at_id]
        if len(cell) <= LONGEST and cell.isalnum():
            return cell
        written = values.identifier(cell, LONGEST, "id of the row", field)
        if written:
            return written
        if hashed:
            return of_content(cells)
        raise RowRefused("id_missing", "The row has no id, so it could not be told apart from others.", field)

    return read
