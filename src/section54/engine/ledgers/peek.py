"""The first records of each sheet as they are, for a person to say which column is which."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from section54.engine.intake.child import run_in_child
from section54.engine.intake.gate import Content, Kind, open_file
from section54.engine.intake.limits import OWN_LEDGERS, Limits
from section54.engine.ledgers.spreadsheets import sheets_of
from section54.engine.ledgers.text import clean, decode, find_delimiter, lines_of, records
from section54.engine.result import SheetHead


HEAD_RECORDS = 80  # headings have been seen below sixty records of other text
HEAD_BYTES = 1 << 18  # of a text file: eighty records of 3,000 characters
CELL = 200  # characters of a cell that are kept
MOST_SHEETS = 60
MOST_COLUMNS = 60


def peek(path: Path, *, limits: Limits = OWN_LEDGERS) -> tuple[SheetHead, ...]:
    """Return the first records of each sheet of a file, read in a child process.

    Raises:
        NotALedger: the file cannot be opened at all; the sentence says what to do.
    """
    answer = run_in_child(
        "section54.engine.ledgers.peek:peek_in_child", {"path": str(path.absolute())}, limits
    )
    return tuple(
        SheetHead(
            file=head["file"],
            sheet=head["sheet"],
            records=tuple(tuple(record) for record in head["records"]),
        )
        for head in answer["heads"]
    )


def peek_in_child(
    *, path: str, limits: Limits, progress: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Do the work of ``peek`` inside the child; the answer is JSON."""
    heads: list[dict[str, Any]] = []
    for content in open_file(Path(path), limits):
        for sheet, rows in _sheets(content):
            if len(heads) < MOST_SHEETS:
                progress({"file": content.name})
                kept = [_tidy(record) for record in islice(rows, HEAD_RECORDS)]
                heads.append({"file": content.name, "sheet": sheet, "records": kept})
    return {"heads": heads}


def _tidy(record: Sequence[str]) -> list[str]:
    return [clean(cell)[:CELL] for cell in record[:MOST_COLUMNS]]


def _sheets(content: Content) -> Iterator[tuple[str, Iterable[Sequence[str]]]]:
    if content.kind is Kind.TEXT:
        text, _ = decode(content.data[:HEAD_BYTES])
        yield "", records(lines_of(text), find_delimiter(text))
        return
    for sheet in sheets_of(content.data, content.name):
        yield sheet.name, sheet.rows
