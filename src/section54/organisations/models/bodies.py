"""Public bodies, how one stands to another, and the collaborations that they form."""

from collections.abc import Iterable
from datetime import date
from typing import Self, TypeVar
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from section54.organisations.models.scope import Scoped, scoped
from section54.organisations.permissions import AREAS, SIGNED_IN
from section54.records.keys import new_key
from section54.records.models import Event


Row = TypeVar("Row", bound=models.Model)
# What bodies that buy together usually share; each collaboration says its own.
SHARES_LESS = "collaboration_shares_less"  # the kind of the line that says so
SHARED_PROCUREMENT = ("spend", "tenders", "contracts", "checks")


class BodyQuerySet(models.QuerySet["Body"]):
    """Ways of asking for bodies."""

    def visible_to(self, user: Scoped, permission: str = SIGNED_IN) -> Self:
        """Bodies in which the user has a permission, or any role."""
        return scoped(self, user, permission, "pk")  # type: ignore[return-value]

    def changeable_by(self, user: Scoped) -> Self:
        """Bodies whose people the user looks after."""
        return self.visible_to(user, "people.change_of_others")


class Body(models.Model):
    """A public body that buys: a force, a commissioner, a council."""

    class Kind(models.TextChoices):
        """What sort of body it is."""

        FORCE = "force", "Police force"
        COMMISSIONER = "commissioner", "Police and crime commissioner"
        COUNCIL = "council", "Council"
        OTHER = "other", "Another public body"

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    name = models.TextField(unique=True, help_text="As its reports should name it.")
    kind = models.TextField(choices=Kind.choices, default=Kind.OTHER)
    created_at = models.DateTimeField(default=timezone.now)

    objects = BodyQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "bodies"
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="organisations_body_has_a_name"),
            models.CheckConstraint(
                condition=Q(kind__in=["force", "commissioner", "council", "other"]),
                name="organisations_body_is_of_a_known_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PeriodQuerySet(models.QuerySet[Row]):
    """Rows that hold from one day to another; ``ends_on`` is the last day, empty: open."""

    def in_force(self, on: date) -> Self:
        """Rows that hold on a day."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=on), starts_on__lte=on)


class Logo(models.Model):
    """A body's own mark, as a picture drawn anew from what was given; small, so kept in a row."""

    body = models.OneToOneField(Body, models.PROTECT, primary_key=True, related_name="logo")
    png = models.BinaryField(help_text="A PNG without anything beside the picture.")
    width = models.PositiveSmallIntegerField(help_text="In pixels.")
    height = models.PositiveSmallIntegerField(help_text="In pixels.")
    sha256 = models.CharField(max_length=64, help_text="Of the PNG; part of its address.")

    def __str__(self) -> str:
        return self.sha256[:8]


class BodyRelation(models.Model):
    """How one body stands to another: it oversees it, or it came in its place.

    Overseeing gives nobody access: what a commissioner sees of a force is granted or shared. A
    body that succeeds another takes over its records: who may do something in the successor may
    do it with what the predecessor left.
    """

    class Kind(models.TextChoices):
        """What the first body is to the second."""

        OVERSEES = "oversees", "oversees"
        SUCCEEDS = "succeeds", "succeeds"

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="relations")
    kind = models.TextField(choices=Kind.choices)
    other = models.ForeignKey(Body, models.PROTECT, related_name="relations_from")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The last day; empty: open.")

    objects = PeriodQuerySet["BodyRelation"].as_manager()

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["body", "kind", "other", "starts_on"],
                name="organisations_relation_told_once",
            ),
            models.CheckConstraint(
                condition=~Q(body=F("other")), name="organisations_relation_of_two_bodies"
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="organisations_relation_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=~Q(kind="succeeds") | Q(ends_on=None),
                name="organisations_succession_has_no_end",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} {self.kind} {self.other_id}"


