"""Writing the messages that carry checkpoints outside."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from section54.organisations.models import Body
from section54.post.changes import write_message
from section54.post.messages import Recipient
from section54.post.models import Message
from section54.records.models import Checkpoint


KIND = "checkpoint"


@transaction.atomic
def write_messages(
    *, checkpoints: Sequence[Checkpoint], addresses: Sequence[str], at: datetime
) -> int:
    """Write each body's checkpoint to each address, once a day; return how many were written.

    It is no line of the record: a line about where a chain ends would move its end.
    """
    bodies = Body.objects.in_bulk([checkpoint.body_id for checkpoint in checkpoints])
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    today = Message.objects.filter(kind=KIND, written_at__gte=midnight)
    written = set(today.values_list("body", "to_address"))
    count = 0
    for checkpoint in checkpoints:
        body = bodies.get(checkpoint.body_id)
        for address in addresses:
            if body is None or (body.pk, address) in written:
                continue
            write_message(
                kind=KIND,
                body=body,
                to=Recipient("Auditor", address),
                values={"note": checkpoint.note},
                link="/record-head/",
                at=at,
            )
            count += 1
    return count
