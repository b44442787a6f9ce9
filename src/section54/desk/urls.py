"""Every address of the site: those of the rooms, the home page, and the way in."""

from allauth.account.views import LoginView, LogoutView
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path

from section54.desk.views import home


urlpatterns = [
    path("", home, name="home"),
    path("sign-in/", login_not_required(LoginView.as_view()), name="sign-in"),
    path("sign-out/", login_not_required(LogoutView.as_view()), name="sign-out"),
    path("", include("section54.spend.urls")),
    path("", include("section54.risk.import_urls")),
    path("", include("section54.risk.urls")),
]

handler400 = "section54.ui.errors.bad_request"
handler403 = "section54.ui.errors.permission_denied"
handler404 = "section54.ui.errors.page_not_found"
handler500 = "section54.ui.errors.server_error"
