"""Names of files as they are kept: no path, nothing invisible, an ending that says what the file is."""

import re
import unicodedata

from disputes.files.limits import LONGEST_NAME

# What some system can't have in a name, or reads as more than a name.
_FORBIDDEN = re.compile(r'[<>:"|?*%;\\/]+')
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}$")
LONGEST_SHOWN = 60


def _plain(name: str) -> str:
    """Without folders, and without what can't be seen: control characters, and marks that turn the writing."""
    last = re.split(r"[\\/]", name[-1000:])[-1]
    shown = "".join(" " if c.isspace() else c for c in last if c.isspace() or not unicodedata.category(c).startswith("C"))
    return " ".join(_FORBIDDEN.sub(" ", unicodedata.normalize("NFC", shown)).split()).strip(" .")


def shown_name(name: str) -> str:
    """The name in a sentence about the file; empty where nothing of it can be shown."""
    found = _plain(name)
    return found if len(found) <= LONGEST_SHOWN else f"{found[: LONGEST_SHOWN - 1]}…"


def clean_name(name: str, suffix: str, fallback: str) -> str:
    """The name as it is kept, ending in ``.suffix`` whatever it ended in; without anything left it is the fallback."""
    stem = _ENDING.sub("", _plain(name))
    return f"{stem[: LONGEST_NAME - len(suffix) - 1].strip(' .') or fallback}.{suffix}"
