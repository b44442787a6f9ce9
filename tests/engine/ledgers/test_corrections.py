"""What a person said about a publisher's columns is remembered for its next ledger."""

from pathlib import Path

import pytest

from section54.engine.ledgers.corrections import (
    CorrectionError,
    parse_corrections,
    recall,
    remember,
)


def test_what_is_remembered_for_a_publisher_is_recalled_for_it_alone(tmp_path: Path) -> None:
    memory = tmp_path / "new" / "columns.json"
    remember(memory, "Fenland Constabulary", "vendor | value", {"supplier": "Vendor"})
    remember(memory, "Fenland Constabulary", "*", {"date": "none"})
    assert recall(memory, "Fenland Constabulary") == {
        "vendor | value": {"supplier": "Vendor"},
        "*": {"date": "none"},
    }
    assert recall(memory, "Isle of Ely Council") == {}


def test_a_later_correction_of_a_role_replaces_the_earlier_and_keeps_the_others(
    tmp_path: Path,
) -> None:
    memory = tmp_path / "columns.json"
    remember(memory, "Fenland", "*", {"supplier": "A", "amount": "C"})
    remember(memory, "Fenland", "*", {"supplier": "B"})
    assert recall(memory, "Fenland") == {"*": {"supplier": "B", "amount": "C"}}


def test_nothing_is_recalled_before_anything_is_remembered(tmp_path: Path) -> None:
    assert recall(tmp_path / "columns.json", "Fenland") == {}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is damaged: delete it and make the corrections again"),
        ('{"Fenland": {"*": "supplier"}}', "does not hold corrections"),
        ("[1]", "does not hold corrections: name another file"),
    ],
)
def test_a_file_that_is_no_memory_is_named_with_what_to_do(
    tmp_path: Path, content: str, sentence: str
) -> None:
    memory = tmp_path / "columns.json"
    memory.write_text(content)
    with pytest.raises(CorrectionError, match=sentence):
        recall(memory, "Fenland")


def test_a_correction_is_a_role_an_equals_sign_and_a_column() -> None:
    assert parse_corrections(("supplier = Vendor = Name", "date=")) == {
        "supplier": "Vendor = Name",
        "date": "",
    }
    with pytest.raises(CorrectionError, match="as in --column supplier=C, not 'supplier'"):
        parse_corrections(("supplier",))
