from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import ExtractMinute

CHUNK = 5000
# A summer and a winter: which zones are ever not whole hours from UTC.
MOMENTS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))


def hours_to_minutes(apps, schema_editor):
    """Most clocks show the same minute as UTC; sessions at places where they don't are read one by one."""
    Session = apps.get_model("stations", "Session")
    Location = apps.get_model("stations", "Location")
    Session.objects.update(local_start_minute=F("local_start_minute") * 60 + ExtractMinute("started_at", tzinfo=UTC))
    for location in Location.objects.select_related("entity"):
        zone = ZoneInfo(location.time_zone or location.entity.time_zone or "UTC")
        if all(moment.astimezone(zone).minute == 0 for moment in MOMENTS):
            continue
        changed = []
        for session in Session.objects.filter(location=location).only("pk", "started_at").iterator(CHUNK):
            local = session.started_at.astimezone(zone)
            session.local_start_minute = (local.weekday() * 24 + local.hour) * 60 + local.minute
            changed.append(session)
        Session.objects.bulk_update(changed, ["local_start_minute"], batch_size=CHUNK)


def minutes_to_hours(apps, schema_editor):
    apps.get_model("stations", "Session").objects.update(local_start_minute=F("local_start_minute") / 60)


class Migration(migrations.Migration):
    dependencies = [("stations", "0004_token_and_payment_indexes")]

    operations = [
        migrations.RenameField("session", "local_start_hour", "local_start_minute"),
        migrations.RunPython(hours_to_minutes, minutes_to_hours),
    ]
