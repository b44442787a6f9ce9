"""Everything that is kept, in open formats in one ZIP, and back into an empty installation.

Rows are lines of JSON, one file a table, with a description of each; files are as they were given
and payments as Parquet; the main nouns are there as CSV for people too. The ZIP's comment is the
SHA-256 of all bytes before it, so that any damage shows before anything is read.
"""

import csv
import hashlib
import io
import json
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any
from uuid import UUID

from django.db import DatabaseError, connection, transaction

from section54 import __version__
from section54.desk.backup import (
    CHUNK,
    DATABASE,
    FORMAT,
    INSIDE,
    KEYS,
    MANIFEST,
    MANIFEST_MOST,
    Contents,
    Kept,
    Rows,
    Step,
    files_below,
    no_step,
    pour,
    sync_folder,
    written_whole,
)
from section54.desk.backup import read_manifest as manifest_in
from section54.desk.export_tables import (
    Model,
    count_on_from_the_highest_key,
    described,
    exported,
    hash_of_rows,
    lines_of,
    relied_on,
    write_rows,
)
from section54.engine.errors import BadInput
from section54.engine.reports.cells import safe_cell
from section54.organisations.models import Body, Grant, User
from section54.records.chain import Fault, bodies_with_lines, check
from section54.records.models import Event
from section54.risk.models import Finding, Review, TierDecision
from section54.spend.models import Ledger


SCHEMA = "schema.json"
ABOUT = "READ-ME.txt"
TABLES = "tables/"
LISTS = "for-people/"
SEAL = 64  # bytes of the ZIP's comment
PACKED = (".parquet", ".xlsx", ".ods", ".zip", ".gz", ".png", ".jpg", ".pdf")
WORDS = """Everything that Section54 kept, in open formats.

for-people/  the main lists as CSV, to read in a spreadsheet
tables/      every table, one JSON object a line, by key
schema.json  what each table and column means, and what points to what
data/        files as they were given, payments as Parquet, reviews, signed checkpoints
manifest.json  size and SHA-256 of each file, rows and SHA-256 of each table

Money is in pounds, times are UTC. The passwords are there only as hashes, but much else is not for
everybody: keep this file as safe as the data.
"""
# name of the list: its model, and heading → what of the model stands under it
NOUNS: dict[str, tuple[Model, dict[str, str]]] = {
    "bodies": (Body, {"Body": "name", "Kind": "kind", "Since": "created_at"}),
    "people": (User, {"Name": "name", "E-mail": "email", "May sign in": "is_active"}),
    "grants": (
        Grant,
        {
            "Person": "user__name",
            "Role": "role",
            "Body": "body__name",
            "From": "starts_on",
            "To": "ends_on",
            "Given by": "given_by__name",
        },
    ),
    "ledgers": (
        Ledger,
        {
            "Body": "body__name",
            "File": "source__name",
            "Import": "brought_by__reference",
            "State": "brought_by__state",
            "Rows": "rows",
            "Read": "read",
            "Rejected": "rejected",
            "Amount (pounds)": "amount",
            "First paid": "first_paid",
            "Last paid": "last_paid",
            "SHA-256": "source__sha256",
        },
    ),
    "reviews": (
        Review,
        {
            "Body": "body__name",
            "Reference": "reference",
            "Name": "name",
            "State": "state",
            "From": "period_from",
            "To": "period_to",
            "Findings": "findings_text",
            "Concluded on": "concluded_on",
            "Concluded by": "concluded_by__name",
        },
    ),
    "payees": (
        Finding,
        {
            "Body": "review__body__name",
            "Review": "review__reference",
            "Payee": "name",
            "Kind": "kind",
            "Risk": "shown_tier",
            "Risk as computed": "tier",
            "Paid (pounds)": "amount",
            "Payments": "lines",
            "Mainly for": "main_category",
            "Next step": "next_step",
        },
    ),
    "decisions": (
        TierDecision,
        {
            "Body": "body__name",
            "Review": "finding__review__reference",
            "Payee": "finding__name",
            "Computed": "computed",
            "Decided": "tier",
            "Reason": "reason",
            "Evidence": "evidence",
            "By": "decided_by__name",
            "At": "decided_at",
            "Taken back at": "withdrawn_at",
        },
    ),
    "record-of-changes": (
        Event,
        {
            "Body": "body_id",
            "Line": "sequence",
            "At": "at",
            "By": "by",
            "What": "kind",
            "About": "subject",
            "Detail": "detail",
            "Hash": "hash",
        },
    ),
}


