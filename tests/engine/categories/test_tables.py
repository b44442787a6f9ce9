"""The tables of the category step agree with each other and reach every category."""

import pytest

from section54.engine.categories.classify import Classifier
from section54.engine.categories.model import Purchase
from section54.engine.identity.model import PayeeKind
from section54.engine.reference import TableError, load_table


CODES = [row["code"] for row in load_table("categories").rows]
TIERS = {"high", "medium", "low", "unknown", "not_applicable"}
WITH_CODES = (
    "category_variants",
    "category_words",
    "known_suppliers",
    "category_codes",
    "category_competed",
)


def test_there_are_forty_categories_each_with_a_tier_and_a_kind():
    rows = load_table("categories").rows
    assert len(rows) == len(set(CODES)) == 40
    assert {row["usual_tier"] for row in rows} == TIERS
    assert {row["kind"] for row in rows} == {"goods", "service", "other"}


@pytest.mark.parametrize("name", WITH_CODES)
def test_every_row_names_a_category_that_exists(name):
    allowed = {*CODES, "-"} if name == "category_words" else set(CODES)
    assert {row["code"] for row in load_table(name).rows} <= allowed


@pytest.mark.parametrize("name", ["category_words", "known_suppliers", "category_codes"])
def test_every_variant_named_is_a_row_of_the_variants_table(name):
    known = {(row["code"], row["variant"]) for row in load_table("category_variants").rows}
    for row in load_table(name).rows:
        assert row["variant"] in ("", "main") or (row["code"], row["variant"]) in known, row


def test_variants_move_the_usual_tier_to_one_that_exists():
    assert {row["usual_tier"] for row in load_table("category_variants").rows} <= TIERS


def test_weights_and_places_of_words_are_as_the_table_says():
    places = {"text", "text_not_department", "department", "name", "both"}
    for row in load_table("category_words").rows:
        assert 0 <= float(row["weight"]) <= 7, row
        assert row["where"] in places, row


def test_every_category_can_be_reached_by_words_or_suppliers():
    reached = {row["code"] for name in WITH_CODES[1:3] for row in load_table(name).rows}
    assert reached >= set(CODES)


def test_known_suppliers_are_many_and_each_is_one_row():
    rows = load_table("known_suppliers").rows
    assert len(rows) >= 800
    assert len({(row["name"], row["match"]) for row in rows}) == len(rows)
    assert {row["match"] for row in rows} <= {"whole", "start", "anywhere"}
    assert {row["trade"] for row in rows} == {"one", "several"}


def test_confidence_grows_with_the_lead():
    rows = [
        (float(r["lead"]), float(r["confidence"])) for r in load_table("category_confidence").rows
    ]
    assert sorted(rows) == sorted(rows, key=lambda row: row[1])
    assert min(lead for lead, _ in rows) == 0
    assert all(0 < confidence < 1 for _, confidence in rows)


def test_tables_from_judgement_say_that_they_need_checking():
    assert load_table("known_suppliers").verify


def test_a_bodys_own_row_for_a_category_that_does_not_exist_is_named(tmp_path):
    (tmp_path / "category_competed.csv").write_text("words,code\nlaundry,laundries\n")
    (tmp_path / "category_competed.toml").write_text(
        'title = "Own"\nversion = "1"\nsource = "Own"\nlicence = "MIT"\nretrieved = "2026-11-23"\n'
        'verify = false\nunit = "words"\nchanged_by = "Head of procurement"\n'
    )
    with pytest.raises(TableError, match=r"category_competed\.csv names the category laundries"):
        Classifier.load(tmp_path)


def test_a_bodys_own_words_change_the_answer(tmp_path):
    ours = load_table("category_words")
    (tmp_path / "category_words.csv").write_text(
        "words,code,variant,weight,where\nwidget polishing,cleaning,,5,text\n"
    )
    (tmp_path / "category_words.toml").write_text(
        'title = "Own"\nversion = "1"\nsource = "Own"\nlicence = "MIT"\nretrieved = "2026-11-23"\n'
        'verify = false\nunit = "words"\nchanged_by = "Head of procurement"\n'
    )
    classifier = Classifier.load(tmp_path)
    table = next(table for table in classifier.tables if table.name == "category_words")
    assert table.changed_by == "Head of procurement"
    assert table.sha256 != ours.sha256
    polished = Purchase(supplier="", kind=PayeeKind.FIRM, expense_type="Widget polishing")
    assert classifier.classify(polished).code == "cleaning"
    assert Classifier.load().classify(polished).code == "unknown"
