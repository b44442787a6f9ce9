"""Writes about reading: that a list of people was taken away."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from section54.organisations.models import Body, User
from section54.records.changes import record


@transaction.atomic
def note_list_taken_away(
    *, what: str, count: int, bodies: Iterable[Body], by: User, at: datetime
) -> None:
    """Take note, in the record of each body concerned, that a list of its people was taken away."""
    for body in bodies:
        record("people_exported", body, body_id=body.pk, by=by, at=at, what=what, lines=count)
