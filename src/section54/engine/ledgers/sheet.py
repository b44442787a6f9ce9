"""From the records of one sheet to typed lines, with every row accounted for.

``rows = read + rejected + blank + headings`` holds for each sheet, counted on records.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from section54.engine.errors import BadInput
from section54.engine.ledgers.amounts import parse_amount
from section54.engine.ledgers.columns import (
    HEADER_WITHIN,
    SAMPLE,
    HeadingWords,
    Layout,
    find_header,
    find_layout,
    header_named_by,
    header_strength,
)
from section54.engine.ledgers.dates import order_of, parse_date
from section54.engine.ledgers.lines import LEDGER_SCHEMA, MONEY
from section54.engine.ledgers.text import clean


BATCH = 50_000  # records converted at a time
OTHER_HEADER = 3.0  # strength from which a later row is a new heading row
MOST_LAYOUTS = 60  # heading rows with columns of their own; a year by month has twelve
FOREIGN = r"[$€]|(?i:\b(?:USD|EUR)\b)"
LONGEST_NAME = 300  # characters of a payee's name that are kept
LONGEST_TEXT = 2_000  # characters of any other text
JOINED_BY = " › "  # between the words of columns that share a role
KEPT_TEXT = 500  # characters of a rejected row that are kept to recognise it by

# Words that may stand around "total" on a line that sums others, and in no supplier's name.
_TOTAL = re.compile(
    r"^(?:(?:sub|grand|overall|report|sheet|page|monthly?|quarterly?|net|gross|invoice|final|"
    r"running|column)[ -]*)*"
    r"totals?\b[ :=()\[\]-]*(?:(?:amount|value|spend|spent|expenditure|payments?|paid|of|for|in|"
    r"lines?|items?|records?|transactions?|invoices?|month|quarter|year|period|£|gbp|net|gross|vat|"
    r"excl|excluding|incl|including|all|over|above|per|"
    r"jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec|"
    r"january|february|march|april|august|september|october|november|december)\b.*|"
    r"£.*|(?:19|20)\d\d(?:[ /-]+\d{2,4})?)?$"
    r"|^(?:balance|total|amount)?[ -]*(?:carried|brought)[ -]+forward\b|^[cb] ?/ ?f(?:wd)?$"
    r"|^cyfanswm\b",
    re.IGNORECASE,
)
_MAY_NAME_TOTAL = "total|forward|/ ?f|cyfanswm"  # looked for first, as it is quick
_FIRM = re.compile(r"\b(?:ltd|limited|plc|llp|inc|cyf|cyfyngedig)\b\.?$", re.IGNORECASE)
# "Total Adult Care" is a total only where it sums the rows above: "Total Fitness" is a firm.
_STARTS_WITH_TOTAL = re.compile(r"(?:sub|grand)?[ -]*totals?\b", re.IGNORECASE)
_THOUSANDS = re.compile(r"£ ?'?0{3}|£ ?[km]\b|\bthousands?\b|\bmillions?\b", re.IGNORECASE)
_ENDS_IN_TOTAL = re.compile(r"\b(?:sub[ -]?)?total$", re.IGNORECASE)


class NoLayoutError(ValueError):
    """A sheet is not a list of payments; the message says what was missing."""


@dataclass(slots=True)
class SheetOutcome:
    """What became of a sheet's records; counts are of records, money is pounds."""

    lines: pa.Table
    rejected: list[tuple[int, str, str]]
    layouts: list[Layout]
    rows: int
    blank: int
    headings: int
    column_total: Decimal
    dates_missing: int
    notes: list[str] = field(default_factory=list)

    @property
    def read(self) -> int:
        """Return the number of payment lines."""
        return int(self.lines.num_rows)

    @property
    def amount(self) -> Decimal:
        """Return the sum of the lines read, pounds."""
        total = pc.sum(self.lines["amount"]).as_py()
        return Decimal(total) if total is not None else Decimal("0.00")


