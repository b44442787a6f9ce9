"""Giving messages to the mail server, so that none is sent twice without anybody knowing it.

A message is taken, given to the server, and its answer written down. Where the answer is not known
(the line broke after the words were given, or the program ended) the message is in doubt, and a
person decides. Everything before the words are given is certain: it was not sent.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import formataddr, formatdate
from smtplib import SMTP, SMTPDataError, SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import sanitize_address

from section54.post import changes
from section54.post.messages import absolute, stop_link
from section54.post.models import Message


logger = logging.getLogger(__name__)

# A worker that sends one message for longer is taken for dead; each answer may take 30 seconds.
DEAD_AFTER = timedelta(minutes=5)
AT_ONCE = 50  # messages given to one connection
OK, FORWARDED, FOR_GOOD = 250, 251, 500


class _Refused(Exception):
    """The mail server certainly did not take the message."""

    def __init__(self, said: str, *, for_good: bool) -> None:
        super().__init__(said)
        self.for_good = for_good


class _InDoubtError(Exception):
    """Nobody knows whether the mail server took the message."""


def is_set() -> bool:
    """Return whether this installation has a mail server; without one people send by hand."""
    return bool(settings.EMAIL_HOST)


def send_due(clock: Callable[[], datetime]) -> int:
    """Send the messages that are due over one connection; return how many the server took."""
    if not is_set() or not Message.objects.due(clock()).exists():
        return 0
    server = EmailBackend(fail_silently=False)
    try:
        server.open()
        smtp = server.connection
        if smtp is None:
            raise OSError("no connection was opened")
        smtp.ehlo_or_helo_if_needed()
    except (OSError, SMTPException) as error:
        logger.warning("The mail server cannot be reached: %s", error)
        message = changes.take_message(at=clock())
        if message is not None:  # it counts as a try of one, so that this ends some day
            changes.message_refused(
                message=message,
                because="The mail server could not be reached. Check its address, its port and "
                "the password that Section54 has for it.",
                for_good=False,
                at=clock(),
            )
        return 0
    count = 0
    try:
        for _ in range(AT_ONCE):
            message = changes.take_message(at=clock())
            if message is None or not _send(smtp, message, clock):
                break
            count += 1
    finally:
        server.close()
    return count


def _send(smtp: SMTP, message: Message, clock: Callable[[], datetime]) -> bool:
    """Send one message and write down how it ended; return whether the line is still good."""
    try:
        _give(smtp, message)
    except _Refused as refusal:
        changes.message_refused(
            message=message,
            because=f"The mail server did not take it: {refusal}",
            for_good=refusal.for_good,
            at=clock(),
        )
        return False
    except _InDoubtError:
        changes.message_in_doubt(message=message)
        return False
    changes.message_sent(message=message, at=clock())
    return True


def _give(smtp: SMTP, message: Message) -> None:
    try:
        words = as_mail(message).as_bytes(linesep="\r\n")
        _accepted(*smtp.mail(sanitize_address(settings.DEFAULT_FROM_EMAIL, "utf-8")))
        _accepted(*smtp.rcpt(sanitize_address(message.to_address, "utf-8")))
    except (OSError, SMTPException) as error:
        raise _Refused("the line broke before it was given.", for_good=False) from error
    except ValueError as error:  # a header or an address that cannot be written
        raise _Refused("its address or its subject is not right.", for_good=True) from error
    try:
        answer: tuple[int, bytes | str] = smtp.data(words)
    except SMTPDataError as error:
        answer = (error.smtp_code, error.smtp_error)
    except (OSError, SMTPException) as error:
        raise _InDoubtError from error
    _accepted(*answer)


def _accepted(code: int, said: bytes | str) -> None:
    if code not in (OK, FORWARDED):
        words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        shown = "".join(mark if mark.isprintable() else " " for mark in words)[:200]
        raise _Refused(f"{code} {shown}", for_good=code >= FOR_GOOD)


def as_mail(message: Message):  # type: ignore[no-untyped-def]  # the library names no type
    """Return a message as mail. Its id never changes, so that a mailbox can tell it came twice."""
    domain = urlsplit(settings.ADDRESS).hostname or "localhost"
    headers = {
        "Message-ID": f"<{message.pk}@{domain}>",
        "Date": formatdate(message.written_at.timestamp()),
        "Auto-Submitted": "auto-generated",
    }
    if message.about and message.person is not None:
        stop = absolute(stop_link(message.person, message.about))
        headers["List-Unsubscribe"] = f"<{stop}>"
        if stop.startswith("https://"):
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return EmailMessage(
        subject=message.subject,
        body=message.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[formataddr((message.to_name, message.to_address))],
        headers=headers,
    ).message()
