"""The standing texts of messages: nothing in a message but names, a day, and a link of this site.

A room adds its own from ``AppConfig.ready()`` with ``register``.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.urls import reverse

from section54.organisations.models import User


LONGEST = 300
LONGEST_LINES = 4_000
LONGEST_SUBJECT = 150
STOP = "section54.post.stop"  # the salt of the links that stop messages


class NotAMessageError(ValueError):
    """What was to be put into a message does not belong into one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageKind:
    """A standing text.

    Attributes:
        name: Its short name, such as ``invitation``.
        title: What it is, for lists.
        subject: The subject, with ``{name}``, ``{body}`` and the values that it needs.
        text: The text; it may use ``{link}``, too.
        values: The names of the values that whoever writes one must give: one line each.
        lines: Values that may have several lines, such as a signed note.
        has_secret: Whoever reads it can do what it is for, so its words are forgotten when it is
            over, not days later.
    """

    name: str
    title: str
    subject: str
    text: str
    values: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    has_secret: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a message is for, where they have no account yet."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Written:
    """A message's words, ready to be kept."""

    subject: str
    text: str
    link: str
    to: Recipient


_known: dict[str, MessageKind] = {}


def register(kind: MessageKind) -> None:
    """Make a standing text known; once more with the same name replaces it."""
    _known[kind.name] = kind


def kind_named(name: str) -> MessageKind:
    """Return a standing text.

    Raises:
        NotAMessageError: nobody registered it.
    """
    if name not in _known:
        raise NotAMessageError(f"{name} is no registered kind of message.")
    return _known[name]


def has_secret(name: str) -> bool:
    """Return whether a kind's words are forgotten when a message of it is over."""
    return name in _known and _known[name].has_secret


def title_of(name: str) -> str:
    """Return what a kind of message is called; one that is gone by its short name."""
    kind = _known.get(name)
    return kind.title if kind else name.replace("_", " ").capitalize()


def compose(
    *, kind: str, to: User | Recipient, body_name: str, values: Mapping[str, str], link: str
) -> Written:
    """Put names, a day and a link into a standing text.

    Raises:
        NotAMessageError: a value is missing, too much or too long, has marks that do not belong
            into a header, the address is none, or the link leads elsewhere.
    """
    text = kind_named(kind)
    if set(values) != {*text.values, *text.lines}:
        raise NotAMessageError(f"{kind} needs exactly: {', '.join((*text.values, *text.lines))}")
    recipient = Recipient(to.name, to.email) if isinstance(to, User) else to
    try:
        validate_email(recipient.address)
    except ValidationError as error:
        raise NotAMessageError(f"{recipient.address!r} is no address.") from error
    one_line(recipient.name, "name")
    one_line(body_name, "body")
    for name in text.values:
        one_line(values[name], name)
    for name in text.lines:
        for line in _lines_of(values[name], name):
            one_line(line, name)
    if link and (not link.startswith("/") or link.startswith("//") or "\\" in link):
        raise NotAMessageError("A message's link is a path of this site.")
    one_line(link, "link")
    given = {**values, "name": recipient.name, "body": body_name, "link": absolute(link)}
    subject = text.subject.format_map(given)
    if len(subject) > LONGEST_SUBJECT:
        subject = subject[: LONGEST_SUBJECT - 1] + "…"
    return Written(subject, text.text.format_map(given).strip() + "\n", link, recipient)


def one_line(value: str, name: str) -> str:
    """Return a value that is one line of printable text.

    Raises:
        NotAMessageError: it is too long, or has line ends or other control characters.
    """
    if len(value) > LONGEST:
        raise NotAMessageError(f"The {name} of a message has at most {LONGEST} letters.")
    if any(unicodedata.category(mark) in ("Cc", "Cs", "Zl", "Zp") for mark in value):
        raise NotAMessageError(f"The {name} of a message is one line.")
    return value


def _lines_of(value: str, name: str) -> list[str]:
    if len(value) > LONGEST_LINES:
        raise NotAMessageError(f"The {name} of a message has at most {LONGEST_LINES} letters.")
    return value.split("\n")


def absolute(path: str) -> str:
    """Return the whole address of a page, from the setting and never from what was asked for."""
    return f"{settings.ADDRESS}{path}" if path else ""


def stop_link(person: User, about: str) -> str:
    """Return the path of the page that stops one kind of message to one person."""
    token = signing.dumps([str(person.pk), about], salt=STOP, compress=False)
    return reverse("messages-stop", kwargs={"token": token})
