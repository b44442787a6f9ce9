"""What is asked when somebody makes a key for a program."""

from datetime import timedelta
from typing import Any

from django import forms

from section54.organisations.models import User
from section54.ui.forms import GovukForm


DAYS = ((30, "30 days"), (90, "90 days"), (365, "A year"))


class KeyForm(GovukForm):
    """What a key is for, what it may do and until when."""

    nouns = {"name": "what the key is for", "scopes": "what the key may do"}

    name = forms.CharField(
        label="What is it for?", help_text="For example: the finance team’s dashboard.",
        max_length=100,
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label="What may it do?",
        help_text="Never more than you may yourself on the day.",
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(
        label="How long does it hold?", choices=DAYS, coerce=int, initial=90,
        widget=forms.RadioSelect,
    )  # fmt: skip

    def __init__(self, *args: Any, scopes: list[tuple[str, str]], **kwargs: Any) -> None:
        """Make the form for the permissions that the person can give, in words."""
        super().__init__(*args, **kwargs)
        self.fields["scopes"].choices = scopes  # type: ignore[attr-defined]
        if len(scopes) == 1:  # nothing else could be meant
            self.fields["scopes"].initial = [scopes[0][0]]

    @property
    def holds_for(self) -> timedelta:
        """How long the key holds."""
        return timedelta(days=self.cleaned_data["days"])


def scopes_of(user: User, asked_for: set[str], words: Any) -> list[tuple[str, str]]:
    """Return what programs can be given of what a user may, in words."""
    return [(one, words(one)) for one in sorted(asked_for) if "." in one and user.may(one)]
