"""The page of what is kept for how long, and of what goes within a month."""

from collections import Counter
from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from section54.desk.audit import SEE
from section54.desk.retention import Due, due, holds, rules
from section54.engine.errors import BadInput
from section54.organisations.http import UserRequest, permission


AHEAD = timedelta(days=31)
MOST = 500  # records on the page; the command's list has all


@require_safe
@permission(SEE)
def retention(request: UserRequest) -> HttpResponse:
    """Show each period with its reason, and rehearse what goes within a month."""
    until = timezone.localdate() + AHEAD
    bodies = request.user.body_ids(SEE)
    wrong = ""
    every: list[Due] = []
    classes = []
    held = 0
    try:
        classes = rules()
        every = due(until)
        held = len(holds(until - AHEAD))
    except BadInput as error:
        wrong = str(error)
    own = [one for one in every if one.one.body_id in bodies]
    # What belongs to no one body may be about another's people: only how many there are.
    shared = Counter(one.rule.what for one in every if one.one.body_id is None and not one.held)
    context = {
        "title": "How long things are kept",
        "rules": classes,
        "until": until,
        "own": own[:MOST],
        "more": max(len(own) - MOST, 0),
        "shared": sorted(shared.items()),
        "held": held,
        "is_on": settings.PURGE,
        "wrong": wrong,
        "today": until - AHEAD,
    }
    return render(request, "desk/retention.html", context)
