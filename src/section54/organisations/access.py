"""Who had access to a body on a day, by what, and what they could see: for auditors and for all."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from section54.organisations.models import (
    Body,
    Collaboration,
    Grant,
    Held,
    Membership,
    Share,
    roles_held,
)
from section54.organisations.permissions import AREAS
from section54.records.models import Event, EventQuerySet, subject_of
from section54.records.rows import everything


@everything()
def access_on(bodies: Collection[UUID], day: date) -> list[Held]:
    """Return every role that reached some bodies on any part of a day, by body, person and role.

    Also those that reached them from elsewhere: who could see a body's records is its own to know.
    """
    that_day = ended_on(day)
    grants = (
        Grant.objects.filter(
            Q(pk__in=Grant.objects.in_force(day).values("pk")) | Q(pk__in=that_day)
        )
        .reaching(bodies, day)
        .select_related("user", "given_by", "collaboration__lead")
    )
    areas = lru_cache(maxsize=None)(lambda one: tuple(one.shared_areas_on(day)))
    found = [held for held in roles_held(grants, day, areas) if held.body_id in bodies]
    return sorted(
        found,
        key=lambda h: (h.body_name, h.grant.user.name.casefold(), h.role_name, str(h.grant.pk)),
    )


@everything()
def ended_on(day: date) -> frozenset[UUID]:
    """Return the roles that were taken away in the course of a day: they held until then."""
    ended = Grant.objects.filter(ended_on=day, starts_on__lte=day)
    keys = {subject_of(grant): grant.pk for grant in ended}
    lines = _lines_of(day).filter(kind="role_ended", subject__in=keys)
    return frozenset(keys[subject] for subject in lines.values_list("subject", flat=True))


def _lines_of(day: date) -> EventQuerySet:
    """Return the lines that were written on a day, as the bodies count days."""
    start, end = (
        timezone.make_aware(datetime.combine(one, time.min)) for one in (day, day + timedelta(1))
    )
    return Event.objects.filter(at__gte=start, at__lt=end)


def how(held: Held) -> str:
    """Return by what a role reaches its body, in words."""
    words = f"Through {held.through}" if held.through else "Directly"
    return f"{words}, as {held.after} came in its place" if held.after else words


COLUMNS = (
    "Body", "Name", "Email address", "Role", "How", "From", "Last day", "Given by", "May", "On",
)  # fmt: skip


def rows_of(held: Iterable[Held], day: date) -> list[tuple[object, ...]]:
    """Return roles on a day as a list to be taken away has them, under ``COLUMNS``."""
    return [
        (
            one.body_name,
            one.grant.user.name,
            one.grant.user.email,
            one.role_name,
            how(one),
            one.grant.starts_on,
            one.grant.last_day,
            one.grant.given_by.name if one.grant.given_by else "The set-up",
            ", ".join(sorted(one.permissions)),
            day,
        )
        for one in held
    ]


@dataclass(frozen=True, slots=True)
class AreaSeen:
    """Who could see, and who could change, what an area covers."""

    area: str
    see: Sequence[str]
    change: Sequence[str]
    in_part: Sequence[str]


def areas_seen(held: Iterable[Held]) -> list[AreaSeen]:
    """Return for each area who could see and change it by some roles, as names in order."""
    roles = list(held)

    def names(wanted: Collection[str]) -> list[str]:
        people = {
            (h.grant.user.name, h.grant.user_id) for h in roles if h.permissions & set(wanted)
        }
        return [name for name, _ in sorted(people, key=lambda one: (one[0].casefold(), one[1]))]

    found = []
    for area, words in AREAS.items():
        of_it = {one for h in roles for one in h.permissions if one.split(".")[0] == area}
        whole = names({f"{area}.see"})
        some = [one for one in names(of_it) if one not in whole]
        found.append(AreaSeen(words, whole, names({f"{area}.change"}), some))
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """The single records that a body showed to a collaboration on a day, and to whom."""

    collaboration: str
    records: int
    stopped: int  # of them, in the course of the day
    readers: Sequence[str]


@everything()
def shares_on(body: Body, day: date) -> list[Shown]:
    """Return to which collaborations a body showed single records on any part of a day."""
    counts: dict[str, int] = {}
    stopped: dict[str, int] = {}
    shares = Share.objects.in_force(day).filter(body=body)
    for name in shares.values_list("collaboration__name", flat=True):
        counts[name] = counts.get(name, 0) + 1
    ended = _lines_of(day).filter(kind="record_no_longer_shared", body_id=body.pk)
    for line in ended:
        if line.detail.get("last_day", "") < day.isoformat():
            name = line.detail["collaboration"]
            counts[name] = counts.get(name, 0) + 1
            stopped[name] = stopped.get(name, 0) + 1
    places = Collaboration.objects.filter(name__in=counts).order_by("name")
    return [
        Shown(one.name, counts[one.name], stopped.get(one.name, 0), _readers(one, body, day))
        for one in places
    ]


def _readers(collaboration: Collaboration, body: Body, day: date) -> list[str]:
    """Return who in the other members could read what a body showed there on a day."""
    members = Membership.objects.in_force(day).filter(collaboration=collaboration)
    others = {one.body_id for one in members} - {body.pk}
    found = {
        (held.grant.user.name, held.body_name)
        for held in access_on(others, day)
        if "spend.see" in held.permissions
    }
    return [f"{name} ({of})" for name, of in sorted(found)]
