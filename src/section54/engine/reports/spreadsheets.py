"""The review as a spreadsheet (Excel or OpenDocument), and the rejected rows as CSV.

What stands in each sheet is decided once, in ``sheets_of``; the two writers only know how their
format says money, date and text. Money is a number in pounds, a share is a number shown as per
cent, a date is a date, and every text is a string that no spreadsheet will run.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import xlsxwriter
import xlsxwriter.worksheet
from odf.config import (
    ConfigItem,
    ConfigItemMapEntry,
    ConfigItemMapIndexed,
    ConfigItemMapNamed,
    ConfigItemSet,
)
from odf.number import (
    CurrencyStyle,
    CurrencySymbol,
    DateStyle,
    Day,
    Month,
    Number,
    NumberStyle,
    PercentageStyle,
    Year,
)
from odf.number import Text as NumberText
from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableCellProperties, TableColumnProperties, TextProperties
from odf.table import DatabaseRange, DatabaseRanges, Table, TableCell, TableColumn, TableRow
from odf.text import P

from section54.engine.reports.cells import safe_cell
from section54.engine.reports.sheet_rows import letters, ods_rows, xlsx_rows
from section54.engine.reports.wording import (
    KIND_WORDS,
    part_words,
    period,
    shown_because,
    shown_name,
    shown_reasons,
    shown_spellings,
    spent_at,
    spent_at_risk,
    sum_words,
    unknown_spend,
)
from section54.engine.result import Review, SupplierResult
from section54.engine.risk.model import Tier


# Written as the time of making, so that the same review gives the same bytes.
ALWAYS_THE_SAME = datetime(2000, 1, 1)  # noqa: DTZ001 (a label, not a time)
# A sheet with more rows than this has them written by ``sheet_rows``: the libraries are too slow.
LONG = 500
# Excel's sheets end at row 1,048,576, the first of which is the heading.
MOST_ROWS = 1_048_575
# How hard OpenDocument's XML is packed, 1 to 9: 6 takes twice the time of 3 for a tenth less.
PACKED = 3

Value = str | int | Decimal | date | None


class Kind(StrEnum):
    """How a column's cells are typed and shown."""

    TEXT = "text"
    MONEY = "money"
    SHARE = "share"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, its type and its width in characters."""

    heading: str
    kind: Kind = Kind.TEXT
    width: int = 16


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: name, columns and rows, in the order shown. ``None`` is an empty cell.

    In a sheet whose columns hold values of several types, a cell's own type decides.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)


def _summary(review: Review) -> Sheet:
    totals, cover, tight = review.totals, review.coverage, review.concentration
    rows: list[tuple[Value, ...]] = [
        ("Body", review.body, None, None),
        ("Period", period(review.period), None, None),
        ("Paid, net of credits", None, totals.amount, None),
        ("Paid, credits counted as payments", None, totals.absolute, None),
        ("Rows in the files", None, None, totals.rows),
        ("of which read", None, None, totals.read),
        ("of which rejected", None, None, totals.rejected),
        ("of which blank", None, None, totals.blank),
        ("of which headings", None, None, totals.headings),
        ("Lines without a readable date", None, None, totals.dates_missing),
        ("Payees", None, None, len(review.suppliers)),
    ]
    rows += [
        (f"Tier: {tier.tier.label} (payees in the last column)", None, tier.amount, tier.suppliers)
        for tier in review.tiers
    ]
    if review.previous_period is not None:
        rows.append(
            ("Previous period", period(review.previous_period), review.previous_amount, None)
        )
    rows += [
        ("Payees that take 80% of supplier spend", None, None, tight.suppliers_for_80_percent),
        ("Payees paid over £50,000", None, None, tight.over_50k),
    ]
    shares: list[tuple[str, Decimal]] = [
        ("Share of spend with a category", cover.categorised),
        ("Share of spend not known", cover.unknown),
        ("Share of spend withheld, no category", cover.redacted),
        ("Share of spend to public bodies (also counted above)", cover.public_bodies),
        ("Share of spend to people (also counted above)", cover.individuals),
        ("Share of spend to payees seen under several spellings", cover.grouped),
        ("Share of supplier spend to the largest payee", tight.top_1_share),
        ("Share of supplier spend to the ten largest", tight.top_10_share),
        ("Share of supplier spend to payees paid over £50,000", tight.over_50k_share),
    ]
    return Sheet(
        "Summary",
        (
            Column("What", width=52),
            Column("Text", width=36),
            Column("Pounds", Kind.MONEY, 18),
            Column("Number", Kind.NUMBER, 12),
            Column("Share", Kind.SHARE, 10),
        ),
        tuple((*row, None) for row in rows)
        + tuple((what, None, None, None, round(share, 6)) for what, share in shares),
    )


def _supplier_row(supplier: SupplierResult, place: int) -> tuple[Value, ...]:
    return (
        place,
        shown_name(supplier),
        KIND_WORDS[supplier.kind],
        supplier.tier.label,
        supplier.assessment.points,
        sum_words(supplier.assessment),
        _lines(reason.because for reason in shown_reasons(supplier)),
        supplier.next_step,
        spent_at_risk(supplier),
        spent_at(supplier, Tier.HIGH),
        supplier.amount,
        supplier.lines,
        supplier.first_paid,
        supplier.last_paid,
        _lines(f"{part_words(part)} ({part.tier.label.lower()})" for part in supplier.categories),
        supplier.previous_amount,
        supplier.change,
        _lines(shown_because(supplier, text) for text in supplier.assessment.not_known),
        _lines(shown_spellings(supplier)),
        supplier.id,
    )


def _suppliers(review: Review) -> Sheet:
    return Sheet(
        "Suppliers",
        (
            Column("Place", Kind.NUMBER, 7),
            Column("Payee", width=38),
            Column("Kind", width=14),
            Column("Risk to people", width=15),
            Column("Points", Kind.NUMBER, 8),
            Column("Sum", width=32),
            Column("Why", width=60),
            Column("Next step", width=60),
            Column("Spend at its risk", Kind.MONEY, 16),
            Column("High-risk spend", Kind.MONEY, 16),
            Column("Pounds", Kind.MONEY, 16),
            Column("Payments", Kind.NUMBER, 10),
            Column("First paid", Kind.DATE, 12),
            Column("Last paid", Kind.DATE, 12),
            Column("Categories", width=38),
            Column("Pounds, previous period", Kind.MONEY, 16),
            Column("Change", width=10),
            Column("Not known", width=40),
            Column("Names seen", width=40),
            Column("Id", width=17),
        ),
        tuple(_supplier_row(supplier, i) for i, supplier in enumerate(review.suppliers, 1)),
    )


def _supplier_categories(review: Review) -> Sheet:
    return Sheet(
        "Supplier categories",
        (
            Column("Payee", width=38),
            Column("Category", width=38),
            Column("Variant", width=18),
            Column("Risk to people", width=15),
            Column("Pounds", Kind.MONEY, 16),
            Column("Payments", Kind.NUMBER, 10),
            Column("Why this category", width=70),
            Column("How sure", Kind.SHARE, 10),
            Column("Id", width=17),
        ),
        tuple(
            (
                shown_name(supplier),
                part.label,
                part.variant.replace("_", " "),
                part.tier.label,
                part.amount,
                part.lines,
                shown_because(supplier, part.because),
                round(Decimal(str(part.confidence)), 4),
                supplier.id,
            )
            for supplier in review.suppliers
            for part in supplier.categories
        ),
    )


def _categories(review: Review) -> Sheet:
    return Sheet(
        "Categories",
        (
            Column("Category", width=44),
            Column("Risk to people", width=15),
            Column("Pounds", Kind.MONEY, 18),
            Column("Payments", Kind.NUMBER, 10),
            Column("Payees", Kind.NUMBER, 10),
            Column("Why", width=80),
            Column("Code", width=30),
        ),
        tuple(
            (
                category.label,
                category.tier.label,
                category.amount,
                category.lines,
                category.suppliers,
                _lines(reason.because for reason in category.reasons),
                category.code,
            )
            for category in review.categories
        ),
    )


def _changes(review: Review) -> Sheet:
    rows: list[tuple[Value, ...]] = []
    if review.previous_period is not None:
        changed = [s for s in review.suppliers if s.change in {"new", "grown", "shrunk"}]
        rows = [
            (
                "stopped" if stopped else supplier.change,
                shown_name(supplier),
                supplier.tier.label,
                Decimal(0) if stopped else supplier.amount,
                supplier.previous_amount,
                (Decimal(0) if stopped else supplier.amount)
                - (supplier.previous_amount or Decimal(0)),
                supplier.id,
            )
            for stopped, group in ((False, changed), (True, review.stopped))
            for supplier in group
        ]
    return Sheet(
        "Changes",
        (
            Column("Change", width=44 if review.previous_period is None else 12),
            Column("Payee", width=38),
            Column("Risk to people", width=15),
            Column("Pounds", Kind.MONEY, 16),
            Column("Pounds, previous period", Kind.MONEY, 16),
            Column("Difference", Kind.MONEY, 16),
            Column("Id", width=17),
        ),
        tuple(rows)
        if review.previous_period is not None
        else (("No ledger of a previous period was given", *(None,) * 6),),
    )


def _not_known(review: Review) -> Sheet:
    rows: list[tuple[Value, ...]] = []
    for unknown in unknown_spend(review.suppliers):
        payee = unknown.supplier
        rows.append(
            (
                shown_name(payee),
                KIND_WORDS[payee.kind],
                unknown.amount,
                unknown.lines,
                payee.amount,
                _lines(shown_because(payee, text) for text in payee.assessment.not_known),
                payee.next_step if payee.tier is Tier.UNKNOWN else None,
                payee.id,
            )
        )
    rows += [(text, "About the whole review", *(None,) * 6) for text in review.not_known]
    return Sheet(
        "Not known",
        (
            Column("Payee", width=60),
            Column("Kind", width=24),
            Column("Pounds not known", Kind.MONEY, 16),
            Column("Payments not known", Kind.NUMBER, 10),
            Column("Pounds in all", Kind.MONEY, 16),
            Column("What is not known", width=50),
            Column("Next step", width=60),
            Column("Id", width=17),
        ),
        tuple(rows),
    )


def _sources(review: Review) -> Sheet:
    rows: list[tuple[Value, ...]] = [
        (
            sheet.file,
            sheet.sheet,
            sheet.rows,
            sheet.read,
            sheet.rejected,
            sheet.blank,
            sheet.headings,
            sheet.amount,
            sheet.column_total,
            sheet.column_total - sheet.amount,
            sheet.amount_basis,
            sheet.dates_missing,
            _lines(
                f"{column.role}: {column.header} ({column.confidence:.0%})"
                for column in sheet.columns
            ),
            _lines(sheet.notes),
            sheet.sha256,
        )
        for sheet in review.sheets
    ]
    rows += [(file.file, "refused", *(None,) * 11, file.because, None) for file in review.refused]
    return Sheet(
        "Sources",
        (
            Column("File", width=40),
            Column("Sheet", width=16),
            Column("Rows", Kind.NUMBER, 9),
            Column("Read", Kind.NUMBER, 9),
            Column("Rejected", Kind.NUMBER, 10),
            Column("Blank", Kind.NUMBER, 9),
            Column("Headings", Kind.NUMBER, 10),
            Column("Pounds read", Kind.MONEY, 18),
            Column("Column total", Kind.MONEY, 18),
            Column("In rows not counted (totals and the like)", Kind.MONEY, 18),
            Column("Net or gross", width=13),
            Column("Dates missing", Kind.NUMBER, 14),
            Column("Columns found", width=50),
            Column("Notes", width=60),
            Column("SHA-256 of the file", width=66),
        ),
        tuple(rows),
    )


def _tables(review: Review) -> Sheet:
    return Sheet(
        "Tables",
        (
            Column("Table", width=30),
            Column("Version", width=12),
            Column("Changed by", width=24),
            Column("SHA-256", width=66),
        ),
        tuple(
            (
                table.get("name", ""),
                table.get("version", ""),
                table.get("changed_by", ""),
                table.get("sha256", ""),
            )
            for table in review.tables
        ),
    )


# Shown in the page and in the spreadsheet alike.
METHOD = (
    (
        "Risk here is risk to people: how likely it is that those who do the work or make the "
        "goods are exploited. It is not risk to the body that buys."
    ),
    (
        "Each payment is given a category from the words in the ledger. Where the words do not "
        "say, the category is unknown; unknown is an answer and never a pass."
    ),
    (
        "The sum starts from the category’s usual tier; as shipped, high 6, medium 3, low 1. "
        "Points are added for what is known of the commodity, the country, the workforce, the "
        "way of contracting, and concerns upheld in the last three years."
    ),
    (
        "As shipped, high is 6 points or more, medium 3 to 5, low 1 or 2. What is not known adds "
        "nothing and lowers nothing: it is listed as not known."
    ),
    (
        "A payee with several categories takes the highest of them, in the order high, medium, "
        "unknown, low, not applicable."
    ),
    "Public bodies, tax, grants and people are not applicable: they are not assessed as suppliers.",
    (
        "Payees are listed by risk, and within a risk by the pounds spent on the work of that "
        "risk, because that tells how much say you have. Spend never changes a tier."
    ),
    (
        "Shares are of absolute amounts, so that a credit does not hide a payment. Amounts are net "
        "of credits."
    ),
    "Names that we take to be one payee are counted together; every spelling is listed.",
    "These points are our judgement. A body may put its own table in their place, under its name.",
    "Nothing here says that a supplier has done wrong. It says where to ask first.",
)


def _method(review: Review) -> Sheet:
    rows = [*METHOD, f"Made by section54 {review.section54}."]
    return Sheet(
        "Method", (Column("How this was worked out", width=110),), tuple((r,) for r in rows)
    )


def sheets_of(review: Review) -> tuple[Sheet, ...]:
    """Return the sheets that both spreadsheet writers write, in order."""
    return (
        _summary(review),
        _suppliers(review),
        _supplier_categories(review),
        _categories(review),
        _changes(review),
        _not_known(review),
        _sources(review),
        _tables(review),
        _method(review),
    )


NUMBER_FORMATS = {
    Kind.MONEY: "£#,##0.00;[Red]-£#,##0.00",
    Kind.SHARE: "0.0%",
    Kind.NUMBER: "#,##0",
    Kind.DATE: "d mmm yyyy",
}


class _Page(xlsxwriter.worksheet.Worksheet):  # type: ignore[misc]
    """A worksheet whose rows below the heading may have been written as XML by us."""

    rows_below: tuple[str, ...] = ()
    last_row: int = 0

    def _write_dimension(self) -> None:
        """Name the rectangle of filled cells, with the rows that the library does not know of."""
        heading: int = self.dim_rowmax
        self.dim_rowmax: int = max(heading, self.last_row)
        super()._write_dimension()
        self.dim_rowmax = heading

    def _write_rows(self) -> None:
        """Write the library's rows, then ours."""
        super()._write_rows()
        for piece in self.rows_below:
            self.fh.write(piece)


