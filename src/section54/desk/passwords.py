"""Passwords that are long and yet the first that somebody would try."""

import re

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from section54.organisations.models import Body, User
from section54.records.rows import everything


class NothingWrittenTwice:
    """Refuses a word or a few signs written again and again: ``passwordpassword``."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse it with one sentence.

        Raises:
            ValidationError: it repeats itself.
        """
        if re.fullmatch(r"(.+?)\1+\d{0,4}", password, re.DOTALL | re.IGNORECASE):
            raise ValidationError("Choose a password that does not repeat itself", code="repeats")

    def get_help_text(self) -> str:
        """Say what is asked."""
        return "It does not repeat itself."


class NotACommonWordWithMore(CommonPasswordValidator):
    """Refuses Django's list of common passwords, also with digits and signs after them."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse it with one sentence.

        Raises:
            ValidationError: it is on the list, as it is or without its end.
        """
        super().validate(password, user)
        if re.sub(r"[\d\W_]+$", "", password.casefold()) in self.passwords:
            raise ValidationError("Choose a password that others would not think of", code="common")


class NotTheBody:
    """Refuses the name of a body that works here, alone or with a few signs around it."""

    @everything()  # an invited person has no role yet; the names are public
    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse it with one sentence.

        Raises:
            ValidationError: more than half of its letters are such a name.
        """
        letters = _letters(password)
        for name in Body.objects.values_list("name", flat=True):
            word = _letters(name)
            if word and word in letters and len(letters) - len(word) < len(word):
                raise ValidationError("Choose a password without your body’s name", code="body")

    def get_help_text(self) -> str:
        """Say what is asked."""
        return "It is not the name of your body."


def _letters(words: str) -> str:
    return re.sub(r"[^a-z0-9]", "", words.casefold())
