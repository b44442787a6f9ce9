"""Every write to background work."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import models, transaction
from django.db.models import F
from django.utils.module_loading import import_string

from section54.organisations.models import Body, User
from section54.post.models import Job
from section54.records.changes import record


# A job that dies with its worker this often is not tried again by itself.
ATTEMPTS = 5
GAVE_UP = (
    f"The program ended {ATTEMPTS} times while it did this. Start it again; if that fails too, "
    "tell whoever looks after the system."
)


class JobTakenError(RuntimeError):
    """The job is no longer this worker's: it was stopped, finished or given to another."""


@transaction.atomic
def ask_for(*, task: str, body: Body, by: User | None, at: datetime) -> Job:
    """Ask for a piece of work; the worker takes it once the transaction is through."""
    job = Job.objects.create(body=body, task=task, asked_at=at, asked_by=by)
    _hand_to_worker(job)
    return job


def _hand_to_worker(job: Job) -> None:
    """Put the job into the queue, in the same transaction: it is there exactly if the job is."""
    task: Any = import_string(job.task)
    task.enqueue(str(job.pk))


@transaction.atomic
def take(*, job_id: UUID, at: datetime) -> Job | None:
    """Take a waiting job for the worker that asks; None if it is not there to be taken."""
    token = uuid4()
    taken = Job.objects.filter(pk=job_id, state=Job.State.WAITING).update(
        state=Job.State.RUNNING,
        token=token,
        beat_at=at,
        started_at=at,
        step="",
        done=0,
        of=0,
        attempts=F("attempts") + 1,
        stop_asked=False,
    )
    return Job.objects.select_related("body", "asked_by").get(pk=job_id) if taken else None


def note_progress(*, job: Job, step: str, done: int, of: int, at: datetime) -> bool:
    """Write down how far a job is; return whether it should go on."""
    mine = Job.objects.filter(pk=job.pk, token=job.token, state=Job.State.RUNNING)
    if not mine.update(step=step, done=done, of=of, beat_at=at):
        return False
    return not Job.objects.filter(pk=job.pk, stop_asked=True).exists()


def beat(*, job: Job, at: datetime) -> None:
    """Leave a sign of life."""
    Job.objects.filter(pk=job.pk, token=job.token, state=Job.State.RUNNING).update(beat_at=at)


def finish(*, job: Job, at: datetime) -> None:
    """Mark a job as done, inside the transaction that keeps its result.

    Raises:
        JobTakenError: another worker has it by now; the caller's transaction must not go through.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("finish a job in the transaction that keeps its result")
    held = Job.objects.select_for_update().filter(pk=job.pk).first()
    if held is None or held.token != job.token or held.state != Job.State.RUNNING:
        raise JobTakenError(job.pk)
    held.state, held.ended_at, held.token = Job.State.DONE, at, None
    held.save(update_fields=["state", "ended_at", "token"])


@transaction.atomic
def fail(*, job: Job, because: str, at: datetime) -> None:
    """Mark a job as failed, with the sentence that people are shown."""
    Job.objects.filter(pk=job.pk, token=job.token, state=Job.State.RUNNING).update(
        state=Job.State.FAILED, failure=because, ended_at=at, token=None
    )


@transaction.atomic
def stopped(*, job: Job, at: datetime) -> None:
    """Mark a job as stopped by a person."""
    Job.objects.filter(pk=job.pk, token=job.token, state=Job.State.RUNNING).update(
        state=Job.State.STOPPED, ended_at=at, token=None
    )


@transaction.atomic
def ask_to_stop(*, job: Job, subject: models.Model, by: User, at: datetime) -> bool:
    """Ask for a job to stop; return whether it was still open. A waiting one stops at once."""
    held = Job.objects.select_for_update().get(pk=job.pk)
    if not held.is_open:
        return False
    if held.state == Job.State.WAITING:
        held.state, held.ended_at = Job.State.STOPPED, at
    held.stop_asked = True
    held.save(update_fields=["state", "ended_at", "stop_asked"])
    record("work_stopped", subject, body_id=job.body_id, by=by, at=at, job=str(job.pk))
    return True


@transaction.atomic
def start_again(*, job: Job, subject: models.Model, by: User, at: datetime) -> bool:
    """Start a job again that stopped or failed; return whether there was one to start."""
    held = Job.objects.select_for_update().get(pk=job.pk)
    if held.state not in (Job.State.FAILED, Job.State.STOPPED):
        return False
    held.state, held.failure, held.ended_at = Job.State.WAITING, "", None
    held.attempts, held.stop_asked = 0, False
    held.save()
    record("work_started_again", subject, body_id=job.body_id, by=by, at=at, job=str(job.pk))
    _hand_to_worker(held)
    return True


@transaction.atomic
def take_back_abandoned(*, since: datetime, at: datetime) -> int:
    """Give the jobs of workers that died back to the queue; return how many there were.

    Args:
        since: A worker that gave no sign of life since then is taken for dead.
        at: The moment, for those that are given up.
    """
    count = 0
    for job in Job.objects.select_for_update().abandoned(since):
        count += 1
        job.token = None
        if job.stop_asked:
            job.state, job.ended_at = Job.State.STOPPED, at
        elif job.attempts >= ATTEMPTS:
            job.state, job.failure, job.ended_at = Job.State.FAILED, GAVE_UP, at
        else:
            job.state = Job.State.WAITING
            _hand_to_worker(job)
        job.save()
    return count


@transaction.atomic
def hand_again(*, job: Job) -> int:
    """Put a job into the queue that waits without being there; return 1, or 0 if it was taken.

    Twice is as good as once: only the first who takes it gets it.
    """
    held = Job.objects.select_for_update().filter(pk=job.pk, state=Job.State.WAITING).first()
    if held is None:
        return 0
    _hand_to_worker(held)
    return 1
