"""Answers acquirers: a draft is staged as a whole and frozen, and somebody else submits it. Each claim is answered once."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from billing.checks.words import money
from billing.operations.papers import paper_of
from billing.papers.press import MOST_LINES_TAGGED, CannotPrint, pressed
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes import chargebacks
from disputes.answer_models import ChargebackAnswer, ChargebackSubmission
from disputes.chargeback_answers import facts_of_answer, has_moved_on, policy_of
from disputes.chargeback_models import Chargeback, ChargebackEvent
from disputes.chargebacks import OWED, WORDS, Status
from disputes.chargebacks.answers import Given, TooLong, answer_of
from disputes.chargebacks.fields import REASON_WORDS, TYPED, Field, Reason
from disputes.chargebacks.packing import Paper, index_of, packed_answer, paths_of
from disputes.evidence_models import EvidenceManifest
from disputes.operations.chargebacks import audit, keep, lock_chargeback, move_chargeback
from disputes.operations.events import store_due
from disputes.operations.evidence import collect, collect_and_seal

TEMPLATE = Path(chargebacks.__file__).parent / "template" / "paper.typ"
Event, Way = ChargebackEvent.Kind, ChargebackSubmission.Way
MOST_NOTE = 300


def stage_answer(
    *, chargeback: Chargeback, reason: Reason, typed: Mapping[Field, str], actor: User, at: datetime
) -> ChargebackAnswer:
    """Makes the ZIP from everything on record now, signed as a version of the evidence, and keeps it as a draft.

    ``typed``: what a person writes, by field of TYPED. Raises UserError, changing nothing: not_owed, typed_too_long,
    paper_refused, what paper_of and collect_and_seal raise.
    """
    words = {name: typed.get(name, "").replace("\x00", "").replace("\r\n", "\n").strip() for name in TYPED}
    with transaction.atomic():
        found = lock_chargeback(chargeback)
        _check_owed(found)
        try:
            _, manifest = collect_and_seal(case=found.case, actor=actor, at=at)
            facts = facts_of_answer(
                chargeback=found,
                manifest=manifest,
                reason=reason,
                typed=words,
                paper=lambda document: paper_of(document=document, at=at),
            )
            content, index = _packed(found, answer_of(facts), manifest, reason, at)
        except TooLong as problem:
            raise UserError("typed_too_long", str(problem), problem.field.value) from problem
        except CannotPrint as problem:
            raise UserError("paper_refused", f"A paper can't be made into a PDF: {problem} Nothing was changed.") from problem
        made = ChargebackAnswer.objects.create(
            chargeback=found, version=found.answers.count() + 1, reason=reason, typed={name.value: words[name] for name in TYPED},
            policy=policy_of(found), manifest=manifest, index=index, content=content,
            sha256=hashlib.sha256(content).hexdigest(), made_by=actor, made_at=at,
        )  # fmt: skip
        said = f"Draft {made.version}, evidence version {manifest.version}, SHA-256 {made.sha256}"
        keep(found, Event.STAGED, actor, at, text=said)
        audit(found, "chargeback.stage", f"{found}: draft {made.version} of the answer staged", actor, at, said)
    return made


def submit_answer(*, answer: ChargebackAnswer, way: str, note: str, actor: User, at: datetime) -> ChargebackSubmission:
    """A second person's word: this draft is the answer. A claim is under review then; of an inquiry nothing more is owed.

    From then on neither the draft nor its ZIP changes. Raises UserError, changing nothing: submitted (it was, by whom),
    not_owed, not_newest, own_draft, out_of_date (something it was made from changed since), way, note.
    """
    note = note.replace("\x00", "").strip()
    if way not in Way.values:
        raise UserError("way", "Say how it goes to the acquirer. Nothing was changed.", "way")
    if len(note) > MOST_NOTE:
        raise UserError("note", f"Write at most {MOST_NOTE} characters. Nothing was changed.", "note")
    with transaction.atomic():
        found = lock_chargeback(answer.chargeback)
        before = (
            ChargebackSubmission.objects.filter(answer__chargeback=found).select_related("submitted_by").order_by("pk").last()
        )
        if before is not None and (before.answer_id == answer.pk or found.status not in OWED or found.is_answered):
            raise UserError("submitted", f"{before.submitted_by} submitted the answer before. Nothing was changed.")
        _check_owed(found)
        if found.answers.filter(version__gt=answer.version).exists():
            raise UserError("not_newest", "There is a newer draft: look at that one. Nothing was changed.")
        if answer.made_by_id == actor.pk:
            raise UserError("own_draft", "You staged this draft: somebody else submits it. Nothing was changed.")
        if has_moved_on(answer) or collect(case=found.case, actor=actor, at=at):
            raise UserError(
                "out_of_date",
                "What the draft was made from has changed since: stage it again, then it can be submitted. Nothing was changed.",
            )
        answered = Status(found.status)
        made = ChargebackSubmission.objects.create(
            chargeback=found, answered=answered, answer=answer, way=way, sent_note=note, submitted_by=actor, submitted_at=at
        )
        said = f"Draft {answer.version}, {made.get_way_display().lower()}{f': {note}' if note else ''}. SHA-256 {answer.sha256}"
        keep(found, Event.ANSWERED, actor, at, text=said)
        audit(found, "chargeback.submit", f"{found}: draft {answer.version} of the answer submitted", actor, at, said)
        if answered is Status.NEEDS_RESPONSE:
            day = found.entity.day_of(at)
            move_chargeback(chargeback=found, target=Status.UNDER_REVIEW, text="", on=day, actor=actor, at=at)
        else:
            found.is_answered = True
            found.save(update_fields=["is_answered"])
            store_due(found.case)
    return made


def _check_owed(found: Chargeback) -> None:
    if found.status not in OWED or found.is_answered:
        said = "answered already" if found.is_answered else f"“{WORDS[Status(found.status)]}” by now"
        raise UserError("not_owed", f"{found} is {said}: no answer is owed. Nothing was changed.")


def _packed(
    found: Chargeback, answer: list[Given], manifest: EvidenceManifest, reason: Reason, at: datetime
) -> tuple[bytes, dict[str, Any]]:
    """The ZIP and its index. Raises CannotPrint."""
    company = found.entity.legal_name or found.entity.name
    papers = []
    for one, path in paths_of(answer):
        content = one.content or _pressed(company, found, one.title, at, paragraphs=one.text.split("\n"))
        papers.append(Paper(one, path, content))
    facts = [
        ["To", found.acquirer],
        ["Your reference", found.reference],
        ["Reason", f"{found.reason_code}: {REASON_WORDS[reason]}"],
        ["Amount", money(found.amount, found.currency)],
        ["Our document", found.document.number],
        ["Our case", found.case.number],
        ["Evidence", f"version {manifest.version}, SHA-256 {manifest.sha256}"],
    ]
    facts += [[one.title, one.text] for one in answer if one.is_short and not one.missing]
    listed = [[paper.path, paper.given.title, paper.sha256] for paper in papers]
    left_out = [f"{one.title}: {one.note}" for one in answer if one.note and not one.missing]
    cover = _pressed(company, found, "Answer to a chargeback", at, facts=facts, papers=listed, left_out=left_out)
    about = {
        "chargeback": {
            "acquirer": found.acquirer, "reference": found.reference, "reason_code": found.reason_code, "reason": reason.value,
            "amount": found.amount, "currency": found.currency, "document": found.document.number,
        },
        "company": company,
        "case": found.case.number,
        "evidence": {"version": manifest.version, "sha256": manifest.sha256, "key": manifest.key.fingerprint},
        "made_at": at,
    }  # fmt: skip
    index = index_of(answer, papers, cover, about)
    return packed_answer(papers, cover, index), index


def _pressed(company: str, found: Chargeback, title: str, at: datetime, **more: Any) -> bytes:
    content = {
        "company": company,
        "title": title,
        "reference": f"{found.acquirer} {found.reference}",
        "day": found.entity.day_of(at).isoformat(),
        "facts": [],
        "papers": [],
        "left_out": [],
        "paragraphs": [],
        **more,
    }
    return pressed(TEMPLATE, content, at=at, tagged=len(content["paragraphs"]) <= MOST_LINES_TAGGED)
