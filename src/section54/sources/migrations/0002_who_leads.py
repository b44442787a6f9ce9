"""Who sees to it now: at first who asked for it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def led_by_who_asked(apps, editor):
    """Whoever brought files in sees to them until it is handed over."""
    apps.get_model("sources", "Import").objects.update(led_by=models.F("started_by"))


class Migration(migrations.Migration):
    dependencies = [
        ("sources", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="led_by",
            field=models.ForeignKey(
                help_text="Who sees to it now.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RunPython(led_by_who_asked, migrations.RunPython.noop),
    ]
