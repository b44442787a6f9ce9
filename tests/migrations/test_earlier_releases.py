"""A workbench of every earlier release moves up to this one, with all that was in it.

What is compared is a backup that each release made of itself (``tools/keep_release.py``).
"""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from section54.desk.backup import DATABASE, restore_backup


HERE = Path(__file__).parent
ROOT = HERE.parents[1]
KEPT = sorted(HERE.glob("*.tar.gz"))
# A table, or a table and a column, that is not as it was, with the reason: nothing else may differ.
CHANGED: dict[str, str] = {}
# An address that does not open any more, as the beginning of it, with the reason.
GONE: dict[str, str] = {}
# A migration that cannot be taken back ("app.name"), with the reason.
ONE_WAY: dict[str, str] = {}
# Books of the libraries: they grow with what is new, and keep what was there.
GROW = {"django_migrations": "app, name", "django_content_type": "app_label, model"}
GROW["auth_permission"] = "codename"
# What happens in a data folder: it is moved up, down to where it was, up again, and looked at.
MOVE = """
import hashlib, json, sys
import django
django.setup()
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from section54.desk.audit_check import verify_all
from section54.organisations.models import User

def copy(name):
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [name])

with connection.cursor() as cursor:
    cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
    then = dict(cursor.fetchall())
call_command("migrate", verbosity=0)
copy("up.sqlite3")
told = json.loads(sys.stdin.read())
if told["back"]:
    executor = MigrationExecutor(connection)
    apps = {app for app, _ in executor.loader.applied_migrations}
    executor.migrate([(app, then.get(app)) for app in sorted(apps)])
    copy("back.sqlite3")
    call_command("migrate", verbosity=0)
said = []
answer = {"chain": verify_all(body="", files=[], public_key=None, say=said.append), "said": said}
answer["refused"] = []
for change in ("UPDATE records_event SET kind = 'x'", "DELETE FROM records_event"):
    try:
        with connection.cursor() as cursor:
            cursor.execute(change)
    except DatabaseError as error:
        answer["refused"].append(str(error))
answer["passwords"] = [user.check_password(told["password"]) for user in User.objects.all()]
answer["opened"] = {}
for email, paths in told["opened"].items():
    client = Client()
    client.force_login(User.objects.get(email=email))
    for path in paths:
        got = client.get(path)
        content = b"".join(got.streaming_content) if got.streaming else got.content
        answer["opened"][path] = [got.status_code, hashlib.sha256(content).hexdigest()]
print(json.dumps(answer))
"""


def told_of(kept):
    return json.loads(kept.with_name(kept.name.replace(".tar.gz", ".json")).read_text("utf-8"))


def addresses(told):
    """Return each address once, with the first person to whom it opened; in full, for everybody."""
    seen, found = set(), {}
    for email, paths in told["opened"].items():
        wanted = [path for path in paths if not path.startswith(tuple(GONE) or "-")]
        if not os.environ.get("SECTION54_FULL"):
            wanted = [path for path in wanted if path not in seen]
        found[email] = wanted
        seen |= set(wanted)
    return found


@pytest.fixture(scope="module", params=KEPT, ids=lambda kept: kept.name.removesuffix(".tar.gz"))
def moved(request, tmp_path_factory):
    """A data folder of an earlier release: as it was, and what came of it."""
    folder, told = tmp_path_factory.mktemp("release"), told_of(request.param)
    data = folder / "data"
    restore_backup(request.param, data)
    with (
        closing(sqlite3.connect(data / DATABASE)) as was,
        closing(sqlite3.connect(folder / "was.sqlite3")) as copy,
    ):
        was.backup(copy)
    asked = {
        "password": told["password"],
        "opened": addresses(told),
        "back": not ONE_WAY,
    }
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", MOVE],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=folder,
        env={
            **os.environ,
            "SECTION54_PROFILE": "local",
            "SECTION54_DATA": str(data),
            "DJANGO_SETTINGS_MODULE": "section54.desk.settings",
            "PYTHONPATH": str(ROOT / "src"),
        },
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder, told, json.loads(done.stdout)


def tables_of(database):
    names = database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    return {name: columns_of(database, name) for (name,) in names.fetchall()}


def columns_of(database, table):
    return [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]


def rows_of(database, table, columns):
    listed = ", ".join(f'"{column}"' for column in columns)
    return sorted(map(repr, database.execute(f'SELECT {listed} FROM "{table}"')))  # noqa: S608


