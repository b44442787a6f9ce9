"""One's own account: what one signs in with, where one is signed in, and proving who is there."""

import re
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url
from allauth.core import ratelimit
from allauth.mfa.adapter import get_adapter as factor_adapter
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from allauth.mfa.webauthn.forms import ReauthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from markupsafe import Markup

from section54.desk import sign_in_changes as changes
from section54.desk.account_forms import (
    NOT_CHECKED,
    AppForm,
    PasskeyForm,
    PasskeyNameForm,
    PasswordForm,
    ProofForm,
    first_use,
)
from section54.desk.sign_in import WAYS
from section54.organisations.http import UserRequest, permission
from section54.organisations.models import User
from section54.organisations.recent import has_second_factor, recent_sign_in
from section54.organisations.session_changes import end_session, end_sessions_of


SECRET = "app_secret"  # noqa: S105 - where the session keeps it, encrypted, until it is proven
TOTP, PASSKEY = Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN
CODES = Authenticator.Type.RECOVERY_CODES
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("Chrom", "Chrome"),
    ("CriOS", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)


def browser_words(agent: str) -> str:
    """Return a browser and its machine in words.

    >>> browser_words("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")
    'Chrome on Windows'
    """
    browser = next((name for sign, name in BROWSERS if sign in agent), "A browser")
    system = next((name for sign, name in SYSTEMS if sign in agent), "")
    return f"{browser} on {system}" if system else browser


def _factors(user: User) -> dict[str, list[Authenticator]]:
    found: dict[str, list[Authenticator]] = {TOTP: [], PASSKEY: [], CODES: []}
    for factor in Authenticator.objects.filter(user=user).order_by("pk"):
        found[factor.type].append(factor)
    return found


def must_have_factor(user: User) -> bool:
    """Return whether a person has to keep a second factor."""
    return bool(settings.SECOND_FACTOR_REQUIRED and user.has_usable_password())


def codes_left(user: User) -> int:
    """Return how many recovery codes a person has not used."""
    kept = Authenticator.objects.filter(user=user, type=CODES).first()
    return len(kept.wrap().get_unused_codes()) if kept else 0


@require_safe
@permission("signed_in")
def account(request: UserRequest) -> HttpResponse:
    """Show one's own account: name, what one signs in with, and where."""
    user, factors = request.user, _factors(request.user)
    living = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    sessions = UserSession.objects.filter(user=user, session_key__in=living)
    key = request.session.session_key
    context = {
        "title": "Your account",
        "app": factors[TOTP][0] if factors[TOTP] else None,
        "passkeys": factors[PASSKEY],
        "codes_left": codes_left(user),
        "identities": SocialAccount.objects.filter(user=user).order_by("date_joined"),
        "has_password": user.has_usable_password(),
        "sessions": [
            {
                "number": session.pk,
                "browser": browser_words(session.user_agent),
                "address": session.ip,
                "began": session.created_at,
                "seen": session.last_seen_at,
                "here": session.session_key == key,
            }
            for session in sessions.order_by("-last_seen_at")
        ],
    }
    return render(request, "desk/account.html", context)


@require_POST
@permission("signed_in")
def sessions_end(request: UserRequest) -> HttpResponse:
    """End one of one's own other sessions, or all of them."""
    user, now, here = request.user, timezone.now(), request.session.session_key or ""
    if "all" in request.POST:
        count = end_sessions_of(
            user=user, by=user, at=now, because="they ended their other sessions", but=here
        )
        words = f"{count} other session{'' if count == 1 else 's'} ended."
    else:
        number = request.POST.get("session", "")
        session = (
            UserSession.objects.filter(user=user, pk=int(number)).exclude(session_key=here).first()
            if re.fullmatch(r"\d{1,18}", number, re.ASCII)
            else None
        )
        ended = session is not None and end_session(
            user=user,
            session_key=session.session_key,
            by=user,
            at=now,
            because="they ended it",
        )
        words = "The session ended." if ended else "That session had ended before."
    messages.success(request, words)
    return HttpResponseRedirect(f"{reverse('account')}#sessions")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@permission("signed_in")
