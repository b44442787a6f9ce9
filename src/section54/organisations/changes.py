"""Every write to bodies and people. Each is one transaction and one audit line."""

from datetime import date, datetime

from django.db import transaction

from section54.organisations.models import Body, Grant, User
from section54.records.changes import record


@transaction.atomic
def found_body(*, name: str, kind: Body.Kind, by: User | None, at: datetime) -> Body:
    """Make a public body."""
    body = Body.objects.create(name=name, kind=kind, created_at=at)
    record("body_founded", body, body_id=body.pk, by=by, at=at, name=name, sort=str(kind))
    return body


@transaction.atomic
def add_user(
    *, body: Body, email: str, name: str, password: str | None, by: User | None, at: datetime
) -> User:
    """Make a user's account; what they may do comes from grants."""
    user = User.objects.create_user(email, name, password)
    record("user_added", user, body_id=body.pk, by=by, at=at)
    return user


class SelfGrantError(ValueError):
    """Somebody tried to give themselves a role."""


@transaction.atomic
def grant_role(
    *, user: User, role: str, body: Body, starts_on: date, by: User | None, at: datetime
) -> Grant:
    """Give a person a role in a body.

    Args:
        by: Who gives it; None only where the set-up makes the first user.

    Raises:
        SelfGrantError: giver and receiver are the same.
    """
    if by is not None and by.pk == user.pk:
        raise SelfGrantError(role)
    grant = Grant.objects.create(user=user, role=role, body=body, starts_on=starts_on, given_by=by)
    record("role_granted", grant, body_id=body.pk, by=by, at=at, user=str(user.pk), role=role)
    return grant