def write_xlsx(review: Review, path: Path) -> None:
    """Write the review as an Excel workbook, the same bytes for the same review.

    Raises:
        OSError: the file cannot be written.
    """
    write_xlsx_sheets(review, sheets_of(review), path)


def write_xlsx_sheets(review: Review, sheets: Sequence[Sheet], path: Path) -> None:
    """Write sheets made by ``sheets_of`` as an Excel workbook (see ``write_xlsx``)."""
    # Written to memory first: XlsxWriter reports a folder that is not there in its own words.
    made = io.BytesIO()
    book = xlsxwriter.Workbook(
        made,
        {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    book.set_properties(
        {
            "title": safe_cell(f"Modern slavery risk review: {review.body}")[:255],
            "comments": f"Made by section54 {review.section54}",
            "created": ALWAYS_THE_SAME,
        }
    )
    top = {"valign": "top"}
    formats = {
        kind: book.add_format({**top, "num_format": text}) for kind, text in NUMBER_FORMATS.items()
    }
    formats[Kind.TEXT] = book.add_format({**top, "text_wrap": True})
    heading = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E4DCEA", "bottom": 1}
    )
    for sheet in sheets:
        page = book.add_worksheet(sheet.name, worksheet_class=_Page)
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, column.width)
            page.write_string(0, place, column.heading, heading)
        if len(sheet.rows) > LONG:
            _put_rows(book, page, sheet, formats)
        else:
            _write_rows(page, sheet, formats)
        page.freeze_panes(1, 2 if sheet.name == "Suppliers" else 0)
        page.autofilter(0, 0, max(min(len(sheet.rows), MOST_ROWS), 1), len(sheet.columns) - 1)
        page.set_landscape()
        page.set_paper(9)
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        if sheet.name == "Categories" and sheet.rows:
            _add_category_chart(book, page, sheet)
    book.close()
    path.write_bytes(made.getvalue())


