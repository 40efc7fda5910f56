"""Links cases to outside requests: evidence frozen at that moment, nothing closed while it is open.

Locks are taken in one order: cases, then requests. This module knows nothing of moves, which hand links over.
"""

from datetime import datetime

from django.db import transaction

from chargebill.core import bulk, events
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.models import Case, CaseEvent
from disputes.operations.events import write
from disputes.operations.evidence import collect_and_seal
from disputes.outside_models import OutsideLink, OutsideRequest
from disputes.workflow.states import Role, State

# More than an answer pack can sensibly hold.
MOST_CASES = 50


def link_case(*, request: OutsideRequest, case: Case, actor: User | None, at: datetime) -> OutsideLink:
    """Says that an open request is about a case, and freezes its evidence: what is on record now, signed. Twice is once.

    Raises UserError, changing nothing: ended, other_company, merged, too_many, or what keeps evidence from being signed.
    """
    with transaction.atomic():
        bulk.lock_alone(Case, case.pk)
        return link(request=locked_open(request), case=case, actor=actor, at=at)


def unlink_case(*, request: OutsideRequest, case: Case, actor: User | None, at: datetime) -> None:
    """Takes back that an open request is about a case. What was frozen stays. Raises UserError ended, not_linked."""
    with transaction.atomic():
        bulk.lock_alone(Case, case.pk)
        found = locked_open(request)
        if not found.links.filter(case=case, removed_at__isnull=True).update(removed_at=at, removed_by=actor):
            raise UserError("not_linked", f"{case.number} is not linked to it any more. Nothing was changed.")
        tell_case(case, found, "removed", actor, at)
        events.record(
            action="outside.unlink", subject=found, summary=f"{found}: {case.number} removed", actor=actor, at=at,
            entity=found.entity, changes={"case": case.number},
        )  # fmt: skip


def hand_over(*, case: Case, into: Case, actor: User | None, at: datetime) -> None:
    """What asks about a case that is merged asks about the one it goes on in, too. Both are locked by the caller."""
    asking = OutsideRequest.objects.filter(
        state=OutsideRequest.State.OPEN, links__case=case, links__removed_at__isnull=True
    ).order_by("pk")
    for request in asking:
        # It may have ended since: then nothing has to be handed over.
        bulk.lock_alone(OutsideRequest, request.pk)
        request.refresh_from_db(fields=["state"])
        if request.is_open:
            link(request=request, case=into, actor=actor, at=at, is_merge=True)


def locked_open(request: OutsideRequest) -> OutsideRequest:
    """The request as it is now, held until the transaction ends. Raises UserError ended."""
    bulk.lock_alone(OutsideRequest, request.pk)
    found = OutsideRequest.objects.select_related("entity").get(pk=request.pk)
    if not found.is_open:
        said = f"{found} is {found.get_state_display().lower()}: it stays as it is. If they ask again, enter a new request."
        raise UserError("ended", f"{said} Nothing was changed.")
    return found


def link(*, request: OutsideRequest, case: Case, actor: User | None, at: datetime, is_merge: bool = False) -> OutsideLink:
    """The link itself; the case is locked by the caller, and so is the request, unless it is being made.

    A merge adds the case another one goes on in, however many there are.
    """
    case = Case.objects.select_related("entity", "merged_into").get(pk=case.pk)
    if case.entity_id != request.entity_id:
        raise UserError(
            "other_company",
            f"{case.number} is a case of {case.entity}, and this request is about {request.entity}. Nothing was changed.",
            "number",
        )
    there = request.links.filter(removed_at__isnull=True)
    if found := there.filter(case=case).first():
        return found
    if case.state == State.MERGED and case.merged_into:
        goes_on = f"{case.number} was merged into {case.merged_into.number}: add that one"
        raise UserError("merged", f"{goes_on}. Nothing was changed.", "number")
    if not is_merge and there.count() >= MOST_CASES:
        raise UserError(
            "too_many", f"A request holds {MOST_CASES} cases at most: enter another for the rest. Nothing was changed.", "number"
        )
    _, manifest = collect_and_seal(case=case, actor=actor, at=at)
    made = OutsideLink.objects.create(request=request, case=case, manifest=manifest, added_by=actor, added_at=at)
    tell_case(case, request, "linked", actor, at)
    events.record(
        action="outside.link", subject=request, actor=actor, at=at, entity=request.entity,
        summary=f"{request}: {case.number} added, evidence frozen as version {manifest.version}",
        changes={"case": case.number, "version": manifest.version, "sha256": manifest.sha256},
    )  # fmt: skip
    return made


def tell_case(case: Case, request: OutsideRequest, did: str, actor: User | None, at: datetime) -> None:
    """An event of the case, locked by the caller: "linked", "removed", "answered" or "closed". No clock goes by it."""
    write(
        case=case, kind=CaseEvent.Kind.OUTSIDE, role=Role.SUPERVISOR, actor=actor, at=at,
        data={"request": str(request), "did": did},
    )  # fmt: skip
