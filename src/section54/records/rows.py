"""Whose rows the database shows: PostgreSQL's row-level security, told by the program.

On PostgreSQL every table that has a body shows only the rows of the bodies that this module told
the connection; whoever told nothing sees none (``records/policies.py``). A request of somebody who
is signed in tells the bodies of their grants. A command, the worker and a migration say
``everything()``, and so does a change that concerns two bodies, for as long as it lasts; nothing
else may. On SQLite all of this does nothing.
"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ContextDecorator, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpRequest
from django.http.response import HttpResponseBase


@dataclass(frozen=True, slots=True)
class Shown:
    """What a connection may show. ``bodies`` is None where nobody is signed in."""

    everything: bool = False
    bodies: frozenset[UUID] | None = None
    person: UUID | None = None


NOTHING = Shown()
EVERYTHING = Shown(everything=True)
_shown: ContextVar[Shown] = ContextVar("shown", default=NOTHING)
_TELL = """SELECT set_config('section54.everything', %s, false),
    set_config('section54.bodies', %s, false), set_config('section54.person', %s, false)"""


def everything() -> "Scope":
    """Show the rows of every body: for commands, the worker and migrations."""
    return Scope(EVERYTHING)


def everything_from_here() -> None:
    """Show the rows of every body until the program ends: a command that its owner gave."""
    everything().__enter__()


def nothing() -> "Scope":
    """Show no body's rows: before it is known who asks."""
    return Scope(NOTHING)


def of_bodies(bodies: Iterable[UUID], *, person: UUID) -> "Scope":
    """Show the rows of some bodies and what is one person's own."""
    return Scope(Shown(bodies=frozenset(bodies), person=person))


class Scope(ContextDecorator):
    """A stretch of the program in which the database shows what it is told, and no more after.

    With ``with``, or before a function; a thread that is started inside tells for itself.
    """

    def __init__(self, shown: Shown) -> None:
        self._shown, self._before = shown, NOTHING

    def _recreate_cm(self) -> "Scope":
        return type(self)(self._shown)

    def __enter__(self) -> None:
        self._before = _shown.get()
        _shown.set(self._shown)
        if self._shown != self._before:
            try:
                _tell(self._shown)
            except BaseException:
                _shown.set(self._before)
                raise

    def __exit__(self, *_: object) -> None:
        _shown.set(self._before)
        if self._shown != self._before:
            _tell_again(self._before)

    def each(self, parts: Iterable[Any]) -> Iterator[Any]:
        """Return parts that are made later, each in a stretch of its own."""
        making = iter(parts)
        try:
            while True:
                with type(self)(self._shown):
                    try:
                        part = next(making)
                    except StopIteration:
                        return
                yield part
        finally:
            if isinstance(making, Generator):
                making.close()


def _tell(shown: Shown) -> None:
    """Tell this thread's connection, if it is open; one that is opened later is told then."""
    wrapper = connections[DEFAULT_DB_ALIAS]
    if wrapper.vendor != "postgresql" or wrapper.connection is None:
        return
    listed = ",".join(sorted(map(str, shown.bodies or ())))
    bodies = "" if shown.bodies is None else f"{{{listed}}}"
    words = ("on" if shown.everything else "", bodies, str(shown.person or ""))
    with wrapper.wrap_database_errors, wrapper.connection.cursor() as cursor:
        cursor.execute(_TELL, words)


def _tell_again(shown: Shown) -> None:
    """Tell what was shown before, whatever happened meanwhile.

    In a transaction that failed nothing can be told; its rollback, which must follow, sets back
    what was told inside it. Otherwise a connection that cannot be told is given up.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]
    if wrapper.vendor != "postgresql" or wrapper.connection is None:
        return
    from psycopg.pq import TransactionStatus  # noqa: PLC0415 - only where it is used

    failed = wrapper.connection.info.transaction_status == TransactionStatus.INERROR
    if failed and wrapper.in_atomic_block:
        return
    try:
        _tell(shown)
    except BaseException:
        with suppress(Exception):
            wrapper.close()
        raise


def tell_new_connection(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Refuse a role that no policy binds; tell a new connection what this thread shows.

    Raises:
        RoleAboveRulesError: the role is a superuser or has BYPASSRLS.
    """
    if connection.vendor != "postgresql" or connection.alias != DEFAULT_DB_ALIAS:
        return
    with connection.connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        (above,) = cursor.fetchone()
    if above:
        connection.close()
        raise RoleAboveRulesError(
            f"The role {connection.settings_dict['USER']} is a superuser of the database or may "
            "bypass its row-level security, so one body's rows would not be kept from another: "
            "make a role of its own with createuser, which owns the database and is neither."
        )
    _tell(_shown.get())


class RoleAboveRulesError(OperationalError):
    """The database's role stands above row-level security."""


class NobodyYet:
    """Shows a request no body's rows until it is known who asks, and keeps nothing for the next."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer it."""
        with nothing():
            return self.get_response(request)
