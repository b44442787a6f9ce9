"""Messages as a change would have written them."""

from tests.people import NOW, a_body

from section54.post.models import Message


def a_message(body=None, **given) -> Message:
    return Message.objects.create(
        **{
            "body": body or a_body(),
            "kind": "reminder",
            "to_name": "Ann Other",
            "to_address": "ann.other@example.org",
            "subject": "Something is due",
            "text": "Hello Ann Other,\n\nSomething is due.\n",
            "link": "/",
            "written_at": NOW,
            "not_before": NOW,
            **given,
        }
    )
