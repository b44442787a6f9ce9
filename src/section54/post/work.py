"""Doing a job: take it, give signs of life, show progress, stop when asked, say how it ended."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from uuid import UUID

from django.db import DatabaseError, connection
from django.utils import timezone

from section54.engine.errors import BadInput
from section54.engine.intake.child import end_children
from section54.engine.intake.gate import NotALedger
from section54.post import changes
from section54.post.models import Job
from section54.records.rows import everything


logger = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
DEAD_AFTER_SECONDS = 20.0  # ten beats; the clock of a busy machine is not to be trusted more
NOTE_SECONDS = 0.4
OUR_FAULT = (
    "Something went wrong in Section54 itself. Nothing was half done. Start it again; if that "
    "fails too, tell whoever looks after the system, with the time."
)

OnStep = Callable[[str, int, int], None]


class JobStoppedError(Exception):
    """A person asked for the job to stop, or it was taken away."""


class Beat:
    """Leaves a sign of life every few seconds while the work itself is too busy to."""

    def __init__(self, leave: Callable[[], None]) -> None:
        self._leave, self._over = leave, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @everything()
    def _run(self) -> None:
        try:
            while not self._over.wait(BEAT_SECONDS):
                with suppress(DatabaseError):  # the next beat may get through
                    self._leave()
        finally:
            connection.close()


@contextmanager
def working_on(job_id: UUID) -> Iterator[tuple[Job, OnStep] | None]:
    """Take a job and give it with the function that reports progress; None if it is not there.

    What goes wrong inside is kept as the job's end: a person's mistake with its own sentence, a
    fault of ours with the standing one (and the traceback in the log).
    """
    job = changes.take(job_id=job_id, at=timezone.now())
    if job is None:
        yield None
        return
    last_note = 0.0
    last_step = ""

    def on_step(step: str, done: int, of: int) -> None:
        nonlocal last_note, last_step
        if step == last_step and done < of and monotonic() - last_note < NOTE_SECONDS:
            return
        last_note, last_step = monotonic(), step
        if not changes.note_progress(job=job, step=step, done=done, of=of, at=timezone.now()):
            end_children()
            raise JobStoppedError(job.pk)

    try:
        with Beat(lambda: changes.beat(job=job, at=timezone.now())):
            yield job, on_step
    except JobStoppedError:
        changes.stopped(job=job, at=timezone.now())
    except changes.JobTakenError:
        logger.warning("job %s was taken over by another worker", job.pk)
    except (BadInput, NotALedger) as error:
        changes.fail(job=job, because=str(error), at=timezone.now())
    except Exception:  # the worker must live on
        logger.exception("job %s failed", job.pk)
        changes.fail(job=job, because=OUR_FAULT, at=timezone.now())
