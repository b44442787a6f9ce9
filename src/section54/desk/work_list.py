"""What needs somebody today, across the rooms: late first, then today, then soon."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from section54.desk.daily import MAY_GRANT
from section54.desk.health import findings
from section54.engine.reports.wording import count
from section54.organisations.models import BodyRelation, Grant, User
from section54.post import mail, work_list
from section54.post.models import Job, Message
from section54.post.work_list import Item
from section54.sources.models import Import


SOON = timedelta(days=30)
AT_FIRST = 5  # lines shown before the others
PLACES = {"late": 0, "today": 1, "soon": 2, "under way": 3}


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the page shows it."""

    item: Item
    when: str  # late, today, soon, or under way


def lines_for(user: User, today: date) -> list[Line]:
    """Return what needs this user, in order: late (oldest first), today, then soon."""
    found = [Line(item, _when(item, today)) for item in work_list.items(user, today)]
    # Lines of one day keep the order in which their rooms gave them.
    return sorted(found, key=lambda line: (PLACES[line.when], line.item.due or today))


def _when(item: Item, today: date) -> str:
    if item.under_way:
        return "under way"
    if item.due is None or item.due == today:
        return "today"
    return "late" if item.due < today else "soon"


def imports(user: User, today: date) -> Iterator[Item]:
    """Return imports that wait to be checked, and those whose reading ended early."""
    waiting = Import.objects.changeable_by(user).open().select_related("job", "body")
    with_payments = set(waiting.filter(ledgers__read__gt=0).values_list("pk", flat=True))
    for brought in waiting:
        name = brought.reference
        if brought.state == Import.State.TO_CHECK and brought.pk in with_payments:
            what, why = f"Check what was read in {name}", "Nothing of it counts until you do."
        elif brought.state == Import.State.TO_CHECK:
            what, why = f"See why nothing in {name} could be read", "Or discard it."
        elif brought.job.is_open:
            what, why = f"Wait for {name}", "Its ledgers are being read."
        elif brought.job.state == Job.State.FAILED:
            what, why = f"See why reading {name} ended early", "Start it again, or discard it."
        else:
            what, why = f"Start reading {name} again", "It was stopped."
        link = reverse("import", kwargs={"pk": brought.pk})
        yield Item(
            what=what,
            why=why,
            link=link,
            body=brought.body.name,
            under_way=brought.state == Import.State.READING and brought.job.is_open,
        )


def messages(user: User, today: date) -> Iterator[Item]:
    """Return how many messages this user has to send, or to decide on."""
    mine = Message.objects.handled_by(user)
    stuck = mine.filter(state__in=[Message.State.FAILED, Message.State.PERHAPS_SENT]).count()
    if stuck:
        yield Item(
            what=f"See why {count(stuck, 'message')} did not surely go out",
            why="Nobody else can tell whether to send them again.",
            link=reverse("messages"),
            count=stuck,
        )
    waiting = 0 if mail.is_set() else mine.filter(state=Message.State.TO_SEND).count()
    if waiting:
        yield Item(
            what=f"Send {count(waiting, 'message')} by hand",
            why="This installation has no mail server.",
            link=reverse("messages"),
            count=waiting,
        )


def roles_ending(user: User, today: date) -> Iterator[Item]:
    """Return roles that end soon: of people this user looks after."""
    if not user.may(MAY_GRANT):
        return
    ending = Grant.objects.changeable_by(user).in_force(today).exclude(ends_on=None)
    rows = ending.filter(ends_on__lte=today + SOON).select_related("user", "body", "collaboration")
    for grant in rows.order_by("ends_on", "pk"):
        yield Item(
            what=f"Decide whether {grant.user} stays {grant.role_name.lower()}",
            why="The role ends by itself that day.",
            link=reverse("person", kwargs={"pk": grant.user_id}),
            due=grant.ends_on,
            body=str(grant.place),
        )


def successions(user: User, today: date) -> Iterator[Item]:
    """Return the successions to come of bodies whose people this user sees, to be called off."""
    bodies = user.body_ids("people.see")
    coming = BodyRelation.objects.filter(
        Q(body__in=bodies) | Q(other__in=bodies),
        kind=BodyRelation.Kind.SUCCEEDS,
        starts_on__gt=today,
    )
    for one in coming.select_related("body", "other").order_by("starts_on", "pk"):
        mine = one.other if one.other_id in bodies else one.body
        yield Item(
            what=f"Know that {one.body} is to take over the records of {one.other}",
            why="If that is wrong, an administrator of either can call it off until then.",
            link=reverse("body", kwargs={"pk": mine.pk}),
            due=one.starts_on,
            body=mine.name,
        )


def health(user: User, today: date) -> Iterator[Item]:
    """Return what is wrong behind the workbench, for who can have it mended."""
    if not user.may(MAY_GRANT):
        return
    wrong = [finding.title.lower() for finding in findings(timezone.now()) if not finding.is_well]
    if wrong:
        yield Item(
            what="Have the installation looked at",
            why=f"Needs attention: {', '.join(wrong)}.",
            link=reverse("health"),
        )


def register() -> None:
    """Make the lines known that no other room gives."""
    for name, provider in (
        ("desk imports", imports),
        ("desk messages", messages),
        ("desk roles", roles_ending),
        ("desk successions", successions),
        ("desk health", health),
    ):
        work_list.register(name, provider)
