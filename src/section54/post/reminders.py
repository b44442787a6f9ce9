"""Reminders of what is due: one mechanism for every room.

A room says from ``AppConfig.ready()`` what of its own is due, to whom, and on which day
(``register``); the daily run does the rest. A run that was missed is caught up with: of the steps
that were passed meanwhile only the latest is sent, and none is ever sent twice.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from section54.organisations.models import Body, Grant, User


STEPS = (-14, 0, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing that is due, for one person.

    Attributes:
        body: The body it concerns.
        subject: The record, as ``records.models.subject_of`` names it.
        person: Who is to be reminded.
        on: The day.
        what: What is due, in words that are not sensitive, as they begin a sentence: ``The next
            review of what Fenland Constabulary buys``.
        link: The path of the page where it is done.
    """

    body: Body
    subject: str
    person: User
    on: date
    what: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderKind:
    """A kind of reminder.

    Attributes:
        name: Its short name, such as ``review_due``.
        title: What it reminds of, as people read it where they stop it.
        find: Returns what is due between two days, both inclusive, to whom; called once a day.
        steps: Days after the due day on which to remind, below 0 before it; in their order.
        handled_with: Permission in the body to send it by hand where there is no mail server.
        is_due: How the day is told until it is over: ``is due on``, ``ends on``.
        was_due: How it is told afterwards.
        must: Why nobody can stop it, in one sentence; empty: everybody can.
    """

    name: str
    title: str
    find: Callable[[date, date], Iterable[Due]]
    steps: Sequence[int] = STEPS
    handled_with: str
    is_due: str = "is due on"
    was_due: str = "was due on"
    must: str = ""


_known: dict[str, ReminderKind] = {}
# What was due longer ago than this is no reminder's business any more.
LOOK_BACK = timedelta(days=60)


def register(kind: ReminderKind) -> None:
    """Make a kind of reminder known; once more with the same name replaces it."""
    if list(kind.steps) != sorted(set(kind.steps)):
        raise ValueError(f"the steps of {kind.name} are not in their order")
    _known[kind.name] = kind


def kinds() -> list[ReminderKind]:
    """Return every kind, in the order of their titles."""
    return sorted(_known.values(), key=lambda kind: kind.title)


def step_due(*, on: date, steps: Sequence[int], sent: Iterable[int], today: date) -> int | None:
    """Return the step of a due day that is to be sent today; None if there is none.

    It is the latest that was passed, unless it, or a later one, was sent already.

    >>> step_due(on=date(2026, 5, 20), steps=(-14, 0, 7), sent=(), today=date(2026, 5, 21))
    0
    >>> step_due(on=date(2026, 5, 20), steps=(-14, 0, 7), sent=(0,), today=date(2026, 5, 21))
    """
    passed = [step for step in steps if on + timedelta(days=step) <= today]
    if not passed or today - on > LOOK_BACK:
        return None
    latest = max(passed)
    return None if any(step >= latest for step in sent) else latest


def window(kind: ReminderKind, today: date) -> tuple[date, date]:
    """Return the first and last due day that a run of today can remind of."""
    return today - LOOK_BACK, today - timedelta(days=min(kind.steps, default=0))


def who_may(permission: str, body: Body, on: date) -> list[User]:
    """Return the people who have a permission in a body on a day: whom a reminder is for."""
    reaching = Grant.objects.in_force(on).reaching([body.pk], on)
    people = User.objects.filter(is_active=True, pk__in=reaching.values("user")).order_by("pk")
    return [person for person in people if person.on(on).may(permission, body.pk)]
