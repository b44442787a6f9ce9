"""The door for programs: a key instead of a session, and every refusal as a problem in JSON."""

import json
import time
from collections.abc import Callable
from http import HTTPStatus

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from ninja.security import HttpBearer

from section54.organisations.models import ApiToken, User, hash_of_token
from section54.organisations.token_changes import note_use
from section54.records.rows import everything


BEHIND = "/api/v1/"
OPEN = frozenset({"/api/v1/openapi.json"})
PROBLEM = "application/problem+json"
A_MINUTE = 120  # requests of one key
A_MINUTE_SECONDS = 60
SENTENCES = {
    400: "The request cannot be understood: see /api/ for what can be asked.",
    401: "Send a key: Authorization: Bearer s54_… Make one under Your account, Keys for programs.",
    403: "This key may not do that: it lacks the permission, or its person does.",
    404: "There is nothing here, or nothing of yours.",
    405: "This address can only be read: use GET.",
    413: "The request is too large.",
    429: "Too many requests with this key: wait a minute.",
}
OURS = "Sorry, that is a fault of ours: try again in a few minutes."


def problem(status: int, detail: str = "") -> HttpResponse:
    """Return a refusal as RFC 9457 has it, with one sentence that says what to do."""
    words = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or SENTENCES.get(status, OURS),
    }
    answer = HttpResponse(json.dumps(words), status=status, content_type=PROBLEM)
    if status == HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = 'Bearer realm="Section54"'
    return answer


def key_of(request: HttpRequest) -> ApiToken | None:
    """Return the usable key that a request carries."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not secret:
        return None
    # Found by the hash: how long it takes tells nothing of the secret.
    with everything():
        return (
            ApiToken.objects.usable(timezone.now())
            .filter(token_hash=hash_of_token(secret.strip()))
            .select_related("user")
            .first()
        )


def is_one_too_many(key: ApiToken) -> bool:
    """Count a request of a key; return whether the key asked too often in this minute.

    Refused requests count too, and so do those that other processes answer: the key's row is held
    meanwhile, so none is lost.
    """
    name = f"api-{key.pk}-{int(time.time()) // A_MINUTE_SECONDS}"
    if cache.get(name, 0) >= A_MINUTE:
        return True
    with everything(), transaction.atomic():
        ApiToken.objects.select_for_update().get(pk=key.pk)
        count: int = cache.get(name, 0) + 1
        cache.set(name, count, 2 * A_MINUTE_SECONDS)
        note_use(token=key, on=timezone.localdate())
    return count > A_MINUTE


class Keys:
    """Lets programs in by their key; a browser's session opens nothing here."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Say who asks, or refuse."""
        if not request.path.startswith(BEHIND) or request.path in OPEN:
            return self.get_response(request)
        key = key_of(request)
        if key is None:
            return problem(HTTPStatus.UNAUTHORIZED)
        if is_one_too_many(key):
            answer = problem(HTTPStatus.TOO_MANY_REQUESTS)
            answer["Retry-After"] = str(A_MINUTE_SECONDS - int(time.time()) % A_MINUTE_SECONDS)
            return answer
        request.user = key.user.limited_to(key.scopes)
        request.api_token = key  # type: ignore[attr-defined]
        if request.method == "HEAD":  # answered as GET; the server leaves its content out
            request.method = "GET"
        response = self.get_response(request)
        if response.status_code >= HTTPStatus.BAD_REQUEST and response["Content-Type"] != PROBLEM:
            answer = problem(response.status_code)
            if allow := response.get("Allow"):
                answer["Allow"] = allow
            return answer
        return response


class Bearer(HttpBearer):
    """Tells the description of the interface that a key is needed; the door has looked at it."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """Return who asks."""
        return request.user if hasattr(request, "api_token") else None  # type: ignore[return-value]
