import csv
import io
import json
import re
import zipfile
from datetime import date
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from tests.engine.reports import make_review as made

from section54.engine.reports import json_file, spreadsheets
from section54.engine.reports.cells import LONGEST, STARTS_A_FORMULA, safe_cell
from section54.engine.reports.spreadsheets import (
    Kind,
    sheets_of,
    write_ods,
    write_rejected_csv,
    write_xlsx,
)
from section54.engine.risk.model import Tier


NAMES = [
    *("Summary", "Suppliers", "Supplier categories", "Categories", "Changes"),
    *("Not known", "Sources", "Tables", "Method"),
]
WRITERS = pytest.mark.parametrize(
    ("write", "suffix"), [(write_xlsx, "xlsx"), (write_ods, "ods")], ids=["xlsx", "ods"]
)


def read(write, suffix, review, folder):
    path = folder / f"review.{suffix}"
    write(review, path)
    book = CalamineWorkbook.from_path(str(path))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


@WRITERS
def test_money_is_a_number_and_adds_up_to_the_total(write, suffix, tmp_path):
    sheets = read(write, suffix, made.fenland(), tmp_path)
    assert list(sheets) == NAMES
    heading, *rows = sheets["Suppliers"]
    amounts = [row[heading.index("Pounds")] for row in rows]
    assert all(isinstance(amount, float) for amount in amounts)
    assert round(sum(map(Decimal, map(str, amounts))), 2) == made.fenland().totals.amount
    assert len(rows) == len(made.fenland().suppliers)


@WRITERS
def test_spend_at_high_risk_adds_up_and_stands_beside_all_spend(write, suffix, tmp_path):
    sheets = read(write, suffix, made.fenland(), tmp_path)
    heading, *rows = sheets["Suppliers"]
    high = [Decimal(str(row[heading.index("High-risk spend")])) for row in rows]
    assert sum(high) == next(t.amount for t in made.fenland().tiers if t.tier is Tier.HIGH)
    for row in rows:
        assert row[heading.index("Spend at its risk")] == row[heading.index("Pounds")]


@WRITERS
def test_each_category_of_a_supplier_says_why_and_how_sure(write, suffix, tmp_path):
    heading, *rows = read(write, suffix, made.fenland(), tmp_path)["Supplier categories"]
    cleaner = next(row for row in rows if row[0] == "Fenland Contract Cleaning")
    assert cleaner[heading.index("Why this category")].startswith("The words of the description")
    assert cleaner[heading.index("How sure")] == 0.91
    assert not [row for row in rows if "Jo Example" in row[heading.index("Why this category")]]


@WRITERS
def test_dates_are_dates_and_points_are_numbers(write, suffix, tmp_path):
    heading, first, *_ = read(write, suffix, made.fenland(), tmp_path)["Suppliers"]
    assert first[heading.index("First paid")] == date(2025, 4, 1)
    assert first[heading.index("Points")] == 7
    assert first[heading.index("Sum")] == "industry 6 + business model 1 = 7 High"


def test_both_formats_say_the_same(tmp_path):
    for shape in (made.fenland, made.hostile, made.nothing_read, made.everything_unknown):
        review = shape()
        one = read(write_xlsx, "xlsx", review, tmp_path)
        other = read(write_ods, "ods", review, tmp_path)
        for name in NAMES:
            tidy = [
                [[str(cell).replace("\r", "").split() for cell in row if cell != ""] for row in s]
                for s in (one[name], other[name])
            ]
            assert tidy[0] == tidy[1], name


@WRITERS
def test_changes_list_what_stopped_with_what_it_was_paid(write, suffix, tmp_path):
    rows = read(write, suffix, made.fenland(), tmp_path)["Changes"]
    stopped = next(row for row in rows if row[0] == "stopped")
    assert stopped[1:6] == ["Haddenham Guards", "High", 0, 84000, -84000]
    rows = read(write, suffix, made.first_year(), tmp_path)["Changes"]
    assert rows[1][0] == "No ledger of a previous period was given"


@WRITERS
def test_no_cell_can_be_run_and_none_names_a_person(write, suffix, tmp_path):
    sheets = read(write, suffix, made.hostile(), tmp_path)
    texts = [c for rows in sheets.values() for row in rows for c in row if isinstance(c, str)]
    assert not [text for text in texts if text.strip().startswith(tuple("=+@\uff1d"))]
    assert any(text.startswith("'=HYPERLINK") for text in texts)
    assert not [text for text in texts if "Hidden" in text]


def test_no_formula_and_no_link_is_in_the_files(tmp_path):
    write_xlsx(made.hostile(), tmp_path / "r.xlsx")
    write_ods(made.hostile(), tmp_path / "r.ods")
    for path, formula in ((tmp_path / "r.xlsx", "}f"), (tmp_path / "r.ods", "formula")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".xml") and not name.startswith("xl/charts"):
                    for element in ElementTree.fromstring(archive.read(name)).iter():  # noqa: S314
                        assert not element.tag.endswith(formula)
                        assert not [key for key in element.attrib if key.endswith("}formula")]


