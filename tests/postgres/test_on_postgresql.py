"""The same tests on PostgreSQL, and those that only it can pass: a server of our own is started."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.postgres.server import postgresql, programs


ROOT = Path(__file__).parents[2]
FULL = bool(os.environ.get("SECTION54_FULL"))
# What depends on the database; in full, every room.
CHOSEN = [
    "tests/postgres/inside",
    "tests/records",
    "tests/organisations/test_together.py",
    "tests/organisations/test_offices_and_invitations.py",
    "tests/risk/test_sharing.py",
    "tests/organisations/test_matrix.py",
]
# What is the same on any database: permissions taken out of the table, and how a hash is made.
LEFT_OUT = "not a_permission_ and not rfc_8785"
EVERY_ROOM = ["records", "organisations", "post", "spend", "risk", "desk", "postgres/inside"]
# Tests of the file that SQLite is.
OF_SQLITE = ["desk/test_backup.py", "desk/test_kill.py"]

pytestmark = [
    pytest.mark.skipif(
        programs() is None and not os.environ.get("CI"),
        reason="needs PostgreSQL: apt-get install postgresql",
    ),
    pytest.mark.skipif(bool(os.environ.get("SECTION54_DATABASE")), reason="runs on it already"),
]


def test_the_same_tests_pass_on_postgresql_and_so_do_its_own(figure, tmp_path):
    assert programs() is not None, "CI needs Debian's postgresql: .ci/run installs it"
    words = [*CHOSEN, "-k", LEFT_OUT]
    if FULL:
        words = [f"tests/{room}" for room in EVERY_ROOM]
        words += [f"--ignore=tests/{file}" for file in OF_SQLITE]
    figures = tmp_path / "figures.jsonl"
    with postgresql() as address:
        run = subprocess.run(  # noqa: S603 - our own tests
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
            cwd=ROOT,
            env={
                **os.environ,
                "SECTION54_DATABASE": address,
                "SECTION54_FIGURES": str(figures),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-2_000:]
    (passed,) = re.findall(r"(\d+) passed", run.stdout.splitlines()[-1])
    figure("tests passed on PostgreSQL", int(passed))
