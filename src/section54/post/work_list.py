"""What needs a person today: each room says what of its own does, the first page puts it in order.

A room adds its part from ``AppConfig.ready()`` with ``register``. The registry stands here, low in
the house, so that every room can.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from section54.organisations.models import User


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the work list.

    Attributes:
        what: What is to be done, as the words of its link: ``Check what was read in IMP-7K3M``.
        link: The path of the page where it is done.
        why: Why, or what is known, in one sentence.
        due: The day by which; None: whenever there is time today.
        count: How many there are, where it stands for more than one.
        body: The body's name, shown to who works for several.
        under_way: Nothing is to be done but to wait: the program is at it.
    """

    what: str
    link: str
    why: str = ""
    due: date | None = None
    count: int | None = None
    body: str = ""
    under_way: bool = False


Provider = Callable[[User, date], Iterable[Item]]


_known: dict[str, Provider] = {}


def register(name: str, provider: Provider) -> None:
    """Have a function asked for lines: of what this user may see and has to do, and no other.

    Args:
        name: The room, or the part of it; once more with the same name replaces it.
        provider: Given the user, who knows their grants of the day, and the day.
    """
    _known[name] = provider


def items(user: User, today: date) -> list[Item]:
    """Return every line for a user, in no order."""
    return [item for _, ask in sorted(_known.items()) for item in ask(user, today)]
