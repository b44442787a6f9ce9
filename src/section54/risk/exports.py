"""A list of payees as a spreadsheet: the rows, filters and order that the page shows."""

import csv
from collections.abc import Iterable, Iterator
from io import BytesIO, StringIO

import xlsxwriter

from section54.engine.identity.model import PayeeKind
from section54.engine.reports.cells import safe_cell
from section54.engine.reports.wording import KIND_WORDS
from section54.risk.models import Finding


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
MONEY = {6, 7}
NUMBERS = {4, 8}


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
            finding.first_paid.isoformat() if finding.first_paid else "",
            finding.last_paid.isoformat() if finding.last_paid else "",
            safe_cell(finding.main_category),
            safe_cell(reasons),
            safe_cell(finding.next_step),
        )


def as_csv(findings: Iterable[Finding]) -> bytes:
    """Return the list as CSV in UTF-8 with a byte order mark, which spreadsheets need."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows_of(findings))
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def as_xlsx(findings: Iterable[Finding]) -> bytes:
    """Return the list as a workbook with typed cells."""
    made = BytesIO()
    with xlsxwriter.Workbook(
        made, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet("Payees")
        bold = book.add_format({"bold": True, "text_wrap": True})
        money = book.add_format({"num_format": "#,##0.00"})
        sheet.write_row(0, 0, COLUMNS, bold)
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, 0, 36)
        sheet.set_column(11, 13, 40)
        for at, row in enumerate(rows_of(findings), 1):
            for column, value in enumerate(row):
                if column in MONEY:
                    sheet.write_number(at, column, float(str(value)), money)
                elif column in NUMBERS:
                    if value is not None:
                        sheet.write_number(at, column, int(str(value)))
                else:
                    sheet.write_string(at, column, str(value))
    return made.getvalue()


FORMS = {"csv": (as_csv, CSV), "xlsx": (as_xlsx, XLSX)}
