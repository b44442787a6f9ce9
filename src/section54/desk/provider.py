"""Sign-in through the organisation's own service (OpenID Connect; Entra ID), strictly.

A person is an issuer and a subject, never an e-mail address. The library does not check what the
service signed when it fetched the token itself: here every ID token is checked against the
issuer's keys, and what the library would read from an address's query is never asked.
"""

import hmac
import logging
import secrets
import time
from typing import Any, NoReturn

import jwt
import requests
from allauth.account.internal.flows.login import record_authentication
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.mfa.stages import AuthenticateStage
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter, get_adapter
from allauth.socialaccount.models import SocialAccount, SocialLogin
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from allauth.utils import build_absolute_uri
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from section54.desk import sign_in_changes as changes
from section54.desk.account_views import safe_next
from section54.organisations.http import UserRequest, permission
from section54.organisations.models import User
from section54.organisations.recent import recent_sign_in


logger = logging.getLogger(__name__)
ID = "entra"
SIGN_IN, LINK, PROVE, ACCEPT = "sign in", "link", "prove", "accept"
ALGORITHMS = ("RS256", "PS256", "ES256")
LEEWAY = 60  # seconds by which two clocks may differ
LONGEST_UID = 191  # what the library's table holds
DID_NOT_WORK = "The sign-in with {} did not work. Try again."
COME_BACK = {"entra_callback": "30/m/ip"}  # how often somebody may come back
CLAIMS_SEEN = "section54_second_factor_claimed"


class EntraAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """The exchange with the service: every token is checked against the issuer's own keys."""

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        """Return where the service sends people back to."""
        return str(build_absolute_uri(request, reverse("entra-callback"), None))

    @property
    def openid_config(self) -> dict[str, Any]:
        """What the service says of itself.

        Raises:
            OAuth2Error: it says that it is another issuer than the settings name.
        """
        config: dict[str, Any] = super().openid_config
        if config.get("issuer") != settings.OIDC_ISSUER:
            raise OAuth2Error(f"the service calls itself {config.get('issuer')!r}")
        return config

    def complete_login(
        self, request: HttpRequest, app: Any, token: Any, **kwargs: Any
    ) -> SocialLogin:
        """Return who signed in over there, from a checked ID token and nothing else.

        Raises:
            OAuth2Error: there is no ID token, or it is not to be believed.
        """
        id_token = kwargs["response"].get("id_token")
        if not isinstance(id_token, str):
            raise OAuth2Error("no ID token")
        claims = self._decode_id_token(app, id_token)
        login = self.get_provider().sociallogin_from_response(request, claims)
        login.claims = claims
        return login

    def _decode_id_token(self, app: Any, id_token: str) -> dict[str, Any]:
        """Check who signed a token, for whom and until when, and return what it says.

        Raises:
            OAuth2Error: anything of it is not right.
        """
        try:
            key_id = jwt.get_unverified_header(id_token).get("kid")
            with get_adapter().get_requests_session() as session:
                answer = session.get(self.openid_config["jwks_uri"])
                answer.raise_for_status()
                keys = jwt.PyJWKSet.from_dict(answer.json()).keys
            key = next((one for one in keys if one.key_id == key_id), None)
            if key is None or key_id is None:
                raise OAuth2Error("signed with a key that the issuer does not have")
            claims: dict[str, Any] = jwt.decode(
                id_token,
                key=key.key,
                algorithms=list(ALGORITHMS),
                issuer=settings.OIDC_ISSUER,
                audience=app.client_id,
                leeway=LEEWAY,
                options={"require": ["exp", "iat", "iss", "aud", "sub", "nonce"]},
            )
        except (jwt.PyJWTError, KeyError, ValueError, TypeError, AttributeError) as error:
            raise OAuth2Error(f"the ID token is not right: {error}") from error
        if isinstance(claims["aud"], list) and claims["aud"] != [app.client_id]:
            raise OAuth2Error("the ID token is also for others")
        if not 0 < len(_uid(claims)) <= LONGEST_UID:
            raise OAuth2Error("the subject is too long")
        return claims


def _uid(claims: dict[str, Any]) -> str:
    """Return the identity: the issuer and, in it, the subject."""
    return f"{claims['iss']}#{claims['sub']}"


class EntraProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """The service as the settings name it."""

    id = ID
    name = "Entra ID"
    oauth2_adapter_class = EntraAdapter
    pkce_enabled_default = True

    def get_default_scope(self) -> list[str]:
        """Ask for the person's name, and for no address."""
        return ["openid", "profile"]

    def extract_uid(self, data: dict[str, Any]) -> str:
        """Return the identity."""
        return _uid(data)

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Keep what a person knows their account over there by, and nothing else."""
        return {"name": str(data.get("preferred_username") or data.get("name") or "")[:254]}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """Take nothing over into an account of ours."""
        return {}

    def extract_email_addresses(self, data: dict[str, Any]) -> list[Any]:
        """Take no address: nobody is known by one."""
        return []


provider_classes = [EntraProvider]


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """What happens to somebody who comes back from the service."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Say no: people come by invitation."""
        return False

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Say no."""
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: Any = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> NoReturn:
        """Say that it did not work, and why in the log; note it if it was begun here."""
        if "state" not in (extra_context or {}):
            messages.warning(request, DID_NOT_WORK.format(settings.OIDC_NAME))
            raise ImmediateHttpResponse(_back(request))
        logger.warning("A sign-in through %s was refused: %s", provider.name, exception or error)
        _refuse(request, None, DID_NOT_WORK.format(settings.OIDC_NAME))

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Check what only this session knows, and do what the person set out to do."""
        state, claims = sociallogin.state, sociallogin.claims
        sent, back = str(state.get("nonce") or ""), str(claims["nonce"])
        if not sent or not hmac.compare_digest(sent.encode(), back.encode()):
            logger.warning("A token was made for another sign-in.")
            _refuse(request, None, DID_NOT_WORK.format(settings.OIDC_NAME))
        if settings.OIDC_MFA_CLAIMS:
            if not _says_second_factor(claims):
                _refuse(
                    request,
                    _known(sociallogin),
                    f"{settings.OIDC_NAME} did not say that you used a second factor: ask your "
                    "administrator to have it required there.",
                )
            setattr(request, CLAIMS_SEEN, True)
        purpose = state.get("purpose")
        if purpose == LINK:
            raise ImmediateHttpResponse(_link(request, sociallogin))
        if purpose == PROVE:
            raise ImmediateHttpResponse(_prove(request, sociallogin))
        if purpose == ACCEPT:
            _accept(request, sociallogin)
            return
        if purpose != SIGN_IN:
            _refuse(request, None, "Start the sign-in again.")
        if not sociallogin.is_existing:
            changes.note_refused(user=None, way=settings.OIDC_NAME, at=timezone.now())
            raise ImmediateHttpResponse(
                render(
                    request,
                    "desk/no_account.html",
                    {"title": "You have no account here", "service": settings.OIDC_NAME},
                    status=403,
                )
            )


def _says_second_factor(claims: dict[str, Any]) -> bool:
    said = claims.get("amr")
    used = set(map(str, said)) if isinstance(said, list) else set()
    return bool((used | {str(claims.get("acr"))}) & set(settings.OIDC_MFA_CLAIMS))


def _known(sociallogin: SocialLogin) -> User | None:
    return sociallogin.user if sociallogin.is_existing else None


def _refuse(request: HttpRequest, user: User | None, words: str) -> NoReturn:
    """Refuse, take note, and say why where the person came from."""
    changes.note_refused(user=user, way=settings.OIDC_NAME, at=timezone.now())
    messages.warning(request, words)
    raise ImmediateHttpResponse(_back(request))


def _back(request: HttpRequest) -> HttpResponse:
    return redirect("account" if request.user.is_authenticated else "sign-in")


def _same_person(request: HttpRequest, sociallogin: SocialLogin) -> User:
    """Return who is signed in, if it is who set out; the session may have changed hands since."""
    user = request.user
    if not isinstance(user, User) or str(user.pk) != sociallogin.state.get("user"):
        _refuse(request, None, "Sign in first, then start again.")
    return user


def _link(request: HttpRequest, sociallogin: SocialLogin) -> HttpResponse:
    user = _same_person(request, sociallogin)
    try:
        changes.link_identity(
            user=user,
            provider=ID,
            uid=sociallogin.account.uid,
            name=sociallogin.account.extra_data["name"],
            at=timezone.now(),
        )
    except changes.NotPossibleError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"You can now sign in with {settings.OIDC_NAME}.")
    return redirect("account")


def _accept(request: HttpRequest, sociallogin: SocialLogin) -> None:
    """Make the account of an invitation; the library then signs its person in."""
    if _known(sociallogin) is not None:
        _refuse(request, _known(sociallogin), "You have an account: sign in with it, then accept.")
    account = sociallogin.account
    try:
        changes.accept_by_identity(
            invitation_id=sociallogin.state["invitation"],
            provider=ID,
            uid=account.uid,
            name=account.extra_data["name"],
            on=timezone.localdate(),
            at=timezone.now(),
        )
    except changes.NotPossibleError as error:
        _refuse(request, None, str(error))
    sociallogin.lookup()


