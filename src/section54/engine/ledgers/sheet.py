"""From the records of one sheet to typed lines, with every row accounted for.

``rows = read + rejected + blank + headings`` holds for each sheet, counted on records.
"""

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
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
from section54.engine.ledgers.lines import CODED_SCHEMA, LEDGER_SCHEMA, MONEY
from section54.engine.ledgers.pieces import Piece, Stretch
from section54.engine.ledgers.text import clean
from section54.engine.ledgers.values import amounts_of, pennies_of, tidied, with_letters


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
    """What became of a sheet's records; counts are of records, money is pounds.

    ``coded`` holds the lines with their texts as dictionaries, which is a tenth of the room.
    """

    coded: pa.Table
    rejected: list[tuple[int, str, str]]
    layouts: list[Layout]
    rows: int
    blank: int
    headings: int
    column_total: Decimal
    dates_missing: int
    notes: list[str] = field(default_factory=list)

    @property
    def lines(self) -> pa.Table:
        """Return the lines as ``LEDGER_SCHEMA`` has them."""
        return self.coded.cast(LEDGER_SCHEMA)

    @property
    def read(self) -> int:
        """Return the number of payment lines."""
        return int(self.coded.num_rows)

    @property
    def amount(self) -> Decimal:
        """Return the sum of the lines read, pounds."""
        total = pc.sum(self.coded["amount"]).as_py()
        return Decimal(total) if total is not None else Decimal("0.00")


class Cells:
    """One column: its distinct cells as written, and which of them stands in each record."""

    def __init__(self, values: pa.Array, codes: np.ndarray) -> None:
        self.values = values
        self.codes = codes

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.codes)

    def cell(self, record: int) -> str:
        """Return a record's cell as written."""
        text: str = self.values[int(self.codes[record])].as_py()
        return text

    @cached_property
    def tidy(self) -> pa.Array:
        """The distinct cells, tidy."""
        return tidied(self.values)

    @cached_property
    def pounds(self) -> pa.Array:
        """What the distinct cells say as pounds; null where they say none."""
        return amounts_of(self.tidy)

    def spread(self, of_values: pa.Array | np.ndarray) -> np.ndarray:
        """Return for each record what holds for its cell."""
        found: np.ndarray = np.asarray(of_values)[self.codes]
        return found


