"""Who may do what, asked of the table and not of the code."""

from datetime import date, timedelta

import pytest
from django.core.checks import run_checks
from django.db import IntegrityError
from django.test import Client
from django.urls import path
from tests.people import FIRST_DAY, NOW, PASSWORD, a_body, a_user, alice

from section54.organisations.changes import SelfGrantError, grant_role
from section54.organisations.checks import every_view_names_its_permission, routes
from section54.organisations.http import permission, permission_of
from section54.organisations.models import Grant, NoDayError, User
from section54.organisations.permissions import PUBLIC, ROLES


pytestmark = pytest.mark.django_db

# The conventions' table, column "spend, suppliers, risk": who changes, who sees, who neither.
CHANGES = {"buyer", "head_of_procurement"}
SEES_NOT = {"administrator"}


def nameless(request):
    raise AssertionError("never opened")


urlpatterns = [path("x/", nameless, name="x")]
handler404 = "section54.ui.errors.page_not_found"


def test_the_table_gives_each_role_what_the_conventions_say_of_spend():
    for role in ROLES:
        user = a_user(role, role)
        assert user.may("spend.change") is (role in CHANGES), role
        assert user.may("spend.see") is (role not in SEES_NOT), role


def test_a_grant_holds_from_its_first_day_to_its_last():
    user = a_user("Dora", "")
    Grant.objects.create(
        user=user, role="buyer", body=a_body(), starts_on=NOW.date(), ends_on=NOW.date()
    )
    day = timedelta(days=1)
    assert not user.on(NOW.date() - day).may("spend.see")
    assert user.on(NOW.date()).may("spend.see")
    assert not user.on(NOW.date() + day).may("spend.see")


def test_a_grant_in_one_body_says_nothing_of_another():
    user, other = alice(), a_body("Ely County Council")
    assert user.may("spend.change", a_body().pk)
    assert not user.may("spend.change", other.pk)


def test_nobody_may_anything_before_somebody_says_which_day_it_is():
    alice()
    with pytest.raises(NoDayError):
        User.objects.get().may("spend.see")


def test_who_was_put_out_may_nothing():
    user = alice()
    user.is_active = False
    assert not user.may("spend.see")
    assert not user.may("signed_in")


def test_nobody_gives_a_role_to_themselves():
    user = alice()
    with pytest.raises(SelfGrantError):
        grant_role(user=user, role="auditor", body=a_body(), starts_on=FIRST_DAY, by=user, at=NOW)
    with pytest.raises(IntegrityError):
        Grant.objects.create(
            user=user, role="auditor", body=a_body(), starts_on=FIRST_DAY, given_by=user
        )


def test_a_grant_cannot_end_before_it_starts():
    with pytest.raises(IntegrityError):
        Grant.objects.create(
            user=alice(), role="buyer", body=a_body(), starts_on=FIRST_DAY, ends_on=date(2019, 1, 1)
        )


def test_a_permission_that_is_not_in_the_table_cannot_be_named():
    with pytest.raises(ValueError, match="permissions"):
        permission("spend.burn")


def test_every_address_names_a_permission_or_is_listed_as_public():
    assert len(list(routes())) > 20
    for route, pattern in routes():
        assert pattern.name in PUBLIC or permission_of(pattern.callback), route
    assert not [found for found in run_checks() if found.is_serious()]


def test_the_start_up_check_finds_a_view_without_a_permission(settings):
    settings.ROOT_URLCONF = __name__
    assert [found.id for found in every_view_names_its_permission(None)] == ["organisations.E001"]


def test_a_view_without_a_permission_does_not_open(settings):
    user = alice()
    settings.ROOT_URLCONF = __name__
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    assert client.get("/x/").status_code == 404


def test_sign_in_takes_the_address_in_any_case_and_nothing_else():
    alice()
    client = Client()
    wrong = client.post("/sign-in/", {"login": "alice@example.org", "password": "guess"})
    assert wrong.status_code == 200
    assert "is not right" in wrong.content.decode()
    right = client.post("/sign-in/", {"login": "ALICE@example.org", "password": PASSWORD})
    assert (right.status_code, right["Location"]) == (302, "/")
