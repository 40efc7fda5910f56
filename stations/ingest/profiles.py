"""The profiles this program knows, and which of them a header belongs to."""

from collections.abc import Sequence

from stations.ingest.built_in import BUILT_IN
from stations.ingest.layout import Kind, Profile, column_names, normal
from stations.ingest.rows import FileRefused

__all__ = ["PROFILES", "Kind", "Profile", "column_names", "recognise"]

PROFILES: dict[str, Profile] = {profile.name: profile for profile in BUILT_IN}

# Exports that say when a session began and never when it ended, by the columns they are told by.
WITHOUT_END = {"Tesla account export": ("ChargeStartDateTime", "QuantityBase")}


def recognise(header: Sequence[str]) -> Profile:
    """The profile with all its required columns in this header; of several the one that knows most of the columns.

    Raises FileRefused: ``no_end_times`` for an export known to have none, else ``unknown_layout``, naming the columns
    found and what the closest profile lacks.
    """
    fitting = [profile for profile in PROFILES.values() if not profile.lacks(header)]
    if fitting:
        return max(fitting, key=lambda profile: len(profile.positions(header)))
    names = {normal(name) for name in header}
    for title, columns in WITHOUT_END.items():
        if names.issuperset(map(normal, columns)):
            message = f"This is a {title}. It does not say when a session ended, and a session without an end has no price."
            raise FileRefused("no_end_times", f"{message} Nothing was imported.", "line 1")
    raise FileRefused("unknown_layout", _unknown(header), "line 1")


def _unknown(header: Sequence[str]) -> str:
    names = [name for name in column_names(header) if not name.startswith("column ")]
    found = ", ".join(name[:40] for name in names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")

    def closeness(profile: Profile) -> float:
        return len(profile.positions(header)) - 2 * len(profile.lacks(header))

    message = f"This layout is not known. The columns found are: {found or 'none with a name'}."
    closest = max(PROFILES.values(), key=closeness)
    if closest.positions(header):
        message += f" Closest is “{closest.title}”, but these columns are missing: {', '.join(closest.lacks(header))}."
    if closest.format == "csv":
        message += " The first line must hold the column names."
    return f"{message} Nothing was imported."
