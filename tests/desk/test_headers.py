"""Every address, in every way that it can answer, has the same security headers and no others."""

import logging
import os
from collections import Counter
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from tests.organisations.test_matrix import OWN, path_of, world
from tests.people import a_user

from section54.organisations.checks import routes
from section54.organisations.http import ATTRIBUTE, permission_of
from section54.organisations.permissions import ROLES, allowed


__all__ = ["world"]
pytestmark = pytest.mark.django_db
ASSETS = Path(__file__).parents[2] / "src" / "section54" / "ui" / "static" / "ui"
CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
    "object-src": ["'none'"],
    "require-trusted-types-for": ["'script'"],
}
# On every answer, with exactly this value.
ALWAYS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
PAGE = {**ALWAYS, "Cache-Control": "no-store"}
STATIC = {**ALWAYS, "Cache-Control": "max-age=60, public"}
# What says what the answer is, and where to go: no other header may be there.
PLAIN = {"Content-Type", "Content-Length", "Content-Disposition", "Vary", "Location", "Allow"}
PLAIN |= {"WWW-Authenticate", "Retry-After"}  # of the interface for programs
PLAIN |= {"Expires", "Last-Modified", "ETag"}
# Machines that ask for health are answered before anything else.
BEFORE_ANY_VIEW = {"health/alive", "health/ready"}
TOO_LARGE = b"x=" + b"x" * 2_700_000
FORM = "application/x-www-form-urlencoded"


def wrong_headers(answer, right=PAGE):
    """Return what is not as the table says, a line each."""
    found = dict(answer.items())
    policy = found.get("Content-Security-Policy", "")
    found["Content-Security-Policy"] = {
        part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()
    }
    wrong = [f"{name}: {found.get(name)!r}" for name in right if found.get(name) != right[name]]
    return wrong + [f"{name} is one too many" for name in found if name not in right.keys() | PLAIN]


def who_may(pattern):
    """Return a role that opens an address."""
    named = permission_of(pattern.callback)
    return next((role for role in ROLES if named in allowed(role)), "head_of_procurement")


def ways(world, route, pattern):
    """Return every way to ask an address, as functions."""
    by_key = route.startswith("api/v1/") and pattern.name != "api-openapi"
    may = (world.programs if by_key else world.people)[who_may(pattern)]
    stranger = world.people["none"]
    own, gone = (path_of(route, pattern, ids) for ids in (world.ids[OWN], world.missing()))
    return [
        lambda: may.get(own),
        lambda: may.head(own),
        lambda: may.post(own),
        lambda: may.put(own),
        lambda: Client().get(own),
        lambda: stranger.get(own),
        lambda: may.get(gone),
        lambda: may.post(gone),
        lambda: may.get(own, headers={"host": "elsewhere.example"}),
        lambda: may.post(own, TOO_LARGE, content_type=FORM),
        lambda: Client(enforce_csrf_checks=True).post(own),
        lambda: with_a_fault(may, own, pattern),
    ]


def with_a_fault(client, path, pattern):
    """Return the answer of an address whose view has a fault."""

    def fault(request, *args, **kwargs):
        raise RuntimeError("on purpose")

    view, client.raise_request_exception = pattern.callback, False
    setattr(fault, ATTRIBUTE, permission_of(view))
    fault.login_required = getattr(view, "login_required", True)
    try:
        pattern.callback = fault
        return client.get(path)
    finally:
        pattern.callback, client.raise_request_exception = view, True


@pytest.fixture
def quiet():
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("quiet")
def test_every_address_has_exactly_these_headers_whatever_it_answers(world, figure):
    stranger = Client()
    stranger.force_login(a_user("Nobody Granted", ""))
    clients = [*world.people.values(), *world.programs.values(), stranger]
    people = SimpleNamespace(people={**world.people, "none": stranger}, ids=world.ids)
    people.missing, people.programs = world.missing, world.programs
    seen, where, wrong = Counter(), {}, []
    for route, pattern in routes():
        for way in ways(people, route, pattern):
            kept = [deepcopy(client.cookies) for client in clients]
            cache.clear()
            with transaction.atomic():
                answer = way()
                answer.close()
                transaction.set_rollback(True)
            for client, cookies in zip(clients, kept, strict=True):
                client.cookies = cookies
            seen[answer.status_code] += 1
            where.setdefault(answer.status_code, set()).add(route)
            method = answer.request["REQUEST_METHOD"]
            said = f"{method} /{route}: {answer.status_code}"
            wrong += [f"{said}: {line}" for line in wrong_headers(answer)]
    assert not wrong, "\n".join(wrong[:40])
    assert set(seen) == {200, 302, 400, 401, 403, 404, 405, 413, 500}
    views = {route for route, _ in routes()} - BEFORE_ANY_VIEW
    assert views - where[400] == views - where[500] == set()
    figure("answers whose headers were compared with one table", seen.total())


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("path", "status", "right"),
    [
        ("/static/ui/{}", 200, STATIC),
        ("/static/ui/nothing.css", 404, PAGE),
        ("/static/../etc/passwd", 404, PAGE),
        ("/nowhere/", 404, PAGE),
        ("/nowhere", 404, PAGE),
        ("/reviews", 301, PAGE),
        ("/%ff%fe", 404, PAGE),
        ("/reviews/not-an-id/", 404, PAGE),
    ],
)
def test_files_and_what_is_no_address_have_them_too(client, path, status, right):
    client.force_login(a_user("Alice", "head_of_procurement"))
    style = next(name for name in os.listdir(ASSETS) if name.endswith(".css"))
    answer = client.get(path.format(style))
    answer.close()
    assert (answer.status_code, wrong_headers(answer, right)) == (status, [])


def test_a_file_that_was_not_changed_has_them_too(client):
    path = f"/static/ui/{next(n for n in os.listdir(ASSETS) if n.endswith('.css'))}"
    first = client.get(path)
    first.close()
    again = client.get(path, headers={"if-modified-since": first["Last-Modified"]})
    assert (again.status_code, wrong_headers(again, STATIC)) == (304, [])


def test_a_header_that_is_missing_wrong_or_one_too_many_is_found(client):
    answer = client.get("/sign-in/")
    assert wrong_headers(answer) == []
    del answer["X-Frame-Options"]
    answer["Referrer-Policy"] = "no-referrer"
    answer["Server"] = "Section54"
    answer["Content-Security-Policy"] += "; script-src-elem 'unsafe-inline'"
    assert len(wrong_headers(answer)) == 4
