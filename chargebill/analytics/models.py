"""Small rollups: what dashboards read instead of sessions. Kept by the pipeline with every chunk, never by hand.

A session counts on the local date it ended. ``currency`` is that of its counted price, empty while it has none (no
price yet, or held). Energy is in tenths of a watt-hour, the resolution of ``energy_kwh``; money in minor units of the
currency. Whole numbers, so that sums are exact on every database and in any order.
"""

from django.db import models

from chargebill.core.models import LegalEntity
from stations.models import Location, PaymentMethod


class Measures(models.Model):
    sessions = models.BigIntegerField(default=0)
    energy_dwh = models.BigIntegerField(default=0)
    duration_s = models.BigIntegerField(default=0)
    charging_s = models.BigIntegerField(default=0)
    net_minor = models.BigIntegerField(default=0)
    gross_minor = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class NetworkDay(Measures):
    """All of an entity on one day, by payment method and currency."""

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    payment_method = models.CharField(max_length=20, choices=PaymentMethod)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "day", "payment_method", "currency"], name="network_day_key")]

    def __str__(self) -> str:
        return f"{self.day} {self.payment_method}"


class LocationDay(Measures):
    """One place on one day, by payment method and currency."""

    location = models.ForeignKey(Location, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    payment_method = models.CharField(max_length=20, choices=PaymentMethod)
    currency = models.CharField(max_length=3, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["location", "day", "payment_method", "currency"], name="location_day_key")]

    def __str__(self) -> str:
        return f"{self.day} {self.payment_method}"


class NetworkHour(models.Model):
    """Sessions of an entity that ended on a day, by the local hour of the week (0 = Monday 00:00).

    ``sessions`` began in that hour; ``energy_dwh`` flowed and connectors were occupied for ``occupied_s`` in it, see
    analytics.measures.spread.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    hour = models.PositiveSmallIntegerField()
    sessions = models.BigIntegerField(default=0)
    energy_dwh = models.BigIntegerField(default=0)
    occupied_s = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "day", "hour"], name="network_hour_key")]

    def __str__(self) -> str:
        return f"{self.day} hour {self.hour}"


class NetworkDuration(models.Model):
    """Sessions of an entity that ended on a day, by duration bin (see analytics.measures.DURATION_BINS_MIN).

    How many were plugged in, charging and idle for so long; the latter two only of sessions whose charging time is known.
    """

    entity = models.ForeignKey(LegalEntity, verbose_name="company", on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    bin = models.PositiveSmallIntegerField()
    sessions = models.BigIntegerField(default=0)
    charging = models.BigIntegerField(default=0)
    idle = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entity", "day", "bin"], name="network_duration_key")]

    def __str__(self) -> str:
        return f"{self.day} bin {self.bin}"


class RollupLayout(models.Model):
    """One row: by which definition the rollups were counted. Behind operations.LAYOUT, migrating counts them anew."""

    layout = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = "layout of the rollups"
        verbose_name_plural = "layout of the rollups"

    def __str__(self) -> str:
        return f"layout {self.layout}"
