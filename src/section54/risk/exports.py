"""A list of payees as a spreadsheet: the rows, filters and order that the page shows."""

import csv
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from io import BytesIO, StringIO
from typing import Any

import xlsxwriter
from django.utils.text import slugify

from section54.engine.identity.model import PayeeKind
from section54.engine.reports.cells import safe_cell
from section54.engine.reports.wording import KIND_WORDS
from section54.risk.models import Finding, Review, file_names


COLUMNS = (
    "Payee",
    "Kind",
    "Risk",
    "Risk as computed",
    "Points",
    "Decided by people",
    "Paid (pounds)",
    "Of which at this risk (pounds)",
    "Payments",
    "First paid",
    "Last paid",
    "Mainly for",
    "Why",
    "Next step",
)
CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
WIDTHS = (36, 16, 14, 14, 8, 12, 16, 18, 11, 13, 13, 30, 60, 60)
# what a line calls it: the heading
PAYMENT_COLUMNS = {
    "date": "Paid on",
    "supplier_as_written": "Payee as written",
    "amount": "Amount (pounds)",
    "expense_type": "Type of expense",
    "description": "Description",
    "publisher_category": "Category as published",
    "department": "Department",
    "reference": "Reference",
    "category": "Category found",
    "category_reason": "Why this category",
    "tier": "Risk of this work",
    "file": "File",
    "sheet": "Sheet",
    "row": "Row",
}
MONEY = {"Paid (pounds)", "Of which at this risk (pounds)"}
NUMBERS = {"Points", "Payments"}
OF_PEOPLE = {"Risk", "Decided by people"}  # left out of what another body shares


def rows_of(findings: Iterable[Finding]) -> Iterator[tuple[object, ...]]:
    """Return one row a payee; text cells are safe from formulas."""
    for finding in findings:
        reasons = "; ".join(f"{r['points']} points: {r['because']}" for r in finding.reasons)
        yield (
            safe_cell(finding.name),
            KIND_WORDS[PayeeKind(finding.kind)],
            finding.tier_shown.label,
            finding.tier_found.label,
            finding.points,
            "yes" if finding.is_decided else "no",
            finding.amount,
            finding.at_risk,
            finding.lines,
            finding.first_paid,
            finding.last_paid,
            safe_cell(finding.main_category),
            safe_cell(reasons),
            safe_cell(finding.next_step),
        )


def _table(
    findings: Iterable[Finding], shared: str
) -> tuple[list[str], Iterator[tuple[object, ...]]]:
    """Return headings and rows; a shared list without what people decided, each row saying so."""
    if not shared:
        return list(COLUMNS), rows_of(findings)
    kept = [at for at, heading in enumerate(COLUMNS) if heading not in OF_PEOPLE]
    rows = ((*(row[at] for at in kept), safe_cell(shared)) for row in rows_of(findings))
    return [*(COLUMNS[at] for at in kept), "Whose it is"], rows


def as_csv(findings: Iterable[Finding], shared: str = "") -> bytes:
    """Return the list as CSV in UTF-8 with a byte order mark, which spreadsheets need.

    Args:
        shared: Whose it is, where another body shares it; empty: one's own.
    """
    headings, rows = _table(findings, shared)
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headings)
    # A day is written as 2025-04-30, and nothing where it is not known.
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def as_xlsx(findings: Iterable[Finding], shared: str = "") -> bytes:
    """Return the list as a workbook with typed cells; ``shared`` as for ``as_csv``."""
    headings, rows = _table(findings, shared)
    made = BytesIO()
    with xlsxwriter.Workbook(
        made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet("Payees")
        bold = book.add_format({"bold": True, "text_wrap": True})
        money = book.add_format({"num_format": "#,##0.00"})
        sheet.write_row(0, 0, headings, bold)
        sheet.freeze_panes(1, 1)
        day = book.add_format({"num_format": "d mmm yyyy", "align": "left"})
        widths = dict(zip(COLUMNS, WIDTHS, strict=True))
        for column, heading in enumerate(headings):
            sheet.set_column(column, column, widths.get(heading, WIDTHS[-1]))
        sheet.set_row(0, 30)
        for at, row in enumerate(rows, 1):
            for column, (heading, value) in enumerate(zip(headings, row, strict=True)):
                if heading in MONEY:
                    sheet.write_number(at, column, float(str(value)), money)
                elif heading in NUMBERS:
                    if value is not None:
                        sheet.write_number(at, column, int(str(value)))
                elif isinstance(value, date):
                    sheet.write_datetime(at, column, datetime.combine(value, time()), day)
                elif value is not None:
                    sheet.write_string(at, column, str(value))
    return made.getvalue()


def payments_as_csv(review: Review, pieces: Iterable[list[dict[str, Any]]]) -> Iterator[str]:
    """Yield payments as lines of CSV, each with the file, sheet and row that it stands in."""
    files = file_names(review)
    line = StringIO(newline="")
    writer = csv.writer(line)
    line.write("\ufeff")
    writer.writerow(PAYMENT_COLUMNS.values())
    for piece in pieces:
        for payment in piece:
            cells = {**payment, "file": files.get(payment["source"], payment["source"])}
            writer.writerow(
                safe_cell(value) if isinstance(value, str) else value
                for value in (cells[name] for name in PAYMENT_COLUMNS)
            )
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def file_name_of(review: Review, what: str, form: str) -> str:
    """Return what a downloaded file is called: body, period, what it holds; plain letters only."""
    months = [f"{day:%Y-%m}" for day in review.period if day]
    shared = ["shared"] if review.is_shared else []
    words = slugify(" ".join([review.body.name, *dict.fromkeys(months), *shared, what]))[
        :100
    ].strip("-")
    return f"{words}-{review.reference.lower()}.{form}"


FORMS = {"csv": (as_csv, CSV), "xlsx": (as_xlsx, XLSX)}
