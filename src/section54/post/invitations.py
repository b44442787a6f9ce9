"""Invitations by mail, where there is a mail server; else who invites is shown the link, once."""

from datetime import datetime

from section54.organisations import letters
from section54.organisations.changes import home_of
from section54.organisations.models import Invitation
from section54.post import mail, messages
from section54.post.changes import write_message
from section54.post.messages import MessageKind, Recipient


INVITATION = "invitation"


def by_mail(invitation: Invitation, path: str, at: datetime) -> bool:
    """Write the message of an invitation; return whether there is a mail server to send it."""
    if not mail.is_set():
        return False
    write_message(
        kind=INVITATION,
        body=home_of(invitation.place),
        to=Recipient(invitation.name, invitation.email),
        values={"role": invitation.role_name.lower(), "place": invitation.place.name},
        link=path,
        at=at,
    )
    return True


def register() -> None:
    """Make the text and the way of invitations known."""
    messages.register(
        MessageKind(
            name=INVITATION,
            title="Invitation",
            subject="You are invited to Section54 as {role} in {place}",
            text="Hello {name},\n\nYou are invited to work with Section54 as {role} in {place}. "
            "The link works once, for seven days, and is for you alone:\n\n{link}\n\n"
            "If you do not know what this is about, do nothing: nothing happens.",
            values=("role", "place"),
            has_secret=True,
        )
    )
    letters.register(by_mail)
