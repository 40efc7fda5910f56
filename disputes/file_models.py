"""Files of a case: what drivers and staff attach. Rows are added and never changed. Writes: disputes/operations/case_files.py."""

from django.db import models

from chargebill.core.frozen import Frozen
from chargebill.core.models import User
from disputes.files.cleaning import CONTENT_TYPES, SUFFIXES
from disputes.files.kinds import IMAGES
from disputes.files.kinds import FileKind as Sniffed
from disputes.workflow.states import ROLE_WORDS, Role


class CaseFile(models.Model):
    """One file as it is kept: a picture drawn anew, text as UTF-8, a PDF as it came. Never changes.

    ``number`` counts within the case. It came with ``message``, or, None, with the complaint. ``received_sha256`` is of the
    file as it came, ``sha256`` of ``content``. The content is in the database, as all evidence is: it is in the same backup and
    the same transaction as what was said with it, and any number of web processes on any number of machines has it. ``role``
    and ``added_by`` say who handed it in; None with a customer's role is the driver.
    """

    class Kind(models.TextChoices):
        JPEG = "JPEG", "Photo"
        PNG = "PNG", "Picture"
        PDF = "PDF", "PDF"
        TEXT = "TEXT", "Text"

    case = models.ForeignKey("disputes.Case", on_delete=models.PROTECT, related_name="files", db_index=False)
    number = models.PositiveIntegerField()
    message = models.ForeignKey("disputes.CaseMessage", null=True, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=4, choices=Kind)
    content = models.BinaryField()
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    received_sha256 = models.CharField(max_length=64)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    role = models.CharField(max_length=10, choices=[(role.value, ROLE_WORDS[role]) for role in Role])
    added_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    added_at = models.DateTimeField()

    frozen = [Frozen()]

    class Meta:
        ordering = ["case_id", "number"]
        constraints = [
            models.UniqueConstraint(fields=["case", "number"], name="case_file_number_once"),
            models.UniqueConstraint(fields=["case", "received_sha256"], name="case_file_content_once"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_picture(self) -> bool:
        return Sniffed(self.kind) in IMAGES

    @property
    def suffix(self) -> str:
        return SUFFIXES[Sniffed(self.kind)]

    @property
    def content_type(self) -> str:
        return CONTENT_TYPES[Sniffed(self.kind)]
