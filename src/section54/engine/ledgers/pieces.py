"""A text file's records in pieces: well-formed stretches at once, the rest one by one.

Most of a large ledger is plain CSV: every quote opens or closes a cell and no cell holds a line
end. Such stretches are split by Arrow's reader, which gives the same cells as Python's on them;
a stretch with anything else in it goes to ``text.records``, which knows how to mend it. A test
compares both on every kind of mess.
"""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.csv

from section54.engine.ledgers.text import LONGEST_CELL, decode, lines_of, records


FIRST = 1 << 16  # bytes read record by record: titles, headings, and how wide a record is
LARGE = 1 << 24  # bytes looked at together at the most,
SMALL = 1 << 18  # and at the least: a stretch of this size that has a flaw is read one by one
_OPEN_LINES = 1 << 20  # bytes added at a time while a quote stays open
# More rows than this share with another width: not worth the trouble of putting them in place.
_ODD_SHARE = 0.02
# A column with more distinct cells among the first rows than this is not kept as a dictionary.
_DISTINCT = 0.9
_FIRST_ROWS = 5_000


@dataclass(slots=True)
class Stretch:
    """Records of one width, as Arrow columns, and the odd ones that belong between them.

    Attributes:
        columns: The cells of the records of the usual width.
        odd: Place among all records of the stretch → the cells of a record of another width.
    """

    columns: list[pa.Array]
    odd: dict[int, list[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of records."""
        return (len(self.columns[0]) if self.columns else 0) + len(self.odd)


Piece = Stretch | list[list[str]]


def as_utf8(data: bytes) -> tuple[bytes, str]:
    """Return a file's text as UTF-8 without a mark, and the name of its encoding (``decode``)."""
    body = data.removeprefix(codecs.BOM_UTF8)
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff")) or data[:4000].count(0) > (
        len(data[:4000]) // 5
    )
    if not wide and _is_utf8(body):
        return body, "utf-8" if len(body) == len(data) else "utf-8-sig"
    text, encoding = decode(data)
    return text.encode("utf-8"), encoding


def _is_utf8(data: bytes) -> bool:
    """Say whether bytes are UTF-8, without making a text of them."""
    if data.isascii():
        return True
    ends = pa.py_buffer(np.array([0, len(data)], dtype=np.int64))
    whole = pa.Array.from_buffers(pa.large_string(), 1, [None, ends, pa.py_buffer(data)])
    try:
        whole.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def pieces_of(data: bytes, delimiter: str) -> Iterator[Piece]:
    """Yield every record of a text (UTF-8) in order, as ``text.records`` would read them all."""
    at, width = 0, 0
    size = FIRST
    alone = True  # the first stretch is read record by record
    while at < len(data):
        end = _line_end(data, at + size)
        stretch = None
        if not alone:
            if size > SMALL and not _is_plain(data[at:end], delimiter):
                size = max(SMALL, size // 8)
                continue
            if size > SMALL or _is_plain(data[at:end], delimiter):
                stretch = _by_arrow(data[at:end], delimiter, width)
        if stretch is not None:
            yield stretch
            at, size = end, min(LARGE, size * 4)
            continue
        found, end = _one_by_one(data, at, end, delimiter, width)
        yield found
        width = next((len(record) for record in reversed(found) if record), width)
        at, size, alone = end, LARGE if alone else SMALL, False


def _line_end(data: bytes, near: int) -> int:
    """Return where the line ends that holds this place, or the end of all."""
    if near >= len(data):
        return len(data)
    end = data.find(b"\n", near)
    return len(data) if end < 0 else end + 1


def _is_plain(block: bytes, delimiter: str) -> bool:
    """Say whether Arrow and Python's own reader are sure to split these lines alike.

    Every quote opens a cell at its start, closes one at its end, or is one of a pair inside it;
    no cell holds a line end; no line ends in a bare CR; there are no zero bytes.
    """
    if b"\x00" in block or block.count(b"\r") != block.count(b"\r\n"):
        return False
    parts = block.split(b'"')
    if len(parts) == 1:
        return True
    if len(parts) % 2 == 0:
        return False
    # Parts of odd places stand in quotes. An empty part outside is a pair of quotes in a cell.
    outside, inside = parts[0::2], parts[1::2]
    mark = delimiter.encode()
    if not {part[-1:] for part in outside[:-1]} <= {mark, b"\n", b""}:
        return False
    if not {part[:1] for part in outside[1:]} <= {mark, b"\r", b"\n", b""}:
        return False
    return b"\n" not in b"".join(inside)


def _by_arrow(block: bytes, delimiter: str, width: int) -> Stretch | None:
    """Split plain lines by Arrow; None where most of them have another width, or a cell is huge."""
    if width < 2:
        return None
    odd: dict[int, list[str]] = {}
    others: list[tuple[int, str]] = []

    def keep(row: pyarrow.csv.InvalidRow) -> str:
        others.append((row.number - 1, row.text))
        return "skip"

    names = [str(number) for number in range(width)]
    table = pyarrow.csv.read_csv(
        pa.BufferReader(block),
        read_options=pyarrow.csv.ReadOptions(
            use_threads=False, column_names=names, block_size=len(block) + 1
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=delimiter, ignore_empty_lines=False, invalid_row_handler=keep
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[],
            strings_can_be_null=False,
        ),
    )
    if len(others) > 100 + table.num_rows * _ODD_SHARE:
        return None
    for place, line in others:
        odd[place] = next(csv.reader([line], delimiter=delimiter), [])
    columns = [_shortest(column) for column in table.columns]
    if any(_longest(column) >= LONGEST_CELL for column in columns):
        return None
    return Stretch(columns, odd)


def _shortest(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as a dictionary where its cells repeat, else as it is."""
    cells = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    head = cells.slice(0, _FIRST_ROWS)
    if len(head) == _FIRST_ROWS and len(head.unique()) > _FIRST_ROWS * _DISTINCT:
        return cells
    return cells.dictionary_encode()


def _longest(cells: pa.Array) -> int:
    values = cells.dictionary if isinstance(cells, pa.DictionaryArray) else cells
    if not len(values):
        return 0
    offsets = np.frombuffer(values.buffers()[1], dtype=np.int32)
    return int(np.diff(offsets[values.offset : values.offset + len(values) + 1]).max())


def _one_by_one(
    data: bytes, at: int, end: int, delimiter: str, width: int
) -> tuple[list[list[str]], int]:
    """Read lines record by record; where a quote is still open at the end, with the lines after."""
    still_open: list[bool] = []
    while True:
        text = data[at:end].decode("utf-8")
        still_open.clear()
        found = list(
            records(lines_of(text), delimiter, width, on_open=lambda: still_open.append(True))
        )
        if not still_open or end >= len(data):
            return found, end
        end = _line_end(data, end + _OPEN_LINES)


def first_text(data: bytes, letters: int) -> str:
    """Return the first letters of a UTF-8 text."""
    return data[: letters * 4].decode("utf-8", "ignore")[:letters]
