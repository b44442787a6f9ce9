"""Public bodies and their collaborations, their offices and people, and what each may do."""

from section54.organisations.models.bodies import (
    SHARED_PROCUREMENT,
    Body,
    BodyRelation,
    Collaboration,
    Logo,
    Membership,
)
from section54.organisations.models.departures import Departure
from section54.organisations.models.invitations import Invitation, hash_of_token
from section54.organisations.models.offices import Office, OfficeHolder
from section54.organisations.models.people import (
    Grant,
    Held,
    NoDayError,
    User,
    UserManager,
    roles_held,
)
from section54.organisations.models.scope import scoped
from section54.organisations.models.shares import Share, shared_with
from section54.organisations.models.tokens import ApiToken


__all__ = [
    "SHARED_PROCUREMENT",
    "ApiToken",
    "Body",
    "BodyRelation",
    "Collaboration",
    "Departure",
    "Grant",
    "Held",
    "Invitation",
    "Logo",
    "Membership",
    "NoDayError",
    "Office",
    "OfficeHolder",
    "Share",
    "User",
    "UserManager",
    "hash_of_token",
    "roles_held",
    "scoped",
    "shared_with",
]
