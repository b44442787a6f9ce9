"""What a file is, told by its first bytes and never by its name."""

import codecs
import re
from collections.abc import Iterator

import numpy as np

from section54.engine.intake.limits import Limits
from section54.engine.intake.refusal import NotALedger, another_kind, refuse
from section54.engine.intake.workbooks import too_long, too_wide


GIVE = "give the ledger itself, as .csv or .xlsx"
UNPACK = "unpack it and give the ledgers in it, or zip them"
EXPORT = "export the ledger as .csv or .xlsx"
DOWNLOAD = "download the file itself and try again"
SAVE = "open it in a spreadsheet program and save it as .xlsx or .csv"

# Where the mark stands, the mark, what the file is, what to do.
_MARKS: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\x89PNG", "is a picture", GIVE),
    (0, b"\xff\xd8\xff", "is a picture", GIVE),
    (0, b"GIF8", "is a picture", GIVE),
    (0, b"BM\x00\x00", "is a picture", GIVE),
    (0, b"II*\x00", "is a picture", GIVE),
    (0, b"MM\x00*", "is a picture", GIVE),
    (0, b"8BPS", "is a picture", GIVE),
    (0, b"\x00\x00\x01\x00", "is a picture", GIVE),
    (8, b"WEBP", "is a picture", GIVE),
    (4, b"ftypheic", "is a picture", GIVE),
    (4, b"ftyp", "is a video or sound recording", GIVE),
    (8, b"AVI ", "is a video or sound recording", GIVE),
    (8, b"WAVEfmt", "is a video or sound recording", GIVE),
    (0, b"ID3", "is a video or sound recording", GIVE),
    (0, b"OggS", "is a video or sound recording", GIVE),
    (0, b"fLaC", "is a video or sound recording", GIVE),
    (0, b"\x1a\x45\xdf\xa3", "is a video or sound recording", GIVE),
    (0, b"\x7fELF", "is a program", GIVE),
    (0, b"MZ\x90\x00", "is a program", GIVE),
    (0, b"MZ\x00\x00", "is a program", GIVE),
    (0, b"\xca\xfe\xba\xbe", "is a program", GIVE),
    (0, b"\xcf\xfa\xed\xfe", "is a program", GIVE),
    (0, b"\x00asm", "is a program", GIVE),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", "is a shortcut to a file, not the file", GIVE),
    (0, b"PAR1", "is a Parquet data file", EXPORT),
    (0, b"ARROW1", "is an Arrow data file", EXPORT),
    (0, b"FEA1", "is a Feather data file", EXPORT),
    (0, b"ORC", "is an ORC data file", EXPORT),
    (0, b"Obj\x01", "is an Avro data file", EXPORT),
    (0, b"\x89HDF", "is an HDF5 data file", EXPORT),
    (0, b"\x80\x04\x95", "is a Python data file", EXPORT),
    (0, b"$FL2", "is an SPSS data file", EXPORT),
    (0, b"<stata_dta>", "is a Stata data file", EXPORT),
    (0, b"SQLite format 3\x00", "is a SQLite database", EXPORT),
    (4, b"Standard Jet DB", "is an Access database", EXPORT),
    (4, b"Standard ACE DB", "is an Access database", EXPORT),
    (0, b"7z\xbc\xaf\x27\x1c", "is a 7-Zip archive", UNPACK),
    (0, b"Rar!\x1a\x07", "is a RAR archive", UNPACK),
    (0, b"BZh", "is a bzip2 archive", UNPACK),
    (0, b"\xfd7zXZ\x00", "is an xz archive", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "is a Zstandard archive", UNPACK),
    (0, b"\x1f\x9d", "is a compress archive", UNPACK),
    (0, b"MSCF", "is a cabinet archive", UNPACK),
    (257, b"ustar", "is a tar archive", UNPACK),
    (0, b"PK\x07\x08", "is one part of a split zip archive", "join its parts and unpack it"),
    (0, b"\x00\x05\x16\x07", "is a Mac companion file, not the ledger itself", GIVE),
    (0, b"\x00\x00\x1a\x00", "is a Lotus 1-2-3 workbook, which we do not read", SAVE),
    (0, b"\x00\x00\x02\x00\x06\x04", "is a Lotus 1-2-3 workbook, which we do not read", SAVE),
    (0, b"\x09\x00\x04\x00", "is a workbook of Excel 2 to 4, which we do not read", SAVE),
    (0, b"\x09\x02\x06\x00", "is a workbook of Excel 2 to 4, which we do not read", SAVE),
    (0, b"\x09\x04\x06\x00", "is a workbook of Excel 2 to 4, which we do not read", SAVE),
    (0, b"\x09\x08\x10\x00", "is a bare Excel stream, which we do not read", SAVE),
    (0, b"\x09\x08\x08\x00", "is a bare Excel stream, which we do not read", SAVE),
    (0, b"\xffWPC", "is a WordPerfect document", GIVE),
    (0, b"{\\rtf", "is a rich text document", GIVE),
    (0, b"%!PS", "is a PostScript document", GIVE),
    (0, b"ITSF", "is a help file", GIVE),
)