class CollaborationQuerySet(PeriodQuerySet["Collaboration"]):
    """Ways of asking for collaborations."""

    def visible_to(self, user: Scoped) -> Self:
        """Collaborations in which a body of the user's is or was."""
        theirs = scoped(Membership.objects.all(), user, SIGNED_IN)
        return self.filter(pk__in=theirs.values("collaboration"))

    def changeable_by(self, user: Scoped) -> Self:
        """Collaborations that a body leads whose people the user looks after."""
        return scoped(self, user, "people.change_of_others", "lead")  # type: ignore[return-value]

    def with_member(self, body_id: UUID, on: date) -> Self:
        """Collaborations in which a body is on a day."""
        there = Membership.objects.in_force(on).filter(body=body_id)
        return self.in_force(on).filter(pk__in=there.values("collaboration"))


class Collaboration(models.Model):
    """Bodies that buy together, led by one of them.

    ``shared_areas`` says what a role in the collaboration reaches in each member: the areas of the
    table of permissions, no others.
    """

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    name = models.TextField(unique=True)
    lead = models.ForeignKey(Body, models.PROTECT, related_name="led_collaborations")
    shared_areas = models.JSONField(default=list, help_text="Areas of the table of permissions.")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The last day; empty: open.")
    code_round = models.PositiveIntegerField(
        default=0, help_text="Counts up when the codes to join that were given are made useless."
    )
    bodies = models.ManyToManyField(
        Body, through="Membership", related_name="collaborations", editable=False
    )

    objects = CollaborationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name=""), name="organisations_collaboration_has_a_name"
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="organisations_collaboration_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def known_until(self, user: Scoped, on: date) -> date:
        """Return the last day of which a user may know who is in it and what is shared.

        Whose bodies have all left knows of the time until then, and of nothing later.
        """
        theirs = scoped(self.memberships.all(), user, SIGNED_IN)
        if theirs.filter(Q(ends_on=None) | Q(ends_on__gte=on)).exists():
            return date.max
        last: date | None = theirs.aggregate(last=models.Max("ends_on"))["last"]
        return last or date.min

    @property
    def shared_area_names(self) -> list[str]:
        """What is shared, as people read it."""
        return [AREAS[area] for area in AREAS if area in self.shared_areas]

    def shared_areas_on(self, day: date) -> list[str]:
        """Return the areas that were shared on a day: what was given up since is in the record."""
        later = Event.objects.about(self).filter(kind=SHARES_LESS).order_by("at")
        for event in later:
            if timezone.localdate(event.at) > day:
                return list(event.detail["before"])
        return list(self.shared_areas)


class Membership(models.Model):
    """A body's time in a collaboration. Its own administrator lets it in."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    collaboration = models.ForeignKey(Collaboration, models.PROTECT, related_name="memberships")
    body = models.ForeignKey(Body, models.PROTECT, related_name="memberships")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The last day; empty: open.")

    objects = PeriodQuerySet["Membership"].as_manager()

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["collaboration", "body"],
                condition=Q(ends_on=None),
                name="organisations_membership_open_once",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="organisations_membership_ends_after_it_starts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.body_id} in {self.collaboration_id}"


def successors(bodies: Iterable[UUID], day: date) -> frozenset[UUID]:
    """Return the bodies that came, by a day, in the place of some bodies, over several steps."""
    pairs = set(
        BodyRelation.objects.in_force(day)
        .filter(kind=BodyRelation.Kind.SUCCEEDS)
        .values_list("other", "body")
    )
    return frozenset().union(*(predecessors(pairs, body) for body in bodies))


def predecessors(pairs: set[tuple[UUID, UUID]], body_id: UUID) -> frozenset[UUID]:
    """Return the bodies in whose place a body came, however long ago.

    Args:
        pairs: (successor, predecessor) ids.
        body_id: The body asked about.
    """
    found: set[UUID] = set()
    ask = [body_id]
    while ask:
        now = ask.pop()
        before = {old for new, old in pairs if new == now} - found - {body_id}
        found |= before
        ask += before
    return frozenset(found)
