"""Workbooks (XLSX, XLS, ODS) as rows of text: every cell becomes what a person would read."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import BytesIO
from math import isfinite

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from section54.engine.intake.gate import NotALedger


Cell = str | int | float | bool | date | datetime | time | timedelta | None


@dataclass(frozen=True, slots=True)
class SheetRows:
    """One sheet: its name, whether it was hidden, and its rows from row 1 of the grid."""

    name: str
    hidden: bool
    rows: list[list[str]]


def sheets_of(data: bytes, file: str) -> Iterator[SheetRows]:
    """Yield each sheet's rows as text, in the workbook's order; chart sheets hold no rows.

    Raises:
        NotALedger: the workbook is damaged or protected by a password.
    """
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(data))
        for about in workbook.sheets_metadata:
            if about.typ is not SheetTypeEnum.WorkSheet:
                yield SheetRows(about.name, about.visible is not SheetVisibleEnum.Visible, [])
                continue
            cells = workbook.get_sheet_by_name(about.name).to_python(skip_empty_area=False)
            yield SheetRows(
                about.name,
                about.visible is not SheetVisibleEnum.Visible,
                [[cell_text(cell) for cell in row] for row in cells],
            )
    except CalamineError as error:
        raise NotALedger(
            f"{file} is a damaged workbook that cannot be opened: "
            "open it in a spreadsheet program, save it again as .xlsx and try that file."
        ) from error


def cell_text(cell: Cell) -> str:
    """Return a typed cell as text: dates as ISO, whole numbers without a decimal point.

    >>> cell_text(43193.0), cell_text(date(2018, 4, 3)), cell_text(None)
    ('43193', '2018-04-03', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        if isfinite(cell) and cell.is_integer() and abs(cell) < 1e15:
            return str(int(cell))
        return format(Decimal(repr(cell)), "f") if isfinite(cell) else ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
