"""What pages show of a ledger: its columns by letter, its first records, the rows it lost."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq
from django.db import models
from django.db.models import Q

from section54.engine.ledgers.columns import CHOSEN, ROLES
from section54.engine.ledgers.corrections import ANY_LAYOUT, Corrections
from section54.engine.ledgers.reader import signature_of
from section54.engine.reports.cells import safe_cell
from section54.engine.reports.spreadsheets import REJECTED_COLUMNS
from section54.engine.reports.wording import plain
from section54.engine.result import ColumnFound, SheetHead, SheetRead
from section54.sources.models import Import
from section54.spend.models import Ledger


# role: how a buyer calls it
ROLE_WORDS = {
    "supplier": "Supplier’s name",
    "supplier_number": "Supplier’s account number",
    "amount_net": "Amount without VAT",
    "amount": "Amount (not said whether with VAT)",
    "amount_gross": "Amount with VAT",
    "vat": "VAT",
    "date": "Date paid",
    "description": "Description",
    "expense_type": "Type of expense",
    "category": "Category",
    "department": "Department",
    "reference": "Reference",
    "postcode": "Postcode",
    "company_number": "Company number",
}
# Those that a ledger stands or falls with; the others matter less and are asked for apart.
MAIN_ROLES = (
    "supplier",
    "amount_net",
    "amount",
    "amount_gross",
    "date",
    "description",
    "expense_type",
)
SAMPLE_RECORDS = 8
SAMPLE_COLUMNS = 40
SAMPLE_CELLS = 3  # of a column, in the list to choose from
SAMPLE_LETTERS = 24  # of such a cell
MOST_PARTS = 12  # sheets or layouts of one file that a page shows
SURE, FAIRLY_SURE = 0.8, 0.55


def column_letter(index: int) -> str:
    """Return a column's letter in a spreadsheet.

    >>> column_letter(0), column_letter(25), column_letter(26), column_letter(701)
    ('A', 'Z', 'AA', 'ZZ')
    """
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def sure_words(confidence: float) -> str:
    """Return how sure we are of a column, in words.

    >>> sure_words(0.8), sure_words(0.6), sure_words(0.4)
    ('sure', 'fairly sure', 'a guess: please check')
    """
    if confidence >= SURE:
        return "sure"
    return "fairly sure" if confidence >= FAIRLY_SURE else "a guess: please check"


def in_a_sentence(role: str) -> str:
    """Return a role's words as they stand inside a sentence.

    >>> in_a_sentence("amount_net"), in_a_sentence("vat")
    ('amount without VAT', 'VAT')
    """
    words = ROLE_WORDS[role]
    return words if words.isupper() else words[0].lower() + words[1:]


def on_the_page(sentence: str) -> str:
    """Return the engine's sentence without the command line's options.

    >>> on_the_page("Check it, or say which column is which with --column.")
    'Check it, or say which column is which.'
    """
    return sentence.replace(" with --column", "")


def left_out(ledger: Ledger) -> list[str]:
    """Return what of a file is no ledger, each with its name and the reason."""
    return [
        on_the_page(part.because)
        if part.because.startswith(part.file)
        else f"{part.file}: {on_the_page(part.because)}"
        for part in ledger.refused
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetShown:
    """One sheet, or the sheets of one layout, as a page shows them.

    Attributes:
        layout: By what a correction of it is kept: its headings in one line, or ``*``.
        names: The sheets that have this layout.
        found: The columns that were understood.
        headings: What stands above each column.
        records: The first records of data.
    """

    layout: str
    names: tuple[str, ...]
    found: tuple[ColumnFound, ...]
    headings: tuple[str, ...]
    records: tuple[tuple[str, ...], ...]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Columns to choose from: their 1-based number, and what stands in them."""
        return [
            (str(index + 1), _column_words(index, heading, self.records))
            for index, heading in enumerate(self.headings)
        ]

    @property
    def understood(self) -> dict[str, str]:
        """For each role the 1-based number of its column, or ``none``."""
        known = {column.role: str(column.index + 1) for column in self.found}
        return {role: known.get(role, "none") for role in ROLES}

    @property
    def sample(self) -> list[tuple[str, str, str]]:
        """The headings of the sample table: letter, heading, and what the column is taken for."""
        roles = {column.index: in_a_sentence(column.role) for column in self.found}
        return [
            (column_letter(index), heading, roles.get(index, ""))
            for index, heading in enumerate(self.headings[:SAMPLE_COLUMNS])
        ]

    @property
    def sample_records(self) -> list[list[str]]:
        """The records of the sample table, each as wide as its headings."""
        width = min(len(self.headings), SAMPLE_COLUMNS)
        return [
            [*record[:width], *[""] * (width - len(record))]
            for record in self.records[:SAMPLE_RECORDS]
        ]


def _column_words(index: int, heading: str, records: Sequence[Sequence[str]]) -> str:
    cells = (record[index] for record in records if index < len(record) and record[index])
    few = list(dict.fromkeys(cell[:SAMPLE_LETTERS] for cell in cells))[:SAMPLE_CELLS]
    name = f"{column_letter(index)}: {heading[:60] or 'no heading'}"
    return f"{name} ({', '.join(few)}…)" if few else f"{name} (empty)"