# ---------------------------------------------------------------- making


@contextmanager
def one_instant() -> Iterator[None]:
    """Read the database as it stands at one instant, while others may go on writing."""
    if connection.in_atomic_block:  # the caller's instant
        yield
    elif connection.vendor == "sqlite":
        connection.ensure_connection()  # which says what is usual
        usual, connection.transaction_mode = connection.transaction_mode, "DEFERRED"  # type: ignore[attr-defined]
        try:
            with transaction.atomic():
                yield
        finally:
            connection.transaction_mode = usual  # type: ignore[attr-defined]
    else:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


def make_export(
    data: Path,
    file: Path,
    *,
    at: datetime,
    step: Step = no_step,
    total: Step = no_step,
) -> Contents:
    """Put everything that is kept into one new ZIP that only we can read.

    It may run while web and worker run: tables are read as they stood at one instant, and files
    are on the disk before a row names them.

    Args:
        total: Is told once about how many bytes there are to do; ``step`` how many were done.

    Raises:
        BadInput: the file cannot be put there.
    """
    with written_whole(file, data, "export") as partial:
        with one_instant(), zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as packed:
            needed = relied_on()
            names = [n for n in files_below(data, needed, with_keys=False) if n != DATABASE]
            sizes = [path.stat().st_size for n in names if (path := data / n).is_file()]
            total(sum(sizes) + _about_bytes_of_rows())
            made = _write(packed, data, names, needed, at, step)
            packed.comment = b"0" * SEAL
        with partial.open("r+b") as out:
            out.seek(-SEAL, os.SEEK_END)
            out.write(_seal_of(partial, no_step).encode())
    return made


def _about_bytes_of_rows() -> int:
    return sum(400 * model._base_manager.count() for model in exported())


def schema_file() -> bytes:
    """Return what each table and column of this version means, as an export holds it."""
    return json.dumps(described(), indent=1, ensure_ascii=False).encode()


def _write(
    packed: zipfile.ZipFile,
    data: Path,
    names: list[str],
    needed: set[str],
    at: datetime,
    step: Step,
) -> Contents:
    files: dict[str, Kept] = {}
    tables: dict[str, Rows] = {}
    schema = schema_file()
    files[ABOUT] = _add(packed, ABOUT, WORDS.encode())
    files[SCHEMA] = _add(packed, SCHEMA, schema)
    for model in exported():
        name = _file_of(model)
        with new_entry(packed, name) as target:
            out = Counting(target)
            digest, count = hashlib.sha256(), 0
            for line, hashed in lines_of(model):
                out.write(line)
                digest.update(hashed)
                count += 1
                step(len(line))
        files[name] = Kept(out.size, out.digest.hexdigest())
        tables[model._meta.label] = Rows(count, digest.hexdigest())
    for noun, (model, columns) in NOUNS.items():
        name = f"{LISTS}{noun}.csv"
        with new_entry(packed, name) as target:
            out = Counting(target)
            for piece in _as_csv(model, columns):
                out.write(piece)
        files[name] = Kept(out.size, out.digest.hexdigest())
    for name in names:
        try:
            source = (data / name).open("rb")
        except FileNotFoundError:
            continue
        with source, new_entry(packed, INSIDE + name) as target:
            files[INSIDE + name] = pour(source, target, step)
    inside = {name.removeprefix(INSIDE) for name in files if name.startswith(INSIDE)}
    folders = {parent.as_posix() for name in inside for parent in PurePosixPath(name).parents}
    made = Contents(
        program=__version__,
        made_at=at.isoformat(timespec="seconds"),
        with_keys=False,
        schema=hashlib.sha256(schema).hexdigest(),
        missing=sorted(needed - inside - folders),
        files=files,
        tables=tables,
    )
    _add(packed, MANIFEST, json.dumps({"format": FORMAT, **asdict(made)}, indent=1).encode())
    return made


