"""The periods of reviews side by side: which earlier one is alike, and what a reader must know."""

from datetime import date

from section54.engine.reports.wording import count
from section54.risk.models import Review, ReviewQuerySet


Period = tuple[date | None, date | None]


def months_in(period: Period) -> int | None:
    """Return how many calendar months a period touches; None where its days are not known.

    >>> months_in((date(2025, 4, 3), date(2025, 6, 30))), months_in((None, None))
    (3, None)
    """
    first, last = period
    if first is None or last is None:
        return None
    return (last.year - first.year) * 12 + last.month - first.month + 1


def latest_alike(reviews: ReviewQuerySet, period: Period) -> Review | None:
    """Return the latest review that ends before a period and has as many months; else None.

    Args:
        reviews: Those that may be compared with, the latest period first.
        period: First and last day of what is to be reviewed.
    """
    first, _ = period
    if first is None:
        return None
    months = months_in(period)
    before = reviews.filter(period_to__lt=first)
    return next((review for review in before if months_in(review.period) == months), None)


def unlike_in_words(now: Period, before: Period) -> str:
    """Say in one sentence why two periods are not alike; "" where they are.

    >>> april, june = date(2025, 4, 1), date(2025, 6, 30)
    >>> unlike_in_words((april, june), (april, june))
    'The two periods overlap, so some payments may be in both.'
    """
    months, months_before = months_in(now), months_in(before)
    if months is None or months_before is None:
        return (
            "The dates of one of the two are not known, so a difference may only come from a "
            "longer or shorter period."
        )
    lengths = f"different lengths ({count(months, 'month')} and {count(months_before, 'month')})"
    differ = months != months_before
    overlap = _overlap(now, before)
    if differ and overlap:
        return (
            f"The two periods have {lengths} and overlap, so a difference may only come from the "
            "length, and some payments may be in both."
        )
    if differ:
        return f"The two periods have {lengths}, so a difference may only come from the length."
    if overlap:
        return "The two periods overlap, so some payments may be in both."
    return ""


def _overlap(now: Period, before: Period) -> bool:
    (first, last), (first_before, last_before) = now, before
    if first is None or last is None or first_before is None or last_before is None:
        return False
    return first <= last_before and first_before <= last
