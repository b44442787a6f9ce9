"""What of this room needs somebody: on the first page, and by a reminder."""

from collections.abc import Iterator
from datetime import date, timedelta

from django.urls import reverse
from django.utils import timezone

from section54.engine.reports.wording import count
from section54.engine.risk.model import Tier
from section54.organisations.models import User
from section54.post import reminders, work_list
from section54.post.models import Job
from section54.post.reminders import Due, ReminderKind
from section54.post.work_list import Item
from section54.records.models import subject_of
from section54.risk.models import Finding, Review, ReviewQuerySet
from section54.ui.formats import day


CHANGE = "spend.change"
SOON = timedelta(days=30)


def last_concluded(reviews: ReviewQuerySet) -> list[Review]:
    """Return the review that each body concluded last: the one whose next is due or not."""
    found: dict[object, Review] = {}
    concluded = reviews.filter(state=Review.State.CONCLUDED).select_related("body")
    for review in concluded.order_by("-concluded_on", "-asked_at"):
        found.setdefault(review.body_id, review)
    return list(found.values())


def reviews_due(first: date, last: date) -> Iterator[Due]:
    """Return the next reviews that are due between two days, to everybody who may make them."""
    today = timezone.localdate()
    for review in last_concluded(Review.objects.all()):
        if review.next_due_on is None or not first <= review.next_due_on <= last:
            continue
        for person in reminders.who_may(CHANGE, review.body, today):
            yield Due(
                body=review.body,
                subject=subject_of(review),
                person=person,
                on=review.next_due_on,
                what=f"The next spend review of {review.body.name}",
                link=reverse("ledger-add"),
            )


def for_the_work_list(user: User, today: date) -> Iterator[Item]:
    """Return reviews to look at, to decide on, and those that are due."""
    mine = Review.objects.changeable_by(user)
    yield from _being_made(mine)
    yield from _to_decide(mine)
    for review in last_concluded(mine):
        if review.next_due_on is not None and review.next_due_on - today <= SOON:
            yield Item(
                what="Make the next spend review",
                why=f"The last, {review.reference}, was concluded on {day(review.concluded_on)}.",
                link=reverse("ledger-add"),
                due=review.next_due_on,
                body=review.body.name,
            )


def _being_made(mine: ReviewQuerySet) -> Iterator[Item]:
    making = mine.filter(state=Review.State.MAKING).select_related("job", "body")
    for review in making:
        if review.job.is_open:
            what, why = f"Wait for {review.reference}", "The review is being made."
        elif review.job.state == Job.State.FAILED:
            what, why = f"See why {review.reference} could not be made", "It ended early."
        else:
            what, why = f"Start {review.reference} again", "Making it was stopped."
        link = reverse("review", kwargs={"pk": review.pk})
        yield Item(
            what=what,
            why=why,
            link=link,
            body=review.body.name,
            under_way=review.job.is_open,
        )


def _to_decide(mine: ReviewQuerySet) -> Iterator[Item]:
    """Return, of each body, the latest review that is open: its high risks are to be looked at."""
    seen = set()
    for review in mine.made().select_related("body"):
        if review.body_id in seen:
            continue
        seen.add(review.body_id)
        if review.state != Review.State.READY:
            continue
        high = Finding.objects.filter(review=review, shown_tier=Tier.HIGH, is_decided=False)
        number = high.count()
        page = reverse("review-suppliers", kwargs={"pk": review.pk})
        if number:
            yield Item(
                what=f"Look at {count(number, 'payee')} at high risk",
                why=f"Nobody has decided on them yet in {review.reference}.",
                link=f"{page}?tier=high",
                count=number,
                body=review.body.name,
            )
        else:
            yield Item(
                what=f"Conclude {review.reference}",
                why="No payee at high risk is left without a decision.",
                link=reverse("review-conclude", kwargs={"pk": review.pk}),
                body=review.body.name,
            )


def register() -> None:
    """Make the room's part of the work list and its reminders known."""
    work_list.register("risk", for_the_work_list)
    reminders.register(
        ReminderKind(
            name="review_due",
            title="The next spend review is due",
            find=reviews_due,
            handled_with=CHANGE,
        )
    )
