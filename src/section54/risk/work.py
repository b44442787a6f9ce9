"""Work of this room that is a person's: reviews that they lead."""

from datetime import datetime

from django.urls import reverse

from section54.organisations.models import Body, User
from section54.organisations.work import KindOfWork, Piece
from section54.organisations.work import register as register_work
from section54.risk import changes
from section54.risk.attention import last_concluded
from section54.risk.forms import title_of
from section54.risk.models import Review


OPEN = (Review.State.MAKING, Review.State.READY)


def _of(user: User, body: Body) -> list[Review]:
    """Return what somebody leads that is not over: open reviews, and the last, if one is to follow.

    A review that was concluded, and after which another was, stays under the name that led it.
    """
    of_body = Review.objects.filter(body=body)
    waits = [one.pk for one in last_concluded(of_body) if one.next_due_on is not None]
    theirs = of_body.filter(led_by=user).order_by("asked_at", "pk")
    return list(theirs.filter(state__in=OPEN) | theirs.filter(pk__in=waits))


def pieces(user: User, body: Body) -> list[Piece]:
    """Return the reviews of a body that somebody leads."""
    return [
        Piece(
            f"{title_of(one)} ({one.reference})" if one.period_to else one.reference,
            reverse("review", kwargs={"pk": one.pk}),
        )
        for one in _of(user, body)
    ]


def hand_over(*, body: Body, old: User, new: User, by: User, at: datetime) -> int:
    """Make another person lead all of them."""
    found = _of(old, body)
    for one in found:
        changes.hand_over(review=one, to=new, by=by, at=at)
    return len(found)


def register() -> None:
    """Make the kind of work known."""
    register_work(
        KindOfWork(
            name="reviews",
            title="Reviews that they lead",
            needs="spend.change",
            pieces=pieces,
            hand_over=hand_over,
        )
    )
