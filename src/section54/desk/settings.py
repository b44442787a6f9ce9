"""Every setting, read once from the environment. No other module reads it.

``SECTION54_PROFILE`` is ``local`` (one machine, plain HTTP on loopback only), ``production`` (HTTPS
only, refuses to start without a secret of its own) or ``test``. ``SECTION54_DATA`` is the folder
of everything that is kept: database, files, lines, reviews. ``SECTION54_DATABASE`` names a database
on PostgreSQL instead of the one in that folder (``desk/database.py``).
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from section54.desk.database import database_named


PROFILE = os.environ.get("SECTION54_PROFILE", "production")
if PROFILE not in ("local", "production", "test"):
    raise ImproperlyConfigured(f"SECTION54_PROFILE is {PROFILE!r}: say local, production or test.")
IS_LOCAL = PROFILE in ("local", "test")
if PROFILE == "production" and not os.environ.get("SECTION54_DATA"):
    raise ImproperlyConfigured("SECTION54_DATA must name the folder of everything that is kept.")
DATA_DIR = Path(os.environ.get("SECTION54_DATA", "section54-data")).absolute()


def _secret_key() -> str:
    """Return the key that signs sessions, from a file that only we can read.

    Raises:
        ImproperlyConfigured: the file is missing, too short, or others may read it.
    """
    if PROFILE == "test":
        return "for-tests-only-" * 4
    named = os.environ.get("SECTION54_SECRET_FILE", "")
    if not named and PROFILE == "production":
        raise ImproperlyConfigured(
            "SECTION54_SECRET_FILE must name a file with at least 50 random characters."
        )
    file = Path(named) if named else DATA_DIR / "secret"
    if not named and not file.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"secret.{os.getpid()}")
        partial.touch(mode=0o600)
        partial.write_text(secrets.token_urlsafe(64), encoding="ascii")
        partial.replace(file)
    try:
        key = file.read_text(encoding="utf-8").strip()
        mode = file.stat().st_mode
    except OSError as error:
        raise ImproperlyConfigured(f"{file} cannot be read: {error.strerror}.") from error
    if len(key) < 50:
        raise ImproperlyConfigured(f"{file} must hold at least 50 random characters.")
    if mode & 0o077:
        raise ImproperlyConfigured(f"{file} can be read by others: chmod 600 {file}")
    return key


def _yes(name: str, default: bool) -> bool:  # noqa: FBT001
    """Return whether a setting says yes.

    Raises:
        ImproperlyConfigured: it says neither yes nor no.
    """
    said = os.environ.get(name, "") or ("yes" if default else "no")
    if said not in ("yes", "no"):
        raise ImproperlyConfigured(f"{name} is {said!r}: say yes or no.")
    return said == "yes"


def _number(name: str, default: int) -> int:
    """Return the whole number that a setting says.

    Raises:
        ImproperlyConfigured: it is none.
    """
    said = os.environ.get(name, "") or str(default)
    if not said.isdecimal():
        raise ImproperlyConfigured(f"{name} is {said!r}: give a whole number.")
    return int(said)


def _oidc(issuer: str) -> dict[str, Any]:
    """Return how the organisation's sign-in service is asked.

    Raises:
        ImproperlyConfigured: its address is not HTTPS, or its client id or secret is missing.
    """
    if not issuer:
        return {}
    if not issuer.startswith("https://") and not (
        IS_LOCAL and issuer.startswith("http://127.0.0.1:")
    ):
        raise ImproperlyConfigured(f"SECTION54_OIDC_ISSUER is {issuer!r}: it must be https://")
    client = os.environ.get("SECTION54_OIDC_CLIENT_ID", "")
    file = Path(os.environ.get("SECTION54_OIDC_SECRET_FILE", ""))
    if not client or not file.is_file():
        raise ImproperlyConfigured(
            "SECTION54_OIDC_ISSUER needs SECTION54_OIDC_CLIENT_ID and SECTION54_OIDC_SECRET_FILE, "
            "a file with the secret."
        )
    if file.stat().st_mode & 0o077:
        raise ImproperlyConfigured(f"{file} can be read by others: chmod 600 {file}")
    return oidc_app(issuer, client, file.read_text(encoding="utf-8").strip())


def _origin(address: str) -> str:
    """Return the scheme and host of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def oidc_app(issuer: str, client: str, secret: str) -> dict[str, Any]:
    """Return a sign-in service as the library reads it."""
    where = issuer.rstrip("/") + "/.well-known/openid-configuration"
    app = {"provider_id": "entra", "name": "Entra ID", "client_id": client, "secret": secret}
    return {"entra": {"APPS": [{**app, "settings": {"server_url": where}}]}}


