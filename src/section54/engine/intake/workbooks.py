"""Is this XLSX or ODS workbook safe to open? Its XML is looked through, never loaded."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from xml.parsers import expat

from section54.engine.intake.limits import Limits
from section54.engine.intake.packages import AGAIN, Member, Package, password
from section54.engine.intake.refusal import NotALedger, refuse


SAVE_AGAIN = "open it in a spreadsheet program and save it as a new .xlsx or .csv file"
LONGEST_TAG = 1 << 20
# Excel's longest text in one cell; OpenDocument can claim any number of spaces in one tag.
LONGEST_SPACES = 32_767
SHEET_ROWS, SHEET_COLUMNS = 1_048_576, 16_384

_PREFIX = rb"(?:[^\s<>/:!?]+:)?"
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)""")
_READABLE = frozenset({b"utf-8", b"utf8", b"us-ascii", b"iso-8859-1", b"windows-1252"})
_SHEET_DATA = re.compile(rb"<" + _PREFIX + rb"sheetData[\s>]")
# Also finds such text in a cell; then the real parser decides.
_ANY_CELL = re.compile(rb"[<:]c[\s/>]")
# As Excel and most other programs write it; the patterns below it allow for the rest.
_USUAL_FILLED_CELL = re.compile(rb"<c r=\"([A-Z]{1,3})([0-9]{1,7})\"(?:>|[^<>]*[^<>/]>)(?!\s*</)")
_PLACED = rb"c\s(?:[^<>']*?\s)?r=\"([A-Za-z]{1,3})([0-9]{1,7})\"[^<>]*"
_PLACED_CELL = re.compile(rb"<" + _PREFIX + _PLACED + rb">")
_FILLED_CELL = re.compile(rb"<" + _PREFIX + _PLACED + rb"(?<!/)>(?!\s*</)")
_SHEET = re.compile(rb"<" + _PREFIX + rb"sheet[\s/>]")
_RELATION = re.compile(rb"<" + _PREFIX + rb"Relationship\s[^<>]*>")

# Part of a name → what a person would call it.
_XLSX_ACTIVE = (
    ("vbaproject", "macros"),
    ("xl/macrosheets/", "macros"),
    ("xl/dialogsheets/", "macros"),
    ("xl/activex/", "controls that run programs"),
    ("xl/embeddings/", "other files embedded in it"),
    ("xl/externallinks/", "links to other files"),
    ("xl/connections.xml", "links to outside data"),
    ("xl/querytables/", "links to outside data"),
)


@dataclass(slots=True)
class Box:
    """The smallest rectangle from A1 that holds every filled cell of one sheet."""

    rows: int = 0
    columns: int = 0
    filled: int = 0

    @property
    def area(self) -> int:
        """Rows times columns: what a reader makes room for."""
        return self.rows * self.columns

    def hold(self, row: int, column: int, cells: int = 1) -> None:
        """Stretch to a filled cell, 1-based."""
        self.rows = max(self.rows, row)
        self.columns = max(self.columns, column)
        self.filled += cells


def check_boxes(boxes: Iterable[Box], name: str, limits: Limits) -> None:
    """Refuse a workbook whose sheets claim more room than a reader may take.

    Raises:
        NotALedger: too many rows or columns, or a filled cell far from the others.
    """
    sheets = list(boxes)
    area = sum(box.area for box in sheets)
    filled = sum(box.filled for box in sheets)
    widest = max((box.columns for box in sheets), default=0)
    if area > limits.cell_area and filled * 4 < area:
        far = max(sheets, key=lambda box: box.area)
        raise refuse(
            name,
            "has something typed far from its data (a sheet reaches to row "
            f"{far.rows:,}, column {column_letters(far.columns)})",
            "delete everything to the right of and below the data, save it and try again",
        )
    rows = sum(box.rows for box in sheets)
    if rows > limits.rows:
        raise too_long(name, limits)
    if widest > limits.columns:
        raise too_wide(name, limits)
    if area > limits.cell_area:
        raise refuse(
            name,
            f"has more than {limits.cell_area:,} cells",
            "save each sheet as a .csv file and give those",
        )


