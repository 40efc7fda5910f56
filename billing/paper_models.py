"""What a company puts on its documents beside the amounts, and the PDF of a document once it was made."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, validate_email
from django.db import models

from billing.banking.values import is_iban
from billing.document_models import Document
from chargebill.core.frozen import Frozen
from chargebill.core.models import LegalEntity

MOST_RECIPIENTS = 10


def validate_iban(value: str) -> None:
    if not is_iban(value):
        raise ValidationError("This is no IBAN: its check digits are wrong. Write it without spaces, as your bank does.")


def validate_addresses(value: str) -> None:
    """One e-mail address a line, ten at most."""
    addresses = value.split()
    if len(addresses) > MOST_RECIPIENTS:
        raise ValidationError(f"At most {MOST_RECIPIENTS} addresses.")
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError as error:
            raise ValidationError(f"{address} is no e-mail address.") from error


validate_bic = RegexValidator(r"\A[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?\Z", "A BIC has 8 or 11 letters and digits.")


class DocumentSettings(models.Model):
    """What stands on a company's documents to come, and when they are to be paid. May change; no row: the defaults."""

    entity = models.OneToOneField(
        LegalEntity, verbose_name="company", on_delete=models.PROTECT, primary_key=True, related_name="document_settings"
    )
    contact_email = models.EmailField(
        "e-mail for questions", blank=True, help_text="Who reads it when a driver thinks something is wrong. Stands on documents."
    )
    contact_phone = models.CharField("telephone for questions", max_length=40, blank=True)
    meter_data = models.CharField(
        "signed meter data",
        max_length=200,
        blank=True,
        help_text="Where drivers get them, as an address or in words. Empty: they ask at the e-mail for questions.",
    )
    iban = models.CharField("IBAN", max_length=34, blank=True, validators=[validate_iban], help_text="Where invoices are paid.")
    bic = models.CharField("BIC", max_length=11, blank=True, validators=[validate_bic])
    payment_days = models.PositiveSmallIntegerField(
        "days to pay",
        default=14,
        validators=[MaxValueValidator(365)],
        help_text="An invoice is due so many days after it is issued; a customer may have days of their own.",
    )

    first_reminder_days = models.PositiveSmallIntegerField(
        "days until a reminder",
        default=7,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="After the day an invoice was payable by. Reminders cost nothing, and a person sends them.",
    )
    next_reminder_days = models.PositiveSmallIntegerField(
        "days between reminders",
        default=14,
        validators=[MinValueValidator(1), MaxValueValidator(365)],
        help_text="There are three at most.",
    )
    sender_email = models.EmailField(
        "mail comes from",
        blank=True,
        help_text="Your mail server must be allowed to use it. Empty: the e-mail for questions.",
    )
    closing_recipients = models.TextField(
        "signed closings to",
        blank=True,
        validators=[validate_addresses],
        help_text="One address a line, your auditor's for example. Each closed month is mailed there with its signature.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "document settings"

    def __str__(self) -> str:
        return "documents"


class DocumentPaper(models.Model):
    """The PDF of a document, made once. Never changes. The file is in the media store, named after its SHA-256."""

    document = models.OneToOneField(Document, on_delete=models.PROTECT, primary_key=True, related_name="paper")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField(help_text="Bytes.")
    made_at = models.DateTimeField()

    frozen = [Frozen()]

    def __str__(self) -> str:
        return f"{self.document_id} {self.sha256[:12]}"
