"""The offices of a body, and who held each of them when."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q

from section54.organisations.models.bodies import Body, PeriodQuerySet
from section54.organisations.models.people import User
from section54.organisations.models.scope import scoped
from section54.organisations.permissions import SIGNED_IN
from section54.records.keys import new_key


class OfficeQuerySet(models.QuerySet["Office"]):
    """Ways of asking for offices."""

    def visible_to(self, user: User) -> Self:
        """Offices of the bodies in which the user has any role: who holds them is no secret."""
        return scoped(self, user, SIGNED_IN)  # type: ignore[return-value]

    def changeable_by(self, user: User) -> Self:
        """Offices of the bodies whose people the user looks after."""
        return scoped(self, user, "people.change_of_others")  # type: ignore[return-value]


class Office(models.Model):
    """A post that signs for its body: commissioner, chief constable, director of HR."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    body = models.ForeignKey(Body, models.PROTECT, related_name="offices")
    name = models.TextField(help_text="As it signs: Chief Constable.")
    closed_on = models.DateField(null=True, blank=True, help_text="From this day it is no more.")

    objects = OfficeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["body", "name"], name="organisations_office_named_once_in_a_body"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="organisations_office_has_a_name"),
        ]

    def __str__(self) -> str:
        return self.name

    def holders(self, on: date) -> list["OfficeHolder"]:
        """Return who holds the office on a day, the one who acts for the holder first."""
        return list(
            OfficeHolder.objects.in_force(on)
            .filter(office=self)
            .select_related("user")
            .order_by("-acting", "-starts_on")
        )


class OfficeHolder(models.Model):
    """A person's time in an office; who acts while the holder is away counts as the holder."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    office = models.ForeignKey(Office, models.PROTECT, related_name="all_holders")
    user = models.ForeignKey(User, models.PROTECT, related_name="offices_held")
    acting = models.BooleanField(default=False)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The last day; empty: open.")
    appointed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")

    objects = PeriodQuerySet["OfficeHolder"].as_manager()

    class Meta:
        ordering = ["-starts_on", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["office"],
                condition=Q(acting=False, ends_on=None),
                name="organisations_office_one_open_holder",
            ),
            models.UniqueConstraint(
                fields=["office"],
                condition=Q(acting=True, ends_on=None),
                name="organisations_office_one_open_acting_holder",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="organisations_holder_ends_after_they_start",
            ),
            models.CheckConstraint(
                condition=Q(appointed_by=None) | ~Q(appointed_by=F("user")),
                name="organisations_holder_never_appoints_themselves",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.office_id}"