def password_change(request: UserRequest) -> HttpResponse:
    """Change one's own password; it ends every other session."""
    user = request.user
    if not user.has_usable_password():
        messages.info(request, "Your account has no password: you sign in without one.")
        return redirect("account")
    data = request.POST if request.method == "POST" else None
    form = PasswordForm(data, user=user, request=request)
    if form.is_valid():
        old = request.session.session_key or ""
        request.session.cycle_key()
        changes.change_password(
            user=user,
            password=form.cleaned_data["new"],
            old_session=old,
            new_session=request.session.session_key or "",
            at=timezone.now(),
        )
        request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        record_authentication(request, user, method="password")
        messages.success(request, "Your password is changed. Every other session has ended.")
        return redirect("account")
    return render(
        request, "desk/account_password.html", {"title": "Change your password", "form": form}
    )


def _show_codes(request: UserRequest, added: str, codes: list[str]) -> HttpResponse:
    """Show recovery codes, this once."""
    context = {"title": "Your recovery codes", "added": added, "codes": codes}
    return render(request, "desk/account_codes_shown.html", context)


def _qr_code(address: str) -> Markup:
    """Return a QR code as an SVG element: nothing in it is inline style, script or an address."""
    svg: str = factor_adapter().build_totp_svg(address)
    svg = svg[svg.index("<svg") :]
    return Markup(  # noqa: S704 - made of numbers by the library
        svg.replace("<svg", '<svg role="img" aria-label="QR code for the app" class="qr"', 1)
    )


@sensitive_post_parameters()
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@permission("signed_in")
@recent_sign_in(always=True)
def app(request: UserRequest) -> HttpResponse:
    """Set up an authenticator app, or remove it."""
    user, adapter = request.user, factor_adapter()
    existing = Authenticator.objects.filter(user=user, type=TOTP).first()
    if existing is not None:
        return _remove_app(request, existing)
    kept = request.session.get(SECRET, "")
    if not kept:
        kept = request.session[SECRET] = adapter.encrypt(generate_totp_secret())
    secret = adapter.decrypt(kept)
    form = AppForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        code = form.cleaned_data["code"]
        limit = {"action": "login_failed", "key": f"mfa-auth-user-{user.pk}"}
        try:
            if not ratelimit.consume(request, **limit):
                raise changes.NotPossibleError(
                    "There were too many tries. Wait five minutes and try again."
                )
            added = changes.add_app(user=user, secret=secret, code=code, at=timezone.now())
        except changes.NotPossibleError as error:
            form.add_error("code", str(error).rstrip("."))
        else:
            ratelimit.clear(request, **limit)
            first_use(user, code)
            del request.session[SECRET]
            post_authentication(request, added.factor)
            if added.codes:
                return _show_codes(request, "Your authenticator app is set up.", added.codes)
            messages.success(request, "Your authenticator app is set up.")
            return redirect("account")
    context = {
        "title": "Set up an authenticator app",
        "form": form,
        "secret": " ".join(re.findall(".{1,4}", secret)),
        "picture": _qr_code(adapter.build_totp_url(user, secret)),
        "must": must_have_factor(user) and not has_second_factor(user),
    }
    return render(request, "desk/account_app.html", context)


