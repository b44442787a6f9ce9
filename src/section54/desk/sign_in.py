"""Sign-in as the library does it: closed to sign-up, in our sentences, with every try noted."""

import base64
import logging
from functools import cache
from pathlib import Path
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.http import HttpRequest
from django.utils import timezone

from section54.desk.sign_in_changes import note_refused, note_sign_in, note_stopped
from section54.organisations.models import User


logger = logging.getLogger(__name__)
# How a session came about, by what the library recorded of it.
WAYS = {
    "password": "a password",
    "totp": "a code from an app",
    "recovery_codes": "a recovery code",
    "webauthn": "a passkey",
}


def user_at(email: object) -> User | None:
    """Return whose account has an address, as somebody typed it."""
    typed = str(email or "").replace("\0", "")
    return User.objects.filter(email__iexact=typed).first() if typed else None


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody makes an account for themselves."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "The email address or the password is not right. Check both "
        "and try again",
        "too_many_login_attempts": "There were too many tries. Wait five minutes and try again",
        "rate_limited": "There were too many tries. Wait five minutes and try again",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no: an administrator gives accounts."""
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing about signing in and out: the page shows it."""

    def get_login_stages(self) -> list[str]:
        """Return what comes after the first proof, with our own rule for the second factor."""
        ours = {"allauth.mfa.stages.AuthenticateStage": "section54.desk.provider.SecondFactorStage"}
        return [ours.get(stage, stage) for stage in super().get_login_stages()]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Stop who tried too often, and take note of it.

        Raises:
            ValidationError: there were too many tries.
        """
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            note_stopped(user=user_at(credentials.get("email")), at=timezone.now())
            raise

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Take note of a wrong password; what was typed is kept nowhere."""
        user = user_at(credentials.get("email"))
        note_refused(user=user, way=WAYS["password"], at=timezone.now())


class FactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: what codes are reckoned from is encrypted where it is kept."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "The code is not right, or was used before. Enter the newest one",
        "unreadable": "Codes cannot be checked, as the key that they are kept under is missing. "
        "Tell whoever runs Section54",
    }

    def encrypt(self, text: str) -> str:
        """Encrypt what is kept of an authenticator app, or of recovery codes."""
        return _box().encrypt(text.encode()).decode("ascii")

    def decrypt(self, encrypted_text: str) -> str:
        """Open it again.

        Raises:
            ValidationError: it was encrypted with a key that is no longer here.
        """
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            logger.exception("A second factor was encrypted with another key.")
            raise self.validation_error("unreadable") from error

    def generate_authenticator_name(self, user: User, type: str) -> str:  # noqa: A002
        """Return what a passkey is called whose owner gives it no name."""
        return "Passkey"


@cache
def _box() -> MultiFernet:
    """Return what encrypts second factors: with the newest key, and opens with any earlier one."""
    if settings.FACTOR_KEY_FILE:
        try:
            sources = Path(settings.FACTOR_KEY_FILE).read_text(encoding="utf-8").split()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{settings.FACTOR_KEY_FILE} cannot be read: {error.strerror}."
            ) from error
        if not sources or len(sources[0]) < 50:
            raise ImproperlyConfigured(
                f"{settings.FACTOR_KEY_FILE} must hold at least 50 random characters."
            )
    else:
        sources = list(map(str, [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]))
    return MultiFernet(
        [
            Fernet(
                base64.urlsafe_b64encode(
                    HKDF(SHA256(), 32, salt=None, info=b"section54 second factors").derive(
                        source.encode()
                    )
                )
            )
            for source in sources
        ]
    )


def on_signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    """Take note that somebody signed in, and with what."""
    ways = [
        settings.OIDC_NAME
        if entry["method"] == "socialaccount"
        else WAYS.get(entry.get("type") or entry["method"], entry["method"])
        for entry in get_authentication_records(request, user)
    ]
    note_sign_in(user=user, ways=list(dict.fromkeys(ways)), at=timezone.now())


def on_factor_refused(user: User, authenticator: Any, **kwargs: Any) -> None:
    """Take note of a wrong code."""
    note_refused(user=user, way=WAYS.get(authenticator.type, "a code"), at=timezone.now())
