"""The home page: what needs somebody today, then the review to act on, or how to get one."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from section54.desk.work_list import AT_FIRST, lines_for
from section54.organisations.http import UserRequest, permission
from section54.risk.models import Review
from section54.risk.views import overview_context


@require_safe
@permission("signed_in")
def home(request: UserRequest) -> HttpResponse:
    """Show what needs this person today; below it the latest review, or how to begin."""
    user = request.user
    if not user.roles_held:
        return render(request, "desk/no_access.html", {"title": "You have no access yet"})
    lines = lines_for(user, timezone.localdate())
    context = {
        "title": "Home",
        "to_do": lines,
        "first_lines": AT_FIRST if len(lines) > AT_FIRST + 1 else len(lines),
        "several_bodies": len({held.body_id for held in user.roles_held}) > 1,
        "sees_spend": user.may("spend.see"),
        "under_way": any(line.item.under_way for line in lines),
    }
    latest = Review.objects.of_bodies(user).made().first()
    if latest is not None:
        context = overview_context(latest, user) | context
    elif user.may("spend.see"):
        context["shared"] = Review.objects.visible_to(user).made().select_related("body")[:10]
    return render(request, "desk/home.html", context | {"latest": latest})
