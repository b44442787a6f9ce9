"""Every address of the site: those of the rooms, the home page, and the way in."""

from allauth.account.views import AccountInactiveView, LogoutView
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from section54.desk import (
    account_views,
    checkpoint_views,
    first_day_views,
    health,
    key_views,
    provider,
    sign_in_views,
)
from section54.desk.api import v1
from section54.desk.api import views as api_views
from section54.desk.audit_views import audit_checks, audit_export, audit_list
from section54.desk.bundle_views import audit_bundle
from section54.desk.disclosure_views import disclosure
from section54.desk.invitation_views import invitation
from section54.desk.retention_views import retention
from section54.desk.views import home


sign_out = login_not_required(LogoutView.as_view())
no_entry = login_not_required(AccountInactiveView.as_view())

urlpatterns = [
    path("", home, name="home"),
    path("sign-in/", sign_in_views.sign_in, name="sign-in"),
    path("sign-in/code/", sign_in_views.code, name="mfa_authenticate"),
    path("sign-in/passkey/", sign_in_views.passkey, name="passkey-sign-in"),
    path("sign-out/", sign_out, name="sign-out"),
    path("no-entry/", no_entry, name="account_inactive"),
    path("sign-in/entra/", provider.entra_sign_in, name="entra-sign-in"),
    path("sign-in/entra/callback/", provider.entra_callback, name="entra-callback"),
    path("invitation/<str:secret>/", invitation, name="invitation"),
    # The sign-in library asks for the same addresses by names of its own.
    path("sign-in/", sign_in_views.sign_in, name="account_login"),
    path("sign-out/", sign_out, name="account_logout"),
    path("account/", account_views.account, name="account"),
    path("account/sessions/end/", account_views.sessions_end, name="account-sessions"),
    path("account/password/", account_views.password_change, name="account-password"),
    path("account/app/", account_views.app, name="account-app"),
    path("account/passkeys/", account_views.passkeys, name="account-passkeys"),
    path("account/recovery-codes/", account_views.recovery_codes, name="account-recovery-codes"),
    path("account/entra/", provider.entra_link, name="account-entra"),
    path("prove/", account_views.prove, name="prove"),
    path("prove/entra/", provider.entra_prove, name="prove-entra"),
    path("api/", api_views.about, name="api"),
    path("api/v1/openapi.json", api_views.openapi, name="api-openapi"),
    path("api/v1/", include(v1.addresses())),
    path("account/keys/", key_views.key_list, name="keys"),
    path("account/keys/make/", key_views.key_make, name="key-make"),
    path("account/keys/<uuid:pk>/revoke/", key_views.key_revoke, name="key-revoke"),
    path("bodies/<uuid:pk>/first-day/", first_day_views.first_day, name="first-day"),
    path(
        "bodies/<uuid:pk>/first-day/offices/", first_day_views.usual_offices, name="usual-offices"
    ),
    path("bodies/<uuid:pk>/logo/", first_day_views.logo, name="logo"),
    path("bodies/<uuid:pk>/logo.png", first_day_views.logo_picture, name="logo-picture"),
    path("audit/", audit_list, name="audit"),
    path("audit/export.csv", audit_export, name="audit-export"),
    path("audit/checks/", audit_checks, name="audit-checks"),
    path("audit/bundle/", audit_bundle, name="audit-bundle"),
    path("record-head/", checkpoint_views.record_head, name="record-head"),
    path("record-head/note.txt", checkpoint_views.record_note, name="record-note"),
    path("health/", health.details, name="health"),
    path("health/alive", health.alive, name="health-alive"),
    path("health/ready", health.ready, name="health-ready"),
    path("", include("section54.post.urls")),
    path("retention/", retention, name="retention"),
    path("", include("section54.organisations.urls")),
    path("disclosure/", disclosure, name="disclosure"),
    path("", include("section54.spend.urls")),
    path("", include("section54.risk.import_urls")),
    path("", include("section54.risk.urls")),
]

handler400 = "section54.ui.errors.bad_request"
handler403 = "section54.ui.errors.permission_denied"
handler404 = "section54.ui.errors.page_not_found"
handler500 = "section54.ui.errors.server_error"
