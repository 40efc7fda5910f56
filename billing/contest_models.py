"""What is contested of a document: a row beside the frozen line, as long as it is."""

from django.db import models
from django.db.models import Q

from billing.document_models import DocumentLine
from chargebill.core.frozen import Frozen


class ContestedLine(models.Model):
    """A line that somebody contests: until ``lifted_at`` nobody is reminded of it, and it is not collected.

    The document stays as it is, and so do its other lines. ``reference`` says where it is dealt with. Only its end changes,
    once.
    """

    line = models.ForeignKey(DocumentLine, on_delete=models.PROTECT, related_name="contested")
    reference = models.CharField(max_length=40)
    held_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)

    frozen = [Frozen(but=("lifted_at",)), Frozen(fields=("lifted_at",), once="OLD.lifted_at IS NOT NULL", stays=False)]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(lifted_at__isnull=True), name="contested_line_once_at_a_time"),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | Q(lifted_at__gte=models.F("held_at")), name="contested_line_in_order"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line_id}: {self.reference}"
