"""Layouts a company describes itself, beside the built-in ones: kept in versions, recognized, retired."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.utils.text import slugify

from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import LegalEntity, User
from stations.ingest import definitions
from stations.ingest.profiles import PROFILES, Profile, recognise
from stations.ingest.rows import FileRefused
from stations.models import ImportBatch, ImportProfile, ImportProfileVersion


class Known(NamedTuple):
    """A profile, and the version of a company's layout it stands in; None for a built-in one."""

    profile: Profile
    version: ImportProfileVersion | None = None


def profile_of(batch: ImportBatch) -> Profile:
    """What the rows of an import are read with."""
    if batch.profile_version is None:
        return PROFILES[batch.source.profile]
    return of_version(batch.profile_version)


def of_version(version: ImportProfileVersion) -> Profile:
    profile = version.profile
    return definitions.profile_of(name=profile.name, title=profile.title, definition=version.definition)


def newest_versions(*, entity: LegalEntity) -> QuerySet[ImportProfileVersion]:
    """The version in use of each layout of a company that is not retired, with its profile. None for an unsaved entity."""
    if entity.pk is None:
        return ImportProfileVersion.objects.none()
    newest = ImportProfileVersion.objects.filter(profile=OuterRef("profile")).order_by("-number").values("pk")[:1]
    found = ImportProfileVersion.objects.filter(profile__entity=entity, profile__retired_at=None, pk=Subquery(newest))
    return found.select_related("profile").order_by("-pk")


def known_named(name: str, *, entity: LegalEntity) -> Known:
    """The profile of this name: built in, or the company's own. Raises UserError naming the profiles there are."""
    if name in PROFILES:
        return Known(PROFILES[name])
    own = list(newest_versions(entity=entity))
    for version in own:
        if version.profile.name == name:
            return Known(of_version(version), version)
    known = ", ".join(sorted([*PROFILES, *(version.profile.name for version in own)]))
    retired = entity.pk is not None and ImportProfile.objects.filter(entity=entity, name=name).exists()
    what = f"The import profile {name!r} is retired" if retired else f"There is no import profile {name!r}"
    raise UserError("unknown_profile", f"{what}. Known: {known}.", "profile")


def recognised(header: Sequence[str], *, entity: LegalEntity) -> Known:
    """The profile of a file with this header: a built-in one, else the company's own. Raises FileRefused."""
    try:
        return Known(recognise(header))
    except FileRefused as refused:
        if own := recognised_own(header, entity=entity):
            return own
        raise refused


def recognised_own(header: Sequence[str], *, entity: LegalEntity) -> Known | None:
    """The company's layout with all its required columns here; of several the one that knows most, then the newest."""
    fitting = [known for v in newest_versions(entity=entity) if not (known := Known(of_version(v), v)).profile.lacks(header)]
    return max(fitting, key=lambda known: len(known.profile.positions(header)), default=None)


def encodings(*, entity: LegalEntity) -> list[str]:
    """Encodings, other than those a file tells itself, that layouts of this company are written in."""
    return sorted({version.encoding for version in newest_versions(entity=entity)} - {"", "utf-8"})


def save_profile(
    *,
    entity: LegalEntity,
    title: str,
    definition: dict[str, Any],
    header: Sequence[str],
    encoding: str,
    actor: User | None,
    at: datetime,
    profile: ImportProfile | None = None,
) -> ImportProfileVersion:
    """Makes a layout, or a new version of ``profile``; saying the same again makes none.

    Imports keep the version they were read with. Raises UserError with the place in the definition, changing nothing.
    """
    title = " ".join(title.split())
    if not title or len(title) > 100:
        raise UserError("title_missing", "Give the layout a name of at most 100 characters. Nothing was saved.", "title")
    if found := definitions.problems(definition):
        raise UserError("layout_wrong", f"{found[0].message} Nothing was saved.", found[0].where)
    lacking = definitions.profile_of(name="", title=title, definition=definition).lacks(header)
    if lacking:
        raise UserError("layout_wrong", f"The file lacks {', '.join(lacking)[:200]}. Nothing was saved.", "columns")
    try:
        with transaction.atomic():
            if profile is None:
                # One after the other: a form sent twice at once is one layout.
                LegalEntity.objects.select_for_update().get(pk=entity.pk)
                said = (definition, list(header), encoding)
                for sent in newest_versions(entity=entity).filter(profile__title=title):
                    if (sent.definition, sent.header, sent.encoding) == said:
                        return sent
                profile = ImportProfile.objects.create(entity=entity, name=_free_name(entity, title), title=title)
            else:
                profile = ImportProfile.objects.select_for_update().get(pk=profile.pk, entity=entity)
            last = profile.versions.order_by("-number").first()
            same = last and (last.definition, last.encoding, profile.title) == (definition, encoding, title)
            if last and same and profile.retired_at is None:
                return last
            profile.title, profile.retired_at = title, None
            profile.save(update_fields=["title", "retired_at"])
            version = ImportProfileVersion.objects.create(
                profile=profile,
                number=(profile.versions.aggregate(last=Max("number"))["last"] or 0) + 1,
                definition=definition,
                header=list(header),
                encoding=encoding,
                created_by=actor,
                created_at=at,
            )
            events.record(
                action="importprofile.saved",
                subject=profile,
                summary=f"Layout “{title}” saved, version {version.number}",
                actor=actor,
                at=at,
                entity=entity,
                changes={"version": version.number, "was": last.definition if last else None, "definition": definition},
            )
    except IntegrityError as error:
        raise UserError(
            "layout_taken", "Somebody saved a layout of this name at the same moment. Nothing was saved.", "title"
        ) from error
    return version


def _free_name(entity: LegalEntity, title: str) -> str:
    """A name for commands and sources: the title in small letters, with a number where it is taken."""
    plain = slugify(title).replace("-", "_")[:50] or "layout"
    taken = {*PROFILES, *ImportProfile.objects.filter(entity=entity).values_list("name", flat=True)}
    name, count = plain, 1
    while name in taken:
        count += 1
        name = f"{plain}_{count}"
    return name


def retire_profile(*, profile: ImportProfile, retired: bool, actor: User | None, at: datetime) -> ImportProfile:
    """Retires a layout, so that it is neither recognized nor offered, or brings it back. What it imported stays."""
    with transaction.atomic():
        profile = ImportProfile.objects.select_for_update().select_related("entity").get(pk=profile.pk)
        if (profile.retired_at is not None) == retired:
            return profile
        profile.retired_at = at if retired else None
        profile.save(update_fields=["retired_at"])
        events.record(
            action="importprofile.retired" if retired else "importprofile.restored",
            subject=profile,
            summary=f"Layout “{profile.title}” {'retired' if retired else 'brought back'}",
            actor=actor,
            at=at,
            entity=profile.entity,
        )
    return profile
