"""Sharing a review with a collaboration on purpose, and taking it back."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from section54.organisations.changes import NotPossibleError
from section54.organisations.collaboration_changes import members, share, stop_sharing
from section54.organisations.http import UserRequest, permission
from section54.organisations.models import Share
from section54.risk.forms import ShareForm
from section54.risk.views import changeable, shown


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
def review_share(request: UserRequest, pk: UUID) -> HttpResponse:
    """Share a review, once it was shown who will see what; list with whom it is shared."""
    review = changeable(request, pk)
    if not review.is_readable:
        messages.warning(request, "Only a review that is ready to read can be shared.")
        return redirect("review", pk=pk)
    if review.undone_imports.exists():
        messages.warning(request, "A ledger of this review was undone, so it cannot be shared.")
        return redirect("review", pk=pk)
    today = timezone.localdate()
    form = ShareForm(request.POST if request.method == "POST" else None, review=review, on=today)
    if request.method == "POST" and form.is_valid() and "change" not in request.POST:
        chosen = form.cleaned_data["collaboration"]
        if "confirmed" not in request.POST:
            context = shown(review, request.user, "Check before you share") | {
                "collaboration": chosen,
                "others": [body for body in members(chosen, today) if body.pk != review.body_id],
            }
            return render(request, "risk/share_check.html", context)
        try:
            share(
                subject=review,
                body=review.body,
                collaboration=chosen,
                starts_on=today,
                by=request.user,
                at=timezone.now(),
            )
        except NotPossibleError as error:
            form.add_error(None, f"{error}.")
        else:
            messages.success(request, f"The review is shared with {chosen}.")
            return redirect("review-share", pk=pk)
    context = shown(review, request.user, "Share") | {
        "form": form,
        "shares": Share.objects.of(review).in_force(today).select_related("shared_by"),
    }
    return render(request, "risk/share.html", context)


@require_POST
@permission("spend.change")
def review_share_stop(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show a review to a collaboration no more, from now on."""
    review = changeable(request, pk)
    today = timezone.localdate()
    standing = Share.objects.of(review).in_force(today)
    shared = standing.filter(collaboration=ShareForm.key_of(request.POST)).first()
    try:
        if shared is None:
            raise NotPossibleError("It is not shared with that collaboration any more")
        stop_sharing(shared=shared, by=request.user, at=timezone.now(), on=today)
    except NotPossibleError as error:
        messages.warning(request, f"{error}.")
    else:
        messages.success(request, f"The review is shared with {shared.collaboration} no more.")
    return redirect("review-share", pk=pk)
