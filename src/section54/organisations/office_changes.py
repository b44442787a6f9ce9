"""Every write to offices and to who holds them."""

from datetime import date, datetime, timedelta

from django.db import transaction

from section54.organisations.changes import NotPossibleError, SelfGrantError, not_in_the_past
from section54.organisations.models import Body, Grant, Office, OfficeHolder, User
from section54.records.changes import record


@transaction.atomic
def found_office(*, body: Body, name: str, by: User | None, at: datetime) -> Office:
    """Name an office that signs for a body.

    Raises:
        NotPossibleError: the body has it.
    """
    if Office.objects.filter(body=body, name__iexact=name).exists():
        raise NotPossibleError(f"{body} already has the office of {name}")
    office = Office.objects.create(body=body, name=name)
    record("office_founded", office, body_id=body.pk, by=by, at=at, name=name)
    return office


@transaction.atomic
def close_office(*, office: Office, on: date, by: User, at: datetime) -> Office:
    """Say that an office is no more from a day on; its holders' time ends the day before.

    Raises:
        NotPossibleError: it is closed.
    """
    office = Office.objects.select_for_update().get(pk=office.pk)
    if office.closed_on:
        raise NotPossibleError(f"The office of {office} is closed already")
    _end_holders(office, on, acting=None)
    office.closed_on = on
    office.save(update_fields=["closed_on"])
    record(
        "office_closed",
        office,
        body_id=office.body_id,
        by=by,
        at=at,
        name=office.name,
        closed_on=on.isoformat(),
    )
    return office


@transaction.atomic
def appoint(
    *,
    office: Office,
    user: User,
    acting: bool,
    starts_on: date,
    ends_on: date | None = None,
    by: User | None,
    at: datetime,
) -> OfficeHolder:
    """Say who holds an office from a day on, or acts for its holder.

    A new holder ends the time of the one before; one who acts ends that of who acted before.

    Raises:
        SelfGrantError: they appoint themselves.
        NotPossibleError: the office is closed, the person has no role in the body on that day, or
            somebody was appointed for a later day.
    """
    if by is not None and by.pk == user.pk:
        raise SelfGrantError(office.name)
    office = Office.objects.select_for_update().get(pk=office.pk)
    if office.closed_on and office.closed_on <= starts_on:
        raise NotPossibleError(f"The office of {office} is closed")
    if (
        not Grant.objects.in_force(starts_on)
        .filter(user=user)
        .reaching([office.body_id], starts_on)
        .exists()
    ):
        raise NotPossibleError(f"Give {user.name} a role in {office.body} first")
    later = OfficeHolder.objects.filter(office=office, acting=acting, starts_on__gte=starts_on)
    if later.exists():
        raise NotPossibleError("Somebody holds the office from that day or a later one")
    if OfficeHolder.objects.in_force(starts_on).filter(office=office, acting=acting).exists():
        not_in_the_past(starts_on, by=by, at=at)  # it would end somebody's time in the past
    _end_holders(office, starts_on, acting=acting)
    holder = OfficeHolder.objects.create(
        office=office,
        user=user,
        acting=acting,
        starts_on=starts_on,
        ends_on=ends_on,
        appointed_by=by,
    )
    record(
        "office_holder_appointed",
        holder,
        body_id=office.body_id,
        by=by,
        at=at,
        office=office.name,
        who=user.name,
        user=str(user.pk),
        acting=acting,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat() if ends_on else None,
    )
    return holder


def _end_holders(office: Office, on: date, *, acting: bool | None) -> None:
    """End the day before a day the time of those who hold an office, or act in it, on that day."""
    there = OfficeHolder.objects.in_force(on).filter(office=office, starts_on__lt=on)
    if acting is not None:
        there = there.filter(acting=acting)
    there.update(ends_on=on - timedelta(days=1))


@transaction.atomic
def cancel_appointment(*, holder: OfficeHolder, by: User, at: datetime) -> None:
    """Take back an appointment that has not begun; its lines stay in the record.

    Raises:
        NotPossibleError: it has begun.
    """
    if holder.starts_on < at.date():
        raise NotPossibleError("It has begun: say on which day it ends instead")
    record(
        "office_holder_cancelled",
        holder,
        body_id=holder.office.body_id,
        by=by,
        at=at,
        office=holder.office.name,
        who=holder.user.name,
        user=str(holder.user_id),
        starts_on=holder.starts_on.isoformat(),
    )
    holder.delete()


@transaction.atomic
def end_appointment(
    *, holder: OfficeHolder, last_day: date, by: User | None, at: datetime
) -> OfficeHolder:
    """Say on which day a person holds an office for the last time.

    Raises:
        NotPossibleError: the day is before they began.
    """
    not_in_the_past(last_day, by=by, at=at, earliest=-1)
    if last_day < holder.starts_on:
        raise NotPossibleError("The last day must not be before the first")
    holder.ends_on = last_day
    holder.save(update_fields=["ends_on"])
    record(
        "office_holder_ended",
        holder,
        body_id=holder.office.body_id,
        by=by,
        at=at,
        office=holder.office.name,
        who=holder.user.name,
        last_day=last_day.isoformat(),
    )
    return holder
