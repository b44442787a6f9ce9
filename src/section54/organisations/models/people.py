"""The people who work for public bodies, and what each of them was granted."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar, Self
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from section54.organisations.models.bodies import (
    Body,
    BodyRelation,
    Collaboration,
    Membership,
    predecessors,
    successors,
)
from section54.organisations.permissions import ROLES, SIGNED_IN, allowed, within
from section54.records.keys import new_key
from section54.records.rows import everything


class UserQuerySet(models.QuerySet["User"]):
    """Ways of asking for people."""

    def visible_to(self, user: "User") -> Self:
        """People who have, had or will have a role that reaches a body whose people one may see."""
        return self.filter(pk__in=Grant.objects.of_people_seen_by(user).values("user"))


class UserManager(BaseUserManager["User"]):
    """Makes users."""

    def get_queryset(self) -> UserQuerySet:
        """Return people with their words of asking."""
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: "User") -> UserQuerySet:
        """Return the people whom a user may see."""
        return self.get_queryset().visible_to(user)

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


@dataclass(frozen=True, slots=True)
class Held:
    """A role that somebody holds in a body on a day, and by what."""

    body_id: UUID
    body_name: str
    role: str
    permissions: frozenset[str]
    grant: "Grant"
    through: Collaboration | None = None  # the collaboration whose member the body is
    after: Body | None = None  # the body that came in this one's place, where the role is held

    @property
    def role_name(self) -> str:
        """The role as people read it."""
        return ROLES[self.role][0]


class User(AbstractBaseUser):
    """A person with an account. What they may do comes from grants, never from the account."""

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    email = models.EmailField(unique=True)
    name = models.TextField(help_text="As colleagues should see it.")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    left_on = models.DateField(null=True, blank=True, help_text="The day the account was closed.")

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    _held: "Sequence[Held] | None" = None
    _day: date | None = None
    _limit: frozenset[str] | None = None

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(left_on=None) | Q(is_active=False),
                name="organisations_user_who_left_is_closed",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def limited_to(self, permissions: Iterable[str]) -> Self:
        """Return this user with some of what they may do at most, for as long as it is asked."""
        self._limit = frozenset(permissions)
        return self

    def on(self, day: date) -> Self:
        """Return this user with what they hold on a day; needed before asking what they may.

        Grants are read once, so a page asks the database one time. They say which bodies' rows
        may be shown, so they are read before any may.
        """
        with everything():
            self._held = roles_held(Grant.objects.filter(user=self).in_force(day), day)
        self._day = day
        return self

    @property
    def day(self) -> date:
        """The day that ``on`` was told.

        Raises:
            NoDayError: nobody said which day.
        """
        if self._day is None:
            raise NoDayError(self.email)
        return self._day

    @property
    def roles_held(self) -> "Sequence[Held]":
        """The roles of the day that ``on`` was told, one for each body that a grant reaches.

        Raises:
            NoDayError: nobody said which day.
        """
        if self._held is None:
            raise NoDayError(self.email)
        return self._held

    def body_ids(self, permission: str) -> frozenset[UUID]:
        """Return the ids of the bodies in which this user has a permission."""
        if not self.is_active:
            return frozenset()
        return frozenset(
            held.body_id
            for held in self.roles_held
            if permission == SIGNED_IN
            or (permission in held.permissions and self._limit_allows(permission))
        )

    def _limit_allows(self, permission: str) -> bool:
        return self._limit is None or permission in self._limit

    def may(self, permission: str, body_id: UUID | None = None) -> bool:
        """Return whether this user has a permission: in a body, or in any."""
        if permission == SIGNED_IN:
            return self.is_active
        bodies = self.body_ids(permission)
        return bool(bodies) if body_id is None else body_id in bodies


class GrantQuerySet(models.QuerySet["Grant"]):
    """Ways of asking for grants."""

    def in_force(self, on: date) -> Self:
        """Grants that hold on a day: the last day counts, the day of being taken away does not."""
        return self.not_over(on).filter(starts_on__lte=on)

    def not_over(self, on: date) -> Self:
        """Grants that hold on a day or will hold later."""
        return self.filter(
            Q(ends_on=None) | Q(ends_on__gte=on), Q(ended_on=None) | Q(ended_on__gt=on)
        )

    def reaching(self, bodies: Iterable[UUID], on: date) -> Self:
        """Grants that reach bodies on a day.

        They are those of the bodies themselves, of the bodies that came in their place, and of the
        collaborations of both.
        """
        asked = list(bodies)
        asked += successors(asked, on)
        through = Membership.objects.in_force(on).filter(body__in=asked).values("collaboration")
        return self.filter(Q(body__in=asked) | Q(collaboration__in=through))

    def of_people_seen_by(self, user: User) -> Self:
        """Grants, also over or to come, that reach a body whose people the user may see.

        A grant in a collaboration counts if a body of the user's was in it while the grant held.
        """
        bodies = Body.objects.visible_to(user, "people.see")
        met = Membership.objects.filter(
            Q(ends_on=None) | Q(ends_on__gte=models.OuterRef("starts_on")),
            starts_on__lte=Coalesce(
                models.OuterRef("ended_on"),
                models.OuterRef("ends_on"),
                models.Value(date.max),
                output_field=models.DateField(),
            ),
            collaboration=models.OuterRef("collaboration"),
            body__in=bodies,
        )
        return self.filter(Q(body__in=bodies) | models.Exists(met))

    def changeable_by(self, user: User) -> Self:
        """Grants of others in the bodies whose people the user looks after, and what they lead."""
        bodies = Body.objects.changeable_by(user)
        return self.filter(Q(body__in=bodies) | Q(collaboration__lead__in=bodies)).exclude(
            user=user
        )


class Grant(models.Model):
    """A role that a person has in a body or a collaboration, for a time, given by somebody else."""

    class State(models.TextChoices):
        """Where it stands on a day."""

        NOW = "now", "Holds now"
        TO_COME = "to_come", "Begins later"
        OVER = "over", "Over"

    id = models.UUIDField(primary_key=True, default=new_key, editable=False)
    user = models.ForeignKey(User, models.PROTECT, related_name="grants")
    role = models.TextField(choices=[(role, name) for role, (name, _) in ROLES.items()])
    body = models.ForeignKey(Body, models.PROTECT, related_name="grants", null=True, blank=True)
    collaboration = models.ForeignKey(
        Collaboration, models.PROTECT, related_name="grants", null=True, blank=True
    )
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
    ended_on = models.DateField(
        null=True, blank=True, help_text="The day it was taken away: from then it holds no more."
    )
    ended_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    ended_because = models.TextField(blank=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(body__isnull=False, collaboration=None)
                | Q(body=None, collaboration__isnull=False),
                name="organisations_grant_in_a_body_or_a_collaboration",
            ),
            # Each body keeps the say over its own people.
            models.CheckConstraint(
                condition=~Q(role="administrator") | Q(collaboration=None),
                name="organisations_grant_administrator_of_one_body",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")),
                name="organisations_grant_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(given_by=None) | ~Q(given_by=F("user")),
                name="organisations_grant_never_to_oneself",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None, ended_by=None, ended_because="")
                | (Q(ended_on__isnull=False) & ~Q(ended_because="")),
                name="organisations_grant_taken_away_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"

    @property
    def role_name(self) -> str:
        """The role as people read it."""
        return ROLES[self.role][0]

    @property
    def place(self) -> Body | Collaboration:
        """The body or the collaboration in which the role is held."""
        place = self.body or self.collaboration
        assert place is not None  # noqa: S101 - the database holds it
        return place

    @property
    def last_day(self) -> date | None:
        """The last day on which it holds; None: until it is taken away."""
        if self.ended_on is not None:
            return self.ended_on - timedelta(days=1)
        return self.ends_on

    @property
    def never_held(self) -> bool:
        """Whether it was taken away before its first day."""
        return self.ended_on is not None and self.ended_on <= self.starts_on

    def state(self, on: date) -> State:
        """Return where it stands on a day."""
        last = self.last_day
        if self.never_held or (last is not None and last < on):
            return self.State.OVER
        return self.State.NOW if self.starts_on <= on else self.State.TO_COME

    @property
    def home_id(self) -> UUID:
        """The body whose administrators look after it: its own, or the collaboration's lead."""
        return self.body_id or self.place.lead_id  # type: ignore[union-attr]