def too_long(name: str, limits: Limits) -> NotALedger:
    """Return the refusal of a ledger with too many rows."""
    return refuse(
        name,
        f"has more than {limits.rows:,} rows",
        "delete blank rows at its end, or give it in several files",
    )


def too_wide(name: str, limits: Limits) -> NotALedger:
    """Return the refusal of a ledger with too many columns."""
    return refuse(
        name,
        f"has a row of more than {limits.columns:,} columns",
        "keep only the columns of the ledger and try again",
    )


def column_letters(number: int) -> str:
    """Return a column's letters.

    >>> column_letters(1), column_letters(28), column_letters(16_384)
    ('A', 'AB', 'XFD')
    """
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: bytes) -> int:
    """Return a column's number.

    >>> column_number(b"A"), column_number(b"ab"), column_number(b"XFD")
    (1, 28, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


# --- both kinds ------------------------------------------------------------------------------


def check_parts(package: Package, name: str) -> None:
    """Refuse a workbook with two parts of one name, a password, or a part outside itself.

    Raises:
        NotALedger: any of these.
    """
    keys = [member.key for member in package.members]
    if len(set(keys)) != len(keys):
        raise refuse(name, "is damaged (two of its parts have the same name)", SAVE_AGAIN)
    if any(".." in key.split("/") for key in keys):
        raise refuse(name, "is damaged (one of its parts has a name outside it)", SAVE_AGAIN)
    if any(member.encrypted for member in package.members):
        raise password(name)


def check_xml(chunks: Iterable[bytes], name: str, look: Callable[[bytes], None]) -> None:
    """Look through one part: XML without a document type; ``look`` sees each piece of it.

    Raises:
        NotALedger: a DOCTYPE or ENTITY (they can make a reader run wild), or an odd encoding.
    """
    is_xml: bool | None = None
    tail = b""
    for chunk in chunks:
        if is_xml is None:
            head = chunk.removeprefix(b"\xef\xbb\xbf").lstrip()
            if head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[:4].replace(b"\x00", b"") == b"<?":
                raise refuse(name, "is a workbook written in an unusual encoding", SAVE_AGAIN)
            if head:
                is_xml = head.startswith(b"<")
                declared = _DECLARED.match(head)
                if declared and declared[1].lower() not in _READABLE:
                    raise refuse(name, "is a workbook written in an unusual encoding", SAVE_AGAIN)
        if is_xml:
            if _DOCTYPE.search(tail + chunk):
                raise refuse(
                    name,
                    "has a document type inside it, as no spreadsheet program writes",
                    SAVE_AGAIN,
                )
            tail = chunk[-9:]
        look(chunk)


# --- XLSX ------------------------------------------------------------------------------------


def check_xlsx(package: Package, name: str, limits: Limits) -> list[str]:
    """Look through every part of an XLSX; return what its reader should be told.

    Raises:
        NotALedger: unsafe, damaged, or larger than the limits.
    """
    check_parts(package, name)
    notes = _active(_xlsx_active(package), name, limits)
    boxes = []
    for member in package.members:
        if member.folder:
            continue
        sheet = _SheetScan(package, member, name)
        check_xml(package.chunks(member), name, sheet.look)
        sheet.finish()
        if sheet.sheets > limits.sheets:
            raise refuse(
                name, f"has more than {limits.sheets:,} sheets", "give the ledger's sheet alone"
            )
        boxes.append(sheet.box)
    check_boxes(boxes, name, limits)
    return notes


def _xlsx_active(package: Package) -> set[str]:
    found = {
        words for member in package.members for part, words in _XLSX_ACTIVE if part in member.key
    }
    for member in package.members:
        if member.key.endswith(".rels"):
            # A hyperlink waits for a click; any other outside target is fetched on opening.
            relations = _RELATION.findall(package.read(member, counted=False))
            if any(
                re.search(rb"TargetMode\s*=\s*[\"']External", relation, re.IGNORECASE)
                and b"/hyperlink" not in relation
                for relation in relations
            ):
                found.add("links to other files")
    return found


def _active(found: set[str], name: str, limits: Limits) -> list[str]:
    words = " and ".join(sorted(found))
    if found and not limits.active_content:
        raise refuse(name, f"has {words}", "save it as .xlsx or .csv without them and try that")
    return [f"{name} has {words}: they were passed over, never run or opened."] if found else []


@dataclass(slots=True)
class _SheetScan:
    """Finds one worksheet's box in a single pass of patterns; by a real parser where in doubt."""

    package: Package
    member: Member
    name: str
    box: Box = field(default_factory=Box)
    sheets: int = 0
    _waiting: bytes = b""
    _inside: bool = False
    _doubtful: bool = False

    def look(self, chunk: bytes) -> None:
        piece = self._waiting + chunk
        # Cut before the last opening tag, so that each cell is seen with what follows it.
        cut = piece.rfind(b"<")
        while cut > 0 and piece[cut + 1 : cut + 2] in (b"/", b""):
            cut = piece.rfind(b"<", 0, cut)
        if cut < 0:
            cut = len(piece)
        if len(piece) - cut > LONGEST_TAG and b">" not in piece[cut:]:
            raise refuse(self.name, "is damaged (a tag in it never ends)", SAVE_AGAIN)
        if b">" in piece[cut:] and len(piece) - cut > LONGEST_TAG:
            cut = len(piece)
        self._waiting = piece[cut:]
        self._measure(piece[:cut])

    def finish(self) -> None:
        """Measure what is left, and measure anew where a cell does not say where it is."""
        self._measure(self._waiting)
        self._waiting = b""
        if self._doubtful:
            self.box = _parsed_box(self.package, self.member, self.name)

    def _measure(self, piece: bytes) -> None:
        if not self._inside:
            self.sheets += len(_SHEET.findall(piece))
            found = _SHEET_DATA.search(piece)
            if found is None:
                return
            self._inside = True
            piece = piece[found.end() - 1 :]
        if self._doubtful:
            return
        cells = len(_ANY_CELL.findall(piece))
        filled = _USUAL_FILLED_CELL.findall(piece)
        if len(filled) != cells:
            if len(_PLACED_CELL.findall(piece)) != cells:
                self._doubtful = True
                return
            filled = _FILLED_CELL.findall(piece)
        if filled:
            columns, rows = zip(*filled, strict=True)
            widest = max(column_number(letters) for letters in set(columns))
            self.box.hold(max(map(int, rows)), widest, len(filled))