@WRITERS
def test_the_same_review_gives_the_same_bytes(write, suffix, tmp_path):
    for name in ("one", "two"):
        write(made.fenland(), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_headers_are_frozen_and_filtered(tmp_path):
    write_xlsx(made.fenland(), tmp_path / "r.xlsx")
    with zipfile.ZipFile(tmp_path / "r.xlsx") as archive:
        suppliers = archive.read("xl/worksheets/sheet2.xml").decode()
    assert 'state="frozen"' in suppliers
    assert "<autoFilter" in suppliers
    write_ods(made.fenland(), tmp_path / "r.ods")
    with zipfile.ZipFile(tmp_path / "r.ods") as archive:
        assert "VerticalSplitMode" in archive.read("settings.xml").decode()
        assert "display-filter-buttons" in archive.read("content.xml").decode()
        assert archive.infolist()[0].filename == "mimetype"
        assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED


def test_each_value_fits_the_type_of_its_column():
    wanted = {
        Kind.TEXT: str,
        Kind.MONEY: Decimal,
        Kind.SHARE: Decimal,
        Kind.NUMBER: int,
        Kind.DATE: date,
    }
    for sheet in sheets_of(made.fenland()):
        for row in sheet.rows:
            assert len(row) == len(sheet.columns)
            for column, value in zip(sheet.columns, row, strict=True):
                assert value is None or isinstance(value, wanted[column.kind]), (sheet.name, row)


@pytest.mark.parametrize(
    "text",
    [
        *("=1", "+1", "-1", "@SUM(A1)", "\t=1", "\r\n=1", "\n1", "\0=1", "  =1", "\ufeff=1"),
        *("\u200b=1", "\u202e=1", "\x01=1", "\u00a0-1", "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"),
    ],
)
def test_what_could_start_a_formula_gets_an_apostrophe(text):
    assert safe_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["", "Fenland", "1=1", "'=1", "  A - B", "£5"])
def test_other_text_stays_as_it_is(text):
    assert safe_cell(text) == text


@settings(deadline=None)
@given(st.text())
def test_no_text_starts_a_formula_whatever_it_holds(text):
    safe = safe_cell(text)
    stripped = safe.lstrip("\ufeff \u00a0\u3000")
    assert stripped[:1] not in STARTS_A_FORMULA or not stripped
    assert "\0" not in safe


def test_a_text_longer_than_a_cell_is_cut():
    assert len(safe_cell("a" * 40_000)) == LONGEST + 1


@settings(deadline=None)
@given(name=st.text(min_size=1, max_size=40))
def test_any_name_survives_both_formats(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("any")
    review = made.review_of([made.payee(name)])
    shown = read(write_xlsx, "xlsx", review, folder)["Suppliers"][1][1]
    assert read(write_ods, "ods", review, folder)["Suppliers"][1][1].split() == shown.split()


def test_rejected_rows_open_in_excel_with_their_reason(tmp_path):
    rows = [
        {
            "source": "ab",
            "file": "spend.csv",
            "sheet": "",
            "row": 7,
            "reason": "total line",
            "text": "=SUM(A1:A6), Crème",
        },
        {"file": "spend.csv", "sheet": None, "row": 9, "reason": "no amount", "text": "a\nb"},
    ]
    write_rejected_csv(rows, tmp_path / "rejected.csv")
    data = (tmp_path / "rejected.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbffile,sheet,row,reason,text\r\n")
    read_back = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert read_back[1] == ["spend.csv", "", "7", "total line", "'=SUM(A1:A6), Crème"]
    assert read_back[2] == ["spend.csv", "", "9", "no amount", "a\nb"]


def test_no_rejected_rows_leave_only_the_header(tmp_path):
    write_rejected_csv([], tmp_path / "rejected.csv")
    assert (tmp_path / "rejected.csv").read_text("utf-8-sig").split() == [
        "file,sheet,row,reason,text"
    ]


@pytest.mark.parametrize("review", [made.fenland(), made.hostile()], ids=["fenland", "hostile"])
@pytest.mark.parametrize(("write", "suffix"), [(write_xlsx, "xlsx"), (write_ods, "ods")])
def test_a_long_sheet_holds_the_same_cells_as_one_written_by_the_library(
    write, suffix, review, tmp_path, monkeypatch
):
    by_library = read(write, suffix, review, tmp_path)
    monkeypatch.setattr(spreadsheets, "LONG", 0)  # every sheet is then written by us
    assert read(write, suffix, review, tmp_path) == by_library


def test_a_long_opendocument_sheet_keeps_the_cell_styles_of_a_short_one(tmp_path, monkeypatch):
    monkeypatch.setattr(spreadsheets, "LONG", 0)
    write_ods(made.fenland(), tmp_path / "r.ods")
    with zipfile.ZipFile(tmp_path / "r.ods") as archive:
        content = archive.read("content.xml").decode()
    used = set(re.findall(r'table:style-name="(cell-[a-z]+)"', content))
    assert {"cell-date", "cell-money", "cell-text"} <= used
    assert used <= set(re.findall(r'style:name="(cell-[a-z]+)"', content))


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_the_json_is_what_the_standard_library_writes(value):
    assert json_file._indented(value, "\n") == json.dumps(value, ensure_ascii=False, indent=1)