def _areas_now(collaboration: Collaboration) -> Collection[str]:
    areas: Collection[str] = collaboration.shared_areas
    return areas


def roles_held(
    grants: GrantQuerySet,
    day: date,
    areas: Callable[[Collaboration], Collection[str]] = _areas_now,
) -> tuple[Held, ...]:
    """Return what grants give on a day: a role for each body that they reach.

    A role in a collaboration reaches the bodies that are members on the day, and only the areas
    that the collaboration shares. Whoever holds a role in a body holds it for the bodies in whose
    place it came.

    Args:
        grants: Those in force on the day.
        day: The day.
        areas: What a collaboration shares; on an earlier day it may have been more than now.
    """
    found: list[Held] = []
    rows = grants.select_related("body", "collaboration").order_by("pk")
    pairs = {
        (relation.body_id, relation.other): None
        for relation in BodyRelation.objects.in_force(day)
        .filter(kind=BodyRelation.Kind.SUCCEEDS)
        .select_related("other")
    }
    ids = {(new, old.pk) for new, old in pairs}
    names = {old.pk: old.name for _, old in pairs}
    members: dict[UUID, list[Body]] = {}
    wanted = {row.collaboration_id for row in rows if row.collaboration_id}
    if wanted:
        open_ones = Collaboration.objects.in_force(day).filter(pk__in=wanted)
        for membership in (
            Membership.objects.in_force(day)
            .filter(collaboration__in=open_ones)
            .select_related("body")
            .order_by("body__name")
        ):
            members.setdefault(membership.collaboration_id, []).append(membership.body)
    for grant in rows:
        gives = allowed(grant.role)
        through = grant.collaboration
        if through is not None:
            gives = within(gives, areas(through))
        bodies = [grant.body] if grant.body else members.get(grant.collaboration_id, [])  # type: ignore[arg-type]
        for body in bodies:
            found.append(Held(body.pk, body.name, grant.role, gives, grant, through))
            found += (
                Held(old, names[old], grant.role, gives, grant, through, body)
                for old in sorted(predecessors(ids, body.pk))
            )
    return tuple(found)
