"""Who had access to a body on a day, by what, and what they could see: for auditors and for all."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from uuid import UUID

from section54.organisations.models import Body, Collaboration, Grant, Held, Share, roles_held
from section54.organisations.permissions import AREAS
from section54.records.rows import everything


@everything()
def access_on(bodies: Collection[UUID], day: date) -> list[Held]:
    """Return every role that reached some bodies on a day, by body, person and role.

    Also those that reached them from elsewhere: who could see a body's records is its own to know.
    """
    grants = (
        Grant.objects.in_force(day)
        .reaching(bodies, day)
        .select_related("user", "given_by", "collaboration__lead")
    )
    areas = lru_cache(maxsize=None)(lambda one: tuple(one.shared_areas_on(day)))
    found = [held for held in roles_held(grants, day, areas) if held.body_id in bodies]
    return sorted(
        found,
        key=lambda h: (h.body_name, h.grant.user.name.casefold(), h.role_name, str(h.grant.pk)),
    )


def how(held: Held) -> str:
    """Return by what a role reaches its body, in words."""
    words = f"Through {held.through}" if held.through else "Directly"
    return f"{words}, as {held.after} came in its place" if held.after else words


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


def shares_on(body: Body, day: date) -> list[tuple[Collaboration, int]]:
    """Return to which collaborations a body showed single records on a day, and how many."""
    counts: dict[Collaboration, int] = {}
    for share in Share.objects.in_force(day).filter(body=body).select_related("collaboration"):
        counts[share.collaboration] = counts.get(share.collaboration, 0) + 1
    return sorted(counts.items(), key=lambda one: one[0].name)
