"""Writes about reading: that a command put everything that is kept into one file."""

from datetime import datetime

from django.db import transaction

from section54.organisations.models import Body
from section54.records.changes import record


@transaction.atomic
def note_whole_export(*, sha256: str, at: datetime) -> None:
    """Take note, in the chain of each body, that everything was put into one file.

    Args:
        sha256: Of the file.
    """
    for body in Body.objects.order_by("pk"):
        record("everything_exported", body, body_id=body.pk, by=None, at=at, sha256=sha256)