_PDF = re.compile(rb"%PDF-\d")
_TEXT_SIGNS: tuple[tuple[re.Pattern[str], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), what, advice)
    for pattern, what, advice in (
        (
            r"<\?xml.{0,400}<(?:\w+:)?Workbook[\s>].{0,2000}urn:schemas-microsoft-com:office",
            "is an Excel 2003 XML spreadsheet, which we do not read",
            SAVE,
        ),
        (
            r"<\?xml.{0,400}<\?mso-application progid=.Excel",
            "is an Excel 2003 XML spreadsheet, which we do not read",
            SAVE,
        ),
        (
            r"<\?xml.{0,400}<office:document[\s>]",
            "is a flat OpenDocument file, which we do not read",
            SAVE,
        ),
        (
            r"<\?xml.{0,400}<Error>\s*<Code>",
            "is an error message of the server it came from, not a ledger",
            DOWNLOAD,
        ),
        (r"(?:<\?xml.{0,400})?<svg[\s>]", "is a picture", GIVE),
        (r"(?:<\?xml.{0,800})?<html[\s>]", "html", ""),
        (r"<!doctype\s+html", "html", ""),
        (
            r"<(?:head|body|table|meta|title|script|div|style|p|h\d|br)[\s>/]",
            "html",
            "",
        ),
        (r"<(?:\?xml|!doctype|[a-z][\w.:-]*(?:\s[^<>]{0,500})?/?>\s*<)", "is an XML file", EXPORT),
        (
            r"\{\s*(?:\"|\}$)|\[\s*(?:\{|\[|\"[^\"\]]*\"\s*,\s*\"[^\]]*\]\s*$|-?\d+(?:\.\d+)?\s*,)",
            "is a JSON file",
            EXPORT,
        ),
        (
            r"(?:MIME-Version:|From: <?Saved by).{0,500}Content-Type:",
            "is a saved web page or e-mail",
            DOWNLOAD,
        ),
        (
            r"(?:Return-Path|Received|Delivered-To|Message-ID):\s.{0,4000}\n(?:From|Subject):",
            "is an e-mail",
            "save its attachment and give that",
        ),
        (
            r"(?:From|To|Subject|Date):.{0,3000}\n(?:MIME-Version|Message-ID|Received):",
            "is an e-mail",
            "save its attachment and give that",
        ),
        (
            r".{0,2000}Content-Transfer-Encoding:\s*(?:quoted-printable|base64)",
            "is an e-mail",
            "save its attachment and give that",
        ),
        (
            r"version https://git-lfs\.github\.com",
            "is a pointer to a file kept elsewhere",
            DOWNLOAD,
        ),
        (r"\[InternetShortcut\]", "is a shortcut to a web page, not the file", DOWNLOAD),
        (r"-----BEGIN [A-Z0-9 ]+-----", "is an encrypted or signed message, or a key", GIVE),
        (
            r"begin(?:-base64)? [0-7]{3} \S+\r?\n",
            "is a file coded for e-mail (uuencode)",
            "decode it first",
        ),
        (r"BEGIN:V(?:CARD|CALENDAR)", "is a contact or calendar file", GIVE),
        (r"#!\s*/(?:usr|bin)", "is a program", GIVE),
    )
)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{60,76}\r?\n){8,}")
_QUOTED_PRINTABLE = re.compile(r"=(?:\r?\n|[0-9A-F]{2})")
_UNPRINTABLE = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1a\x1b\x00") + b"\x7f"
HEAD = 65_536
STEP = 1 << 20


def refuse_other_kinds(data: bytes, name: str) -> None:
    """Refuse a file whose first bytes say that it is something else than text.

    Raises:
        NotALedger: a PDF, a picture, a program, a database, an archive that we do not open …
    """
    for at, mark, what, advice in _MARKS:
        if data[at : at + len(mark)] == mark:
            raise another_kind(name, what, advice)
    if _PDF.search(data[:1024]):
        raise another_kind(name, "is a PDF document", GIVE)


def check_text(data: bytes, name: str, limits: Limits) -> list[str]:
    """Make sure that these bytes are a table of text; return what its reader should be told.

    A few zero bytes among text are let through with a note: some ledger systems write them.

    Raises:
        NotALedger: no text, another kind of text (a web page, JSON, an e-mail), or too large.
    """
    if not data.strip(b"\x00"):
        raise refuse(name, "holds nothing but zero bytes, as a failed copy does", "copy it again")
    wide = _wide_encoding(data)
    notes = [] if wide else _check_bytes(data, name)
    head = data[:HEAD].decode(wide or "utf-8", "replace").lstrip("\ufeff \t\r\n\x00")
    if not head:
        if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
            raise refuse(name, "is blank", "export the ledger again")
        return notes
    _refuse_other_text(head, name)
    if wide:
        _check_wide(data, wide, name)
        data = data.replace(b"\x00", b"")
    _check_shape(data, name, limits)
    return notes