def _file_of(model: Model) -> str:
    return f"{TABLES}{model._meta.label}.jsonl"


@contextmanager
def new_entry(packed: zipfile.ZipFile, name: str) -> Iterator[IO[bytes]]:
    """Open a new file of a ZIP to be written, packed where that helps."""
    entry = zipfile.ZipInfo(name)  # without the time: the same again is the same bytes
    entry.external_attr = 0o600 << 16
    entry.compress_type = (
        zipfile.ZIP_STORED if name.lower().endswith(PACKED) else zipfile.ZIP_DEFLATED
    )
    with packed.open(entry, "w", force_zip64=True) as target:
        yield target


def _add(packed: zipfile.ZipFile, name: str, content: bytes) -> Kept:
    with new_entry(packed, name) as target:
        return pour(io.BytesIO(content), target, no_step)


class Counting:
    """Hashes what is written, and counts its bytes."""

    def __init__(self, target: IO[bytes]) -> None:
        self.target, self.digest = target, hashlib.sha256()
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Write some bytes."""
        self.target.write(piece)
        self.digest.update(piece)
        self.size += len(piece)


def _as_csv(model: Model, columns: dict[str, str]) -> Iterator[bytes]:
    """Yield a list as CSV with the byte order mark that spreadsheets need."""
    text = io.StringIO(newline="")
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(columns)
    rows = model._base_manager.order_by("pk").values_list(*columns.values())
    for row in rows.iterator(chunk_size=1_000):
        writer.writerow([_cell(value) for value in row])
        if text.tell() > CHUNK:
            yield text.getvalue().encode("utf-8", "replace")
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dict | list):
        return safe_cell(json.dumps(value, ensure_ascii=False, sort_keys=True))
    return safe_cell(value) if isinstance(value, str) else value


def _seal_of(file: Path, step: Step) -> str:
    """Return the SHA-256 of a file without its last bytes, which say it."""
    digest = hashlib.sha256()
    with file.open("rb") as source:
        left = max(os.fstat(source.fileno()).st_size - SEAL, 0)
        while left and (chunk := source.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
            step(len(chunk))
    return digest.hexdigest()


# ---------------------------------------------------------------- taking in


def read_export(file: Path, *, step: Step = no_step) -> Contents:
    """Check that a file is an export of ours and undamaged; return what it holds.

    Raises:
        BadInput: it is none, damaged, cut short, of another version, or holds what none does.
    """
    if not file.is_file():
        raise BadInput(f"There is no file {file}.")
    with file.open("rb") as source:
        if source.read(4) != b"PK\x03\x04":
            raise BadInput(f"{file} is no export of this program: name another file.")
        source.seek(-min(SEAL, os.fstat(source.fileno()).st_size), os.SEEK_END)
        sealed = source.read()
    if sealed != _seal_of(file, step).encode():
        raise BadInput(f"{file} is damaged or cut short: use another export.")
    with _readable(file), zipfile.ZipFile(file) as packed:
        names = packed.namelist()
        if MANIFEST not in names or packed.getinfo(MANIFEST).file_size > MANIFEST_MOST:
            raise BadInput(f"{file} has no manifest that can be read: use another export.")
        held = manifest_in(file, packed.read(MANIFEST), "export")
        times = Counter(names)
        strange = sorted(
            name
            for name in {*names, *held.files}
            if not (_is_own(name) and times[name] == 1)
            or not (name in held.files or name == MANIFEST)
        )
        if strange:
            raise BadInput(
                f"{file} holds {strange[0]!r} otherwise than an export does: do not use it."
            )
        same = held.schema == hashlib.sha256(schema_file()).hexdigest()
        if not same or held.tables.keys() != {model._meta.label for model in exported()}:
            raise BadInput(
                f"{file} was made by version {held.program}, whose tables are others than those "
                f"of this version {__version__}: import it with that version, then upgrade."
            )
    return held


def _is_own(name: str) -> bool:
    """Whether a name in a ZIP leads below the folder it is unpacked into, and to no key there."""
    parts = name.split("/")
    if parts[0] == "data" and (parts[1] in KEYS or parts[1].startswith(DATABASE)):
        return False
    return not any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts)


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BadInput(f"{file} cannot be unpacked: use another export.") from error


def must_be_empty(data: Path, held: Contents) -> None:
    """Refuse an installation in which anybody has kept anything that is not of this export.

    Files that an import put there before it was stopped are the export's own.

    Raises:
        BadInput: a table has rows, or a file is there that the export does not hold so.
    """
    for model in exported():
        if model._base_manager.exists():
            raise BadInput(
                f"This installation is not empty ({model._meta.label} has rows): import only into "
                "a new one."
            )
    for name in files_below(data, set(), with_keys=False):
        kept = held.files.get(INSIDE + name)
        if name == DATABASE:
            continue
        with (data / name).open("rb") as there:
            if kept is None or pour(there, None, no_step) != kept:
                raise BadInput(
                    f"{data} is not empty ({name} is there): import only into a new folder."
                )


def take_in(
    file: Path, data: Path, held: Contents, *, step: Step = no_step
) -> list[tuple[UUID, Fault]]:
    """Take an export into this empty installation, whole or not at all; compare all of it.

    Returns:
        What is wrong with audit trails that did not fit when they were exported either.

    Raises:
        BadInput: the installation is not empty, the export is no good or what was written is not
            equal to it.
    """
    must_be_empty(data, held)
    put: list[Path] = []
    try:
        with _readable(file), zipfile.ZipFile(file) as packed, transaction.atomic():
            for model in exported():
                _take_table(file, packed, model, held, step)
            _check_links(file)
            count_on_from_the_highest_key()
            for model in exported():
                if hash_of_rows(model, no_step) != held.tables[model._meta.label]:
                    raise BadInput(
                        f"{model._meta.label} was not written as it is in {file}: check the "
                        "database."
                    )
            _take_files(file, packed, data, held, put, step)
            faults = [
                (body_id, fault)
                for body_id in bodies_with_lines()
                for fault in check(body_id).faults
            ]
    except BaseException:
        for path in put:
            path.unlink(missing_ok=True)
        raise
    return faults


def _take_table(
    file: Path, packed: zipfile.ZipFile, model: Model, held: Contents, step: Step
) -> None:
    name = _file_of(model)
    try:
        with packed.open(name) as lines:
            write_rows(model, lines, step)
    except (ValueError, TypeError, DatabaseError) as error:
        raise BadInput(
            f"{name} in {file} cannot be taken in ({str(error).splitlines()[0]}): use another "
            "export."
        ) from error


def _check_links(file: Path) -> None:
    try:
        connection.check_constraints()
    except DatabaseError as error:
        raise BadInput(f"A row in {file} points to one that is not there: use another.") from error


def _take_files(
    file: Path, packed: zipfile.ZipFile, data: Path, held: Contents, put: list[Path], step: Step
) -> None:
    for inside, kept in held.files.items():
        if not inside.startswith(INSIDE):
            continue
        path = data / inside.removeprefix(INSIDE)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        try:
            with packed.open(inside) as source, partial.open("xb") as target:
                partial.chmod(0o600)
                pour(source, target, step)
                target.flush()
                os.fsync(target.fileno())
            with partial.open("rb") as written:
                if pour(written, None, no_step) != kept:
                    raise BadInput(f"{inside} in {file} is not as its manifest says: use another.")
            if not path.exists():
                put.append(path)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        sync_folder(path.parent)
