"""Version 1 of the interface for programs: what can be asked, each with its permission."""

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern
from django.utils import timezone
from ninja import NinjaAPI, Query, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import Field

from section54.desk.api import answers
from section54.desk.api.door import PROBLEM, Bearer, problem
from section54.engine.payments import payments_of
from section54.organisations.http import ATTRIBUTE
from section54.organisations.models import Body, User
from section54.organisations.permissions import PERMISSIONS
from section54.organisations.reading_changes import note_reading
from section54.records.models import Event
from section54.records.rows import everything
from section54.risk.models import Finding, Review, as_seen_by
from section54.risk.views import line_of
from section54.spend.models import Ledger


MOST = 100  # of one list at a time
FURTHEST = 10_000_000  # where a list may begin: no ledger has more lines
Row = TypeVar("Row")
TierName = Literal["high", "medium", "unknown", "low", "not_applicable"]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many at most.")]
Offset = Annotated[int, Query(ge=0, le=FURTHEST, description="How many to leave out first.")]

api = NinjaAPI(
    title="Section54",
    version="1.0.0",
    description="What a public body spent and where the risk to people lies, for programs. "
    "Read-only. Every request carries a key of a person and gives what they may see, no more.",
    auth=Bearer(),
    openapi_url=None,  # the pages beside this give it
    docs_url=None,
    urls_namespace="api-v1",
)
REFUSALS: dict[int, Any] = dict.fromkeys((401, 403, 404, 422, 429), answers.Problem)
permissions: dict[str, str] = {}  # by the name of the address


class ApiRequest(HttpRequest):
    """A request with a key."""

    user: User
    api_token: Any


class Page(Schema, Generic[Row]):
    """A part of a list."""

    items: list[Row]
    total: int = Field(description="How many there are in all.")
    limit: int
    offset: int


def reading(path: str, name: str, permission: str, answer: Any) -> Callable[[Any], Any]:
    """Make a function an address that can be read by whoever has a permission."""
    if permission not in PERMISSIONS:
        raise ValueError(f"{permission} is not in organisations/permissions.py")
    permissions[name] = permission
    return api.get(
        path,
        url_name=name,
        response={200: answer, **REFUSALS},
        operation_id=name.removeprefix("api-"),
        openapi_extra={"x-permission": permission},
    )


def part_of(rows: Any, limit: int, offset: int, total: int | None = None) -> dict[str, Any]:
    """Return the part of a list that was asked for."""
    return {
        "items": list(rows[offset : offset + limit]),
        "total": rows.count() if total is None else total,
        "limit": limit,
        "offset": offset,
    }


@reading("/me", "api-me", "signed_in", answers.Me)
def me(request: ApiRequest) -> dict[str, Any]:
    """Whose key this is, and what it may do today."""
    user, key = request.user, request.api_token
    return {
        "name": user.name,
        "key": key.name,
        "expires_at": key.expires_at,
        "permissions": [scope for scope in key.scopes if user.may(scope)],
        "roles": [
            {
                "body": held.body_id,
                "name": held.body_name,
                "role": held.role,
                "role_name": held.role_name,
                "through": held.through.name if held.through else None,
            }
            for held in user.roles_held
        ],
    }


