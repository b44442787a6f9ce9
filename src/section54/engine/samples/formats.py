"""Turn the invented sheets into the bytes of a file: the same bytes every time."""

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from section54.engine.samples.sheets import Cell, Sheet


CREATED = datetime(2026, 4, 20, 9, 0)  # noqa: DTZ001 - a workbook's property has no time zone
_NAMESPACE = re.compile(rb'( xmlns:([a-z0-9]+)="[^"]*")')
_ROOT = re.compile(rb"<[a-z]+:[a-z-]+")  # the first tag; the XML declaration has no prefix
ZIP_DATE = (2026, 4, 20, 9, 0, 0)


def as_text(
    sheet: Sheet, *, delimiter: str = ",", line_end: str = "\r\n", mark: bytes = b""
) -> bytes:
    """Return a sheet as delimited text in its own encoding, a byte-order mark in front if given."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=line_end)
    writer.writerows([_text(cell) for cell in row] for row in sheet.rows)
    return mark + out.getvalue().encode(sheet.encoding)


def as_gzip(data: bytes) -> bytes:
    """Return data compressed, with no time of day in it."""
    return gzip.compress(data, mtime=0)


def as_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """Return a workbook with typed cells and a fixed date of creation."""
    out = io.BytesIO()
    workbook = xlsxwriter.Workbook(out, {"in_memory": True})
    workbook.set_properties({"title": "Payments over £500", "created": CREATED})
    day_format = workbook.add_format({"num_format": "dd/mm/yyyy"})
    for sheet in sheets:
        page = workbook.add_worksheet(sheet.name)
        for y, row in enumerate(sheet.rows):
            for x, cell in enumerate(row):
                if isinstance(cell, date):
                    page.write_datetime(y, x, cell, day_format)
                elif isinstance(cell, Decimal | int):
                    page.write_number(y, x, float(cell))
                elif cell:
                    page.write_string(y, x, cell)
    workbook.close()
    return out.getvalue()


def as_ods(sheets: Sequence[Sheet]) -> bytes:
    """Return an OpenDocument spreadsheet; its zip is rebuilt with a fixed date."""
    document = OpenDocumentSpreadsheet()
    for sheet in sheets:
        table = Table(name=sheet.name)
        for row in sheet.rows:
            line = TableRow()
            for cell in row:
                line.addElement(_ods_cell(cell))
            if not row:
                line.addElement(TableCell())
            table.addElement(line)
        document.spreadsheet.addElement(table)
    raw, out = io.BytesIO(), io.BytesIO()
    document.write(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(out, "w") as new:
        for member in old.infolist():
            entry = zipfile.ZipInfo(member.filename, ZIP_DATE)
            entry.compress_type = member.compress_type
            new.writestr(entry, _own_namespaces_only(old.read(member)))
    return out.getvalue()


def _own_namespaces_only(part: bytes) -> bytes:
    """Keep the namespaces that a part of a document uses, sorted.

    odfpy declares every namespace that any document of the process has used so far, so the same
    sheet would be written differently after another.
    """
    declared = sorted(set(_NAMESPACE.findall(part)))
    bare = _NAMESPACE.sub(b"", part)
    used = [all_ for all_, prefix in declared if re.search(rb"[<\s/]" + prefix + rb":", bare)]
    return _ROOT.sub(lambda root: root[0] + b"".join(used), bare, count=1)


def _ods_cell(cell: Cell) -> TableCell:
    if isinstance(cell, Decimal | int):
        made = TableCell(valuetype="float", value=str(cell))
        made.addElement(P(text=str(cell)))
    elif cell:
        made = TableCell(valuetype="string")
        made.addElement(P(text=str(cell)))
    else:
        made = TableCell()
    return made


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell)
