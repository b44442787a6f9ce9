"""The container of Excel 97 to 2003 (.xls) and its relatives: what is inside, and is it safe?"""

import struct
from dataclasses import dataclass, field

from section54.engine.intake.limits import Limits
from section54.engine.intake.packages import AGAIN, password
from section54.engine.intake.refusal import NotALedger, another_kind, refuse
from section54.engine.intake.workbooks import Box, check_boxes


MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_FREE, _END_OF_CHAIN, _LARGEST = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFA
_INSTALLER = bytes.fromhex("84100c0000000000c000000000000046")

# A stream's name (lower case) → what the file is.
_KINDS = (
    ("encryptedpackage", "password"),
    ("worddocument", "is a Word document, not a ledger"),
    ("powerpoint document", "is a PowerPoint presentation, not a ledger"),
    ("visiodocument", "is a Visio drawing, not a ledger"),
    ("quill", "is a Publisher document, not a ledger"),
    ("__properties_version1.0", "is an Outlook e-mail, not a ledger"),
)


@dataclass(slots=True)
class Compound:
    """A compound file's streams by name, lower case; storages have no bytes."""

    name: str
    data: bytes = field(repr=False)
    sector: int
    table: list[int]
    entries: list[tuple[str, int, int, int]]

    def has(self, stream: str) -> bool:
        """Tell whether there is a stream or storage of this name."""
        return any(entry[0] == stream for entry in self.entries)

    def streams(self, name: str) -> list[bytes]:
        """Return the bytes of every stream of this name (a file may hold copies within)."""
        return [
            self._read(start, size)
            for entry, kind, start, size in self.entries
            if entry == name and kind == 2
        ]

    def _read(self, start: int, size: int) -> bytes:
        if size < 4096:
            root = next((entry for entry in self.entries if entry[1] == 5), None)
            if root is None:
                raise damaged(self.name)
            small = self._chain(root[2])
            table = _numbers(self._chain(int.from_bytes(self.data[60:64], "little")))
            return _follow(small, table, 64, 0, start, self.name)[:size]
        whole = self._chain(start)
        if len(whole) < size:
            raise damaged(self.name)
        return whole[:size]

    def _chain(self, start: int) -> bytes:
        return _follow(self.data, self.table, self.sector, self.sector, start, self.name)


def damaged(name: str) -> NotALedger:
    """Return the refusal of a compound file that does not hold together."""
    return refuse(name, "is a damaged Excel 97-2003 workbook or Office file", AGAIN)


def _numbers(data: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))


def _follow(data: bytes, table: list[int], size: int, skip: int, start: int, name: str) -> bytes:
    pieces = []
    at = start
    seen = 0
    while at < _LARGEST:
        if at >= len(table) or seen > len(table):
            raise damaged(name)
        pieces.append(data[skip + at * size : skip + (at + 1) * size])
        at = table[at]
        seen += 1
    return b"".join(pieces)


def open_compound(data: bytes, name: str) -> Compound:
    """Return a compound file's directory.

    Raises:
        NotALedger: cut short or damaged.
    """
    if len(data) < 1536:
        raise damaged(name)
    sector = 1 << int.from_bytes(data[30:32], "little") if data[30] in (9, 12) else 0
    if not sector:
        raise damaged(name)
    listed = _numbers(data[76:512])
    following = int.from_bytes(data[68:72], "little")
    most = len(data) // sector + 2
    rounds = 0
    while following < _LARGEST:
        block = _numbers(data[sector * (following + 1) : sector * (following + 2)])
        rounds += 1
        if len(block) < sector // 4 or rounds > most:
            raise damaged(name)
        listed += block[:-1]
        following = block[-1]
    places = [place for place in listed if place < _LARGEST]
    if len(places) > most:
        raise damaged(name)
    table = _numbers(b"".join(data[sector * (p + 1) : sector * (p + 2)] for p in places))
    directory = _follow(data, table, sector, sector, int.from_bytes(data[48:52], "little"), name)
    entries = []
    for at in range(0, len(directory) - 127, 128):
        entry = directory[at : at + 128]
        length = int.from_bytes(entry[64:66], "little")
        if entry[66] in (1, 2, 5) and 2 <= length <= 64:
            text = entry[: length - 2].decode("utf-16-le", "replace").lower()
            start, size = struct.unpack("<II", entry[116:124])
            entries.append((text, entry[66], start, size))
            if entry[66] == 5 and entry[80:96] == _INSTALLER:
                raise another_kind(name, "is a Windows installer", "give the ledger itself")
    return Compound(name, data, sector, table, entries)


