"""What runs by the clock: each job once a day, on one worker, and again if that worker dies.

A room adds a job from ``AppConfig.ready()`` with ``register``. A job must be safe to run twice: a
worker may die after the work and before it is written down that it was done.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone

from section54.post.clock_changes import beat_run, end_run, give_up_runs, take_run
from section54.post.models import ScheduledRun
from section54.post.work import Beat


logger = logging.getLogger(__name__)


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


def run_due(now: Callable[[], datetime], *, silent_for: timedelta) -> int:
    """Run every job of today that is due and not done; return how many were run.

    Args:
        now: Tells the moment.
        silent_for: How long a worker may give no sign of life before it is taken for dead.
    """
    at = now()
    local = timezone.localtime(at)
    today, since = local.date(), at - silent_for
    give_up_runs(silent_since=since, today=today, at=at)
    done = set(
        ScheduledRun.objects.filter(day=today, state=ScheduledRun.State.DONE).values_list(
            "job", flat=True
        )
    )
    count = 0
    for job in jobs():
        if job.at > local.time() or job.name in done:
            continue
        run = take_run(job=job.name, day=today, silent_since=since, at=at)
        if run is not None:
            _do(job, run, now)
            count += 1
    return count


def _do(job: ScheduledJob, run: ScheduledRun, now: Callable[[], datetime]) -> None:
    is_done = False
    try:
        with Beat(lambda: beat_run(run=run, at=now())):
            job.run(now())
        is_done = True
    except Exception:  # the worker must live on; the run is tried again
        logger.exception("the scheduled job %s failed", job.name)
    end_run(run=run, is_done=is_done, at=now())
