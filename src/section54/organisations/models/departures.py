"""That somebody leaves: told once, carried out when their last day is over."""

from datetime import date
from typing import Self

from django.db import models

from section54.organisations.models.bodies import Body
from section54.organisations.models.people import User
from section54.organisations.models.scope import scoped
from section54.records.keys import new_key


class DepartureQuerySet(models.QuerySet["Departure"]):
    """Ways of asking for departures."""

    def visible_to(self, user: User) -> Self:
        """Departures from the bodies whose people the user may see."""
        return scoped(self, user, "people.see")  # type: ignore[return-value]

    def to_carry_out(self, on: date) -> Self:
        """Departures whose last day is over and that nobody carried out yet."""
        return self.filter(carried_out_at=None, last_day__lt=on)


class Departure(models.Model):
    """A person's last day in a body. Their roles end with it, and then, if none is left, all else.

    The account is closed, keys are revoked and sessions ended when the day is over, unless the
    person still has a role: then they left this body only.
    """

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="departures")
    body = models.ForeignKey(Body, models.PROTECT, related_name="+")
    last_day = models.DateField()
    recorded_by = models.ForeignKey(User, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    carried_out_at = models.DateTimeField(null=True, blank=True)

    objects = DepartureQuerySet.as_manager()

    class Meta:
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "body"],
                condition=models.Q(carried_out_at=None),
                name="organisations_departure_open_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(user=models.F("recorded_by")),
                name="organisations_departure_told_by_somebody_else",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} leaves {self.body_id}"
