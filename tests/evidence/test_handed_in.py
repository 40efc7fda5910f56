"""What was handed in is evidence: as it is kept, with who brought it and what it was when it came."""

import hashlib
import json
from datetime import timedelta
from random import Random
from typing import Any

from disputes.evidence import File, packed
from disputes.evidence.bundle import opened as entries_of
from disputes.evidence_queries import bundle_of, verified_here
from disputes.models import Case, CaseMessage
from disputes.operations.case_files import Upload, add_file, say_with_files
from disputes.operations.evidence import collect, collect_and_seal
from disputes.workflow.states import Role
from tests.disputes.hostile import exif, jpeg
from tests.disputes.hostile_pdf import pdf
from tests.evidence.conftest import OPENED

LATER = OPENED + timedelta(hours=1)
PHOTO = jpeg(Random(3), exif=exif())


def handed_in(case: Case, actor: Any) -> None:
    add_file(case=case, name="meter.jpg", content=PHOTO, role=Role.CUSTOMER, actor=None, at=OPENED)
    for kind, role in ((CaseMessage.Kind.FROM_DRIVER, Role.CUSTOMER), (CaseMessage.Kind.INTERNAL, Role.AGENT)):
        upload = Upload("bill.pdf", pdf() if role is Role.CUSTOMER else pdf(catalog=b"/Lang(en)"))
        say_with_files(case=case, kind=kind, body="Here.", uploads=[upload], role=role, actor=actor, at=LATER)


def test_every_file_but_those_of_internal_notes_is_collected_once(case: Case, agent: Any) -> None:
    handed_in(case, agent)
    made = collect(case=case, actor=agent, at=LATER)
    assert [item.path for item in made] == [
        "messages-1.json", "files/1.jpg", "files/1.json", "files/2.pdf", "files/2.json", "dossier-2.pdf",
    ]  # fmt: skip
    assert collect(case=case, actor=agent, at=LATER) == []

    said = json.loads(made[2].content)
    kept = case.files.get(number=1)
    assert said == {
        "name": "meter.jpg", "file": "1.jpg", "sha256": kept.sha256, "received_sha256": hashlib.sha256(PHOTO).hexdigest(),
        "handed_in_by": "the driver", "at": said["at"],
    }  # fmt: skip
    assert made[1].content == bytes(kept.content)
    assert json.loads(made[4].content)["handed_in_by"] == f"the driver, taken in by {agent}"


def test_a_file_alone_makes_a_new_dossier_and_a_new_version(case: Case, agent: Any) -> None:
    collect_and_seal(case=case, actor=agent, at=LATER)
    add_file(case=case, name="meter.jpg", content=PHOTO, role=Role.CUSTOMER, actor=None, at=LATER)
    made, manifest = collect_and_seal(case=case, actor=agent, at=LATER)
    assert (made, manifest.version) == (3, 2)
    assert verified_here(bundle_of(case)).problems == ()


def test_a_photo_changed_afterwards_is_refused_wherever_it_was_changed(case: Case, agent: Any) -> None:
    handed_in(case, agent)
    collect_and_seal(case=case, actor=agent, at=LATER)
    bundle = bundle_of(case)
    assert verified_here(bundle).problems == ()
    entries, random = dict(entries_of(bundle)), Random(11)
    for number in range(60):
        path = ("files/1.jpg", "files/1.json", "files/2.pdf")[number % 3]
        at = random.randrange(len(entries[path]))
        changed = bytearray(entries[path])
        changed[at] ^= 1 << random.randrange(8)
        found = verified_here(
            packed([File(name, bytes(changed) if name == path else held) for name, held in entries.items()], [])
        )
        assert any(path in problem for problem in found.problems), (path, at, found.problems)
    left_out = packed([File(name, held) for name, held in entries.items() if name != "files/1.jpg"], [])
    assert not verified_here(left_out).holds
