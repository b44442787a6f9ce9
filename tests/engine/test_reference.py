"""Every table says where it comes from, and a body's own table carries a name."""

import hashlib
from importlib.resources import files

import pytest

from section54.engine.reference import TableError, load_table, table_names


@pytest.mark.parametrize("name", table_names())
def test_every_table_says_its_source_and_has_rows_of_one_width(name):
    table = load_table(name)
    assert table.rows
    assert table.source
    assert table.licence
    assert len({tuple(row) for row in table.rows}) == 1
    data = (files("section54.engine.reference") / f"{name}.csv").read_bytes()
    assert table.sha256 == hashlib.sha256(data).hexdigest()


def test_an_unknown_table_is_named_in_the_error():
    with pytest.raises(TableError, match="no reference table called nonsense"):
        load_table("nonsense")


def test_a_bodys_own_table_needs_the_name_of_who_changed_it(tmp_path):
    ours = files("section54.engine.reference")
    (tmp_path / "risk_points.csv").write_bytes((ours / "risk_points.csv").read_bytes())
    with pytest.raises(TableError, match=r"risk_points\.toml beside it"):
        load_table("risk_points", tmp_path)
    about = (ours / "risk_points.toml").read_text()
    (tmp_path / "risk_points.toml").write_text(about)
    with pytest.raises(TableError, match="changed_by"):
        load_table("risk_points", tmp_path)
    (tmp_path / "risk_points.toml").write_text(about + '\nchanged_by = "Head of procurement"\n')
    table = load_table("risk_points", tmp_path)
    assert table.changed_by == "Head of procurement"
    assert table.stamp()["changed_by"] == "Head of procurement"


def test_a_body_without_a_table_of_its_own_gets_ours(tmp_path):
    assert load_table("risk_points", tmp_path).changed_by == ""
