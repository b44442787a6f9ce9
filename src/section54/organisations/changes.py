"""Every write to bodies, accounts and grants. Each is one transaction and one audit line."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from section54.engine.reports.wording import day
from section54.organisations.models import Body, BodyRelation, Collaboration, Grant, User
from section54.records.changes import record
from section54.records.rows import everything


Place = Body | Collaboration


class NotPossibleError(ValueError):
    """A change that the rules of the house refuse; its words are for the person who asked."""


# A succession cannot be undone: its bodies' people have so many days to call it off.
NOTICE_DAYS = 7


class SelfGrantError(NotPossibleError):
    """Somebody tried to change their own access; its words name what they wanted."""

    def __str__(self) -> str:
        return "Nobody changes their own access: ask another administrator to do it"


@everything()
def body_named(name: str) -> Body | None:
    """Return the body of a name, whoever asks: names are told apart in the whole installation."""
    return Body.objects.filter(name__iexact=name).first()


@everything()
@transaction.atomic
def found_body(*, name: str, kind: Body.Kind, by: User | None, at: datetime) -> Body:
    """Make a public body."""
    body = Body.objects.create(name=name, kind=kind, created_at=at)
    record("body_founded", body, body_id=body.pk, by=by, at=at, name=name, sort=str(kind))
    return body


@transaction.atomic
def describe_body(*, body: Body, name: str, kind: Body.Kind, by: User, at: datetime) -> Body:
    """Correct a body's name or what sort of body it is; the record keeps the old words."""
    before = {"name": body.name, "sort": str(body.kind)}
    body.name, body.kind = name, kind
    if {"name": name, "sort": str(kind)} == before:
        return body
    body.save(update_fields=["name", "kind"])
    record(
        "body_described",
        body,
        body_id=body.pk,
        by=by,
        at=at,
        before=before,
        name=name,
        sort=str(kind),
    )
    return body


@everything()
@transaction.atomic
def relate(
    *,
    body: Body,
    kind: BodyRelation.Kind,
    other: Body,
    starts_on: date,
    by: User | None,
    at: datetime,
) -> BodyRelation:
    """Say that a body oversees another, or came in its place.

    A succession opens the predecessor's records to the successor's people, so it stands in both
    bodies' records of changes, and begins after days in which it can be called off.

    Raises:
        NotPossibleError: it is the same body, it is told already, or each would succeed the other.
    """
    if body.pk == other.pk:
        raise NotPossibleError("Choose another body: a body does not stand to itself")
    told = BodyRelation.objects.select_for_update().in_force(starts_on)
    if told.filter(body=body, kind=kind, other=other).exists():
        raise NotPossibleError(f"It is already recorded that {body} {kind.label} {other}")
    if kind == BodyRelation.Kind.SUCCEEDS and _comes_after(other, body):
        raise NotPossibleError(f"{other} is recorded as having succeeded {body}")
    if kind == BodyRelation.Kind.SUCCEEDS:
        not_in_the_past(starts_on, by=by, at=at, earliest=NOTICE_DAYS)
    relation = BodyRelation.objects.create(body=body, kind=kind, other=other, starts_on=starts_on)
    for one in (body, other):
        record(
            "bodies_related",
            relation,
            body_id=one.pk,
            by=by,
            at=at,
            words=f"{body} {kind.label} {other}",
            starts_on=starts_on.isoformat(),
        )
    return relation


def _comes_after(body: Body, other: Body) -> bool:
    """Return whether a body succeeded another, directly or over several steps."""
    ask, seen = [body.pk], set()
    while ask:
        now = ask.pop()
        if now == other.pk:
            return True
        seen.add(now)
        before = BodyRelation.objects.filter(body=now, kind=BodyRelation.Kind.SUCCEEDS)
        ask += [one for one in before.values_list("other", flat=True) if one not in seen]
    return False


@everything()
@transaction.atomic
def end_relation(*, relation: BodyRelation, last_day: date, by: User, at: datetime) -> BodyRelation:
    """Say that a body oversees another no more, or call off a succession that has not begun.

    What was called off leaves no row, only its lines.

    Raises:
        NotPossibleError: it is a succession that has begun, or the day is past or before it began.
    """
    called_off = relation.kind == BodyRelation.Kind.SUCCEEDS
    if called_off and relation.starts_on <= today_at(at):
        raise NotPossibleError("A succession that has begun has no end")
    if not called_off:
        not_in_the_past(last_day, by=by, at=at, earliest=-1)
        if last_day < relation.starts_on:
            raise NotPossibleError("The last day must not be before the first")
        relation.ends_on = last_day
        relation.save(update_fields=["ends_on"])
    for one in (relation.body_id, relation.other_id):
        if called_off:
            record("succession_called_off", relation, body_id=one, by=by, at=at)
            continue
        record(
            "bodies_no_longer_related",
            relation,
            body_id=one,
            by=by,
            at=at,
            last_day=last_day.isoformat(),
        )
    if called_off:
        relation.delete()
    return relation