def _write_rows(page: Any, sheet: Sheet, formats: Mapping[Kind, Any]) -> None:
    """Write a sheet's rows cell by cell, by the library."""
    for number, row in enumerate(sheet.rows, 1):
        for place, (column, value) in enumerate(zip(sheet.columns, row, strict=True)):
            if value is None or value == "":
                continue
            if isinstance(value, str):
                page.write_string(number, place, safe_cell(value), formats[Kind.TEXT])
            elif isinstance(value, date):
                page.write_datetime(number, place, value, formats[Kind.DATE])
            else:
                page.write_number(number, place, value, formats[column.kind])


def _put_rows(book: Any, page: _Page, sheet: Sheet, formats: Mapping[Kind, Any]) -> None:
    """Give a page its rows as XML; its formats and texts are still the library's."""
    # The library numbers a format when it is first asked for its number.
    styles = {kind: form._get_xf_index() for kind, form in formats.items()}
    shared = book.str_table._get_shared_string_index
    page.rows_below = tuple(
        xlsx_rows(sheet.columns, sheet.rows[:MOST_ROWS], styles, Kind.TEXT, Kind.DATE, shared)
    )
    page.last_row = min(len(sheet.rows), MOST_ROWS)


def _add_category_chart(book: Any, page: Any, sheet: Sheet) -> None:
    """Put a bar chart of the largest categories beside the table (its figures are the table's)."""
    last = min(len(sheet.rows), 15)
    chart = book.add_chart({"type": "bar"})
    chart.add_series(
        {
            "name": "Pounds",
            "categories": ["Categories", 1, 0, last, 0],
            "values": ["Categories", 1, 2, last, 2],
            "fill": {"color": "#4B2E5A"},
        }
    )
    chart.set_title({"name": "Spend by category, as listed", "overlay": False})
    chart.set_legend({"none": True})
    chart.set_y_axis({"reverse": True})
    chart.set_x_axis({"num_format": "£#,##0"})
    page.insert_chart(
        1,
        len(sheet.columns) + 1,
        chart,
        {
            "x_scale": 1.4,
            "y_scale": 1.6,
            "description": "Bar chart of the amounts in column C of this sheet",
        },
    )


