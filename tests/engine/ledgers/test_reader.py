"""A file becomes Parquet in a child process, once; what is no ledger is refused in a sentence."""

import gzip
import json
import zipfile
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from section54.engine.intake.gate import NotALedger
from section54.engine.intake.limits import OWN_LEDGERS
from section54.engine.ledgers import reader
from section54.engine.ledgers.lines import LEDGER_SCHEMA, REJECTED_SCHEMA
from section54.engine.ledgers.reader import LedgerRead, read_in_child, read_ledger


Cell = str | float | date | None
Sheets = dict[str, list[list[Cell]]]

HEADER: list[Cell] = ["Supplier", "Date", "Description", "Amount"]
SOME: list[list[Cell]] = [
    ["Ouse Cleaning Ltd", date(2025, 4, 1), "Cleaning of stations", 1234.5],
    ["Nene Guarding Ltd", date(2025, 4, 15), "Guarding of the yard", -75.2],
    ["Café Wisbech", date(2025, 4, 30), "Catering", 600],
]
SOME_TOTAL = Decimal("1759.30")
TEXT = (
    "Supplier,Date,Description,Amount\r\n"
    'Ouse Cleaning Ltd,01/04/2025,Cleaning of stations,"£1,234.50"\r\n'
    "Nene Guarding Ltd,15/04/2025,Guarding of the yard,(75.20)\r\n"
    "Café Wisbech,30/04/2025,Catering,£600.00\r\n"
)


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in this process: the child is tested with the gate, and by the tests that say so."""

    def here(_: str, arguments: dict[str, object], limits: object, __: object) -> dict[str, object]:
        answer = read_in_child(**arguments, limits=limits, progress=lambda _: None)  # type: ignore
        done: dict[str, object] = json.loads(json.dumps(answer))
        return done

    monkeypatch.setattr(reader, "run_in_child", here)


def save(folder: Path, data: bytes | str, name: str = "april.csv") -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def xlsx(sheets: Sheets, hidden: str = "") -> bytes:
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            if name == hidden:
                sheet.hide()
            for r, row in enumerate(rows):
                for c, cell in enumerate(row):
                    if isinstance(cell, date):
                        sheet.write_datetime(r, c, cell, day)
                    elif cell is not None:
                        sheet.write(r, c, cell)
    return out.getvalue()


def ods(sheets: Sheets) -> bytes:
    book = OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        table = Table(name=name)
        for row in rows:
            line = TableRow()
            for cell in row:
                if isinstance(cell, date):
                    made = TableCell(valuetype="date", datevalue=cell.isoformat())
                elif isinstance(cell, str):
                    made = TableCell(valuetype="string")
                    made.addElement(P(text=cell))
                elif cell is None:
                    made = TableCell()
                else:
                    made = TableCell(valuetype="float", value=str(cell))
                line.addElement(made)
            table.addElement(line)
        book.spreadsheet.addElement(table)
    out = BytesIO()
    book.write(out)
    return out.getvalue()


def lines(read: LedgerRead) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in read.lines])


def rejected(read: LedgerRead) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = pa.concat_tables(
        [pq.read_table(path) for path in read.rejected]
    ).to_pylist()
    return rows


def adds_up(read: LedgerRead) -> bool:
    return all(s.rows == s.read + s.rejected + s.blank + s.headings for s in read.sheets)


# --- one ledger, in every kind of file ---------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (TEXT.encode(), "april.csv"),
        (TEXT.encode("utf-8-sig"), "april.csv"),
        (TEXT.encode("cp1252"), "april.csv"),
        (TEXT.encode("utf-16"), "april.csv"),
        (TEXT.encode("utf-16-le"), "april.csv"),
        (TEXT.replace("\r\n", "\r").encode(), "april.csv"),
        (TEXT.replace("1,234", "1234").replace(",", ";").encode(), "april.csv"),
        (TEXT.replace('"£1,234.50"', "£1234.50").replace(",", "\t").encode(), "april.txt"),
        (gzip.compress(TEXT.encode()), "april.csv"),
        (xlsx({"Apr 25": [HEADER, *SOME]}), "april.xlsx"),
        (xlsx({"Apr 25": [HEADER, *SOME]}), "april.csv"),
        (ods({"Apr 25": [HEADER, *SOME]}), "april.ods"),
    ],
)
def test_the_same_ledger_reads_the_same_in_every_kind_of_file(
    tmp_path: Path, data: bytes, name: str
) -> None:
    read = read_ledger(save(tmp_path, data, name), tmp_path / "store")
    (sheet,) = read.sheets
    assert (sheet.rows, sheet.read, sheet.headings, sheet.amount) == (4, 3, 1, SOME_TOTAL)
    table = lines(read)
    assert table["date"].to_pylist() == [row[1] for row in SOME]
    assert table["supplier_as_written"].to_pylist() == [row[0] for row in SOME]
    assert table["amount"].to_pylist() == [Decimal("1234.50"), Decimal("-75.20"), Decimal(600)]


def test_a_line_carries_its_contents_hash_its_sheet_and_its_row(tmp_path: Path) -> None:
    read = read_ledger(
        save(tmp_path, xlsx({"Apr 25": [["Fenland"], HEADER, *SOME]}), "a.xlsx"), tmp_path / "store"
    )
    table = lines(read)
    assert table.schema == LEDGER_SCHEMA
    assert set(table["source"].to_pylist()) == {read.sheets[0].sha256}
    assert set(table["sheet"].to_pylist()) == {"Apr 25"}
    assert table["row"].to_pylist() == [3, 4, 5]


def test_a_packed_file_and_the_same_file_unpacked_have_the_same_source(tmp_path: Path) -> None:
    plain = read_ledger(save(tmp_path, TEXT), tmp_path / "store")
    packed = read_ledger(save(tmp_path, gzip.compress(TEXT.encode()), "b.csv"), tmp_path / "store")
    assert plain.sheets[0].sha256 == packed.sheets[0].sha256
    assert plain.lines == packed.lines


def test_every_sheet_is_read_and_a_hidden_one_is_said_to_be_hidden(tmp_path: Path) -> None:
    more: list[list[Cell]] = [["Isle Software", date(2025, 5, 6), "Licences", 10.01]]
    book = xlsx({"Apr 25": [HEADER, *SOME], "May 25": [HEADER, *more]}, hidden="May 25")
    read = read_ledger(save(tmp_path, book, "year.xlsx"), tmp_path / "store")
    assert [(s.sheet, s.read) for s in read.sheets] == [("Apr 25", 3), ("May 25", 1)]
    assert "The sheet is hidden in the workbook." in read.sheets[1].notes
    assert lines(read).num_rows == 4


def test_a_sheet_of_notes_is_rejected_row_by_row_beside_the_ledger(tmp_path: Path) -> None:
    notes: list[list[Cell]] = [["Notes"], [None], ["Salaries are left out."]]
    book = xlsx({"Notes": notes, "Apr 25": [HEADER, *SOME]})
    read = read_ledger(save(tmp_path, book, "a.xlsx"), tmp_path / "store")
    by_name = {sheet.sheet: sheet for sheet in read.sheets}
    assert (by_name["Notes"].rejected, by_name["Notes"].blank, by_name["Notes"].read) == (2, 1, 0)
    assert adds_up(read)
    rows = rejected(read)
    assert [(row["row"], row["text"]) for row in rows] == [
        (1, "Notes"),
        (3, "Salaries are left out."),
    ]
    assert all("not a list of payments" in str(row["reason"]) for row in rows)
    assert read.refused[0].file == "a.xlsx › Notes"


def test_a_sheet_that_sums_the_others_is_not_counted_twice(tmp_path: Path) -> None:
    summary: list[list[Cell]] = [["Supplier", "Amount"], ["Ouse Cleaning Ltd", 1759.3]]
    book = xlsx({"Summary": summary, "Apr 25": [HEADER, *SOME]})
    read = read_ledger(save(tmp_path, book, "a.xlsx"), tmp_path / "store")
    assert sum(s.amount for s in read.sheets) == SOME_TOTAL
    assert adds_up(read)
    assert "sums the other sheets" in read.refused[0].because


def test_a_sheet_that_repeats_another_is_not_counted_twice(tmp_path: Path) -> None:
    book = xlsx({"Apr 25": [HEADER, *SOME], "Copy": [HEADER, *SOME]})
    read = read_ledger(save(tmp_path, book, "a.xlsx"), tmp_path / "store")
    assert sum(s.amount for s in read.sheets) == SOME_TOTAL
    assert read.refused[0].because == "It repeats the sheet “Apr 25” line by line."
    assert adds_up(read)


def test_a_zip_of_ledgers_gives_each_of_them(tmp_path: Path) -> None:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("april.csv", TEXT)
        archive.writestr("may.csv", TEXT.replace("/04/", "/05/"))
    read = read_ledger(save(tmp_path, out.getvalue(), "year.zip"), tmp_path / "store")
    assert [s.file for s in read.sheets] == ["year.zip/april.csv", "year.zip/may.csv"]
    assert len(read.lines) == 2
    assert lines(read).num_rows == 6


def test_rejected_rows_are_kept_with_file_row_reason_and_text(tmp_path: Path) -> None:
    read = read_ledger(save(tmp_path, TEXT + "Isle Ltd,30/04/2025,Licence,tbc\r\n"), tmp_path / "s")
    assert pq.read_table(read.rejected[0]).schema == REJECTED_SCHEMA
    (row,) = rejected(read)
    assert (row["file"], row["row"]) == ("april.csv", 5)
    assert row["reason"] == "no readable amount: “tbc”"
    assert row["text"] == "Isle Ltd | 30/04/2025 | Licence | tbc"


def test_the_answer_says_how_the_text_was_written_and_how_sure_each_column_is(
    tmp_path: Path,
) -> None:
    (sheet,) = read_ledger(save(tmp_path, TEXT.encode("cp1252")), tmp_path / "store").sheets
    assert (sheet.encoding, sheet.delimiter) == ("windows-1252", "comma")
    assert sheet.layout == "supplier | date | description | amount"
    supplier = sheet.columns[0]
    assert (supplier.role, supplier.index, supplier.header) == ("supplier", 0, "Supplier")
    assert supplier.confidence > 0.9
    assert "the heading “Supplier” means this" in supplier.why


# --- read once ---------------------------------------------------------------------------------


def test_a_file_is_read_in_a_child_and_the_second_time_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    path, store = save(tmp_path, TEXT), tmp_path / "store"
    seen: list[object] = []
    first = read_ledger(path, store, on_progress=seen.append)
    assert first.peak_bytes > 1_000_000
    told = [facts for facts in seen if facts]  # empty: the child was silent for a while
    assert told == [{"file": "april.csv", "rows": 4}]
    monkeypatch.setattr(reader, "run_in_child", None)
    second = read_ledger(path, store)
    assert second.peak_bytes == 0
    assert (second.sheets, second.lines, second.rejected) == (
        first.sheets,
        first.lines,
        first.rejected,
    )


def test_a_correction_makes_a_new_file_and_leaves_the_earlier_one(tmp_path: Path) -> None:
    text = TEXT.replace("Description", "Payee").replace("\r\n", "\n")
    path, store = save(tmp_path, text), tmp_path / "store"
    before = read_ledger(path, store)
    bytes_before = before.lines[0].read_bytes()
    after = read_ledger(path, store, corrections={"*": {"supplier": "C"}})
    assert after.lines != before.lines
    assert before.lines[0].read_bytes() == bytes_before
    assert lines(after)["supplier_as_written"].to_pylist() == [row[2] for row in SOME]


def test_choosing_between_two_amounts_that_were_both_found_makes_a_new_file(tmp_path: Path) -> None:
    text = (
        "Supplier,Date,Net,Total\nOuse Ltd,01/04/2025,10.00,12.00\nNene Ltd,02/04/2025,5.00,6.00\n"
    )
    path, store = save(tmp_path, text), tmp_path / "store"
    before = read_ledger(path, store)
    after = read_ledger(path, store, corrections={"*": {"amount": "Total"}})
    assert (before.sheets[0].amount, after.sheets[0].amount) == (Decimal("15.00"), Decimal("18.00"))
    assert before.lines != after.lines
    assert sum(lines(before)["amount"].to_pylist()) == Decimal("15.00")


def test_a_correction_for_one_layout_leaves_others_alone(tmp_path: Path) -> None:
    path = save(tmp_path, TEXT)
    other = read_ledger(path, tmp_path / "s", corrections={"some other": {"supplier": "C"}})
    assert lines(other)["supplier_as_written"].to_pylist()[0] == "Ouse Cleaning Ltd"
    own = {"supplier | date | description | amount": {"supplier": "C"}}
    read = read_ledger(path, tmp_path / "s", corrections=own)
    assert lines(read)["supplier_as_written"].to_pylist()[0] == "Cleaning of stations"


@pytest.mark.parametrize("column", ["Wer", "A", "1"])
def test_a_ledger_with_headings_we_do_not_know_can_be_corrected(
    tmp_path: Path, column: str
) -> None:
    text = "Wer,Wann,Wieviel\nOuse Ltd,01/04/2025,10\nNene Ltd,02/04/2025,5\n"
    roles = {"supplier": column, "date": "B", "amount": "C"}
    read = read_ledger(save(tmp_path, text), tmp_path / "store", corrections={"*": roles})
    assert (read.sheets[0].amount, read.sheets[0].headings) == (Decimal(15), 1)


def test_what_was_corrected_under_unknown_headings_is_known_again_next_month(
    tmp_path: Path,
) -> None:
    text = "Wer,Wann,Wieviel\nOuse Ltd,01/04/2025,10.00\nNene Ltd,02/04/2025,5.00\n"
    roles = {"supplier": "Wer", "date": "none", "amount": "Wieviel"}
    april = read_ledger(save(tmp_path, text), tmp_path / "s", corrections={"*": roles})
    layout = april.sheets[0].layout
    assert layout == "wer | wann | wieviel"
    stray = text.replace("/04/", "/05/") + "Isle Ltd,03/05/2025,7.00,checked\n"
    may = read_ledger(save(tmp_path, stray, "may.csv"), tmp_path / "s", corrections={layout: roles})
    assert may.sheets[0].layout == layout
    assert (may.sheets[0].amount, may.sheets[0].dates_missing) == (Decimal("22.00"), 3)


def test_a_correction_that_fits_one_sheet_of_a_workbook_is_used_there(tmp_path: Path) -> None:
    header: list[Cell] = ["Wer", *HEADER[1:]]
    book = xlsx(
        {"Notes": [["Salaries are left out."]], "May": [HEADER, *SOME], "Apr": [header, *SOME[:2]]}
    )
    read = read_ledger(
        save(tmp_path, book, "a.xlsx"), tmp_path / "s", corrections={"*": {"supplier": "Wer"}}
    )
    assert {s.sheet: s.read for s in read.sheets} == {"May": 3, "Apr": 2, "Notes": 0}
    may = next(s for s in read.sheets if s.sheet == "May")
    assert any("does not fit this sheet" in note for note in may.notes)


@pytest.mark.parametrize(
    ("correction", "sentence"),
    [
        ({"payee": "A"}, "payee is not a column role: use one of supplier, "),
        (
            {"supplier": "Vendor"},
            "There is no column 'Vendor': give a heading as it stands, a letter",
        ),
    ],
)
def test_a_correction_that_fits_nothing_is_refused_in_a_sentence(
    tmp_path: Path, correction: dict[str, str], sentence: str
) -> None:
    with pytest.raises(NotALedger) as refusal:
        read_ledger(save(tmp_path, TEXT), tmp_path / "store", corrections={"*": correction})
    assert str(refusal.value).startswith(f"april.csv: {sentence}")


# --- what is no ledger -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ("<!DOCTYPE html><html><body>Page not found</body></html>", "web page"),
        ("", "april.csv is empty"),
        ("\r\n \r\n", "april.csv is blank"),
        ("Supplier,Date\nOuse Ltd,01/04/2025\nNene Ltd,02/04/2025\n", "no column says how much"),
        ("Supplier,Date,Amount\n", "april.csv does not look like a list of payments"),
        ("Dear all, the ledger follows next week.\n", "april.csv does not look like a list of"),
    ],
)
def test_what_is_no_ledger_is_refused_in_one_sentence_that_says_what_to_do(
    tmp_path: Path, data: str, sentence: str
) -> None:
    with pytest.raises(NotALedger) as refusal:
        read_ledger(save(tmp_path, data), tmp_path / "store")
    assert sentence in str(refusal.value)
    assert str(refusal.value).endswith(".")
    assert ":" in str(refusal.value)
    assert not list((tmp_path / "store").iterdir())


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotALedger, match="does not exist: check the name and try again"):
        read_ledger(tmp_path / "none.csv", tmp_path / "store")
    with pytest.raises(NotALedger, match="is a folder: name the ledger files in it"):
        read_ledger(tmp_path, tmp_path / "store")


def test_other_limits_are_another_reading(tmp_path: Path) -> None:
    path, store = save(tmp_path, TEXT), tmp_path / "store"
    assert read_ledger(path, store, limits=OWN_LEDGERS).sheets
    assert len(list(store.glob("*.json"))) == 1
