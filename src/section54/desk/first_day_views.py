"""The pages of a body's first day, for its administrator."""

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from section54.desk.first_day import USUAL_OFFICES, steps_of
from section54.desk.first_day_forms import LogoForm, OfficesForm
from section54.organisations.changes import NotPossibleError
from section54.organisations.http import UserRequest, permission
from section54.organisations.logo_changes import remove_logo, set_logo
from section54.organisations.models import Body, Logo, Office, scoped
from section54.organisations.office_changes import found_office


def _administered(request: UserRequest, pk: UUID) -> Body:
    """Return a body whose people the user looks after, or 404."""
    return get_object_or_404(Body.objects.changeable_by(request.user), pk=pk)


@require_safe
@permission("people.change_of_others")
def first_day(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show what is set up and what is not."""
    body = _administered(request, pk)
    steps = steps_of(body, timezone.localdate())
    must = [step for step in steps if step.must]
    context = {
        "title": f"Set up {body.name}",
        "body": body,
        "steps": steps,
        "done": sum(step.is_done for step in must),
        "of": len(must),
    }
    return render(request, "desk/first_day.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("people.change_of_others")
def usual_offices(request: UserRequest, pk: UUID) -> HttpResponse:
    """Name several offices of a body at once."""
    body = _administered(request, pk)
    there = list(Office.objects.filter(body=body, closed_on=None))
    have = {office.name.lower() for office in there}
    usual = [name for name in USUAL_OFFICES[body.kind] if name.lower() not in have]
    form = OfficesForm(request.POST if request.method == "POST" else None, usual=usual)
    if form.is_bound and form.is_valid():
        try:
            with transaction.atomic():
                for name in form.chosen:
                    found_office(body=body, name=name, by=request.user, at=timezone.now())
        except NotPossibleError as refusal:
            form.add_error("another", str(refusal))
        else:
            return redirect("first-day", pk=body.pk)
    context = {"title": f"Offices of {body.name}", "body": body, "form": form, "there": there}
    return render(request, "desk/usual_offices.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("people.change_of_others")
def logo(request: UserRequest, pk: UUID) -> HttpResponse:
    """Set a body's logo, or take it away."""
    body = _administered(request, pk)
    there = Logo.objects.filter(body=body).first()
    is_removal = request.method == "POST" and "remove" in request.POST
    form = LogoForm(
        *(() if is_removal or request.method != "POST" else (request.POST, request.FILES))
    )
    if is_removal:
        if there is not None:
            remove_logo(logo=there, by=request.user, at=timezone.now())
            messages.success(request, f"{body.name} is shown without a logo.")
        return redirect("logo", pk=body.pk)
    if form.is_bound and form.is_valid():
        try:
            set_logo(
                body=body,
                file=form.cleaned_data["picture"],
                by=request.user,
                at=timezone.now(),
            )
        except NotPossibleError as refusal:
            form.add_error("picture", str(refusal))
        else:
            messages.success(request, "The logo is shown at the top of each page.")
            return redirect("first-day", pk=body.pk)
    context = {"title": f"Logo of {body.name}", "body": body, "form": form, "logo": there}
    return render(request, "desk/logo.html", context)


@require_safe
@permission("signed_in")
def logo_picture(request: UserRequest, pk: UUID) -> HttpResponse:
    """Show a body's logo to who has a role there."""
    logos = scoped(Logo.objects.all(), request.user, "signed_in")
    return HttpResponse(bytes(get_object_or_404(logos, body=pk).png), content_type="image/png")