def _ods_styles(book: Any) -> dict[Kind | str, Any]:
    """Add the number formats and cell styles to the document, and return the cell styles."""
    money = CurrencyStyle(name="pounds")
    money.addElement(CurrencySymbol(language="en", country="GB", text="£"))
    money.addElement(Number(decimalplaces="2", minintegerdigits="1", grouping="true"))
    share = PercentageStyle(name="percent")
    share.addElement(Number(decimalplaces="1", minintegerdigits="1"))
    share.addElement(NumberText(text="%"))
    number = NumberStyle(name="whole")
    number.addElement(Number(decimalplaces="0", minintegerdigits="1", grouping="true"))
    when = DateStyle(name="day")
    for part in (Day(), NumberText(text=" "), Month(textual="true"), NumberText(text=" ")):
        when.addElement(part)
    when.addElement(Year(style="long"))
    styles: dict[Kind | str, Any] = {}
    for kind, data in (
        (Kind.MONEY, money),
        (Kind.SHARE, share),
        (Kind.NUMBER, number),
        (Kind.DATE, when),
    ):
        book.automaticstyles.addElement(data)
        styles[kind] = Style(
            name=f"cell-{kind}", family="table-cell", datastylename=data.getAttribute("name")
        )
    styles[Kind.TEXT] = Style(name="cell-text", family="table-cell")
    styles["heading"] = Style(name="cell-heading", family="table-cell")
    for style in styles.values():
        style.addElement(TableCellProperties(verticalalign="top", wrapoption="wrap"))
        book.automaticstyles.addElement(style)
    styles["heading"].addElement(TextProperties(fontweight="bold"))
    return styles


