"""Headers that no library sets for us, on every answer."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase


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

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers."""
        response = self.get_response(request)
        for name, value in FIXED.items():
            response[name] = value
        if not (request.path.startswith(settings.STATIC_URL) and response.status_code < 400):
            response["Cache-Control"] = "no-store"
        return response
