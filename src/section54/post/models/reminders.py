"""Reminders that were written, so that none is written twice, and what people asked to stop."""

from django.db import models

from section54.organisations.models import User
from section54.post.models.messages import Message
from section54.records.keys import new_key


class Reminder(models.Model):
    """One reminder of one day to one person: at this step before or after it, once for ever."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    kind = models.TextField()
    subject = models.TextField(help_text="Label and key of what is due.")
    due_on = models.DateField()
    step = models.IntegerField(help_text="Days after the due day; below 0: before it.")
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    message = models.OneToOneField(Message, models.PROTECT, related_name="reminder")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject", "due_on", "step", "person"],
                name="post_reminder_written_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} {self.step}"


class OptOut(models.Model):
    """A person's wish to get no messages of a kind; taking it back removes the row."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    person = models.ForeignKey(User, models.PROTECT, related_name="+")
    kind = models.TextField()
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "kind"], name="post_opted_out_once")
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.kind}"