@reading("/bodies", "api-bodies", "signed_in", Page[answers.Body])
def bodies(request: ApiRequest, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """The bodies in which the person has a role."""
    mine = Body.objects.filter(pk__in=request.user.body_ids("signed_in")).order_by("name")
    return part_of(mine, limit, offset)


def _review(request: ApiRequest, pk: UUID) -> Review:
    """Return a review that is made and that the person may see, or 404; another's without notes."""
    made = Review.objects.visible_to(request.user).made().select_related("body")
    for found in as_seen_by(made.filter(pk=pk), request.user):
        return found
    raise Http404


def _taken(request: ApiRequest, review: Review) -> None:
    """Take note that a program reads a review's payees: once a day for a key, not once a page."""
    now, user = timezone.now(), request.user
    line = line_of(review, f"payees with the key “{request.api_token.name}”")
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    with everything():  # a shared review's line stands in the chain of the body that shares it
        told = Event.objects.about(review).filter(kind=line.kind, by_id=user.pk, at__gte=midnight)
        if not told.filter(detail__what=line.detail["what"]).exists():
            note_reading(lines=[line], by=user, at=now)


def _as_answer(review: Review) -> dict[str, Any]:
    return {
        "id": review.pk,
        "body": review.body_id,
        "reference": review.reference,
        "name": review.name,
        "state": review.state,
        "period_from": review.period_from,
        "period_to": review.period_to,
        "made_at": review.made_at,
        "next_due_on": review.next_due_on,
        "shared": review.shared_words,
    }


@reading("/reviews", "api-reviews", "spend.see", Page[answers.Review])
def reviews(
    request: ApiRequest,
    limit: Limit = 50,
    offset: Offset = 0,
    body: Annotated[UUID | None, Query(description="Only this body's.")] = None,
) -> dict[str, Any]:
    """Reviews of spend that are made, the latest period first."""
    made = Review.objects.visible_to(request.user).made().select_related("body")
    found = part_of(made.filter(body=body) if body else made, limit, offset)
    seen = as_seen_by(found["items"], request.user)
    return {**found, "items": [_as_answer(review) for review in seen]}


@reading("/reviews/{uuid:pk}", "api-review", "spend.see", answers.Figures)
def review(request: ApiRequest, pk: UUID) -> dict[str, Any]:
    """One review with its totals, how much of it is known, and the tables behind it."""
    found = _review(request, pk)
    figures = {name: found.figures.get(name, {}) for name in ("totals", "coverage")}
    return {"review": _as_answer(found), **figures, "tables": found.figures.get("tables", [])}


@reading("/reviews/{uuid:pk}/categories", "api-categories", "spend.see", Page[answers.Category])
def categories(
    request: ApiRequest, pk: UUID, limit: Limit = 50, offset: Offset = 0
) -> dict[str, Any]:
    """What was bought, the highest risk first."""
    return part_of(_review(request, pk).categories.all(), limit, offset)


@reading("/reviews/{uuid:pk}/findings", "api-findings", "spend.see", Page[answers.Finding])
def findings(
    request: ApiRequest,
    pk: UUID,
    limit: Limit = 50,
    offset: Offset = 0,
    tier: Annotated[TierName | None, Query(description="Only this tier, as computed.")] = None,
) -> dict[str, Any]:
    """What was found of each payee, in the computed order: most risk first."""
    review = _review(request, pk)
    _taken(request, review)
    found = review.payees.order_by("place")
    return part_of(found.filter(tier=tier) if tier else found, limit, offset)


@reading(
    "/reviews/{uuid:pk}/findings/{uuid:finding}/payments",
    "api-payments",
    "spend.see",
    Page[answers.Payment],
)
def payments(
    request: ApiRequest, pk: UUID, finding: UUID, limit: Limit = 50, offset: Offset = 0
) -> dict[str, Any]:
    """A payee's payments, the newest first; never those of people, nor of withheld names."""
    of = _review(request, pk)
    found: Finding = get_object_or_404(of.payees.filter(hidden=False), pk=finding)
    if not of.payments_file.is_file():
        raise Http404
    _taken(request, of)
    rows: Sequence[dict[str, Any]] = (
        payments_of(of.payments_file, found.payee_id, offset, limit) if offset < found.lines else ()
    )
    return {"items": list(rows), "total": found.lines, "limit": limit, "offset": offset}


@reading("/ledgers", "api-ledgers", "spend.see", Page[answers.Ledger])
def ledgers(request: ApiRequest, limit: Limit = 50, offset: Offset = 0) -> dict[str, Any]:
    """Ledgers that count, and what became of their rows."""
    there = Ledger.objects.visible_to(request.user).taken_in().select_related("source")
    found = part_of(there.order_by("-first_paid", "source__name", "pk"), limit, offset)
    return {
        **found,
        "items": [
            {
                "id": ledger.pk,
                "body": ledger.body_id,
                "file": ledger.source.name,
                "sha256": ledger.source.sha256,
                **{
                    name: getattr(ledger, name)
                    for name in (
                        *("rows", "read", "rejected", "blank", "headings", "amount"),
                        *("column_total", "first_paid", "last_paid"),
                    )
                },
            }
            for ledger in found["items"]
        ],
    }


@api.exception_handler(ValidationError)
def _not_understood(request: HttpRequest, error: ValidationError) -> HttpResponse:
    wrong = error.errors[0] if error.errors else {}
    where = ".".join(str(one) for one in wrong.get("loc", ())[1:])
    return problem(422, f"{where}: {wrong.get('msg', 'not understood')}." if where else "")


@api.exception_handler(Http404)
def _not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404)


@api.exception_handler(HttpError)
def _refused(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(error.status_code)


def addresses() -> list[URLPattern]:
    """Return the addresses, each marked with its permission as other views are."""
    patterns, *_ = api.urls
    named = [one for one in patterns if isinstance(one, URLPattern) and one.name in permissions]
    for pattern in named:
        setattr(pattern.callback, ATTRIBUTE, permissions[str(pattern.name)])
    return named


def described() -> dict[str, Any]:
    """Return the description of the interface (OpenAPI 3.1)."""
    told: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/v1/")))
    for methods in told["paths"].values():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                if int(status) in REFUSALS:  # the library knows one kind of content for all
                    answer["content"] = {PROBLEM: answer["content"].pop("application/json")}
    return told
