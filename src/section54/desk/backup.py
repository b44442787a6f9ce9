"""Everything that is kept, in one file and back again.

A backup is a tar in gzip: a consistent copy of the database (the file that SQLite is, or a dump of
PostgreSQL's, ``backup_postgresql.py``), the files beside it, and last a manifest with the hash of
each file and of each table's rows. An empty gzip member at its very end holds the SHA-256 of all
bytes before it: any damage shows before anything is unpacked.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import stat
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import IO, Any

from section54 import __version__
from section54.engine.errors import BadInput


FORMAT = 1
DATABASE = "section54.sqlite3"
DUMP = "section54.dump"  # what stands in its place where the database is PostgreSQL
INSIDE = "data/"
MANIFEST = "manifest.json"
MANIFEST_MOST = 256 << 20
# Made anew by the program, or of the moment: no row relies on them.
LEFT_OUT = ("incoming", "static", "samples")
KEYS = ("secret", "checkpoint-key", "first-sign-in.txt")
PUBLIC_KEY = "checkpoint-key.pub"
# What rows rely on, as paths below the data folder, by the table that says so.
RELIED_ON = {
    "sources_sourcefile": "SELECT stored_as FROM sources_sourcefile",
    "risk_review": "SELECT folder FROM risk_review WHERE folder <> ''",
    "spend_ledger": "SELECT 'lines/' || one.value FROM spend_ledger, "
    "json_each(spend_ledger.understood, '$.rejected_files') AS one",
}
CHUNK = 1 << 20
START = bytes.fromhex("1f8b08000000000000ff")  # gzip as we write it: no name, no time
SEAL_START = bytes.fromhex("1f8b08100000000000ff") + b"sha256:"
SEAL_END = b"\0" + bytes.fromhex("0300") + bytes(8)
SEAL_BYTES = len(SEAL_START) + 64 + len(SEAL_END)
Step = Callable[[int], None]  # is told how many bytes were done


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a backup."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a table: in the order of their primary key, or on PostgreSQL in any."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds, as its manifest says.

    ``missing`` names what rows rely on and what was not there any more when it was made.
    """

    program: str
    made_at: str
    with_keys: bool
    schema: str
    missing: list[str]
    files: dict[str, Kept]
    tables: dict[str, Rows]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables.values())


def no_step(_done: int) -> None:
    """Tell nobody how far it got."""


def postgresql() -> Any:
    """Return what knows PostgreSQL, whose driver is needed only where it is used."""
    return import_module("section54.desk.backup_postgresql")


# ---------------------------------------------------------------- hashes


def tables_of(database: Path) -> tuple[str, dict[str, Rows]]:
    """Return the hash of a database's schema, and of each table's rows by primary key."""
    with closing(sqlite3.connect(database)) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        schema = hashlib.sha256()
        for row in connection.execute(
            "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
        ):
            schema.update(_as_bytes(row))
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).fetchall()
        return schema.hexdigest(), {name: _rows_of(connection, name) for (name,) in names}


def _rows_of(connection: sqlite3.Connection, table: str) -> Rows:
    columns = connection.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()
    key = [_quoted(name) for _, name, *_, place in sorted(columns, key=lambda c: c[5]) if place]
    order = ", ".join(key or ["rowid"])
    digest, count = hashlib.sha256(), 0
    query = f"SELECT * FROM {_quoted(table)} ORDER BY {order}"  # noqa: S608 - quoted names
    for row in connection.execute(query):
        digest.update(_as_bytes(row))
        count += 1
    return Rows(count, digest.hexdigest())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_bytes(row: tuple[Any, ...]) -> bytes:
    """Return a row as bytes that no other row has: of each value its type, length and text."""
    out = [b"%d:" % len(row)]
    for value in row:
        if isinstance(value, bytes):
            raw = value
        elif isinstance(value, str):
            raw = value.encode("utf-8", "surrogateescape")
        else:
            raw = repr(value).encode()
        out.append(b"%s %d " % (type(value).__name__.encode(), len(raw)))
        out.append(raw)
    return b"".join(out)


def pour(source: IO[bytes], into: IO[bytes] | None, step: Step) -> Kept:
    """Copy to the end, or only look; return what went through."""
    digest, size = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if into is not None:
            into.write(chunk)
        step(len(chunk))
    return Kept(size, digest.hexdigest())


# ---------------------------------------------------------------- making


