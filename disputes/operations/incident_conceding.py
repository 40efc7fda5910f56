"""Ends a case an incident gave all it claims: conceded in full (T23), with the incident's credit notes as what was done."""

import logging
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.checks.canonical import digest
from billing.credit_models import Correction
from billing.operations.second_person import is_above_limit
from chargebill.core.errors import UserError
from chargebill.core.models import User
from disputes.facts import Said
from disputes.incident_cover import Cover, cover_of
from disputes.incident_models import Incident
from disputes.models import Case
from disputes.offers import returns_of
from disputes.operations.execution import plan_done
from disputes.operations.moves import move
from disputes.operations.offers import check_not_held, content_of, record_answer
from disputes.operations.thread import sort_case
from disputes.outcome_models import Offer, OfferConfirmation, OfferPart
from disputes.workflow.states import Role, State

_log = logging.getLogger(__name__)


def concede_covered(*, incident: Incident, case: Case, letter: str, at: datetime) -> bool:
    """Concedes it where the incident gave all it claims; whether it did. Call with the case locked and the letter in its thread.

    The two who agreed to the incident agreed to this, too. What the table or a guard refuses is left to a person, whole.
    """
    cover = cover_of(incident, case)
    if cover is None or incident.decided_by is None:
        return False
    try:
        with transaction.atomic():
            _concede(incident, case, cover, letter, incident.decided_by, at)
    except UserError as error:
        _log.warning(
            "Case %s got all it claims by incident %s and is left to a person: %s", case.number, incident.pk, error.message
        )
        return False
    return True


def _concede(incident: Incident, case: Case, cover: Cover, letter: str, actor: User, at: datetime) -> None:
    if case.claimed_amount is None:
        case = sort_case(
            case=case, cause=case.cause, claimed_amount=cover.claimed, role=Role.SUPERVISOR, actor=actor, at=at
        )  # fmt: skip
    check_not_held(case, cover.claimed)
    offer = _offer(incident, case, cover, letter, actor, at)
    # The letter stands in the thread already: said with the move it would be mailed twice.
    said = Said(reason=offer.reason, offer=offer)
    offer.case = move(case=case, target=State.AGREED, role=Role.SUPERVISOR, actor=actor, at=at, said=said)
    record_answer(offer, actor, at)
    plan_done(offer, _did(incident, cover), at=at)


def _offer(incident: Incident, case: Case, cover: Cover, letter: str, actor: User, at: datetime) -> Offer:
    parts = [
        OfferPart(
            item=share.one.item, line=share.one.line, fixed_amount=share.amount, gross_amount=share.gross, left_amount=share.left
        )
        for share in cover.shares
    ]
    offer = Offer(
        case=case, version=case.offers.count() + 1, kind=Offer.Kind.CONCESSION, way=Offer.Way.CORRECTION,
        given_as=returns_of(case)[0], amount=cover.claimed, letter=letter,
        reason=f"Incident {incident.title}: {incident.reason}"[:300],
        needs_second=is_above_limit(case.entity, [cover.claimed]), role=Role.SUPERVISOR, decided_by=actor, decided_at=at,
    )  # fmt: skip
    offer.sha256 = digest(content_of(offer, parts))
    offer.save(force_insert=True)
    for part in parts:
        part.offer = offer
    OfferPart.objects.bulk_create(parts)
    if offer.needs_second:
        word = OfferConfirmation(offer=offer, accepted=True, by=incident.confirmation.by, at=at)
        word.save(force_insert=True)
    return offer


def _did(incident: Incident, cover: Cover) -> Mapping[Correction, dict[int, Decimal]]:
    """Its credit notes, and what each took off the lines the case is about."""
    taken = {one.line_id: one.amount for one in cover.taken}
    rows = incident.lines.filter(line__in=taken).select_related("outcome__credit_note__correction")
    found: dict[Correction, dict[int, Decimal]] = defaultdict(dict)
    for row in rows.order_by("document_id", "pk"):
        note = row.outcome.credit_note
        assert note is not None
        found[note.correction][row.line_id] = taken[row.line_id]
    return found