@transaction.atomic
def add_user(
    *, body: Body, email: str, name: str, password: str | None, by: User | None, at: datetime
) -> User:
    """Make a user's account; what they may do comes from grants."""
    user = User.objects.create_user(email, name, password)
    record("user_added", user, body_id=body.pk, by=by, at=at)
    return user


def today_at(at: datetime) -> date:
    """Return the day it is at a moment, where the bodies are."""
    return timezone.localtime(at).date()


def not_in_the_past(given: date, *, by: User | None, at: datetime, earliest: int = 0) -> None:
    """Refuse a day that would change what was so before: who could see what stays as it was.

    Args:
        given: The day.
        by: Who gives it; None: the set-up, which tells what was so before.
        at: The moment.
        earliest: The first day that is right, counted from today: -1 is yesterday.

    Raises:
        NotPossibleError: it is earlier.
    """
    first = today_at(at) + timedelta(days=earliest)
    if by is not None and given < first:
        raise NotPossibleError(f"Choose {day(first)} or a later day: what was so before stays")


def where(place: Place) -> dict[str, Any]:
    """Return the field of a grant or an invitation that a place goes in, ready for the model."""
    return {"body" if isinstance(place, Body) else "collaboration": place}


def home_of(place: Place) -> Body:
    """Return the body whose record of changes a place's lines stand in: a collaboration's lead."""
    return place if isinstance(place, Body) else place.lead


@transaction.atomic
def grant_role(
    *,
    user: User,
    role: str,
    body: Place,
    starts_on: date,
    ends_on: date | None = None,
    by: User | None,
    at: datetime,
) -> Grant:
    """Give a person a role in a body, or in a collaboration for all its members.

    Args:
        body: The body, or the collaboration.
        ends_on: The last day; None: until it is taken away.
        by: Who gives it; None only where the set-up makes the first user.

    Raises:
        SelfGrantError: giver and receiver are the same.
        NotPossibleError: the account is closed, the role is held there already, or a collaboration
            would have an administrator.
    """
    if by is not None and by.pk == user.pk:
        raise SelfGrantError(role)
    if not user.is_active:
        raise NotPossibleError(f"{user.name}'s account is closed")
    not_in_the_past(starts_on, by=by, at=at)
    if role == "administrator" and isinstance(body, Collaboration):
        raise NotPossibleError(
            "Give the role of administrator in one body: each body looks after its own people"
        )
    there = Grant.objects.select_for_update().filter(user=user, role=role, **where(body))
    if there.in_force(starts_on).exists():
        raise NotPossibleError(f"{user.name} already has this role there on that day")
    grant = Grant.objects.create(
        user=user, role=role, starts_on=starts_on, ends_on=ends_on, given_by=by, **where(body)
    )
    record(
        "role_granted",
        grant,
        body_id=home_of(body).pk,
        by=by,
        at=at,
        user=str(user.pk),
        who=user.name,
        role=role,
        place=body.name,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat() if ends_on else None,
    )
    return grant


@transaction.atomic
def end_grant(*, grant: Grant, on: date, because: str, by: User, at: datetime) -> Grant:
    """Take a role away: from a day on, it holds no more. It may be said again for an earlier day.

    Raises:
        SelfGrantError: it is one's own role.
        NotPossibleError: it ended already, or no administrator would be left.
    """
    grant = Grant.objects.select_for_update(of=("self",)).select_related("user").get(pk=grant.pk)
    if grant.user_id == by.pk:
        raise SelfGrantError(grant.role)
    not_in_the_past(on, by=by, at=at)
    if (grant.ended_on is not None and grant.ended_on <= on) or (
        grant.ends_on is not None and grant.ends_on < on
    ):
        raise NotPossibleError(f"This role ends before {day(on)} already")
    if grant.role == "administrator" and not _others_administer(grant, on):
        raise NotPossibleError(
            f"Make somebody else an administrator of {grant.place} first: nobody would be left"
        )
    grant.ended_on, grant.ended_by, grant.ended_because = on, by, because
    grant.save(update_fields=["ended_on", "ended_by", "ended_because"])
    record(
        "role_ended",
        grant,
        body_id=grant.home_id,
        by=by,
        at=at,
        user=str(grant.user_id),
        who=grant.user.name,
        role=grant.role,
        place=grant.place.name,
        ended_on=on.isoformat(),
        because=because,
    )
    return grant


def _others_administer(grant: Grant, on: date) -> bool:
    """Return whether somebody else administers a body on a day, with the body's row held."""
    Body.objects.select_for_update().get(pk=grant.home_id)
    others = Grant.objects.in_force(on).filter(
        role="administrator", body=grant.body_id, user__is_active=True, ended_on=None
    )
    return others.exclude(user=grant.user_id).exists()
