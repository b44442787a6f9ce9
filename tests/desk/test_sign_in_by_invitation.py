"""Coming in by invitation: looking changes nothing, and a link makes one account, once."""

from datetime import timedelta

import pytest
from allauth.socialaccount.models import SocialAccount
from django.utils import timezone
from tests.desk.test_sign_in import NEW_PASSWORD, browser, enter, text_of
from tests.desk.test_sign_in_entra import (
    come_back,
    linked,
    running,
    service,
    set_out,
    signed,
    user_of,
)
from tests.people import FIRST_DAY, PASSWORD, a_body, a_user, bob

from section54.organisations.invitation_changes import invite, path_of, withdraw_invitation
from section54.organisations.models import Invitation, User
from section54.records.models import Event


__all__ = ["running", "service"]
pytestmark = pytest.mark.django_db
EMAIL = "dora@example.org"


@pytest.fixture
def boss():
    return a_user("Ada Administrator", "administrator")


@pytest.fixture
def link(boss):
    _, secret = invite(
        email=EMAIL,
        name="Dora",
        role="auditor",
        to=a_body(),
        starts_on=FIRST_DAY,
        by=boss,
        at=timezone.now(),
    )
    return path_of(secret)


def test_looking_at_an_invitation_changes_nothing_and_says_who_invites_to_what(link):
    before = Event.objects.count()
    for client in (browser(), browser()):
        for method in (client.head, client.get, client.get):
            assert method(link).status_code == 200
    page = text_of(client.get(link))
    for words in ("Ada Administrator", "Dora", EMAIL, "Auditor", "Fenland Constabulary"):
        assert words in page
    assert Event.objects.count() == before
    assert not User.objects.filter(email=EMAIL).exists()
    assert client.get(link)["Referrer-Policy"] == "same-origin"
    assert client.get(link)["Cache-Control"] == "no-store"


def test_the_secret_of_a_link_is_kept_nowhere(link):
    secret = link.split("/")[2]
    kept = [str(one.__dict__) for one in (*Invitation.objects.all(), *Event.objects.all())]
    assert secret not in "".join(kept)


def test_accepting_with_a_password_makes_the_account_with_its_role_and_signs_in(link):
    client = browser()
    assert "12 characters or more" in text_of(client.post(link, {"password": "short"}))
    assert not User.objects.filter(email=EMAIL).exists()
    assert client.post(link, {"password": NEW_PASSWORD})["Location"] == "/"
    user = user_of(client)
    assert (user.email, user.name) == (EMAIL, "Dora")
    assert user.grants.get().role == "auditor"
    assert enter(browser(), user, NEW_PASSWORD)["Location"] == "/"
    kinds = set(Event.objects.values_list("kind", flat=True))
    assert {"user_added", "role_granted", "invitation_accepted", "signed_in"} <= kinds


def test_the_new_account_must_set_up_a_second_factor_where_everybody_must(link, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    client = browser()
    client.post(link, {"password": NEW_PASSWORD})
    assert client.get("/")["Location"] == "/account/app/"


def test_a_used_an_expired_and_a_withdrawn_link_say_so_in_one_sentence_each(link, boss):
    client = browser()
    client.post(link, {"password": NEW_PASSWORD})
    used = browser().get(link)
    assert (used.status_code, "was used: sign in" in text_of(used)) == (410, True)
    assert browser().post(link, {"password": NEW_PASSWORD}).status_code == 410
    made = []
    for name in ("Eve", "Finn"):
        made.append(
            invite(
                email=f"{name}@example.org",
                name=name,
                role="buyer",
                to=a_body(),
                starts_on=FIRST_DAY,
                by=boss,
                at=timezone.now(),
            )
        )
    (expired, its_secret), (withdrawn, other_secret) = made
    expired.invited_at -= timedelta(days=30)
    expired.expires_at = timezone.now() - timedelta(seconds=1)
    expired.save()
    withdraw_invitation(invitation=withdrawn, by=boss, at=timezone.now())
    for secret, says in ((its_secret, "has expired"), (other_secret, "was taken back")):
        for answer in (
            browser().get(path_of(secret)),
            browser().post(path_of(secret), {"password": NEW_PASSWORD}),
        ):
            assert answer.status_code == 410
            assert f"{says}: ask who invited you for a new one." in text_of(answer)
    assert User.objects.filter(name__in=["Eve", "Finn"]).count() == 0


def test_a_link_that_was_changed_by_a_letter_is_no_page(link):
    other = "A" if link[-2] != "A" else "B"
    assert browser().get(f"{link[:-2]}{other}/").status_code == 404
    assert browser().post(f"{link[:-2]}{other}/", {"password": NEW_PASSWORD}).status_code == 404


def test_who_has_an_account_accepts_with_it_and_sets_no_new_password(link):
    user = User.objects.create_user(EMAIL, "Dora", PASSWORD)
    client = browser()
    page = client.get(link)
    assert "You have an account: sign in" in text_of(page)
    assert f'href="/sign-in/?next={link}"'.encode() in page.content
    client.post(link, {"password": NEW_PASSWORD})
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert not user.grants.exists()
    assert enter(client, user, next=link)["Location"] == link
    answer = client.post(link, follow=True)
    assert "You are now Auditor of Fenland Constabulary." in text_of(answer)
    assert user.grants.get().role == "auditor"


def test_an_invitation_of_somebody_else_is_not_accepted_by_who_is_signed_in(link):
    client = browser()
    enter(client, other := bob())
    for answer in (client.get(link), client.post(link, {"password": NEW_PASSWORD})):
        assert "this invitation is for somebody else" in text_of(answer)
    assert other.grants.count() == 1
    assert Invitation.objects.get().accepted_at is None


def test_accepting_through_the_organisations_service_makes_and_links_the_account(link, service):
    client = browser()
    asked = set_out(client, link, entra="yes")
    come_back(client, service, asked, signed(service.claims(asked)))
    user = user_of(client)
    assert user.email == EMAIL  # the invitation's, whatever address the token names
    assert not user.has_usable_password()
    assert SocialAccount.objects.get().user == user
    assert user.grants.get().role == "auditor"


def test_a_bad_token_accepts_nothing(link, service):
    client = browser()
    asked = set_out(client, link, entra="yes")
    come_back(client, service, asked, signed(service.claims(asked, nonce="another")))
    assert user_of(client) is None
    assert Invitation.objects.get().accepted_at is None


def test_an_identity_that_signs_somebody_in_already_makes_no_second_account(link, service):
    linked(bob(), service)
    client = browser()
    asked = set_out(client, link, entra="yes")
    answer = come_back(client, service, asked, signed(service.claims(asked)))
    assert "You have an account: sign in with it" in text_of(answer)
    assert not User.objects.filter(email=EMAIL).exists()


def test_an_invitation_that_was_withdrawn_meanwhile_is_not_accepted(link, service, boss):
    client = browser()
    asked = set_out(client, link, entra="yes")
    withdraw_invitation(invitation=Invitation.objects.get(), by=boss, at=timezone.now())
    answer = come_back(client, service, asked, signed(service.claims(asked)))
    assert "was withdrawn" in text_of(answer)
    assert user_of(client) is None
    assert not SocialAccount.objects.exists()
