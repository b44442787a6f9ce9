"""Every model has a class that says how long its rows are kept, and why."""

import csv
from collections import Counter
from importlib.resources import files

from section54.desk.export_tables import every_model
from section54.desk.retention import FINDERS, THEN, Period


ROWS = list(
    csv.DictReader(
        (files("section54.desk") / "retention.csv").read_text(encoding="utf-8").splitlines()
    )
)


def test_every_model_has_a_class():
    named = {label for row in ROWS for label in row["models"].split()}
    there = {model._meta.label for model in every_model()}
    assert not there - named, (
        f"add {', '.join(sorted(there - named))} to a row of desk/retention.csv: how long its rows "
        "are kept, since when, what happens then, and why"
    )
    gone = named - there
    assert not gone, f"take {', '.join(sorted(gone))} out of desk/retention.csv: it is no model"


def test_every_class_has_a_period_a_reason_and_something_that_removes_it():
    assert max(Counter(row["rule"] for row in ROWS).values()) == 1
    for row in ROWS:
        period = Period.of(row["keep"])
        assert row["then"] in THEN, row["rule"]
        assert row["why"].endswith("."), row["rule"]
        assert row["verify"] in ("yes", "no"), row["rule"]
        removes = row["then"] in ("delete", "strip")
        assert (row["rule"] in FINDERS) == removes, row["rule"]
        assert bool(row["since"]) == bool(period.unit), row["rule"]
