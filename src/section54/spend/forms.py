"""What people are asked about ledgers: the files, and which column is which."""

from typing import Any

from django import forms

from section54.engine.intake.limits import OWN_LEDGERS, in_words
from section54.engine.ledgers.columns import AMOUNT_ROLES, ROLES
from section54.engine.ledgers.corrections import ANY_LAYOUT
from section54.organisations.models import Body, User
from section54.sources.changes import tidy_name
from section54.spend.shown import ROLE_WORDS, SheetShown
from section54.ui.forms import FilesField, GovukForm, give_sentences


LARGEST = OWN_LEDGERS.bytes
MOST_FILES = 60


class AddLedgersForm(GovukForm):
    """The ledgers to read, and whose they are where that is not plain."""

    nouns = {"ledgers": "at least one ledger", "body": "whose ledgers they are"}

    body = forms.ModelChoiceField(
        queryset=Body.objects.none(), label="Whose ledgers are they?", empty_label="Choose a body"
    )
    ledgers = FilesField(
        label="Ledgers",
        help_text=f"CSV, XLSX, XLS or ODS, as they are; also packed with gzip or zip. You can "
        f"choose several at once. A file may have {in_words(LARGEST)} at most.",
        at_most=MOST_FILES,
        allow_empty_file=True,  # the sentence below names the file
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        """Make the form for the bodies whose spend the user may change."""
        super().__init__(*args, **kwargs)
        bodies = Body.objects.filter(pk__in=user.body_ids("spend.change")).order_by("name")
        self.only_body = bodies[0] if len(bodies) == 1 else None
        if self.only_body is not None:
            del self.fields["body"]
        else:
            self.fields["body"].queryset = bodies  # type: ignore[attr-defined]

    def clean_ledgers(self) -> list[Any]:
        """Refuse files that are empty or too large, each by name."""
        files: list[Any] = self.cleaned_data["ledgers"]
        wrong = []
        for file in files:
            name = tidy_name(file.name or "")
            if not file.size:
                wrong.append(f"{name} is empty. Export it again and choose the new file")
            elif file.size > LARGEST:
                wrong.append(
                    f"{name} has {in_words(file.size)}, and a file may have {in_words(LARGEST)} at "
                    "most. Split it, for example by month, and choose the parts"
                )
        if wrong:
            raise forms.ValidationError([forms.ValidationError(sentence) for sentence in wrong])
        return files

    @property
    def whose(self) -> Body:
        """The body that was chosen, or the only one there is to choose."""
        body: Body = self.only_body or self.cleaned_data["body"]
        return body


class ColumnsForm(GovukForm):
    """Which column of a layout is which; it begins with what was understood."""

    def __init__(self, *args: Any, part: SheetShown, alone: bool = True, **kwargs: Any) -> None:
        """Make the form of one layout, alone in its file or not: its columns for each role."""
        understood = part.understood
        super().__init__(*args, initial=understood, **kwargs)
        self.part, self.alone = part, alone
        choices = [("none", "No column"), *part.columns]
        for role in ROLES:
            self.fields[role] = forms.ChoiceField(choices=choices, label=ROLE_WORDS[role])
        give_sentences(self)

    def clean(self) -> dict[str, Any]:
        """Refuse a column with two roles, and a ledger without amounts."""
        given = super().clean() or self.cleaned_data
        taken: dict[str, str] = {}
        for role in ROLES:
            column = given.get(role, "none")
            if column == "none":
                continue
            if column in taken:
                self.add_error(
                    role,
                    f"The same column is chosen for “{ROLE_WORDS[taken[column]]}” and for "
                    f"“{ROLE_WORDS[role]}”. Choose another for one of them, or “No column”",
                )
            taken.setdefault(column, role)
        if not self.errors and not any(given.get(role) != "none" for role in AMOUNT_ROLES):
            self.add_error(
                "amount", "Choose the column with the amounts. Without amounts it is no ledger"
            )
        return given

    @property
    def corrected(self) -> dict[str, str]:
        """What a person says otherwise than was understood: role → 1-based column, or none.

        With a correction, every role that is left without a column is kept so, or the next reading
        would guess it anew. Not where there are no headings: that holds for a file's other sheets.
        """
        understood, given = self.part.understood, self.cleaned_data
        changed = {role: given[role] for role in ROLES if given[role] != understood[role]}
        if not changed or (self.part.layout == ANY_LAYOUT and not self.alone):
            return changed
        return {role: given[role] for role in ROLES if role in changed or given[role] == "none"}
