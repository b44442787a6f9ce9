"""Every write to collaborations: who leads, who is in, what is shared."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from django.apps import apps
from django.db import models, transaction

from section54.organisations.changes import NotPossibleError, not_in_the_past, today_at
from section54.organisations.models import Body, Collaboration, Membership, Share, User
from section54.organisations.models.bodies import SHARES_LESS
from section54.organisations.permissions import AREAS
from section54.records.changes import record
from section54.records.rows import everything


@everything()
def is_named(name: str) -> bool:
    """Return whether a collaboration has a name, whoever asks."""
    return Collaboration.objects.filter(name__iexact=name).exists()


@everything()
@transaction.atomic
def found_collaboration(
    *,
    name: str,
    lead: Body,
    shared_areas: Sequence[str],
    starts_on: date,
    by: User | None,
    at: datetime,
) -> Collaboration:
    """Make a collaboration, with the body that leads it as its first member.

    Raises:
        NotPossibleError: an area is not in the table of permissions.
    """
    _known(shared_areas)
    made = Collaboration.objects.create(
        name=name, lead=lead, shared_areas=list(shared_areas), starts_on=starts_on
    )
    Membership.objects.create(collaboration=made, body=lead, starts_on=starts_on)
    record(
        "collaboration_founded",
        made,
        body_id=lead.pk,
        by=by,
        at=at,
        name=name,
        shares=list(shared_areas),
        starts_on=starts_on.isoformat(),
    )
    return made


def _known(areas: Sequence[str]) -> None:
    if unknown := sorted(set(areas) - set(AREAS)):
        raise NotPossibleError(f"{unknown[0]} is not an area that can be shared")
    if not areas:
        raise NotPossibleError("Choose at least one area that the bodies share")
    if closed := {"concerns", "people", "audit"} & set(areas):
        raise NotPossibleError(f"{AREAS[min(closed)]} stays with each body")


def members(collaboration: Collaboration, on: date) -> list[Body]:
    """Return the bodies that are in a collaboration on a day, by name."""
    there = Membership.objects.in_force(on).filter(collaboration=collaboration)
    return list(Body.objects.filter(pk__in=there.values("body")).order_by("name"))


@everything()
@transaction.atomic
def change_shared_areas(
    *, collaboration: Collaboration, shared_areas: Sequence[str], by: User, at: datetime
) -> Collaboration:
    """Say anew what is shared: only less, for more needs each member's own word.

    Raises:
        NotPossibleError: it would share more than what the members came in for.
    """
    _known(shared_areas)
    collaboration = Collaboration.objects.select_for_update().get(pk=collaboration.pk)
    before = collaboration.shared_areas
    if more := sorted(set(shared_areas) - set(before)):
        raise NotPossibleError(
            f"{AREAS[more[0]]} was not shared when the members came in: found a new collaboration"
        )
    if set(shared_areas) == set(before):
        return collaboration
    collaboration.shared_areas = list(shared_areas)
    collaboration.save(update_fields=["shared_areas"])
    for body in members(collaboration, at.date()):
        record(
            SHARES_LESS,
            collaboration,
            body_id=body.pk,
            by=by,
            at=at,
            before=before,
            shares=list(shared_areas),
        )
    return collaboration


@everything()
@transaction.atomic
@everything()  # the body is not in it yet
def join(
    *, collaboration: Collaboration, body: Body, starts_on: date, by: User | None, at: datetime
) -> Membership:
    """Let a body into a collaboration. Its own administrator does it, for it opens its records.

    Raises:
        NotPossibleError: the body is in it, or the collaboration is over or not begun on that day.
    """
    Collaboration.objects.select_for_update().get(pk=collaboration.pk)
    there = Membership.objects.in_force(starts_on)
    if there.filter(collaboration=collaboration, body=body).exists():
        raise NotPossibleError(f"{body} is in {collaboration} on that day already")
    if not Collaboration.objects.in_force(starts_on).filter(pk=collaboration.pk).exists():
        raise NotPossibleError(f"{collaboration} does not hold on that day")
    made = Membership.objects.create(collaboration=collaboration, body=body, starts_on=starts_on)
    for one in {body.pk, collaboration.lead_id}:
        record(
            "collaboration_joined",
            made,
            body_id=one,
            by=by,
            at=at,
            collaboration=collaboration.name,
            joined=body.name,
            starts_on=starts_on.isoformat(),
        )
    return made


@transaction.atomic
def withdraw_codes(*, collaboration: Collaboration, by: User, at: datetime) -> Collaboration:
    """Make useless every code to join that was given so far."""
    collaboration = Collaboration.objects.select_for_update().get(pk=collaboration.pk)
    collaboration.code_round += 1
    collaboration.save(update_fields=["code_round"])
    record(
        "collaboration_codes_withdrawn",
        collaboration,
        body_id=collaboration.lead_id,
        by=by,
        at=at,
        name=collaboration.name,
    )
    return collaboration


@everything()
@transaction.atomic
def leave(*, membership: Membership, last_day: date, by: User, at: datetime) -> Membership:
    """Say on which day a body is in a collaboration for the last time.

    What it shared with the collaboration ends with it.

    Raises:
        NotPossibleError: it leads the collaboration, it has left, or the day is past, before it
            came in, or later than the one that was said before.
    """
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    place = membership.collaboration
    if membership.body_id == place.lead_id:
        raise NotPossibleError(f"{membership.body} leads {place}: end the collaboration instead")
    _may_end(membership, last_day, by=by, at=at)
    membership.ends_on = last_day
    membership.save(update_fields=["ends_on"])
    _end_shares(place.shares.filter(body=membership.body_id), last_day, by=by, at=at)
    for one in {membership.body_id, place.lead_id}:
        record(
            "collaboration_left",
            membership,
            body_id=one,
            by=by,
            at=at,
            collaboration=place.name,
            left=membership.body.name,
            last_day=last_day.isoformat(),
        )
    return membership


@everything()
@transaction.atomic
def end_collaboration(
    *, collaboration: Collaboration, last_day: date, by: User, at: datetime
) -> Collaboration:
    """Say on which day a collaboration holds for the last time.

    Raises:
        NotPossibleError: it is over, or the day is past, before it began, or later than the one
            that was said before.
    """
    collaboration = Collaboration.objects.select_for_update(of=("self",)).get(pk=collaboration.pk)
    _may_end(collaboration, last_day, by=by, at=at)
    collaboration.ends_on = last_day
    collaboration.save(update_fields=["ends_on"])
    _end_shares(collaboration.shares.all(), last_day, by=by, at=at)
    for body in members(collaboration, last_day):
        record(
            "collaboration_ended",
            collaboration,
            body_id=body.pk,
            by=by,
            at=at,
            name=collaboration.name,
            last_day=last_day.isoformat(),
        )
    return collaboration


def _may_end(row: Membership | Collaboration, last_day: date, *, by: User, at: datetime) -> None:
    """Refuse a last day that would open anew what is over, or change what was so before."""
    if row.ends_on is not None and row.ends_on < today_at(at):
        raise NotPossibleError("It is over already")
    if row.ends_on is not None and row.ends_on < last_day:
        raise NotPossibleError("The last day can only be brought forward: for longer, join anew")
    not_in_the_past(last_day, by=by, at=at, earliest=-1)
    if last_day < row.starts_on - timedelta(days=1):
        raise NotPossibleError("The last day must not be before the first")


def _end_shares(shares: models.QuerySet[Share], last_day: date, *, by: User, at: datetime) -> None:
    """End what is shared with a last day, so that it does not open again when a body comes back."""
    for shared in shares.filter(models.Q(ends_on=None) | models.Q(ends_on__gt=last_day)):
        _end_share(shared, last_day, by=by, at=at)


@transaction.atomic
def share(
    *,
    subject: models.Model,
    body: Body,
    collaboration: Collaboration,
    starts_on: date,
    by: User,
    at: datetime,
) -> Share:
    """Show a record of a body to the other bodies of a collaboration.

    Raises:
        NotPossibleError: the body is not in the collaboration, or it is shared there already.
    """
    there = Membership.objects.in_force(starts_on).filter(collaboration=collaboration, body=body)
    if not there.exists():
        raise NotPossibleError(f"{body} is not in {collaboration}")
    named = kind_and_key(subject)
    standing = Share.objects.select_for_update().in_force(starts_on)
    if standing.filter(collaboration=collaboration, **named).exists():
        raise NotPossibleError(f"It is shared with {collaboration} already")
    made = Share.objects.create(
        collaboration=collaboration, body=body, starts_on=starts_on, shared_by=by, **named
    )
    record(
        "record_shared",
        subject,
        body_id=body.pk,
        by=by,
        at=at,
        collaboration=collaboration.name,
        starts_on=starts_on.isoformat(),
    )
    return made


def kind_and_key(subject: models.Model) -> dict[str, str | UUID]:
    """Return how a share names a record, ready for the model."""
    return {"kind": subject._meta.label, "subject_id": subject.pk}


@transaction.atomic
def stop_sharing(*, shared: Share, by: User, at: datetime, on: date) -> Share | None:
    """Show a record to a collaboration no more, from a day on.

    What was shared and taken back on one day leaves no row, only its two audit lines.

    Raises:
        NotPossibleError: somebody stopped it before.
    """
    still = Share.objects.select_for_update().filter(pk=shared.pk, ends_on=None).first()
    if still is None:
        raise NotPossibleError(f"It is not shared with {shared.collaboration} any more")
    shared = still
    return _end_share(shared, on - timedelta(days=1), by=by, at=at)


def _end_share(shared: Share, last_day: date, *, by: User, at: datetime) -> Share | None:
    record(
        "record_no_longer_shared",
        apps.get_model(shared.kind)(pk=shared.subject_id),
        body_id=shared.body_id,
        by=by,
        at=at,
        collaboration=shared.collaboration.name,
        last_day=last_day.isoformat(),
    )
    if last_day < shared.starts_on:
        shared.delete()
        return None
    shared.ends_on = last_day
    shared.save(update_fields=["ends_on"])
    return shared
