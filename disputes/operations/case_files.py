"""Takes in files of a case. They are looked at before anything is locked: drawing a photo anew takes a second."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Max, Sum

from chargebill.core import events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.file_models import CaseFile
from disputes.files import CleanFile, Refused, cleaned, sentence
from disputes.files.limits import MOST_AT_ONCE, MOST_BYTES_PER_CASE, MOST_PER_CASE, MOST_PER_MESSAGE
from disputes.files.names import shown_name
from disputes.files.words import NOT_SENT
from disputes.models import Case, CaseMessage
from disputes.operations.moves import lock_case
from disputes.operations.thread import add_message
from disputes.workflow.states import Role

# What is said where somebody only attaches.
ATTACHED = {"en": "See the attached file.", "de": "Siehe angehängte Datei."}


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as somebody sent it."""

    name: str
    content: bytes


class FileRefused(UserError):
    """A file is not taken; nothing of what was sent with it either. ``code`` is one of disputes/files/words.py."""

    def __init__(self, refused: Refused, name: str = "") -> None:
        self.refused, self.name = refused, shown_name(name)
        super().__init__(refused.code, f"{self._reason('en')} Nothing was changed.", "files")

    def _reason(self, language: str) -> str:
        return sentence(language, self.refused.code, self.name, self.refused.values)

    def for_driver(self, language: str) -> str:
        """The sentence a driver reads, "en" or "de"."""
        return f"{self._reason(language)} {NOT_SENT.get(language, NOT_SENT['en'])}"


def look_at(uploads: Sequence[Upload]) -> list[CleanFile]:
    """All of them as they would be kept. Raises FileRefused."""
    if len(uploads) > MOST_AT_ONCE:
        raise FileRefused(Refused("too_many_at_once"))
    found = []
    for upload in uploads:
        try:
            found.append(cleaned(upload.name, upload.content))
        except Refused as refused:
            raise FileRefused(refused, upload.name) from refused
    return found


def add_file(
    *, case: Case, name: str, content: bytes, role: Role, actor: User | None, at: datetime, message: CaseMessage | None = None
) -> CaseFile:
    """Keeps a file of a case; what is in the case already is not kept twice. Raises FileRefused, changing nothing."""
    (clean,) = look_at([Upload(name, content)])
    return add_clean_files(case=case, files=[clean], role=role, actor=actor, at=at, message=message)[0]


def add_clean_files(
    *,
    case: Case,
    files: Sequence[CleanFile],
    role: Role,
    actor: User | None,
    at: datetime,
    message: CaseMessage | None = None,
) -> list[CaseFile]:
    """Keeps files that were looked at before, all or none. Raises FileRefused: message_full, case_full."""
    with transaction.atomic():
        case = lock_case(case)
        return [_keep(case, one, role, actor, at, message) for one in files]


def say_with_files(
    *,
    case: Case,
    kind: CaseMessage.Kind,
    body: str,
    uploads: Sequence[Upload],
    role: Role,
    actor: User | None,
    at: datetime,
    language: str = "en",
) -> CaseMessage:
    """Adds what is said with the files that came with it, or neither. Whoever only attaches need not write.

    Raises UserError as add_message, and FileRefused, changing nothing.
    """
    files = look_at(uploads)
    text = body if body.strip() or not files else ATTACHED.get(language, ATTACHED["en"])
    with transaction.atomic():
        message = add_message(case=case, kind=kind, body=text, role=role, actor=actor, at=at)
        add_clean_files(case=case, files=files, role=role, actor=actor, at=at, message=message)
    return message


def _keep(case: Case, clean: CleanFile, role: Role, actor: User | None, at: datetime, message: CaseMessage | None) -> CaseFile:
    there = CaseFile.objects.filter(case=case)
    if same := there.defer("content").filter(received_sha256=clean.received_sha256).first():
        return same
    if message is not None and there.filter(message=message).count() >= MOST_PER_MESSAGE:
        raise FileRefused(Refused("message_full"), clean.name)
    so_far = there.aggregate(number=Max("number"), bytes=Sum("size"))
    number, together = (so_far["number"] or 0) + 1, (so_far["bytes"] or 0) + len(clean.content)
    if number > MOST_PER_CASE or together > MOST_BYTES_PER_CASE:
        raise FileRefused(Refused("case_full"), clean.name)
    kept = CaseFile.objects.create(
        case=case, number=number, message=message, name=clean.name, kind=clean.kind.value, content=clean.content,
        size=len(clean.content), sha256=hashlib.sha256(clean.content).hexdigest(), received_sha256=clean.received_sha256,
        width=clean.width, height=clean.height, role=role, added_by=actor, added_at=at,
    )  # fmt: skip
    events.record(
        action="case.file",
        subject=case,
        summary=f"{case.number}: file {kept.name} kept",
        actor=actor,
        at=at,
        entity=case.entity,
        changes={"file": number, "kind": kept.kind, "sha256": kept.sha256, "received_sha256": kept.received_sha256},
    )
    return kept
