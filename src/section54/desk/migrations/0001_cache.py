"""The table in which all processes count tries to sign in and codes that were used."""

from django.core.management import call_command
from django.db import migrations


def make(apps, schema_editor):
    call_command(
        "createcachetable", "section54_cache", database=schema_editor.connection.alias, verbosity=0
    )


def take_away(apps, schema_editor):
    schema_editor.execute("DROP TABLE section54_cache")


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        migrations.RunPython(make, take_away),
    ]