def sheet_shown(sheet: SheetRead, heads: Sequence[SheetHead]) -> SheetShown:
    """Return one sheet that was read, beside its first records."""
    head = next((h for h in heads if (h.file, h.sheet) == (sheet.file, sheet.sheet)), None)
    records = head.records if head else ()
    return _shown(
        sheet.layout or ANY_LAYOUT,
        (name_of(sheet),),
        sheet.columns,
        records,
        sheet.header_record,
    )


def name_of(part: SheetRead | SheetHead) -> str:
    """Return how a sheet is called on a page: its file, and its own name where it has one."""
    return f"{part.file} › {part.sheet}" if part.sheet else part.file


def _shown(
    layout: str,
    names: tuple[str, ...],
    found: tuple[ColumnFound, ...],
    records: Sequence[tuple[str, ...]],
    header_record: int,
) -> SheetShown:
    header = records[header_record - 1] if 0 < header_record <= len(records) else ()
    body = tuple(record for record in records[header_record:] if any(record))
    width = max(
        [len(header), *(len(record) for record in body), *(c.index + 1 for c in found)], default=0
    )
    headings = [*header, *[""] * (width - len(header))]
    for column in found:
        headings[column.index] = headings[column.index] or column.header
    return SheetShown(
        layout=layout, names=names, found=found, headings=tuple(headings), records=body
    )


def parts_to_correct(ledger: Ledger) -> list[SheetShown]:
    """Return the layouts of a ledger whose columns can be corrected, each once.

    Where nothing could be read, the sheets as they are, to say which column is which.
    """
    heads = ledger.heads
    parts: dict[str, SheetShown] = {}
    for sheet in ledger.sheets:
        if not sheet.columns:
            continue
        shown = sheet_shown(sheet, heads)
        known = parts.get(shown.layout)
        if known is None:
            parts[shown.layout] = shown
        else:
            parts[shown.layout] = SheetShown(
                layout=known.layout,
                names=known.names + shown.names,
                found=known.found,
                headings=known.headings,
                records=known.records,
            )
    if parts:
        return list(parts.values())[:MOST_PARTS]
    return [
        _as_it_is(head, ledger.read_with)
        for head in heads[:MOST_PARTS]
        if any(len(record) > 1 for record in head.records)
    ]


def _as_it_is(head: SheetHead, read_with: Corrections) -> SheetShown:
    """Return a sheet that could not be read, with what people said of its columns before."""
    known = {layout: columns for layout, columns in read_with.items() if layout != ANY_LAYOUT}
    at, layout = next(
        (
            (at, layout)
            for at, record in enumerate(head.records, 1)
            for layout in known
            if signature_of(list(record)) == layout
        ),
        (0, ANY_LAYOUT),
    )
    found = tuple(
        ColumnFound(role=role, index=int(column) - 1, header="", confidence=1.0, why=CHOSEN)
        for role, column in read_with.get(layout, {}).items()
        if column.isdecimal() and 0 < int(column) <= max(map(len, head.records))
    )
    return _shown(layout, (name_of(head),), found, head.records, at)


def alike(ledger: Ledger) -> "models.QuerySet[Ledger]":
    """Return other ledgers, here or taken in, that may hold the same payments in another file."""
    if not ledger.read:
        return Ledger.objects.none()
    return (
        Ledger.objects.filter(
            body=ledger.body_id,
            read=ledger.read,
            amount=ledger.amount,
            first_paid=ledger.first_paid,
            last_paid=ledger.last_paid,
        )
        .filter(Q(brought_by=ledger.brought_by_id) | Q(brought_by__state=Import.State.TAKEN_IN))
        .exclude(source__sha256=ledger.source.sha256)
        .select_related("brought_by", "source")
    )


def alike_in_words(ledger: Ledger) -> list[str]:
    """Return how those ledgers are called: by file here, by file and import elsewhere."""
    return [
        plain(other.source.name)
        if other.brought_by_id == ledger.brought_by_id
        else f"{plain(other.source.name)} in {other.brought_by.reference}"
        for other in alike(ledger)
    ]


def rejected_rows(ledgers: Iterable[Ledger]) -> Iterator[dict[str, Any]]:
    """Yield the rows that were not read, a piece in memory at a time."""
    for ledger in ledgers:
        for path in ledger.rejected_files:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=2_000, columns=list(REJECTED_COLUMNS)):
                    yield from batch.to_pylist()


class _Line:
    """Takes what the CSV writer writes, one line at a time."""

    def write(self, text: str) -> str:
        return text


def rejected_as_csv(rows: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Yield rejected rows as lines of CSV that Excel opens as UTF-8 and runs nothing of."""
    writer = csv.writer(_Line(), lineterminator="\r\n")
    heading = io.StringIO()
    csv.writer(heading, lineterminator="\r\n").writerow(REJECTED_COLUMNS)
    yield "\ufeff" + heading.getvalue()
    for row in rows:
        line: str = writer.writerow(
            value if isinstance(value, int) else safe_cell(str(value))
            for value in (row[column] for column in REJECTED_COLUMNS)
        )
        yield line
