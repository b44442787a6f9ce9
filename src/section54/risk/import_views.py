"""Take an import in and have it reviewed; undo it with the reviews that rest on it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from section54.organisations.http import UserRequest, permission
from section54.organisations.models import Share
from section54.risk.changes import NotPossibleError, review_import, undo_import
from section54.risk.import_forms import TakeInForm, UndoForm
from section54.risk.models import Review
from section54.sources.models import Import
from section54.spend.changes import WrongStateError
from section54.spend.models import Ledger
from section54.spend.shown import alike_in_words
from section54.spend.titles import other_body_named


SOMEBODY_WAS_FIRST = "Somebody else changed this import meanwhile. This is how it stands now."


def _import(request: UserRequest, pk: UUID) -> Import:
    imports = Import.objects.changeable_by(request.user).select_related("body")
    return get_object_or_404(imports, pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
def import_take_in(request: UserRequest, pk: UUID) -> HttpResponse:
    """Take an import in whole, and ask for the review of its ledgers."""
    brought_by = _import(request, pk)
    ledgers = list(brought_by.ledgers.filter(read__gt=0).select_related("source", "body"))
    if brought_by.state != Import.State.TO_CHECK or not ledgers:
        messages.warning(request, "There is nothing in this import to take in now.")
        return redirect("import", pk=pk)
    form = TakeInForm(
        request.POST if request.method == "POST" else None, brought_by=brought_by, user=request.user
    )
    if request.method == "POST" and form.is_valid():
        try:
            review = review_import(
                brought_by=brought_by,
                name=form.cleaned_data["name"],
                earlier=form.cleaned_data.get("earlier"),
                by=request.user,
                at=timezone.now(),
            )
        except WrongStateError:
            messages.warning(request, SOMEBODY_WAS_FIRST)
            return redirect("import", pk=pk)
        except NotPossibleError as error:
            form.add_error(None, str(error))
        else:
            return redirect("review", pk=review.pk)
    context = {
        "title": "Take in and review",
        "brought": brought_by,
        "form": form,
        "ledgers": ledgers,
        "left_out": list(brought_by.ledgers.filter(read=0).select_related("source")),
        "alike": [(ledger, words) for ledger in ledgers if (words := alike_in_words(ledger))],
        "others": [(ledger, title) for ledger in ledgers if (title := other_body_named(ledger))],
        "twins": [
            (ledger, twin)
            for ledger in ledgers
            for twin in Ledger.objects.same_content_as(ledger).select_related("brought_by")
        ],
    }
    return render(request, "risk/import_take_in.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("spend.change")
def import_undo(request: UserRequest, pk: UUID) -> HttpResponse:
    """Undo an import whole, for a reason."""
    brought_by = _import(request, pk)
    if brought_by.state != Import.State.TAKEN_IN:
        messages.warning(request, "Only an import that was taken in can be undone, and once.")
        return redirect("import", pk=pk)
    form = UndoForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            undo_import(
                brought_by=brought_by,
                because=form.cleaned_data["because"],
                by=request.user,
                at=timezone.now(),
            )
        except NotPossibleError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, f"{brought_by.reference} was undone. Its ledgers no longer count."
            )
            return redirect("import", pk=pk)
    reviews = Review.objects.of_bodies(request.user).filter(ledgers__brought_by=brought_by)
    context = {
        "title": f"Undo {brought_by.reference}",
        "brought": brought_by,
        "form": form,
        "ledgers": list(brought_by.ledgers.filter(read__gt=0).select_related("source")),
        "withdrawn": reviews.filter(state__in=["making", "ready"]).distinct(),
        "staying": reviews.filter(state=Review.State.CONCLUDED).distinct(),
        "shared": Share.objects.filter(
            kind=Review._meta.label, subject_id__in=reviews.values("pk"), ends_on=None
        ).exists(),
    }
    return render(request, "risk/import_undo.html", context)
