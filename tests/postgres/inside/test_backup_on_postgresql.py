"""On PostgreSQL, too, a backup comes back equal: every table's rows, the schema and every file."""

import os
import shutil
import subprocess
import sys
import tarfile
from contextlib import closing

import psycopg
import pytest
from tests.desk.test_backup import PROGRAM, files_of

from section54.desk import backup_postgresql
from section54.desk.backup import DUMP, check_backup, make_backup, restore_backup
from section54.desk.database import database_from
from section54.engine.errors import BadInput


OWN = {
    **os.environ,
    "SECTION54_PROFILE": "local",
    "DJANGO_SETTINGS_MODULE": "section54.desk.settings",
}
LEDGER = "Date,Supplier,Amount,Description\n01/04/2026,Fen Cleaning Ltd,1200.00,Cleaning\n"
SET_UP = """
import sys
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from django.utils import timezone
from section54.desk.first_run import bring_in, buyer_of, first_sign_ins
from section54.organisations.models import Body
from section54.records.checkpoints import make_checkpoint
from section54.records.rows import everything_from_here
everything_from_here()
call_command("migrate", verbosity=0)
first_sign_ins("Fenland Constabulary", Body.Kind.FORCE)
body = Body.objects.get()
bring_in(body, [Path(sys.argv[1])], buyer_of(body))
assert make_checkpoint(timezone.now())
"""
ADDRESS = os.environ["SECTION54_DATABASE"]


def address(name):
    return ADDRESS.replace("/section54?", f"/{name}?")


def settings_of(name, data):
    return database_from(address(name), "", data)


def run(*words, database, ok=True):
    answer = subprocess.run(  # noqa: S603 - our own program
        [*PROGRAM, *map(str, words)],
        check=False,
        capture_output=True,
        text=True,
        env={**OWN, "SECTION54_DATABASE": address(database) if database else ""},
    )
    assert (answer.returncode == 0) is ok, answer.stdout + answer.stderr
    return " ".join((answer.stdout + answer.stderr).split())


def sql(statement, database="section54"):
    with closing(psycopg.connect(address(database), autocommit=True)) as connection:
        connection.execute("SET section54.everything = 'on'")
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else None


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A data folder and a database that the program itself set up, and the backup of both."""
    place = tmp_path_factory.mktemp("kept")
    (place / "april.csv").write_text(LEDGER, encoding="utf-8")
    sql("CREATE DATABASE kept")
    try:
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", SET_UP, place / "april.csv"],
            check=True,
            env={
                **OWN,
                "SECTION54_DATA": str(place / "data"),
                "SECTION54_DATABASE": address("kept"),
            },
        )
        run("backup", place / "kept.tar.gz", "--data", place / "data", database="kept")
        yield place
    finally:
        sql("DROP DATABASE IF EXISTS kept")


@pytest.fixture
def empty_database():
    sql("CREATE DATABASE back")
    yield "back"
    sql("DROP DATABASE back")


def test_what_was_wiped_comes_back_equal_and_works_on(kept, tmp_path, empty_database):
    data = tmp_path / "data"
    shutil.copytree(kept / "data", data, symlinks=True)
    schema, tables = hashes("kept")
    files = files_of(data)
    shutil.rmtree(data)
    said = run("restore", kept / "kept.tar.gz", "--data", data, database="back")
    assert "all equal" in said
    assert hashes("back") == (schema, tables)
    assert tables["records_event"].rows > 3
    restored = files_of(data)
    assert DUMP not in restored
    assert restored == {name: files[name] for name in restored}
    assert any(name.startswith("files/") for name in restored)
    assert "all as written" in run("verify", "--data", data, database="back")
    # Rows are numbered on, triggers and policies stand.
    sql("INSERT INTO django_content_type (app_label, model) VALUES ('a', 'b')", "back")
    with pytest.raises(psycopg.Error, match="never edited or removed"):
        sql("UPDATE records_event SET kind = 'x'", "back")
    with closing(psycopg.connect(address("back"))) as connection:
        assert connection.execute("SELECT count(*) FROM records_event").fetchone() == (0,)


def hashes(name):
    with backup_postgresql._connected(settings_of(name, kept)) as connection:
        return backup_postgresql._hashes(connection)


def test_a_backup_is_checked_row_by_row_without_a_server(kept):
    assert "is whole" in run("backup", "--check", kept / "kept.tar.gz", database=None)
    held = check_backup(kept / "kept.tar.gz")
    assert held.tables == hashes("kept")[1]


def test_a_row_that_is_not_as_the_manifest_says_is_found(kept, tmp_path, monkeypatch):
    told = backup_postgresql.dump

    def other(settings, file):
        dumped = told(settings, file)
        rows = dumped.tables["records_event"]
        dumped.tables["records_event"] = type(rows)(rows.rows, "0" * 64)
        return dumped

    monkeypatch.setattr(backup_postgresql, "dump", other)
    file = tmp_path / "other.tar.gz"
    make_backup(kept / "data", file, database=settings_of("kept", kept))
    with pytest.raises(BadInput, match=r"table records_event .* is not as its manifest says"):
        check_backup(file)


def test_a_restored_database_that_differs_is_emptied_again(kept, tmp_path, empty_database):
    with tarfile.open(kept / "kept.tar.gz") as packed:
        packed.extract("data/" + DUMP, tmp_path, filter="data")
    schema, tables = hashes("kept")
    settings = settings_of("back", kept)
    for wrong_schema, wrong_tables in (
        (schema[:-4] + "0000", tables),
        (schema, {**tables, "risk_review": tables["records_event"]}),
    ):
        with pytest.raises(BadInput, match="was not restored as it was"):
            backup_postgresql.restore(
                tmp_path / "data" / DUMP, settings, wrong_schema, wrong_tables
            )
        backup_postgresql.must_be_empty(settings)


def test_a_database_that_is_not_empty_and_one_of_the_other_kind_are_refused(kept, tmp_path):
    file, data = kept / "kept.tar.gz", tmp_path / "data"
    said = run("restore", file, "--data", data, database="kept", ok=False)
    assert "The database kept is not empty" in said
    assert "createdb --owner=section54 kept" in said
    with pytest.raises(BadInput, match="name a new and empty one in SECTION54_DATABASE"):
        restore_backup(file, data)
    assert not data.exists()


@pytest.mark.parametrize(
    ("there", "sentence"),
    [
        ("nowhere", "There is no database nowhere at .*createdb --owner=section54 nowhere"),
        ("kept", "pg_dump is not installed here"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(kept, tmp_path, monkeypatch, there, sentence):
    if there == "kept":
        monkeypatch.setattr(backup_postgresql.shutil, "which", lambda name: None)
        monkeypatch.setattr(backup_postgresql.Path, "glob", lambda self, pattern: iter(()))
    with pytest.raises(BadInput, match=sentence):
        make_backup(kept / "data", tmp_path / "x", database=settings_of(there, kept))
    assert list(tmp_path.iterdir()) == []
