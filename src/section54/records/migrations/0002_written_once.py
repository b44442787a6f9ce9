"""The database itself refuses to edit or remove a line of the audit trail."""

from django.db import migrations


SQLITE = [
    """CREATE TRIGGER records_event_never_edited BEFORE UPDATE ON records_event
    BEGIN SELECT RAISE(ABORT, 'a line of the audit trail is never edited'); END""",
    """CREATE TRIGGER records_event_never_removed BEFORE DELETE ON records_event
    BEGIN SELECT RAISE(ABORT, 'a line of the audit trail is never removed'); END""",
]
POSTGRESQL = [
    """CREATE FUNCTION records_event_written_once() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a line of the audit trail is never edited or removed'; END $$""",
    """CREATE TRIGGER records_event_written_once BEFORE UPDATE OR DELETE ON records_event
    FOR EACH ROW EXECUTE FUNCTION records_event_written_once()""",
]
UNDO = {
    "sqlite": [
        "DROP TRIGGER records_event_never_edited",
        "DROP TRIGGER records_event_never_removed",
    ],
    "postgresql": [
        "DROP TRIGGER records_event_written_once ON records_event",
        "DROP FUNCTION records_event_written_once",
    ],
}


def guard(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[vendor]:
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for statement in UNDO[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]
    operations = [migrations.RunPython(guard, unguard)]
