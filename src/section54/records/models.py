"""What happened, when, and on whose word. It links to nothing, so it blocks nothing."""

from typing import Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Q

from section54.records.keys import new_key


# Events that belong to no body (the installation's own) stand in this chain.
INSTALLATION = UUID(int=0)


class EventQuerySet(models.QuerySet["Event"]):
    """Ways of asking for events."""

    def about(self, subject: models.Model) -> Self:
        """Events about one record, oldest first."""
        return self.filter(subject=subject_of(subject)).order_by("sequence")

    def of_body(self, body_id: UUID) -> Self:
        """Return one body's events, oldest first: its chain."""
        return self.filter(body_id=body_id).order_by("sequence")


class Event(models.Model):
    """One line of the audit trail, written once by a change and never edited.

    Each body has a chain of its own: ``sequence`` has no gaps, and ``hash`` covers the line and
    the hash before it, so a line that was edited, removed or put in between shows.
    """

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body_id = models.UUIDField(help_text="The body it concerns, as a plain id.")
    sequence = models.PositiveBigIntegerField(help_text="1, 2, 3 … within the body.")
    kind = models.TextField(help_text="Past-tense name of the change: review_concluded.")
    subject = models.TextField(help_text="Label and key of what changed.")
    by_id = models.UUIDField(null=True, help_text="The user's id; null for the system itself.")
    by = models.TextField(help_text="The user's name at the time.")
    at = models.DateTimeField()
    detail = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ["body_id", "sequence"]
        indexes = [models.Index(fields=["subject", "sequence"])]
        constraints = [
            models.UniqueConstraint(
                fields=["body_id", "sequence"], name="records_event_one_line_a_sequence"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class ChainHead(models.Model):
    """The last line of a body's chain; locked while the next one is written."""

    body_id = models.UUIDField(primary_key=True)
    sequence = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return f"{self.body_id} {self.sequence}"


class Checkpoint(models.Model):
    """What was signed on a day: how many lines a body's chain had, and its last hash.

    The database refuses to edit or remove it. What counts is the copy that was sent outside.
    """

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body_id = models.UUIDField(db_index=True)
    lines = models.PositiveBigIntegerField()
    head = models.CharField(max_length=64)
    at = models.DateTimeField()
    note = models.TextField(help_text="The signed note, as it was sent.")

    def __str__(self) -> str:
        return f"{self.body_id} {self.lines}"


def subject_of(record: models.Model) -> str:
    """Return how an event names a record: ``risk.Review:018f…``."""
    return f"{record._meta.label}:{record.pk}"


def both_or_neither(*fields: str) -> models.CheckConstraint:
    """Return a constraint: these fields are all set or all empty."""
    unset: dict[str, Any] = {f"{field}__isnull": True for field in fields}
    are_set: dict[str, Any] = {f"{field}__isnull": False for field in fields}
    return models.CheckConstraint(
        condition=Q(**unset) | Q(**are_set),
        name="%(app_label)s_%(class)s_" + "_and_".join(fields) + "_together",
    )
