"""Ends outside requests: answered, or closed without an answer; makes the pack that goes with an answer."""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.db import transaction

from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.evidence_queries import bundle_of
from disputes.models import Case, CaseEvent
from disputes.offers import current_offer
from disputes.operations.evidence import collect_and_seal
from disputes.operations.outside import trimmed
from disputes.operations.outside_links import locked_open, tell_case
from disputes.outcome_models import Offer
from disputes.outside_cover import Asked, Stands, cover_of
from disputes.outside_models import OutsideLink, OutsidePack, OutsideRequest
from disputes.outside_queries import linked_to, packed_pack
from disputes.outside_words import Words, words_of
from disputes.workflow.states import State


def make_pack(*, request: OutsideRequest, actor: User | None, at: datetime) -> OutsidePack:
    """Freezes what is on record about each linked case now, and makes the pack of it. The same state is the same pack.

    Raises UserError, changing nothing: ended, no_cases, changed_since, or what keeps evidence from being signed.
    """
    with transaction.atomic():
        found, links = _held(request)
        if not links:
            raise UserError("no_cases", "Add the cases first: a pack holds their evidence. Nothing was changed.", "number")
        contents: list[dict[str, Any]] = []
        bundles: dict[str, bytes] = {}
        stand: list[Stands] = []
        words = words_of(found.language)
        for link in links:
            _, manifest = collect_and_seal(case=link.case, actor=actor, at=at)
            path = f"cases/{_safe(link.case.number)}.zip"
            bundles[path] = bundle_of(link.case, manifest.version)
            sha256 = hashlib.sha256(bundles[path]).hexdigest()
            contents.append({"case": link.case.pk, "path": path, "version": manifest.version, "sha256": sha256})
            stand.append(_stands(link.case, path, manifest.version, sha256, words))
        cover = cover_of(_asked(found, words), stand, found.language)
        content = packed_pack(cover, bundles)
        sha256 = hashlib.sha256(content).hexdigest()
        if there := found.packs.filter(sha256=sha256).first():
            return there
        made = OutsidePack.objects.create(
            request=found, cover=cover, contents=contents, size=len(content), sha256=sha256, made_by=actor, made_at=at
        )
        _record(found, "outside.pack", f"{found}: answer pack of {_counted(links)} made", actor, at, {"sha256": sha256})
    return made


def note_download(*, pack: OutsidePack, actor: User | None, at: datetime) -> None:
    """Keeps that somebody took a pack along: it holds everything about drivers and their charges."""
    _record(pack.request, "outside.download", f"{pack.request}: answer pack taken along", actor, at, {"sha256": pack.sha256})


def answer_request(
    *, request: OutsideRequest, text: str, on: date, sent_how: str, pack: OutsidePack | None, actor: User | None, at: datetime
) -> OutsideRequest:
    """Keeps the answer that was sent, with the pack that went with it, if one did. Its cases go on by themselves.

    Raises UserError, changing nothing: ended, changed_since, answer, answered_on, sent_how, pack (of another request).
    """
    text, sent_how = trimmed(text), " ".join(sent_how.replace("\x00", "").split())
    if not text or len(text) > 10_000:
        raise UserError("answer", "Write what was answered, in at most 10,000 characters. Nothing was changed.", "answer")
    if not sent_how or len(sent_how) > 200:
        raise UserError("sent_how", "Say how it was sent, in at most 200 characters. Nothing was changed.", "sent_how")
    if pack is not None and pack.request_id != request.pk:
        raise UserError("pack", "That pack is of another request. Nothing was changed.", "pack")

    def fill(found: OutsideRequest) -> None:
        # Only now nobody else changes the day it came.
        if not found.received_on <= on <= found.entity.day_of(at):
            raise UserError("answered_on", "Enter the day it was sent, since it came. Nothing was changed.", "answered_on")
        found.state, found.answer, found.answered_on = OutsideRequest.State.ANSWERED, text, on
        found.sent_how, found.pack = sent_how, pack

    changes = {"answered_on": on.isoformat(), "sent_how": sent_how, "sha256": pack.sha256 if pack else None}
    return _end(request, fill, "answered", actor, at, changes)


