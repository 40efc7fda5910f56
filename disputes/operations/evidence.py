"""Writes evidence: collects what is on record, seals it with the company's key. Both happen once for the same facts."""

import hashlib
from datetime import datetime
from pathlib import Path

from django.db import transaction

from billing.papers.press import pressed
from billing.signing import current_key, make_key, sign
from chargebill.core import bulk, events
from chargebill.core.models import User
from disputes import evidence, evidence_contents
from disputes.evidence_contents import Piece
from disputes.evidence_models import EvidenceItem, EvidenceManifest
from disputes.evidence_queries import about_in, files_of, signed_of
from disputes.models import Case
from stations.queries import source_lines

TEMPLATE = Path(evidence.__file__).parent / "template" / "dossier.typ"
Kind = EvidenceItem.Kind


def collect(*, case: Case, actor: User | None, at: datetime) -> list[EvidenceItem]:
    """Adds what is on record now and not yet on file: changed records of sessions, new messages and files, a dossier of all.

    The same facts add nothing. Raises CannotPrint.
    """
    with transaction.atomic():
        bulk.lock_alone(Case, case.pk)
        there = list(case.evidence.defer("content").order_by("seq"))
        pieces = [] if there else evidence_contents.once(case)
        looked = evidence_contents.looked_into(case)
        records = {item.session_id: item.sha256 for item in there if item.kind == Kind.RECORD}
        changed = [session for session, one in looked if records.get(session.pk) != one.sha256]
        lines = source_lines(changed)
        for number, (session, one) in enumerate(looked, 1):
            if session in changed:
                pieces += evidence_contents.of_session(session, one, lines.get(session.pk), f"sessions/{number}")
        if messages := evidence_contents.messages_of(case)[evidence_contents.said_before(case) :]:
            pieces.append(evidence_contents.of_messages(messages))
        pieces += evidence_contents.of_files(case, {item.path for item in there})
        if not pieces:
            return []
        pdf = pressed(TEMPLATE, evidence_contents.dossier_of(case, looked, at), at=at, tagged=True)
        pieces.append(Piece(Kind.DOSSIER, "dossier", "pdf", pdf))
        made = _keep(case, there, pieces, actor, at)
        events.record(
            action="case.evidence",
            subject=case,
            summary=f"{case.number}: {len(made)} pieces of evidence collected",
            actor=actor,
            at=at,
            entity=case.entity,
            changes={"paths": [item.path for item in made]},
        )
    return made


def collect_and_seal(*, case: Case, actor: User | None, at: datetime) -> tuple[int, EvidenceManifest]:
    """Both, or none of it: how many pieces came, and the signed version that has all of them. Raises as seal does."""
    with transaction.atomic():
        made = collect(case=case, actor=actor, at=at)
        return len(made), seal(case=case, actor=actor, at=at)


def _keep(case: Case, there: list[EvidenceItem], pieces: list[Piece], actor: User | None, at: datetime) -> list[EvidenceItem]:
    taken = {item.path for item in there}
    made = []
    for seq, piece in enumerate(pieces, len(there) + 1):
        path = _path(piece, taken)
        taken.add(path)
        made.append(
            EvidenceItem(
                case=case, seq=seq, kind=piece.kind, path=path, session=piece.session, content=piece.content,
                sha256=hashlib.sha256(piece.content).hexdigest(), made_at=at, made_by=actor,
            )
        )  # fmt: skip
    return EvidenceItem.objects.bulk_create(made)


def _path(piece: Piece, taken: set[str]) -> str:
    if piece.kind in (Kind.README, Kind.CASE, Kind.FILE):
        return f"{piece.stem}.{piece.suffix}"
    number = 1
    while (path := f"{piece.stem}-{number}.{piece.suffix}") in taken:
        number += 1
    return path


def seal(*, case: Case, actor: User | None, at: datetime) -> EvidenceManifest:
    """Signs the list of everything on file, as a new version where something came since. Collects first when there is nothing.

    Raises UserError signing_key_missing or signing_key_not_kept, CannotPrint.
    """
    with transaction.atomic():
        bulk.lock_alone(Case, case.pk)
        if not case.evidence.exists():
            collect(case=case, actor=actor, at=at)
        newest = case.manifests.select_related("key").order_by("version").last()
        items = list(case.evidence.order_by("seq"))
        if newest is not None and newest.items == len(items):
            return newest
        key = current_key(case.entity) or make_key(entity=case.entity, actor=actor, at=at)
        text = evidence.manifest_of(
            files_of(items),
            about=about_in(newest) if newest else evidence_contents.about(case),
            version=newest.version + 1 if newest else 1,
            previous=signed_of(newest) if newest else None,
            at=at,
        )
        manifest = EvidenceManifest.objects.create(
            case=case, version=newest.version + 1 if newest else 1, items=len(items), text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(), signature=sign(key, text), key=key, made_at=at, made_by=actor,
        )  # fmt: skip
        events.record(
            action="case.evidence.seal",
            subject=case,
            summary=f"{case.number}: evidence signed, version {manifest.version}",
            actor=actor,
            at=at,
            entity=case.entity,
            changes={"version": manifest.version, "sha256": manifest.sha256, "key": key.fingerprint},
        )
    return manifest
