"""The forms of signing in and of one's own account."""

from typing import Any

from allauth.account.adapter import get_adapter as account_adapter
from allauth.mfa.adapter import get_adapter as factor_adapter
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from section54.desk.sign_in_changes import note_stopped
from section54.organisations.models import User
from section54.organisations.recent import has_second_factor
from section54.ui.forms import GovukForm, GovukMixin


LONGEST_NAME = 60
LONGEST_PASSWORD = 1000  # a longer one only keeps the machine busy
HARD_TO_GUESS = (
    "At least 12 characters. Three or four words that do not belong together are easy to remember "
    "and hard to guess."
)
TOO_MANY = "too_many_login_attempts"  # as the library calls it
NOT_CHECKED = "The passkey could not be checked. Try again"
# Every code counts once for as long as it could be right.
CODE_SECONDS = 30 * (2 * settings.MFA_TOTP_TOLERANCE + 1)


def first_use(user: User, code: str) -> bool:
    """Return whether a code was not used before, and count it as used now."""
    digits = "".join(filter(str.isdigit, code))
    return bool(cache.add(f"code-used:{user.pk}:{digits}", 1, CODE_SECONDS))


def _code_field(label: str) -> forms.CharField:
    return forms.CharField(label=label, max_length=20)


class CodeAtSignIn(GovukMixin, AuthenticateForm):  # type: ignore[misc]
    """The code from an app, or a recovery code, after the password."""

    nouns = {"code": "the code"}
    code = _code_field("Code")

    def clean_code(self) -> str:
        """Check the code, and that it was not used before.

        Raises:
            ValidationError: it is not right, or was used, or there were too many tries.
        """
        try:
            code: str = super().clean_code()
        except forms.ValidationError as error:
            if error.code == TOO_MANY:
                note_stopped(user=self.user, at=timezone.now())
            raise
        if self.authenticator.type == Authenticator.Type.TOTP and not first_use(self.user, code):
            raise factor_adapter().validation_error("incorrect_code")
        return code


class ProofForm(GovukForm):
    """The password, with the code of who has a second factor, to prove who is there."""

    password = forms.CharField(label="Password", max_length=LONGEST_PASSWORD)
    code = _code_field("Code from your app, or a recovery code")
    nouns = {"password": "your password", "code": "the code"}

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request
        self.fields["password"].widget = forms.PasswordInput()
        if not has_second_factor(user):
            del self.fields["code"]
        self.code_form: CodeAtSignIn | None = None

    def clean(self) -> dict[str, Any]:
        """Check the password, and only after it the code."""
        given: dict[str, Any] = super().clean() or {}
        if self.errors:
            return given
        adapter = account_adapter(self.request)
        known = adapter.authenticate(
            self.request, email=self.user.email, password=given["password"]
        )
        if known is None or known.pk != self.user.pk:
            self.add_error("password", "The password is not right. Check it and try again")
        elif "code" in self.fields:
            self.code_form = CodeAtSignIn(user=self.user, data={"code": given["code"]})
            if not self.code_form.is_valid():
                self.add_error("code", self.code_form.errors["code"].as_data())
        return given


class PasswordForm(GovukForm):
    """A new password, with the old one as proof."""

    current = forms.CharField(label="Your password now", max_length=LONGEST_PASSWORD)
    new = forms.CharField(
        label="New password",
        max_length=LONGEST_PASSWORD,
        help_text=HARD_TO_GUESS,
    )
    nouns = {"current": "your password", "new": "the new password"}

    def __init__(self, *args: Any, user: User, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user, self.request = user, request
        for field in self.fields.values():
            field.widget = forms.PasswordInput()

    def clean_current(self) -> str:
        """Check the old password, with the limit on tries that signing in has.

        Raises:
            ValidationError: it is not right.
        """
        given: str = self.cleaned_data["current"]
        adapter = account_adapter(self.request)
        known = adapter.authenticate(self.request, email=self.user.email, password=given)
        if known is None or known.pk != self.user.pk:
            raise forms.ValidationError("The password is not right. Check it and try again")
        return given

    def clean_new(self) -> str:
        """Check that the new one is hard to guess.

        Raises:
            ValidationError: it is easy to guess.
        """
        return checked_password(self.cleaned_data["new"], self.user)


def checked_password(given: str, user: User) -> str:
    """Return a password that is hard to guess.

    Raises:
        ValidationError: one sentence that says why it is not.
    """
    try:
        validate_password(given, user)
    except forms.ValidationError as error:
        code = error.error_list[0].code or ""
        raise forms.ValidationError(WEAK.get(code, WEAK["password_too_common"])) from error
    return given


WEAK = {
    "password_too_short": "The password must have 12 characters or more",
    "password_too_common": "Many people use this password: choose one that nobody would guess",
    "password_too_similar": "The password is too much like your name or your email address",
}


class AppForm(GovukForm):
    """The first code of an authenticator app."""

    code = _code_field("Code that the app shows")
    nouns = {"code": "the code that the app shows"}


class PasskeyForm(GovukForm):
    """A new passkey, as the browser made it."""

    name = forms.CharField(
        label="What you call it",
        max_length=LONGEST_NAME,
        required=False,
        help_text="Such as “work laptop”.",
    )
    credential = forms.JSONField(widget=forms.HiddenInput, required=False)
    nouns = {"name": "the name"}

    def clean(self) -> dict[str, Any]:
        """Have the library check what the browser made.

        Raises:
            ValidationError: it does not answer what was asked, or its owner was not verified.
        """
        given: dict[str, Any] = super().clean() or {}
        try:
            webauthn.parse_registration_response(given.get("credential"))
            webauthn.complete_registration(given["credential"])
        except (forms.ValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise forms.ValidationError(NOT_CHECKED) from error
        return given


class PasskeyNameForm(GovukForm):
    """Another name of a passkey."""

    name = forms.CharField(label="Name", max_length=LONGEST_NAME)
    nouns = {"name": "a name"}


class ChosenPasswordForm(GovukForm):
    """The first password of a new account."""

    password = forms.CharField(
        label="Choose a password",
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(),
        help_text=HARD_TO_GUESS,
    )
    nouns = {"password": "a password"}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        """Check that it is hard to guess.

        Raises:
            ValidationError: it is easy to guess.
        """
        return checked_password(self.cleaned_data["password"], self.user)
