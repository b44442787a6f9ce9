"""A person's keys for programs: make one, see it once, revoke it."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from section54.desk.api.v1 import permissions
from section54.desk.api.views import words_of
from section54.desk.key_forms import KeyForm, scopes_of
from section54.organisations.changes import NotPossibleError
from section54.organisations.http import UserRequest, permission
from section54.organisations.models import ApiToken, Body, User
from section54.organisations.recent import recent_sign_in
from section54.organisations.token_changes import made_in, make_token, revoke_token


def _body_of(user: User) -> Body | None:
    """Return the body in whose record of changes a person's keys stand: where they work."""
    held = sorted(user.roles_held, key=lambda one: (one.through is not None, one.body_name))
    return Body.objects.get(pk=held[0].body_id) if held else None


@require_safe
@permission("signed_in")
def key_list(request: UserRequest) -> HttpResponse:
    """Show one's keys; a key itself is shown only when it is made."""
    now = timezone.now()
    keys = [
        {
            "pk": key.pk,
            "name": key.name,
            "hint": key.hint,
            "may": [words_of(scope) for scope in key.scopes],
            "until": key.expires_at,
            "used": key.last_used_on,
            "state": "Revoked"
            if key.revoked_at
            else "Expired"
            if key.expires_at <= now
            else "Holds",
        }
        for key in ApiToken.objects.visible_to(request.user)[:200]
    ]
    can_make = bool(scopes_of(request.user, set(permissions.values()), words_of))
    context = {"title": "Keys for programs", "keys": keys, "can_make": can_make}
    return render(request, "desk/keys.html", context)


@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@permission("signed_in")
@recent_sign_in()
def key_make(request: UserRequest) -> HttpResponse:
    """Make a key, and show it this once."""
    scopes = scopes_of(request.user, set(permissions.values()), words_of)
    body = _body_of(request.user)
    if not scopes or body is None:
        return redirect("keys")
    form = KeyForm(request.POST if request.method == "POST" else None, scopes=scopes)
    if form.is_bound and form.is_valid():
        now = timezone.now()
        try:
            key, secret = make_token(
                user=request.user,
                body=body,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=now + form.holds_for,
                at=now,
            )
        except NotPossibleError as refusal:
            form.add_error(None, str(refusal))
        else:
            context = {"title": "Your new key", "key": key, "secret": secret}
            return render(request, "desk/key_shown.html", context)
    return render(request, "desk/key_make.html", {"title": "Make a key", "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@permission("signed_in")
def key_revoke(request: UserRequest, pk: UUID) -> HttpResponse:
    """Ask, then make a key useless."""
    mine = ApiToken.objects.visible_to(request.user).filter(revoked_at=None)
    key = get_object_or_404(mine, pk=pk)
    if request.method == "POST":
        try:
            revoke_token(token=key, body=made_in(key), by=request.user, at=timezone.now())
        except NotPossibleError as refusal:
            messages.warning(request, f"{refusal}.")
        else:
            messages.success(request, f"The key “{key.name}” opens nothing any more.")
        return redirect("keys")
    return render(request, "desk/key_revoke.html", {"title": "Revoke a key", "key": key})
