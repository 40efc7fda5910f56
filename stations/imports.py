"""Takes a file in: looks it through before anything is stored, keeps a copy, opens it for the job."""

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage

from chargebill.core.errors import UserError
from chargebill.core.models import Job, LegalEntity, User
from stations import import_profiles
from stations.ingest.reading import Inspection, counted, inspect, records
from stations.ingest.rows import FileRefused, Record
from stations.models import ImportBatch, ImportProfileVersion, Source


@dataclass(frozen=True, slots=True)
class Seen:
    """What looking a file through found: its profile, how it is written, how many records."""

    profile: str
    inspection: Inspection
    version: ImportProfileVersion | None = None

    @property
    def records(self) -> int:
        return self.inspection.records

    def as_params(self) -> dict[str, Any]:
        return {"inspection": asdict(self.inspection)}


def look_through(*, path: Path, entity: LegalEntity, profile: str, time_zone: str, encoding: str) -> Seen:
    """Reads the whole file once, in bounded memory, before anything is stored.

    Raises UserError with code, place and advice when it can't be taken as it is: nothing of it was stored.
    """
    named = import_profiles.known_named(profile, entity=entity) if profile else None
    try:
        inspection, known = _recognised(path, entity, encoding, named)
        chosen = known.profile
        # The first record shows whether the header fits the profile and whether the time zone is known.
        rows = records(path, inspection, chosen, time_zone=time_zone, entity_time_zone=entity.time_zone)
        with closing(rows):
            next(rows, None)
        inspection = counted(path, inspection, chosen)
    except FileRefused as refused:
        raise UserError(refused.code, refused.message, refused.where) from refused
    return Seen(chosen.name, inspection, known.version)


def looked_at(path: Path, *, encoding: str) -> Inspection:
    """Reads the whole file once within the limits of imports. Raises FileRefused."""
    return inspect(path, encoding=encoding, max_bytes=settings.IMPORT_MAX_BYTES, max_line_bytes=settings.IMPORT_MAX_LINE_BYTES)


def _recognised(
    path: Path, entity: LegalEntity, encoding: str, named: import_profiles.Known | None
) -> tuple[Inspection, import_profiles.Known]:
    """The file and its profile. Bytes that are not UTF-8 are read as a company's own layout of these columns says."""
    try:
        inspection = looked_at(path, encoding=encoding)
    except FileRefused as refused:
        if encoding or refused.code not in ("encoding_unknown", "nul_byte"):
            raise
        for other in import_profiles.encodings(entity=entity):
            try:
                inspection = looked_at(path, encoding=other)
                known = named or import_profiles.recognised_own(inspection.header, entity=entity)
            except FileRefused:
                continue
            if known and known.version and known.version.encoding == other:
                return inspection, known
        raise
    return inspection, named or import_profiles.recognised(inspection.header, entity=entity)


def keep_copy(path: Path) -> tuple[str, str]:
    """Stores the file under the hash of its content; returns (path in the media store, SHA-256). Twice is once."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    sha256 = digest.hexdigest()
    name = f"imports/{sha256[:2]}/{sha256}"
    if not default_storage.exists(name):
        with path.open("rb") as file:
            draft = default_storage.save(f"{name}.{uuid.uuid4().hex}", File(file))
        # Whole or not there: another import of the same file, or the next one after a crash, never reads half a copy.
        local_path(draft).replace(local_path(name))
    return name, sha256


def create_batch(
    *,
    job: Job,
    entity: LegalEntity,
    seen: Seen,
    stored: tuple[str, str],
    file_name: str,
    mode: str,
    time_zone: str,
    actor: User | None,
    at: datetime,
) -> ImportBatch:
    source, _ = Source.objects.get_or_create(entity=entity, profile=seen.profile)
    return ImportBatch.objects.create(
        source=source,
        job=job,
        file=stored[0],
        file_sha256=stored[1],
        file_name=file_name[:255],
        mode=mode,
        time_zone=time_zone,
        encoding=seen.inspection.encoding,
        header=seen.inspection.header,
        profile_version=seen.version,
        created_by=actor,
        created_at=at,
    )


def reading_zone(batch: ImportBatch) -> tuple[str, str]:
    """(zone given for this import, the entity's): what local times in the file are read with."""
    return batch.time_zone, batch.source.entity.time_zone


@contextmanager
def opened(batch: ImportBatch, *, skip: int) -> Iterator[Iterator[Record]]:
    """The batch's records after the first ``skip``, streamed from the stored copy."""
    time_zone, entity_zone = reading_zone(batch)
    rows = records(
        local_path(batch.file),
        inspection_of(batch),
        import_profiles.profile_of(batch),
        time_zone=time_zone,
        entity_time_zone=entity_zone,
        skip=skip,
    )
    with closing(rows):
        yield rows


def local_path(name: str) -> Path:
    return Path(default_storage.path(name))


def inspection_of(batch: ImportBatch) -> Inspection:
    """What looking through the batch's file found."""
    return Inspection(**batch.job.params["inspection"])


def lock_sources(entity_id: int) -> None:
    """Waits for the chunks of this entity's imports that are on their way, and keeps new ones waiting."""
    list(Source.objects.select_for_update().filter(entity_id=entity_id).order_by("pk").values_list("pk"))


def resolve_entity(name: str | None) -> LegalEntity:
    """The entity an import from the command line is for: the named one, or the only one.

    With none, a provisional one that is not stored yet: a refused file must leave nothing behind. With several and no
    name, raises UserError.
    """
    entities = list(LegalEntity.objects.order_by("name")[:20])
    if name:
        found = LegalEntity.objects.filter(name=name).first()
        if found is None:
            known = ", ".join(entity.name for entity in entities) or "none yet"
            raise UserError("unknown_entity", f"There is no company named {name!r}. Known: {known}.", "--entity")
        return found
    if len(entities) > 1:
        raise UserError(
            "entity_ambiguous",
            f"There are several companies; say which with --entity: {', '.join(e.name for e in entities)}.",
            "--entity",
        )
    if entities:
        return entities[0]
    return LegalEntity(name="My company", is_provisional=True)
