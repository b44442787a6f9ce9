"""What people say of messages: which of them, and what became of them."""

from typing import Any

from django import forms

from section54.organisations.models import User
from section54.post.changes import Decision
from section54.post.models import Message
from section54.ui.forms import GovukForm


GONE = "A message is not there any more: select from those shown now"


class MessagesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A choice of messages; what is no message's id is a message that is gone."""

    def clean(self, value: Any) -> Any:
        """Return the messages."""
        try:
            return super().clean(value)
        except forms.ValidationError as error:
            if error.code == "invalid":
                raise forms.ValidationError(GONE, code="invalid_choice") from error
            raise


class DecideForm(GovukForm):
    """Some messages of the list, and what is said of them."""

    messages = MessagesField(
        queryset=Message.objects.none(),
        label="Messages",
        error_messages={
            "required": "Select at least one message",
            "invalid_choice": GONE,
        },
    )
    what = forms.ChoiceField(
        choices=Decision.choices,
        label="What became of them",
        error_messages={
            "required": "Press one of the buttons under the list",
            "invalid_choice": "Press one of the buttons under the list",
        },
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        messages: Any = self.fields["messages"]
        messages.queryset = Message.objects.handled_by(user).open()
