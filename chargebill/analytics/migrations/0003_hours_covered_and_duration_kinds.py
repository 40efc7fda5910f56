from django.db import migrations, models


class Migration(migrations.Migration):
    """The new columns are counted after migrating, see operations.count_anew_if_outdated."""

    dependencies = [("analytics", "0002_initial")]

    operations = [
        migrations.AddField("networkhour", "occupied_s", models.BigIntegerField(default=0)),
        migrations.AddField("networkduration", "charging", models.BigIntegerField(default=0)),
        migrations.AddField("networkduration", "idle", models.BigIntegerField(default=0)),
        migrations.CreateModel(
            name="RollupLayout",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("layout", models.PositiveSmallIntegerField()),
            ],
            options={"verbose_name": "layout of the rollups", "verbose_name_plural": "layout of the rollups"},
        ),
    ]
