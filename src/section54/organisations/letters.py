"""How an invitation reaches whom it is for: by mail where there is a way, else by who invites.

The room of messages stands above this one, so it makes its way known here (``register``).
"""

from collections.abc import Callable
from datetime import datetime

from section54.organisations.models import Invitation


# Given the invitation, the path of its link and the moment, in the transaction that makes it;
# returns whether a message goes out.
Deliver = Callable[[Invitation, str, datetime], bool]


_ways: list[Deliver] = []


def register(way: Deliver) -> None:
    """Make the way known by which invitations are sent; it replaces an earlier one."""
    _ways[:] = [way]


def deliver(invitation: Invitation, path: str, at: datetime) -> bool:
    """Send an invitation's link, where there is a way; return whether it goes out."""
    return any(way(invitation, path, at) for way in _ways)
