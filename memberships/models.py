"""Who drives: customers, their groups and the tokens they charge with."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from chargebill.core.models import LegalEntity, validate_country
from stations.models import TokenType


class CustomerKind(models.TextChoices):
    AD_HOC = "AD_HOC", "Ad hoc"
    MEMBER = "MEMBER", "Member"
    BUSINESS = "BUSINESS", "Business"
    PARTNER = "PARTNER", "Roaming partner"
    INTERNAL = "INTERNAL", "Internal, free of charge"


class CustomerGroup(models.Model):
    """A set of customers that prices can be given to, such as residents or a fleet. May change."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="customer_groups")
    name = models.CharField(max_length=120)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["entity", "name"], name="customer_group_name_once")]

    def __str__(self) -> str:
        return self.name


class Customer(models.Model):
    """Somebody who is billed, or an internal user who is not. May change; documents keep copies."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="customers")
    kind = models.CharField(max_length=10, choices=CustomerKind, default=CustomerKind.MEMBER)
    number = models.CharField(max_length=40, blank=True, help_text="Your own customer number.")
    name = models.CharField(max_length=200)
    email = models.EmailField(blank=True)
    company = models.CharField(max_length=200, blank=True)
    vat_id = models.CharField("VAT id", max_length=20, blank=True)
    street = models.CharField(max_length=200, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    city = models.CharField(max_length=100, blank=True)
    country = models.CharField(max_length=2, blank=True, validators=[validate_country])
    language = models.CharField(max_length=5, default="en", choices=[("en", "English"), ("de", "Deutsch")])
    payment_days = models.PositiveSmallIntegerField(
        "days to pay",
        null=True,
        blank=True,
        validators=[MaxValueValidator(365)],
        help_text="Empty: as many as the company gives.",
    )
    groups = models.ManyToManyField(CustomerGroup, blank=True, related_name="customers")

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "number"], condition=~Q(number=""), name="customer_number_once"),
        ]
        indexes = [models.Index(fields=["number"])]

    def __str__(self) -> str:
        return self.name


class ContractPrefix(models.Model):
    """Contract ids that begin so belong to this roaming partner (eMA id: DE-ABC, NL*XYZ). The longest prefix wins."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+")
    prefix = models.CharField(max_length=20, help_text="Beginning of the contract id, such as DE-ABC.")
    partner = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="prefixes", limit_choices_to={"kind": "PARTNER"})

    class Meta:
        verbose_name_plural = "contract prefixes"
        ordering = ["prefix"]
        constraints = [models.UniqueConstraint(fields=["entity", "prefix"], name="contract_prefix_once")]

    def __str__(self) -> str:
        return self.prefix


class Token(models.Model):
    """A card, app account or contract that starts sessions (OCPI Token). May change.

    From ``blocked_from`` on (half-open: that moment included) it must not charge. Without a customer it counts as ad
    hoc, or as the partner whose prefix its contract id has.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="tokens")
    uid = models.CharField("UID", max_length=64)
    type = models.CharField(max_length=12, choices=TokenType, default=TokenType.RFID)
    contract_id = models.CharField(max_length=64, blank=True, help_text="eMA id, such as DE-ABC-C12345678-X.")
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="tokens")
    blocked_from = models.DateTimeField(null=True, blank=True)
    blocked_reason = models.CharField(max_length=200, blank=True)
    needs_review = models.BooleanField(default=False, help_text="Made by an import; nobody has looked at it yet.")

    class Meta:
        ordering = ["uid"]
        constraints = [models.UniqueConstraint(fields=["entity", "uid"], name="token_uid_once_per_entity")]
        indexes = [models.Index(fields=["uid"])]

    def __str__(self) -> str:
        return self.uid
