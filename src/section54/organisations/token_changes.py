"""Every write to the keys of programs: make, use, revoke."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from django.db import transaction

from section54.organisations.changes import NotPossibleError
from section54.organisations.models import ApiToken, Body, User, hash_of_token
from section54.organisations.permissions import PERMISSIONS
from section54.records.changes import Someone, record
from section54.records.models import Event
from section54.records.rows import everything


LONGEST = timedelta(days=366)
MARK = "s54_"  # so that a key that leaked into a file can be searched for


@transaction.atomic
def make_token(
    *,
    user: User,
    body: Body,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime,
    at: datetime,
) -> tuple[ApiToken, str]:
    """Make a key for a program of a person; return it and its secret, told only here.

    Args:
        body: The body in whose record of changes the line stands.
        scopes: Names of permissions that the person has today.

    Raises:
        NotPossibleError: a scope is unknown or not theirs, none is named, or it holds too long.
    """
    if not scopes:
        raise NotPossibleError("Choose what the key may do")
    for scope in scopes:
        if scope not in PERMISSIONS or not user.may(scope):
            raise NotPossibleError(f"You may not give {scope}: it is not yours")
    if not at < expires_at <= at + LONGEST:
        raise NotPossibleError("Choose an end within a year")
    secret = MARK + secrets.token_urlsafe(32)
    made = ApiToken.objects.create(
        user=user,
        name=name,
        scopes=sorted(set(scopes)),
        hint=secret[:8],
        token_hash=hash_of_token(secret),
        made_at=at,
        expires_at=expires_at,
    )
    record(
        "api_token_made",
        made,
        body_id=body.pk,
        by=user,
        at=at,
        name=name,
        scopes=made.scopes,
        expires_at=expires_at.isoformat(),
    )
    return made, secret


@everything()
def made_in(token: ApiToken) -> Body:
    """Return the body in whose record it stands that a key was made, held a role there or not."""
    return Body.objects.get(pk=Event.objects.about(token).earliest("sequence").body_id)


@transaction.atomic
def revoke_token(*, token: ApiToken, body: Body, by: Someone | None, at: datetime) -> ApiToken:
    """Make a key useless from now on.

    Raises:
        NotPossibleError: it was revoked.
    """
    token = ApiToken.objects.select_for_update().get(pk=token.pk)
    if token.revoked_at:
        raise NotPossibleError("This key was revoked already")
    token.revoked_at = at
    token.save(update_fields=["revoked_at"])
    record("api_token_revoked", token, body_id=body.pk, by=by, at=at, name=token.name)
    return token


def note_use(*, token: ApiToken, on: date) -> None:
    """Keep the day on which a key was last used; what it wrote has lines of its own."""
    if token.last_used_on != on:
        ApiToken.objects.filter(pk=token.pk).update(last_used_on=on)