class Grid:
    """The cells of a sheet, column by column; a missing cell is empty text."""

    def __init__(
        self, rows: Iterable[Sequence[str]], on_batch: Callable[[int], None] | None = None
    ):
        """Take in records, ``BATCH`` at a time, telling ``on_batch`` how many are in."""
        source = iter(rows)
        self._take(iter(lambda: [list(record) for record in islice(source, BATCH)], []), on_batch)

    @classmethod
    def of_pieces(
        cls, pieces: Iterable[Piece], on_batch: Callable[[int], None] | None = None
    ) -> "Grid":
        """Take in records as ``pieces_of`` gives them."""
        grid = cls.__new__(cls)
        grid._take(pieces, on_batch)
        return grid

    def _take(self, pieces: Iterable[Piece], on_batch: Callable[[int], None] | None) -> None:
        self.head: list[list[str]] = []
        self.records = 0
        chunks: list[tuple[int, list[pa.Array]]] = []
        odd: dict[int, list[str]] = {}
        for piece in pieces:
            if isinstance(piece, Stretch):
                odd |= {self.records + place: cells for place, cells in piece.odd.items()}
                chunks.append((len(piece) - len(piece.odd), piece.columns))
            else:
                wanted = HEADER_WITHIN + 5 - len(self.head)
                self.head += piece[: max(0, wanted)] if self.records == len(self.head) else []
                chunks.append((len(piece), _columns(piece)))
            self.records += len(piece)
            if on_batch:
                on_batch(self.records)
        self.width = max(
            (*(len(columns) for _, columns in chunks), *(len(cells) for cells in odd.values())),
            default=0,
        )
        self.columns = []
        for index in range(self.width):
            parts = [
                columns[index] if index < len(columns) else pa.array([""] * length, pa.string())
                for length, columns in chunks
            ]
            for _, columns in chunks:
                if index < len(columns):
                    columns[index] = None  # its memory is needed no longer
            self.columns.append(_cells(parts, index, odd))

    def record(self, index: int) -> list[str]:
        """Return one record's cells, tidy, by its 0-based index."""
        return [clean(column.cell(index)) for column in self.columns]

    def sample(self, start: int, end: int) -> list[list[str]]:
        """Return up to ``SAMPLE`` records that are not blank, spread evenly between two indexes."""
        if end <= start:
            return []
        step = max(1, (end - start) // SAMPLE)
        picks = range(start, end, step)[: SAMPLE + 50]
        rows = [self.record(index) for index in picks]
        return [row for row in rows if any(row)]

    def blank(self) -> np.ndarray:
        """Return which records hold nothing but white space."""
        blank = np.ones(self.records, dtype=bool)
        for column in self.columns:
            # Few records are blank so far after the first columns: only their cells are looked at.
            left = np.flatnonzero(blank)
            if not len(left):
                break
            codes = column.codes[left]
            present = _present(codes, len(column.values))
            values = column.values.take(pa.array(present))
            trimmed = pc.utf8_trim_whitespace(values)
            empty = np.array(pc.equal(pc.binary_length(trimmed), 0))
            # Zero-width characters survive trimming: look again at short cells beyond ASCII.
            odd = pc.and_(
                pc.less_equal(pc.binary_length(trimmed), 12), pc.invert(pc.string_is_ascii(trimmed))
            )
            for value in np.flatnonzero(np.asarray(odd) & ~empty):
                empty[value] = not clean(values[int(value)].as_py())
            of_value = np.zeros(len(column.values), dtype=bool)
            of_value[present] = empty
            blank[left] = of_value[codes]
        return blank


def _present(codes: np.ndarray, values: int) -> np.ndarray:
    """Return which of so many values some code stands for, in order."""
    met = np.zeros(values, dtype=bool)
    met[codes] = True
    return np.flatnonzero(met)


def _columns(records: list[list[str]]) -> list[pa.Array]:
    """Return the columns of records of any width."""
    width = max((len(record) for record in records), default=0)
    cells = (
        zip(*records, strict=True)
        if all(len(record) == width for record in records)
        else zip(*(_padded(record, width) for record in records), strict=True)
    )
    return [pa.array(column, pa.string()).dictionary_encode() for column in cells]


def _cells(parts: list[pa.Array], index: int, odd: Mapping[int, Sequence[str]]) -> Cells:
    """Put the parts of a column together, and the cells of the odd records in their places."""
    plain = sum(len(part) for part in parts if not isinstance(part, pa.DictionaryArray))
    places = np.array(sorted(odd), dtype=np.int64)
    further = pa.array(
        [odd[place][index] if index < len(odd[place]) else "" for place in places.tolist()],
        pa.string(),
    )
    if plain * 2 > sum(map(len, parts)):
        # Hardly a cell comes twice: each is its own value.
        values = pa.concat_arrays(
            [p.dictionary_decode() if isinstance(p, pa.DictionaryArray) else p for p in parts]
        )
        codes = np.arange(len(values), dtype=np.int32)
        start = len(values)
        values = pa.concat_arrays([values, further]) if len(further) else values
        odd_codes = np.arange(start, start + len(further), dtype=np.int32)
    else:
        coded = [p if isinstance(p, pa.DictionaryArray) else p.dictionary_encode() for p in parts]
        chunks = [*coded, further.dictionary_encode()]
        column = pa.chunked_array(chunks, coded[0].type if coded else None).unify_dictionaries()
        values = column.chunk(0).dictionary
        codes = np.concatenate([np.asarray(chunk.indices) for chunk in column.chunks[: len(coded)]])
        odd_codes = np.asarray(column.chunk(len(coded)).indices)
    # ``insert`` wants the places as they are before anything is put in.
    codes = np.insert(codes, places - np.arange(len(places)), odd_codes) if len(places) else codes
    return Cells(values, codes)


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
        coded=CODED_SCHEMA.empty_table(),
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
    outcome.coded = pa.concat_tables(parts)
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
        column = grid.columns[index]
        count = int(column.spread(pc.greater(pc.utf8_length(column.values), longest)).sum())
        if count:
            notes.append(
                f"{count:,} cells of column {index + 1} are longer than {longest:,} characters: "
                "what comes after was cut off."
            )
    if layout.amount is not None:
        column = grid.columns[layout.amount[0]]
        foreign = pc.match_substring_regex(column.values, FOREIGN)
        count = int(column.spread(foreign).sum())
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
        filled = pc.greater(pc.binary_length(pc.utf8_trim_whitespace(column.values)), 0)
        beyond |= column.spread(filled)
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
        named = pc.is_in(pc.utf8_trim_whitespace(column.values), pa.array(names, pa.string()))
        known += column.spread(named)
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

    def _text(self, index: int) -> pa.DictionaryArray:
        """Return a column's cells, tidy; each distinct cell is cleaned once."""
        longest = LONGEST_NAME if index == self.layout.index("supplier") else LONGEST_TEXT
        values = self.grid.columns[index].tidy
        if (pc.max(pc.binary_length(values)).as_py() or 0) > longest:
            values = pc.utf8_slice_codeunits(values, 0, longest)
        return pa.DictionaryArray.from_arrays(pa.array(self._codes(index)), values)

    def _money(self, index: int) -> pa.Array:
        return self.grid.columns[index].pounds.take(pa.array(self._codes(index)))

    def _with_gross(self, amount: tuple[int, str]) -> tuple[pa.Array, np.ndarray]:
        """Take the gross amount of a row whose net amount is left blank, and say of which."""
        gross = self.layout.index("amount_gross")
        if amount[1] != "net" or gross is None:
            return self.column, np.zeros(len(self.column), dtype=bool)
        instead = self._money(gross)
        use = pa.array(self._is_empty(amount[0]) & np.asarray(pc.is_valid(instead)))
        return pc.if_else(use, instead, self.column), np.asarray(use)

    def _codes(self, index: int) -> np.ndarray:
        return self.grid.columns[index].codes[self.start : self.end]

    def _is_empty(self, index: int) -> np.ndarray:
        """Return in which records a column's tidy cell is empty."""
        empty: np.ndarray = np.asarray(
            pc.equal(pc.binary_length(self.grid.columns[index].tidy), 0)
        )[self._codes(index)]
        return empty

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
        empty = self._is_empty(self._supplier)[:count]
        labels = np.zeros(count, dtype=bool)
        for index, column in enumerate(self.grid.columns):
            labels |= _may_name_total(column.values)[self._codes(index)[:count]]
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
                return _always("", length)
            further = self.layout.further.get(role, ())
            columns = [self._text(i).slice(0, count).filter(mask) for i in (index, *further)]
            if len(columns) == 1:
                return columns[0]
            joined = pc.binary_join_element_wise(
                *(column.dictionary_decode() for column in columns), JOINED_BY
            )
            trimmed = pc.replace_substring_regex(joined, f"^(?:{JOINED_BY})+|(?:{JOINED_BY})+$", "")
            return trimmed.dictionary_encode()

        def money(role: str) -> pa.Array:
            index = self.layout.index(role)
            if index is None:
                return pa.nulls(length, MONEY)
            return self._money(index).slice(0, count).filter(mask)

        dates = pa.nulls(length, pa.date32())
        index = self.layout.index("date")
        if index is not None:
            dates = _dates(self._text(index).slice(0, count).filter(mask))
        amount = self.amounts.slice(0, count).filter(mask)
        columns = {
            "source": _always(source, length),
            "sheet": _always(sheet, length),
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
            [columns[field.name] for field in LEDGER_SCHEMA], schema=CODED_SCHEMA
        )
        return table, int(pc.sum(pc.is_null(dates)).as_py() or 0)


def _dates(cells: pa.DictionaryArray) -> pa.Array:
    """Return the days that cells name; each distinct cell is read once."""
    codes = np.asarray(cells.indices)
    present = _present(codes, len(cells.dictionary))
    texts = cells.dictionary.take(pa.array(present)).to_pylist()
    order = order_of(texts)
    days = pa.array([parse_date(text, order) for text in texts], pa.date32())
    place = np.zeros(len(cells.dictionary), dtype=np.int32)
    place[present] = np.arange(len(present))
    return days.take(pa.array(place[codes]))


def _always(text: str, length: int) -> pa.DictionaryArray:
    """Return a column with the same text in every row."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(length, np.int32)), pa.array([text]))


def _may_name_total(values: pa.Array) -> np.ndarray:
    """Return which cells may name a total; a cell without a letter cannot."""
    found = np.zeros(len(values), dtype=bool)
    lettered = with_letters(values)
    some = values.take(pa.array(lettered))
    found[lettered] = np.asarray(pc.match_substring_regex(some, _MAY_NAME_TOTAL, ignore_case=True))
    return found


def _names_total(cell: str) -> bool:
    return bool(_TOTAL.match(cell)) and not _FIRM.search(cell)


def _pennies(amounts: pa.Array, keep: np.ndarray) -> np.ndarray:
    filled = pc.fill_null(amounts, Decimal("0.00"))
    return np.where(keep, pennies_of(filled), 0)


def _row_text(cells: Sequence[str]) -> str:
    return " | ".join(cell for cell in cells if cell)[:KEPT_TEXT]