def _ods_cell(value: Value, kind: Kind, styles: Mapping[Kind | str, Any]) -> Any:
    """Return one typed cell."""
    if value is None or value == "":
        return TableCell()
    if isinstance(value, str):
        cell = TableCell(valuetype="string", stylename=styles[Kind.TEXT])
        for line in safe_cell(value).replace("\r\n", "\n").replace("\r", "\n").split("\n"):
            cell.addElement(P(text=line, check_grammar=False), check_grammar=False)
        return cell
    if isinstance(value, date):
        return TableCell(valuetype="date", datevalue=value.isoformat(), stylename=styles[Kind.DATE])
    if kind is Kind.MONEY:
        return TableCell(
            valuetype="currency", currency="GBP", value=str(value), stylename=styles[kind]
        )
    valuetype = "percentage" if kind is Kind.SHARE else "float"
    return TableCell(valuetype=valuetype, value=str(value), stylename=styles[kind])


def _ods_frozen_headers(book: Any, names: Iterable[str]) -> None:
    """Say in the document's settings that the first row of each sheet stays in view."""
    views = ConfigItemMapIndexed(name="Views")
    view = ConfigItemMapEntry()
    tables = ConfigItemMapNamed(name="Tables")
    for name in names:
        entry = ConfigItemMapEntry(name=name)
        for key, kind, text in (
            ("VerticalSplitMode", "short", "2"),
            ("VerticalSplitPosition", "int", "1"),
            ("ActiveSplitRange", "short", "2"),
            ("PositionBottom", "int", "1"),
        ):
            item = ConfigItem(name=key, type=kind)
            item.addText(text)
            entry.addElement(item)
        tables.addElement(entry)
    view.addElement(tables)
    views.addElement(view)
    settings = ConfigItemSet(name="ooo:view-settings")
    settings.addElement(views)
    book.settings.addElement(settings)


