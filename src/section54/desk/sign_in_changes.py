"""Every write about signing in. Each is one transaction and one audit line."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn.internal.auth import WebAuthn
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db import transaction

from section54.organisations.changes import NotPossibleError as RefusedError
from section54.organisations.invitation_changes import accept_invitation
from section54.organisations.models import ApiToken, Invitation, User
from section54.organisations.session_changes import chain_of, end_sessions_of
from section54.organisations.token_changes import made_in, revoke_token
from section54.records.changes import record
from section54.records.models import INSTALLATION, ChainHead
from section54.records.rows import everything


NOTED_EVERY = 60 * 60  # seconds between two lines about tries that were too many


class NotPossibleError(ValueError):
    """Why a change cannot be made: one sentence for the person."""


@transaction.atomic
def note_sign_in(*, user: User, ways: Sequence[str], at: datetime) -> None:
    """Take note that somebody signed in, and with what."""
    record("signed_in", user, body_id=chain_of(user), by=user, at=at, ways=", ".join(ways))


@transaction.atomic
def note_proof(*, user: User, ways: Sequence[str], at: datetime) -> None:
    """Take note that somebody proved again who they are."""
    record("proved_again", user, body_id=chain_of(user), by=user, at=at, ways=", ".join(ways))


@transaction.atomic
def note_refused(*, user: User | None, way: str, at: datetime) -> None:
    """Take note of a refused try; of an address that nobody has, not which it was."""
    if user is not None:
        record("sign_in_refused", user, body_id=chain_of(user), by=None, at=at, way=way)
        return
    head, _ = ChainHead.objects.get_or_create(body_id=INSTALLATION)
    record("sign_in_refused", head, body_id=INSTALLATION, by=None, at=at, way=way)


@transaction.atomic
def note_stopped(*, user: User | None, at: datetime) -> None:
    """Take note, once an hour, that tries at somebody's account were stopped: they were too many.

    Of an address that nobody has there is no line: there is no end to such addresses.
    """
    if user is not None and cache.add(f"stopped-noted:{user.pk}", 1, NOTED_EVERY):
        note_refused(user=user, way="too many tries", at=at)


@transaction.atomic
def change_password(
    *, user: User, password: str, old_session: str, new_session: str, at: datetime
) -> None:
    """Change one's own password; every other session ends, this one goes on under a new key."""
    user.set_password(password)
    user.save(update_fields=["password"])
    UserSession.objects.filter(user_id=user.pk, session_key=new_session).delete()
    UserSession.objects.filter(user_id=user.pk, session_key=old_session).update(
        session_key=new_session
    )
    record("password_changed", user, body_id=chain_of(user), by=user, at=at)
    end_sessions_of(user=user, by=user, at=at, because="the password was changed", but=new_session)


@dataclass(frozen=True, slots=True)
class Added:
    """A second factor that was added, and the recovery codes that came with the first one."""

    factor: Authenticator
    codes: list[str]


@transaction.atomic
def add_app(*, user: User, secret: str, code: str, at: datetime) -> Added:
    """Add an authenticator app that gave a right code; no code counts a second time.

    Raises:
        NotPossibleError: the person has one already, or the code is not right.
    """
    _lock(user)
    if Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists():
        raise NotPossibleError("You have an authenticator app already: remove it first.")
    app = TOTP.activate(user, secret)
    if not app.validate_code(code):
        raise NotPossibleError("The code is not right, or was used before. Enter the newest one.")
    return _added(user, app.instance, "an authenticator app", at)


@transaction.atomic
def add_passkey(*, user: User, name: str, credential: dict[str, Any], at: datetime) -> Added:
    """Add a passkey that the browser made and the library has checked."""
    _lock(user)
    key = WebAuthn.add(user, name, credential)
    return _added(user, key.instance, "a passkey", at)


def _lock(user: User) -> None:
    User.objects.select_for_update().get(pk=user.pk)


def _added(user: User, factor: Authenticator, what: str, at: datetime) -> Added:
    codes: list[str] = []
    if not Authenticator.objects.filter(user=user, type=Authenticator.Type.RECOVERY_CODES).exists():
        codes = RecoveryCodes.activate(user).generate_codes()
    record("factor_added", user, body_id=chain_of(user), by=user, at=at, what=what)
    return Added(factor, codes)


@transaction.atomic
def remove_factor(*, user: User, factor: Authenticator, required: bool, at: datetime) -> None:
    """Remove an authenticator app or a passkey; recovery codes go with the last of them.

    Args:
        required: Whether the person must keep one.

    Raises:
        NotPossibleError: it is the last one, and they must keep one.
    """
    _lock(user)
    others = Authenticator.objects.filter(user=user).exclude(type=Authenticator.Type.RECOVERY_CODES)
    last = not others.exclude(pk=factor.pk).exists()
    if last and required:
        raise NotPossibleError("You need a second factor to sign in: add another one first.")
    what = "an authenticator app" if factor.type == Authenticator.Type.TOTP else "a passkey"
    factor.delete()
    if last:
        Authenticator.objects.filter(user=user).delete()
    record("factor_removed", user, body_id=chain_of(user), by=user, at=at, what=what)


