"""Outside requests: a regulator or a consumer body asks a company about cases. A record beside them.

Writes are disputes/operations/outside.py, outside_links.py and outside_answers.py.
"""

from typing import Any

from django.db import models
from django.db.models import Q

from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import LegalEntity, User
from disputes.evidence_models import EvidenceManifest

_IS_OPEN = "EXISTS (SELECT 1 FROM disputes_outsiderequest r WHERE r.id = NEW.request_id AND r.state = 'OPEN')"

LANGUAGES = [("en", "English"), ("de", "Deutsch")]


class OutsideRequest(models.Model):
    """What somebody outside asked in writing, and what became of it. Changes while it is open, and never after.

    ``due_on`` is the last day for an answer, by the company's own clock; ``language`` is that of the covers of its packs.
    While it is open the cases linked to it are not closed. Answered it keeps ``answer``, the day and the way it was sent, and
    the ``pack`` that went with it, if one did; closed without an answer it keeps the ``reason``.
    """

    class Body(models.TextChoices):
        REGULATOR = "REGULATOR", "Regulator"
        CONSUMER = "CONSUMER", "Consumer body"
        MEDIATION = "MEDIATION", "Mediation body"
        COURT = "COURT", "Court"
        OTHER = "OTHER", "Somebody else"

    class State(models.TextChoices):
        OPEN = "OPEN", "Open"
        ANSWERED = "ANSWERED", "Answered"
        CLOSED = "CLOSED", "Closed without an answer"

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="outside_requests")
    body = models.CharField("who asks", max_length=120)
    body_kind = models.CharField("kind of body", max_length=9, choices=Body)
    reference = models.CharField("their reference", max_length=80)
    contact = models.TextField("whom to answer", max_length=500, blank=True)
    received_on = models.DateField()
    due_on = models.DateField("answer by")
    asks = models.TextField("what they ask", max_length=10_000)
    assignee = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="outside_requests")
    language = models.CharField("language of the answer", max_length=5, choices=LANGUAGES, default="en")
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    answer = models.TextField(max_length=10_000, blank=True)
    answered_on = models.DateField(null=True)
    sent_how = models.CharField(max_length=200, blank=True)
    pack = models.ForeignKey("disputes.OutsidePack", null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField("why it was closed without an answer", max_length=500, blank=True)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True)

    frozen = [Frozen(fields=("entity", "made_by", "made_at")), Frozen(once="OLD.state <> 'OPEN'", stays=False)]

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "body", "reference"], name="outside_reference_once"),
            models.CheckConstraint(
                condition=Q(state="OPEN", ended_at__isnull=True, answered_on__isnull=True, answer="", sent_how="", reason="")
                | (
                    Q(state="ANSWERED", ended_at__isnull=False, answered_on__isnull=False, reason="")
                    & ~Q(answer="")
                    & ~Q(sent_how="")
                )
                | (Q(state="CLOSED", ended_at__isnull=False, answered_on__isnull=True, answer="", sent_how="") & ~Q(reason="")),
                name="outside_request_ends_with_words",
            ),
            models.CheckConstraint(condition=Q(state="ANSWERED") | Q(pack__isnull=True), name="outside_pack_of_answer"),
        ]
        indexes = [models.Index(fields=["due_on"], condition=Q(state="OPEN"), name="outside_request_open")]

    def __str__(self) -> str:
        return f"{self.body} {self.reference}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def body_words(self) -> Any:
        """What kind of body it is, inside a sentence."""
        return "" if self.body_kind == self.Body.OTHER else self.get_body_kind_display().lower()


class OutsideLink(models.Model):
    """A case an outside request is about. Only ``removed_at`` and ``removed_by`` are added, while the request is open.

    ``manifest`` is the signed evidence of the case at the moment it was linked.
    """

    request = models.ForeignKey(OutsideRequest, on_delete=models.PROTECT, related_name="links")
    case = models.ForeignKey("disputes.Case", on_delete=models.PROTECT, related_name="outside_links")
    manifest = models.ForeignKey(EvidenceManifest, on_delete=models.PROTECT, related_name="+")
    added_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    removed_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True)

    frozen = [
        Frozen(but=("removed_by", "removed_at")),
        Frozen(fields=("removed_by", "removed_at"), once="OLD.removed_at IS NOT NULL", stays=False),
    ]
    refused = [
        Refused("INSERT", f"NOT {_IS_OPEN}", "cases are linked to an outside request while it is open"),
        Refused("UPDATE", f"NOT {_IS_OPEN}", "cases of an outside request that has ended stay as they are"),
        Refused(
            "INSERT",
            "EXISTS (SELECT 1 FROM disputes_outsiderequest r, disputes_case c WHERE r.id = NEW.request_id AND c.id = NEW.case_id"
            " AND r.entity_id <> c.entity_id)",
            "an outside request is about cases of its own company",
        ),
    ]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["request", "case"], condition=Q(removed_at__isnull=True), name="outside_link_once"),
        ]

    def __str__(self) -> str:
        return f"{self.request_id}: {self.case_id}"


class OutsidePack(models.Model):
    """An answer pack that was made for a request. Never changes, and is the same bytes whenever it is put together.

    ``cover`` is what it says first, ``contents`` what it holds: {"case": key, "path", "version", "sha256"} of each case's
    bundle. ``size`` and ``sha256`` are of the whole ZIP.
    """

    request = models.ForeignKey(OutsideRequest, on_delete=models.PROTECT, related_name="packs")
    cover = models.TextField()
    contents = models.JSONField()
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()

    frozen = [Frozen()]
    refused = [Refused("INSERT", f"NOT {_IS_OPEN}", "packs are made while an outside request is open")]

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["request", "sha256"], name="outside_pack_once")]

    def __str__(self) -> str:
        return self.sha256