def write_ods(review: Review, path: Path) -> None:
    """Write the review as an OpenDocument spreadsheet, the same bytes for the same review.

    Raises:
        OSError: the file cannot be written.
    """
    write_ods_sheets(sheets_of(review), path)


def write_ods_sheets(sheets: Sequence[Sheet], path: Path) -> None:
    """Write sheets made by ``sheets_of`` as an OpenDocument spreadsheet (see ``write_ods``)."""
    book = OpenDocumentSpreadsheet()
    styles = _ods_styles(book)
    ranges = DatabaseRanges()
    for sheet in sheets:
        table = Table(name=sheet.name)
        for place, column in enumerate(sheet.columns):
            width = Style(name=f"w-{sheet.name}-{place}".replace(" ", "-"), family="table-column")
            width.addElement(TableColumnProperties(columnwidth=f"{column.width * 0.2:.1f}cm"))
            book.automaticstyles.addElement(width)
            table.addElement(TableColumn(stylename=width))
        heading = TableRow()
        for column in sheet.columns:
            cell = TableCell(valuetype="string", stylename=styles["heading"])
            cell.addElement(P(text=column.heading))
            heading.addElement(cell)
        table.addElement(heading)
        if len(sheet.rows) <= LONG:
            for row in sheet.rows:
                line = TableRow()
                for column, value in zip(sheet.columns, row, strict=True):
                    line.addElement(_ods_cell(value, column.kind, styles), check_grammar=False)
                table.addElement(line, check_grammar=False)
        else:
            # A row that is taken out again: odfpy writes only the styles that some cell has.
            line = TableRow()
            for kind in Kind:
                line.addElement(TableCell(stylename=styles[kind]), check_grammar=False)
            table.addElement(line, check_grammar=False)
        book.spreadsheet.addElement(table)
        last = letters(len(sheet.columns) - 1)
        ranges.addElement(
            DatabaseRange(
                name=f"filter-{sheet.name}".replace(" ", "-"),
                targetrangeaddress=f"'{sheet.name}'.A1:'{sheet.name}'.{last}{len(sheet.rows) + 1}",
                displayfilterbuttons="true",
            )
        )
    book.spreadsheet.addElement(ranges)
    _ods_frozen_headers(book, (sheet.name for sheet in sheets))
    frame = io.BytesIO()
    book.write(frame)
    made = io.BytesIO()
    names = {kind: f"cell-{kind}" for kind in Kind}
    _with_long_sheets(frame.getvalue(), sheets, names, made)
    path.write_bytes(made.getvalue())


