"""A data folder that the program itself set up, once for every test that only reads it."""

import os
import subprocess
import sys

import pytest


OWN = {
    **os.environ,
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
