"""What two people have to agree to: the second one's word, whatever the first one decided."""

from django.db import models

from chargebill.core.frozen import Frozen, Refused
from chargebill.core.models import User


class Confirmation(models.Model):
    """What the second person said about something above the limit. Never changes.

    A model of its own for each kind of decision, its key: that has ``needs_second`` and ``decided_by``.
    """

    accepted = models.BooleanField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return "confirmed" if self.accepted else "refused"


def by_somebody_else(table: str, column: str) -> Refused:
    """The rule of such a model: ``column`` is its key, a row of ``table`` that needs a second person, who is another one."""
    return Refused(
        "INSERT",
        f"NOT EXISTS (SELECT 1 FROM {table} d WHERE d.id = NEW.{column} AND d.needs_second"
        " AND COALESCE(d.decided_by_id, 0) <> NEW.by_id)",
        "a second person confirms what needs one",
    )
