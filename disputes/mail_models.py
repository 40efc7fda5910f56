"""Mail about a case. Writes: disputes/operations/case_mail.py."""

from django.db import models
from django.db.models import Q

from billing.mail_models import OutgoingMail
from chargebill.core.frozen import Frozen


class CaseMail(models.Model):
    """A mail to the driver about a case: a message of the thread or, without one, that we have the complaint.

    Only ``is_noted`` changes: once the mail was sent, the case's log has that the driver knows the number.
    """

    case = models.ForeignKey("disputes.Case", on_delete=models.PROTECT, related_name="mails")
    message = models.ForeignKey("disputes.CaseMessage", null=True, on_delete=models.PROTECT, related_name="mails")
    mail = models.OneToOneField(OutgoingMail, on_delete=models.PROTECT, related_name="case_mail")
    is_noted = models.BooleanField(default=False)

    frozen = [Frozen(but=("is_noted",))]

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["mail"], condition=Q(message__isnull=True, is_noted=False), name="case_mail_to_note"),
        ]

    def __str__(self) -> str:
        return str(self.mail)
