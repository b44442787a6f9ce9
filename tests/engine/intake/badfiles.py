"""A corpus of bad files, and of odd but good ones, each with the verdict we owe it.

Nothing is stored: every file is made on the spot. All run under the limits for outsiders.
``CASES`` is for whoever reads files: the gate, and the whole ledger reader behind it.
"""
# ruff: noqa: E501 (one case a line reads best, however long)

import base64
import bz2
import gzip
import io
import json
import lzma
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter


ACCEPTED, REFUSED = "accepted", "refused"


@dataclass(frozen=True)
class BadFile:
    """One file of the corpus.

    ``make(folder)`` writes it and returns its path. ``words`` must all stand in the refusal.
    ``rows`` are the payment lines of an accepted ledger; None where the gate lets in something
    that only the ledger reader can judge.
    """

    family: str
    name: str
    make: Callable[[Path], Path]
    verdict: str
    words: tuple[str, ...] = ()
    rows: int | None = None


CASES: list[BadFile] = []


def case(
    family: str,
    name: str,
    data: bytes | Callable[[], bytes],
    verdict: str = REFUSED,
    *words: str,
    rows: int | None = None,
) -> None:
    def make(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data() if callable(data) else data)
        return path

    CASES.append(BadFile(family, name, make, verdict, words, rows))


def good(family: str, name: str, data: bytes | Callable[[], bytes], rows: int | None = 4) -> None:
    case(family, name, data, ACCEPTED, rows=rows)


HEADER = ("Date", "Supplier", "Description", "Amount")
LINES = (
    ("01/04/2025", "Fenland Contract Cleaning Ltd", "Cleaning", "1234.50"),
    ("02/04/2025", "Ouse Guarding Ltd", "Guarding", "600.00"),
    ("03/04/2025", "Isle Software Ltd", "Licence", "2500.00"),
    ("04/04/2025", "March Uniforms Ltd", "Uniforms", "-75.25"),
)
TABLE = (HEADER, *LINES)


def text(mark: str = ",", end: str = "\r\n") -> str:
    return "".join(mark.join(row) + end for row in TABLE)


CSV = text().encode()
RANDOM = random.Random(54)  # noqa: S311


# --- makers ----------------------------------------------------------------------------------


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return out.getvalue()


MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def cell(place: str, value: str | None) -> str:
    if value is None:
        return f'<c r="{place}" s="0"/>'
    try:
        float(value)
    except ValueError:
        return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'
    return f'<c r="{place}"><v>{value}</v></c>'


def rows_xml(table: tuple[tuple[str, ...], ...] = TABLE, first: int = 1) -> str:
    return "".join(
        f'<row r="{r}">'
        + "".join(cell(f"{'ABCDEFGH'[c]}{r}", v) for c, v in enumerate(row))
        + "</row>"
        for r, row in enumerate(table, first)
    )


def xlsx(
    rows: str | None = None,
    *extra: tuple[str, bytes],
    sheets: int = 1,
    replace: dict[str, bytes | None] | None = None,
    workbook_head: str = "",
    sheet_head: str = "",
) -> bytes:
    """A workbook by hand: ``rows`` is the inside of sheetData of each of its sheets."""
    rows = rows_xml() if rows is None else rows
    numbers = range(1, sheets + 1)
    parts: dict[str, bytes | None] = {
        "[Content_Types].xml": (
            b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            b'<Default Extension="xml" ContentType="application/xml"/>'
            b'<Default Extension="rels" '
            b'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            b'<Override PartName="/xl/workbook.xml" ContentType="application/'
            b'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{RELS}"><Relationship Id="rId1" '
            f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ).encode(),
        "xl/workbook.xml": (
            f'{workbook_head}<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
            + "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
            + "</sheets></workbook>"
        ).encode(),
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{RELS}">'
            + "".join(
                f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" '
                f'Target="worksheets/sheet{n}.xml"/>'
                for n in numbers
            )
            + "</Relationships>"
        ).encode(),
    }
    sheet = f'{sheet_head}<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
    parts |= {f"xl/worksheets/sheet{n}.xml": sheet.encode() for n in numbers}
    parts |= replace or {}
    kept = [(name, data) for name, data in parts.items() if data is not None]
    return zipped(*kept, *extra)


ODS_NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{short}:1.0"'
    for short in ("office", "table", "text", "draw", "script")
)


def ods_cell(value: str, more: str = "") -> str:
    return f'<table:table-cell office:value-type="string" {more}><text:p>{value}</text:p></table:table-cell>'


def ods_row(cells: tuple[str, ...], more: str = "", tail: str = "") -> str:
    inside = "".join(map(ods_cell, cells))
    return f"<table:table-row {more}>{inside}{tail}</table:table-row>"


EMPTY_CELLS = '<table:table-cell table:style-name="ce1" table:number-columns-repeated="16380"/>'
ODS_ROWS = "".join(ods_row(row) for row in TABLE)


def ods(
    rows: str = ODS_ROWS,
    *extra: tuple[str, bytes],
    kind: str = "spreadsheet",
    manifest: str = "",
    head: str = "",
    sheets: int = 1,
    content: bytes | None = None,
    more: str = "",
) -> bytes:
    tables = "".join(f'<table:table table:name="S{n}">{rows}</table:table>' for n in range(sheets))
    body = (
        content
        or (
            f"{head}<office:document-content {ODS_NAMES}><office:body><office:spreadsheet>{tables}{more}"
            "</office:spreadsheet></office:body></office:document-content>"
        ).encode()
    )
    names = 'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
    return zipped(
        ("mimetype", f"application/vnd.oasis.opendocument.{kind}".encode()),
        (
            "META-INF/manifest.xml",
            f"<manifest:manifest {names}>{manifest}</manifest:manifest>".encode(),
        ),
        ("content.xml", body),
        *extra,
    )