def _prove(request: HttpRequest, sociallogin: SocialLogin) -> HttpResponse:
    user, state = _same_person(request, sociallogin), sociallogin.state
    if _known(sociallogin) != user:
        _refuse(request, user, f"That is not the {settings.OIDC_NAME} account linked to yours.")
    proved = sociallogin.claims.get("auth_time")
    if not isinstance(proved, int) or proved < state["started"] - LEEWAY:
        _refuse(request, user, f"{settings.OIDC_NAME} did not ask you again. Choose another way.")
    account = sociallogin.account
    record_authentication(
        request, user, "socialaccount", provider=ID, uid=account.uid, reauthenticated=True
    )
    changes.note_proof(user=user, ways=[settings.OIDC_NAME], at=timezone.now())
    return redirect(state.get("next") or "home")


class SecondFactorStage(AuthenticateStage):  # type: ignore[misc]
    """Asks for the second factor, unless the service has just said that it did."""

    def _should_handle(self, request: HttpRequest) -> bool:
        return not getattr(request, CLAIMS_SEEN, False) and super()._should_handle(request)


def set_out(
    request: HttpRequest, purpose: str, onward: str = "", *, back: str = "", **state: Any
) -> HttpResponse:
    """Send somebody to the service, with what only this session knows.

    Args:
        purpose: What for, as ``pre_social_login`` reads it.
        onward: Where they go afterwards.
        back: Where they go if the service cannot be asked.
        state: What is needed when they come back.
    """
    back = back or ("account" if request.user.is_authenticated else "sign-in")
    if not settings.OIDC_ISSUER:
        messages.warning(request, "Sign-in through your organisation is not set up here.")
        return redirect(back)
    nonce, now = secrets.token_urlsafe(32), int(time.time())
    again = {"prompt": "login", "max_age": "0"} if purpose == PROVE else {}
    provider = get_adapter().get_provider(request, ID)
    try:
        answer: HttpResponse = provider.redirect(
            request,
            process="login",
            next_url=onward,
            auth_params={"nonce": nonce, **again},
            nonce=nonce,
            started=now,
            purpose=purpose,
            **state,
        )
    except (OAuth2Error, requests.RequestException, ValueError, KeyError) as error:
        logger.warning("%s cannot be used: %s", settings.OIDC_NAME, error)
        messages.warning(
            request, f"{settings.OIDC_NAME} cannot be reached. Try again, or choose another way."
        )
        return redirect(back)
    return answer


@login_not_required
@require_POST
def entra_sign_in(request: HttpRequest) -> HttpResponse:
    """Send somebody to the service to sign in."""
    return set_out(request, SIGN_IN, safe_next(request))


@login_not_required
@require_safe
def entra_callback(request: HttpRequest) -> HttpResponse:
    """Take back who comes from the service."""
    if not settings.OIDC_ISSUER:
        return redirect("sign-in")
    stopped: HttpResponse | None = ratelimit.consume_or_429(
        request, app="section54", action="entra_callback", config=COME_BACK, limit_get=True
    )
    if stopped is not None:
        return stopped
    view = OAuth2CallbackView.adapter_view(EntraAdapter(request, ID))
    try:
        answer: HttpResponse = view(request)
    except (KeyError, TypeError, ValueError):  # the service answered what no service should
        logger.exception("The answer of %s cannot be read.", settings.OIDC_NAME)
        changes.note_refused(user=None, way=settings.OIDC_NAME, at=timezone.now())
        messages.warning(request, DID_NOT_WORK.format(settings.OIDC_NAME))
        return redirect("sign-in")
    return answer


@require_POST
@permission("signed_in")
@recent_sign_in(always=True, back="account")
def entra_link(request: UserRequest) -> HttpResponse:
    """Link one's account with one's identity at the service, or take the link back."""
    if "remove" not in request.POST:
        return set_out(request, LINK, user=str(request.user.pk))
    linked = SocialAccount.objects.filter(user=request.user, provider=ID).first()
    if linked is None:
        messages.info(request, "No account is linked.")
        return redirect("account")
    try:
        changes.unlink_identity(user=request.user, account=linked, at=timezone.now())
    except changes.NotPossibleError as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, f"{settings.OIDC_NAME} signs you in no more.")
    return redirect("account")


@require_POST
@permission("signed_in")
def entra_prove(request: UserRequest) -> HttpResponse:
    """Have the service ask again who is there."""
    return set_out(request, PROVE, safe_next(request), user=str(request.user.pk))
