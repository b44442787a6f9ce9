"""What people fill in about people, bodies, offices and collaborations."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from section54.engine.reports.wording import day
from section54.organisations import work
from section54.organisations.account_changes import who_may_take_over
from section54.organisations.changes import NOTICE_DAYS, Place, body_named
from section54.organisations.codes import body_of, collaboration_of
from section54.organisations.collaboration_changes import is_named
from section54.organisations.invitation_changes import NAME_TAKEN
from section54.organisations.models import Body, BodyRelation, Collaboration, Office, User
from section54.organisations.permissions import AREAS, ROLES
from section54.ui.forms import DateField, GovukForm


LONGEST_NAME = 120
LONGEST_REASON = 500
STAYS = ("concerns", "people", "audit")  # areas that no collaboration shares
NOW, LATER = "now", "later"
WHAT_AN_AREA_MEANS = {
    "spend": "Whoever has a role in the collaboration reads the ledgers, suppliers and risk "
    "reviews of every member, and changes them where the role allows it.",
    "tenders": "Tenders of every member with the prices in them.",
    "contracts": "Contracts of every member, and breaches of them.",
    "checks": "Questionnaires to suppliers, checks and actions of every member.",
    "register": "The risk register of every member.",
    "policies": "Policies, promises and training of every member.",
    "boards": "Boards and the annual statement of every member.",
}


class NameField(forms.CharField):
    """A name: one line, with single spaces."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", LONGEST_NAME)
        super().__init__(**options)

    def to_python(self, value: Any) -> str:
        """Return the name without spaces too many and marks that do not print."""
        text = super().to_python(value) or ""
        return " ".join("".join(m if m.isprintable() else " " for m in text).split())


class PlaceField(forms.ChoiceField):
    """A body or a collaboration among those given; its clean value is the place itself."""

    places: Mapping[str, Place] = {}

    def offer(self, bodies: Iterable[Body], collaborations: Iterable[Collaboration] = ()) -> None:
        """Say which places can be chosen; a single one is chosen beforehand."""
        offered: list[Place] = [*bodies, *collaborations]
        self.places = {str(one.pk): one for one in offered}
        shown = [
            (key, f"{one.name} (collaboration)" if isinstance(one, Collaboration) else one.name)
            for key, one in self.places.items()
        ]
        if len(shown) == 1:
            self.initial = shown[0][0]
        self.choices = shown if len(shown) == 1 else [("", "Choose"), *shown]

    def clean(self, value: Any) -> Any:
        """Return the place."""
        return self.places.get(super().clean(value))


class PeopleField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A person among those given."""

    def label_from_instance(self, obj: Any) -> str:
        """Return name and address, which tells two of one name apart."""
        return f"{obj.name} ({obj.email})"


class RoleForm(GovukForm):
    """A role, where, from when and until when."""

    nouns = {"role": "a role", "place": "where the role holds"}
    role = forms.ChoiceField(
        label="Role", choices=[("", "Choose a role"), *((r, n) for r, (n, _) in ROLES.items())]
    )
    place = PlaceField(label="Where")
    starts_on = DateField(label="From", noun="the first day")
    ends_on = DateField(
        label="Last day",
        noun="the last day",
        required=False,
        help_text="Leave it empty if the role has no end yet.",
    )

    def __init__(self, *args: Any, places: tuple[Any, Any], today: date, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {}).setdefault("starts_on", today)
        super().__init__(*args, **kwargs)
        self.fields["place"].offer(*places)  # type: ignore[attr-defined]
        self.fields["starts_on"].earliest = today  # type: ignore[attr-defined]
        self.fields["ends_on"].earliest = today  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse an end before the start, and an administrator of several bodies."""
        given = super().clean() or {}
        first, last = given.get("starts_on"), given.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", "The last day must not be before the first")
        if given.get("role") == "administrator" and isinstance(given.get("place"), Collaboration):
            self.add_error(
                "place", "Choose one body for an administrator: each body looks after its people"
            )
        return given


class InviteForm(RoleForm):
    """Whom to invite, and to what."""

    nouns = {**RoleForm.nouns, "email": "their email address", "name": "their name"}
    email = forms.EmailField(label="Their email address", max_length=254)
    name = NameField(label="Their name", help_text="As colleagues should see it.")
    field_order = ["name", "email", "role", "place", "starts_on", "ends_on"]


