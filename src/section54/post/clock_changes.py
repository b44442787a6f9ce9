"""Every write to what runs by the clock: runs, signs of life, reminders and who stopped them."""

from datetime import date, datetime, timedelta
from uuid import uuid4

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from section54.organisations.models import User
from section54.post.changes import write_message
from section54.post.messages import absolute, stop_link
from section54.post.models import OptOut, Reminder, ScheduledRun, WorkerBeat
from section54.post.reminders import Due, ReminderKind
from section54.records.changes import record
from section54.records.models import INSTALLATION


ATTEMPTS = 5  # of one job on one day
AGAIN_AFTER = timedelta(minutes=15)  # a run that failed
KEPT_FOR = timedelta(days=400)  # the book of runs
REMINDER = "reminder"  # the standing text of reminders that can be stopped
REMINDER_KEPT = "reminder_that_stays"  # and of those that cannot


@transaction.atomic
def take_run(*, job: str, day: date, silent_since: datetime, at: datetime) -> ScheduledRun | None:
    """Take a job's run of a day for the worker that asks; None if it is done or another's.

    Args:
        silent_since: A worker that gave no sign of life since then is taken for dead.
    """
    token = uuid4()
    run, is_new = ScheduledRun.objects.get_or_create(
        job=job, day=day, defaults={"token": token, "started_at": at, "beat_at": at}
    )
    if is_new:
        return run
    again = ScheduledRun.objects.filter(pk=run.pk, attempts__lt=ATTEMPTS, token=run.token)
    died = again.filter(state=ScheduledRun.State.RUNNING, beat_at__lt=silent_since)
    failed = again.filter(state=ScheduledRun.State.FAILED, ended_at__lt=at - AGAIN_AFTER)
    for one in (died, failed):
        if one.update(
            state=ScheduledRun.State.RUNNING,
            token=token,
            started_at=at,
            beat_at=at,
            ended_at=None,
            attempts=F("attempts") + 1,
        ):
            return ScheduledRun.objects.get(pk=run.pk)
    return None


def give_up_runs(*, silent_since: datetime, today: date, at: datetime) -> int:
    """Mark runs as failed whose worker died, and that are not run again; return how many.

    Those are runs of days that are over (their job has another today), and of too many attempts.
    """
    dead = ScheduledRun.objects.filter(
        Q(day__lt=today) | Q(attempts__gte=ATTEMPTS),
        state=ScheduledRun.State.RUNNING,
        beat_at__lt=silent_since,
    )
    if not dead.exists():  # it is asked twice a minute, and writers take turns
        return 0
    return dead.update(state=ScheduledRun.State.FAILED, ended_at=at)


def beat_run(*, run: ScheduledRun, at: datetime) -> None:
    """Leave a sign of life of a run."""
    ScheduledRun.objects.filter(
        pk=run.pk, token=run.token, state=ScheduledRun.State.RUNNING
    ).update(beat_at=at)


@transaction.atomic
def end_run(*, run: ScheduledRun, is_done: bool, at: datetime) -> bool:
    """Write down how a run ended; return whether it was still this worker's to say."""
    state = ScheduledRun.State.DONE if is_done else ScheduledRun.State.FAILED
    return bool(
        ScheduledRun.objects.filter(
            pk=run.pk, token=run.token, state=ScheduledRun.State.RUNNING
        ).update(state=state, ended_at=at)
    )


@transaction.atomic
def forget_runs(*, at: datetime) -> int:
    """Remove runs of long ago, and workers that are gone since a day; return how many runs."""
    WorkerBeat.objects.filter(beat_at__lt=at - timedelta(days=1)).delete()
    return ScheduledRun.objects.filter(day__lt=(at - KEPT_FOR).date()).delete()[0]


def beat_worker(*, worker: str, at: datetime) -> None:
    """Leave a worker's sign of life."""
    WorkerBeat.objects.update_or_create(
        worker=worker, defaults={"beat_at": at}, create_defaults={"beat_at": at, "started_at": at}
    )


@transaction.atomic
def write_reminder(*, kind: ReminderKind, due: Due, step: int, at: datetime) -> bool:
    """Write the message of one step of what is due; return whether there was one to write.

    There is none for who asked not to be told, nor where it was written before.
    """
    if not kind.must and OptOut.objects.filter(person=due.person, kind=kind.name).exists():
        return False
    try:
        with transaction.atomic():
            message = write_message(
                kind=REMINDER_KEPT if kind.must else REMINDER,
                body=due.body,
                to=due.person,
                values=_words_of(kind, due, timezone.localdate(at)),
                link=due.link,
                at=at,
                handled_with=kind.handled_with,
                about="" if kind.must else kind.name,
            )
            Reminder.objects.create(
                kind=kind.name,
                subject=due.subject,
                due_on=due.on,
                step=step,
                person=due.person,
                message=message,
            )
    except IntegrityError:
        if Reminder.objects.filter(
            kind=kind.name, subject=due.subject, due_on=due.on, step=step, person=due.person
        ).exists():
            return False
        raise
    return True


def _words_of(kind: ReminderKind, due: Due, today: date) -> dict[str, str]:
    told = kind.was_due if due.on < today else kind.is_due
    words = {"what": due.what, "is": f"{told} {due.on.day} {due.on:%B %Y}"}
    if kind.must:
        return words | {"must": kind.must}
    return words | {"stop": absolute(stop_link(due.person, kind.name))}


class NotToBeStoppedError(ValueError):
    """Somebody asked to stop messages that everybody must get."""


@transaction.atomic
def stop_reminders(*, person: User, kind: ReminderKind, at: datetime) -> bool:
    """Stop a kind of reminder for a person who asked for it; return whether anything changed.

    Raises:
        NotToBeStoppedError: it is of a kind that everybody must get.
    """
    if kind.must:
        raise NotToBeStoppedError(kind.must)
    _, is_new = OptOut.objects.get_or_create(person=person, kind=kind.name, defaults={"since": at})
    if is_new:
        record("messages_stopped", person, body_id=INSTALLATION, by=person, at=at, about=kind.title)
    return is_new


@transaction.atomic
def want_reminders(*, person: User, kind: ReminderKind, at: datetime) -> bool:
    """Send a person a kind of reminder again; return whether anything changed."""
    gone, _ = OptOut.objects.filter(person=person, kind=kind.name).delete()
    if gone:
        record("messages_wanted", person, body_id=INSTALLATION, by=person, at=at, about=kind.title)
    return bool(gone)
