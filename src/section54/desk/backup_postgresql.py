"""The database's part of a backup on PostgreSQL: a dump by its own tools, and each row's hash.

``pg_dump`` writes the dump and we hash the rows in one snapshot, so both are of one instant. The
dump's text has a line a row; the sum of their hashes needs no order, so a dump can be compared with
its manifest without a server, and a restored database with both.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from section54.desk.backup import Rows
from section54.desk.database import sentence_of
from section54.engine.errors import BadInput


EVERYTHING = "-c section54.everything=on"
START = re.compile(rb"COPY public\.(\w+) \(")
END = b"\\.\n"
RELIED_ON = """SELECT stored_as FROM sources_sourcefile
    UNION SELECT folder FROM risk_review WHERE folder <> ''
    UNION SELECT 'lines/' || jsonb_array_elements_text(understood->'rejected_files')
    FROM spend_ledger WHERE understood ? 'rejected_files'"""
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
ROUTINES = """SELECT oid::regprocedure::text FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace"""
SCHEMA = """SELECT concat_ws(' ', 'column', table_name, column_name, data_type, is_nullable,
        column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat_ws(' ', tablename, policyname, cmd, qual, with_check)
    FROM pg_policies WHERE schemaname = 'public'
    UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat_ws(' ', relname, relrowsecurity, relforcerowsecurity) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    UNION ALL SELECT concat_ws(' ', sequencename, data_type, increment_by) FROM pg_sequences
    WHERE schemaname = 'public'"""
# What a condition is told with once more after it was dumped and read again, as the same.
CASTS = re.compile(r"::(text|character varying)(\[\])?|[()\s]")
THINGS = """SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    AND relkind IN ('r', 'p', 'v', 'm', 'S')"""


@dataclass(frozen=True, slots=True)
class Dumped:
    """What was dumped: the schema's hash, each table's, and the files that rows rely on."""

    schema: str
    tables: dict[str, Rows]
    relied_on: set[str]


class _Sum:
    """The rows of a table, whatever their order."""

    def __init__(self) -> None:
        self.rows, self._sum = 0, 0

    def add(self, line: bytes) -> None:
        """Add a row, as PostgreSQL copies it out as text."""
        self.rows += 1
        self._sum += int.from_bytes(hashlib.sha256(line).digest())

    @property
    def told(self) -> Rows:
        """How many there are, and what their hashes add up to."""
        return Rows(self.rows, f"{self._sum % 2**256:064x}")


def dump(settings: dict[str, Any], file: Path) -> Dumped:
    """Write a database into a file, as it stands at one instant, while others may write into it.

    Raises:
        BadInput: it does not answer, or PostgreSQL's own programs are missing or too old.
    """
    program = _program("pg_dump")
    with _connected(settings) as connection:
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        words = ["--format=custom", "--compress=0", "--enable-row-security", "--no-owner"]
        words += ["--no-privileges", f"--snapshot={snapshot}"]
        _run([program, *words, f"--file={file}"], settings)
        there = {name for (name,) in connection.execute(TABLES)}
        relied_on: set[str] = set()
        if {"sources_sourcefile", "risk_review", "spend_ledger"} <= there:
            relied_on = {name for (name,) in connection.execute(RELIED_ON)}
        return Dumped(*_hashes(connection), relied_on)


def tables_in(file: Path) -> dict[str, Rows]:
    """Return the hash of each table's rows in a dump, which needs no server.

    Raises:
        BadInput: the dump cannot be read, or PostgreSQL's own programs are missing.
    """
    sums: dict[str, _Sum] = {}
    words = [_program("pg_restore"), "--data-only", "--file=-", str(file)]
    with subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as reading:
        assert reading.stdout is not None  # noqa: S101 - it is a pipe
        for line in reading.stdout:
            if started := START.match(line):
                rows = sums.setdefault(started[1].decode(), _Sum())
                for row in iter(reading.stdout.readline, END):
                    if not row:
                        break
                    rows.add(row)
    if reading.returncode:
        raise BadInput(
            "The database's dump cannot be read: use another backup, or a newer pg_restore."
        )
    return {name: rows.told for name, rows in sums.items()}


def restore(file: Path, settings: dict[str, Any], schema: str, tables: dict[str, Rows]) -> None:
    """Restore a dump into an empty database, which then equals it or is empty again.

    Raises:
        BadInput: the database is not empty, or what was restored is not what was dumped.
    """
    program = _program("pg_restore")
    must_be_empty(settings)
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run([program, *words, "--dbname", _conninfo(settings), str(file)], settings)
    with _connected(settings) as connection:
        found_schema, found = _hashes(connection)
        unlike = [name for name in tables | found if tables.get(name) != found.get(name)]
        if schema.split(":")[0] != found_schema.split(":")[0]:
            found_schema = schema  # another version of PostgreSQL words it otherwise
    if unlike or schema != found_schema:
        empty(settings)
        what = f"table {unlike[0]}" if unlike else "schema"
        raise BadInput(f"The {what} was not restored as it was: use another backup.")


def must_be_empty(settings: dict[str, Any]) -> None:
    """Refuse a database in which there is anything.

    Raises:
        BadInput: there is.
    """
    with _connected(settings) as connection:
        if connection.execute(THINGS).fetchone() != (0,):
            name, user = settings["NAME"], settings["USER"]
            raise BadInput(
                f"The database {name} is not empty: a backup is restored only into a new one "
                f"(dropdb {name}, then createdb --owner={user} {name})."
            )


def empty(settings: dict[str, Any]) -> None:
    """Remove what was restored, all at once."""
    with _connected(settings) as connection, connection.transaction():
        for (name,) in connection.execute(TABLES).fetchall():
            connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.Identifier(name)))
        for (name,) in connection.execute(ROUTINES).fetchall():
            connection.execute(f"DROP FUNCTION {name} CASCADE".encode())


def _hashes(connection: "psycopg.Connection[Any]") -> tuple[str, dict[str, Rows]]:
    """Return the hash of the schema with the server's version, and of each table's rows."""
    lines = sorted(CASTS.sub("", line) for (line,) in connection.execute(SCHEMA))
    version = connection.info.server_version // 10_000
    schema = f"{version}:{hashlib.sha256(chr(10).join(lines).encode()).hexdigest()}"
    tables = {}
    for (name,) in connection.execute(TABLES).fetchall():
        copy = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(name))
        with connection.cursor() as cursor, cursor.copy(copy) as rows:
            tables[name] = _summed(_lines(rows))
    return schema, tables


def _summed(lines: Iterable[bytes]) -> Rows:
    rows = _Sum()
    for line in lines:
        rows.add(line)
    return rows.told


def _lines(parts: Iterable[Any]) -> Iterator[bytes]:
    """Return whole lines of what comes in parts."""
    left = b""
    for part in parts:
        *whole, left = (left + bytes(part)).split(b"\n")
        yield from (line + b"\n" for line in whole)


@contextmanager
def _connected(settings: dict[str, Any]) -> Iterator["psycopg.Connection[Any]"]:
    try:
        connection = psycopg.connect(
            _conninfo(settings), password=settings["PASSWORD"] or None, autocommit=True
        )
    except psycopg.Error as error:
        raise BadInput(sentence_of(error, settings)) from error
    with connection:
        yield connection


def _conninfo(settings: dict[str, Any]) -> str:
    """Return whom to ask, without the password; it sees every body's rows, and times in UTC."""
    own = {"dbname": "NAME", "user": "USER", "host": "HOST", "port": "PORT"}
    options = {**settings["OPTIONS"]}
    options["options"] = f"{options.get('options', '')} {EVERYTHING} -c timezone=UTC".strip()
    return make_conninfo(
        "", **{key: settings[name] for key, name in own.items() if settings[name]}, **options
    )


def _program(name: str) -> str:
    """Return PostgreSQL's own program, the newest that Debian installed."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"),
        key=lambda path: float(path.parts[-3]),
    )
    found = str(debian[-1]) if debian else shutil.which(name)
    if found is None:
        raise BadInput(f"{name} is not installed here: install PostgreSQL's client programs.")
    return found


def _run(words: list[str], settings: dict[str, Any]) -> None:
    """Run one of PostgreSQL's own programs; its last words are the reason if it fails."""
    if "--dbname" not in words:
        words = [*words, "--dbname", _conninfo(settings)]
    password = {"PGPASSWORD": settings["PASSWORD"]} if settings["PASSWORD"] else {}
    run = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        words,
        env={**os.environ, "LC_ALL": "C.UTF-8", **password},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode:
        said = run.stderr.strip().splitlines() or ["it said nothing"]
        raise BadInput(f"{Path(words[0]).name} failed ({said[-1]}): nothing was kept of it.")