def make_backup(
    data: Path,
    file: Path,
    *,
    with_keys: bool = False,
    at: datetime | None = None,
    database: dict[str, Any] | None = None,
    step: Step = no_step,
    total: Step = no_step,
) -> Contents:
    """Put everything that is kept below a data folder into one new file that only we can read.

    It may run while web and worker run: the database is copied as it stood at one instant, and
    files are on the disk before a row names them.

    Args:
        database: Where it is on PostgreSQL, as Django's settings say it; None: SQLite.
        total: Is told once how many bytes there are to do; ``step`` then how many were done.

    Raises:
        BadInput: there is no such database, it is damaged, or the file cannot be put there.
    """
    if database is None and not (data / DATABASE).is_file():
        raise BadInput(
            f"There is no {DATABASE} in {data}: name the data folder with --data, or the database "
            "on PostgreSQL with SECTION54_DATABASE."
        )
    if not data.is_dir():
        raise BadInput(f"There is no folder {data}: name the data folder with --data.")
    copy = file.with_name(f".{file.name}.{os.getpid()}.database")
    with written_whole(file, data, "backup") as partial:
        try:
            copy.touch(mode=0o600, exist_ok=False)
            if database is None:
                _copy_database(data / DATABASE, copy)
                relied_on = _relied_on(copy)
                name, (schema, tables) = DATABASE, tables_of(copy)
            else:
                dumped = postgresql().dump(database, copy)
                relied_on, name = dumped.relied_on, DUMP
                schema, tables = dumped.schema, dumped.tables
            names = list(files_below(data, relied_on, with_keys=with_keys))
            total(copy.stat().st_size + sum(_size(data / name) for name in names))
            with partial.open("r+b") as out:
                sources = {name: copy} | {path: data / path for path in names}
                made = Contents(
                    program=__version__,
                    made_at=(at or datetime.now(UTC)).isoformat(timespec="seconds"),
                    with_keys=with_keys,
                    schema=schema,
                    missing=[],
                    files={},
                    tables=tables,
                )
                made = _write(out, sources, relied_on, made, step)
        finally:
            copy.unlink(missing_ok=True)
    return made


@contextmanager
def written_whole(file: Path, data: Path, what: str) -> Iterator[Path]:
    """Give an empty file beside one that is to be, which takes its name once all is written.

    Raises:
        BadInput: the file is there already, or cannot lie there.
    """
    taken = f"{file} is there already: name a new file."
    if file.exists():
        raise BadInput(taken)
    if not file.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {file.absolute().parent} to put the {what} into.")
    if file.resolve().is_relative_to(data.resolve()):
        raise BadInput(f"{file} lies in the data folder: keep the {what} elsewhere.")
    partial = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        partial.touch(mode=0o600, exist_ok=False)
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        # A link fails where a file is: a rename would replace what somebody put there meanwhile.
        try:
            os.link(partial, file)
        except FileExistsError as error:
            raise BadInput(taken) from error
        except OSError:  # a file system without links
            partial.rename(file)
        sync_folder(file.absolute().parent)
    finally:
        partial.unlink(missing_ok=True)


def _copy_database(database: Path, copy: Path) -> None:
    """Copy a database as it stands at one instant, while others may write into it."""
    try:
        with (
            closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=rw", uri=True)) as source,
            closing(sqlite3.connect(copy)) as target,
        ):
            source.execute("PRAGMA busy_timeout = 20000")
            source.backup(target)  # all pages in one reading transaction
            target.execute("PRAGMA journal_mode = DELETE")
            (found,) = target.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise BadInput(f"{database} cannot be copied ({error}): nothing was written.") from error
    if found != "ok":
        raise BadInput(f"{database} is damaged ({found}): restore an earlier backup.")