def _parsed_box(package: Package, member: Member, name: str) -> Box:
    """Return a sheet's box as a reader finds it: cells without a place stand after the last."""
    box = Box()
    row = column = 0
    cell_open = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, cell_open
        word = tag.rpartition(":")[2]
        if cell_open and word in ("v", "is", "f", "t"):
            box.hold(row, column)
            cell_open = False
        elif word == "row":
            row = _whole(attributes.get("r", ""), row + 1)
            column = 0
        elif word == "c":
            cell_open = True
            place = re.fullmatch(r"\$?([A-Za-z]{1,7})\$?([0-9]{1,12})", attributes.get("r", ""))
            if place:
                column, row = column_number(place[1].encode()), int(place[2])
            else:
                column += 1

    def end(tag: str) -> None:
        nonlocal cell_open
        if tag.rpartition(":")[2] == "c":
            cell_open = False

    _parse(package.chunks(member, counted=False), name, start, end)
    return box


def _whole(text: str, otherwise: int) -> int:
    """Return a count as readers read it, or ``otherwise`` for what is none; never over 10^12."""
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return otherwise
    return min(int(digits), 10**12) if len(digits) < 1_000 else 10**12


def _parse(
    chunks: Iterable[bytes],
    name: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
) -> None:
    def no_doctype(*_: object) -> None:
        raise refuse(name, "has a document type inside it", SAVE_AGAIN)

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = no_doctype
    parser.EntityDeclHandler = no_doctype
    try:
        for chunk in chunks:
            parser.Parse(chunk)
        parser.Parse(b"", True)  # noqa: FBT003 (expat takes no keywords)
    except expat.ExpatError as error:
        raise refuse(name, "is a damaged workbook", SAVE_AGAIN) from error


