"""What joins people and messages: invitations by mail, and leavers let go by the clock."""

from datetime import datetime, time

from section54.organisations import letters
from section54.organisations.changes import home_of
from section54.organisations.daily import carry_out_departures
from section54.organisations.models import Invitation
from section54.post import clock, mail, messages
from section54.post.changes import write_message
from section54.ui.formats import day


KIND = "invitation"
TEXT = """Hello {name},

you are invited to work with {place}, as {role}. Open this link to answer:

{link}

It works once, until {until}. It is for you only: do not pass it on. If you do not expect it, leave
it unanswered.
"""


def send_invitation(invitation: Invitation, path: str, at: datetime) -> bool:
    """Put an invitation into the outbox, where there is a mail server; return whether it was.

    Without one its link is shown to who invites, once, and stands in no list.
    """
    if not mail.is_set():
        return False
    write_message(
        kind=KIND,
        body=home_of(invitation.place),
        to=messages.Recipient(invitation.name, invitation.email),
        values={
            "place": invitation.place.name,
            "role": invitation.role_name.lower(),
            "until": day(invitation.expires_at),
        },
        link=path,
        at=at,
    )
    return True


def register() -> None:
    """Make the way of invitations, their text and the job of every day known."""
    letters.register(send_invitation)
    messages.register(
        messages.MessageKind(
            name=KIND,
            title="Invitation",
            subject="You are invited to work with {place}",
            text=TEXT,
            values=("place", "role", "until"),
        )
    )
    clock.register(
        clock.ScheduledJob(
            name="departures",
            title="Close the accounts of people whose last day is over",
            run=carry_out_departures,
            at=time(0, 5),
        )
    )
