"""Work of this room that is a person's: imports that wait for a check."""

from datetime import datetime

from django.urls import reverse

from section54.organisations.models import Body, User
from section54.organisations.work import KindOfWork, Piece
from section54.organisations.work import register as register_work
from section54.sources.changes import hand_over_import
from section54.sources.models import Import, ImportQuerySet


def _of(user: User, body: Body) -> ImportQuerySet:
    return Import.objects.open().filter(body=body, led_by=user).order_by("started_at", "pk")


def pieces(user: User, body: Body) -> list[Piece]:
    """Return the imports of a body that wait for somebody."""
    return [
        Piece(one.reference, reverse("import", kwargs={"pk": one.pk})) for one in _of(user, body)
    ]


def hand_over(*, body: Body, old: User, new: User, by: User, at: datetime) -> int:
    """Make another person see to all of them."""
    found = list(_of(old, body))
    for one in found:
        hand_over_import(brought_by=one, to=new, by=by, at=at)
    return len(found)


def register() -> None:
    """Make the kind of work known."""
    register_work(
        KindOfWork(
            name="imports",
            title="Ledgers that wait for their check",
            needs="spend.change",
            pieces=pieces,
            hand_over=hand_over,
        )
    )
