"""Text files as bodies save them: any encoding, any line end, any delimiter, stray quotes."""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from ftfy import fix_encoding


DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
# A quoted cell may hold a few lines of an address; forty lines mean that a quote was never closed.
RUNAWAY_LINES = 40
LONGEST_CELL = 1_000_000
LOOKED_AT = 200_000  # letters from which the delimiter is told

_MIXED = "utf-8 with windows-1252 lines"
# What UTF-8 read as Windows-1252 looks like; only such cells are worth the repair.
_MOJIBAKE = re.compile(r"[ÂÃâÅË][\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|ï»¿|ï¿½")
_SPACES = re.compile(r"\s+")
_INVISIBLE = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
)


def decode(data: bytes) -> tuple[str, str]:
    """Return a file's text and the name of its encoding.

    A byte-order mark of UTF-16 decides; without one, UTF-16 is known by its zero bytes, then UTF-8
    is tried, and what is left is Windows-1252. A file that is UTF-8 but for a few lines is read
    line by line (``utf-8 with windows-1252 lines``), and so is one that has UTF-8's mark but is
    not UTF-8 throughout. Every byte becomes a character: nothing is dropped.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace"), "utf-16"
    if data.startswith(b"\xef\xbb\xbf"):
        try:
            return data.decode("utf-8-sig"), "utf-8-sig"
        except UnicodeDecodeError:
            lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
            return "\n".join(_decode_line(line) for line in lines), _MIXED
    head = data[:4000]
    zeros = head.count(0)
    if zeros > len(head) // 5:
        little = head[1::2].count(0) >= head[0::2].count(0)
        encoding = "utf-16-le" if little else "utf-16-be"
        return data.decode(encoding, errors="replace"), encoding
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    lines = data.split(b"\n")
    utf8_lines = sum(_is_utf8_beyond_ascii(line) for line in lines)
    if utf8_lines > sum(not line.isascii() for line in lines) // 2:
        text = "\n".join(_decode_line(line) for line in lines)
        return text, _MIXED
    return _windows_1252(data), "windows-1252"


def _is_utf8_beyond_ascii(line: bytes) -> bool:
    if line.isascii():
        return False
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode_line(line: bytes) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return _windows_1252(line)


def _windows_1252(data: bytes) -> str:
    # Five bytes mean nothing in Windows-1252: they are kept as the control characters of Latin-1.
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(
            bytes([byte]).decode("latin-1" if byte in _UNDEFINED else "cp1252") for byte in data
        )


_UNDEFINED = frozenset({0x81, 0x8D, 0x8F, 0x90, 0x9D})


def find_delimiter(text: str) -> str:
    """Return the delimiter under which the first records agree most on a width over one."""
    sample = io.StringIO(text[:LOOKED_AT], newline="")
    lines = list(islice(sample, 300))
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = Counter(
            len(record) for record in records(lines, delimiter) if any(c.strip() for c in record)
        )
        if not widths:
            continue
        total = sum(widths.values())
        score = (
            max((count / total) * min(width, 6) for width, count in widths.items() if width > 1)
            if any(width > 1 for width in widths)
            else 0.0
        )
        if score > best_score:
            best, best_score = delimiter, score
    return best


def records(
    lines: Iterable[str],
    delimiter: str,
    width: int = 0,
    on_open: Callable[[], None] = lambda: None,
) -> Iterator[list[str]]:
    """Split lines into records. A quoted newline does not end one; an unclosed quote is ignored.

    A blank line is a record too (an empty list). A quote that is never closed would swallow the
    lines after it, payments and all. It shows in that the lines then make no well-formed record,
    or more than forty of them, or a million characters: the first line is then read on its own,
    and reading goes on from the second.

    Args:
        lines: The lines with their ends.
        delimiter: What divides cells.
        width: Cells of the record before these, where they are not the first.
        on_open: Told when the lines end while a quote is open, before anything is mended.
    """
    csv.field_size_limit(LONGEST_CELL)
    pending: list[str] = []
    source = iter(lines)
    again: deque[str] = deque()
    ended = False

    def feed() -> Iterator[str]:
        nonlocal ended
        while True:
            line = again.popleft() if again else next(source, None)
            if line is None:
                ended = True  # asked for more after the last line: a quote is still open
                return
            pending.append(line)
            yield line

    reader = csv.reader(feed(), delimiter=delimiter)
    while True:
        pending.clear()
        try:
            record = next(reader, None)
        except csv.Error:
            record = None
            if not pending:
                raise
        if record is None and not pending:
            return
        if record is None or ended or (len(pending) > 1 and _unclosed(pending, delimiter)):
            if ended:
                on_open()
            ended = False
            record = _alone(pending[0], delimiter, width)
            again.extendleft(reversed(pending[1:]))
            reader = csv.reader(feed(), delimiter=delimiter)
        width = len(record) or width
        yield record


def _unclosed(lines: list[str], delimiter: str) -> bool:
    """Say whether lines that were joined into one record make no well-formed record."""
    if len(lines) > RUNAWAY_LINES:
        return True
    try:
        return len(list(csv.reader(lines, delimiter=delimiter, strict=True))) != 1
    except csv.Error:
        return True


def _alone(line: str, delimiter: str, width: int) -> list[str]:
    """Read one line that holds an unclosed quote: as a record if its width fits, else plainly."""
    plain = [cell.strip().strip('"') for cell in line.rstrip("\r\n").split(delimiter)]
    if len(plain) != width and len(line) <= LONGEST_CELL:
        quoted = next(csv.reader([line.rstrip("\r\n")], delimiter=delimiter), [])
        if len(quoted) == width:
            return quoted
    return plain


def lines_of(text: str) -> Iterator[str]:
    """Yield a text's lines, whether they end in LF, CRLF or a bare CR."""
    return iter(io.StringIO(text, newline=""))


def clean(cell: str) -> str:
    """Return a cell as a person reads it: mojibake repaired, spaces single, nothing invisible.

    >>> clean("  CafÃ© \\u200b Ltd ")
    'Café Ltd'
    """
    if not cell.isascii():
        if _MOJIBAKE.search(cell):
            cell = fix_encoding(cell)
        cell = _INVISIBLE.sub("", cell)
    elif not cell.isprintable():
        cell = _INVISIBLE.sub("", cell)
    return _SPACES.sub(" ", cell).strip()
