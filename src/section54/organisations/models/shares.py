"""One record of a body that it shows to the other bodies of a collaboration."""

from datetime import date
from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from section54.organisations.models.bodies import Body, Collaboration, Membership, PeriodQuerySet
from section54.organisations.models.people import User
from section54.records.keys import new_key


class ShareQuerySet(PeriodQuerySet["Share"]):
    """Ways of asking for what is shared."""

    def of(self, subject: models.Model) -> Self:
        """Shares of one record, with their collaborations by name."""
        found = self.filter(kind=subject._meta.label, subject_id=subject.pk)
        return found.select_related("collaboration").order_by("collaboration__name")

    def with_user(self, user: User, permission: str, on: date) -> Self:
        """Shares that reach a user on a day.

        They reach who has the permission in a body that is then a member of the collaboration,
        while the sharing body is one too.
        """
        held = user.body_ids(permission)
        members = Membership.objects.in_force(on)
        reached = members.filter(body__in=held).values("collaboration")
        still_in = members.filter(
            collaboration=models.OuterRef("collaboration"), body=models.OuterRef("body")
        )
        return self.in_force(on).filter(
            models.Exists(still_in),
            collaboration__in=Collaboration.objects.in_force(on).filter(pk__in=reached),
        )


class Share(models.Model):
    """That a body shows a record of its own to a collaboration, for a time.

    The record is named by its label and key, as an audit line names it: rooms above share theirs
    without this room knowing them. What goes with it, the room that owns it decides; notes and
    decisions never do.
    """

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    collaboration = models.ForeignKey(Collaboration, models.PROTECT, related_name="shares")
    body = models.ForeignKey(Body, models.PROTECT, related_name="shares", help_text="Whose it is.")
    kind = models.TextField(help_text="The record's label: risk.Review.")
    subject_id = models.UUIDField(help_text="The record's key.")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The last day; empty: open.")
    shared_by = models.ForeignKey(User, models.PROTECT, related_name="+")

    objects = ShareQuerySet.as_manager()

    class Meta:
        ordering = ["starts_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["collaboration", "kind", "subject_id"],
                condition=Q(ends_on=None),
                name="organisations_share_open_once",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="organisations_share_ends_after_it_starts",
            ),
        ]
        indexes = [models.Index(fields=["kind", "subject_id"], name="organisations_share_subject")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"

    @property
    def noun(self) -> str:
        """What kind of record it is: ``Review``."""
        return self.kind.rpartition(".")[2]


def shared_with(queryset: models.QuerySet[Any], user: User, permission: str) -> ShareQuerySet:
    """Return the shares of a kind of record that reach a user on the user's day.

    They are of other bodies: what a user may see in the sharing body is not shared but their own.
    """
    return (
        Share.objects.with_user(user, permission, user.day)
        .order_by()
        .filter(kind=queryset.model._meta.label)
        .exclude(body__in=user.body_ids(permission))
    )
