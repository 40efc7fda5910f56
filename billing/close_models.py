"""What closing a month keeps besides the books: when they were checked, and what came of it."""

from django.db import models

from chargebill.core.frozen import Frozen
from chargebill.core.models import User


class BooksCheck(models.Model):
    """All books of this database as they were checked once. Never changes.

    ``checked_at`` is before the first row was read. ``counts`` are breaks by check, ``companies`` breaks by the key of
    the company, "" where a break is of none in particular.
    """

    checked_at = models.DateTimeField()
    entries = models.PositiveBigIntegerField()
    postings = models.PositiveBigIntegerField()
    counts = models.JSONField(default=dict)
    companies = models.JSONField(default=dict)
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")

    frozen = [Frozen()]

    class Meta:
        verbose_name = "check of the books"
        verbose_name_plural = "checks of the books"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.checked_at:%Y-%m-%d %H:%M}"

    def breaks_of(self, entity_id: int) -> int:
        """How much of what broke is this company's, or may be."""
        return int(self.companies.get(str(entity_id), 0)) + int(self.companies.get("", 0))
