"""Run the background worker: one task after another, and take back what dead workers left."""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django_tasks_db.management.commands import db_worker
from django_tasks_db.models import DBTaskResult

from section54.desk.database import must_answer
from section54.post.changes import hand_again, take_back_abandoned
from section54.post.models import Job
from section54.post.work import DEAD_AFTER_SECONDS
from section54.records.rows import everything


LOOK_SECONDS = 5.0
DIED = "WorkerDied"


class Command(db_worker.Command):
    """The library's worker, with somebody who looks after it."""

    help = "Run the background worker"

    @everything()
    def handle(self, **options: Any) -> None:
        """Work until told to end."""
        must_answer()
        with _worker_of(Path(settings.DATA_DIR)) as alone:
            # No other worker lives in this folder, so whatever is running was abandoned.
            take_back(timedelta(0) if alone else timedelta(seconds=DEAD_AFTER_SECONDS))
            over = threading.Event()
            watcher = threading.Thread(target=_watch, args=(over,), daemon=True)
            watcher.start()
            try:
                super().handle(**options)
            finally:
                over.set()


@contextmanager
def _worker_of(folder: Path) -> Iterator[bool]:
    """Say whether this is the only worker of a data folder, for as long as it lives."""
    with (folder / "worker.lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True


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


@everything()
def _watch(over: threading.Event) -> None:
    try:
        while not over.wait(LOOK_SECONDS):
            with suppress(DatabaseError):  # it is looked at again in five seconds
                take_back(timedelta(seconds=DEAD_AFTER_SECONDS))
    finally:
        connection.close()
