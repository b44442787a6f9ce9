import json
import re
from decimal import Decimal
from importlib.resources import files

import pytest
from tests.engine.reports import make_review as made

from section54.engine.reports.json_file import money, review_as_json, write_json


SCHEMA = json.loads(
    (files("section54.engine.reports") / "review.schema.json").read_text(encoding="utf-8")
)
TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "null": type(None),
}
KNOWN = {
    *("$schema", "$defs", "$ref", "title", "description", "type", "enum", "pattern", "minimum"),
    *("maximum", "minLength", "minItems", "maxItems", "items", "required", "properties"),
    "additionalProperties",
}


def check(value, schema, where="review"):
    """Check a value against the parts of JSON Schema that our schema uses (and no others)."""
    assert set(schema) <= KNOWN, where
    if "$ref" in schema:
        check(value, SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], where)
    if "type" in schema:
        named = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        assert any(isinstance(value, TYPES[name]) for name in named), f"{where}: {value!r}"
        assert not isinstance(value, bool)
    if "enum" in schema:
        assert value in schema["enum"], where
    if isinstance(value, str):
        assert len(value) >= schema.get("minLength", 0), where
        assert re.search(schema.get("pattern", ""), value), f"{where}: {value!r}"
    if isinstance(value, int | float):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value), where
    if isinstance(value, list):
        assert schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        for number, item in enumerate(value):
            check(item, schema.get("items", {}), f"{where}[{number}]")
    if isinstance(value, dict):
        assert set(schema.get("required", ())) <= set(value), where
        known = schema.get("properties", {})
        extra = schema.get("additionalProperties", True)
        for key, item in value.items():
            if key in known:
                check(item, known[key], f"{where}.{key}")
            else:
                assert extra is not False, f"{where} has an undocumented {key}"
                check(item, extra if isinstance(extra, dict) else {}, f"{where}.{key}")


def read(review, tmp_path):
    write_json(review, tmp_path / "review.json")
    return json.loads((tmp_path / "review.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "shape",
    [made.fenland, made.first_year, made.everything_unknown, made.nothing_read, made.hostile],
    ids=lambda shape: shape.__name__,
)
def test_every_shape_of_review_matches_the_published_schema(shape, tmp_path):
    check(read(shape(), tmp_path), SCHEMA)


def test_the_schema_refuses_what_is_not_a_review():
    whole = review_as_json(made.fenland())
    for broken in (
        {**whole, "surprise": 1},
        {**whole, "period": ["2025-04-01"]},
        {**whole, "totals": {**whole["totals"], "amount": 12.5}},
        {key: value for key, value in whole.items() if key != "sources"},
    ):
        with pytest.raises(AssertionError):
            check(broken, SCHEMA)


def test_the_keys_agreed_in_acceptance_are_there_as_agreed(tmp_path):
    whole = read(made.fenland(), tmp_path)
    assert whole["section54"] == "0.1.0"
    assert whole["period"] == ["2025-04-01", "2026-03-31"]
    assert whole["totals"]["amount"] == "15691759.48"
    totals = whole["totals"]
    assert totals["rows"] == sum(totals[k] for k in ("read", "rejected", "blank", "headings"))
    cover = whole["coverage"]["amount"]
    assert cover["categorised"] + cover["unknown"] + cover["redacted"] == pytest.approx(1)
    cleaning = next(c for c in whole["categories"] if c["code"] == "cleaning")
    assert (cleaning["amount"], cleaning["suppliers"]) == ("1348310.55", 2)
    assert cleaning["tier"] == "high"
    march = next(s for s in whole["suppliers"] if s["name"] == "March Uniforms")
    assert (march["tier"], march["points"]) == ("high", 8)
    assert sum(reason["points"] for reason in march["reasons"]) == 8
    assert set(march["reasons"][0]) == {"indicator", "points", "because"}
    source = whole["sources"][0]
    assert source["columns"]["supplier"]["header"] == "* SUPPLIER FINAL"
    assert source["columns"]["supplier"]["confidence"] == 0.99
    assert source["gap"] == "1840.00"
    assert whole["tables"][0] == {
        "name": "categories",
        "version": "2026-11",
        "sha256": "cd" * 32,
    }


def test_a_payee_without_a_sum_has_null_points(tmp_path):
    whole = read(made.fenland(), tmp_path)
    council = next(s for s in whole["suppliers"] if s["kind"] == "public_body")
    assert (council["points"], council["tier"]) == (None, "not_applicable")


def test_two_columns_of_one_role_are_both_kept():
    review = made.fenland()
    sheet = review.sheets[0]
    columns = (*sheet.columns, sheet.columns[1])
    changed = made.replace(review, sheets=(made.replace(sheet, columns=columns),))
    assert list(review_as_json(changed)["sources"][0]["columns"]) == [
        *("supplier", "amount", "date", "amount_2"),
    ]


def test_people_are_not_named(tmp_path):
    for shape in (made.fenland, made.hostile):
        write_json(shape(), tmp_path / "review.json")
        text = (tmp_path / "review.json").read_text(encoding="utf-8")
        assert "Jo Example" not in text
        assert "Hidden" not in text
    person = next(s for s in json.loads(text)["suppliers"] if s["kind"] == "individual")
    assert person["names_seen"] == []


@pytest.mark.parametrize(
    ("amount", "text"),
    [("0", "0.00"), ("-0.001", "0.00"), ("-12.345", "-12.35"), ("1E+3", "1000.00")],
)
def test_money_is_text_with_two_decimals(amount, text):
    assert money(Decimal(amount)) == text


def test_the_same_review_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        write_json(made.fenland(), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
