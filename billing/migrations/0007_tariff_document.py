from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("billing", "0006_tax_rule_entered_by")]

    operations = [
        migrations.AddField(
            model_name='tariffversion',
            name='ocpi',
            field=models.JSONField(default=dict, help_text='What an imported document says beside: party, id, texts. Given back by export, prices nothing.'),
        ),
    ]
