"""What a page says when something went wrong: one designed answer for each kind.

Name these in the root addresses (``handler404 = "section54.ui.errors.page_not_found"``) and in the
settings (``CSRF_FAILURE_VIEW = "section54.ui.errors.csrf_failure"``).
"""

import logging
from collections.abc import Callable, Iterable

from django.core.exceptions import RequestDataTooBig, TooManyFilesSent
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.template.loader import render_to_string


logger = logging.getLogger(__name__)
# Shown where even the page for a fault of ours cannot be made.
LAST_RESORT = """<!DOCTYPE html>
<html lang="en-GB"><head><meta charset="utf-8"><title>Problem with this service – Section54</title>
</head><body><main><h1>Sorry, there is a problem with this service</h1>
<p>Try again in a few minutes. If it happens again, tell whoever runs Section54.</p>
</main></body></html>"""


def _answer(
    request: HttpRequest | None, status: int, template: str, **context: object
) -> HttpResponse:
    """Return a designed page, in the layout's own context where that can be had.

    The page is made again without request and context where that fails, and is a plain one at
    last: an error page must never be an error itself.
    """
    for asked in (request, None) if request else (None,):
        try:
            page = render_to_string(template, context, request=asked)
        except Exception:
            logger.warning("The page %s could not be made.", template, exc_info=True)
        else:
            return HttpResponse(page, status=status)
    return HttpResponse(LAST_RESORT, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer what cannot be understood (400), or what is too large to be sent (413)."""
    if isinstance(exception, RequestDataTooBig | TooManyFilesSent):
        return too_large(request)
    return _answer(request, 400, "400.html")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer who may not do this (403)."""
    return _answer(request, 403, "403.html")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an address where nothing is, or nothing of theirs (404)."""
    return _answer(request, 404, "404.html")


def method_not_allowed(request: HttpRequest, allowed: Iterable[str]) -> HttpResponse:
    """Answer a page that was asked for in the wrong way (405)."""
    response = _answer(request, 405, "405.html")
    response["Allow"] = ", ".join(allowed)
    return response


def too_large(request: HttpRequest, largest: int | None = None) -> HttpResponse:
    """Answer what is too large to be sent (413).

    Args:
        request: The request.
        largest: The largest size in bytes, to be named on the page.
    """
    return _answer(request, 413, "413.html", largest=largest)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    """Answer who tried too often (429)."""
    return _answer(request, 429, "429.html")


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a fault of ours (500): without database, session or any context."""
    return _answer(None, 500, "500.html")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form that was sent from an old page or another site (403)."""
    logger.warning("A form was refused: %s", reason)
    return _answer(request, 403, "csrf.html")


class ErrorPages:
    """Middleware that gives the bare answers of Django's decorators a designed page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Return the answer, with our page where it was an empty 405."""
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            return method_not_allowed(request, [response["Allow"]])
        return response