_TABLE_END = "</table:table>"
_ROW_END = "</table:table-row>"


def _with_long_sheets(
    archive: bytes, sheets: Sequence[Sheet], styles: Mapping[Kind, str], into: io.BytesIO
) -> None:
    """Copy the zip with the rows of long sheets put in, and without the time of making.

    odfpy writes that time into every member; without it, the same review gives the same bytes.
    """
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(into, "w", compresslevel=PACKED) as new,
    ):
        for member in old.infolist():
            clean = zipfile.ZipInfo(member.filename, date_time=(1980, 1, 1, 0, 0, 0))
            clean.compress_type = member.compress_type
            data = old.read(member)
            if member.filename != "content.xml":
                new.writestr(clean, data, compresslevel=PACKED)
                continue
            clean._compresslevel = PACKED  # type: ignore[attr-defined]
            tables = data.decode("utf-8").split(_TABLE_END)
            with new.open(clean, "w") as content:
                for sheet, table in zip(sheets, tables, strict=False):
                    if len(sheet.rows) > LONG:
                        heading, end, _ = table.partition(_ROW_END)
                        table = f"{heading}{end}"
                    content.write(table.encode("utf-8"))
                    if len(sheet.rows) > LONG:
                        for piece in ods_rows(sheet.columns, sheet.rows, styles):
                            # A lone surrogate cannot be UTF-8.
                            content.write(piece.encode("utf-8", "replace"))
                    content.write(_TABLE_END.encode())
                content.write(_TABLE_END.join(tables[len(sheets) :]).encode("utf-8"))


REJECTED_COLUMNS = ("file", "sheet", "row", "reason", "text")


def write_rejected_csv(rows: Iterable[Mapping[str, object]], path: Path) -> None:
    """Write the rows that were not read, each with its reason, as CSV that Excel opens as UTF-8.

    Args:
        rows: Mappings with ``file``, ``sheet``, ``row`` (1-based), ``reason`` and ``text``; other
            keys are left out.
        path: Where to write.

    Raises:
        OSError: the file cannot be written.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow(REJECTED_COLUMNS)
        for row in rows:
            values = (row.get(column) for column in REJECTED_COLUMNS)
            writer.writerow(
                value if isinstance(value, int) else safe_cell("" if value is None else str(value))
                for value in values
            )
