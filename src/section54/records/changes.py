"""Writing to the audit trail, and checking that nobody has written in it since."""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

import rfc8785
from django.db import models, transaction

from section54.records.models import ChainHead, Event, subject_of


class Someone(Protocol):
    """Who did it: a user, or the system itself."""

    @property
    def pk(self) -> Any:
        """The user's id."""

    @property
    def name(self) -> str:
        """The user's name."""


class NotInATransactionError(RuntimeError):
    """An audit line was to be written outside the transaction of the change it describes."""


def record(
    kind: str,
    subject: models.Model,
    *,
    body_id: UUID,
    by: Someone | None,
    at: datetime,
    **detail: Any,
) -> Event:
    """Add one line to a body's audit trail, inside the transaction of the change it describes.

    Args:
        kind: Past-tense name of the change, such as ``review_concluded``.
        subject: The record that changed.
        body_id: The body whose chain it belongs to.
        by: The user who did it; None where the system did it on its own.
        at: The moment, with its time zone.
        detail: What a reader would want to know; JSON values only.

    Raises:
        NotInATransactionError: the caller has no transaction open.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInATransactionError(kind)
    ChainHead.objects.get_or_create(body_id=body_id)
    head = ChainHead.objects.select_for_update().get(body_id=body_id)
    event = Event(
        body_id=body_id,
        sequence=head.sequence + 1,
        kind=kind,
        subject=subject_of(subject),
        by_id=by.pk if by else None,
        by=by.name if by else "Section54",
        at=at,
        detail=detail,
        previous_hash=head.hash,
    )
    event.hash = hash_of(event)
    event.save(force_insert=True)
    head.sequence, head.hash = event.sequence, event.hash
    head.save()
    return event


def hash_of(event: Event) -> str:
    """Return the SHA-256 that binds an event to its words and to the event before it."""
    words = {
        "id": str(event.id),
        "body": str(event.body_id),
        "sequence": event.sequence,
        "kind": event.kind,
        "subject": event.subject,
        "by_id": str(event.by_id) if event.by_id else None,
        "by": event.by,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "detail": event.detail,
    }
    inner = hashlib.sha256(rfc8785.dumps(words)).hexdigest()
    return hashlib.sha256(f"{event.previous_hash}{inner}".encode()).hexdigest()


def first_broken(chain: Iterable[Event]) -> Event | None:
    """Return the first event of a body's chain that does not fit, or None if all of it fits."""
    previous = "0" * 64
    for sequence, event in enumerate(chain, 1):
        fits = event.sequence == sequence and event.previous_hash == previous
        if not fits or event.hash != hash_of(event):
            return event
        previous = event.hash
    return None