class Grid:
    """The cells of a sheet, column by column; a missing cell is empty text."""

    def __init__(
        self, rows: Iterable[Sequence[str]], on_batch: Callable[[int], None] | None = None
    ):
        """Take in records, ``BATCH`` at a time, telling ``on_batch`` how many are in."""
        chunks: list[list[pa.Array]] = []
        lengths: list[int] = []
        source = iter(rows)
        self.head: list[list[str]] = []
        while batch := list(islice(source, BATCH)):
            if not chunks:
                self.head = [list(record) for record in batch[: HEADER_WITHIN + 5]]
            width = max(len(record) for record in batch)
            cells = (
                zip(*batch, strict=True)
                if all(len(record) == width for record in batch)
                else zip(*(_padded(record, width) for record in batch), strict=True)
            )
            chunks.append([pa.array(column, pa.string()) for column in cells])
            lengths.append(len(batch))
            if on_batch:
                on_batch(sum(lengths))
        self.records = sum(lengths)
        self.width = max((len(chunk) for chunk in chunks), default=0)
        self.columns = [
            pa.chunked_array(
                [
                    chunk[index] if index < len(chunk) else pa.array([""] * length, pa.string())
                    for chunk, length in zip(chunks, lengths, strict=True)
                ],
                pa.string(),
            )
            for index in range(self.width)
        ]

    def record(self, index: int) -> list[str]:
        """Return one record's cells, tidy, by its 0-based index."""
        return [clean(column[index].as_py()) for column in self.columns]

    def sample(self, start: int, end: int) -> list[list[str]]:
        """Return up to ``SAMPLE`` records that are not blank, spread evenly between two indexes."""
        if end <= start:
            return []
        step = max(1, (end - start) // SAMPLE)
        picks = pa.array(range(start, end, step)[: SAMPLE + 50])
        columns = [
            [clean(cell) for cell in column.take(picks).to_pylist()] for column in self.columns
        ]
        rows = [list(cells) for cells in zip(*columns, strict=True)]
        return [row for row in rows if any(row)]

    def blank(self) -> np.ndarray:
        """Return which records hold nothing but white space."""
        blank = np.ones(self.records, dtype=bool)
        for column in self.columns:
            if not blank.any():
                break
            trimmed = pc.utf8_trim_whitespace(column)
            empty = pc.equal(pc.binary_length(trimmed), 0).to_numpy(zero_copy_only=False)
            maybe = np.flatnonzero(blank & ~empty)
            # Zero-width characters survive trimming: look again at short cells beyond ASCII.
            odd = pc.and_(
                pc.less_equal(pc.binary_length(trimmed), 12), pc.invert(pc.string_is_ascii(trimmed))
            )
            for index in maybe[np.asarray(odd)[maybe]]:
                if not clean(column[int(index)].as_py()):
                    empty[index] = True
            blank &= empty
        return blank


def _padded(record: Sequence[str], width: int) -> list[str]:
    return [*record, *[""] * (width - len(record))]


def read_sheet(
    grid: Grid,
    *,
    source: str,
    sheet: str,
    words: HeadingWords,
    correction: Mapping[str, str] | None = None,
) -> SheetOutcome:
    """Turn a sheet's records into typed lines.

    Args:
        grid: The sheet's cells.
        source: SHA-256 of the file's content, kept on each line.
        sheet: The sheet's name, "" for text files.
        words: The table of headings.
        correction: role → column, set by a person for this publisher.

    Raises:
        NoLayoutError: no payee or no amount column was found, or hardly a row has an amount.
    """
    blank = grid.blank()
    filled = np.flatnonzero(~blank)
    if not len(filled):
        raise NoLayoutError("it is empty")
    header = header_named_by(grid.head, correction)
    if header is None:
        header = find_header([[clean(cell) for cell in record] for record in grid.head], words)
    if header is not None and filled[-1] <= header:
        raise NoLayoutError("it has headings but no payments below them")
    start = 0 if header is None else header + 1
    layout = _layout(grid, header, start, _until(grid, header, words), words, correction)

    notes = _cell_notes(grid, layout)
    notes += [] if header is None else _warnings(grid, layout, header)
    headings: set[int] = set()
    if header is not None:
        headings.update(int(i) for i in filled[filled <= header])
    outcome = SheetOutcome(
        lines=LEDGER_SCHEMA.empty_table(),
        rejected=[],
        layouts=[layout],
        rows=grid.records,
        blank=int(blank.sum()),
        headings=0,
        column_total=Decimal("0.00"),
        dates_missing=0,
        notes=notes,
    )
    parts: list[pa.Table] = []
    end = grid.records
    no_headings: set[int] = set()
    while start < end:
        if len(outcome.layouts) + len(no_headings) > MOST_LAYOUTS:
            raise NoLayoutError(f"rows that look like headings stand in it {MOST_LAYOUTS} times")
        stretch = _Stretch(grid, layout, start, end, blank, words, no_headings)
        following: Layout | None = None
        if stretch.next_header is not None:
            try:
                following = _layout_below(grid, stretch.next_header, words, correction)
            except NoLayoutError:
                # No payments below it by its own words: a row like any other.
                no_headings.add(stretch.next_header)
                continue
        headings |= stretch.headings
        if header is None and not headings:
            # Title rows above a ledger without headings: everything before its first payment.
            first = stretch.first_line
            titles = {r for r in stretch.unreadable if r < first}
            headings |= titles
            stretch.unreadable = [r for r in stretch.unreadable if r not in titles]
        stop = stretch.next_header if stretch.next_header is not None else end
        lines, rejected, missing = stretch.finish(stop, source, sheet)
        parts.append(lines)
        outcome.rejected += rejected
        outcome.dates_missing += missing
        outcome.column_total += stretch.column_total(stop)
        from_gross = int(stretch.from_gross[: stop - start].sum())
        if from_gross:
            outcome.notes.append(
                f"{from_gross:,} rows leave the net amount blank: their gross amount was used."
            )
        if following is None:
            break
        headings.add(stop)
        start = stop + 1
        header, layout = stop, following
        outcome.layouts.append(layout)
        outcome.notes.append(
            f"The columns change at row {stop + 1}, where a new heading row stands; "
            "the rows below it were read by that heading."
        )
    outcome.lines = pa.concat_tables(parts)
    outcome.headings = len(headings)
    outcome.rejected.sort()
    read, rejected_rows = outcome.read, len(outcome.rejected)
    if not read:
        raise NoLayoutError("no row has a readable amount")
    if read < rejected_rows:
        raise NoLayoutError(
            f"only {read:,} of {read + rejected_rows:,} rows have a readable amount"
        )
    return outcome


def _cell_notes(grid: Grid, layout: Layout) -> list[str]:
    """Return what was done to cells that a reader should know: cut off, or not in pounds."""
    notes = []
    supplier = layout.index("supplier")
    for index in {column.index for column in layout.columns}:
        longest = LONGEST_NAME if index == supplier else LONGEST_TEXT
        long = pc.greater(pc.utf8_length(grid.columns[index]), longest)
        count = int(pc.sum(long).as_py() or 0)
        if count:
            notes.append(
                f"{count:,} cells of column {index + 1} are longer than {longest:,} characters: "
                "what comes after was cut off."
            )
    if layout.amount is not None:
        foreign = pc.match_substring_regex(grid.columns[layout.amount[0]], FOREIGN)
        count = int(pc.sum(foreign).as_py() or 0)
        if count:
            notes.append(
                f"{count:,} amounts carry the sign of a foreign currency and were read as pounds: "
                "check them."
            )
    return notes


def _warnings(grid: Grid, layout: Layout, header: int) -> list[str]:
    """Return what a careful reader of the sheet should look at: moved cells, thousands."""
    notes = []
    last = max(i for i, cell in enumerate(grid.record(header)) if cell)
    beyond = np.zeros(grid.records, dtype=bool)
    for column in grid.columns[last + 1 :]:
        beyond |= pc.greater(pc.binary_length(pc.utf8_trim_whitespace(column)), 0).to_numpy()
    rows = np.flatnonzero(beyond)
    rows = rows[rows > header]
    if 0 < len(rows) * 20 <= grid.records or 0 < len(rows) <= 3:
        notes.append(
            f"{len(rows):,} {'row holds' if len(rows) == 1 else 'rows hold'} cells beyond the last "
            f"heading, first row {rows[0] + 1}: a comma within a name may have moved the cells "
            "along, so check the amounts there."
        )
    heading = layout.headers[layout.amount[0]] if layout.amount else ""
    if _THOUSANDS.search(heading):
        notes.append(
            f"The heading “{heading}” speaks of thousands or millions, "
            "but its amounts were read as pounds."
        )
    return notes


def _layout_below(
    grid: Grid, header: int, words: HeadingWords, correction: Mapping[str, str] | None
) -> Layout:
    """Return the layout under a later heading row; a correction holds where its columns exist."""
    end = _until(grid, header, words)
    try:
        return _layout(grid, header, header + 1, end, words, correction)
    except BadInput:
        return _layout(grid, header, header + 1, end, words, None)


def _until(grid: Grid, header: int | None, words: HeadingWords) -> int:
    """Return where the next heading row stands that has this one's names in other columns.

    What lies below it must not be looked at to find out what this heading row's columns hold.
    """
    if header is None:
        return grid.records
    names = [cell for cell in grid.record(header) if cell]
    known = np.zeros(grid.records, dtype=np.int16)
    for column in grid.columns:
        known += pc.is_in(pc.utf8_trim_whitespace(column), pa.array(names, pa.string())).to_numpy()
    for record in np.flatnonzero(known >= max(2, len(names) // 2)):
        moved = record > header and grid.record(int(record)) != grid.record(header)
        if moved and header_strength(grid.record(int(record)), words) >= OTHER_HEADER:
            return int(record)
    return grid.records


def _layout(
    grid: Grid,
    header: int | None,
    start: int,
    end: int,
    words: HeadingWords,
    correction: Mapping[str, str] | None,
) -> Layout:
    layout = find_layout(
        headers=grid.record(header) if header is not None else [],
        header_record=0 if header is None else header + 1,
        sample=grid.sample(start, end),
        words=words,
        correction=correction,
    )
    missing = [
        what
        for what, found in (
            ("who was paid", layout.index("supplier") is not None),
            ("how much", layout.amount is not None),
        )
        if not found
    ]
    if missing:
        raise NoLayoutError(f"no column says {' or '.join(missing)}")
    return layout


class _Stretch:
    """The records between one heading row and the next that changes the columns."""

    def __init__(
        self,
        grid: Grid,
        layout: Layout,
        start: int,
        end: int,
        blank: np.ndarray,
        words: HeadingWords,
        no_headings: Container[int],
    ) -> None:
        self.grid, self.layout, self.start, self.end = grid, layout, start, end
        self.blank = blank[start:end]
        amount = layout.amount
        supplier = layout.index("supplier")
        if amount is None or supplier is None:
            raise NoLayoutError("no column says who was paid or how much")
        self.column = self._money(amount[0])
        self.amounts, self.from_gross = self._with_gross(amount)
        readable = np.asarray(pc.is_valid(self.amounts))
        self.suppliers = self._text(supplier)
        self.headings: set[int] = set()
        self.next_header: int | None = None
        self.unreadable: list[int] = []
        for offset in np.flatnonzero(~self.blank & ~readable):
            record = start + int(offset)
            kind = "" if record in no_headings else self._heading(record, words)
            if kind == "other":
                self.next_header = record
                break
            if kind == "same":
                self.headings.add(record)
            else:
                self.unreadable.append(record)
        self.readable = readable
        offsets = np.flatnonzero(readable)
        self.first_line = start + int(offsets[0]) if len(offsets) else end

    def _text(self, index: int) -> pa.Array:
        """Return a column's cells, tidy; each distinct cell is cleaned once."""
        longest = LONGEST_NAME if index == self.layout.index("supplier") else LONGEST_TEXT
        return _each_once(self._raw(index), lambda cell: clean(cell)[:longest], pa.string())

    def _money(self, index: int) -> pa.Array:
        return _each_once(self._raw(index), lambda cell: parse_amount(clean(cell)), MONEY)

    def _with_gross(self, amount: tuple[int, str]) -> tuple[pa.Array, np.ndarray]:
        """Take the gross amount of a row whose net amount is left blank, and say of which."""
        gross = self.layout.index("amount_gross")
        if amount[1] != "net" or gross is None:
            return self.column, np.zeros(len(self.column), dtype=bool)
        instead = self._money(gross)
        blank = pc.equal(pc.binary_length(self._text(amount[0])), 0)
        use = pc.and_(blank, pc.is_valid(instead))
        return pc.if_else(use, instead, self.column), np.asarray(use)

    def _raw(self, index: int) -> pa.ChunkedArray:
        return self.grid.columns[index].slice(self.start, self.end - self.start)

    def _heading(self, record: int, words: HeadingWords) -> str:
        cells = self.grid.record(record)
        if self.layout.headers:
            filled = sum(1 for cell in cells if cell)
            same = sum(
                1
                for here, known in zip(cells, self.layout.headers, strict=False)
                if here and here.lower() == known.lower()
            )
            if same >= 2 and same * 5 >= filled * 4:
                return "same"
        return "other" if header_strength(cells, words) >= OTHER_HEADER else ""

    def column_total(self, stop: int) -> Decimal:
        """Return the sum of every numeric cell of the amount column before ``stop``."""
        total = pc.sum(self.column.slice(0, stop - self.start)).as_py()
        return Decimal(total) if total is not None else Decimal("0.00")

    def finish(
        self, stop: int, source: str, sheet: str
    ) -> tuple[pa.Table, list[tuple[int, str, str]], int]:
        """Return the lines before ``stop``, the rows rejected, and the lines without a date."""
        count = stop - self.start
        keep = self.readable[:count].copy()
        rejected = []
        amount_column = self.layout.amount
        for record in self.unreadable:
            if record >= stop:
                continue
            cells = self.grid.record(record)
            cell = cells[amount_column[0]] if amount_column else ""
            if any(_names_total(c) for c in cells if c):
                reason = "total line"
            elif cell:
                reason = f"no readable amount: “{cell[:40]}”"
            else:
                reason = "no amount"
            rejected.append((record + 1, reason, _row_text(cells)))
        for record, reason in self._totals(keep):
            keep[record - self.start] = False
            rejected.append((record + 1, reason, _row_text(self.grid.record(record))))
        lines, missing = self._lines(keep, count, source, sheet)
        return lines, rejected, missing

    def _totals(self, keep: np.ndarray) -> list[tuple[int, str]]:
        """Find the lines that sum others: by their words, or an amount that stands alone."""
        count = len(keep)
        suppliers = self.suppliers.slice(0, count)
        empty = np.asarray(pc.equal(pc.binary_length(suppliers), 0))
        labels = np.zeros(count, dtype=bool)
        for column in range(self.grid.width):
            cells = self._raw(column).slice(0, count)
            named_so = pc.match_substring_regex(cells, _MAY_NAME_TOTAL, ignore_case=True)
            labels |= np.asarray(named_so.combine_chunks())
        found: list[tuple[int, str]] = []
        cents: np.ndarray | None = None
        for offset in np.flatnonzero(keep & (empty | labels)):
            record = self.start + int(offset)
            cells = self.grid.record(record)
            filled = [c for c in cells if c]
            words = [c for c in filled if parse_amount(c) is None]
            named = [c for c in words if _names_total(c)]
            subtotal = [c for c in words if _ENDS_IN_TOTAL.search(c)]
            bare = len(words) <= 2 and self._undated(cells)
            if (named and (len(words) <= 2 or not cells[self._supplier])) or (subtotal and bare):
                found.append((record, "total line"))
                continue
            total_of = bare and any(_STARTS_WITH_TOTAL.match(c) for c in words)
            if (cells[self._supplier] or words) and not total_of:
                continue
            if cents is None:
                cents = _pennies(self.amounts.slice(0, count), keep)
            totals = [row - self.start for row, _ in found]
            above = int(cents[:offset].sum()) - int(cents[totals].sum())
            section = int(cents[max(totals, default=-1) + 1 : offset].sum())
            if int(cents[offset]) in {above, section} - {0}:
                found.append((record, "total line (the sum of the rows above)"))
            elif len(filled) == 1:
                found.append((record, "total line (an amount with nothing beside it)"))
        return found

    @property
    def _supplier(self) -> int:
        index = self.layout.index("supplier")
        return 0 if index is None else index

    def _undated(self, cells: Sequence[str]) -> bool:
        index = self.layout.index("date")
        return index is None or parse_date(cells[index]) is None

    def _lines(self, keep: np.ndarray, count: int, source: str, sheet: str) -> tuple[pa.Table, int]:
        mask = pa.array(keep)
        records = pa.array(np.flatnonzero(keep) + self.start + 1, pa.int64())
        length = len(records)

        def text(role: str) -> pa.Array:
            index = self.layout.index(role)
            if index is None:
                return pa.array([""] * length, pa.string())
            further = self.layout.further.get(role, ())
            columns = [self._text(i).slice(0, count).filter(mask) for i in (index, *further)]
            if len(columns) == 1:
                return columns[0]
            joined = pc.binary_join_element_wise(*columns, JOINED_BY)
            return pc.replace_substring_regex(joined, f"^(?:{JOINED_BY})+|(?:{JOINED_BY})+$", "")

        def money(role: str) -> pa.Array:
            index = self.layout.index(role)
            if index is None:
                return pa.nulls(length, MONEY)
            return self._money(index).slice(0, count).filter(mask)

        dates = pa.nulls(length, pa.date32())
        index = self.layout.index("date")
        if index is not None:
            cells = self._text(index).slice(0, count).filter(mask)
            order = order_of(pc.unique(cells).to_pylist())
            dates = _each_once(cells, lambda cell: parse_date(cell, order), pa.date32())
        amount = self.amounts.slice(0, count).filter(mask)
        columns = {
            "source": pa.array([source] * length, pa.string()),
            "sheet": pa.array([sheet] * length, pa.string()),
            "row": records,
            "date": dates,
            "supplier_as_written": self.suppliers.slice(0, count).filter(mask),
            "supplier_number": text("supplier_number"),
            "amount": amount,
            **{role: money(role) for role in ("amount_net", "amount_gross", "vat")},
            "description": text("description"),
            "expense_type": text("expense_type"),
            "publisher_category": text("category"),
            "department": text("department"),
            "reference": text("reference"),
            "postcode": text("postcode"),
            "company_number": text("company_number"),
        }
        table = pa.Table.from_arrays(
            [columns[field.name] for field in LEDGER_SCHEMA], schema=LEDGER_SCHEMA
        )
        return table, int(pc.sum(pc.is_null(dates)).as_py() or 0)


def _each_once(
    cells: pa.ChunkedArray | pa.Array, convert: Callable[[str], object], kind: pa.DataType
) -> pa.Array:
    """Convert each distinct cell once and put the results back in place."""
    if isinstance(cells, pa.ChunkedArray):
        cells = cells.combine_chunks()
    coded = cells.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    values = pa.array([convert(value) for value in coded.dictionary.to_pylist()], kind)
    return values.take(coded.indices)


def _names_total(cell: str) -> bool:
    return bool(_TOTAL.match(cell)) and not _FIRM.search(cell)


def _pennies(amounts: pa.Array, keep: np.ndarray) -> np.ndarray:
    pennies = pc.multiply(pc.fill_null(amounts, Decimal("0.00")), Decimal(100))
    values = np.array([int(v) for v in pennies.to_pylist()], dtype=np.int64)
    return np.where(keep, values, 0)


def _row_text(cells: Sequence[str]) -> str:
    return " | ".join(cell for cell in cells if cell)[:KEPT_TEXT]
