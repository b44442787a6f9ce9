"""The pages of the audit trail: who did what and when, and the list to take away."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from section54.desk.audit import SEE, SEE_PEOPLE, kind_words, tell, visible_to
from section54.desk.checkpoints import outside
from section54.desk.consistency import Level, outcomes
from section54.engine.reports.cells import safe_cell
from section54.organisations.http import Taken, UserRequest, noted, permission
from section54.organisations.models import Body, User
from section54.organisations.reading_changes import Line
from section54.records.models import Event, EventQuerySet


PAGE = 50
MOST_EXPORTED = 100_000
LONGEST = 200  # letters of what is searched for
COLUMNS = ("When", "Who", "What", "Was", "Became", "About", "Body", "Line", "Hash")


def _day(given: str) -> date | None:
    try:
        return date.fromisoformat(given.strip())
    except ValueError:
        return None


def midnight(day: date) -> datetime:
    """Return when a day begins here."""
    return timezone.make_aware(datetime.combine(day, time.min))


def _asked(request: UserRequest) -> dict[str, str]:
    names = ("q", "by", "kind", "from", "to", "subject")
    return {name: request.GET.get(name, "").replace("\0", "")[:LONGEST].strip() for name in names}


def _found(request: UserRequest, asked: dict[str, str]) -> tuple[EventQuerySet, list[str]]:
    """Return the lines asked for, latest first, and what of the question cannot be understood."""
    events, wrong = visible_to(request.user), []
    for name, field in (("kind", "kind"), ("by", "by"), ("subject", "subject")):
        if asked[name]:
            events = events.filter(**{field: asked[name]})
    for name in ("from", "to"):
        if not asked[name]:
            continue
        day = _day(asked[name])
        if day is None or not 1900 < day.year < 9000:
            wrong.append(f"Enter the {name} date as year-month-day, such as 2026-04-20.")
        elif name == "from":
            events = events.filter(at__gte=midnight(day))
        else:
            events = events.filter(at__lt=midnight(day + timedelta(days=1)))
    if asked["q"]:
        words = asked["q"]
        events = events.filter(
            Q(by__icontains=words)
            | Q(kind__icontains=words.replace(" ", "_"))
            | Q(detail__icontains=words)
        )
    return events.order_by("-at", "-sequence"), wrong


@require_safe
@permission(SEE_PEOPLE)
def audit_list(request: UserRequest) -> HttpResponse:
    """Show who did what and when."""
    asked = _asked(request)
    events, wrong = _found(request, asked)
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    mine = visible_to(request.user).order_by()
    kinds = sorted((kind_words(one), one) for one in mine.values_list("kind", flat=True).distinct())
    context = {
        "title": "Record of changes",
        "asked": asked,
        "wrong": wrong,
        "page": page,
        "lines": [tell(event) for event in page.object_list],
        "kinds": kinds,
        "people": sorted(set(mine.values_list("by", flat=True).distinct())),
        "most": MOST_EXPORTED,
        "outside": _outside(request.user),
    }
    return render(request, "desk/audit.html", context)


def _outside(user: User) -> list[dict[str, Any]]:
    """Return, for each body whose record the user may read, when a checkpoint left last."""
    now = timezone.now()
    found = []
    for body in Body.objects.filter(pk__in=user.body_ids(SEE)).order_by("name"):
        left = outside(body.pk)
        found.append({"body": body.name, "left": left, "is_late": left.is_late(now)})
    return found


@require_safe
@permission(SEE)
def audit_checks(request: UserRequest) -> HttpResponse:
    """Show whether what is kept fits together, in the bodies whose record the user may read."""
    bodies = request.user.body_ids(SEE)
    found = outcomes(bodies, timezone.localdate())
    context = {
        "title": "Does what is kept fit together?",
        "outcomes": [
            (one, [(item, item.link_for(request.user)) for item in one.items]) for one in found
        ],
        "fits": all(one.level in (Level.FINE, Level.UNKNOWN) for one in found),
        "one_unknown": any(one.level == Level.UNKNOWN for one in found),
        "bodies": Body.objects.filter(pk__in=bodies).order_by("name"),
    }
    return render(request, "desk/audit_checks.html", context)


@require_safe
@permission(SEE_PEOPLE)
@noted
def audit_export(request: UserRequest) -> Taken:
    """Give the lines asked for away as CSV; that is a line of the record itself."""
    events, _ = _found(request, _asked(request))
    lines = list(events[:MOST_EXPORTED])
    counts: dict[UUID, int] = {}
    for event in lines:
        counts[event.body_id] = counts.get(event.body_id, 0) + 1
    filters = {name: value for name, value in _asked(request).items() if value}
    bodies = Body.objects.filter(pk__in=counts)
    noted_lines = [
        Line("audit_exported", body, body.pk, {"lines": counts[body.pk], "filters": filters})
        for body in bodies
    ]
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows_of(lines, _names(lines)))
    response = HttpResponse(
        b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace"),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="record-{timezone.localdate()}.csv"'
        },
    )
    return Taken(response, noted_lines)


def _names(lines: list[Event]) -> dict[UUID, str]:
    bodies = Body.objects.filter(pk__in={event.body_id for event in lines})
    return dict(bodies.values_list("pk", "name"))


def rows_of(lines: Iterable[Event], names: Mapping[UUID, str]) -> Iterator[list[object]]:
    """Yield lines of the record as a list to be taken away has them, under ``COLUMNS``.

    Args:
        names: The bodies' names, by their ids.
    """
    for event in lines:
        told = tell(event)
        words = (event.by, told.sentence, told.was, told.became, event.subject)
        yield [
            event.at.isoformat(timespec="seconds"),
            *map(safe_cell, words),
            safe_cell(names.get(event.body_id, "")),
            event.sequence,
            event.hash,
        ]
