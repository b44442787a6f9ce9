"""What people say of messages: which of them, and what became of them."""

from typing import Any

from django import forms

from section54.organisations.models import User
from section54.post.changes import Decision
from section54.post.models import Message
from section54.ui.forms import GovukForm


class DecideForm(GovukForm):
    """Some messages of the list, and what is said of them."""

    messages = forms.ModelMultipleChoiceField(
        queryset=Message.objects.none(),
        label="Messages",
        error_messages={
            "required": "Select at least one message",
            "invalid_choice": "A message is not there any more: select from those shown now",
            "invalid_pk_value": "A message is not there any more: select from those shown now",
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
