"""What every test may use: the real data, the browser, the counts, and a place for figures."""

import json
import os
from importlib import import_module
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings

from section54.records.rows import everything_from_here


ROOT = Path(__file__).parents[1]
REAL_DATA = ROOT.parent / "shared" / "data"

settings.register_profile("quick", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("full", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("full" if os.environ.get("SECTION54_FULL") else "quick")


# What takes minutes: begun first, so that no processor waits for the other at the end.
LONGEST = ("test_on_postgresql", "test_kill", "test_matrix", "test_journey", "test_engines")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; skip what this machine has no data for, and say so."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONGEST)))
    if REAL_DATA.is_dir():
        return
    skip = pytest.mark.skip(reason="needs the real ledgers of ../shared/data")
    for item in items:
        if "real_data" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real ledgers, registers and tables."""
    return REAL_DATA


@pytest.fixture(scope="session")
def figure():
    """Keep a measured figure for the assurance report: ``figure("bad files", 131)``."""
    file = os.environ.get("SECTION54_FIGURES")

    def keep(name: str, value: object) -> None:
        if file:
            with Path(file).open("a", encoding="utf-8") as figures:
                figures.write(json.dumps({name: value}) + "\n")

    return keep


@pytest.fixture(scope="session", autouse=True)
def _audit_trail_emptied_between_tests(request):
    """Let a test database be emptied, though the audit trail refuses to be: as the tests' owner."""
    guard = import_module("section54.records.migrations.0002_written_once")
    never_emptied = import_module("section54.records.migrations.0004_never_emptied").TABLES
    around = {
        "sqlite": (guard.UNDO["sqlite"], guard.SQLITE),
        "postgresql": (
            [f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in never_emptied],
            [f"ALTER TABLE {table} ENABLE TRIGGER USER" for table in never_emptied],
        ),
    }
    before, after = around[connection.vendor]
    kind = type(connection.ops)  # of every connection: beside a browser, tests have another one
    empty = kind.sql_flush

    def without_the_guard(*args, **kwargs):
        return [*before, *empty(*args, **kwargs), *after]

    kind.sql_flush = without_the_guard


@pytest.fixture(scope="session", autouse=True)
def _every_row_for_the_tests_themselves():
    """Let tests make and read rows of every body; what they ask the site for, they get as usual."""
    close = connection.close_if_unusable_or_obsolete

    def unless_in_a_test():  # closing an answer would end the transaction that its test is in
        if not connection.in_atomic_block:
            close()

    connection.close_if_unusable_or_obsolete = unless_in_a_test
    everything_from_here()
