"""What happens around every page: headers, how long a session lasts, and the second factor."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from section54.organisations.models import User
from section54.organisations.session_changes import end_session


SEEN_EVERY = timedelta(minutes=1)
# Pages that somebody without the second factor that they must have can open.
ON_THE_WAY_IN = frozenset(
    {"account-app", "account-passkeys", "account-recovery-codes", "sign-out", "account_logout"}
    | {"prove", "sign-in", "account_login"}
)
Answer = Callable[[HttpRequest], HttpResponseBase]


# The libraries set these on what passes through them. An answer that is given before, as to a host
# that is not ours, has them from here.
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": settings.X_FRAME_OPTIONS,
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


class Headers:
    """Sets, outermost of all, the same headers on every answer; pages are kept out of caches."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers."""
        response = self.get_response(request)
        for name, value in FIXED.items():
            response[name] = value
        if not (request.path.startswith(settings.STATIC_URL) and response.status_code < 400):
            response["Cache-Control"] = "no-store"
        return response


class SessionLimits:
    """Ends a session that is too old or was not used, and notes, to the minute, that it is used."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Look at the session of somebody who is signed in."""
        if isinstance(request.user, User) and not hasattr(request, "api_token"):
            self._look(request, request.user)
        return self.get_response(request)

    def _look(self, request: HttpRequest, user: User) -> None:
        now, key = timezone.now(), request.session.session_key
        session = UserSession.objects.filter(session_key=key, user=user).first()
        if session is None:  # from before sessions were listed
            UserSession.objects.create_from_request(request)
            return
        unused = now - session.last_seen_at
        if now - session.created_at >= settings.SESSION_LONGEST:
            over = f"it was {_words(settings.SESSION_LONGEST)} old"
        elif unused >= settings.SESSION_IDLE:
            over = f"it was not used for {_words(settings.SESSION_IDLE)}"
        else:
            if unused >= SEEN_EVERY:
                UserSession.objects.filter(pk=session.pk).update(last_seen_at=now)
            return
        end_session(user=user, session_key=session.session_key, by=None, at=now, because=over)
        logout(request)
        messages.info(request, f"Your session ended, as {over}. Sign in to go on.")


def _words(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    many, unit = (minutes, "minute") if minutes % 60 else (minutes // 60, "hour")
    return f"{many} {unit}{'' if many == 1 else 's'}"


class SecondFactor:
    """Leads who signed in with a password alone to set up the second factor that they must have."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Do nothing before the view is known."""
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> HttpResponseRedirect | None:
        """Let nobody past with a password alone, where the settings say so."""
        if not settings.SECOND_FACTOR_REQUIRED or not request.user.is_authenticated:
            return None
        if hasattr(request, "api_token"):  # its person had it when they made the key
            return None
        match = request.resolver_match
        if match is not None and match.view_name in ON_THE_WAY_IN:
            return None
        used = {entry.get("method") for entry in get_authentication_records(request, request.user)}
        if used & {"mfa", "socialaccount"}:
            return None
        return HttpResponseRedirect(reverse("account-app"))
