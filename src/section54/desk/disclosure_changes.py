"""Takes note that all that is held about somebody was put together."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from section54.desk.disclosure import Disclosure
from section54.organisations.models import Body, User
from section54.records.changes import record


@transaction.atomic
def note_disclosure(
    *, found: Disclosure, bodies: Sequence[Body], by: User | None, at: datetime
) -> None:
    """Write one line into the chain of each body that was looked through.

    A person is named by the key of their account, or not at all: the line stays for ever.
    """
    about = found.name if found.kind == "supplier" else str(found.key or "a person without account")
    for body in sorted(bodies, key=lambda one: one.pk):
        record(
            "disclosure_made",
            body,
            body_id=body.pk,
            by=by,
            at=at,
            about=about,
            sort=found.kind,
            records=found.count,
            mentions=found.to_read,
        )
