"""The gate: says what a file is and whether it is safe to open, whatever its name claims.

Text tables, XLSX, XLS and ODS come in; so do zip and gzip files of them, one level deep.
Everything else is refused in one sentence that says what it is and what to do. Run the gate in
a child process (``section54.engine.intake.child``): it unpacks what strangers wrote.

Decided: XLSB is refused (rare among published ledgers, and its cells cannot be looked through
by patterns); a password is never guessed; archives within archives are not opened; a few zero
bytes among text are let through; a file of another kind in a zip (a PDF guide, say) is left out
and named, as are folders and what Macs add.
"""

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from section54.engine.intake.compound import MAGIC as COMPOUND_MAGIC
from section54.engine.intake.compound import check_xls
from section54.engine.intake.limits import Limits, in_words
from section54.engine.intake.packages import Budget, Member, Package, gunzip, open_package, password
from section54.engine.intake.refusal import (
    AnotherKind,
    NotALedger,
    another_kind,
    refuse,
    shown_name,
)
from section54.engine.intake.sniff import (
    GIVE,
    SAVE,
    UNPACK,
    check_text,
    refuse_other_kinds,
)
from section54.engine.intake.workbooks import check_ods, check_xlsx


__all__ = ["Content", "Kind", "NotALedger", "open_file"]


