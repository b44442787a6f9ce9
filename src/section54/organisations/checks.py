"""The start-up check: no view without a permission, unless the table lists it as public."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from section54.organisations.http import is_noted, permission_of
from section54.organisations.permissions import NOTED, PUBLIC


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Return every address of the site with its pattern, those of included files too."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern


@register()
def every_view_names_its_permission(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each address whose view names no permission."""
    return [
        Error(
            f"/{route} opens {pattern.lookup_str} without a permission.",
            hint='Mark the view with @permission("…") from organisations/http.py.',
            id="organisations.E001",
        )
        for route, pattern in routes()
        if pattern.name not in PUBLIC and permission_of(pattern.callback) is None
    ]


@register()
def every_view_of_what_is_sensitive_is_noted(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Return an error for each address that is noted in the table or in its view, but not both."""
    return [
        Error(
            f"/{route} ({pattern.name}) is noted in only one of two places.",
            hint="Name it in NOTED of organisations/permissions.py, and mark its view @noted.",
            id="organisations.E002",
        )
        for route, pattern in routes()
        if (pattern.name in NOTED) != is_noted(pattern.callback)
    ]