SECRET_KEY = _secret_key()


def _mail_password() -> str:
    """Return the password for the mail server, from a file that only we can read; or none.

    Raises:
        ImproperlyConfigured: the file cannot be read, or others may read it.
    """
    named = os.environ.get("SECTION54_MAIL_PASSWORD_FILE", "")
    if not named:
        return ""
    file = Path(named)
    try:
        password = file.read_text(encoding="utf-8").strip()
        mode = file.stat().st_mode
    except OSError as error:
        raise ImproperlyConfigured(f"{file} cannot be read: {error.strerror}.") from error
    if mode & 0o077:
        raise ImproperlyConfigured(f"{file} can be read by others: chmod 600 {file}")
    return password


# Signs the audit trail's checkpoints; empty: checkpoint-key in the data folder.
CHECKPOINT_KEY_FILE = os.environ.get("SECTION54_CHECKPOINT_KEY_FILE", "")
# Whether the worker removes each day what is past its period; otherwise it only tells.
PURGE = os.environ.get("SECTION54_PURGE", "") == "on"
# The list of what was erased, best outside what backups hold; empty: in the data folder.
ERASED_FILE = os.environ.get("SECTION54_ERASED_FILE", "")
# Where they are brought each day: a folder that others keep, and addresses; empty: nowhere.
CHECKPOINT_DIR = os.environ.get("SECTION54_CHECKPOINT_DIR", "")
CHECKPOINT_MAIL = os.environ.get("SECTION54_CHECKPOINT_MAIL", "").replace(",", " ").split()
if not all(0 < one.find("@") < len(one) - 1 for one in CHECKPOINT_MAIL):
    raise ImproperlyConfigured(
        "SECTION54_CHECKPOINT_MAIL must name addresses, separated by commas, such as "
        "audit@example.police.uk"
    )
DEBUG = False
ALLOWED_HOSTS = (
    ["127.0.0.1", "localhost", "[::1]", "testserver"]
    if IS_LOCAL
    else [host.strip() for host in os.environ.get("SECTION54_HOSTS", "").split(",")]
)
if not all(host and not host.startswith((".", "*")) for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured(
        "SECTION54_HOSTS must name each host that people open, separated by commas and without "
        "wildcards, such as section54.example.police.uk"
    )
# Where people find the site: links in messages are made from it, never from what was asked for.
ADDRESS = os.environ.get("SECTION54_ADDRESS", "").rstrip("/") or (
    "http://127.0.0.1:8054" if IS_LOCAL else f"https://{next(iter(ALLOWED_HOSTS), 'localhost')}"
)
ROOT_URLCONF = "section54.desk.urls"
AUTH_USER_MODEL = "organisations.User"
USE_TZ = True
TIME_ZONE = "Europe/London"
LANGUAGE_CODE = "en-gb"
USE_I18N = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "section54.ui",
    "section54.records",
    "section54.organisations",
    "section54.post",
    "section54.sources",
    "section54.spend",
    "section54.risk",
    "section54.desk",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_tasks",
    "django_tasks_db",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
]
MIDDLEWARE = [
    "section54.desk.middleware.Headers",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "section54.desk.health.First",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "section54.records.rows.NobodyYet",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "section54.desk.api.door.Keys",
    "section54.desk.middleware.SessionLimits",
    "section54.organisations.http.PermissionMiddleware",
    "section54.desk.middleware.SecondFactor",
    "section54.ui.errors.ErrorPages",
]
DATABASES = {
    "default": database_named(DATA_DIR),
}
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "section54.ui.jinja.environment",
            "context_processors": ["section54.desk.context.everywhere"],
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
]
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# Sign-in
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "section54.desk.sign_in.Adapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "sign-in"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key"}
# How many proxies in front of us say who asks, and whether by HTTPS; no other is believed, and an
# address of fewer proxies is refused.
ALLAUTH_TRUSTED_PROXY_COUNT = _number("SECTION54_PROXIES", 0 if IS_LOCAL else 1)
PASSWORD_HASHERS = (
    ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if PROFILE == "test"
    else ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
)
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "section54.desk.passwords.NotACommonWordWithMore"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "section54.desk.passwords.NothingWrittenTwice"},
    {"NAME": "section54.desk.passwords.NotTheBody"},
]
# Who signs in with a password must have a second factor.
SECOND_FACTOR_REQUIRED = _yes("SECTION54_SECOND_FACTOR_REQUIRED", not IS_LOCAL)
# What weighs much is done only shortly after a proof of who does it.
RECENT_SIGN_IN_ASKED = _yes("SECTION54_RECENT_SIGN_IN_ASKED", not IS_LOCAL)
# Encrypts what authenticator apps and recovery codes start from; empty: derived from SECRET_KEY.
FACTOR_KEY_FILE = os.environ.get("SECTION54_FACTOR_KEY_FILE", "")
# The organisation's own sign-in service (OpenID Connect); no issuer: there is none.
OIDC_ISSUER = os.environ.get("SECTION54_OIDC_ISSUER", "")
OIDC_NAME = os.environ.get("SECTION54_OIDC_NAME", "") or "Entra ID"
# What its "amr" or "acr" must hold of, as it asked for a second factor; "none": it need not.
_CLAIMS = (os.environ.get("SECTION54_OIDC_MFA_CLAIMS", "") or "mfa,ngcmfa").split(",")
OIDC_MFA_CLAIMS = [] if _CLAIMS == ["none"] else _CLAIMS
SOCIALACCOUNT_PROVIDERS = _oidc(OIDC_ISSUER)
SOCIALACCOUNT_ADAPTER = "section54.desk.provider.SocialAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
MFA_ADAPTER = "section54.desk.sign_in.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_FORMS = {"authenticate": "section54.desk.account_forms.CodeAtSignIn"}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = "Section54"
MFA_TOTP_TOLERANCE = 1
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_LONGEST = timedelta(hours=12)
SESSION_IDLE = timedelta(minutes=_number("SECTION54_IDLE_MINUTES", 60))
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
CSRF_FAILURE_VIEW = "section54.ui.errors.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
# Tries to sign in, and codes that were used, are counted once for all processes.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache"
        if PROFILE == "test"
        else "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "section54_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# What may be sent, and where it waits