def close_request(*, request: OutsideRequest, reason: str, actor: User | None, at: datetime) -> OutsideRequest:
    """Closes a request nobody has to answer any more. Its cases go on by themselves.

    Raises UserError, changing nothing: ended, changed_since, reason.
    """
    reason = " ".join(reason.replace("\x00", "").split())
    if not reason or len(reason) > 500:
        raise UserError("reason", "Say why it is not answered, in at most 500 characters. Nothing was changed.", "reason")

    def fill(found: OutsideRequest) -> None:
        found.state, found.reason = OutsideRequest.State.CLOSED, reason

    return _end(request, fill, "closed", actor, at, {"reason": reason})


def _end(
    request: OutsideRequest, fill: Callable[[OutsideRequest], None], did: str, actor: User | None, at: datetime,
    changes: dict[str, Any],
) -> OutsideRequest:  # fmt: skip
    """The one way from open to an end."""
    with transaction.atomic():
        found, links = _held(request)
        fill(found)
        for link in links:
            tell_case(link.case, found, did, actor, at)
        found.ended_by, found.ended_at = actor, at
        found.save()
        _record(found, f"outside.{did}", f"{found}: {found.get_state_display().lower()}", actor, at, changes)
    return found


def _held(request: OutsideRequest) -> tuple[OutsideRequest, list[OutsideLink]]:
    """The open request with its cases, all locked: cases first, as everywhere."""
    wanted = {link.case_id for link in linked_to(request)}
    bulk.lock_alone(Case, *wanted)
    found = locked_open(request)
    links = linked_to(found)
    if {link.case_id for link in links} != wanted:
        raise UserError("changed_since", "Somebody added or removed a case just now. Nothing was changed: look at it again.")
    return found, links


def _record(
    request: OutsideRequest, action: str, summary: str, actor: User | None, at: datetime, changes: dict[str, Any]
) -> None:
    events.record(action=action, subject=request, summary=summary, actor=actor, at=at, entity=request.entity, changes=changes)


def _asked(request: OutsideRequest, words: Words) -> Asked:
    return Asked(
        body=request.body, kind=words.bodies.get(request.body_kind, ""), reference=request.reference,
        company=request.entity.legal_name or request.entity.name, received_on=request.received_on, due_on=request.due_on,
        asks=request.asks,
    )  # fmt: skip


def _stands(case: Case, path: str, version: int, sha256: str, words: Words) -> Stands:
    claimed = case.claimed_amount
    moved = case.events.filter(kind=CaseEvent.Kind.MOVED).order_by("seq").last()
    sessions = case.items.order_by("pk").values_list("session__external_id", flat=True)
    return Stands(
        number=case.number,
        path=path,
        version=version,
        sha256=sha256,
        state=State(case.state),
        since=case.entity.day_of(moved.at if moved else case.opened_at),
        merged_into=case.merged_into.number if case.merged_into else "",
        opened_on=case.entity.day_of(case.opened_at),
        cause=words.causes[case.cause],
        contested=words.money(case.contested_amount, case.currency),
        claimed=words.not_said if claimed is None else words.money(claimed, case.currency),
        sessions=list(dict.fromkeys(sessions)),
        answer=_answer(case, current_offer(case), words),
    )


def _answer(case: Case, offer: Offer | None, words: Words) -> str:
    """What the company last answered about money."""
    if offer is None:
        return words.no_answer
    day = words.day(case.entity.day_of(offer.decided_at))
    if offer.is_decision:
        return words.bill_stays.format(day=day)
    way = words.corrected if offer.way == Offer.Way.CORRECTION else words.goodwill
    said = words.conceded if offer.kind == Offer.Kind.CONCESSION else words.offered
    return words.answered.format(money=words.money(offer.amount, case.currency), said=said, way=way, day=day)


def _counted(links: list[OutsideLink]) -> str:
    return "1 case" if len(links) == 1 else f"{len(links)} cases"


def _safe(number: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "-_." else "-" for sign in number)
