"""Asking somebody to come in: a letter with a link that works once."""

import hashlib
from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q

from section54.organisations.models.bodies import Body, Collaboration
from section54.organisations.models.people import User
from section54.organisations.permissions import ROLES
from section54.records.keys import new_key


def hash_of_token(token: str) -> str:
    """Return what is kept of a secret link or key: its SHA-256, from which it cannot be made.

    The secrets are 256 random bits, so a slow hash would protect nothing more.
    """
    return hashlib.sha256(token.encode()).hexdigest()


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Ways of asking for invitations."""

    def visible_to(self, user: User) -> Self:
        """Invitations to the bodies whose people the user may see, and to what they lead."""
        bodies = Body.objects.visible_to(user, "people.see")
        return self.filter(Q(body__in=bodies) | Q(collaboration__lead__in=bodies))

    def changeable_by(self, user: User) -> Self:
        """Invitations to the bodies whose people the user looks after, and to what they lead."""
        bodies = Body.objects.changeable_by(user)
        return self.filter(Q(body__in=bodies) | Q(collaboration__lead__in=bodies))

    def open(self, at: datetime) -> Self:
        """Invitations that can still be accepted."""
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=at)


class Invitation(models.Model):
    """An offer of a role to somebody by their e-mail address, until it expires."""

    class State(models.TextChoices):
        """Where it stands at a moment."""

        OPEN = "open", "Sent, not answered"
        ACCEPTED = "accepted", "Accepted"
        WITHDRAWN = "withdrawn", "Withdrawn"
        EXPIRED = "expired", "Expired"

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    email = models.EmailField()
    name = models.TextField(help_text="As colleagues should see it.")
    role = models.TextField(choices=[(role, name) for role, (name, _) in ROLES.items()])
    body = models.ForeignKey(Body, models.PROTECT, related_name="+", null=True, blank=True)
    collaboration = models.ForeignKey(
        Collaboration, models.PROTECT, related_name="+", null=True, blank=True
    )
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The role's last day.")
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", help_text="Empty: the set-up."
    )
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    grant = models.OneToOneField(
        "organisations.Grant", models.PROTECT, null=True, blank=True, related_name="invitation"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    goes_by_mail = False  # said of one that was just made

    class Meta:
        ordering = ["-invited_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(body__isnull=False, collaboration=None)
                | Q(body=None, collaboration__isnull=False),
                name="organisations_invitation_to_a_body_or_a_collaboration",
            ),
            models.CheckConstraint(
                condition=~Q(role="administrator") | Q(collaboration=None),
                name="organisations_invitation_administrator_of_one_body",
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("invited_at")),
                name="organisations_invitation_expires_after_it_is_made",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, grant=None)
                | Q(accepted_at__isnull=False, grant__isnull=False, withdrawn_at=None),
                name="organisations_invitation_accepted_gave_a_grant",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.role}"

    @property
    def role_name(self) -> str:
        """The role as people read it."""
        return ROLES[self.role][0]

    @property
    def place(self) -> Body | Collaboration:
        """The body or the collaboration to which it invites."""
        place = self.body or self.collaboration
        assert place is not None  # noqa: S101 - the database holds it
        return place

    def state(self, at: datetime) -> State:
        """Return where it stands at a moment."""
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.withdrawn_at:
            return self.State.WITHDRAWN
        return self.State.EXPIRED if self.expires_at <= at else self.State.OPEN
