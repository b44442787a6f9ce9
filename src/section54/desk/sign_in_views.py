"""The ways in that are open to anybody: a second factor after the password, and passkeys."""

from http import HTTPStatus

from allauth.account.models import Login
from allauth.account.views import LoginView
from allauth.core.internal import ratelimit
from allauth.mfa.base.views import AuthenticateView
from allauth.mfa.webauthn.forms import LoginWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from section54.desk.account_forms import NOT_CHECKED
from section54.desk.account_views import safe_next
from section54.desk.sign_in import WAYS, user_at
from section54.desk.sign_in_changes import note_refused, note_stopped


_password = LoginView.as_view()


@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with a password; of tries that were too many from one address, take note."""
    answer: HttpResponse = _password(request)
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        note_stopped(user=user_at(request.POST.get("login")), at=timezone.now())
    return answer


class _CodeView(AuthenticateView):  # type: ignore[misc]
    """The second factor after the password: a code, or a passkey."""

    http_method_names = ["get", "head", "post"]
    template_name = "mfa/authenticate.html"

    def form_invalid(self, form: object) -> HttpResponse:
        """Take note of a refused passkey; a refused code was noted when it was checked."""
        if form is self.webauthn_form:
            note_refused(user=self.stage.login.user, way=WAYS["webauthn"], at=timezone.now())
        response: HttpResponse = super().form_invalid(form)
        return response


code = login_not_required(_CodeView.as_view())


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def passkey(request: HttpRequest) -> HttpResponse:
    """Say what the browser is to sign (GET, for the script), or sign in with what it signed."""
    if request.user.is_authenticated:
        return redirect("home")
    if request.method != "POST":
        if "application/json" not in request.headers.get("Accept", ""):
            return redirect("sign-in")
        return JsonResponse(webauthn.begin_authentication(user=None))
    refused: HttpResponse | None = ratelimit.consume_or_429(
        request, app="allauth.mfa", action="webauthn_login"
    )
    if refused is not None:
        return refused
    onward = safe_next(request)
    form = LoginWebAuthnForm(data=request.POST)
    if form.is_valid():
        authenticator = form.cleaned_data["credential"]
        answer: HttpResponse = perform_passwordless_login(
            request, authenticator, Login(user=authenticator.user, redirect_url=onward)
        )
        return answer
    note_refused(user=None, way=WAYS["webauthn"], at=timezone.now())
    messages.warning(request, f"{NOT_CHECKED}, or sign in with your password.")
    query = "" if onward == reverse("home") else f"?{urlencode({'next': onward})}"
    return HttpResponseRedirect(reverse("sign-in") + query)
