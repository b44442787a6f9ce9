"""The door: every view names its permission, and no view opens without it.

A person who lacks the permission in every body gets 403 and a page that says whom to ask. What
belongs to another body is found by nobody (``visible_to``), so it is the same 404 as what does not
exist. A view that names no permission stops the program at start-up (``checks``).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    StreamingHttpResponse,
)
from django.http.response import HttpResponseBase
from django.utils import timezone

from section54.organisations.models import User
from section54.organisations.permissions import PERMISSIONS, PUBLIC, SIGNED_IN
from section54.organisations.reading_changes import Line, note_reading
from section54.records.rows import of_bodies


View = TypeVar("View", bound=Callable[..., HttpResponseBase])
ATTRIBUTE = "section54_permission"
IS_NOTED = "section54_noted"


class UserRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User


def permission(name: str) -> Callable[[View], View]:
    """Name the permission that a view needs.

    Raises:
        ValueError: no such permission is in the table.
    """
    if name not in PERMISSIONS:
        raise ValueError(f"{name} is not in organisations/permissions.py")

    def mark(view: View) -> View:
        setattr(view, ATTRIBUTE, name)
        return view

    return mark


def permission_of(view: Callable[..., Any]) -> str | None:
    """Return the permission that a view names, or None."""
    named: str | None = getattr(view, ATTRIBUTE, None)
    return named


@dataclass(frozen=True, slots=True)
class Taken:
    """What a view gives away of sensitive records, and the lines that say so."""

    response: HttpResponseBase
    lines: Sequence[Line]


def noted(view: Callable[..., Taken]) -> Callable[..., HttpResponseBase]:
    """Write down what somebody reads or takes away, before any of it is sent.

    The view says what the lines are, so it cannot forget to. A question for the headers alone and
    an answer that gives nothing write none. Its address stands in ``permissions.NOTED``, or the
    program does not start.
    """

    @wraps(view)
    def noting(request: UserRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        taken = view(request, *args, **kwargs)
        if request.method != "HEAD" and taken.response.status_code == 200:
            note_reading(lines=taken.lines, by=request.user, at=timezone.now())
        return taken.response

    setattr(noting, IS_NOTED, True)
    return noting


def is_noted(view: Callable[..., Any]) -> bool:
    """Return whether what a view gives away is written down."""
    return bool(getattr(view, IS_NOTED, False))


class PermissionMiddleware:
    """Asks, before each view, whether this person may open it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Tell the user which day it is, and the database which bodies' rows it may show them."""
        if not request.user.is_authenticated:
            return self.get_response(request)
        request.user.on(timezone.localdate())
        shown = of_bodies(request.user.body_ids(SIGNED_IN), person=request.user.pk)
        with shown:
            response = self.get_response(request)
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            parts: Any = response.streaming_content
            response.streaming_content = shown.each(parts)
        return response

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> None:
        """Refuse a view that the person may not open.

        Raises:
            Http404: the view names no permission and is not public.
            PermissionDenied: the person has not the permission in any body.
        """
        match = request.resolver_match
        if match is not None and match.view_name in PUBLIC:
            return
        named = permission_of(view)
        if named is None:
            raise Http404
        if request.user.is_authenticated and not request.user.may(named):
            raise PermissionDenied(named)
