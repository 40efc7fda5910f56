"""Versions made before there were drafts are active, each until the next began, and apply to everyone of their company."""

from datetime import UTC, datetime
from itertools import pairwise

from django.db import migrations
from django.utils import timezone

SINCE_EVER = datetime.min.replace(tzinfo=UTC)


def activate(apps, schema_editor):
    Tariff = apps.get_model("billing", "Tariff")
    Assignment = apps.get_model("billing", "Assignment")
    for tariff in Tariff.objects.order_by("pk"):
        timeline = sorted(tariff.versions.all(), key=lambda v: (v.valid_from or SINCE_EVER, v.number))
        for version, following in pairwise([*timeline, None]):
            version.activated_at, version.activated_by = version.created_at, version.created_by
            version.state = "RETIRED" if following else "ACTIVE"
            if following:
                version.valid_until = following.valid_from or version.created_at
                if following.valid_from in (None, version.valid_from):
                    # Replaced before it ever applied: it holds for no moment at all.
                    version.valid_from = version.valid_until
            version.save(update_fields=["state", "valid_from", "valid_until", "activated_at", "activated_by"])
        if timeline and not Assignment.objects.filter(entity=tariff.entity).exists():
            Assignment.objects.create(entity=tariff.entity, tariff=tariff, created_at=timezone.now())


class Migration(migrations.Migration):
    dependencies = [("billing", "0003_prices")]
    operations = [migrations.RunPython(activate, migrations.RunPython.noop)]
