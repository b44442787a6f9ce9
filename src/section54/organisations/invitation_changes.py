"""Every write to invitations: make, withdraw, accept."""

import secrets
from datetime import date, datetime, timedelta

from django.db import transaction

from section54.organisations.changes import (
    NotPossibleError,
    Place,
    SelfGrantError,
    add_user,
    body_named,
    found_body,
    grant_role,
    home_of,
    where,
)
from section54.organisations.letters import deliver
from section54.organisations.models import (
    Body,
    Collaboration,
    Grant,
    Invitation,
    User,
    hash_of_token,
)
from section54.records.changes import record
from section54.records.rows import everything


NAME_TAKEN = "Another body has this name already. Enter one that tells them apart"
# Long enough for somebody who is away for a week, short for a link in a mailbox.
HOLDS_FOR = timedelta(days=7)


@transaction.atomic
def invite(
    *,
    email: str,
    name: str,
    role: str,
    to: Place,
    starts_on: date,
    ends_on: date | None = None,
    by: User | None,
    at: datetime,
) -> tuple[Invitation, str]:
    """Offer somebody a role; return the invitation and the secret of its link, told only here.

    An earlier open invitation of that person to that place is withdrawn: one link works at a time.

    Raises:
        SelfGrantError: they invite themselves.
        NotPossibleError: a collaboration would have an administrator.
    """
    email = User.objects.normalize_email(email).lower()
    if by is not None and by.email.lower() == email:
        raise SelfGrantError(email)
    if role == "administrator" and isinstance(to, Collaboration):
        raise NotPossibleError(
            "Give the role of administrator in one body: each body looks after its own people"
        )
    earlier = Invitation.objects.open(at).filter(email=email, role=role, **where(to))
    earlier.update(withdrawn_at=at)
    token = secrets.token_urlsafe(32)
    invitation = Invitation.objects.create(
        email=email,
        name=name,
        role=role,
        starts_on=starts_on,
        ends_on=ends_on,
        token_hash=hash_of_token(token),
        invited_by=by,
        invited_at=at,
        expires_at=at + HOLDS_FOR,
        **where(to),
    )
    record(
        "person_invited",
        invitation,
        body_id=home_of(to).pk,
        by=by,
        at=at,
        who=name,
        role=role,
        place=to.name,
    )
    invitation.goes_by_mail = deliver(invitation, path_of(token), at)
    return invitation, token


def path_of(token: str) -> str:
    """Return the path of an invitation's page."""
    return f"/invitation/{token}/"


@everything()
@transaction.atomic
def found_body_with_administrator(
    *, name: str, kind: Body.Kind, person: str, email: str, today: date, by: User, at: datetime
) -> tuple[Invitation, str]:
    """Make a public body and invite its first administrator, who is somebody else.

    Where the one who was invited before did not answer, and so nobody works in the body yet,
    somebody is invited anew.

    Raises:
        SelfGrantError: they invite themselves.
        NotPossibleError: there is such a body, or its first administrator is still to answer.
    """
    body = body_named(name)
    if body is not None and Grant.objects.filter(body=body).exists():
        raise NotPossibleError(NAME_TAKEN)
    if body is not None and Invitation.objects.open(at).filter(body=body).exists():
        raise NotPossibleError("The first administrator of this body was invited: wait for them")
    if body is None:
        body = found_body(name=name, kind=kind, by=by, at=at)
    return invite(
        email=email, name=person, role="administrator", to=body, starts_on=today, by=by, at=at
    )


@transaction.atomic
def invite_again(
    *, invitation: Invitation, today: date, by: User, at: datetime
) -> tuple[Invitation, str]:
    """Offer the same again with a new link; the earlier link works no more.

    Raises:
        SelfGrantError: it is one's own.
        NotPossibleError: it was accepted.
    """
    if invitation.accepted_at:
        raise NotPossibleError(f"{invitation.name} has accepted it already")
    last = invitation.ends_on
    if last is not None and last < today:
        raise NotPossibleError("The role that it offers is over: invite them anew")
    return invite(
        email=invitation.email,
        name=invitation.name,
        role=invitation.role,
        to=invitation.place,
        starts_on=max(invitation.starts_on, today),
        ends_on=last,
        by=by,
        at=at,
    )


@transaction.atomic
def withdraw_invitation(*, invitation: Invitation, by: User, at: datetime) -> Invitation:
    """Take an invitation back: its link works no more.

    Raises:
        NotPossibleError: it was accepted or withdrawn.
    """
    invitation = _open_or_refuse(invitation, at, even_expired=True)
    invitation.withdrawn_at = at
    invitation.save(update_fields=["withdrawn_at"])
    record(
        "invitation_withdrawn",
        invitation,
        body_id=home_of(invitation.place).pk,
        by=by,
        at=at,
        who=invitation.name,
    )
    return invitation


@transaction.atomic
@everything()  # who accepts has no grant yet
def accept_invitation(
    *, invitation: Invitation, user: User | None, password: str | None, on: date, at: datetime
) -> Grant:
    """Accept an invitation: the account is made where there is none, and the role is given.

    Args:
        user: Who is signed in and accepts; None: an account with the invitation's address is made.
        password: Of the new account; None: it signs in through the body's own sign-in service.

    Raises:
        NotPossibleError: the invitation was used, withdrawn or has expired; an account with its
            address exists and nobody is signed in; somebody else's account accepts it; or who
            invited may not invite any more.
    """
    invitation = _open_or_refuse(invitation, at)
    place = invitation.place
    host = invitation.invited_by
    if host and not host.on(on).may("people.change_of_others", home_of(place).pk):
        raise NotPossibleError(
            f"{host.name}, who invited you, may not any more: ask {home_of(place)} for a new one"
        )
    there = User.objects.filter(email__iexact=invitation.email).first()
    if user is None and there is not None:
        raise NotPossibleError("You have an account: sign in, then open the link again")
    if user is not None and user.email.lower() != invitation.email:
        raise NotPossibleError("This invitation is for somebody else: sign out, then open the link")
    account = user or add_user(
        body=home_of(place),
        email=invitation.email,
        name=invitation.name,
        password=password,
        by=None,
        at=at,
    )
    grant = grant_role(
        user=account,
        role=invitation.role,
        body=place,
        starts_on=max(invitation.starts_on, on),
        ends_on=invitation.ends_on,
        by=invitation.invited_by,
        at=at,
    )
    invitation.accepted_at, invitation.grant = at, grant
    invitation.save(update_fields=["accepted_at", "grant"])
    record(
        "invitation_accepted",
        invitation,
        body_id=home_of(place).pk,
        by=account,
        at=at,
        who=account.name,
    )
    return grant


def _open_or_refuse(
    invitation: Invitation, at: datetime, *, even_expired: bool = False
) -> Invitation:
    """Return an invitation with its row held, if it still stands."""
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation.pk)
    state = invitation.state(at)
    if state == Invitation.State.ACCEPTED:
        raise NotPossibleError("This invitation was used: sign in with your email address")
    if state == Invitation.State.WITHDRAWN:
        raise NotPossibleError("This invitation was withdrawn: ask who invited you for a new one")
    if state == Invitation.State.EXPIRED and not even_expired:
        raise NotPossibleError("This invitation has expired: ask who invited you for a new one")
    return invitation
