"""Run the background worker: one task after another, and take back what dead workers left."""

import fcntl
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import chain, repeat
from pathlib import Path
from socket import gethostname
from typing import IO, Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from section54.desk.database import must_answer
from section54.post import clock, mail
from section54.post.changes import doubt_abandoned, hand_again, take_back_abandoned
from section54.post.clock_changes import beat_worker
from section54.post.models import Job
from section54.post.work import DEAD_AFTER_SECONDS
from section54.records.rows import everything


LOOK_SECONDS = 5.0
CLOCK_SECONDS = 30.0
END_SECONDS = 2.5
DEAD_AFTER = timedelta(seconds=DEAD_AFTER_SECONDS)
EVER_AFTER = repeat(DEAD_AFTER)
DIED = "WorkerDied"

logger = logging.getLogger(__name__)


class Command(db_worker.Command):
    """The library's worker, with those beside it who look after it, send mail and watch the clock.

    Mail and clock are no tasks of the library: their own rows say who took what, and they go on
    while a long job is done.
    """

    help = "Run the background worker"

    @everything()
    def handle(self, **options: Any) -> None:
        """Work until told to end."""
        must_answer()
        with (Path(settings.DATA_DIR) / "worker.lock").open("w", encoding="ascii") as lock:
            alone = _is_alone(lock)
            # No other worker lives in this folder, so whatever is running was abandoned.
            silent_for = timedelta(0) if alone else DEAD_AFTER
            take_back(silent_for)
            doubt_abandoned(since=timezone.now() - (silent_for if alone else mail.DEAD_AFTER))
            fcntl.flock(lock, fcntl.LOCK_SH)
            with _beside(_look, _send, partial(_watch_the_clock, chain([silent_for], EVER_AFTER))):
                super().handle(**options)


def _is_alone(lock: IO[str]) -> bool:
    """Say whether no other worker holds on to a data folder."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def take_back(silent_for: timedelta) -> int:
    """Give back the jobs whose worker was silent for so long; return how many.

    A task that the library still calls running, though its job is not, is marked as failed. A job
    that waits without a task, as its worker died between the two, is put into the queue again.
    """
    now = timezone.now()
    count = take_back_abandoned(since=now - silent_for, at=now)
    for task in DBTaskResult.objects.running():
        job = Job.objects.filter(pk=task.args_kwargs["args"][0]).first()
        if job is None or job.state != Job.State.RUNNING:
            DBTaskResult.objects.filter(pk=task.pk, status="RUNNING").update(
                status="FAILED", finished_at=now, exception_class_path=DIED, traceback=""
            )
    for job in Job.objects.filter(state=Job.State.WAITING):
        queued = DBTaskResult.objects.filter(
            status__in=["READY", "RUNNING"], args_kwargs__args=[str(job.pk)]
        )
        if not queued.exists():
            count += hand_again(job=job)
    return count


def _look() -> float:
    """Leave a sign of life, and take back what dead workers left."""
    now = timezone.now()
    beat_worker(worker=f"{gethostname()}:{os.getpid()}", at=now)
    take_back(DEAD_AFTER)
    doubt_abandoned(since=now - mail.DEAD_AFTER)
    return LOOK_SECONDS


def _send() -> float:
    """Send what is due, without a pause where there is more."""
    return 0.0 if mail.send_due(timezone.now) >= mail.AT_ONCE else LOOK_SECONDS


def _watch_the_clock(silences: Iterator[timedelta]) -> float:
    """Run what is due; a worker that was silent for longer than the next silence is dead."""
    clock.run_due(timezone.now, silent_for=next(silences))
    return CLOCK_SECONDS


@contextmanager
def _beside(*work: Callable[[], float]) -> Iterator[None]:
    """Do some work again and again in threads beside; each says after how many seconds again."""
    over = threading.Event()
    threads = [threading.Thread(target=_again, args=(one, over), daemon=True) for one in work]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(END_SECONDS)


@everything()
def _again(work: Callable[[], float], over: threading.Event) -> None:
    pause = 0.0
    while not over.wait(pause):
        try:
            pause = work()
        except DatabaseError:  # it is tried again
            pause = LOOK_SECONDS
        except Exception:
            logger.exception("beside the worker, %s failed", work)
            pause = CLOCK_SECONDS
        finally:
            connection.close()