def compound(streams: dict[str, bytes], root: bytes = bytes(16)) -> bytes:
    """A compound file with these streams at its root, each in sectors of its own."""
    sectors: list[bytes] = []
    table: list[int] = []

    def add(data: bytes) -> int:
        data = data.ljust(-(-max(len(data), 4096) // 512) * 512, b"\x00")
        start = len(sectors)
        count = len(data) // 512
        sectors.extend(data[at : at + 512] for at in range(0, len(data), 512))
        table.extend([*range(start + 1, start + count), 0xFFFFFFFE])
        return start

    def entry(
        name: str, kind: int, start: int, size: int, right: int, child: int, clsid: bytes
    ) -> bytes:
        coded = name.encode("utf-16-le") + b"\x00\x00"
        return (
            coded.ljust(64, b"\x00")
            + struct.pack("<HBBIII", len(coded), kind, 1, 0xFFFFFFFF, right, child)
            + clsid
            + bytes(20)
            + struct.pack("<IIxxxx", start, size)
        )

    entries = b""
    for number, (name, data) in enumerate(streams.items(), 1):
        right = number + 1 if number < len(streams) else 0xFFFFFFFF
        size = max(len(data), 4096)
        entries += entry(name, 2, add(data), size, right, 0xFFFFFFFF, bytes(16))
    root_entry = entry("Root Entry", 5, 0xFFFFFFFE, 0, 0xFFFFFFFF, 1, root)
    directory = root_entry + entries
    directory = directory.ljust(-(-len(directory) // 512) * 512, b"\x00")
    at = len(sectors)
    count = len(directory) // 512
    sectors.extend(directory[i : i + 512] for i in range(0, len(directory), 512))
    table.extend([*range(at + 1, at + count), 0xFFFFFFFE])
    tables = 1
    while tables * 128 < len(table) + tables:
        tables += 1
    places = range(len(sectors), len(sectors) + tables)
    table.extend([0xFFFFFFFD] * tables)
    table.extend([0xFFFFFFFF] * (tables * 128 - len(table)))
    header = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + bytes(16)
        + struct.pack(
            "<HHHHHHIIIIIIIIII",
            0x3E,
            3,
            0xFFFE,
            9,
            6,
            0,
            0,
            0,
            tables,
            at,
            0,
            4096,
            0xFFFFFFFE,
            0,
            0xFFFFFFFE,
            0,
        )
    )
    header += b"".join(struct.pack("<I", place) for place in places)
    return header.ljust(512, b"\xff") + b"".join(sectors) + struct.pack(f"<{len(table)}I", *table)


def record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def number_record(row: int, column: int, value: float = 1.0) -> bytes:
    return record(0x0203, struct.pack("<HHHd", row, column, 15, value))


def label_record(row: int, column: int, value: str) -> bytes:
    return record(
        0x0204, struct.pack("<HHHHB", row, column, 15, len(value), 0) + value.encode("latin-1")
    )


XLS_CELLS = b"".join(
    label_record(r, c, v) if r == 0 or c < 3 else number_record(r, c, float(v))
    for r, row in enumerate(TABLE)
    for c, v in enumerate(row)
)


def biff(
    cells: bytes = XLS_CELLS, *, head: bytes = b"", sheet_kind: int = 0, sheets: int = 1
) -> bytes:
    start = record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 0x07CC, 0, 6)) + head
    names = [f"S{n}".encode() for n in range(sheets)]
    length = len(start) + sum(12 + len(name) for name in names) + 4
    sheet = (
        record(0x0809, struct.pack("<HHHHII", 0x0600, 16, 0x0DBB, 0x07CC, 0, 6))
        + cells
        + record(0x0A)
    )
    bounds = b""
    for place, name in enumerate(names):
        at = length + place * len(sheet)
        bounds += record(0x0085, struct.pack("<IBBBB", at, 0, sheet_kind, len(name), 0) + name)
    return start + bounds + record(0x0A) + sheet * sheets


def xls(
    cells: bytes = XLS_CELLS,
    *,
    head: bytes = b"",
    sheet_kind: int = 0,
    sheets: int = 1,
    **others: bytes,
) -> bytes:
    book = biff(cells, head=head, sheet_kind=sheet_kind, sheets=sheets)
    return compound({"Workbook": book, **others})


def patched(data: bytes, old: bytes, new: bytes, count: int = 1) -> bytes:
    assert len(old) == len(new)
    assert old in data
    return data.replace(old, new, count)


def written(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    fill(book)
    book.close()
    return out.getvalue()


# --- nothing in it ---------------------------------------------------------------------------

for _name, _data in {
    "empty.csv": b"",
    "empty.xlsx": b"",
    "empty.csv.gz": gzip.compress(b""),
}.items():
    case("nothing in it", _name, _data, REFUSED, "is empty")
for _name, _data in {
    "spaces.csv": b"   \r\n \t \r\n" * 50,
    "newlines.csv": b"\n" * 500,
    "mark_only.csv": b"\xef\xbb\xbf",
    "mark_16_only.csv": b"\xff\xfe",
}.items():
    case("nothing in it", _name, _data, REFUSED, "is blank")
case("nothing in it", "zeros.csv", bytes(4096), REFUSED, "zero bytes")
case("nothing in it", "one_zero.csv", bytes(1), REFUSED, "zero bytes")

# --- web pages -------------------------------------------------------------------------------

PAGE = b"<!DOCTYPE html>\n<html><head><title>Spend</title></head><body><p>Sign in</p></body></html>"
HTML_TABLE = b"<table border=1><tr><td>Date</td><td>Amount</td></tr></table>"
for _name, _data in {
    "page.csv": PAGE,
    "page_upper.csv": PAGE.upper(),
    "page_after_blank_lines.csv": b"\r\n\r\n   " + PAGE,
    "page_with_mark.csv": b"\xef\xbb\xbf" + PAGE,
    "page_16.csv": PAGE.decode().encode("utf-16"),
    "page_after_comment.csv": b"<!-- saved -->\n<!-- twice -->\n<html><body>x</body></html>",
    "page_xhtml.csv": b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="x"><body/></html>',
    "page_fragment.csv": HTML_TABLE,
    "page_script.csv": b"<script>location='/login'</script>",
    "page_comments.csv": b"<!---->" * 1_000 + b"<html></html>",
}.items():
    case("web pages", _name, _data, REFUSED, "web page", "download")
for _name in ("report.xls", "report.xlsx"):
    case("web pages", _name, HTML_TABLE, REFUSED, "web page saved under", "spreadsheet program")
case(
    "web pages",
    "saved.mht",
    b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html>",
    REFUSED,
    "saved web page",
)

# --- other kinds of text ---------------------------------------------------------------------

for _name, _data, _word in (
    ("object.csv", json.dumps({"payments": [1, 2]}).encode(), "JSON"),
    ("array.csv", json.dumps([{"date": "x"}]).encode(), "JSON"),
    ("lines.csv", b'{"a": 1}\n{"a": 2}\n', "JSON"),
    ("array_16.csv", json.dumps([{"date": "x"}]).encode("utf-16"), "JSON"),
    ("data.csv", b'<?xml version="1.0"?><payments><payment/></payments>', "XML"),
    ("data_bare.csv", b"<payments>\n<payment><amount>1</amount></payment></payments>", "XML"),
    ("laughs.csv", b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><l>&b;</l>', "XML"),
    ("sheet2003.xls", (b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n<Workbook '
     b'xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'), "Excel 2003 XML"),
    ("sheet2003_bare.xls", (b'<?xml version="1.0"?><ss:Workbook '
     b'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"/>'), "Excel 2003 XML"),
    ("flat.ods", b'<?xml version="1.0"?><office:document xmlns:office="x"/>', "flat OpenDocument"),
    ("denied.csv", b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "error message"),
    ("letter.csv", b"{\\rtf1\\ansi hello}", "rich text"),
    ("mail.csv", b"Return-Path: <a@example.org>\nFrom: a\nSubject: spend\n\nAttached.", "e-mail"),
    ("mail2.csv", b"From: a@example.org\nTo: b\nMIME-Version: 1.0\n\nAttached.", "e-mail"),
    ("part.csv", b"Content-Type: text/csv\nContent-Transfer-Encoding: base64\n\nRGF0ZQ==", "e-mail"),
    ("coded64.csv", base64.encodebytes(CSV * 20), "base64"),
    ("coded.csv", b"Date,Supplier,Caf=C3=A9 and a long=\r\n description,=A3100=\r\n,x=\r\n" * 20, "quoted-printable"),
    ("uu.csv", b"begin 644 april.csv\n#0V%T\n`\nend\n", "uuencode"),
    ("pgp.csv", b"-----BEGIN PGP MESSAGE-----\n\nhQEMA\n", "encrypted or signed"),
    ("pointer.csv", b"version https://git-lfs.github.com/spec/v1\noid sha256:54\nsize 1\n", "pointer"),
    ("link.csv", b"[InternetShortcut]\r\nURL=https://example.org/\r\n", "shortcut"),
    ("card.csv", b"BEGIN:VCARD\nVERSION:3.0\nEND:VCARD\n", "contact"),
    ("run.csv", b"#!/bin/sh\necho hello\n", "program"),
    ("page.ps.csv", b"%!PS-Adobe-3.0\n", "PostScript"),
    ("drawing.csv", b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", "picture"),
    ("drawing_xml.csv", b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'/>", "picture"),
):  # fmt: skip
    case("other text", _name, _data, REFUSED, _word)

# --- other kinds of bytes --------------------------------------------------------------------

for _family, _name, _data, _word in (
    ("pictures", "scan_png.csv", b"\x89PNG\r\n\x1a\n" + bytes(64), "picture"),
    ("pictures", "scan_jpg.csv", b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(64), "picture"),
    ("pictures", "scan_gif.csv", b"GIF89a" + bytes(64), "picture"),
    ("pictures", "gif_and_script.csv", b"GIF89a=1;alert(1)//" + CSV, "picture"),
    ("pictures", "scan_tif.csv", b"II*\x00" + bytes(64), "picture"),
    ("pictures", "scan_webp.csv", b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(64), "picture"),
    ("pictures", "scan_heic.csv", b"\x00\x00\x00\x18ftypheic" + bytes(64), "picture"),
    ("pictures", "icon.csv", b"\x00\x00\x01\x00\x01\x00" + bytes(64), "picture"),
    ("recordings", "film.csv", b"\x00\x00\x00\x18ftypmp42" + bytes(64), "video"),
    ("recordings", "song.csv", b"ID3\x03" + bytes(64), "video or sound"),
    ("recordings", "note.csv", b"RIFF\x10\x00\x00\x00WAVEfmt " + bytes(64), "video or sound"),
    ("programs", "elf.csv", b"\x7fELF\x02\x01\x01" + bytes(64), "program"),
    ("programs", "setup.csv", b"MZ\x90\x00\x03" + bytes(64), "program"),
    ("programs", "applet.csv", b"\xca\xfe\xba\xbe\x00\x00\x004" + bytes(64), "program"),
    ("programs", "module.csv", b"\x00asm\x01\x00\x00\x00", "program"),
    ("programs", "shortcut.csv", b"L\x00\x00\x00\x01\x14\x02\x00" + bytes(64), "shortcut"),
    ("databases", "lines_parquet.csv", b"PAR1\x15\x04" + bytes(64) + b"PAR1", "Parquet"),
    ("databases", "lines_arrow.csv", b"ARROW1\x00\x00" + bytes(64), "Arrow"),
    ("databases", "lines_sqlite.csv", b"SQLite format 3\x00" + bytes(84), "SQLite"),
    ("databases", "lines_access.csv", b"\x00\x01\x00\x00Standard ACE DB\x00" + bytes(64), "Access"),
    ("databases", "lines_hdf.csv", b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"),
    ("databases", "lines_avro.csv", b"Obj\x01" + bytes(64), "Avro"),
    ("databases", "lines_spss.csv", b"$FL2@(#) SPSS" + bytes(64), "SPSS"),
    ("databases", "lines_pickle.csv", b"\x80\x04\x95\x10\x00" + bytes(64), "Python data"),
    ("archives", "april.7z", b"7z\xbc\xaf\x27\x1c\x00\x04" + bytes(64), "7-Zip"),
    ("archives", "april.rar", b"Rar!\x1a\x07\x00" + bytes(64), "RAR"),
    ("archives", "april.csv.bz2", bz2.compress(CSV), "bzip2"),
    ("archives", "april.csv.xz", lzma.compress(CSV), "xz"),
    ("archives", "april.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(64), "Zstandard"),
    ("archives", "april.cab", b"MSCF" + bytes(64), "cabinet"),
    ("archives", "april.z01", b"PK\x07\x08" + bytes(64), "split"),
    ("documents", "report.csv", b"%PDF-1.7\n" + bytes(64), "PDF"),
    ("documents", "report.xlsx", b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "PDF"),
    ("documents", "report_late.csv", b"\n\njunk\n%PDF-1.7\n" + CSV, "PDF"),
    ("documents", "letter_wp.csv", b"\xffWPC" + bytes(64), "WordPerfect"),
    ("documents", "sheet.wk1", b"\x00\x00\x02\x00\x06\x04\x06\x00", "Lotus"),
    ("documents", "sheet_excel4.xls", b"\x09\x04\x06\x00\x00\x04\x10\x00", "Excel 2 to 4"),
    ("documents", "sheet_excel5_bare.xls", b"\x09\x08\x08\x00\x00\x05\x10\x00", "bare Excel"),
    ("documents", "._april.csv", b"\x00\x05\x16\x07\x00\x02\x00\x00" + bytes(64), "Mac companion"),
):
    case(_family, _name, _data, REFUSED, _word)


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("april.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return out.getvalue()


case("archives", "april.tar", _tar, REFUSED, "tar archive")
case("archives", "april.tar.gz", lambda: gzip.compress(_tar()), REFUSED, "tar archive")
for _name, _data, _word in (
    ("letter.docx", zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")), "Word"),
    ("letter_named.xlsx", zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")), "Word"),
    ("slides.pptx", zipped(("[Content_Types].xml", b"<Types/>"), ("ppt/presentation.xml", b"<p/>")), "PowerPoint"),
    ("odd.xlsx", zipped(("[Content_Types].xml", b"<Types/>"), ("foo.xml", b"<p/>")), "Office document"),
    ("text.odt", ods(kind="text"), "OpenDocument text"),
    ("old.sxc", zipped(("mimetype", b"application/vnd.sun.xml.calc"), ("content.xml", b"<x/>")), "OpenOffice 1"),
    ("sheet.numbers", zipped(("Index/Document.iwa", b"x")), "Apple Numbers"),
    ("book.epub", zipped(("META-INF/container.xml", b"<x/>")), "electronic book"),
    ("tool.jar", zipped(("META-INF/MANIFEST.MF", b"x"), ("A.class", b"\xca\xfe\xba\xbe")), "program"),
    ("sheet.xlsb", zipped(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.bin", b"x")), "binary workbook"),
):  # fmt: skip
    case("documents", _name, _data, REFUSED, _word)

# --- no text at all --------------------------------------------------------------------------

for _name, _data, _word in (
    ("noise.csv", RANDOM.randbytes(5_000), "neither"),
    ("noise.xlsx", RANDOM.randbytes(5_000), "neither"),
    ("ebcdic.csv", text().encode("cp500"), "neither"),
    ("controls.csv", CSV + bytes(range(1, 9)) * 20, "neither"),
    ("many_zeros.csv", CSV.replace(b",", b"\x00,\x00") * 20, "neither"),
    ("cut_short.csv", CSV + bytes(4096), "cut short"),
    ("noise_16.csv", b"\xff\xfe" + RANDOM.randbytes(5_000), "neither"),
    ("utf32.csv", text().encode("utf-32"), "UTF-32"),
):
    case("no text", _name, _data, REFUSED, _word)

# --- Excel 97 to 2003 and its relatives --------------------------------------------------------

_FAR_LABEL = XLS_CELLS + number_record(65_535, 255)
_XLS = xls()
for _name, _make, _word in (
    ("letter.doc", lambda: compound({"WordDocument": b"x"}), "Word"),
    ("letter_named.xls", lambda: compound({"WordDocument": b"x"}), "Word"),
    ("slides.ppt", lambda: compound({"PowerPoint Document": b"x"}), "PowerPoint"),
    ("drawing.vsd", lambda: compound({"VisioDocument": b"x"}), "Visio"),
    ("mail.msg", lambda: compound({"__properties_version1.0": b"x"}), "Outlook"),
    ("setup.msi", lambda: compound({"x": b"x"}, bytes.fromhex("84100c0000000000c000000000000046")), "installer"),
    ("thing.xls", lambda: compound({"Contents": b"x"}), "not a workbook"),
    ("locked.xlsx", lambda: compound({"EncryptionInfo": b"x", "EncryptedPackage": b"x"}), "password"),
    ("locked.xls", lambda: xls(head=record(0x2F, bytes(6))), "password"),
    ("header_only.xls", lambda: _XLS[:512], "damaged"),
    ("half.xls", lambda: _XLS[: len(_XLS) // 2], "damaged"),
    ("chain_loop.xls", lambda: _XLS[:-512] + struct.pack("<128I", *([0] * 128)), "damaged"),
    ("table_beyond.xls", lambda: _XLS[:76] + b"\xff\xff\x00\x00" + _XLS[80:], "damaged"),
    ("table_list_loop.xls", lambda: _XLS[:68] + bytes(4) + _XLS[72:], "damaged"),
    ("directory_beyond.xls", lambda: _XLS[:48] + b"\xff\xff\x00\x00" + _XLS[52:], "damaged"),
    ("odd_sectors.xls", lambda: _XLS[:30] + b"\x1f" + _XLS[31:], "damaged"),
    ("record_too_long.xls", lambda: xls(XLS_CELLS + struct.pack("<HH", 0x0203, 65_000)), "damaged"),
    ("not_biff.xls", lambda: compound({"Workbook": b"hello"}), "damaged"),
    ("far_cell.xls", lambda: xls(_FAR_LABEL), "far from its data"),
    ("claims_all.xls", lambda: xls(record(0x0200, struct.pack("<IIHHH", 0, 65_536, 0, 256, 0)) + XLS_CELLS), "far from"),
    ("claims_more.xls", lambda: xls(record(0x0200, struct.pack("<IIHHH", 0, 2**32 - 1, 0, 65_535, 0)) + XLS_CELLS), "far from"),
    ("strings_claimed.xls", lambda: xls(head=record(0x00FC, struct.pack("<II", 2**31, 2**31 - 1))), "damaged"),
    ("many_sheets.xls", lambda: xls(number_record(0, 0), sheets=1_000), "sheets"),
):  # fmt: skip
    case("excel 97-2003", _name, _make, REFUSED, _word)

# --- zip ---------------------------------------------------------------------------------------


def _overlapping() -> bytes:
    """Many directory entries for the same packed bytes."""
    one = zipped(("a.csv", bytes(200_000)))
    end = one.rfind(b"PK\x05\x06")
    start = int.from_bytes(one[end + 16 : end + 20], "little")
    entry = one[start:end]
    entries = entry * 500
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 500, 500, len(entries), start, 0)
    return one[:start] + entries + tail


def _encrypted() -> bytes:
    data = bytearray(zipped(("april.csv", CSV)))
    data[6] |= 1
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _size_claimed(size: int) -> bytes:
    data = zipped(("april.csv", CSV))
    return data.replace(struct.pack("<I", len(CSV)), struct.pack("<I", size))


_ZIP = zipped(("april.csv", CSV))
for _name, _make, _words in (
    ("nested.zip", lambda: zipped(("inner.zip", _ZIP)), ("within an archive",)),
    ("nested_gzip.zip", lambda: zipped(("april.csv.gz", gzip.compress(CSV))), ("within an archive",)),
    ("nested_7z.zip", lambda: zipped(("a.7z", b"7z\xbc\xaf\x27\x1c")), ("within an archive",)),
    ("nested_deep.zip", lambda: zipped(("a.zip", zipped(("b.zip", _ZIP)))), ("within an archive",)),
    ("locked.zip", _encrypted, ("password",)),
    ("overlapping.zip", _overlapping, ("overlap",)),
    ("says_less.zip", lambda: _size_claimed(10), ("not what the file says",)),
    ("says_more.zip", lambda: _size_claimed(10**9), ("not what the file says",)),
    ("half.zip", lambda: _ZIP[: len(_ZIP) // 2], ("stops in the middle",)),
    ("no_directory.zip", lambda: b"PK\x03\x04" + bytes(100), ("stops in the middle",)),
    ("wrong_sum.zip", lambda: patched(_ZIP, struct.pack("<I", zlib.crc32(CSV)), b"\x01\x02\x03\x04", 2), ("not what",)),
    ("changed_byte.zip", lambda: _ZIP[:60] + bytes([_ZIP[60] ^ 0xFF]) + _ZIP[61:], ("damaged",)),
    ("followed.zip", lambda: _ZIP + b"%PDF-1.7 and more", ("follows the end",)),
    ("two_names.zip", lambda: patched(_ZIP, b"april.csv", b"other.csv"), ("two different ways",)),
    ("two_zips.zip", lambda: _ZIP + _ZIP, ("damaged",)),
    ("many.zip", lambda: zipped(*((f"{n}.csv", CSV) for n in range(1_001))), ("more than 1,000 files",)),
    ("no_members.zip", lambda: zipped(), ("no ledger in it",)),
    ("only_folders.zip", lambda: zipped(("a/", b""), ("__MACOSX/._a", b"x")), ("no ledger in it",)),
    ("only_picture.zip", lambda: zipped(("scan.png", b"\x89PNG\r\n\x1a\n")), ("picture",)),
    ("only_page.zip", lambda: zipped(("april.csv", PAGE)), ("web page",)),
    ("lzma.zip", lambda: zipped(("april.csv", CSV), method=zipfile.ZIP_LZMA), ("packed in a way",)),
    ("bomb.zip", lambda: zipped(("april.csv", bytes(50_000_000))), ("times its size",)),
    ("bombs.zip", lambda: zipped(*((f"{n}.csv", CSV + b"x" * 4_000_000) for n in range(40))), ("times its size",)),
    ("large.zip", lambda: zipped(*((f"{n}.csv", RANDOM.randbytes(1_000) * 20 + b"x" * 5_000_000) for n in range(22))), ("unpacks to more",)),
    ("noise_in.zip", lambda: zipped(("april.csv", RANDOM.randbytes(3_000))), ("neither",)),
):  # fmt: skip
    case("zip", _name, _make, REFUSED, *_words)

# --- gzip --------------------------------------------------------------------------------------

_GZ = gzip.compress(CSV * 10)
for _name, _make, _word in (
    ("bomb.csv.gz", lambda: gzip.compress(bytes(150_000_000), 6), "times its size"),
    ("half.csv.gz", lambda: _GZ[: len(_GZ) // 2], "stops in the middle"),
    ("wrong_sum.csv.gz", lambda: _GZ[:-8] + bytes(8), "damaged gzip"),
    ("header_only.csv", lambda: b"\x1f\x8b\x08\x00", "stops in the middle"),
    ("followed.csv.gz", lambda: _GZ + b"more", "damaged gzip"),
    ("twice.csv.gz", lambda: gzip.compress(_GZ), "within an archive"),
    ("page.csv.gz", lambda: gzip.compress(PAGE), "web page"),
    ("report.csv.gz", lambda: gzip.compress(b"%PDF-1.7\n"), "PDF"),
    ("nested.zip.gz", lambda: gzip.compress(zipped(("a.zip", _ZIP))), "within an archive"),
    ("locked.xlsx.gz", lambda: gzip.compress(compound({"EncryptedPackage": b"x"})), "password"),
):
    case("gzip", _name, _make, REFUSED, _word)

# --- XLSX that does not hold together ------------------------------------------------------------

_BOOK = xlsx()
for _name, _make, _word in (
    ("half.xlsx", lambda: _BOOK[: len(_BOOK) // 2], "stops in the middle"),
    ("no_sheet.xlsx", lambda: xlsx(replace={"xl/worksheets/sheet1.xml": None}), "damaged"),
    ("rubbish_workbook.xlsx", lambda: xlsx(replace={"xl/workbook.xml": b"<workbook><sheets"}), "damaged"),
    ("rubbish_relations.xlsx", lambda: xlsx(replace={"xl/_rels/workbook.xml.rels": b"\x00\x01"}), "damaged"),
    ("two_sheet_parts.xlsx", lambda: xlsx(None, ("XL/worksheets/Sheet1.xml", b"<x/>")), "same name"),
    ("outside.xlsx", lambda: xlsx(None, ("xl/../../evil.xml", b"<x/>")), "outside"),
    ("utf16.xlsx", lambda: xlsx(replace={"xl/workbook.xml": "<?xml version='1.0'?><w/>".encode("utf-16")}), "encoding"),
    ("utf16_no_mark.xlsx", lambda: xlsx(replace={"xl/workbook.xml": "<?xml version='1.0'?><w/>".encode("utf-16-le")}), "encoding"),
    ("utf7.xlsx", lambda: xlsx(sheet_head='<?xml version="1.0" encoding="utf-7"?>'), "encoding"),
    ("endless_tag.xlsx", lambda: xlsx("<row " + "".join(RANDOM.choices("abcdef ", k=3_000_000))), "never ends"),
    ("refless_rubbish.xlsx", lambda: xlsx("<row><c><v>1</v></row>"), "damaged"),
):  # fmt: skip
    case("broken xlsx", _name, _make, REFUSED, _word)

# --- cells far away ------------------------------------------------------------------------------

_FAR = '<row r="1048576">' + cell("XFD1048576", "1") + "</row>"
for _name, _rows, _word in (
    ("far.xlsx", rows_xml() + _FAR, "reaches to row 1,048,576, column XFD)"),
    ("far_quotes.xlsx", rows_xml() + _FAR.replace('"', "'"), "reaches to row 1,048,576"),
    ("far_lower.xlsx", rows_xml() + _FAR.replace("XFD", "xfd"), "column XFD"),
    ("far_prefix.xlsx", rows_xml() + '<x:row r="9"><x:c r="XFD1000000"><x:v>1</x:v></x:c></x:row>', "column XFD"),
    ("far_reference.xlsx", rows_xml() + _FAR.replace("XFD", "&#88;FD"), "column XFD"),
    ("far_hidden.xlsx", rows_xml() + "<row><c s='>' r='XFD1000000'><v>1</v></c></row>", "row 1,000,000"),
    ("far_row.xlsx", rows_xml() + '<row r="900000"><c/><c/><c/><c><v>1</v></c></row>', "row 900,000, column D"),
    ("far_spaced.xlsx", rows_xml() + '<row><c   s="1"\n r = "XFD1000000" ><v>1</v></c></row>', "column XFD"),
    ("far_formula.xlsx", rows_xml() + '<row r="9"><c r="XFD900000"><f>1+1</f></c></row>', "column XFD"),
    ("far_column_a.xlsx", rows_xml() + '<row r="1000000">' + cell("A1000000", "1") + "</row>", "far from its data"),
    ("far_down.xlsx", rows_xml() + '<row r="400000">' + cell("A400000", "1") + "</row>", "more than 50,000 rows"),
    ("far_right.xlsx", rows_xml() + '<row r="9">' + cell("XFD9", "1") + "</row>", "more than 1,000 columns"),
):  # fmt: skip
    case("far cells", _name, lambda rows=_rows: xlsx(rows), REFUSED, _word)
case(
    "far cells", "far_on_many_sheets.xlsx",
    lambda: xlsx(rows_xml() + '<row r="2000">' + cell("ZZ2000", "1") + "</row>", sheets=20),
    REFUSED, "far from its data",
)  # fmt: skip

# --- too much in it ------------------------------------------------------------------------------


def _strings(count: int, one: str) -> bytes:
    return f'<sst xmlns="{MAIN}">{("<si><t>" + one + "</t></si>") * count}</sst>'.encode()


_STRING_RELATION = (
    f'<Relationships xmlns="{RELS}"><Relationship Id="rId1" Type="{OFFICE}/worksheet" '
    f'Target="worksheets/sheet1.xml"/><Relationship Id="rId9" Type="{OFFICE}/sharedStrings" '
    'Target="sharedStrings.xml"/></Relationships>'
).encode()


def _long_strings() -> bytes:
    """One long text that half a million cells point at: small here, huge in a reader."""
    long_text = base64.b64encode(RANDOM.randbytes(24_000)).decode()
    rows = "".join(
        f'<row r="{r}">'
        + "".join(f'<c r="{c}{r}" t="s"><v>0</v></c>' for c in "ABCDEFGHIJ")
        + "</row>"
        for r in range(1, 40_001)
    )
    return xlsx(
        rows,
        ("xl/sharedStrings.xml", _strings(1, long_text)),
        replace={"xl/_rels/workbook.xml.rels": _STRING_RELATION},
    )


_LONG_TABLE = (
    HEADER,
    *((f"{n}", f"Supplier {n * 7919 % 60_013} Ltd", "", "1") for n in range(60_000)),
)
for _name, _make, _word in (
    ("long.xlsx", lambda: xlsx(rows_xml(_LONG_TABLE)), "more than 50,000 rows"),
    ("long.ods", lambda: ods("".join(map(ods_row, _LONG_TABLE))), "more than 50,000 rows"),
    ("wide.xlsx", lambda: xlsx('<row r="1">' + "<c><v>1</v></c>" * 1_200 + "</row>"), "more than 1,000 columns"),
    ("strings.xlsx", lambda: xlsx(None, ("xl/sharedStrings.xml", _strings(2_000_000, "spend"))), "unpacks to more"),
    ("one_string.xlsx", lambda: xlsx(None, ("xl/sharedStrings.xml", _strings(1, "x" * 60_000_000))), "times its size"),
    ("long_strings.xlsx", _long_strings, "needs more than 512 MB"),
    ("sheets.xlsx", lambda: xlsx('<row r="1"/>', sheets=300), "more than 200 sheets"),
    ("sheet_names.xlsx", lambda: xlsx(replace={"xl/workbook.xml": b"<workbook>" + b'<sheet name="a"/>' * 100_000 + b"</workbook>"}), "more than 200 sheets"),
    ("parts.xlsx", lambda: xlsx(None, *((f"xl/media/{n}.bin", b"") for n in range(1_000))), "more than 1,000 files"),
    ("long.csv", lambda: CSV + b"01/04/2025,A Ltd,x,1.00\r\n" * 60_000, "more than 50,000 rows"),
    ("long_blank_tail.csv", lambda: CSV + b",,,\r\n" * 60_000, "delete blank rows"),
    ("long_cr.csv", lambda: CSV.replace(b"\r\n", b"\r") + b"01/04/2025,A Ltd,x,1.00\r" * 60_000, "more than 50,000 rows"),
    ("long_16.csv", lambda: (text() + "01/04/2025,A Ltd,x,1.00\n" * 60_000).encode("utf-16"), "more than 50,000 rows"),
    ("wide.csv", lambda: CSV + b"," * 1_000_000 + b"\r\n", "more than 1,000 columns"),
    ("wide_tabs.csv", lambda: CSV + b"\t" * 5_000, "more than 1,000 columns"),
    ("large.csv", lambda: CSV + b"x" * 20_000_000, "larger than 20 MB"),
):  # fmt: skip
    case("too much", _name, _make, REFUSED, _word)

# --- document types and entities -------------------------------------------------------------------

_LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'
_XXE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
for _name, _make in {
    "laughs_sheet.xlsx": lambda: xlsx(sheet_head=_LAUGHS),
    "laughs_workbook.xlsx": lambda: xlsx(workbook_head=_LAUGHS),
    "laughs_strings.xlsx": lambda: xlsx(None, ("xl/sharedStrings.xml", _LAUGHS.encode() + _strings(1, "&c;"))),
    "outside_file.xlsx": lambda: xlsx(sheet_head=_XXE),
    "outside_address.xlsx": lambda: xlsx(sheet_head='<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">'),
    "parameter.xlsx": lambda: xlsx(sheet_head='<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///x">%p;]>'),
    "lower.xlsx": lambda: xlsx(sheet_head='<!doctype x SYSTEM "x">'),
    "late.xlsx": lambda: xlsx(sheet_head="<!--" + " " * 262_130 + "-->" + _XXE),
    "relations.xlsx": lambda: xlsx(replace={"xl/_rels/workbook.xml.rels": _XXE.encode() + _STRING_RELATION}),
    "types.xlsx": lambda: xlsx(replace={"[Content_Types].xml": _XXE.encode() + b"<Types/>"}),
    "custom.xlsx": lambda: xlsx(None, ("customXml/item1.xml", _XXE.encode() + b"<x/>")),
    "laughs.ods": lambda: ods(head=_LAUGHS),
    "outside_file.ods": lambda: ods(head=_XXE),
    "manifest.ods": lambda: ods(ODS_ROWS, ("styles.xml", _XXE.encode() + b"<x/>")),
}.items():  # fmt: skip
    case("entities", _name, _make, REFUSED, "document type")

# --- what runs or reaches out ------------------------------------------------------------------------


def _relation(kind: str, target: str = "file:///\\\\127.0.0.1\\x") -> tuple[str, bytes]:
    return (
        "xl/worksheets/_rels/sheet1.xml.rels",
        f'<Relationships xmlns="{RELS}"><Relationship Id="r1" Type="{OFFICE}/{kind}" '
        f'Target="{target}" TargetMode="External"/></Relationships>'.encode(),
    )


_DDE = b'<externalLink><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
for _name, _make, _word in (
    ("macros.xlsm", lambda: xlsx(None, ("xl/vbaProject.bin", b"x")), "macros"),
    ("macros_elsewhere.xlsx", lambda: xlsx(None, ("xl/sub/vbaProject.bin", b"x")), "macros"),
    ("macros4.xlsm", lambda: xlsx(None, ("xl/macrosheets/sheet1.xml", b"<x/>")), "macros"),
    ("controls.xlsx", lambda: xlsx(None, ("xl/activeX/activeX1.bin", b"x")), "controls"),
    ("embedded.xlsx", lambda: xlsx(None, ("xl/embeddings/oleObject1.bin", b"x")), "embedded"),
    ("linked.xlsx", lambda: xlsx(None, ("xl/externalLinks/externalLink1.xml", b"<x/>")), "links to other files"),
    ("dde.xlsx", lambda: xlsx(None, ("xl/externalLinks/externalLink1.xml", _DDE)), "links to other files"),
    ("linked_picture.xlsx", lambda: xlsx(None, _relation("image")), "links to other files"),
    ("linked_template.xlsx", lambda: xlsx(None, _relation("attachedTemplate")), "links to other files"),
    ("connected.xlsx", lambda: xlsx(None, ("xl/connections.xml", b"<x/>")), "outside data"),
    ("query.xlsx", lambda: xlsx(None, ("xl/queryTables/queryTable1.xml", b"<x/>")), "outside data"),
    ("basic.ods", lambda: ods(ODS_ROWS, ("Basic/Standard/Module1.xml", b"<x/>")), "macros"),
    ("script.ods", lambda: ods(ODS_ROWS, ("Scripts/python/a.py", b"x")), "macros"),
    ("dde.ods", lambda: ods(more="<table:dde-link><office:dde-source/></table:dde-link>"), "links to other files"),
    ("linked.ods", lambda: ods('<table:table-source/>' + ODS_ROWS), "links to other files"),
    ("embedded.ods", lambda: ods("<draw:object-ole/>" + ODS_ROWS), "embedded"),
    ("macros.xls", lambda: xls(_VBA_PROJECT_CUR=b"x"), "macros"),
    ("macros4.xls", lambda: xls(sheet_kind=1), "macros"),
    ("linked.xls", lambda: xls(head=record(0x01AE, struct.pack("<HH", 1, 6) + b"\x00\x01x.xls")), "links to other files"),
):  # fmt: skip
    case("active content", _name, _make, REFUSED, _word)

# --- OpenDocument ------------------------------------------------------------------------------------

_REPEAT_ROWS = 'table:number-rows-repeated="{}"'
for _name, _make, _word in (
    ("repeated_rows.ods", lambda: ods(ODS_ROWS + ods_row(LINES[0], _REPEAT_ROWS.format(1_000_000))), "more than 50,000 rows"),
    ("repeated_beyond.ods", lambda: ods(ODS_ROWS + ods_row(LINES[0], _REPEAT_ROWS.format(10**12))), "more than 50,000 rows"),
    ("repeated_plus.ods", lambda: ods(ODS_ROWS + ods_row(LINES[0], _REPEAT_ROWS.format("+1000000"))), "more than 50,000 rows"),
    ("repeated_digits.ods", lambda: ods(ODS_ROWS + ods_row(LINES[0], _REPEAT_ROWS.format("9" * 5_000))), "more than 50,000 rows"),
    ("repeated_both.ods", lambda: ods(ODS_ROWS + f"<table:table-row {_REPEAT_ROWS.format(1_000_000)}>" + ods_cell("x", 'table:number-columns-repeated="16384"') + "</table:table-row>"), "more than"),
    ("repeated_cells.ods", lambda: ods(ODS_ROWS + "<table:table-row>" + ods_cell("x", 'table:number-columns-repeated="16000"') + "</table:table-row>"), "more than 1,000 columns"),
    ("gap.ods", lambda: ods(ODS_ROWS + f"<table:table-row {_REPEAT_ROWS.format(1_000_000)}>{EMPTY_CELLS}</table:table-row>" + ods_row(LINES[0])), "far from its data"),
    ("far_right.ods", lambda: ods(ODS_ROWS + "<table:table-row>" + EMPTY_CELLS + ods_cell("x") + "</table:table-row>"), "more than 1,000 columns"),
    ("spaces.ods", lambda: ods(ods_row(HEADER) + ods_row(('a<text:s text:c="400000000"/>', "b", "c", "1"))), "more spaces"),
    ("locked.ods", lambda: ods(manifest='<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>'), "password"),
    ("no_content.ods", lambda: zipped(("mimetype", b"application/vnd.oasis.opendocument.spreadsheet")), "damaged"),
    ("malformed.ods", lambda: ods(content=b"<office:document-content><table:table>"), "damaged"),
    ("sheets.ods", lambda: ods(sheets=300), "more than 200 sheets"),
    ("half.ods", lambda: ods()[:400], "stops in the middle"),
    ("utf16.ods", lambda: ods(content="<?xml version='1.0'?><x/>".encode("utf-16")), "encoding"),
    ("bomb.ods", lambda: ods("<table:table-row/>" * 3_000_000), "times its size"),
):  # fmt: skip
    case("opendocument", _name, _make, REFUSED, _word)

# --- odd but good: text --------------------------------------------------------------------------------

_POUND = text().replace("1234.50", '"£1,234.50"')
for _name, _data in {
    "plain.csv": CSV,
    "plain": CSV,
    "named.xls": CSV,
    "named.xlsx": CSV,
    "named.pdf": CSV,
    "named.exe": CSV,
    "april \u202evsc.csv": CSV,
    "april; rm -rf.csv": CSV,
    "mark.csv": b"\xef\xbb\xbf" + CSV,
    "windows.csv": _POUND.encode("cp1252"),
    "utf8.csv": _POUND.encode(),
    "utf16_le.csv": b"\xff\xfe" + _POUND.encode("utf-16-le"),
    "utf16_be.csv": b"\xfe\xff" + _POUND.encode("utf-16-be"),
    "utf16_no_mark.csv": text().encode("utf-16-le"),
    "unix.csv": CSV.replace(b"\r\n", b"\n"),
    "mac.csv": CSV.replace(b"\r\n", b"\r"),
    "no_last_line_end.csv": CSV.rstrip(),
    "end_mark.csv": CSV + b"\x1a",
    "quoted_line_end.csv": CSV.replace(b"Cleaning,", b'"Cleaning\r\nand windows",'),
    "blank_tail.csv": CSV + b",,,\r\n" * 2_000,
    "few_zeros.csv": CSV + b"05/04/2025,A Ltd,,5.00\r\n" * 80 + b"06/04/2025,B\x00 Ltd,,6.00\r\n",
    "mojibake.csv": _POUND.encode().decode("cp1252").encode(),
    "formulas.csv": CSV.replace(b"Cleaning,", b"=cmd|'/c calc'!A1,"),
    "sql_above.csv": b"select * from payments where amount > 500\r\n" + CSV,
    "from_above.csv": b"From: 01/04/2025\r\nTo: 30/04/2025\r\nDate: 01/05/2025\r\n\r\n" + CSV,
    "brackets.csv": CSV.replace(b"Date", b"[Date]"),
    "less_than.csv": b"<5000 not shown,,,\r\n" + CSV,
}.items():  # fmt: skip
    _extra = {"few_zeros.csv": 81, "sql_above.csv": 1, "from_above.csv": 3, "less_than.csv": 1}
    good("good text", _name, _data, _extra.get(_name, 0) + 4)
for _mark, _name in ((";", "semicolons.csv"), ("\t", "tabs.csv"), ("|", "pipes.csv")):
    good("good text", _name, text(_mark).encode())
good("good text", "one_column.csv", b"Amount\r\n1.00\r\n2.00\r\n", None)
good("good text", "prose.csv", b"Dear all, the ledger follows next week.\r\nRegards\r\n", None)
good("good text", "unclosed_quote.csv", CSV + b'05/04/2025,"A Ltd,x,5.00\r\n', None)
good("good text", "one_long_line.csv", b"x" * 5_000_000, None)
good(
    "good text",
    "virus_test.csv",
    b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD" + b"-ANTIVIRUS",
    None,
)

# --- odd but good: packed --------------------------------------------------------------------------------

for _name, _make, _rows in (
    ("gzip_named.csv", lambda: gzip.compress(CSV), 4),
    ("april.csv.gz", lambda: gzip.compress(CSV), 4),
    ("two_streams.csv.gz", lambda: gzip.compress(CSV) + gzip.compress(CSV), 9),
    ("padded.csv.gz", lambda: gzip.compress(CSV) + bytes(512), 4),
    ("book.xlsx.gz", lambda: gzip.compress(xlsx()), 4),
    ("book.xls.gz", lambda: gzip.compress(xls()), 4),
    ("year.zip.gz", lambda: gzip.compress(zipped(("a.csv", CSV), ("b.csv", CSV))), 8),
    ("year.zip", lambda: zipped(("a.csv", CSV), ("b.csv", CSV)), 8),
    ("zip_named.csv", lambda: zipped(("a.csv", CSV)), 4),
    ("stored.zip", lambda: zipped(("a.csv", CSV), method=zipfile.ZIP_STORED), 4),
    ("from_a_mac.zip", lambda: zipped(("y/", b""), ("y/a.csv", CSV), ("__MACOSX/y/._a.csv", b"\x00\x05\x16\x07"), ("y/.DS_Store", b"\x00\x00\x00\x01Bud1")), 4),
    ("with_guide.zip", lambda: zipped(("guide.pdf", b"%PDF-1.7\n"), ("a.csv", CSV), ("logo.png", b"\x89PNG\r\n")), 4),
    ("with_letter.zip", lambda: zipped(("letter.docx", zipped(("word/document.xml", b"<w/>"))), ("a.csv", CSV)), 4),
    ("up_and_out.zip", lambda: zipped(("../../etc/cron.d/a.csv", CSV)), 4),
    ("absolute.zip", lambda: zipped(("/etc/a.csv", CSV), ("C:\\temp\\b.csv", CSV)), 8),
    ("utf8_names.zip", lambda: zipped(("dépenses–april.csv", CSV)), 4),
    ("workbooks.zip", lambda: zipped(("a.xlsx", xlsx()), ("b.ods", ods()), ("c.xls", xls()), ("d.csv", CSV)), 16),
    ("padded.zip", lambda: _ZIP + bytes(100), 4),
    ("same_names.zip", lambda: zipped(("a/x.csv", CSV), ("b/x.csv", CSV)), 8),
):  # fmt: skip
    good("good packed", _name, _make, _rows)

# --- odd but good: workbooks --------------------------------------------------------------------------------


def _usual(book: xlsxwriter.Workbook) -> None:
    """What real workbooks have: formats, a chart, a link, a merged title, hidden sheet, table."""
    sheet = book.add_worksheet("Apr 25")
    money = book.add_format({"num_format": "£#,##0.00"})
    for r, row in enumerate(TABLE):
        for c, value in enumerate(row):
            if r and c == 3:
                sheet.write_number(r, c, float(value), money)
            else:
                sheet.write_string(r, c, value)
    sheet.write_url("F1", "https://example.org/spend", string="Amount")
    chart = book.add_chart({"type": "bar"})
    chart.add_series({"values": "='Apr 25'!$D$2:$D$5"})
    sheet.insert_chart("H2", chart)
    sheet.write_comment("A1", "The day of payment")
    book.add_worksheet("Empty").hide()


def _styled_tail(book: xlsxwriter.Workbook) -> None:
    sheet = book.add_worksheet()
    bold = book.add_format({"bold": True})
    for r, row in enumerate(TABLE):
        sheet.write_row(r, 0, row)
    sheet.write_blank(1_048_575, 16_383, None, bold)
    for r in range(5, 3_000):
        sheet.write_blank(r, 0, None, bold)


_STYLED = rows_xml() + "".join(
    f'<row r="{r}" s="1" customFormat="1">' + cell(f"A{r}", None) + f'<c r="J{r}" s="1"></c></row>'
    for r in range(6, 20_000)
)
_REFLESS = "".join(
    "<row>" + "".join(f'<c t="inlineStr"><is><t>{v}</t></is></c>' for v in row) + "</row>"
    for row in TABLE
)
for _name, _make, _rows in (
    ("plain.xlsx", xlsx, 4),
    ("workbook_named.csv", xlsx, 4),
    ("usual.xlsx", lambda: written(_usual), 4),
    ("styled_far_away.xlsx", lambda: written(_styled_tail), 4),
    ("styled_tail.xlsx", lambda: xlsx(_STYLED), 4),
    ("cells_without_places.xlsx", lambda: xlsx(_REFLESS), 4),
    ("title_rows.xlsx", lambda: xlsx(rows_xml(TABLE, first=40)), 4),
    ("gap.xlsx", lambda: xlsx(rows_xml() + rows_xml((LINES[0],), first=5_000)), 5),
    ("wrong_dimension.xlsx", lambda: xlsx(replace={"xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><dimension ref="A1:XFD1048576"/><sheetData>{rows_xml()}</sheetData></worksheet>'.encode()}), 4),
    ("hyperlinks.xlsx", lambda: xlsx(None, _relation("hyperlink", "https://example.org/")), 4),
    ("twelve_months.xlsx", lambda: xlsx(sheets=12), 48),
    ("no_rows.xlsx", lambda: xlsx(""), None),
    ("picture.xlsx", lambda: xlsx(None, ("xl/media/image1.png", b"\x89PNG\r\n\x1a\n" + bytes(50))), 4),
    ("declared.xlsx", lambda: xlsx(sheet_head='<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n'), 4),
    ("with_mark.xlsx", lambda: xlsx(sheet_head="\ufeff"), 4),
    ("plain.ods", ods, 4),
    ("empty_tail.ods", lambda: ods("".join(ods_row(row, tail=EMPTY_CELLS) for row in TABLE) + f"<table:table-row {_REPEAT_ROWS.format(1_048_570)}>{EMPTY_CELLS}</table:table-row><table:table-row>{EMPTY_CELLS}</table:table-row>"), 4),
    ("repeated_lines.ods", lambda: ods(ODS_ROWS + ods_row(LINES[0], _REPEAT_ROWS.format(3))), 7),
    ("gap.ods", lambda: ods(ODS_ROWS + f"<table:table-row {_REPEAT_ROWS.format(500)}>{EMPTY_CELLS}</table:table-row>" + ods_row(LINES[0])), 5),
    ("template.ods", lambda: ods(kind="spreadsheet-template"), 4),
    ("empty_basic.ods", lambda: ods(ODS_ROWS, ("Basic/Standard/script-lb.xml", b"<x/>")), 4),
    ("plain.xls", xls, 4),
    ("xls_named.csv", xls, 4),
    ("fair_dimensions.xls", lambda: xls(record(0x0200, struct.pack("<IIHHH", 0, 5, 0, 4, 0)) + XLS_CELLS), 4),
    ("addin_names.xls", lambda: xls(head=record(0x01AE, struct.pack("<HH", 1, 0x0401))), 4),
):  # fmt: skip
    good("good workbooks", _name, _make, _rows)
