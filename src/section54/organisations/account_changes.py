"""Every write to accounts that end: close, open again, and somebody's leaving as a whole."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from section54.engine.reports.wording import day
from section54.organisations import work
from section54.organisations.changes import NotPossibleError, SelfGrantError, end_grant
from section54.organisations.models import (
    ApiToken,
    Body,
    Departure,
    Grant,
    Invitation,
    OfficeHolder,
    User,
    roles_held,
)
from section54.organisations.office_changes import cancel_appointment, end_appointment
from section54.organisations.session_changes import end_sessions_of
from section54.organisations.token_changes import revoke_token
from section54.records.changes import record
from section54.records.models import Event
from section54.records.rows import everything


@everything()
@transaction.atomic
def close_account(*, user: User, body: Body, on: date, by: User, at: datetime) -> User:
    """Close the account of a person who holds no role any more, with their keys and sessions.

    Raises:
        SelfGrantError: it is one's own account.
        NotPossibleError: they still hold a role, now or later, or the account is closed already.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.pk == by.pk:
        raise SelfGrantError(user.email)
    if not user.is_active:
        raise NotPossibleError(f"{user.name}’s account is closed already")
    if Grant.objects.not_over(on).filter(user=user).exists():
        raise NotPossibleError(f"{user.name} still holds a role: end it first")
    for token in ApiToken.objects.filter(user=user, revoked_at=None):
        revoke_token(token=token, body=body, by=by, at=at)
    end_sessions_of(user=user, by=by, at=at, because="the account was closed")
    user.is_active, user.left_on = False, on
    user.save(update_fields=["is_active", "left_on"])
    record("account_closed", user, body_id=body.pk, by=by, at=at, who=user.name)
    return user


@everything()
@transaction.atomic
def reopen_account(*, user: User, body: Body, by: User, at: datetime) -> User:
    """Open a closed account again; roles are given anew.

    Raises:
        SelfGrantError: it is one's own account.
        NotPossibleError: it is open, or another body closed it.
    """
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.pk == by.pk:
        raise SelfGrantError(user.email)
    if user.is_active:
        raise NotPossibleError(f"{user.name}’s account is open")
    closed = Event.objects.about(user).filter(kind="account_closed").order_by("-at", "-pk").first()
    if closed is None or closed.body_id != body.pk:
        raise NotPossibleError(
            f"Another body closed {user.name}’s account: its administrator can open it again"
        )
    user.is_active, user.left_on = True, None
    user.save(update_fields=["is_active", "left_on"])
    record("account_reopened", user, body_id=body.pk, by=by, at=at, who=user.name)
    return user


def grants_to_end(user: User, bodies: Collection[Body], after: date) -> list[Grant]:
    """Return the roles that end when somebody leaves bodies: there, and in what these lead."""
    grants = Grant.objects.not_over(after + timedelta(days=1)).filter(
        Q(body__in=bodies) | Q(collaboration__lead__in=bodies), user=user
    )
    return list(grants.select_related("body", "collaboration__lead").order_by("starts_on", "pk"))


def offices_to_end(user: User, bodies: Collection[Body], after: date) -> list[OfficeHolder]:
    """Return the offices that somebody who leaves bodies holds there after a day."""
    held = OfficeHolder.objects.filter(
        Q(ends_on=None) | Q(ends_on__gt=after), user=user, office__body__in=bodies
    )
    return list(held.select_related("office__body", "user"))


@everything()
def has_role_elsewhere(user: User, grants: Collection[Grant], on: date) -> bool:
    """Return whether somebody has a role, on a day or later, besides some that end."""
    there = Grant.objects.not_over(on).filter(user=user)
    return there.exclude(pk__in=[grant.pk for grant in grants]).exists()


def invitations_sent(user: User, bodies: Collection[Body], at: datetime) -> list[Invitation]:
    """Return the open invitations that somebody sent for bodies: their links end with the role."""
    sent = Invitation.objects.open(at).filter(
        Q(body__in=bodies) | Q(collaboration__lead__in=bodies), invited_by=user
    )
    return list(sent.select_related("body", "collaboration"))