def _relied_on(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        there = {
            name
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
        }
        return {
            str(path)
            for table, query in RELIED_ON.items()
            if table in there
            for (path,) in connection.execute(query)
        }


def files_below(data: Path, relied_on: set[str], *, with_keys: bool) -> Iterator[str]:
    """Yield the files to keep, as paths below the data folder; links are never followed."""
    for folder, inner, files in os.walk(data):
        here = Path(folder).relative_to(data)
        if not here.parts:
            inner[:] = [name for name in inner if name not in LEFT_OUT]
        elif here.parts[0] == "reviews" and len(here.parts) == 2:
            # Only the attempt that was kept; another may be at work in its own folder.
            inner[:] = [name for name in inner if (here / name).as_posix() in relied_on]
        inner.sort()
        for name in sorted(files):
            path = (here / name).as_posix()
            if not (data / path).is_symlink() and _is_kept(path, relied_on, with_keys=with_keys):
                yield path


def _is_kept(path: str, relied_on: set[str], *, with_keys: bool) -> bool:
    if path in relied_on:
        return True
    name = PurePosixPath(path).name
    if path == name:  # beside the database
        if name in KEYS:
            return with_keys
        own = ("secret.", "checkpoint-key.", "first-sign-in.txt.", DATABASE, DUMP)
        if name != PUBLIC_KEY and name.startswith(own):
            return False
    return not (name.startswith(".") or name.endswith((".part", ".lock")))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _write(
    out: IO[bytes],
    sources: dict[str, Path],
    relied_on: set[str],
    made: Contents,
    step: Step,
) -> Contents:
    """Write what is to be kept, by its name inside, and the manifest; return what that says."""
    files: dict[str, Kept] = {}
    with (
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, source in sources.items():
            kept = _add(tar, name, source, step)
            if kept is not None:
                files[name] = kept
        folders = {parent.as_posix() for name in files for parent in PurePosixPath(name).parents}
        missing = sorted(relied_on - files.keys() - folders)
        made = replace(made, missing=missing, files=files)
        text = json.dumps({"format": FORMAT, **asdict(made)}, indent=1).encode()
        tar.addfile(_entry(MANIFEST, len(text)), io.BytesIO(text))
    out.seek(0)
    seal = pour(out, None, no_step).sha256
    out.write(SEAL_START + seal.encode() + SEAL_END)
    return made


def _entry(name: str, size: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry


def _add(tar: tarfile.TarFile, name: str, source: Path, step: Step) -> Kept | None:
    """Add a file as long as it is now; None if it is gone."""
    try:
        file = source.open("rb")
    except FileNotFoundError:
        return None
    with file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            return None
        reader = _Hashing(file, step)
        try:
            tar.addfile(_entry(INSIDE + name, status.st_size), reader)  # type: ignore[arg-type]
        except OSError as error:
            if reader.size < status.st_size and error.errno is None:
                raise BadInput(f"{source} became shorter meanwhile: run it again.") from error
            raise
        return Kept(status.st_size, reader.digest.hexdigest())


class _Hashing:
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes], step: Step) -> None:
        self.file, self.step = file, step
        self.digest, self.size = hashlib.sha256(), 0

    def read(self, size: int) -> bytes:
        """Read some bytes."""
        chunk = self.file.read(size)
        self.digest.update(chunk)
        self.size += len(chunk)
        self.step(len(chunk))
        return chunk


def sync_folder(folder: Path) -> None:
    """Put the names of a folder's files on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---------------------------------------------------------------- checking and restoring


def check_backup(file: Path, *, step: Step = no_step) -> Contents:
    """Check a backup without restoring it: every byte, file and row; return what it holds.

    Raises:
        BadInput: it is no backup, damaged, cut short, or holds what a backup never does.
    """
    with tempfile.TemporaryDirectory(prefix="section54-check-") as folder:
        return _unpack(file, Path(folder), step, only={DATABASE, DUMP})


def restore_backup(
    file: Path, data: Path, *, database: dict[str, Any] | None = None, step: Step = no_step
) -> Contents:
    """Restore a backup into a folder that is empty or not there; return what was restored.

    All of it is unpacked and checked in a folder beside, which then takes the name: either
    everything is there, or nothing. On PostgreSQL the database must be empty, too, and is filled
    in one transaction just before.

    Args:
        database: Where it is to be on PostgreSQL, as Django's settings say it; None: SQLite.

    Raises:
        BadInput: folder or database is not empty, or the backup is no good or of the other kind.
    """
    data = data.absolute()
    full = f"{data} is not empty: a backup is restored only into an empty or a new folder."
    if data.is_symlink() or (data.exists() and not data.is_dir()):
        raise BadInput(f"{data} is not a folder: name an empty or a new one.")
    if data.is_dir() and any(data.iterdir()):
        raise BadInput(full)
    if not data.parent.is_dir():
        raise BadInput(f"There is no folder {data.parent} to restore into.")
    if database is not None:
        postgresql().must_be_empty(database)
    partial = data.with_name(f".{data.name}.{os.getpid()}.part")
    try:
        partial.mkdir(mode=0o700)
        held = _unpack(file, partial, step)
        for name, kept in held.files.items():  # what is on the disk, not what was read
            with (partial / name).open("rb") as written:
                if pour(written, None, no_step) != kept:
                    raise BadInput(f"{name} was not written as it is in {file}: check the disk.")
        _must_fit(file, held, database)
        if database is not None:
            postgresql().restore(partial / DUMP, database, held.schema, held.tables)
            (partial / DUMP).unlink()
        os.sync()
        try:
            partial.rename(data)
        except OSError as error:
            if database is not None:
                postgresql().empty(database)
            if data.is_dir() and any(data.iterdir()):
                raise BadInput(full) from error
            raise
        sync_folder(data.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return held


def _must_fit(file: Path, held: Contents, database: dict[str, Any] | None) -> None:
    if DUMP in held.files and database is None:
        raise BadInput(
            f"{file} is of a database on PostgreSQL: name a new and empty one in "
            "SECTION54_DATABASE."
        )
    if DUMP not in held.files and database is not None:
        raise BadInput(
            f"{file} is of a database on SQLite: restore it without SECTION54_DATABASE (section54 "
            "export and import move it to PostgreSQL)."
        )


def _check_seal(file: Path, step: Step) -> None:
    """Refuse a file of which any byte is not as it was written."""
    with file.open("rb") as source:
        if source.read(len(START)) != START:
            raise BadInput(
                f"{file} is no backup of this program, or damaged at its start: name another file."
            )
        before = os.fstat(source.fileno()).st_size - SEAL_BYTES
        source.seek(0)
        digest, left = hashlib.sha256(), max(before, 0)
        while left and (chunk := source.read(min(CHUNK, left))):
            digest.update(chunk)
            left -= len(chunk)
            step(len(chunk))
        if source.read() != SEAL_START + digest.hexdigest().encode() + SEAL_END:
            raise BadInput(f"{file} is damaged or cut short: use another backup.")


def _unpack(file: Path, folder: Path, step: Step, only: set[str] | None = None) -> Contents:
    """Unpack into a new folder of ours and check against the manifest."""
    if not file.is_file():
        raise BadInput(f"There is no file {file}.")
    _check_seal(file, step)
    found: dict[str, Kept] = {}
    manifest = b""
    with _readable(file), gzip.open(file) as packed, tarfile.open(fileobj=packed, mode="r|") as tar:
        for entry in tar:
            inside = tar.extractfile(entry) if _is_plain(entry) else None
            if inside is None or manifest:
                raise BadInput(f"{file} holds {entry.name!r}, which no backup does: do not use it.")
            if entry.name == MANIFEST:
                manifest = inside.read(MANIFEST_MOST)
                continue
            name = _own_name(file, entry, folder)
            if name in found:
                raise BadInput(f"{file} holds {name!r} twice, as no backup does: do not use it.")
            if only is None or name in only:
                (folder / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with _new(folder / name) as target:
                    found[name] = pour(inside, target, no_step)
            else:
                found[name] = pour(inside, None, no_step)
    held = read_manifest(file, manifest)
    _compare(file, held, found)
    try:
        if DUMP in held.files:  # its schema shows only once it is restored
            schema, tables = held.schema, postgresql().tables_in(folder / DUMP)
        else:
            schema, tables = tables_of(folder / DATABASE)
    except sqlite3.DatabaseError as error:
        raise BadInput(f"The database in {file} cannot be read: use another backup.") from error
    unlike = [name for name in held.tables | tables if held.tables.get(name) != tables.get(name)]
    if unlike or schema != held.schema:
        what = f"table {unlike[0]}" if unlike else "schema"
        raise BadInput(f"The {what} in {file} is not as its manifest says: use another backup.")
    return held


@contextmanager
def _readable(file: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise BadInput(f"{file} cannot be unpacked: use another backup.") from error


def _is_plain(entry: tarfile.TarInfo) -> bool:
    return entry.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not entry.issparse()


def _own_name(file: Path, entry: tarfile.TarInfo, folder: Path) -> str:
    """Return a file's path below the data folder; refuse one that could lead elsewhere."""
    name = entry.name.removeprefix(INSIDE)
    good = entry.name.startswith(INSIDE) and not any(
        part in ("", ".", "..") or "\\" in part or "\0" in part for part in name.split("/")
    )
    try:
        tarfile.data_filter(entry.replace(name=name, deep=False), str(folder))
    except tarfile.FilterError:
        good = False
    if not good:
        raise BadInput(f"{file} holds {entry.name!r}, which no backup does: do not use it.")
    return name


def _new(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def read_manifest(file: Path, text: bytes, what: str = "backup") -> Contents:
    """Return what a manifest says; ``what`` it is that the file should be."""
    try:
        told = json.loads(text)
        if told.pop("format") != FORMAT:
            raise BadInput(f"{file} was made by another version of this program: use that one.")
        files = {name: Kept(**kept) for name, kept in told.pop("files").items()}
        tables = {name: Rows(**rows) for name, rows in told.pop("tables").items()}
        return Contents(files=files, tables=tables, **told)
    except BadInput:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(f"{file} has no manifest that can be read: use another {what}.") from error


def _compare(file: Path, held: Contents, found: dict[str, Kept]) -> None:
    for name in {DUMP if DUMP in held.files else DATABASE: None} | held.files:
        if name not in found:
            raise BadInput(f"{file} lacks {name}: use another backup.")
        if found[name] != held.files.get(name):
            raise BadInput(f"{name} in {file} is not as its manifest says: use another backup.")
    for name in found.keys() - held.files.keys():
        raise BadInput(f"{file} holds {name!r}, which its manifest does not name: do not use it.")
