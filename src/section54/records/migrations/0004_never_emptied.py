"""PostgreSQL refuses to empty the audit trail, too; SQLite has no such statement."""

from django.db import migrations


TABLES = ("records_event", "records_checkpoint")


def guard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(
                f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON {table} "
                "EXECUTE FUNCTION records_event_written_once()"
            )


def unguard(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"DROP TRIGGER {table}_never_emptied ON {table}")


class Migration(migrations.Migration):
    dependencies = [("records", "0003_checkpoints")]
    operations = [migrations.RunPython(guard, unguard)]