@everything()
@transaction.atomic
def record_departure(
    *,
    user: User,
    bodies: Collection[Body],
    last_day: date,
    successors: Mapping[tuple[str, UUID], User],
    today: date,
    by: User,
    at: datetime,
) -> list[Departure]:
    """Let somebody leave bodies: all of it, or nothing.

    Their roles and offices there end with the last day, and their work goes to others at once.
    What is left to do when the day is over, ``carry_out`` does; here, if it is over already.

    Args:
        bodies: Those that whoever records it looks after; others are left as they are.
        successors: Who takes over which kind of work in which body (``work.Held.key``).
        today: The day it is.

    Raises:
        SelfGrantError: they record their own.
        NotPossibleError: nothing of theirs is there, no administrator would be left, it is
            recorded already, or somebody who is to take work over may not do it.
    """
    if by.pk == user.pk:
        raise SelfGrantError(user.email)
    user = User.objects.select_for_update().get(pk=user.pk)
    # Who could see what until today stays as it was: a role ends today at the earliest.
    after = max(last_day + timedelta(days=1), today)
    grants = grants_to_end(user, bodies, last_day)
    there = {grant.home_id for grant in grants}
    held = work.held_by(user, bodies)
    there |= {one.body.pk for one in held}
    there |= {holder.office.body_id for holder in offices_to_end(user, bodies, last_day)}
    if not there:
        raise NotPossibleError(f"{user.name} has no role there after {day(last_day)}")
    if Departure.objects.filter(user=user, body__in=there, carried_out_at=None).exists():
        raise NotPossibleError(f"It is recorded already that {user.name} leaves")
    handed = {
        one.key: _hand_over(one, user, successors.get(one.key), after, by, at) for one in held
    }
    for grant in grants:
        end_grant(grant=grant, on=after, because=f"Left on {day(last_day)}", by=by, at=at)
    offices = offices_to_end(user, bodies, last_day)
    for holder in offices:
        if holder.starts_on > last_day:
            cancel_appointment(holder=holder, by=by, at=at)
        else:
            end_appointment(holder=holder, last_day=last_day, by=by, at=at)
    made = []
    for body in sorted((one for one in bodies if one.pk in there), key=lambda one: one.name):
        departure = Departure.objects.create(
            user=user, body=body, last_day=last_day, recorded_by=by, recorded_at=at
        )
        record(
            "person_leaves",
            departure,
            body_id=body.pk,
            by=by,
            at=at,
            user=str(user.pk),
            who=user.name,
            last_day=last_day.isoformat(),
            roles=sum(grant.home_id == body.pk for grant in grants),
            offices=sum(holder.office.body_id == body.pk for holder in offices),
            handed_over={name: n for (name, pk), n in handed.items() if pk == body.pk},
            invitations_that_end=len(invitations_sent(user, [body], at)),
        )
        made.append(departure)
    if last_day < today:
        for departure in made:
            carry_out(departure=departure, today=today, at=at)
    return made


def _hand_over(
    held: work.Held, old: User, new: User | None, on: date, by: User, at: datetime
) -> int:
    """Hand one kind of work over whole, to somebody who may do it on a day."""
    words = f"{held.kind.title} in {held.body}"
    if new is None:
        raise NotPossibleError(f"Choose who takes over: {words}")
    if new.pk == old.pk or new.pk not in who_may_take_over(held, on):
        raise NotPossibleError(f"{new.name} may not take over: {words}")
    count = held.kind.hand_over(body=held.body, old=old, new=new, by=by, at=at)
    if count != len(held.pieces) or held.kind.pieces(old, held.body):
        raise NotPossibleError(f"Not all could be handed over: {words}. Try again")
    return count


def who_may_take_over(held: work.Held, on: date) -> set[UUID]:
    """Return the ids of the people who may do a kind of work in its body on a day."""
    body = held.body.pk
    grants = Grant.objects.in_force(on).filter(user__is_active=True).reaching([body], on)
    return {
        one.grant.user_id
        for one in roles_held(grants, on)
        if one.body_id == body and held.kind.needs in one.permissions
    }


@everything()
@transaction.atomic
def carry_out(*, departure: Departure, today: date, at: datetime) -> bool:
    """Close a leaver's account once their last day is over; False where a role is left elsewhere.

    The work and the roles went when it was recorded. It may be run again: it does nothing twice.
    """
    departure = Departure.objects.select_for_update(of=("self",)).get(pk=departure.pk)
    user = departure.user
    if departure.carried_out_at is not None:
        return False
    departure.carried_out_at = at
    departure.save(update_fields=["carried_out_at"])
    closes = user.is_active and not Grant.objects.not_over(today).filter(user=user).exists()
    record(
        "departure_carried_out",
        departure,
        body_id=departure.body_id,
        by=None,
        at=at,
        user=str(user.pk),
        who=user.name,
        account_closed=closes,
    )
    if closes:
        close_account(user=user, body=departure.body, on=today, by=departure.recorded_by, at=at)
    return closes