def _wide_encoding(data: bytes) -> str | None:
    """Return the UTF-16 or UTF-32 encoding of these bytes, or None for one byte a letter."""
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return encoding
    head = data[:4000]
    first, second = head[0::2], head[1::2]
    for zeros, letters, encoding in ((second, first, "utf-16-le"), (first, second, "utf-16-be")):
        if (
            zeros
            and zeros.count(0) > 0.8 * len(zeros)
            and letters.count(0) < 0.05 * len(letters) + 1
        ):
            return encoding
    return None


def _check_wide(data: bytes, encoding: str, name: str) -> None:
    if encoding.startswith("utf-32"):
        raise refuse(name, "is written in UTF-32, which we do not read", "save it as UTF-8")
    sample = data[:HEAD].decode(encoding, "replace")
    odd = sum(
        letter == "\ufffd" or not (letter.isprintable() or letter.isspace()) for letter in sample
    )
    if odd > 2 + len(sample) // 100:
        raise not_text(name)


def not_text(name: str) -> NotALedger:
    """Return the refusal of bytes that make no text."""
    return refuse(name, "is neither a text table nor a workbook that we can read", EXPORT)


def _check_bytes(data: bytes, name: str) -> list[str]:
    unprintable = zeros = beyond_ascii = 0
    for at in range(0, len(data), STEP):
        piece = data[at : at + STEP]
        zeros += piece.count(0)
        letters = np.frombuffer(piece, dtype=np.uint8)
        ends = piece.count(b"\n") + piece.count(b"\r") + piece.count(b"\t")
        if int(np.count_nonzero(letters < 32)) == ends and b"\x7f" not in piece:
            pass  # as nearly every piece: nothing below the space but line ends and tabs
        else:
            unprintable += len(piece) - len(piece.translate(None, _UNPRINTABLE))
        if not piece.isascii():
            beyond_ascii += int(np.count_nonzero(letters > 127))
    size = len(data)
    tail = size - len(data.rstrip(b"\x00"))
    if tail > 16:
        raise refuse(
            name,
            "ends in zero bytes, as a copy that was cut short does",
            "copy or download it again",
        )
    if zeros - tail > size // 1000 + 1 or unprintable > size // 200 + 1:
        raise not_text(name)
    if beyond_ascii > size * 0.3:
        try:
            data[:HEAD].decode("utf-8")
        except UnicodeDecodeError as error:
            # A letter cut in two at the end of the sample is no fault.
            if error.start < min(size, HEAD) - 4:
                raise not_text(name) from error
    return [f"{name} holds {zeros:,} zero bytes: they were left out."] if zeros else []


def _refuse_other_text(head: str, name: str) -> None:
    start = _past_comments(head)[:8192]
    for sign, what, advice in _TEXT_SIGNS:
        if not sign.match(start):
            continue
        if what != "html":
            raise another_kind(name, what, advice)
        if name.lower().endswith((".xls", ".xlsx", ".xlsm", ".ods")):
            raise refuse(name, "is a web page saved under a workbook's name", SAVE)
        raise another_kind(name, "is a web page", DOWNLOAD)
    if _BASE64.match(start):
        raise refuse(name, "is a file coded for e-mail (base64)", "save the attachment itself")
    lines = start.splitlines()
    if len(lines) > 3 and len(_QUOTED_PRINTABLE.findall(start)) > len(lines):
        soft = sum(line.endswith("=") for line in lines)
        if soft > len(lines) // 4:
            raise refuse(
                name, "is text coded for e-mail (quoted-printable)", "save the attachment itself"
            )


def _past_comments(text: str) -> str:
    """Return a text from where its leading XML comments end."""
    while text.startswith("<!--") and "-->" in text:
        text = text.partition("-->")[2].lstrip()
    return text


def _check_shape(data: bytes, name: str, limits: Limits) -> None:
    """Refuse more rows or columns than the limits; a line end in quotes does not end a row."""
    end = b"\n" if b"\n" in data else b"\r"
    if data.count(end) > limits.rows and _rows(data, end) > limits.rows:
        raise too_long(name, limits)
    for line in _lines_over(data, end, limits.columns):
        bare = re.sub(rb'"[^"]*"', b"", line)
        if max(bare.count(mark) for mark in (b",", b";", b"\t", b"|")) >= limits.columns:
            raise too_wide(name, limits)


def _lines_over(data: bytes, end: bytes, length: int) -> Iterator[bytes]:
    """Yield the lines of at least so many bytes: only they can hold so many columns.

    >>> list(_lines_over(b"ab\\nabcd\\nabc\\nabcde", b"\\n", 4))
    [b'abcd', b'abcde']
    """
    at = 0
    while at + length <= len(data):
        # A line end within reach: every line up to the last such end is shorter.
        last = data.rfind(end, at, at + length)
        if last >= 0:
            at = last + 1
            continue
        stop = data.find(end, at + length)
        stop = len(data) if stop < 0 else stop
        yield data[at:stop]
        at = stop + 1


def _rows(data: bytes, end: bytes) -> int:
    rows = 0
    quoted = False
    for at in range(0, len(data), STEP):
        for part_number, part in enumerate(data[at : at + STEP].split(b'"')):
            if part_number:
                quoted = not quoted
            if not quoted:
                rows += part.count(end)
    return rows
