"""What people are asked when an import is taken in for a review, or undone."""

from datetime import date
from typing import Any

from django import forms

from section54.engine.reports.wording import MONTHS, period
from section54.organisations.models import User
from section54.risk.models import Review
from section54.risk.periods import latest_alike
from section54.sources.models import Import
from section54.ui.forms import GovukForm


LONGEST_NAME = 120
LONGEST_REASON = 1_000


def name_of_months(first: date | None, last: date | None) -> str:
    """Return a review's name by its months; nothing where the days are not known.

    >>> name_of_months(date(2025, 4, 3), date(2025, 6, 30))
    'April 2025 to June 2025'
    >>> name_of_months(date(2025, 4, 3), date(2025, 4, 30)), name_of_months(None, None)
    ('April 2025', '')
    """
    if first is None or last is None:
        return ""
    begins, ends = (f"{MONTHS[day.month - 1]} {day.year}" for day in (first, last))
    return begins if begins == ends else f"{begins} to {ends}"


class TakeInForm(GovukForm):
    """The name of the review, and the earlier one to compare it with."""

    name = forms.CharField(
        max_length=LONGEST_NAME,
        label="Name of the review",
        help_text="How colleagues should find it: usually its period.",
    )
    earlier = forms.ModelChoiceField(
        queryset=Review.objects.none(),
        required=False,
        label="Compare with an earlier review",
        help_text="Shows what is new, what has grown and what has stopped since then.",
        empty_label="Do not compare",
    )

    def __init__(self, *args: Any, brought_by: Import, user: User, **kwargs: Any) -> None:
        """Make the form; it begins with the import's months and a review before of as many."""
        days = list(brought_by.ledgers.filter(read__gt=0).values_list("first_paid", "last_paid"))
        first = min((day for day, _ in days if day), default=None)
        last = max((day for _, day in days if day), default=None)
        reviews = Review.objects.of_bodies(user).filter(body=brought_by.body_id).made()
        super().__init__(
            *args,
            initial={
                "name": name_of_months(first, last),
                "earlier": latest_alike(reviews, (first, last)),
            },
            **kwargs,
        )
        field: Any = self.fields["earlier"]
        field.queryset = reviews
        field.label_from_instance = _called
        if not reviews.exists():
            del self.fields["earlier"]


def _called(review: Review) -> str:
    return f"{review.name or period(review.period)} ({review.reference})"


class UndoForm(GovukForm):
    """Why an import is undone."""

    nouns = {"because": "a reason"}

    because = forms.CharField(
        max_length=LONGEST_REASON,
        widget=forms.Textarea,
        label="Why is it undone?",
        help_text="It is kept with the import, for whoever asks later.",
    )
