"""The layouts of files ChargeBill reads, as people choose and look them up."""

from stations.ingest.profiles import PROFILES, Kind, Profile

KINDS: dict[Kind, str] = {
    "sessions": "Charging sessions",
    "statuses": "Connector status",
    "authorizations": "Authorizations",
    "meter_values": "Meter readings",
}


def title_of(name: str) -> str:
    """The title of a layout; its name where it is no longer known."""
    profile = PROFILES.get(name)
    return profile.title if profile else name


def by_kind() -> list[tuple[str, list[Profile]]]:
    """(kind in words, its layouts) for each kind there is a layout of, in the order of KINDS."""
    groups = [(word, [p for p in PROFILES.values() if p.kind == kind]) for kind, word in KINDS.items()]
    return [(word, profiles) for word, profiles in groups if profiles]


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Layouts as grouped choices of a form field."""
    return [(word, [(profile.name, profile.title) for profile in profiles]) for word, profiles in by_kind()]
