"""What people fill in about a review: which ledgers, another tier, the conclusion."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django import forms

from section54.engine.reports.wording import count, period
from section54.organisations.models import Collaboration, Share, User
from section54.risk.models import DECIDABLE, PLACE, Finding, Review
from section54.spend.models import Ledger
from section54.ui.forms import DateField, GovukForm


LONGEST = 5000


class ReviewChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of reviews, named as people know them; with their bodies where asked to."""

    names_bodies = False

    def label_from_instance(self, obj: Any) -> str:
        """Return a review's name, period and reference."""
        body = f"{obj.body.name}: " if self.names_bodies else ""
        return f"{body}{title_of(obj)} ({obj.reference})"


class LedgerChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """A choice of ledgers, named by file and period; with their bodies where asked to."""

    names_bodies = False

    def label_from_instance(self, obj: Any) -> str:
        """Return a ledger's file and what it holds."""
        paid = period((obj.first_paid, obj.last_paid))
        body = f"{obj.body.name}: " if self.names_bodies else ""
        return f"{body}{obj.source.name}: {count(obj.read, 'payment')}, {paid}"


def title_of(review: Review) -> str:
    """Return a review's own name, or its period."""
    if review.name:
        return review.name
    return period(review.period)[:1].upper() + period(review.period)[1:]


class NewReviewForm(GovukForm):
    """Which ledgers to review."""

    ledgers = LedgerChoice(
        queryset=Ledger.objects.none(),
        label="Ledgers to review",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Select at least one ledger to review"},
    )
    name = forms.CharField(
        label="Name of the review",
        required=False,
        max_length=120,
        help_text="Leave it empty to name it by its period.",
    )
    earlier = ReviewChoice(
        queryset=Review.objects.none(),
        label="Compare with an earlier review",
        required=False,
        empty_label="Do not compare",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bodies = user.body_ids("spend.change")
        ledgers = Ledger.objects.taken_in().filter(body__in=bodies)
        reviews = Review.objects.filter(body__in=bodies).made()
        for name, choices in (
            ("ledgers", ledgers.select_related("source", "body")),
            ("earlier", reviews.select_related("body")),
        ):
            field: Any = self.fields[name]
            field.queryset = choices
            field.names_bodies = len(bodies) > 1

    def clean(self) -> dict[str, Any]:
        """Refuse ledgers of two bodies, and an earlier review of another body."""
        given = super().clean() or {}
        bodies = {ledger.body_id for ledger in given.get("ledgers", ())}
        earlier = given.get("earlier")
        if len(bodies) > 1:
            self.add_error("ledgers", "Select ledgers of one body only: each body has its reviews")
        elif bodies and earlier and earlier.body_id not in bodies:
            self.add_error("earlier", "Select an earlier review of the same body as the ledgers")
        return given


class PersonChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A choice of people, by name and address."""

    def label_from_instance(self, obj: Any) -> str:
        """Return what tells two people of one name apart."""
        return f"{obj.name} ({obj.email})"


class LeadForm(GovukForm):
    """Who leads a review."""

    nouns = {"led_by": "who leads the review"}
    led_by = PersonChoice(
        queryset=User.objects.none(),
        label="Who leads this review?",
        help_text="People who may change the ledgers and reviews of this body.",
        empty_label="Choose a person",
    )

    def __init__(self, *args: Any, people: Iterable[User], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = User.objects.filter(pk__in=[person.pk for person in people])
        self.fields["led_by"].queryset = able.order_by("name", "email")  # type: ignore[attr-defined]


class DecideForm(GovukForm):
    """Another tier than the computed one, and why."""

    nouns = {"reason": "a reason", "evidence": "what you saw"}
    tier = forms.ChoiceField(
        label="What is the risk to people, in your judgement?",
        choices=DECIDABLE,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Reason",
        help_text="What you know that the ledger does not say. It is kept, and shown to everybody "
        "who may see this review.",
        widget=forms.Textarea,
        min_length=10,
        max_length=LONGEST,
    )
    evidence = forms.CharField(
        label="What you saw",
        help_text="Needed to lower a risk: a visit, an audit, an answer with its proof, and its "
        "date.",
        widget=forms.Textarea,
        required=False,
        max_length=LONGEST,
    )

    def __init__(self, *args: Any, finding: Finding, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.finding = finding

    def clean(self) -> dict[str, Any]:
        """Refuse to lower a risk without evidence."""
        given = super().clean() or {}
        tier = given.get("tier")
        lowers = bool(tier) and PLACE[str(tier)] > PLACE[self.finding.tier]
        if lowers and not str(given.get("evidence", "")).strip():
            self.add_error("evidence", "Enter what you saw: a risk is not lowered without evidence")
        return given


class ConcludeForm(GovukForm):
    """What was found, and when."""

    nouns = {"findings": "what you found"}
    findings = forms.CharField(
        label="What did you find, and what happens next?",
        help_text="In a few sentences: where the risk to people lies, who is asked what, by when. "
        "This is the record that the charter’s spend review was done.",
        widget=forms.Textarea,
        min_length=20,
        max_length=LONGEST,
    )
    concluded_on = DateField(label="Date of the conclusion", noun="the date of the conclusion")
    next_due_on = DateField(
        label="When is the next review due?", noun="the date of the next review", required=False
    )

    def __init__(self, *args: Any, review: Review, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        on = self.fields["concluded_on"]
        on.latest = today  # type: ignore[attr-defined]
        if review.period_to and review.period_to <= today:
            on.earliest = review.period_to  # type: ignore[attr-defined]
        self.fields["next_due_on"].earliest = today  # type: ignore[attr-defined]

    def as_given(self) -> list[tuple[str, str]]:
        """Return the valid answers as the form's own inputs send them, to be sent again."""
        found = [("findings", str(self.cleaned_data["findings"]))]
        for name in ("concluded_on", "next_due_on"):
            on: date | None = self.cleaned_data[name]
            for part in ("day", "month", "year"):
                found.append((f"{name}-{part}", str(getattr(on, part)) if on else ""))
        return found


class CompareForm(GovukForm):
    """Which earlier review to compare with."""

    earlier = ReviewChoice(
        queryset=Review.objects.none(), label="Compare with", empty_label="Choose a review"
    )

    def __init__(self, *args: Any, review: Review, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = Review.objects.filter(body=review.body_id).exclude(pk=review.pk).made()
        self.fields["earlier"].queryset = others  # type: ignore[attr-defined]


class ShareForm(GovukForm):
    """With which collaboration to share."""

    nouns = {"collaboration": "a collaboration"}
    collaboration = forms.ModelChoiceField(
        queryset=Collaboration.objects.none(),
        label="With which collaboration?",
        widget=forms.RadioSelect,
        empty_label=None,
    )

    def __init__(self, *args: Any, review: Review, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        standing = Share.objects.of(review).in_force(on).values("collaboration")
        offered = Collaboration.objects.with_member(review.body_id, on).exclude(pk__in=standing)
        self.fields["collaboration"].queryset = offered  # type: ignore[attr-defined]

    @staticmethod
    def key_of(sent: Mapping[str, Any]) -> UUID | None:
        """Return the key of the collaboration that was sent; None where it is none."""
        try:
            return UUID(str(sent.get("collaboration", "")))
        except ValueError:
            return None
