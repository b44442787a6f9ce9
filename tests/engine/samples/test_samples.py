import csv
import gzip
import io
import re
import zipfile
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from python_calamine import CalamineWorkbook

from section54.engine.identity.model import PayeeKind
from section54.engine.reference import load_table
from section54.engine.samples import BODY, PERIOD, SampleTruth, SheetTruth, truth, write_samples
from section54.engine.samples.force import rows_of
from section54.engine.samples.spellings import spellings_of, tidy


WORKED = {
    "Fenland Contract Cleaning Ltd": "cleaning",
    "Ouse Guarding Ltd": "security_guarding",
    "Isle Software Ltd": "ict_software_services",
    "Denny Body Shop": "vehicles_and_parts",
    "March Uniforms Ltd": "uniform_workwear_textiles",
    "Soham Recruitment Ltd": "agency_staff",
    "Wisbech Growers Ltd": "grounds_agriculture",
    "Ely County Council": "public_sector_transfer",
    "THIRD PARTY": "individuals_redacted",
    "Littleport Print Ltd": "printing_stationery",
}
# How each text file is to be opened: encoding, delimiter.
TEXT = {
    "fenland-expenditure-2025-07.csv": ("cp1252", ","),
    "fenland-expenditure-2025-08.csv": ("utf-8", ","),
    "fenland-expenditure-2025-09.csv": ("utf-8-sig", ","),
    "Expenditure October 2025.csv": ("utf-8", ";"),
    "Expenditure November 2025.csv": ("utf-16", "\t"),
    "Expenditure December 2025.csv": ("utf-8", ","),
    "Spend February 2026.txt": ("cp1252", "\t"),
    "Spend March 2026.csv": ("utf-8", ","),
    "Police and Crime Commissioner spend 2025-26.csv": ("utf-8-sig", ","),
    "previous/Spend 2024-25 April to September.csv": ("cp1252", ","),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


@pytest.fixture(scope="module")
def known() -> SampleTruth:
    return truth()


def grid_of(folder: Path, sheet: SheetTruth) -> list[list[object]]:
    path = folder / sheet.file
    if sheet.sheet:
        book = CalamineWorkbook.from_path(path)
        rows = book.get_sheet_by_name(sheet.sheet).to_python(skip_empty_area=False)
        return [list(row) for row in rows]
    data = path.read_bytes()
    if data.startswith(b"\x1f\x8b"):
        data = gzip.decompress(data)
    encoding, delimiter = TEXT[sheet.file]
    text = io.StringIO(data.decode(encoding), newline="")
    return [list(row) for row in csv.reader(text, delimiter=delimiter)]


def pounds(cell: object) -> Decimal | None:
    text = str(cell).replace("£", "").replace(",", "")
    if text.startswith("(") and text.endswith(")"):
        text = f"-{text[1:-1]}"
    if text.endswith("-") and len(text) > 1:
        text = f"-{text[:-1]}"
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        return None
    return Decimal(text).quantize(Decimal("0.01"))


def unmangled(text: str) -> str:
    try:
        return text.encode("cp1252").decode("utf-8")
    except UnicodeError:
        return text


def count(grid: list[list[object]], sheet: SheetTruth) -> dict[str, object]:
    """Count a sheet anew by a rule of its own: find headings by their words, then every row."""
    roles = dict(sheet.headings_by_role)
    amount_role = "amount_net" if "amount_net" in roles else "amount"
    amount_at: int | None = None
    tally = Counter[str]()
    total = column = Decimal("0.00")
    for row in grid:
        cells = [str(cell).strip() for cell in row]
        if not any(cells):
            tally["blank"] += 1
        elif {roles["supplier"].strip(), roles[amount_role].strip()} <= set(cells):
            amount_at = cells.index(roles[amount_role].strip())
            tally["headings"] += 1
        elif amount_at is None:
            tally["headings"] += 1
        else:
            value = pounds(row[amount_at])
            column += value or 0
            words = [cell for cell in cells if cell and pounds(cell) is None]
            if value is None or (len(words) == 1 and "total" in words[0].lower()):
                tally["rejected"] += 1
            else:
                tally["read"] += 1
                total += value
    found = {name: tally[name] for name in ("read", "rejected", "blank", "headings")}
    return {**found, "rows": len(grid), "amount": total, "column_total": column}


def test_same_seed_writes_same_bytes(folder: Path, tmp_path: Path) -> None:
    first = write_samples(tmp_path)
    again = {p.relative_to(tmp_path): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    before = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert again == before
    assert len(first) == 11


def test_another_seed_makes_another_force() -> None:
    assert truth(7).amount != truth(54).amount
    names = {payee.name for payee in truth(7).payees} & {p.name for p in truth(54).payees}
    assert set(WORKED) <= names


def test_returned_files_are_this_years_ledgers_only(folder: Path, known: SampleTruth) -> None:
    files = [p.name for p in write_samples(folder)]
    assert files == list(dict.fromkeys(sheet.file for sheet in known.sheets))
    assert all(path.parent == folder for path in write_samples(folder))


@pytest.mark.parametrize(
    "sheet",
    [s for s in (*truth().sheets, *truth().previous_sheets) if s.is_ledger],
    ids=lambda sheet: f"{sheet.file} {sheet.sheet}",
)
def test_accounting_equals_an_independent_count_to_the_penny(
    folder: Path, sheet: SheetTruth
) -> None:
    counted = count(grid_of(folder, sheet), sheet)
    assert counted == {name: getattr(sheet, name) for name in counted}
    assert sheet.rows == sheet.read + sheet.rejected + sheet.blank + sheet.headings


def test_sheet_of_notes_is_counted_but_holds_no_money(folder: Path, known: SampleTruth) -> None:
    (notes,) = (sheet for sheet in known.sheets if not sheet.is_ledger)
    grid = grid_of(folder, notes)
    assert (len(grid), sum(any(row) for row in grid)) == (notes.rows, notes.rejected)
    assert notes.amount == 0


def test_every_line_stands_in_the_row_that_the_truth_names(
    folder: Path, known: SampleTruth
) -> None:
    grids = {(s.file, s.sheet): grid_of(folder, s) for s in (*known.sheets, *known.previous_sheets)}
    for line in (*known.lines, *known.previous_lines):
        row = grids[line.file, line.sheet][line.row - 1]
        assert line.amount in [pounds(cell) for cell in row]
        assert line.written in {tidy(unmangled(str(cell))) for cell in row}


def test_lines_and_payees_add_up_to_the_sheets(known: SampleTruth) -> None:
    assert sum(line.amount for line in known.lines) == known.amount
    assert sum(payee.amount for payee in known.payees) == known.amount
    assert sum(payee.previous_amount for payee in known.payees) == known.previous_amount
    assert sum(payee.lines for payee in known.payees) == len(known.lines)
    for payee in known.paid:
        assert sum(c.amount for c in payee.categories) == payee.amount


def test_year_has_the_size_of_a_small_forces_year(known: SampleTruth) -> None:
    assert 6_000 <= len(known.lines) <= 8_000
    assert 700 <= len(known.paid) <= 900
    assert 90_000_000 <= known.amount <= 100_000_000
    assert 85_000_000 <= known.previous_amount <= known.amount
    days = [line.day for line in known.lines if line.day]
    assert (PERIOD[0] <= min(days) <= date(2025, 4, 3), date(2026, 3, 27) <= max(days)) == (
        True,
    ) * 2
    assert max(days) <= PERIOD[1]


def test_previous_year_shows_new_grown_shrunk_and_stopped_payees(known: SampleTruth) -> None:
    both = [p for p in known.payees if p.lines and p.previous_lines]
    assert len(known.new) >= 40
    assert len(known.stopped) >= 30
    assert sum(p.amount > p.previous_amount * Decimal("1.4") for p in both) >= 40
    assert sum(p.amount < p.previous_amount * Decimal("0.75") for p in both) >= 40


def test_worked_suppliers_are_paid_for_one_thing_and_spelt_in_several_ways(
    known: SampleTruth,
) -> None:
    worked = {payee.name: payee for payee in known.paid if payee.worked}
    assert {name: payee.code for name, payee in worked.items()} == WORKED
    assert all(len(payee.categories) == 1 for payee in worked.values())
    spelt = [p for p in worked.values() if p.kind is PayeeKind.FIRM]
    assert all(len(payee.spellings) >= 2 for payee in spelt)


def test_codes_are_those_of_the_categories_table(known: SampleTruth) -> None:
    codes = {row["code"] for row in load_table("categories").rows}
    used = {line.code for line in known.lines}
    also = {code for line in known.lines for code in line.also}
    assert used | also <= codes
    assert codes - used == set()  # every category is shown


def test_no_spelling_belongs_to_two_payees(known: SampleTruth) -> None:
    owners: dict[str, set[str]] = {}
    for payee in known.payees:
        for spelling in {*payee.spellings, *payee.previous_spellings}:
            owners.setdefault(spelling.casefold(), set()).add(payee.name)
    assert {s: o for s, o in owners.items() if len(o) > 1} == {}


def test_shapes_of_real_publishers_are_all_there(folder: Path) -> None:
    def data(name: str) -> bytes:
        return (folder / name).read_bytes()

    july = data("fenland-expenditure-2025-07.csv")
    august = data("fenland-expenditure-2025-08.csv").decode()
    september = data("fenland-expenditure-2025-09.csv").decode("utf-8-sig")
    december = data("Expenditure December 2025.csv").decode()
    february = data("Spend February 2026.txt")
    shapes = {
        "XLSX": data("Payments over 500 - Quarter 1 2025-26.xlsx")[:2] == b"PK",
        "Windows-1252": b"\xa3" in july,
        "no-break space": any(b"\xa0" in data(f) for f, (e, _) in TEXT.items() if e == "cp1252"),
        "CRLF": b"\r\n" in july,
        "brackets for credits": re.search(rb"\(\xa3[\d,]+\.\d\d\)", july) is not None,
        "blank tail columns": b",,,,\r\n" in july,
        "SQL above the header": august.startswith("SELECT"),
        "headings twice, in another order": september.count("Supplier Name") == 2,
        "gzip named .csv": data("Expenditure October 2025.csv")[:2] == b"\x1f\x8b",
        "UTF-16": data("Expenditure November 2025.csv")[:2] == b"\xff\xfe",
        "mojibake": "CafÃ©" in december and "â€™" in december,
        "ODS": b"opendocument" in data("Spend January 2026.ods")[:100],
        "bare CR": b"\r" in february and b"\n" not in february,
        "trailing minus": re.search(rb"\d\.\d\d-", february) is not None,
        "byte-order mark": data("Police and Crime Commissioner spend 2025-26.csv")[:1] == b"\xef",
    }
    assert [name for name, there in shapes.items() if not there] == []


def test_ods_dates_are_excel_numbers(folder: Path) -> None:
    rows = CalamineWorkbook.from_path(folder / "Spend January 2026.ods").get_sheet_by_index(0)
    serials = [row[1] for row in rows.to_python()[3:] if isinstance(row[1], float)]
    # 1 January 2026 is day 46023 after 30 December 1899; 31 January 46053.
    assert serials
    assert all(46023 <= serial <= 46053 for serial in serials)


def test_blemishes_are_there_to_be_counted(known: SampleTruth) -> None:
    assert sum(sheet.dates_missing for sheet in known.sheets) >= 5
    unreadable = sum(s.rejected for s in known.sheets if s.is_ledger)
    assert unreadable >= 15
    assert sum(line.amount < 0 for line in known.lines) >= 50
    assert any(line.amount == 0 for line in known.lines)
    kinds = Counter(payee.kind for payee in known.paid)
    assert kinds[PayeeKind.REDACTED] >= 8
    assert kinds[PayeeKind.INDIVIDUAL] >= 40
    assert kinds[PayeeKind.CHARITY] >= 15
    assert kinds[PayeeKind.PUBLIC_BODY] >= 15


def test_consolidated_invoices_of_third_party_name_nothing(known: SampleTruth) -> None:
    (row,) = (row for row in rows_of("bodies") if row["name"] == "THIRD PARTY")
    assert row["descriptions"] == "Consolidated Invoice"
    assert {line.code for line in known.lines if line.payee == "THIRD PARTY"} == {
        "individuals_redacted"
    }


def test_web_page_for_the_docs_stands_apart(folder: Path) -> None:
    (page,) = (folder / "not_ledgers").iterdir()
    assert page.suffix == ".csv"
    assert page.read_bytes().startswith(b"<!DOCTYPE html>")


def test_workbook_has_a_fixed_date_of_creation(folder: Path) -> None:
    with zipfile.ZipFile(folder / "Payments over 500 - Quarter 1 2025-26.xlsx") as book:
        assert b"2026-04-20T09:00:00Z" in book.read("docProps/core.xml")


def test_typing_slip_swaps_two_letters_once() -> None:
    old, _ = spellings_of("Ouse Guarding Ltd", PayeeKind.FIRM, "1", Random(1), typo=True)  # noqa: S311
    # A third of 17 letters is 5: "OUSE G|U…" → position 5 is G, swapped with U.
    assert "OUSE UGARDING LTD" in old


@pytest.mark.real_data
def test_no_invented_firm_has_the_name_of_a_registered_company(known: SampleTruth) -> None:
    register = Path(__file__).parents[3] / "../shared/data/companies/register_union.csv"
    if not register.exists():
        pytest.skip("needs ../shared/data/companies")

    def core(name: str) -> str:
        low = re.sub(r"\b(ltd|limited|llp|plc)\b\.?", "", name.lower().replace("&", "and"))
        return re.sub(r"[^a-z0-9]+", " ", low).strip()

    with register.open(encoding="utf-8-sig", newline="") as file:
        real = {core(cell) for row in csv.reader(file) for cell in row if cell}
    invented = {core(p.name) for p in known.payees if p.kind is PayeeKind.FIRM}
    assert invented & real == set()
    assert BODY == "Fenland Constabulary"
