"""Writes about reading: that somebody saw or took away what is sensitive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models, transaction

from section54.organisations.models import User
from section54.records.changes import record


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the record to be: what was read, in whose chain it stands."""

    kind: str
    about: models.Model
    body_id: UUID
    detail: Mapping[str, Any] = field(default_factory=dict)


@transaction.atomic
def note_reading(*, lines: Sequence[Line], by: User, at: datetime) -> None:
    """Take note of what somebody read or took away: one line in each body's chain."""
    for line in sorted(lines, key=lambda one: one.body_id):
        record(line.kind, line.about, body_id=line.body_id, by=by, at=at, **line.detail)
