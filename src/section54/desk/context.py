"""What every page shows around its content: who is signed in, for whom, and where to go."""

from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from section54.desk.audit import history_of, what_happened
from section54.organisations.models import Logo, User
from section54.organisations.permissions import SIGNED_IN


# what stands in the foot of every page: address name, words, permission
FOOT = (
    ("messages-yours", "Your messages", SIGNED_IN),
    ("health", "Health", "people.see"),
)
# address name, words, permission, other addresses' beginnings that belong to it
PLACES = (
    ("home", "Home", SIGNED_IN, ()),
    ("review-list", "Reviews", "spend.see", ("/reviews/",)),
    ("ledger-list", "Ledgers", "spend.see", ("/ledgers/", "/imports/")),
    (
        "people",
        "People",
        "people.see",
        ("/people", "/invitations/", "/bodies/", "/collaborations/"),
    ),
    ("audit", "Record", "audit.see_people", ("/audit/",)),
)


def everywhere(request: HttpRequest) -> dict[str, Any]:
    """Return what the layout needs; nothing of it for who is not signed in."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return {"entra_name": settings.OIDC_NAME if settings.OIDC_ISSUER else ""}
    bodies = {held.body_id: held.body_name for held in user.roles_held if held.after is None}
    alone = next(iter(bodies)) if len(bodies) == 1 else None
    return {
        "signed_in": user.name,
        "entra_name": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "body_name": bodies[alone] if alone else "",
        "logo": logo_address(alone) if alone else "",
        "may_change": user.may("spend.change"),
        "may_audit": user.may("audit.see"),
        "footer": [
            {"text": words, "href": reverse(name)}
            for name, words, needed in FOOT
            if user.may(needed)
        ],
        "history_of": partial(history_of, user),
        "what_happened": partial(what_happened, user),
        "navigation": [
            {
                "text": words,
                "href": reverse(name),
                "active": request.path.startswith(starts) if starts else request.path == "/",
            }
            for name, words, needed, starts in PLACES
            if user.may(needed)
        ],
    }


def logo_address(body_id: UUID) -> str:
    """Return where a body's logo is, or nothing; another picture has another address."""
    sha256 = Logo.objects.filter(body=body_id).values_list("sha256", flat=True).first()
    return f"{reverse('logo-picture', kwargs={'pk': body_id})}?{sha256[:8]}" if sha256 else ""