def _remove_app(request: UserRequest, existing: Authenticator) -> HttpResponse:
    if request.method == "POST":
        try:
            changes.remove_factor(
                user=request.user,
                factor=existing,
                required=must_have_factor(request.user),
                at=timezone.now(),
            )
        except changes.NotPossibleError as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, "Your authenticator app is removed.")
        return redirect("account")
    return render(
        request, "desk/account_app_remove.html", {"title": "Remove your authenticator app"}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@permission("signed_in")
@recent_sign_in(always=True)
def recovery_codes(request: UserRequest) -> HttpResponse:
    """Make new recovery codes; they are shown once."""
    if request.method == "POST":
        try:
            codes = changes.renew_recovery_codes(user=request.user, at=timezone.now())
        except changes.NotPossibleError as error:
            messages.warning(request, str(error))
            return redirect("account")
        return _show_codes(request, "You have new recovery codes. The old ones are void.", codes)
    context = {"title": "Recovery codes", "left": codes_left(request.user)}
    return render(request, "desk/account_codes.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission("signed_in")
@recent_sign_in(always=True)
def passkeys(request: UserRequest) -> HttpResponse:
    """Add a passkey, rename or remove one."""
    user, now = request.user, timezone.now()
    form = PasskeyForm()
    names: dict[int, PasskeyNameForm] = {}
    if request.method == "POST" and "passkey" in request.POST:
        number = request.POST["passkey"]
        passkey = (
            Authenticator.objects.filter(user=user, type=PASSKEY, pk=int(number)).first()
            if re.fullmatch(r"\d{1,18}", number, re.ASCII)
            else None
        )
        if passkey is None:
            messages.warning(request, "That passkey is not there any more.")
            return redirect("account-passkeys")
        if "remove" in request.POST:
            try:
                changes.remove_factor(
                    user=user, factor=passkey, required=must_have_factor(user), at=now
                )
            except changes.NotPossibleError as error:
                messages.warning(request, str(error))
            else:
                messages.success(
                    request,
                    "The passkey is removed. Remove it from the device or password manager, too.",
                )
            return redirect("account-passkeys")
        renamed = PasskeyNameForm(request.POST, prefix=str(passkey.pk))
        if renamed.is_valid():
            changes.name_passkey(
                user=user, passkey=passkey, name=renamed.cleaned_data["name"], at=now
            )
            messages.success(request, "The passkey has its new name.")
            return redirect("account-passkeys")
        names[passkey.pk] = renamed
    elif request.method == "POST":
        form = PasskeyForm(request.POST)
        if form.is_valid():
            added = changes.add_passkey(
                user=user,
                name=form.cleaned_data["name"] or f"Passkey of {now:%d %B %Y}".replace(" 0", " "),
                credential=form.cleaned_data["credential"],
                at=now,
            )
            post_authentication(request, added.factor)
            if added.codes:
                return _show_codes(request, "Your passkey is added.", added.codes)
            messages.success(request, "Your passkey is added.")
            return redirect("account-passkeys")
    own = _factors(user)[PASSKEY]
    context = {
        "title": "Passkeys",
        "form": next(iter(names.values()), form),
        "add": form,
        "passkeys": [
            {
                "passkey": one,
                "name": one.wrap().name,
                "form": names.get(one.pk)
                or PasskeyNameForm(prefix=str(one.pk), initial={"name": one.wrap().name}),
            }
            for one in own
        ],
        "options": webauthn.begin_registration(user, passwordless=True),
    }
    return render(request, "desk/account_passkeys.html", context)


def safe_next(request: HttpRequest) -> str:
    """Return where to go on to, on this site only; the home page otherwise."""
    asked = get_next_redirect_url(request) or ""
    own = url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if own and asked.startswith("/") else reverse("home")


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@permission("signed_in")
def prove(request: UserRequest) -> HttpResponse:
    """Have people prove again who they are, and take them back to what they were doing."""
    user, onward = request.user, safe_next(request)
    has_passkey = Authenticator.objects.filter(user=user, type=PASSKEY).exists()
    form, wrong = ProofForm(user=user, request=request), ""
    if request.method == "POST" and "credential" in request.POST:
        presented = ReauthenticateWebAuthnForm(user=user, data=request.POST)
        if presented.is_valid():
            post_authentication(request, presented.cleaned_data["credential"], reauthenticated=True)
            changes.note_proof(user=user, ways=[WAYS["webauthn"]], at=timezone.now())
            return HttpResponseRedirect(onward)
        changes.note_refused(user=user, way=WAYS["webauthn"], at=timezone.now())
        wrong = NOT_CHECKED + "."
    elif request.method == "POST":
        form = ProofForm(request.POST, user=user, request=request)
        if form.is_valid():
            record_authentication(request, user, method="password", reauthenticated=True)
            ways = [WAYS["password"]]
            if form.code_form is not None:
                factor = form.code_form.authenticator
                post_authentication(request, factor, reauthenticated=True)
                ways.append(WAYS[factor.type])
            changes.note_proof(user=user, ways=ways, at=timezone.now())
            return HttpResponseRedirect(onward)
    context: dict[str, Any] = {
        "title": "Confirm that it is you",
        "form": form,
        "wrong": wrong,
        "next": onward,
        "unsent": request.GET.get("unsent") or request.POST.get("unsent"),
        "has_password": user.has_usable_password(),
        "options": webauthn.begin_authentication(user) if has_passkey else None,
    }
    return render(request, "desk/prove.html", context)
