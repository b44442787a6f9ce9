"""Ending what people are signed in with. Each is one transaction and one audit line."""

from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from section54.organisations.models import User
from section54.records.changes import Someone, record
from section54.records.models import INSTALLATION
from section54.records.rows import everything


@everything()
def chain_of(user: User) -> UUID:
    """Return the body in whose audit trail lines about a person's account stand.

    It is the body of the first grant that was not taken away, else of the last that was; the
    installation's own chain where they never had one.
    """
    with everything():  # whoever signs in has told no bodies yet
        grants = user.grants.select_related("collaboration").order_by("pk")
        grant = grants.filter(ended_on=None).first() or grants.last()
        return INSTALLATION if grant is None else grant.home_id


@transaction.atomic
def end_sessions_of(
    *, user: User, by: Someone | None, at: datetime, because: str, but: str = ""
) -> int:
    """Sign a person out everywhere; return how many sessions ended.

    Args:
        because: What ended them, in words that follow "ended as": "the password was changed".
        but: The key of a session that goes on.
    """
    sessions = UserSession.objects.filter(user_id=user.pk).exclude(session_key=but)
    keys = list(sessions.values_list("session_key", flat=True))
    alive = Session.objects.filter(session_key__in=keys)
    count = alive.filter(expire_date__gt=at).count()
    alive.delete()
    sessions.delete()
    if count:
        record(
            "sessions_ended",
            user,
            body_id=chain_of(user),
            by=by,
            at=at,
            count=count,
            because=because,
        )
    return count


@transaction.atomic
def end_session(
    *, user: User, session_key: str, by: Someone | None, at: datetime, because: str
) -> bool:
    """End one of a person's sessions; False where it is not theirs, or had ended before."""
    if not UserSession.objects.filter(user_id=user.pk, session_key=session_key).delete()[0]:
        return False
    Session.objects.filter(session_key=session_key).delete()
    record("session_ended", user, body_id=chain_of(user), by=by, at=at, because=because)
    return True
