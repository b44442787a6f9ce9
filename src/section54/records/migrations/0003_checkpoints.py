"""Signed checkpoints of the chains, which the database refuses to edit or remove."""

from django.db import migrations, models

import section54.records.keys


SQLITE = [
    """CREATE TRIGGER records_checkpoint_never_edited BEFORE UPDATE ON records_checkpoint
    BEGIN SELECT RAISE(ABORT, 'a checkpoint of the audit trail is never edited'); END""",
    """CREATE TRIGGER records_checkpoint_never_removed BEFORE DELETE ON records_checkpoint
    BEGIN SELECT RAISE(ABORT, 'a checkpoint of the audit trail is never removed'); END""",
]
POSTGRESQL = [
    """CREATE TRIGGER records_checkpoint_written_once BEFORE UPDATE OR DELETE ON records_checkpoint
    FOR EACH ROW EXECUTE FUNCTION records_event_written_once()""",
]
UNDO = {
    "sqlite": [
        "DROP TRIGGER records_checkpoint_never_edited",
        "DROP TRIGGER records_checkpoint_never_removed",
    ],
    "postgresql": ["DROP TRIGGER records_checkpoint_written_once ON records_checkpoint"],
}


def guard(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[vendor]:
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("records", "0002_written_once")]
    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=section54.records.keys.new_key,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("body_id", models.UUIDField(db_index=True)),
                ("lines", models.PositiveBigIntegerField()),
                ("head", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("note", models.TextField(help_text="The signed note, as it was sent.")),
            ],
        ),
        migrations.RunPython(guard, unguard),
    ]
