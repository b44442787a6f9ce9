"""What is asked on a body's first day: its logo, and which of the usual offices it has."""

from typing import Any

from django import forms

from section54.ui.forms import GovukForm


class LogoForm(GovukForm):
    """The picture to show beside a body's name."""

    nouns = {"picture": "a picture"}

    picture = forms.FileField(
        label="Picture",
        help_text="A PNG or JPEG picture smaller than 2 MB. It is shown at most 600 by 200 pixels.",
        widget=forms.ClearableFileInput(attrs={"accept": "image/png,image/jpeg"}),
        allow_empty_file=True,  # the sentence about pictures says more
    )


class OfficesForm(GovukForm):
    """Which offices sign for a body, from those that bodies of its kind usually have."""

    nouns = {"offices": "at least one office, or write one"}

    offices = forms.MultipleChoiceField(
        label="Which offices sign for it?",
        help_text="You can add others, and close one, at any time.",
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    another = forms.CharField(
        label="Another office", help_text="As it signs.", required=False, max_length=100
    )

    def __init__(self, *args: Any, usual: list[str], **kwargs: Any) -> None:
        """Make the form for the usual offices that the body does not have yet."""
        super().__init__(*args, **kwargs)
        if usual:
            self.fields["offices"].choices = [(name, name) for name in usual]  # type: ignore[attr-defined]
        else:
            del self.fields["offices"]

    def clean(self) -> dict[str, Any]:
        """Ask for at least one."""
        given = super().clean() or {}
        if not self.chosen and not self.errors:
            self.add_error("another", "Select an office, or enter the name of another")
        return given

    @property
    def chosen(self) -> list[str]:
        """The names that were chosen or written."""
        names = [*self.cleaned_data.get("offices", []), self.cleaned_data.get("another", "")]
        return [name.strip() for name in names if name.strip()]
