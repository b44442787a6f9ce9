"""Public bodies, the people who work for them, and what each person was granted."""

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar, Self
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from section54.organisations.permissions import ROLES, SIGNED_IN, allowed
from section54.records.keys import new_key


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

    class Meta:
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


class UserManager(BaseUserManager["User"]):
    """Makes users."""

    def create_user(self, email: str, name: str, password: str | None = None) -> "User":
        """Make a user who signs in with an e-mail address; without a password, not yet."""
        user = self.model(email=self.normalize_email(email).lower(), name=name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Find a user by e-mail address, whatever its case."""
        return self.get(email__iexact=username)


class NoDayError(RuntimeError):
    """A user was asked what they may do without saying on which day."""


class User(AbstractBaseUser):
    """A person with an account. What they may do comes from grants, never from the account."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    email = models.EmailField(unique=True)
    name = models.TextField(help_text="As colleagues should see it.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    _grants: "Sequence[Grant] | None" = None

    def __str__(self) -> str:
        return self.name

    def on(self, day: date) -> Self:
        """Return this user with the grants in force on a day; needed before asking what they may.

        Grants are read once, so a page asks the database one time.
        """
        self._grants = tuple(
            Grant.objects.filter(user=self).in_force(day).select_related("body").order_by("pk")
        )
        return self

    @property
    def grants_in_force(self) -> "Sequence[Grant]":
        """The grants of the day that ``on`` was told.

        Raises:
            NoDayError: nobody said which day.
        """
        if self._grants is None:
            raise NoDayError(self.email)
        return self._grants

    def body_ids(self, permission: str) -> frozenset[UUID]:
        """Return the ids of the bodies in which this user has a permission."""
        if not self.is_active:
            return frozenset()
        return frozenset(
            grant.body_id
            for grant in self.grants_in_force
            if permission == SIGNED_IN or permission in allowed(grant.role)
        )

    def may(self, permission: str, body_id: UUID | None = None) -> bool:
        """Return whether this user has a permission: in a body, or in any."""
        if permission == SIGNED_IN:
            return self.is_active
        bodies = self.body_ids(permission)
        return bool(bodies) if body_id is None else body_id in bodies


class GrantQuerySet(models.QuerySet["Grant"]):
    """Ways of asking for grants."""

    def in_force(self, on: date) -> Self:
        """Grants that hold on a day; the last day is inclusive."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=on), starts_on__lte=on)


class Grant(models.Model):
    """A role that a person has in a body, from one day to another, given by somebody else."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="grants")
    role = models.TextField(choices=[(role, name) for role, (name, _) in ROLES.items()])
    body = models.ForeignKey(Body, models.PROTECT, related_name="grants")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True, help_text="The last day; empty: open.")
    given_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty only for the first user, whom the set-up makes.",
    )

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="organisations_grant_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(given_by=None) | ~Q(given_by=F("user")),
                name="organisations_grant_never_to_oneself",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"

    @property
    def role_name(self) -> str:
        """The role as people read it."""
        return ROLES[self.role][0]


def scoped(queryset: models.QuerySet[Any], user: User, permission: str) -> models.QuerySet[Any]:
    """Return the rows of the bodies in which a user has a permission; ``body`` is their field."""
    return queryset.filter(body__in=user.body_ids(permission))
