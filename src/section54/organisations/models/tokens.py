"""Keys with which a program asks on a person's behalf."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q

from section54.organisations.models.people import User
from section54.records.keys import new_key


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Ways of asking for keys."""

    def visible_to(self, user: User) -> Self:
        """A person sees their own keys."""
        return self.filter(user=user)

    def usable(self, at: datetime) -> Self:
        """Keys that open something at a moment."""
        return self.filter(revoked_at=None, expires_at__gt=at, user__is_active=True)


class ApiToken(models.Model):
    """A key of a person for a program: shown once, kept as a hash, never more than they may.

    ``scopes`` are names of permissions; the key gives those of them that the person has on the
    day of each request.
    """

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="api_tokens")
    name = models.TextField(help_text="What it is for: the finance team's dashboard.")
    scopes = models.JSONField(default=list, help_text="Names of permissions.")
    hint = models.CharField(max_length=8, help_text="Its first characters, to tell it apart.")
    token_hash = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_on = models.DateField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("made_at")),
                name="organisations_api_token_expires_after_it_is_made",
            ),
            models.CheckConstraint(
                condition=~Q(name=""), name="organisations_api_token_says_what_for"
            ),
        ]

    def __str__(self) -> str:
        return self.name
