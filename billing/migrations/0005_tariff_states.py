from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_activate_tariffs")]
    operations = [
        migrations.AddConstraint(
            model_name='tariffversion',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'DRAFT')), fields=('tariff',), name='tariff_one_draft'),
        ),
        migrations.AddConstraint(
            model_name='tariffversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('activated_at__isnull', True), ('state', 'DRAFT')), models.Q(models.Q(('state', 'DRAFT'), _negated=True), ('activated_at__isnull', False)), _connector='OR'), name='tariff_version_activated'),
        ),
        migrations.AddConstraint(
            model_name='tariffversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'ACTIVE'), _negated=True), ('valid_until__isnull', True), _connector='OR'), name='tariff_version_active_is_open'),
        ),
    ]
