"""What runs by the clock: each job once a day, on one worker, and again if that worker dies.

A room adds a job from ``AppConfig.ready()`` with ``register``. A job must be safe to run twice: a
worker may die after the work and before it is written down that it was done.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledJob:
    """A job of every day.

    Attributes:
        name: Its short name, such as ``reminders``.
        title: What it does, for the page of health: ``Write reminders of what is due``.
        run: Does it; given the moment, with its time zone.
        at: From when on it may run, on London's clock. A worker that starts later runs it then.
    """

    name: str
    title: str
    run: Callable[[datetime], object]
    at: time = time(2, 0)


_known: dict[str, ScheduledJob] = {}


def register(job: ScheduledJob) -> None:
    """Make a job known; once more with the same name replaces it."""
    _known[job.name] = job


def jobs() -> list[ScheduledJob]:
    """Return every job, in the order of the day."""
    return sorted(_known.values(), key=lambda job: (job.at, job.name))
