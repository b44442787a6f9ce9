"""Recent sign-in: what weighs much asks people to prove again that it is they who do it.

The proof is read from what this session itself recorded: a password together with the second
factor that the person has, a passkey, or a fresh sign-in at the organisation's own service. A
session that recorded nothing is never recent.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse


View = TypeVar("View", bound=Callable[..., HttpResponseBase])
MINUTES = 15
PAGE = "prove"  # the name of the page's address
ATTRIBUTE = "section54_recent_minutes"


def has_second_factor(user: Any) -> bool:
    """Return whether a person has an authenticator app or a passkey."""
    return bool(
        Authenticator.objects.filter(user_id=user.pk)
        .exclude(type=Authenticator.Type.RECOVERY_CODES)
        .exists()
    )


def proved_at(request: HttpRequest) -> float | None:
    """Return when the person of this session last proved in full who they are, or None."""
    records = get_authentication_records(request, request.user)
    password, code, whole = 0.0, 0.0, 0.0
    for entry in records:
        at, method = float(entry.get("at", 0)), entry.get("method")
        if method == "password":
            password = max(password, at)
        elif method == "mfa" and entry.get("type") == Authenticator.Type.WEBAUTHN:
            whole = max(whole, at)  # settings ask for its owner's finger, face or PIN each time
        elif method == "mfa":
            code = max(code, at)
        elif method == "socialaccount" and entry.get("reauthenticated"):
            whole = max(whole, at)  # any other may be a session of weeks over there
    if password:
        whole = max(whole, min(password, code) if has_second_factor(request.user) else password)
    return whole or None


def is_recent(request: HttpRequest, minutes: int = MINUTES) -> bool:
    """Return whether the person proved within so many minutes who they are."""
    at = proved_at(request)
    return at is not None and 0 <= time.time() - at < minutes * 60


def ask_again(request: HttpRequest, back: str = "") -> HttpResponseRedirect:
    """Send somebody to prove who they are, and then back to where they were."""
    query = {"next": back or request.get_full_path()}
    if request.method == "POST":
        query["unsent"] = "1"
    return HttpResponseRedirect(f"{reverse(PAGE)}?{urlencode(query)}")


def recent_sign_in(
    minutes: int = MINUTES, *, always: bool = False, back: str = ""
) -> Callable[[View], View]:
    """Let a view be used only shortly after its person proved who they are.

    Put it below ``@permission``. What was sent after the time is over is not done: the person
    comes back to the page by GET, and sends it again.

    Args:
        minutes: How long a proof counts.
        always: Also where the installation does not ask for recent sign-in (one machine).
        back: The name of the page to come back to, for an address that has no GET.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            asks = always or settings.RECENT_SIGN_IN_ASKED
            if asks and not is_recent(request, minutes):
                return ask_again(request, reverse(back) if back else "")
            return view(request, *args, **kwargs)

        setattr(asked, ATTRIBUTE, minutes)
        return asked  # type: ignore[return-value]

    return decorate
