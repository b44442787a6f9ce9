"""Writes about reading: that somebody took away what not everybody may see."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

from section54.organisations.models import Body, User
from section54.records.changes import record


@transaction.atomic
def note_export(
    *, counts: Mapping[UUID, int], asked: Mapping[str, str], by: User, at: datetime
) -> None:
    """Take note that lines of the record were taken away, in the chain of each of their bodies.

    Args:
        counts: How many lines of which body.
        asked: What the list was filtered by.
    """
    for body in Body.objects.filter(pk__in=counts).order_by("pk"):
        filters = {name: value for name, value in asked.items() if value}
        record(
            "audit_exported",
            body,
            body_id=body.pk,
            by=by,
            at=at,
            lines=counts[body.pk],
            filters=filters,
        )


@transaction.atomic
def note_whole_export(*, sha256: str, at: datetime) -> None:
    """Take note, in the chain of each body, that everything was put into one file.

    Args:
        sha256: Of the file.
    """
    for body in Body.objects.order_by("pk"):
        record("everything_exported", body, body_id=body.pk, by=None, at=at, sha256=sha256)
