"""The home page: the review to act on, or what to do to get one."""

from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from section54.organisations.http import UserRequest, permission
from section54.risk.models import Review
from section54.risk.views import overview_context
from section54.sources.models import Import


@require_safe
@permission("signed_in")
def home(request: UserRequest) -> HttpResponse:
    """Show the latest review, what waits for somebody, or how to begin."""
    if not request.user.may("spend.see"):
        return render(request, "desk/no_access.html", {"title": "You have no access yet"})
    reviews = Review.objects.visible_to(request.user)
    latest = reviews.made().first()
    context = {
        "title": "Home",
        "waiting": Import.objects.visible_to(request.user)
        .open()
        .select_related("job")
        .annotate(payments=Sum("ledgers__read")),
        "making": reviews.filter(state=Review.State.MAKING).select_related("job"),
    }
    if latest is None:
        return render(request, "desk/start.html", context)
    return render(request, "desk/home.html", {**context, **overview_context(latest, request.user)})
