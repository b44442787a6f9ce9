"""Which database it is, by one setting, and one sentence where it does not answer.

``SECTION54_DATABASE`` is empty for SQLite in the data folder, or a PostgreSQL address as its own
tools take it: ``postgresql://section54@db.example.org/section54``. The password is never in it.
"""

import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from section54.engine.errors import BadInput
from section54.records.rows import RoleAboveRulesError


OLDEST = 14
PASSWORD_FILE = "SECTION54_DATABASE_PASSWORD_FILE"  # noqa: S105 - the name of a setting
SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "OPTIONS": {
        # A writer takes its turn at the start of a transaction, and what was answered is on the
        # disk.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    },
}
# What psycopg or libpq says: what to do about it
SAID = {
    "password authentication failed": "The password for role {user} is not right: put the right "
    f"one into the file that {PASSWORD_FILE} names.",
    "no password supplied": f"The database asks role {{user}} for a password: name its file in "
    f"{PASSWORD_FILE}, or let the role in by peer or pgpass.",
    "Peer authentication failed": "The database lets role {user} in only under the system's user "
    "of the same name: run as that user, or give the role a password.",
    "no pg_hba.conf entry": "The database at {place} does not let role {user} in from this "
    "machine: add a line to its pg_hba.conf.",
    'role "': "There is no role {user} in the database at {place}, or it may not sign in: make it "
    "with createuser.",
    'database "': "There is no database {name} at {place}: make it with "
    "createdb --owner={user} {name}.",
    "is starting up": "The database at {place} is starting: try again in a moment.",
    "is shutting down": "The database at {place} is being shut down: start it, then try again.",
    "too many": "The database at {place} has no connection left: raise max_connections, or run "
    "fewer workers.",
}


def database_named(data: Path) -> dict[str, Any]:
    """Return Django's settings of the database that the environment names.

    Raises:
        ImproperlyConfigured: what it names cannot be used.
    """
    address = os.environ.get("SECTION54_DATABASE", "")
    return database_from(address, os.environ.get(PASSWORD_FILE, ""), data)


def database_from(address: str, password_file: str, data: Path) -> dict[str, Any]:
    """Return Django's settings of the database that an address names; empty: SQLite.

    Raises:
        ImproperlyConfigured: it is no PostgreSQL address, holds a password, or its password file
            cannot be used.
    """
    if not address:
        return {**SQLITE, "NAME": data / "section54.sqlite3"}
    wrong = (
        "SECTION54_DATABASE must be empty for SQLite, or an address such as "
        "postgresql://section54@db.example.org/section54"
    )
    if not address.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(f"{wrong}.")
    try:
        from psycopg import ProgrammingError  # noqa: PLC0415 - only where it is used
        from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415
    except ImportError as error:
        raise ImproperlyConfigured(
            "PostgreSQL needs psycopg: install Section54 with its web extra."
        ) from error
    try:
        parts = conninfo_to_dict(address)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"{wrong}: {str(error).strip()}.") from error
    if "password" in parts:
        raise ImproperlyConfigured(
            f"SECTION54_DATABASE holds a password: put it into a file that only the program can "
            f"read, and name the file in {PASSWORD_FILE}."
        )
    if not parts.get("dbname") or not parts.get("user"):
        raise ImproperlyConfigured(f"{wrong}: both the role and the database are needed.")
    own = {"NAME": "dbname", "USER": "user", "HOST": "host", "PORT": "port"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{name: str(parts.pop(key, "")) for name, key in own.items()},
        "PASSWORD": _password(Path(password_file)) if password_file else "",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10, "application_name": "section54", **parts},
    }


def _password(file: Path) -> str:
    try:
        password = file.read_text(encoding="utf-8").strip()
        mode = file.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{PASSWORD_FILE}: {file} cannot be read.") from error
    if not password:
        raise ImproperlyConfigured(f"{PASSWORD_FILE}: {file} is empty.")
    if mode & 0o077:
        raise ImproperlyConfigured(f"{file} can be read by others: chmod 600 {file}")
    return password


def sentence_of(error: Exception, settings: dict[str, Any]) -> str:
    """Return what to do about an error that came from opening a database."""
    place = settings.get("HOST") or "this machine"
    if settings.get("PORT"):
        place += f", port {settings['PORT']}"
    words = {"user": settings.get("USER"), "name": settings.get("NAME"), "place": place}
    said = str(error).strip()
    if isinstance(error, RoleAboveRulesError):
        return said
    for part, sentence in SAID.items():
        if part in said:
            return sentence.format(**words)
    if "PostgreSQL" in said and "or later is required" in said:
        return f"The database must be PostgreSQL {OLDEST} or later: {said}"
    first = said.splitlines()[0] if said else type(error).__name__
    return (
        f"The database at {place} does not answer: see that PostgreSQL runs there and that "
        f"SECTION54_DATABASE is right ({first})."
    )


class NoDatabaseError(CommandError, BadInput):
    """The database cannot be used: one sentence, from our commands and from Django's."""


def must_answer() -> None:
    """Open the database, before anything is asked of it.

    Raises:
        NoDatabaseError: it does not answer, is too old, or its role stands above the rules.
    """
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        if connection.vendor != "postgresql":
            raise
        raise NoDatabaseError(sentence_of(error, connection.settings_dict)) from error
