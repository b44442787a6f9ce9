"""Messages to people: written with the change that causes them, sent once, or told as not sure."""

from datetime import datetime
from functools import reduce
from operator import or_
from typing import Self

from django.db import models
from django.db.models import Q

from section54.organisations.models import Body, User
from section54.organisations.permissions import PERMISSIONS, SIGNED_IN
from section54.records.keys import new_key


# Who may handle every message of a body; a message may name a further permission of its own.
MANAGE = "people.change_of_others"


class MessageQuerySet(models.QuerySet["Message"]):
    """Ways of asking for messages."""

    def handled_by(self, user: User) -> Self:
        """Messages that the user may read, and send by hand: no others show what they say."""
        own = (
            Q(body__in=user.body_ids(name), handled_with=name)
            for name in sorted(PERMISSIONS - {SIGNED_IN})
            if user.may(name)
        )
        return self.filter(reduce(or_, own, Q(body__in=user.body_ids(MANAGE))))

    def to_person(self, user: User) -> Self:
        """Messages that went, or are to go, to this person."""
        return self.filter(person=user)

    def open(self) -> Self:
        """Messages about which something is still to be done."""
        return self.filter(state__in=Message.OPEN)

    def due(self, at: datetime) -> Self:
        """Messages that the mail server may be given now, the oldest first."""
        return self.filter(state=Message.State.TO_SEND, not_before__lte=at).order_by("written_at")


class Message(models.Model):
    """One message to one person.

    It says nothing that is sensitive: a standing text, names, a day and a link to a page that asks
    for sign-in. A worker that takes it leaves a token; if the worker dies before the answer of the
    mail server is written down, nobody knows whether it went: a person decides, no program.
    """

    class State(models.TextChoices):
        """Where the message stands."""

        TO_SEND = "to_send", "To send"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Could not be sent"
        PERHAPS_SENT = "perhaps_sent", "Perhaps sent"
        PUT_ASIDE = "put_aside", "Put aside"

    OPEN = (State.TO_SEND, State.SENDING, State.FAILED, State.PERHAPS_SENT)

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="+")
    kind = models.TextField(help_text="The standing text it was made from.")
    about = models.TextField(blank=True, help_text="The kind of reminder that can be stopped.")
    person = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    to_name = models.TextField()
    to_address = models.EmailField()
    subject = models.TextField()
    text = models.TextField(blank=True, help_text="Emptied some days after it was sent.")
    link = models.TextField(blank=True, help_text="A path of this site; emptied with the text.")
    handled_with = models.TextField(
        default=MANAGE, help_text="Permission in the body to read it and to send it by hand."
    )
    state = models.TextField(choices=State.choices, default=State.TO_SEND)
    written_at = models.DateTimeField()
    not_before = models.DateTimeField()
    token = models.UUIDField(null=True, help_text="Of the worker that took it last.")
    taken_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    failure = models.TextField(blank=True, help_text="One sentence on what to do.")
    ended_at = models.DateTimeField(null=True)
    by_hand_of = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="Who said that it was sent."
    )

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["-written_at"]
        indexes = [
            models.Index(fields=["state", "not_before"]),
            models.Index(fields=["person", "-written_at"]),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        "to_send",
                        "sending",
                        "sent",
                        "failed",
                        "perhaps_sent",
                        "put_aside",
                    ]
                ),
                name="post_message_is_in_a_known_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="sending") | (Q(token__isnull=False, taken_at__isnull=False)),
                name="post_message_being_sent_has_a_worker",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(failure=""),
                name="post_message_failed_says_why",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["sent", "put_aside"]) | Q(ended_at__isnull=False),
                name="post_message_over_has_an_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
