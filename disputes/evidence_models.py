"""What is on file about a case as evidence. Rows are added and never changed. Writes: disputes/operations/evidence.py."""

from django.db import models

from billing.journal_models import SigningKey
from chargebill.core.frozen import Frozen
from chargebill.core.models import User
from stations.models import Session


class EvidenceItem(models.Model):
    """One file of a case's evidence, byte for byte as it was collected. Never changes.

    ``path`` is its place in the bundle, ``session`` the contested session it is about, if it is about one.
    """

    class Kind(models.TextChoices):
        README = "README", "How to check it"
        CASE = "CASE", "The case"
        RECORD = "RECORD", "What is on record"
        FINDINGS = "FINDINGS", "What the checks say"
        PRICE = "PRICE", "The price line by line"
        TARIFF = "TARIFF", "The tariff in words"
        SOURCE = "SOURCE", "The line of the imported file"
        MESSAGES = "MESSAGES", "What was said"
        FILE = "FILE", "What was handed in"
        DOSSIER = "DOSSIER", "Dossier"

    case = models.ForeignKey("disputes.Case", on_delete=models.PROTECT, related_name="evidence", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    path = models.CharField(max_length=120)
    session = models.ForeignKey(Session, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    sha256 = models.CharField(max_length=64)
    content = models.BinaryField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    frozen = [Frozen()]

    class Meta:
        ordering = ["case_id", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["case", "seq"], name="evidence_seq_once"),
            models.UniqueConstraint(fields=["case", "path"], name="evidence_path_once"),
        ]

    def __str__(self) -> str:
        return self.path


class EvidenceManifest(models.Model):
    """A signed list of a case's evidence: its first ``items`` pieces. Never changes; what comes later makes a new version."""

    case = models.ForeignKey("disputes.Case", on_delete=models.PROTECT, related_name="manifests", db_index=False)
    version = models.PositiveIntegerField()
    items = models.PositiveIntegerField()
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)

    frozen = [Frozen()]

    class Meta:
        ordering = ["case_id", "version"]
        constraints = [models.UniqueConstraint(fields=["case", "version"], name="evidence_version_once")]

    def __str__(self) -> str:
        return f"{self.case_id} v{self.version}"
