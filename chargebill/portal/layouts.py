"""The layouts of files ChargeBill reads, as people choose and look them up."""

from stations.import_profiles import of_version
from stations.ingest.profiles import PROFILES, Kind, Profile
from stations.models import ImportBatch, ImportProfile

KINDS: dict[Kind, str] = {
    "sessions": "Charging sessions",
    "statuses": "Connector status",
    "authorizations": "Authorizations",
    "meter_values": "Meter readings",
}


def title_of(name: str) -> str:
    """The title of a layout; its name where it is no longer known."""
    if profile := PROFILES.get(name):
        return profile.title
    return ImportProfile.objects.filter(name=name).values_list("title", flat=True).first() or name


def profile_of(batch: ImportBatch) -> Profile | None:
    """What an import is read with; None where it is no longer known."""
    return of_version(batch.profile_version) if batch.profile_version else PROFILES.get(batch.source.profile)


def title_of_import(batch: ImportBatch) -> str:
    """The title of an import's layout, with its version where a company described it itself."""
    if batch.profile_version:
        return f"{batch.profile_version.profile.title}, version {batch.profile_version.number}"
    return title_of(batch.source.profile)


def by_kind() -> list[tuple[str, list[Profile]]]:
    """(kind in words, its layouts) for each kind there is a layout of, in the order of KINDS."""
    groups = [(word, [p for p in PROFILES.values() if p.kind == kind]) for kind, word in KINDS.items()]
    return [(word, profiles) for word, profiles in groups if profiles]


def choices(*, retired: bool = True) -> list[tuple[str, list[tuple[str, str]]]]:
    """Layouts as grouped choices of a form field; ``retired`` False: without those that read no new file."""
    known = [(word, [(profile.name, profile.title) for profile in profiles]) for word, profiles in by_kind()]
    own = ImportProfile.objects.all() if retired else ImportProfile.objects.filter(retired_at=None)
    described = list(dict(own.values_list("name", "title")).items())
    return [("Your own", described), *known] if described else known