DATA_UPLOAD_MAX_NUMBER_FILES = 60
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)

# Mail: without a server, messages wait to be sent by hand
EMAIL_HOST = os.environ.get("SECTION54_MAIL_HOST", "")
_TLS = os.environ.get("SECTION54_MAIL_TLS", "starttls")  # starttls, tls, or none
if _TLS not in ("starttls", "tls", "none"):
    raise ImproperlyConfigured(f"SECTION54_MAIL_TLS is {_TLS!r}: say starttls, tls or none.")
EMAIL_USE_TLS, EMAIL_USE_SSL = _TLS == "starttls", _TLS == "tls"
EMAIL_PORT = int(os.environ.get("SECTION54_MAIL_PORT", "465" if EMAIL_USE_SSL else "587"))
EMAIL_HOST_USER = os.environ.get("SECTION54_MAIL_USER", "")
EMAIL_HOST_PASSWORD = _mail_password()
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("SECTION54_MAIL_FROM", "")
if EMAIL_HOST and not DEFAULT_FROM_EMAIL:
    raise ImproperlyConfigured("SECTION54_MAIL_FROM must name the address that messages come from.")
if EMAIL_HOST_USER and _TLS == "none":
    raise ImproperlyConfigured(
        "SECTION54_MAIL_TLS is none, so the mail server's password would be sent in clear: say "
        "starttls or tls, or leave SECTION54_MAIL_USER out."
    )
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Nothing from elsewhere, nothing inline
_SELF = ["'self'"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": _SELF,
        "style-src": _SELF,
        "img-src": _SELF,
        "font-src": _SELF,
        "connect-src": _SELF,
        # A form that starts a sign-in is led on to the organisation's own service.
        "form-action": [*_SELF, *([_origin(OIDC_ISSUER)] if OIDC_ISSUER else [])],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        "require-trusted-types-for": ["'script'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if not IS_LOCAL:
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^health/(alive|ready)$"]  # asked from the machine itself
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    if ALLAUTH_TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_HTTPONLY = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "filters": {"secrets": {"()": "section54.desk.log.WithoutSecrets"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["secrets"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        name: {"handlers": ["console"], "level": "ERROR", "propagate": False}
        for name in ("django_tasks_db", "django_tasks")
    },
}
