"""Templates of replies. Writes: disputes/operations/reply_templates.py."""

from django.db import models

from chargebill.core.models import LegalEntity
from disputes.replies import LONGEST_BODY, LONGEST_NAME


class ReplyTemplate(models.Model):
    """Words a company's staff keep for an answer they give often, in one language. Changes at will: what was said with it stays.

    ``body`` may have placeholders in braces (disputes/replies.py).
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="reply_templates")
    name = models.CharField(max_length=LONGEST_NAME)
    language = models.CharField(max_length=5, choices=[("en", "English"), ("de", "Deutsch")])
    body = models.TextField("text", max_length=LONGEST_BODY)

    class Meta:
        ordering = ["language", "name"]
        constraints = [models.UniqueConstraint(fields=["entity", "language", "name"], name="reply_template_name_once")]

    def __str__(self) -> str:
        return self.name
