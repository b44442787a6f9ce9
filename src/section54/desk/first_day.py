"""The first day of a body: what is set up, what is not, and who does it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from section54.engine.reports.wording import count, listed
from section54.organisations.models import Body, Grant, Logo, Membership, Office, OfficeHolder, User
from section54.organisations.permissions import ROLES, allowed
from section54.post import mail, work_list
from section54.post.work_list import Item
from section54.sources.models import Import


# The offices that usually sign for a body of each kind: a start, which each body corrects.
USUAL_OFFICES: dict[str, tuple[str, ...]] = {
    Body.Kind.FORCE: (
        "Chief Constable",
        "Deputy Chief Constable",
        "Director of HR",
        "Head of Procurement",
    ),
    Body.Kind.COMMISSIONER: (
        "Police and Crime Commissioner",
        "Deputy Police and Crime Commissioner",
        "Chief Executive",
        "Chief Finance Officer",
    ),
    Body.Kind.COUNCIL: ("Leader of the Council", "Chief Executive", "Director of HR"),
    Body.Kind.OTHER: ("Chief Executive", "Director of HR"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the first day."""

    name: str
    hint: str
    is_done: bool
    link: str
    must: bool = True  # a body can do without the others
    state: str = ""  # as the page shows it, where it is neither done nor to do


def steps_of(body: Body, on: date) -> list[Step]:
    """Return the steps of a body's first day in their order."""
    return [*_itself(body, on), *_its_people(body, on), *_its_work(body, on)]


def _itself(body: Body, on: date) -> Iterator[Step]:
    key = {"pk": body.pk}
    yield Step(
        "Name and kind of body",
        f"{body.name}, {body.get_kind_display().lower()}.",
        body.name != "Your body",
        reverse("body-describe", kwargs=key),
    )
    offices = Office.objects.filter(body=body, closed_on=None)
    names = list(offices.values_list("name", flat=True))
    yield Step(
        "Offices",
        f"{listed(names)}." if names else "Who signs for it: a chief constable, a director of HR.",
        bool(names),
        reverse("usual-offices", kwargs=key),
    )
    held = OfficeHolder.objects.in_force(on).filter(office__in=offices)
    empty = sorted(set(names) - set(held.values_list("office__name", flat=True)))
    yield Step(
        "Office holders",
        f"Nobody holds the office of {listed(empty)}."
        if empty
        else "Each office has its holder."
        if names
        else "Add the offices first.",
        bool(names) and not empty,
        reverse("body", kwargs=key),
    )
    has_logo = Logo.objects.filter(body=body).exists()
    yield Step(
        "Logo",
        "Shown at the top of each page." if has_logo else "Its name is shown without one.",
        has_logo,
        reverse("logo", kwargs=key),
        must=False,
    )


def _its_people(body: Body, on: date) -> Iterator[Step]:
    held = _held(body, on)
    invite = reverse("person-invite")
    administrators = len(held.get("administrator", ()))
    yield Step(
        "A second administrator",
        f"There {'is' if administrators == 1 else 'are'} {count(administrators, 'administrator')}."
        + (" While they are away nobody can give access." if administrators < 2 else ""),
        administrators > 1,
        f"{invite}?place={body.pk}&role=administrator",
    )
    buyers = [role for role in held if "spend.change" in allowed(role)]
    yield Step(
        "People who buy",
        _who(buyers, held) or "A head of procurement or a buyer adds ledgers and reads reviews.",
        bool(buyers),
        f"{invite}?place={body.pk}&role=head_of_procurement",
    )
    approvers = held.get("approver", frozenset())
    publishers = held.get("governance_lead", frozenset())
    missing = [
        ROLES[role][0].lower()
        for role, there in (("governance_lead", publishers), ("approver", approvers))
        if not there
    ]
    yield Step(
        "People who approve and publish",
        f"There is no {' and no '.join(missing)} yet. One drafts and publishes the statement, "
        "another approves it."
        if missing
        else _who(["governance_lead", "approver"], held),
        not missing,
        f"{invite}?place={body.pk}&role={'approver' if publishers else 'governance_lead'}",
    )


def _held(body: Body, on: date) -> dict[str, frozenset[str]]:
    """Return the names of who holds each role in a body on a day, through what may be."""
    found: dict[str, set[str]] = {}
    grants = Grant.objects.in_force(on).filter(user__is_active=True).reaching([body.pk], on)
    for role, name in grants.values_list("role", "user__name"):
        found.setdefault(role, set()).add(name)
    return {role: frozenset(names) for role, names in found.items()}


def _who(roles: list[str], held: dict[str, frozenset[str]]) -> str:
    """Return who holds some roles, as in ``Ann (buyer) and Ben (approver)``."""
    words = [f"{name} ({ROLES[role][0].lower()})" for role in roles for name in sorted(held[role])]
    more = len(words) - 3
    words = [*words[:3], count(more, "other")] if more > 1 else words
    return f"{listed(words)}." if words else ""


def _its_work(body: Body, on: date) -> Iterator[Step]:
    there = Membership.objects.in_force(on)
    with_it = there.filter(collaboration__in=there.filter(body=body).values("collaboration"))
    names = with_it.exclude(body=body).values_list("body__name", flat=True)
    beside = sorted(set(names))
    is_set = mail.is_set()
    yield Step(
        "Mail",
        "Messages leave by your mail server."
        if is_set
        else "There is no mail server: messages wait in a list, for somebody to send by hand. "
        "Whoever runs the service can name one in its settings.",
        is_set,
        reverse("messages"),
        must=False,
        state="" if is_set else "By hand",
    )
    yield Step(
        "Other bodies whose ledgers you load",
        f"{listed(beside)}."
        if beside
        else "Where you buy for several bodies: found or join a "
        "collaboration, and each body's ledgers stay its own.",
        bool(beside),
        reverse("collaborations"),
        must=False,
    )
    imports = Import.objects.filter(body=body)
    taken = imports.filter(state=Import.State.TAKEN_IN).exists()
    waiting = imports.open().exists()
    yield Step(
        "First ledger",
        "A ledger was taken in."
        if taken
        else "A ledger was added and waits to be checked."
        if waiting
        else "A buyer or the head of procurement adds it: they find “Add ledgers” on their home "
        "page.",
        taken,
        "",
        state="Waits to be checked" if waiting and not taken else "",
    )


def first_days(user: User, today: date) -> Iterator[Item]:
    """Return, for the work list, the bodies whose first day is not over."""
    for body in Body.objects.changeable_by(user):
        left = [step for step in steps_of(body, today) if step.must and not step.is_done]
        if left:
            yield Item(
                what=f"Set up {body.name}",
                why=f"{count(len(left), 'step')} left, next: {left[0].name.lower()}.",
                link=reverse("first-day", kwargs={"pk": body.pk}),
                body=body.name,
            )


def register() -> None:
    """Make the first days known to the work list."""
    work_list.register("first days", first_days)