@transaction.atomic
def name_passkey(*, user: User, passkey: Authenticator, name: str, at: datetime) -> None:
    """Give a passkey another name."""
    passkey.wrap().name = name
    passkey.save(update_fields=["data"])
    record("passkey_named", user, body_id=chain_of(user), by=user, at=at)


@transaction.atomic
def renew_recovery_codes(*, user: User, at: datetime) -> list[str]:
    """Make new recovery codes; those of before count no more.

    Raises:
        NotPossibleError: there is nothing that they would stand in for.
    """
    _lock(user)
    own = Authenticator.objects.filter(user=user)
    if not own.exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
        raise NotPossibleError("Add an authenticator app or a passkey first.")
    own.filter(type=Authenticator.Type.RECOVERY_CODES).delete()
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    record("recovery_codes_renewed", user, body_id=chain_of(user), by=user, at=at)
    return codes


@transaction.atomic
def link_identity(*, user: User, provider: str, uid: str, name: str, at: datetime) -> None:
    """Let somebody sign in through their organisation's service.

    Args:
        uid: The issuer and the subject, as the service signed them.
        name: What the person knows their account over there by.

    Raises:
        NotPossibleError: that identity, or another one of theirs, is linked already.
    """
    _lock(user)
    linked = SocialAccount.objects.filter(provider=provider, uid=uid).first()
    if linked is not None and linked.user_id == user.pk:
        raise NotPossibleError("This account is linked already.")
    if linked is not None:
        raise NotPossibleError("That account signs somebody else in: nothing was changed.")
    if SocialAccount.objects.filter(provider=provider, user=user).exists():
        raise NotPossibleError("Another account is linked: remove its link first.")
    SocialAccount.objects.create(user=user, provider=provider, uid=uid, extra_data={"name": name})
    record("identity_linked", user, body_id=chain_of(user), by=user, at=at)


@transaction.atomic
def unlink_identity(*, user: User, account: SocialAccount, at: datetime) -> None:
    """Take the link to an organisation's service back.

    Raises:
        NotPossibleError: nothing else would sign the person in.
    """
    _lock(user)
    keys = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    if not user.has_usable_password() and not keys.exists():
        raise NotPossibleError("Add a passkey first: nothing else would sign you in.")
    account.delete()
    record("identity_unlinked", user, body_id=chain_of(user), by=user, at=at)


@everything()
@transaction.atomic
def accept_in_person(*, invitation: Invitation, user: User, on: date, at: datetime) -> None:
    """Accept an invitation as somebody who has an account."""
    accept_invitation(invitation=invitation, user=user, password=None, on=on, at=at)


@everything()
@transaction.atomic
def accept_with_password(*, invitation: Invitation, password: str, on: date, at: datetime) -> User:
    """Accept an invitation with a new account that has a password, and return the account."""
    grant = accept_invitation(invitation=invitation, user=None, password=password, on=on, at=at)
    return grant.user


@everything()
@transaction.atomic
def accept_by_identity(
    *, invitation_id: str, provider: str, uid: str, name: str, on: date, at: datetime
) -> User:
    """Accept an invitation with a new account that an organisation's service signs in.

    Raises:
        NotPossibleError: the identity signs somebody in already, or the invitation stands no more.
    """
    if SocialAccount.objects.filter(provider=provider, uid=uid).exists():
        raise NotPossibleError("That account signs somebody in here already: sign in with it.")
    invitation = Invitation.objects.get(pk=invitation_id)
    try:
        grant = accept_invitation(invitation=invitation, user=None, password=None, on=on, at=at)
    except RefusedError as error:
        raise NotPossibleError(f"{error}.") from error
    link_identity(user=grant.user, provider=provider, uid=uid, name=name, at=at)
    return grant.user


@everything()
@transaction.atomic
def let_in_again(*, user: User, password: str, at: datetime) -> None:
    """Give somebody a new password who lost their way in; nothing else opens their account now.

    Second factors, keys of programs, links to a sign-in service and sessions go: whoever took the
    account over may have made them.
    """
    _lock(user)
    user.set_password(password)
    user.save(update_fields=["password"])
    Authenticator.objects.filter(user=user).delete()
    record("let_in_again", user, body_id=chain_of(user), by=None, at=at)
    for account in SocialAccount.objects.filter(user=user):
        account.delete()
        record("identity_unlinked", user, body_id=chain_of(user), by=None, at=at)
    for token in ApiToken.objects.filter(user=user, revoked_at=None):
        revoke_token(token=token, body=made_in(token), by=None, at=at)
    end_sessions_of(user=user, by=None, at=at, because="whoever runs Section54 let them in again")
