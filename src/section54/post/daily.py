"""What this room does each day: write the reminders of what is due, forget what is over."""

import logging
from datetime import datetime, time

from django.utils import timezone

from section54.post import clock, messages
from section54.post.changes import forget_texts
from section54.post.clock_changes import REMINDER, REMINDER_KEPT, forget_runs, write_reminder
from section54.post.models import Reminder
from section54.post.reminders import ReminderKind, kinds, step_due, window


logger = logging.getLogger(__name__)

_WORDS = """Hello {name},

{what} {is}.

Open it here, after you sign in: {link}

"""


def write_reminders(at: datetime) -> int:
    """Write every reminder that is due today and was not written before; return how many.

    A kind that fails does not keep the others back.

    Raises:
        Exception: the failure of the last kind that failed, once the others are written.
    """
    count = 0
    failure: Exception | None = None
    for kind in kinds():
        try:
            count += _write(kind, at)
        except Exception as error:  # it is raised below
            logger.exception("reminders of the kind %s failed", kind.name)
            failure = error
    if failure is not None:
        raise failure
    return count


def _write(kind: ReminderKind, at: datetime) -> int:
    today = timezone.localdate(at)
    count = 0
    for due in kind.find(*window(kind, today)):
        written = Reminder.objects.filter(
            kind=kind.name, subject=due.subject, due_on=due.on, person=due.person
        )
        sent = written.values_list("step", flat=True)
        step = step_due(on=due.on, steps=kind.steps, sent=sent, today=today)
        if step is None:
            continue
        try:
            count += write_reminder(kind=kind, due=due, step=step, at=at)
        except messages.NotAMessageError:  # one person's address keeps nobody else's back
            logger.exception("a reminder of %s cannot be written", due.subject)
    return count


def forget(at: datetime) -> None:
    """Empty the words of messages that are over, remove runs of long ago."""
    forget_texts(at=at)
    forget_runs(at=at)


def register() -> None:
    """Make the texts of reminders and the room's own jobs known."""
    messages.register(
        messages.MessageKind(
            name=REMINDER,
            title="Reminder",
            subject="{what} {is}",
            text=_WORDS + "To get no more of these: {stop}",
            values=("what", "is", "stop"),
        )
    )
    messages.register(
        messages.MessageKind(
            name=REMINDER_KEPT,
            title="Reminder",
            subject="{what} {is}",
            text=_WORDS + "{must}",
            values=("what", "is", "must"),
        )
    )
    clock.register(
        clock.ScheduledJob(
            name="reminders",
            title="Write reminders of what is due",
            run=write_reminders,
            at=time(7, 0),
        )
    )
    clock.register(
        clock.ScheduledJob(
            name="old_messages", title="Forget the words of messages that are over", run=forget
        )
    )