class Kind(StrEnum):
    """What the gate lets in."""

    TEXT = "text"
    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One ledger file that passed the gate.

    Attributes:
        name: To show: the file's name, or ``archive.zip/member.csv``. Never use it as a path.
        kind: Text or which workbook, by its content.
        data: Its bytes, unpacked.
        sha256: Of the outer file as it was given; every member of one zip has the same.
        content_sha256: Of ``data``; the same as ``sha256`` for a file that was not packed.
        notes: Sentences about what was passed over or left out.
    """

    name: str
    kind: Kind
    data: bytes = field(repr=False)
    sha256: str
    content_sha256: str
    notes: tuple[str, ...] = ()


def open_file(path: Path, limits: Limits) -> list[Content]:
    """Return the ledgers in a file: one, or those of a zip in its order.

    Raises:
        NotALedger: it is something else, damaged, unsafe, or larger than the limits.
    """
    name = shown_name(path.name)
    if not path.exists():
        raise refuse(name, "is not there", "check the path and try again")
    if not path.is_file():
        raise refuse(name, "is a folder or device, not a file", "give the ledger files in it")
    with path.open("rb") as file:
        data = file.read(limits.bytes + 1)
    if len(data) > limits.bytes:
        raise refuse(
            name, f"is larger than {in_words(limits.bytes)}", "give it in several smaller files"
        )
    sha256 = hashlib.sha256(data).hexdigest()
    budget = Budget(name, len(data), limits)
    packed = data[:2] == b"\x1f\x8b"
    if data[:2] == b"\x1f\x8b":
        data = gunzip(data, name, budget)
        if data[:2] == b"\x1f\x8b":
            raise _nested(name)
    if data[:4] == b"PK\x03\x04" or data[:4] == b"PK\x05\x06":
        package = open_package(data, name, budget, limits)
        if _family(package) == "archive":
            return _members(package, name, sha256, budget, limits)
    return [_content(data, name, sha256, budget, limits, packed=packed)]


def _content(
    data: bytes, name: str, sha256: str, budget: Budget, limits: Limits, *, packed: bool = True
) -> Content:
    """Return one file that is not an archive, checked as what its bytes say it is."""
    if not data:
        raise AnotherKind(f"{name} is empty: export or download it again.")
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        package = open_package(data, name, budget, limits)
        kind, notes = _workbook(package, name, limits)
    elif data.startswith(COMPOUND_MAGIC):
        kind, notes = Kind.XLS, check_xls(data, name, limits)
    else:
        refuse_other_kinds(data, name)
        kind, notes = Kind.TEXT, check_text(data, name, limits)
    return Content(
        name=name,
        kind=kind,
        data=data,
        sha256=sha256,
        content_sha256=hashlib.sha256(data).hexdigest() if packed else sha256,
        notes=tuple(notes),
    )


# A part's name (lower case) → what a zip that has it is.
_FAMILIES = (
    ("xl/workbook.xml", "xlsx"),
    ("xl/workbook.bin", "xlsb"),
    ("word/document.xml", "is a Word document, not a ledger"),
    ("ppt/presentation.xml", "is a PowerPoint presentation, not a ledger"),
    ("index/document.iwa", "is an Apple Numbers document, which we do not read"),
    ("index.zip", "is an Apple Numbers document, which we do not read"),
    ("meta-inf/container.xml", "is an electronic book, not a ledger"),
    ("androidmanifest.xml", "is a program, not a ledger"),
    ("meta-inf/manifest.mf", "is a program, not a ledger"),
)


def _family(package: Package) -> str:
    """Return what a zip is: ``xlsx``, ``xlsb``, ``ods``, ``archive``, or a phrase to refuse it."""
    keys = {member.key.lstrip("/") for member in package.members}
    for part, family in _FAMILIES:
        if part in keys:
            return family
    mimetype = package.find("mimetype")
    if mimetype is not None and mimetype.size < 200:
        kind = package.read(mimetype).decode("latin-1").strip()
        if kind.startswith("application/vnd.oasis.opendocument.spreadsheet"):
            return "ods"
        if kind.startswith("application/vnd.sun.xml.calc"):
            return "is an OpenOffice 1 workbook, which we do not read"
        if kind.startswith("application/"):
            return "is an OpenDocument text or other document, not a ledger"
    if "content.xml" in keys and "meta-inf/manifest.xml" in keys:
        return "ods"
    if "[content_types].xml" in keys:
        types = package.find("[content_types].xml")
        if types is not None and b"spreadsheetml.sheet" in package.read(types):
            return "xlsx"
        return "is an Office document, not a ledger"
    return "archive"


def _workbook(package: Package, name: str, limits: Limits) -> tuple[Kind, list[str]]:
    family = _family(package)
    if family == "xlsx":
        return Kind.XLSX, check_xlsx(package, name, limits)
    if family == "ods":
        return Kind.ODS, check_ods(package, name, limits)
    if family == "archive":
        raise _nested(name)
    if family == "xlsb":
        family = "is an Excel binary workbook (.xlsb), which we do not read"
    raise another_kind(name, family, GIVE if family.endswith("not a ledger") else SAVE)


def _nested(name: str) -> NotALedger:
    return refuse(name, "is an archive within an archive", UNPACK)


_ARCHIVES = (b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"MSCF")


def _members(
    package: Package, name: str, sha256: str, budget: Budget, limits: Limits
) -> list[Content]:
    """Return the ledgers of a zip; name on the first one whatever was left out."""
    if any(member.encrypted for member in package.members):
        raise password(name)
    contents: list[Content] = []
    left_out: list[str] = []
    reasons: list[NotALedger] = []
    for member in package.members:
        if member.folder or _is_clutter(member):
            left_out.append(member.shown)
            continue
        shown = f"{name}/{member.shown}"
        data = package.read(member)
        if data.startswith(_ARCHIVES) or data[257:262] == b"ustar":
            raise _nested(shown)
        try:
            contents.append(_content(data, shown, sha256, budget, limits))
        except AnotherKind as reason:
            left_out.append(member.shown)
            reasons.append(reason)
    if not contents:
        if reasons:
            raise reasons[0]
        raise refuse(name, "is an archive with no ledger in it", GIVE)
    if left_out:
        listed = ", ".join(left_out[:20]) + (", …" if len(left_out) > 20 else "")
        note = f"{name} also holds what is not a ledger: {listed}."
        contents[0] = replace(contents[0], notes=(*contents[0].notes, note))
    return contents


def _is_clutter(member: Member) -> bool:
    last = member.key.rpartition("/")[2]
    return (
        member.key.startswith("__macosx/")
        or last.startswith("._")
        or last in (".ds_store", "thumbs.db", "desktop.ini")
    )