def differences(folder, name):
    """Return what is not as it was, one line each."""
    wrong = []
    with (
        closing(sqlite3.connect(folder / "was.sqlite3")) as was,
        closing(sqlite3.connect(folder / name)) as now,
    ):
        tables = tables_of(now)
        for table, columns in tables_of(was).items():
            if table in CHANGED:
                continue
            if table not in tables:
                wrong.append(f"{table} is gone")
                continue
            gone = set(columns) - set(tables[table])
            wrong += [f"{table}.{c} is gone" for c in gone if f"{table}.{c}" not in CHANGED]
            kept = [c for c in columns if c not in gone and f"{table}.{c}" not in CHANGED]
            if table in GROW:
                kept = GROW[table].split(", ")
            before, after = rows_of(was, table, kept), rows_of(now, table, kept)
            if table in GROW:
                after = [row for row in after if row in set(before)]
            if before != after:
                wrong.append(f"{table}: {len(before)} rows, then {len(after)}, or others")
    return wrong


def test_every_row_is_as_it_was_in_every_column_that_was(moved):
    folder, _, _ = moved
    assert not differences(folder, "up.sqlite3")
    with closing(sqlite3.connect(folder / "was.sqlite3")) as was:
        tables = tables_of(was)
        ours = [name for name in tables if not name.startswith(("auth_", "django_", "account_"))]
        assert all(was.execute(f'SELECT 1 FROM "{name}"').fetchone() for name in ours)  # noqa: S608


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        ("DELETE FROM risk_purchase WHERE id = (SELECT min(id) FROM risk_purchase)", "rows, then"),
        ("UPDATE risk_finding SET search = search || 'x'", "or others"),
        ("ALTER TABLE organisations_user DROP COLUMN name", "organisations_user.name is gone"),
        ("DROP TABLE risk_tierdecision", "risk_tierdecision is gone"),
        ("DELETE FROM django_migrations WHERE app = 'risk'", "django_migrations"),
    ],
)
def test_what_a_migration_lost_is_found(moved, tmp_path, harm, told):
    folder, _, _ = moved
    for name in ("was.sqlite3", "up.sqlite3"):
        shutil.copy(folder / name, tmp_path)
    with closing(sqlite3.connect(tmp_path / "up.sqlite3", isolation_level=None)) as harmed:
        harmed.execute(harm)
    (line,) = differences(tmp_path, "up.sqlite3")
    assert told in line


def test_what_was_moved_up_can_be_moved_back_with_every_row(moved):
    folder, _, _ = moved
    if ONE_WAY:
        pytest.skip(f"cannot be taken back: {ONE_WAY}")
    assert not differences(folder, "back.sqlite3")
    with (
        closing(sqlite3.connect(folder / "was.sqlite3")) as was,
        closing(sqlite3.connect(folder / "back.sqlite3")) as back,
    ):
        assert tables_of(back) == tables_of(was)


def test_the_audit_trail_fits_and_still_refuses_to_be_edited(moved):
    _, _, answer = moved
    assert answer["chain"], answer["said"]
    assert len(answer["said"]) == 2  # two bodies
    assert len(answer["refused"]) == 2


def test_every_address_that_opened_opens_and_every_file_that_was_kept_is_the_same(moved, figure):
    _, told, answer = moved
    before = {path: kept for paths in told["opened"].values() for path, kept in paths.items()}
    asked = {path for paths in addresses(told).values() for path in paths}
    assert set(answer["opened"]) == asked
    wrong = {
        path: got
        for path, got in answer["opened"].items()
        if got[0] != 200 or before[path] not in ("", got[1])
    }
    assert not wrong
    assert sum(bool(kept) for kept in before.values()) >= 8
    figure("addresses of an earlier release that open after moving up", len(asked))


def test_everybody_signs_in_with_the_password_they_had(moved):
    _, _, answer = moved
    assert len(answer["passwords"]) == 5
    assert all(answer["passwords"])


@pytest.mark.django_db
def test_no_model_differs_from_its_migrations(capsys):
    call_command("makemigrations", check=True, dry_run=True)
    assert "No changes detected" in capsys.readouterr().out


def test_every_migration_of_ours_can_be_taken_back_or_says_why_not():
    for (app, name), migration in MigrationLoader(None).disk_migrations.items():
        if type(migration).__module__.startswith("section54."):
            back = all(operation.reversible for operation in migration.operations)
            assert back or f"{app}.{name}" in ONE_WAY, f"{app}.{name}: say why in ONE_WAY"


def test_every_release_in_the_changelog_kept_a_small_workbench_of_itself():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+)", text, re.MULTILINE)
    assert "0.1.0" in released
    assert {kept.name.removesuffix(".tar.gz") for kept in KEPT} >= set(released)
    assert all(kept.stat().st_size < 200_000 for kept in KEPT)


@pytest.mark.skipif(not os.environ.get("SECTION54_FULL"), reason="in make assure")
def test_the_next_release_can_be_kept(tmp_path):
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, ROOT / "tools" / "keep_release.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr
    (kept,) = tmp_path.glob("*.tar.gz")
    assert kept.stat().st_size < 200_000
