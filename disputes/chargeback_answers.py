"""Reads what an answer to a chargeback is made of: the case's frozen evidence, the documents, the company's own words."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from billing.checks.words import money, plain
from billing.document_models import Document, DocumentKind, DocumentLine
from billing.payment_models import PaymentAllocation
from disputes import evidence_contents
from disputes.answer_models import ChargebackAnswer, ChargebackSubmission
from disputes.chargeback_models import Chargeback
from disputes.chargebacks import OWED
from disputes.chargebacks.answers import Asked, Charged, Facts, Message, OtherCharge
from disputes.chargebacks.fields import Field, Reason
from disputes.desk import settings_of
from disputes.evidence_models import EvidenceItem, EvidenceManifest
from disputes.models import CaseMessage

Kind = EvidenceItem.Kind
# Another charge within so many days of this one may be what a cardholder means by charged twice.
NEAR = timedelta(days=7)
TOKEN_END = 4


def policy_of(chargeback: Chargeback) -> str:
    """The company's refund policy in the driver's language, else in the other one; "" where none is set."""
    settings = settings_of(chargeback.entity)
    english, german = settings.refund_policy_en.strip(), settings.refund_policy_de.strip()
    return (german or english) if chargeback.case.language == "de" else (english or german)


def facts_of_answer(
    *,
    chargeback: Chargeback,
    manifest: EvidenceManifest,
    reason: Reason,
    typed: Mapping[Field, str],
    paper: Callable[[Document], bytes],
) -> Facts:
    """Everything the answer is put together from; of the case only what this version of the evidence has.

    ``paper`` gives the PDF of a document.
    """
    items = list(manifest.case.evidence.order_by("seq")[: manifest.items])
    of_document = set(chargeback.document.lines.values_list("session_id", flat=True))
    newest = {item.session_id: item for item in items if item.kind == Kind.RECORD}
    records = [item for session_id, item in newest.items() if session_id in of_document] or list(newest.values())
    said = [message for item in items if item.kind == Kind.MESSAGES for message in json.loads(bytes(item.content))]
    (*_, dossier) = (item for item in items if item.kind == Kind.DOSSIER)
    sessions = tuple(_charged(json.loads(bytes(item.content))["snapshot"]) for item in records)
    return Facts(
        reason=reason,
        document=chargeback.document.number,
        amount=money(chargeback.document.gross_amount, chargeback.currency),
        sessions=sessions,
        messages=tuple(_message(one) for one in said),
        dossier=bytes(dossier.content),
        receipt=paper(chargeback.document),
        policy=policy_of(chargeback),
        typed=typed,
        other=_other_charge(chargeback, sessions, paper) if reason is Reason.DUPLICATE else None,
    )


def _charged(snapshot: Mapping[str, Any]) -> Charged:
    record = snapshot["record"]
    return Charged(
        number=record["number"],
        place=record["place"],
        connector=record["connector"],
        start=datetime.fromisoformat(snapshot["start"]),
        end=datetime.fromisoformat(snapshot["end"]),
        time_zone=snapshot["time_zone"],
        energy_kwh=plain(Decimal(snapshot["energy_kwh"])),
        token_end=snapshot["token"][-TOKEN_END:],
        asked=tuple(Asked(datetime.fromisoformat(one["at"]), one["result"], one["method"]) for one in record["authorizations"]),
    )


def _message(said: Mapping[str, Any]) -> Message:
    return Message(said["kind"] == CaseMessage.Kind.FROM_DRIVER, datetime.fromisoformat(said["at"]), said["text"])


def _other_charge(chargeback: Chargeback, sessions: Iterable[Charged], paper: Callable[[Document], bytes]) -> OtherCharge | None:
    """The nearest other charge of as much by the same customer or card, for other sessions."""
    document = chargeback.document
    mine = list(document.lines.select_related("session"))
    starts = [one.start for one in sessions]
    cards = {line.session.card_last4 for line in mine if line.session.card_last4}
    same = Q(lines__session__card_last4__in=cards)
    if document.customer_id:
        # Four digits are many people's: where both are known, it has to be the same customer.
        same = Q(customer=document.customer_id) | (same & Q(customer__isnull=True))
    others = Document.objects.filter(
        same, entity=document.entity, currency=document.currency, gross_amount=document.gross_amount, corrects__isnull=True,
        lines__session__started_at__gte=min(starts) - NEAR, lines__session__started_at__lte=max(starts) + NEAR,
    )  # fmt: skip
    others = others.exclude(kind=DocumentKind.CREDIT_NOTE).exclude(pk=document.pk)
    others = others.exclude(lines__session__in=[line.session_id for line in mine])
    rows = DocumentLine.objects.filter(document__in=others).select_related(
        "document", "session__location", "session__connector__evse"
    )
    lines = sorted(rows, key=lambda line: (min(abs(line.session.started_at - start) for start in starts), line.pk))
    if not lines:
        return None
    other = lines[0].document
    paid = PaymentAllocation.objects.filter(document=other, reverses__isnull=True, reversed_by__isnull=True).select_related(
        "payment"
    )
    payment = paid.order_by("pk").first()
    reference = (payment.payment.gateway_reference or payment.payment.reference) if payment else ""
    return OtherCharge(
        reference=reference or other.number,
        document=other.number,
        sessions=tuple(_charged_now(line) for line in lines if line.document_id == other.pk),
        paper=paper(other),
    )


def _charged_now(line: DocumentLine) -> Charged:
    session = line.session
    return Charged(
        number=session.external_id,
        place=session.location.name,
        connector=str(session.connector),
        start=session.started_at,
        end=session.ended_at,
        time_zone=line.time_zone,
        energy_kwh=plain(session.energy_kwh),
    )


def answers_for_second() -> QuerySet[Chargeback]:
    """Chargebacks an answer is owed to whose newest draft nobody has submitted."""
    newest = ChargebackAnswer.objects.filter(chargeback=OuterRef("pk")).order_by("-version").values("pk")[:1]
    owed = Chargeback.objects.filter(status__in=OWED, is_answered=False).alias(newest=Subquery(newest))
    submitted = ChargebackSubmission.objects.filter(answer=OuterRef("newest"))
    return owed.filter(~Exists(submitted), newest__isnull=False)


def has_moved_on(answer: ChargebackAnswer) -> bool:
    """Whether the thread, the files, the evidence or the refund policy are not what a draft was made from. Records of the
    session are compared when it is submitted: that takes longer."""
    case = answer.chargeback.case
    newest = case.manifests.order_by("-version").values_list("pk", flat=True).first()
    if newest != answer.manifest_id or policy_of(answer.chargeback) != answer.policy:
        return True
    if len(evidence_contents.messages_of(case)) != evidence_contents.said_before(case):
        return True
    there = set(case.evidence.filter(kind=Kind.FILE).values_list("path", flat=True))
    return any(f"files/{file.number}.json" not in there for file in evidence_contents.files_of(case))
