"""The one place where rows are narrowed to the bodies in which somebody may see or change them."""

from typing import Any, Protocol
from uuid import UUID

from django.db import models


class Scoped(Protocol):
    """Somebody who may do something in some bodies."""

    def body_ids(self, permission: str) -> frozenset[UUID]:
        """Return the ids of the bodies in which they have a permission."""


def scoped(
    queryset: models.QuerySet[Any], user: Scoped, permission: str, field: str = "body"
) -> models.QuerySet[Any]:
    """Return the rows of the bodies in which a user has a permission; ``field`` names the body."""
    return queryset.filter(**{f"{field}__in": user.body_ids(permission)})
