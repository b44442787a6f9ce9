"""Data folders that the program itself filled, made once for all tests that use them."""

import os
import shutil
import subprocess
import sys

import pytest
from django.core.management.color import no_style
from django.db import connection, transaction
from django.test import override_settings
from tests.people import NOW, alice, bob
from tests.risk.ledgers import NOW_PAID, a_review

from section54.desk.export_tables import every_model
from section54.risk.changes import decide_tier


OWN = {
    **os.environ,
    "SECTION54_DATABASE": "",  # a folder that holds all of it, whatever the tests run on
    "SECTION54_PROFILE": "local",
    "DJANGO_SETTINGS_MODULE": "section54.desk.settings",
}
LEDGER = "Date,Supplier,Amount,Description\n01/04/2026,Fen Cleaning Ltd,1200.00,Cleaning\n"
# A data folder as the program makes it: an account, a body's file, the audit trail, a checkpoint.
SET_UP = """
import sys
from pathlib import Path
import django
django.setup()
from django.core.management import call_command
from django.utils import timezone
from section54.desk.first_run import bring_in, first_sign_ins
from section54.organisations.models import Body
from section54.records.checkpoints import make_checkpoint
call_command("migrate", verbosity=0)
first = first_sign_ins("Fenland Constabulary", Body.Kind.choices[0][0])[0]
bring_in(Body.objects.get(), [Path(sys.argv[1])], first.user)
assert make_checkpoint(timezone.now())
"""


@pytest.fixture(scope="session")
def real(tmp_path_factory):
    """A data folder that the program itself set up; never written to by a test."""
    place = tmp_path_factory.mktemp("real")
    ledger = place / "april.csv"
    ledger.write_text(LEDGER, encoding="utf-8")
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", SET_UP, ledger],
        check=True,
        env={**OWN, "SECTION54_DATA": str(place / "data")},
    )
    return place / "data"


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory):
    """A data folder with a review, a decision, and what no export takes; made once, never kept."""
    folder = tmp_path_factory.mktemp("world")
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(DATA_DIR=folder):
        by = alice()
        bob()
        review = a_review(by, NOW_PAID)
        decide_tier(
            finding=review.findings.get(name__icontains="Ouse"),
            tier="low",
            reason="They pay the real living wage “é”",
            evidence="Seen on 3 April",
            by=by,
            at=NOW,
        )
        (folder / "secret").write_text("not for others", encoding="utf-8")
        yield folder
        transaction.set_rollback(True)


@pytest.fixture
def data(world, db, settings, tmp_path):
    """That folder, for one test to do with as it likes."""
    settings.DATA_DIR = tmp_path / "data"
    return shutil.copytree(world, settings.DATA_DIR)


def emptied():
    """Wipe every table, as the database's owner."""
    names = [model._meta.db_table for model in every_model()]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":  # what waits for the end is looked at now
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for sql in connection.ops.sql_flush(no_style(), names):
            cursor.execute(sql)
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
