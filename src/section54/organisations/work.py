"""Work that rooms have given to persons: what it is, who has how much, and handing it over.

A room makes its kinds of work known from ``AppConfig.ready()`` with ``register``. When somebody
leaves a body, all that is theirs there goes to others, of every kind.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from section54.organisations.models import Body, User


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing that is somebody's: how people call it, and its page."""

    name: str
    link: str


class HandOver(Protocol):
    """How work is handed over."""

    def __call__(self, *, body: Body, old: User, new: User, by: User, at: datetime) -> int:
        """Make what is one person's in a body another's; return how many pieces it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfWork:
    """A kind of work that can be a person's.

    Attributes:
        name: Its short name, such as ``reviews``.
        title: What it is, as it follows a name: ``Reviews of spend that they lead``.
        needs: The permission that whoever takes it over must have in the body.
        pieces: What is a person's in a body now, the oldest first.
        hand_over: Makes all of it somebody else's, each recorded; returns how many it was. It runs
            in the caller's transaction.
    """

    name: str
    title: str
    needs: str
    pieces: Callable[[User, Body], Sequence[Piece]]
    hand_over: HandOver


_known: dict[str, KindOfWork] = {}


def register(kind: KindOfWork) -> None:
    """Make a kind of work known; once more with the same name replaces it."""
    _known[kind.name] = kind


def kinds() -> list[KindOfWork]:
    """Return every kind of work, in the order of their titles."""
    return sorted(_known.values(), key=lambda kind: kind.title)


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody has of one kind of work in one body."""

    kind: KindOfWork
    body: Body
    pieces: Sequence[Piece]

    @property
    def key(self) -> tuple[str, UUID]:
        """What tells it from other work of theirs."""
        return (self.kind.name, self.body.pk)


def held_by(user: User, bodies: Iterable[Body]) -> list[Held]:
    """Return all that is a person's in some bodies, without kinds of which they have nothing."""
    found = [
        Held(kind, body, pieces)
        for body in bodies
        for kind in kinds()
        if (pieces := kind.pieces(user, body))
    ]
    return sorted(found, key=lambda held: (held.body.name, held.kind.title))