class WhenForm(GovukForm):
    """From now on, or after a last day."""

    nouns = {"when": "when it ends"}
    when = forms.ChoiceField(
        label="When does it end?",
        choices=[(NOW, "Now"), (LATER, "After a last day")],
        widget=forms.RadioSelect,
    )
    last_day = DateField(
        label="Last day",
        noun="the last day",
        required=False,
        help_text="Only if you chose a last day above.",
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["last_day"].earliest = today  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Work out the last day."""
        given = super().clean() or {}
        if given.get("when") == NOW:
            given["last_day"] = self.today - timedelta(days=1)
            self.errors.pop("last_day", None)
        missing = not given.get("last_day") and "last_day" not in self.errors
        if given.get("when") == LATER and missing:
            self.add_error("last_day", "Enter the last day")
        return given


class EndRoleForm(WhenForm):
    """When a role ends, and why."""

    nouns = {**WhenForm.nouns, "because": "a reason"}
    because = forms.CharField(
        label="Reason",
        help_text="It is kept, and shown with the role.",
        max_length=LONGEST_REASON,
        min_length=3,
        widget=forms.Textarea,
    )


class LeavingForm(WhenForm):
    """Somebody's last day, and who takes over each kind of their work."""

    nouns = {"when": "when they leave"}
    when = forms.ChoiceField(
        label="When do they leave?",
        choices=[(NOW, "Now"), (LATER, "After a last day")],
        widget=forms.RadioSelect,
    )
    field_order = ["when", "last_day"]

    def __init__(self, *args: Any, held: Iterable[work.Held], people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = {f"take_{one.kind.name}_{one.body.pk.hex}": one for one in held}
        for name, one in self.held.items():
            able = people.filter(pk__in=who_may_take_over(one, self.today))
            self.fields[name] = PeopleField(
                queryset=able.order_by("name", "email"),
                label=f"Who takes over? {one.kind.title} in {one.body} ({len(one.pieces):,})",
                empty_label="Choose who takes over",
                error_messages={
                    "required": f"Select who takes over: {one.kind.title.lower()} in {one.body}"
                },
                help_text=""
                if able.exists()
                else "Nobody else may do this work there. Give somebody the role first.",
            )

    def clean(self) -> dict[str, Any]:
        """Gather who takes over what."""
        given = super().clean() or {}
        given["successors"] = {
            one.key: given[name] for name, one in self.held.items() if given.get(name)
        }
        return given


class BodyForm(GovukForm):
    """A body's name and kind."""

    nouns = {"name": "the name of the body", "kind": "what kind of body it is"}
    name = NameField(label="Name", help_text="As its reports should name it.")
    kind = forms.ChoiceField(
        label="What kind of body is it?", choices=Body.Kind.choices, widget=forms.RadioSelect
    )


class DescribeForm(BodyForm):
    """A body's name and kind, corrected."""

    def __init__(self, *args: Any, body: Body, **kwargs: Any) -> None:
        super().__init__(*args, initial={"name": body.name, "kind": body.kind}, **kwargs)
        self.body = body

    def clean_name(self) -> str:
        """Refuse the name of another body."""
        name = str(self.cleaned_data["name"])
        if body_named(name) not in (None, self.body):
            raise forms.ValidationError(NAME_TAKEN)
        return name


class NewBodyForm(BodyForm):
    """A new body, and its first administrator."""

    nouns = {
        **BodyForm.nouns,
        "person": "the name of its first administrator",
        "email": "the email address of its first administrator",
    }
    person = NameField(
        label="Name of its first administrator",
        help_text="Somebody else than you: nobody gives themselves a role.",
    )
    email = forms.EmailField(label="Their email address", max_length=254)


class CodeField(forms.CharField):
    """A code that another administrator gave."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=200, **options)


WRONG_CODE = "This code does not work, or not any more. Ask who gave it to you for a new one"


class RelateForm(GovukForm):
    """How a body stands to another."""

    nouns = {"how": "how it stands to the other body", "code": "the code of the other body"}
    how = forms.ChoiceField(label="How does it stand to the other body?", widget=forms.RadioSelect)
    code = CodeField(
        label="Code of the other body",
        help_text="Its administrator finds it on the page of that body and gives it to you.",
    )
    starts_on = DateField(label="From", noun="the first day")

    def __init__(self, *args: Any, body: Body, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.body = body
        self.fields["how"].choices = [  # type: ignore[attr-defined]
            ("oversees", f"{body} oversees it"),
            ("overseen", f"It oversees {body}"),
            ("succeeded", f"It comes in the place of {body}, with all of its records"),
        ]

    def clean_code(self) -> Body:
        """Return the body of the code."""
        other = body_of(str(self.cleaned_data["code"]))
        if other is None or other.pk == self.body.pk:
            raise forms.ValidationError(WRONG_CODE)
        return other

    def clean(self) -> dict[str, Any]:
        """Say which body is what to which: ``first`` is it to ``second``."""
        given = super().clean() or {}
        other, how = given.get("code"), given.get("how")
        if isinstance(other, Body):
            mine_first = how == "oversees"
            given["first"], given["second"] = (
                (self.body, other) if mine_first else (other, self.body)
            )
            kinds = BodyRelation.Kind
            given["kind"] = kinds.SUCCEEDS if how == "succeeded" else kinds.OVERSEES
        first = timezone.localdate() + timedelta(days=NOTICE_DAYS)
        if how == "succeeded" and given.get("starts_on", first) < first:
            self.add_error(
                "starts_on", f"Choose {day(first)} or a later day, so that it can be called off"
            )
        return given


class NameForm(GovukForm):
    """A name alone."""

    nouns = {"name": "the name of the office"}
    name = NameField(label="Name of the office", help_text="As it signs: Chief Constable.")


class AppointForm(GovukForm):
    """Who holds an office, or acts in it."""

    nouns = {"user": "a person", "acting": "whether they hold the office or act in it"}
    user = PeopleField(queryset=User.objects.none(), label="Who", empty_label="Choose a person")
    acting = forms.ChoiceField(
        label="Do they hold the office, or act in it?",
        choices=[
            ("no", "They hold it: the time of who held it before ends the day before"),
            ("yes", "They act while its holder is away"),
        ],
        widget=forms.RadioSelect,
    )
    starts_on = DateField(label="From", noun="the first day")
    ends_on = DateField(label="Last day", noun="the last day", required=False)

    def __init__(self, *args: Any, office: Office, people: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"starts_on": today}, **kwargs)
        self.fields["user"].queryset = people  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Refuse an end before the start."""
        given = super().clean() or {}
        first, last = given.get("starts_on"), given.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", "The last day must not be before the first")
        return given


class DayForm(GovukForm):
    """One day."""

    day = DateField(label="Last day", noun="the last day")

    def __init__(self, *args: Any, label: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if label:
            self.fields["day"].label = label


class SharedAreasForm(GovukForm):
    """What the bodies of a collaboration share."""

    nouns = {"areas": "at least one area that the bodies share"}
    areas = forms.MultipleChoiceField(
        label="What do the bodies share?",
        help_text="Whoever has a role in the collaboration reaches these in every member.",
        choices=[(area, words) for area, words in AREAS.items() if area not in STAYS],
        widget=forms.CheckboxSelectMultiple,
    )

    def offer_only(self, areas: Collection[str]) -> None:
        """Offer some areas only, all of them chosen."""
        field = self.fields["areas"]
        field.choices = [one for one in field.choices if one[0] in areas]  # type: ignore[attr-defined]
        field.initial = list(areas)


class FoundForm(SharedAreasForm):
    """A new collaboration."""

    nouns = {
        **SharedAreasForm.nouns,
        "name": "the name of the collaboration",
        "lead": "the body that leads it",
    }
    name = NameField(label="Name of the collaboration")
    lead = PlaceField(label="The body that leads it")
    starts_on = DateField(label="From", noun="the first day")
    field_order = ["name", "lead", "areas", "starts_on"]

    def __init__(self, *args: Any, bodies: Iterable[Body], today: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"starts_on": today}, **kwargs)
        self.fields["lead"].offer(bodies)  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """Refuse the name of another collaboration."""
        name = str(self.cleaned_data["name"])
        if is_named(name):
            raise forms.ValidationError("This name is taken. Enter another one")
        return name


class JoinForm(GovukForm):
    """Which collaboration a body joins, from when."""

    nouns = {"code": "the code that the lead gave you", "body": "the body that joins"}
    code = CodeField(
        label="Code of the collaboration",
        help_text="The administrator of the body that leads it gives it to you.",
    )
    body = PlaceField(label="The body that joins")
    starts_on = DateField(label="From", noun="the first day")

    def __init__(self, *args: Any, bodies: Iterable[Body], today: date, **kwargs: Any) -> None:
        super().__init__(*args, initial={"starts_on": today}, **kwargs)
        self.fields["body"].offer(bodies)  # type: ignore[attr-defined]
        self.fields["starts_on"].earliest = today  # type: ignore[attr-defined]

    def clean_code(self) -> Collaboration:
        """Return the collaboration of the code."""
        found = collaboration_of(str(self.cleaned_data["code"]))
        if found is None:
            raise forms.ValidationError(WRONG_CODE)
        return found
