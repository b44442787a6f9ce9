"""The pages about the interface: its description for programs, and the same for people."""

import json
from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from section54.desk.api.door import A_MINUTE
from section54.desk.api.v1 import MOST, described
from section54.organisations.permissions import AREAS


@cache
def _description() -> str:
    return json.dumps(described(), indent=1)


@require_safe
@login_not_required
def openapi(request: HttpRequest) -> HttpResponse:
    """Give the description of the interface, which holds nobody's data."""
    return HttpResponse(_description(), content_type="application/json")


@require_safe
@login_not_required
def about(request: HttpRequest) -> HttpResponse:
    """Show what programs can ask."""
    operations = [
        {
            "path": path,
            "words": operation["description"],
            "needs": words_of(operation["x-permission"]),
            "asks": [
                (one["name"], one.get("description", ""))
                for one in operation.get("parameters", [])
                if one["in"] == "query"
            ],
        }
        for path, methods in json.loads(_description())["paths"].items()
        for operation in methods.values()
    ]
    context: dict[str, Any] = {
        "title": "For programs",
        "operations": operations,
        "most": MOST,
        "a_minute": A_MINUTE,
    }
    return render(request, "desk/api.html", context)


def words_of(permission: str) -> str:
    """Return a permission in words: ``See ledgers, suppliers and risk reviews``."""
    area, _, verb = permission.partition(".")
    if not verb:
        return "Any key"
    words = AREAS[area]
    return f"{verb.replace('_', ' ').capitalize()} {words[0].lower()}{words[1:]}"
