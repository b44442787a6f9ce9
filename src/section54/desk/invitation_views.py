"""The page of an invitation, open to whoever has its link: who invites to what, and accepting."""

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from section54.desk.account_forms import ChosenPasswordForm
from section54.desk.provider import ACCEPT, set_out
from section54.desk.sign_in_changes import accept_in_person, accept_with_password
from section54.organisations.changes import NotPossibleError
from section54.organisations.models import Invitation, User, hash_of_token
from section54.records.rows import everything


CLOSED = {
    Invitation.State.ACCEPTED: "This invitation was used: sign in with your email address.",
    Invitation.State.WITHDRAWN: "It was taken back: ask who invited you for a new one.",
    Invitation.State.EXPIRED: "It has expired: ask who invited you for a new one.",
}


@everything()
def _found(secret: str) -> tuple[Invitation, bool]:
    """Return the invitation of a link, and whether somebody with its address has an account.

    Raises:
        Http404: no invitation has this link.
    """
    invitations = Invitation.objects.select_related("body", "collaboration__lead", "invited_by")
    found = invitations.filter(token_hash=hash_of_token(secret)).first()
    if found is None:
        raise Http404
    return found, User.objects.filter(email__iexact=found.email).exists()


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Show an invitation (GET changes nothing), or accept it."""
    found, has_account = _found(secret)
    now, user = timezone.now(), request.user if isinstance(request.user, User) else None
    state = found.state(now)
    context = {"title": "Your invitation", "invitation": found, "path": request.path}
    if state != Invitation.State.OPEN:
        closed = {"title": "This invitation works no more", "why": CLOSED[state]}
        return render(request, "desk/invitation_closed.html", context | closed, status=410)
    theirs = user is not None and user.email.lower() == found.email
    form = ChosenPasswordForm(
        request.POST if request.method == "POST" and "entra" not in request.POST else None,
        user=User(email=found.email, name=found.name),
    )
    context |= {"form": form, "has_account": has_account, "theirs": theirs}
    if request.method != "POST" or (user is not None and not theirs):
        return render(request, "desk/invitation.html", context)
    if user is None and not has_account and "entra" in request.POST:
        return set_out(request, ACCEPT, back=request.path, invitation=str(found.pk))
    try:
        if user is not None:
            accept_in_person(invitation=found, user=user, on=timezone.localdate(), at=now)
            messages.success(request, f"You are now {found.role_name} of {found.place}.")
            return redirect("home")
        if has_account or not form.is_valid():
            return render(request, "desk/invitation.html", context)
        account = accept_with_password(
            invitation=found,
            password=form.cleaned_data["password"],
            on=timezone.localdate(),
            at=now,
        )
    except NotPossibleError as error:
        form.add_error(None, str(error))
        return render(request, "desk/invitation.html", context)
    record_authentication(request, account, method="password")
    answer: HttpResponse = perform_login(request, Login(user=account))
    return answer
