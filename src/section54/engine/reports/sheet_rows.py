"""The rows of a long sheet as XML, for both spreadsheet formats, written by us.

The libraries make the workbook: styles, widths, headings, filters, charts, settings. Cell by cell
they are too slow for a body with tens of thousands of payees (ADR 0006), so the rows of a long
sheet are written here and put in their place. A test reads a sheet written both ways and finds the
same cells.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from section54.engine.reports.cells import safe_cell


if TYPE_CHECKING:
    from section54.engine.reports.spreadsheets import Column, Kind, Value

# Excel counts days from here (it believes in 29 February 1900).
_DAY_0 = date(1899, 12, 30)
_ROWS_AT_ONCE = 500  # rows joined into one piece of text
_LINE_END = re.compile(r"\r\n?")


def letters(place: int) -> str:
    """Return the letters of a column by its 0-based place.

    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def xlsx_rows(
    columns: "Sequence[Column]",
    rows: "Iterable[Sequence[Value]]",
    styles: "Mapping[Kind, int]",
    text_kind: "Kind",
    date_kind: "Kind",
    shared: Callable[[str], int],
) -> Iterator[str]:
    """Yield the rows below the heading as the XML of an Excel sheet.

    Args:
        columns: The columns, whose kinds decide the number formats.
        rows: The cells; an empty one is left out.
        styles: Number of the cell format of each kind.
        text_kind: The kind of text, and
        date_kind: that of dates: a cell of these types has their format in any column.
        shared: Gives the number of a text in the workbook's table of texts.
    """
    known: dict[str, tuple[str, str]] = {}
    text_style, date_style = styles[text_kind], styles[date_kind]
    places = [(letters(n), styles[column.kind]) for n, column in enumerate(columns)]
    spans = f"1:{len(columns)}"

    def texts() -> Iterator[str]:
        for number, row in enumerate(rows, 2):
            cells = [f'<row r="{number}" spans="{spans}">']
            for (letter, style), value in zip(places, row, strict=True):
                if value is None or value == "":
                    continue
                if isinstance(value, str):
                    met = known.get(value)
                    if met is None:
                        safe = safe_cell(value)
                        tail = f'" s="{text_style}" t="s"><v>{shared(safe)}</v></c>'
                        known[value] = safe, tail
                    else:
                        safe, tail = met
                        shared(safe)  # the workbook counts every use
                    cells.append(f'<c r="{letter}{number}{tail}')
                elif isinstance(value, date):
                    days = (value - _DAY_0).days
                    cells.append(f'<c r="{letter}{number}" s="{date_style}"><v>{days}</v></c>')
                else:
                    cells.append(f'<c r="{letter}{number}" s="{style}"><v>{value:.16G}</v></c>')
            cells.append("</row>")
            yield "".join(cells)

    return _joined(texts())


def ods_rows(
    columns: "Sequence[Column]", rows: "Iterable[Sequence[Value]]", styles: "Mapping[Kind, str]"
) -> Iterator[str]:
    """Yield the rows below the heading as the XML of an OpenDocument sheet.

    Args:
        columns: The columns, whose kinds decide how numbers are typed.
        rows: The cells, empty ones too.
        styles: Name of the cell style of each kind.
    """
    by_name = {kind.name: style for kind, style in styles.items()}
    known: dict[str, str] = {}
    heads = [
        'office:value-type="currency" office:currency="GBP"'
        if column.kind.name == "MONEY"
        else f'office:value-type="{"percentage" if column.kind.name == "SHARE" else "float"}"'
        for column in columns
    ]
    tails = [f'" table:style-name="{styles[column.kind]}"/>' for column in columns]
    text_head = (
        f'<table:table-cell office:value-type="string" table:style-name="{by_name["TEXT"]}">'
    )
    date_tail = f'" table:style-name="{by_name["DATE"]}"/>'

    def text_cell(text: str) -> str:
        paragraphs = (
            f"<text:p>{escape(line)}</text:p>" if line else "<text:p/>"
            for line in _LINE_END.sub("\n", safe_cell(text)).split("\n")
        )
        return f"{text_head}{''.join(paragraphs)}</table:table-cell>"

    def texts() -> Iterator[str]:
        for row in rows:
            cells = ["<table:table-row>"]
            for head, tail, value in zip(heads, tails, row, strict=True):
                if value is None or value == "":
                    cells.append("<table:table-cell/>")
                elif isinstance(value, str):
                    cell = known.get(value)
                    if cell is None:
                        cell = known[value] = text_cell(value)
                    cells.append(cell)
                elif isinstance(value, date):
                    cells.append(
                        '<table:table-cell office:value-type="date" office:date-value="'
                        f"{value.isoformat()}{date_tail}"
                    )
                else:
                    cells.append(f'<table:table-cell {head} office:value="{_plain(value)}{tail}')
            cells.append("</table:table-row>")
            yield "".join(cells)

    return _joined(texts())


def _plain(value: "int | Decimal") -> str:
    return str(value)


def _joined(rows: Iterator[str]) -> Iterator[str]:
    while piece := list(islice(rows, _ROWS_AT_ONCE)):
        yield "".join(piece)