def check_xls(data: bytes, name: str, limits: Limits) -> list[str]:
    """Look through an Excel 97-2003 workbook; return what its reader should be told.

    Raises:
        NotALedger: another kind of file, protected by a password, unsafe, or too large.
    """
    compound = open_compound(data, name)
    books = compound.streams("workbook") + compound.streams("book")
    for stream, words in _KINDS:
        if compound.has(stream) and (words == "password" or not books):
            if words == "password":
                raise password(name)
            raise another_kind(name, words, "give the ledger as .xlsx or .csv")
    if not books:
        raise refuse(
            name,
            "is an old Microsoft Office file, but not a workbook",
            "open it in the program that made it and save the ledger as .xlsx or .csv",
        )
    found = (
        {"macros"} if compound.has("_vba_project_cur") or compound.has("_vba_project") else set()
    )
    boxes: list[Box] = []
    for book in books:
        boxes += _walk(book, name, found)
    words = " and ".join(sorted(found))
    if found and not limits.active_content:
        raise refuse(name, f"has {words}", "save it as .xlsx or .csv without them and try that")
    if len(boxes) > limits.sheets:
        raise refuse(
            name, f"has more than {limits.sheets:,} sheets", "give the ledger's sheet alone"
        )
    check_boxes(boxes, name, limits)
    return [f"{name} has {words}: they were passed over, never run or opened."] if found else []


# Records of BIFF5 and BIFF8 that put one value in one cell (row and column come first).
_ONE_CELL = frozenset({0x0006, 0x0203, 0x0204, 0x0205, 0x00D6, 0x00FD, 0x027E, 0x0206, 0x0406})
_MANY_CELLS = 0x00BD
_BEGIN, _PASSWORD, _SIZE, _SHEET, _LINKS, _STRINGS = 0x0809, 0x002F, 0x0200, 0x0085, 0x01AE, 0x00FC
_PLACE = struct.Struct("<HH")
_HEAD = struct.Struct("<HH")


def _walk(book: bytes, name: str, found: set[str]) -> list[Box]:
    """Return the box of each sheet of one BIFF stream, adding to ``found`` what is active."""
    if book[:2] != b"\x09\x08":
        raise damaged(name)
    boxes: list[Box] = []
    box = Box()
    at = 0
    ended = len(book)
    while at + 4 <= ended:
        record, length = _HEAD.unpack_from(book, at)
        at += 4
        if at + length > ended:
            raise damaged(name)
        if record in _ONE_CELL and length >= 6:
            row, column = _PLACE.unpack_from(book, at)
            box.hold(row + 1, column + 1)
        elif record == _MANY_CELLS and length >= 6:
            row, column = _PLACE.unpack_from(book, at)
            box.hold(row + 1, column + (length - 6) // 6, (length - 6) // 6)
        elif record == _BEGIN:
            box = Box()
            boxes.append(box)
        elif record == _PASSWORD:
            raise password(name)
        elif record == _SIZE and length >= 10:
            # Readers make room for what the sheet claims, true or not.
            sizes = struct.unpack_from("<IIHH" if length >= 14 else "<HHHH", book, at)
            box.hold(min(sizes[1], 1 << 20), sizes[3], 0) if sizes[1] and sizes[3] else None
        elif record == _SHEET and length >= 6 and book[at + 5] == 1:
            found.add("macros")
        elif record == _LINKS and length > 4:
            found.add("links to other files")
        elif record == _STRINGS and length >= 8:
            # A string takes at least three bytes: more strings than that is a lie.
            strings = int.from_bytes(book[at + 4 : at + 8], "little")
            if strings > len(book) // 3:
                raise damaged(name)
        at += length
    return boxes
