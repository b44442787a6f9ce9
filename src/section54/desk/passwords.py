"""Passwords that are long only because something short is written twice, or name their body."""

import re

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from section54.organisations.models import Body, User


class NothingWrittenTwice:
    """Refuses a word or a few signs written again and again: ``passwordpassword``."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse it with one sentence."""
        if re.fullmatch(r"(.+?)\1+\d{0,4}", password, re.DOTALL | re.IGNORECASE):
            raise ValidationError("Choose a password that does not repeat itself", code="repeats")

    def get_help_text(self) -> str:
        """Say what is asked."""
        return "It does not repeat itself."


class NotTheBody:
    """Refuses the name of a body that works here, alone or with a few signs around it."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Refuse it with one sentence."""
        letters = _letters(password)
        for name in Body.objects.values_list("name", flat=True):
            word = _letters(name)
            if word and word in letters and len(letters) - len(word) < len(word):
                raise ValidationError("Choose a password without your body’s name", code="body")
        bare = re.sub(r"[\d\W_]+$", "", password.casefold())
        if bare in CommonPasswordValidator().passwords:
            raise ValidationError("Choose a password that others would not think of", code="common")

    def get_help_text(self) -> str:
        """Say what is asked."""
        return "It is not the name of your body."


def _letters(words: str) -> str:
    return re.sub(r"[^a-z0-9]", "", words.casefold())