# --- ODS -------------------------------------------------------------------------------------

_ODS_ACTIVE_TAGS = {
    "table:table-source": "links to other files",
    "table:dde-link": "links to other files",
    "office:dde-source": "links to other files",
    "draw:object-ole": "other files embedded in it",
}


def check_ods(package: Package, name: str, limits: Limits) -> list[str]:
    """Look through every part of an ODS; return what its reader should be told.

    Raises:
        NotALedger: unsafe, damaged, or larger than the limits.
    """
    check_parts(package, name)
    manifest = package.find("meta-inf/manifest.xml")
    if manifest and b"encryption-data" in package.read(manifest, counted=False):
        raise password(name)
    content = package.find("content.xml")
    if content is None:
        raise refuse(name, "is a damaged OpenDocument workbook", AGAIN)
    for member in package.members:
        if not member.folder:
            check_xml(package.chunks(member), name, lambda _: None)
    scan = _OdsScan(name, limits)
    _parse(package.chunks(content, counted=False), name, scan.start, scan.end)
    check_boxes(scan.boxes, name, limits)
    found = set(scan.active)
    if any(
        member.key.startswith(("basic/", "scripts/"))
        and not member.folder
        and not member.key.endswith(("/script-lb.xml", "/script-lc.xml"))
        for member in package.members
    ):
        found.add("macros")
    return _active(found, name, limits)


@dataclass(slots=True)
class _OdsScan:
    """Walks an ODS's rows and cells with their repeats; names are matched as readers do."""

    name: str
    limits: Limits
    boxes: list[Box] = field(default_factory=list)
    active: set[str] = field(default_factory=set)
    _box: Box = field(default_factory=Box)
    _row: int = 0
    _row_repeat: int = 1
    _column: int = 0
    _cell: tuple[int, bool] | None = None
    _row_filled: int = 0
    _row_width: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self._box = Box()
            self.boxes.append(self._box)
            self._row = 0
            if len(self.boxes) > self.limits.sheets:
                raise refuse(
                    self.name,
                    f"has more than {self.limits.sheets:,} sheets",
                    "give the ledger's sheet alone",
                )
        elif tag == "table:table-row":
            self._row_repeat = _whole(attributes.get("table:number-rows-repeated", ""), 1)
            self._column = self._row_filled = self._row_width = 0
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            repeat = _whole(attributes.get("table:number-columns-repeated", ""), 1)
            filled = any(
                key.startswith(("office:", "calcext:")) or key == "table:formula"
                for key in attributes
            )
            self._cell = (repeat, filled)
        elif tag == "text:p" and self._cell:
            self._cell = (self._cell[0], True)
        elif tag == "text:s":
            if _whole(attributes.get("text:c", ""), 1) > LONGEST_SPACES:
                raise refuse(
                    self.name, "claims more spaces in one cell than a cell can hold", SAVE_AGAIN
                )
        elif tag in _ODS_ACTIVE_TAGS:
            self.active.add(_ODS_ACTIVE_TAGS[tag])

    def end(self, tag: str) -> None:
        if tag in ("table:table-cell", "table:covered-table-cell") and self._cell:
            repeat, filled = self._cell
            self._cell = None
            if filled and self._column < SHEET_COLUMNS:
                self._row_width = min(self._column + repeat, SHEET_COLUMNS)
                self._row_filled += self._row_width - self._column
            self._column += repeat
        elif tag == "table:table-row":
            last = min(self._row + self._row_repeat, SHEET_ROWS)
            if self._row_filled and self._row < SHEET_ROWS:
                self._box.hold(last, self._row_width, self._row_filled * (last - self._row))
            self._row += self._row_repeat
