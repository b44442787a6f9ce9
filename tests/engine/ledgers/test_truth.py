"""Real ledgers against the columns and totals that people wrote down by eye."""

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tools.ledgers_report import (
    MODES,
    figures,
    judge,
    ledger_files,
    letter,
    main,
    markdown,
    truth,
    without_headings,
)

from section54.engine.ledgers import reader
from section54.engine.ledgers.columns import ROLES
from section54.engine.ledgers.reader import read_in_child


LEAST_SHARE = 0.97  # of the ledgers must need no correction


@pytest.fixture
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save two minutes of starting child processes; the report starts them."""

    def here(_: str, arguments: dict[str, object], limits: object, __: object) -> dict[str, object]:
        answer = read_in_child(**arguments, limits=limits, progress=lambda _: None)  # type: ignore
        done: dict[str, object] = json.loads(json.dumps(answer))
        return done

    monkeypatch.setattr(reader, "run_in_child", here)


def test_the_truth_names_each_file_once_and_only_roles_that_exist() -> None:
    entries = truth()
    assert len(entries) == 162
    assert len({entry["file"] for entry in entries.values()}) == 162
    for entry in entries.values():
        for sheet in entry["sheets"]:
            if sheet["verdict"] == "ledger":
                assert {"supplier", "amount"} <= sheet["columns"].keys()
                assert sheet["columns"].keys() <= {*ROLES, "amount_basis"}


@pytest.mark.real_data
@pytest.mark.usefixtures("_in_this_process")
def test_97_in_100_real_ledgers_need_no_correction_and_their_rows_add_up(
    real_data: Path, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    folder = real_data / "spend"
    entries = truth()
    judged = [judge(path, folder, tmp_path, entries) for path in ledger_files(folder)]
    assert all(file.known for file in judged)
    ledgers = [file for file in judged if file.is_ledger]
    others = [file for file in judged if not file.is_ledger]
    share = sum(not file.hard for file in ledgers) / len(ledgers)
    print(*figures(judged), sep="\n")  # noqa: T201 - the figure is what the test is for
    figure("ledgers that need no correction, share", round(share, 4))
    wrong = [(file.file, file.hard) for file in judged if file.hard]
    assert share >= LEAST_SHARE, wrong
    assert not [file.file for file in others if file.hard]
    for file in ledgers:
        assert file.read is not None
        rejected = sum(pq.read_metadata(path).num_rows for path in file.read.rejected)
        assert rejected == sum(sheet.rejected for sheet in file.read.sheets)
        for sheet in file.read.sheets:
            assert sheet.rows == sheet.read + sheet.rejected + sheet.blank + sheet.headings


@pytest.mark.real_data
@pytest.mark.parametrize("mode", MODES)
def test_a_real_ledger_is_understood_without_its_headings(real_data: Path, mode: str) -> None:
    for name in ("harrogate/2016-12.csv", "nhs_london/NMID/NMID 01 - April.xlsx"):
        entry = next(entry for entry in truth().values() if entry["file"] == name)
        assert without_headings(real_data / "spend" / name, entry, mode) == []


def test_the_report_says_what_to_do_without_ledgers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none")]) == 1
    assert "name a folder of ledgers" in capsys.readouterr().out
    assert main([str(tmp_path)]) == 1
    assert "holds no files: put ledgers in it" in capsys.readouterr().out


@pytest.mark.usefixtures("_in_this_process")
def test_the_report_reads_a_folder_of_your_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "april.csv").write_text(
        "Supplier,Date,Amount\nOuse Ltd,01/04/2025,5.00\nNene plc,tbc,6.00\nTotal,,11.00\n"
    )
    (folder / "page.csv").write_text("<!DOCTYPE html><html></html>")
    table = tmp_path / "report.md"
    assert main([str(folder), "--markdown", str(table)]) == 0
    out = capsys.readouterr().out
    assert "4 rows = 2 read + 1 rejected + 0 blank + 1 headings; £11.00 (unknown)" in out
    assert "column total gap £11.00; 1 dates missing, utf-8, comma" in out
    assert "page.csv  REFUSED" in out
    assert "2 files, 0 of them in the column truth." in out
    assert "| april.csv |  | 4 | 2 | 1 | 0 | 1 | 11.00 | 11.00 | 1 | A 0.9" in table.read_text()
    assert markdown([]).startswith("# Ledgers read")


@pytest.mark.parametrize(("index", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (None, "–")])
def test_columns_are_named_as_in_a_spreadsheet(index: int | None, name: str) -> None:
    assert letter(index) == name
