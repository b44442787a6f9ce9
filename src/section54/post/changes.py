"""Every write to background work and to messages."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import models, transaction
from django.db.models import F
from django.utils.module_loading import import_string

from section54.organisations.models import Body, User
from section54.organisations.permissions import PERMISSIONS
from section54.post.messages import NotAMessageError, Recipient, compose, has_secret
from section54.post.models import Job, Message
from section54.post.models.messages import MANAGE
from section54.records.changes import NotInATransactionError, record


# A job that dies with its worker this often is not tried again by itself.
ATTEMPTS = 5
GAVE_UP = (
    f"The program ended {ATTEMPTS} times while it did this. Start it again; if that fails too, "
    "tell whoever looks after the system."
)
# How long after each try that a message was refused for now; after the last it is given up.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360, 720))
TRIES = 10  # messages looked at, at most, where other workers take some of them meanwhile
KEPT_FOR = timedelta(days=7)  # the words of a message that is over
IN_DOUBT = (
    "The program ended, or the mail server fell silent, just as this was sent. Ask whether it "
    "arrived, then say which it was."
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


def write_message(
    *,
    kind: str,
    body: Body,
    to: User | Recipient,
    values: Mapping[str, str],
    link: str,
    at: datetime,
    handled_with: str = MANAGE,
    about: str = "",
) -> Message:
    """Write a message in the transaction of the change that causes it; the worker sends it.

    Args:
        kind: The standing text, as registered in ``post.messages``.
        to: A user, or the name and address of somebody who has no account yet.
        values: What the standing text needs; nothing that is sensitive.
        link: The path of the page that it leads to.
        handled_with: Permission in the body to read it and to send it by hand.
        about: The kind of reminder that it is, if the person may stop such.

    Raises:
        NotInATransactionError: the caller has no transaction open.
        NotAMessageError: a value does not belong into a message.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInATransactionError(kind)
    if handled_with not in PERMISSIONS:
        raise NotAMessageError(f"{handled_with} is not in organisations/permissions.py")
    words = compose(kind=kind, to=to, body_name=body.name, values=values, link=link)
    return Message.objects.create(
        body=body,
        kind=kind,
        about=about,
        person=to if isinstance(to, User) else None,
        to_name=words.to.name,
        to_address=words.to.address,
        subject=words.subject,
        text=words.text,
        link=words.link,
        handled_with=handled_with,
        written_at=at,
        not_before=at,
    )


@transaction.atomic
def take_message(*, at: datetime) -> Message | None:
    """Take the next message that is due, for the worker that asks; None if there is none."""
    for key in Message.objects.due(at).values_list("pk", flat=True)[:TRIES]:
        if Message.objects.filter(pk=key, state=Message.State.TO_SEND).update(
            state=Message.State.SENDING, token=uuid4(), taken_at=at, attempts=F("attempts") + 1
        ):
            return Message.objects.select_related("person").get(pk=key)
    return None


def _taken(message: Message, *states: str) -> "models.QuerySet[Message]":
    return Message.objects.filter(pk=message.pk, token=message.token, state__in=states)


@transaction.atomic
def message_sent(*, message: Message, at: datetime) -> bool:
    """Write down that the mail server took a message; return whether it was still ours to say."""
    # A slow worker that was taken for dead knows better than the doubt about it.
    return bool(
        _taken(message, Message.State.SENDING, Message.State.PERHAPS_SENT).update(
            state=Message.State.SENT, ended_at=at, failure="", **_forgotten(message)
        )
    )


def _forgotten(message: Message) -> dict[str, str]:
    """Return what of a message that is over is emptied at once: the words of one with a secret."""
    return {"text": "", "link": ""} if has_secret(message.kind) else {}


@transaction.atomic
def message_refused(*, message: Message, because: str, for_good: bool, at: datetime) -> bool:
    """Write down that a message was certainly not sent: it is tried again later, or given up."""
    mine = _taken(message, Message.State.SENDING, Message.State.PERHAPS_SENT)
    if for_good or message.attempts >= len(WAITS) + 1:
        return bool(mine.update(state=Message.State.FAILED, failure=because))
    wait = WAITS[message.attempts - 1]
    return bool(
        mine.update(state=Message.State.TO_SEND, failure=because, not_before=at + wait, token=None)
    )


@transaction.atomic
def message_in_doubt(*, message: Message) -> bool:
    """Write down that nobody knows whether a message was sent: it is not sent again by itself."""
    return bool(
        _taken(message, Message.State.SENDING).update(
            state=Message.State.PERHAPS_SENT, failure=IN_DOUBT
        )
    )


@transaction.atomic
def doubt_abandoned(*, since: datetime) -> int:
    """Take note of messages whose worker died while it sent them; return how many there were."""
    return Message.objects.filter(state=Message.State.SENDING, taken_at__lt=since).update(
        state=Message.State.PERHAPS_SENT, failure=IN_DOUBT
    )


class Decision(models.TextChoices):
    """What a person may say of a message that the program does not, or cannot, send."""

    SENT = "sent", "It was sent"
    AGAIN = "again", "Send it again"
    ASIDE = "aside", "Do not send it"


# what is said: the states in which it can be said, the state that follows, the audit line
_DECIDED = {
    Decision.SENT: (("to_send", "failed", "perhaps_sent"), "sent", "message_sent_by_hand"),
    Decision.AGAIN: (("failed", "perhaps_sent"), "to_send", "message_to_be_sent_again"),
    Decision.ASIDE: (("to_send", "failed", "perhaps_sent"), "put_aside", "message_put_aside"),
}


@transaction.atomic
def decide_on_messages(
    *, messages: Iterable[Message], what: Decision, by: User, at: datetime
) -> int:
    """Keep what a person says of messages; return of how many it could be said."""
    before, after, kind = _DECIDED[what]
    count = 0
    for given in messages:
        message = Message.objects.select_for_update().get(pk=given.pk)
        if message.state not in before:
            continue
        count += 1
        message.state, message.token = after, None
        if what == Decision.AGAIN:
            message.attempts, message.not_before, message.failure = 0, at, ""
        else:
            message.ended_at, message.by_hand_of = at, by
            for name, emptied in _forgotten(message).items():
                setattr(message, name, emptied)
        message.save()
        record(kind, message, body_id=message.body_id, by=by, at=at, message=message.kind)
    return count


@transaction.atomic
def forget_texts(*, at: datetime) -> int:
    """Empty the words of messages that are over since some days; return how many there were."""
    over = Message.objects.filter(
        state__in=[Message.State.SENT, Message.State.PUT_ASIDE], ended_at__lt=at - KEPT_FOR
    )
    return over.exclude(text="", link="").update(text="", link="")
