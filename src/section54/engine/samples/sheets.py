"""One sheet of an invented ledger, which counts what it writes while it writes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from section54.engine.samples.model import Line, LineTruth, SheetTruth
from section54.engine.samples.spellings import tidy


Cell = str | int | date | Decimal | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, what a line shows in it, and the role a reader must give it."""

    heading: str
    shows: Callable[[Line], Cell]
    role: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a stretch of a sheet.

    Attributes:
        columns: From left to right; spacers and blank tails included.
        money: How the amount column writes pounds.
        amount: The role of the amount column that a review uses.
        total_in: Index of the column where a total line has its label.
    """

    columns: tuple[Column, ...]
    money: Callable[[Decimal], Cell]
    amount: str = "amount"
    total_in: int = 0

    @property
    def amount_at(self) -> int:
        """The index of the amount column."""
        return [column.role for column in self.columns].index(self.amount)


@dataclass(slots=True)
class Sheet:
    """Rows of cells with their accounting; a row is a record of the file.

    Attributes:
        file: Path below the samples' folder.
        name: The sheet's name, "" for text.
        encoding: Of the text file, "" for workbooks.
        written: What becomes of a spelling in this file, e.g. cut at 30 letters.
        is_ledger: False for notes.
    """

    file: str
    name: str = ""
    encoding: str = ""
    written: Callable[[str], str] = str
    is_ledger: bool = True
    rows: list[list[Cell]] = field(default_factory=list)
    lines: list[LineTruth] = field(default_factory=list)
    _layout: Layout | None = None
    _first: Layout | None = None
    _headings: int = 0
    _blank: int = 0
    _rejected: int = 0
    _totals: Decimal = Decimal("0.00")

    def title(self, *cells: Cell) -> None:
        """Write a row above the headings; in a sheet of notes, a note."""
        self.rows.append(list(cells))
        if self.is_ledger:
            self._headings += 1
        else:
            self._rejected += 1

    def blank(self, count: int = 1, width: int = 0) -> None:
        """Write rows with nothing in them, ``width`` empty cells each."""
        self.rows += [[""] * width for _ in range(count)]
        self._blank += count

    def headings(self, layout: Layout) -> None:
        """Write the heading row of a layout; the lines after it follow that layout."""
        self.rows.append([column.heading for column in layout.columns])
        self._headings += 1
        self._layout = layout
        self._first = self._first or layout

    def line(self, line: Line) -> None:
        """Write a payment line and count it as read, or as rejected without a readable amount."""
        layout = self._now()
        row = [column.shows(line) for column in layout.columns]
        if line.amount is None:
            row[layout.amount_at] = line.amount_text
            self._rejected += 1
        else:
            self.lines.append(
                LineTruth(
                    file=self.file,
                    sheet=self.name,
                    row=len(self.rows) + 1,
                    payee=line.payee.name,
                    written=tidy(self.written(line.written)),
                    amount=line.amount,
                    day=line.day,
                    code=line.buy.code,
                    also=line.buy.also,
                )
            )
        self.rows.append(row)

    def add(self, lines: Sequence[Line]) -> None:
        """Write payment lines in order."""
        for line in lines:
            self.line(line)

    def total(self, label: str) -> None:
        """Write a line that sums every line so far."""
        layout = self._now()
        row: list[Cell] = [""] * len(layout.columns)
        row[layout.total_in] = label
        row[layout.amount_at] = layout.money(self.amount)
        self._totals += self.amount
        self._rejected += 1
        self.rows.append(row)

    @property
    def amount(self) -> Decimal:
        """Pounds of the lines read so far."""
        return sum((line.amount for line in self.lines), Decimal("0.00"))

    @property
    def truth(self) -> SheetTruth:
        """What a review must find in this sheet."""
        columns = self._first.columns if self._first else ()
        return SheetTruth(
            file=self.file,
            sheet=self.name,
            is_ledger=self.is_ledger,
            rows=len(self.rows),
            read=len(self.lines),
            rejected=self._rejected,
            blank=self._blank,
            headings=self._headings,
            amount=self.amount,
            column_total=self.amount + self._totals,
            dates_missing=sum(line.day is None for line in self.lines),
            headings_by_role={c.role: c.heading for c in columns if c.role},
            encoding=self.encoding,
        )

    def _now(self) -> Layout:
        if self._layout is None:
            raise ValueError(f"{self.file}: write the headings before the lines.")
        return self._layout
