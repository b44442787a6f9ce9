"""Signing in: second factors, sessions and their limits, recent sign-in, and what is noted."""

import html
import os
import re
import subprocess
import sys
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from tests.people import NOW, PASSWORD, a_body, a_user, alice, bob

from section54.desk import sign_in
from section54.desk.account_views import browser_words
from section54.desk.audit import tell
from section54.organisations.session_changes import end_sessions_of
from section54.organisations.token_changes import make_token
from section54.records.models import INSTALLATION, Event


pytestmark = pytest.mark.django_db
NEW_PASSWORD = "seven-otters-mend-clocks"  # noqa: S105 - of people who do not exist
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet():
    cache.clear()


def browser(agent=CHROME):
    return Client(headers={"user-agent": agent})


def enter(client, user, password=PASSWORD, **data):
    return client.post("/sign-in/", {"login": user.email, "password": password, **data})


def signed_in(client):
    return client.get("/account/").status_code == 200


def code_at(secret, step=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step))


def secret_on(response):
    found = re.search(r'<code class="read-out">([A-Z2-7 ]+)</code>', response.content.decode())
    return found[1].replace(" ", "")


def set_up_app(client):
    """Set up an app; return its secret and the recovery codes."""
    secret = secret_on(client.get("/account/app/"))
    answer = client.post("/account/app/", {"code": code_at(secret, -1)})
    codes = re.findall(r'<code class="read-out">(\d{4}) (\d{4})</code>', answer.content.decode())
    return secret, ["".join(code) for code in codes]


def kinds(user):
    return list(Event.objects.about(user).values_list("kind", flat=True))


def text_of(response):
    return html.unescape(re.sub(r"<[^>]+>", " ", response.content.decode()))


# --- authenticator apps --------------------------------------------------------------------------


def test_an_app_is_set_up_by_picture_or_key_and_asked_for_at_the_next_sign_in():
    user, client = alice(), browser()
    enter(client, user)
    page = client.get("/account/app/")
    assert b'<svg role="img" aria-label="QR code for the app"' in page.content
    assert b"data:image" not in page.content
    assert b"style=" not in page.content
    secret, codes = set_up_app(client)
    assert len(codes) == 10
    client.post("/sign-out/")
    assert enter(client, user)["Location"] == "/sign-in/code/"
    assert not signed_in(client)
    wrong = client.post("/sign-in/code/", {"code": "000000"})
    assert "The code is not right, or was used before" in text_of(wrong)
    assert client.post("/sign-in/code/", {"code": code_at(secret)})["Location"] == "/"
    assert signed_in(client)
    assert kinds(user)[-2:] == ["sign_in_refused", "signed_in"]
    last = Event.objects.about(user).last()
    assert tell(last).sentence == "Signed in with a password, a code from an app."


def test_the_key_stays_the_same_until_it_is_proven():
    user, client = alice(), browser()
    enter(client, user)
    secret = secret_on(client.get("/account/app/"))
    answer = client.post("/account/app/", {"code": "12"})
    assert secret_on(answer) == secret
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_a_code_counts_once_even_while_the_clock_would_allow_it(step):
    user, client, other = alice(), browser(), browser(FIREFOX)
    enter(client, user)
    secret, _ = set_up_app(client)
    cache.clear()  # as if it was long ago
    code = code_at(secret, step)
    enter(other, user)
    assert other.post("/sign-in/code/", {"code": code})["Location"] == "/"
    # what the library remembers for 30 seconds is forgotten; ours lasts as long as the code
    cache.delete(f"allauth.mfa.totp.used?user={user.pk}&code={code}")
    third = browser()
    enter(third, user)
    again = third.post("/sign-in/code/", {"code": f"{code[:3]} {code[3:]}"})
    assert "was used before" in text_of(again)
    assert not signed_in(third)


def test_the_code_that_set_the_app_up_does_not_sign_in():
    user, client, other = alice(), browser(), browser()
    enter(client, user)
    secret, _ = set_up_app(client)
    enter(other, user)
    other.post("/sign-in/code/", {"code": code_at(secret, -1)})
    assert not signed_in(other)


def test_a_recovery_code_signs_in_once_and_new_ones_make_the_old_void():
    user, client, other = alice(), browser(), browser()
    enter(client, user)
    _, codes = set_up_app(client)
    for expected in (True, False):
        other.post("/sign-out/")
        enter(other, user)
        other.post("/sign-in/code/", {"code": codes[0]})
        assert signed_in(other) is expected
    assert "9 codes left" in text_of(client.get("/account/"))
    shown = client.post("/account/recovery-codes/").content
    assert codes[1].encode() not in shown
    other.post("/sign-in/code/", {"code": codes[1]})
    assert not signed_in(other)
    assert b"read-out" not in client.get("/account/recovery-codes/").content
    assert "recovery_codes_renewed" in kinds(user)


def test_seeds_and_codes_are_encrypted_where_they_are_kept():
    user, client = alice(), browser()
    enter(client, user)
    secret = secret_on(client.get("/account/app/"))
    assert secret not in str(dict(client.session))
    set_up_app(client)
    kept = " ".join(str(one.data) for one in Authenticator.objects.filter(user=user))
    assert secret not in kept
    assert kept.count("gAAAA") == 2  # Fernet's mark, for the app and for the recovery codes


def test_a_key_of_its_own_can_be_changed_for_a_newer_one(tmp_path, settings):
    old, new = "o" * 50, "n" * 50
    file = tmp_path / "factor-key"
    settings.FACTOR_KEY_FILE = str(file)
    adapter, opened = sign_in.FactorAdapter(), sign_in._box.cache_clear
    file.write_text(old)
    opened()
    kept = adapter.encrypt("seed")
    file.write_text(f"{new}\n{old}")
    opened()
    assert adapter.decrypt(kept) == "seed"
    file.write_text(new)
    opened()
    with pytest.raises(ValidationError, match="the key that they are kept under"):
        adapter.decrypt(kept)
    file.write_text("short")
    opened()
    with pytest.raises(ImproperlyConfigured, match="50 random characters"):
        adapter.encrypt("seed")
    settings.FACTOR_KEY_FILE = ""
    opened()


def test_codes_that_cannot_be_read_are_a_sentence_and_not_a_fault(settings):
    user, client = alice(), browser()
    enter(client, user)
    set_up_app(client)
    client.post("/sign-out/")
    settings.SECRET_KEY = "another key " * 10
    sign_in._box.cache_clear()
    enter(client, user)
    answer = client.post("/sign-in/code/", {"code": "123456"})
    sign_in._box.cache_clear()
    assert "Tell whoever runs Section54" in text_of(answer)


def test_removing_the_app_takes_the_recovery_codes_along():
    user, client = alice(), browser()
    enter(client, user)
    set_up_app(client)
    assert b"Remove your authenticator app?" in client.get("/account/app/").content
    client.post("/account/app/")
    assert not Authenticator.objects.exists()
    assert kinds(user)[-2:] == ["factor_added", "factor_removed"]
    client.post("/sign-out/")
    assert enter(client, user)["Location"] == "/"


# --- the second factor that everybody must have ---------------------------------------------------


def test_who_must_have_a_second_factor_sees_no_page_before_it_is_set_up(settings):
    settings.SECOND_FACTOR_REQUIRED = True
    user, client = alice(), browser()
    enter(client, user)
    for page in ("/", "/account/", "/ledgers/", "/audit/", "/account/password/"):
        assert client.get(page)["Location"] == "/account/app/", page
    assert client.post("/account/sessions/end/", {"all": "yes"})["Location"] == "/account/app/"
    assert client.get("/account/passkeys/").status_code == 200
    assert "needs a second factor" in text_of(client.get("/account/app/"))
    set_up_app(client)
    assert client.get("/").status_code == 200
    kept = client.post("/account/app/")
    assert "add another one first" in text_of(client.get(kept["Location"]))
    assert Authenticator.objects.filter(type="totp").exists()


def test_nobody_is_asked_for_a_second_factor_where_none_is_required():
    user, client = alice(), browser()
    assert enter(client, user)["Location"] == "/"
    assert client.get("/").status_code == 200


# --- recent sign-in -------------------------------------------------------------------------------


def test_a_session_that_proved_nothing_is_sent_to_prove_who_is_there():
    client = browser()
    client.force_login(alice())
    answer = client.get("/account/app/")
    assert answer["Location"] == "/prove/?next=%2Faccount%2Fapp%2F"


@pytest.mark.parametrize(
    ("minutes_ago", "opens"), [(0, True), (14, True), (15, False), (60, False)]
)
def test_a_proof_counts_for_fifteen_minutes(minutes_ago, opens):
    client = browser()
    enter(client, alice())
    age(client, minutes_ago)
    assert (client.get("/account/app/").status_code == 200) is opens


def age(client, minutes):
    """Make what a session has recorded so many minutes older."""
    session = client.session
    for entry in session["account_authentication_methods"]:
        entry["at"] -= minutes * 60
    session.save()


def test_who_has_an_app_proves_with_password_and_code_together():
    user, client = alice(), browser()
    enter(client, user)
    secret, _ = set_up_app(client)
    age(client, 20)
    page = client.get("/account/recovery-codes/", follow=True)
    assert b'name="code"' in page.content
    answer = client.post("/prove/", {"password": PASSWORD, "next": "/account/recovery-codes/"})
    assert "Enter the code" in text_of(answer)
    answer = client.post("/prove/", {"password": "wrong", "code": code_at(secret)})
    assert "The password is not right" in text_of(answer)
    given = {"password": PASSWORD, "code": code_at(secret), "next": "/account/recovery-codes/"}
    assert client.post("/prove/", given)["Location"] == "/account/recovery-codes/"
    assert client.get("/account/recovery-codes/").status_code == 200
    last = Event.objects.about(user).last()
    assert tell(last).sentence == ("Proved again who they are with a password, a code from an app.")


def test_a_password_of_now_with_a_code_of_before_is_no_fresh_proof():
    user, client = alice(), browser()
    enter(client, user)
    set_up_app(client)
    age(client, 20)
    session = client.session
    session["account_authentication_methods"].append({"method": "password", "at": time.time()})
    session.save()
    assert client.get("/account/recovery-codes/").status_code == 302


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:x", ""]
)
def test_nobody_is_led_away_from_this_site(elsewhere):
    user, client = alice(), browser()
    enter(client, user)
    answer = client.post("/prove/", {"password": PASSWORD, "next": elsewhere})
    assert answer["Location"] == "/"


def test_what_was_sent_too_late_is_not_done_and_the_page_says_so():
    client = browser()
    enter(client, alice())
    set_up_app(client)
    age(client, 20)
    answer = client.post("/account/app/")
    assert "unsent=1" in answer["Location"]
    assert Authenticator.objects.filter(type="totp").exists()
    assert "Send it again" in text_of(client.get(answer["Location"]))


def test_concluding_a_review_asks_for_a_fresh_proof_where_the_installation_says_so(settings):
    from tests.risk.ledgers import NOW_PAID, a_review  # noqa: PLC0415 - slow to load

    user = alice()
    review = a_review(user, NOW_PAID)
    client = browser()
    client.force_login(user)
    page = f"/reviews/{review.pk}/conclude/"
    assert client.get(page).status_code == 200
    settings.RECENT_SIGN_IN_ASKED = True
    assert client.get(page)["Location"].startswith("/prove/?next=")
    enter(client := browser(), user)
    assert client.get(page).status_code == 200


# --- sessions -------------------------------------------------------------------------------------


def test_people_see_their_own_sessions_in_words_and_end_one_or_all_others():
    user, here, there, third = alice(), browser(), browser(FIREFOX), browser(FIREFOX)
    enter(browser(), other := bob())
    for client in (here, there, third):
        enter(client, user)
    words = text_of(here.get("/account/"))
    assert "Chrome on Windows" in words
    assert words.count("Firefox on Linux") >= 2
    number = UserSession.objects.get(session_key=there.session.session_key).pk
    here.post("/account/sessions/end/", {"session": number})
    assert not signed_in(there)
    assert signed_in(third)
    here.post("/account/sessions/end/", {"all": "yes"})
    assert not signed_in(third)
    assert signed_in(here)
    assert UserSession.objects.filter(user=other).exists()
    assert kinds(user)[-2:] == ["session_ended", "sessions_ended"]


def test_nobody_ends_the_session_of_another():
    mine, theirs = browser(), browser()
    enter(mine, alice())
    enter(theirs, bob())
    number = UserSession.objects.get(session_key=theirs.session.session_key).pk
    for given in (number, "x", "", "\uff19"):
        answer = mine.post("/account/sessions/end/", {"session": given}, follow=True)
        assert "had ended before" in text_of(answer)
    assert signed_in(theirs)


def test_a_session_that_was_not_used_for_an_hour_ends_and_says_why():
    user, client = alice(), browser()
    enter(client, user)
    sessions = UserSession.objects.filter(user=user)
    sessions.update(last_seen_at=timezone.now() - timedelta(minutes=59))
    assert signed_in(client)  # and is counted from now again
    sessions.update(last_seen_at=timezone.now() - timedelta(minutes=60))
    answer = client.get("/account/", follow=True)
    assert "Your session ended, as it was not used for 1 hour." in text_of(answer)
    assert not sessions.exists()
    last = Event.objects.about(user).last()
    assert tell(last).sentence == "A session ended, as it was not used for 1 hour."


def test_a_session_ends_after_twelve_hours_however_much_it_is_used():
    user, client = alice(), browser()
    enter(client, user)
    sessions = UserSession.objects.filter(user=user)
    sessions.update(created_at=timezone.now() - timedelta(hours=12))
    assert "it was 12 hours old" in text_of(client.get("/account/", follow=True))
    assert not signed_in(client)


def test_a_session_in_use_is_noted_once_a_minute():
    user, client = alice(), browser()
    enter(client, user)
    sessions = UserSession.objects.filter(user=user)
    first = sessions.get().last_seen_at
    client.get("/account/")
    assert sessions.get().last_seen_at == first
    sessions.update(last_seen_at=first - timedelta(seconds=61))
    client.get("/account/")
    assert sessions.get().last_seen_at >= first


def test_a_new_password_ends_every_other_session_and_keeps_this_one():
    user, here, there = alice(), browser(), browser(FIREFOX)
    enter(here, user)
    enter(there, user)
    began = UserSession.objects.get(session_key=here.session.session_key).created_at
    answer = here.post("/account/password/", {"current": PASSWORD, "new": NEW_PASSWORD})
    assert answer["Location"] == "/account/"
    assert signed_in(here)
    assert not signed_in(there)
    kept = UserSession.objects.get(user=user)
    assert kept.session_key == here.session.session_key
    assert kept.created_at == began  # a new password makes no session younger
    assert not enter(there, user).has_header("Location")
    assert enter(there, user, NEW_PASSWORD)["Location"] == "/"
    assert "password_changed" in kinds(user)


@pytest.mark.parametrize(
    ("new", "says"),
    [
        ("short", "must have 12 characters or more"),
        ("1q2w3e4r5t6y", "Many people use this password"),
        ("procurement-alice@example.org", "too much like your name"),
        ("", "Enter the new password"),
    ],
)
def test_a_password_that_is_easy_to_guess_is_refused_with_one_sentence(new, says):
    user, client = alice(), browser()
    enter(client, user)
    answer = client.post("/account/password/", {"current": PASSWORD, "new": new})
    assert says in text_of(answer)
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_wrong_password_changes_nothing():
    user, client = alice(), browser()
    enter(client, user)
    answer = client.post("/account/password/", {"current": "wrong", "new": NEW_PASSWORD})
    assert "The password is not right" in text_of(answer)


def test_who_has_no_password_is_not_asked_for_one():
    user, client = alice(), browser()
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    assert "has no password" in text_of(client.get("/account/password/", follow=True))


def test_ending_somebodys_sessions_signs_them_out_everywhere_with_one_line():
    user, one, two = alice(), browser(), browser()
    enter(one, user)
    enter(two, user)
    assert end_sessions_of(user=user, by=None, at=NOW, because="the account was ended") == 2
    assert not signed_in(one)
    assert not signed_in(two)
    assert end_sessions_of(user=user, by=None, at=NOW, because="the account was ended") == 0
    assert kinds(user).count("sessions_ended") == 1


# --- what is noted --------------------------------------------------------------------------------


def test_a_refused_sign_in_is_noted_without_what_was_typed():
    user, client = alice(), browser()
    enter(client, user, "not-the-password")
    line = Event.objects.about(user).get(kind="sign_in_refused")
    assert line.body_id == user.grants.get().body_id
    client.post("/sign-in/", {"login": "my-password-by-mistake@x.example", "password": "typed-it"})
    unknown = Event.objects.get(body_id=INSTALLATION, kind="sign_in_refused")
    for typed in ("typed-it", "my-password", "not-the-password"):
        assert typed not in f"{line.__dict__}{unknown.__dict__}"


def test_a_sign_in_is_one_line_in_the_chain_of_the_persons_body():
    user = alice()
    enter(browser(), user)
    assert kinds(user) == ["signed_in"]
    nobody = a_user("Newcomer", "")
    enter(browser(), nobody)
    assert Event.objects.about(nobody).get().body_id == INSTALLATION


def test_tries_are_limited_also_for_the_second_factor():
    user, client, other = alice(), browser(), browser()
    enter(client, user)
    secret, _ = set_up_app(client)
    enter(other, user)
    for _ in range(5):
        other.post("/sign-in/code/", {"code": "000000"})
    answer = other.post("/sign-in/code/", {"code": code_at(secret)})
    assert "too many tries" in text_of(answer)


def stopped(user):
    lines = Event.objects.about(user).filter(kind="sign_in_refused")
    return [line.detail["way"] for line in lines].count("too many tries")


def test_tries_that_were_too_many_are_one_line_an_hour_of_each_account_that_there_is():
    people = alice(), bob()
    for user in people:
        cache.clear()  # as from another address
        for _ in range(8):
            enter(browser(), user, "not-the-password")
    assert list(map(stopped, people)) == [1, 1]
    lines = Event.objects.count()
    for number in range(4):  # the address has no tries left; nor has that of who has no account
        enter(browser(), SimpleNamespace(email=f"nobody{number}@example.org"), "x")
    assert Event.objects.filter(body_id=INSTALLATION).count() <= 2
    assert Event.objects.count() - lines <= 2
    cache.delete(f"stopped-noted:{people[1].pk}")  # an hour later
    for _ in range(2):
        enter(browser(), people[1], "not-the-password")
    assert stopped(people[1]) == 2


def test_a_try_at_a_second_account_is_noted_though_its_address_may_ask_nothing_any_more():
    for _ in range(31):
        answer = enter(browser(), SimpleNamespace(email="nobody@example.org"), "x")
    assert answer.status_code == 429
    user = alice()
    for _ in range(3):
        assert enter(browser(), user).status_code == 429
    assert stopped(user) == 1


def test_codes_that_were_too_many_are_one_line():
    user, client, other = alice(), browser(), browser()
    enter(client, user)
    set_up_app(client)
    enter(other, user)
    for _ in range(8):
        other.post("/sign-in/code/", {"code": "000000"})
    assert stopped(user) == 1


def test_the_account_page_is_in_the_header_of_every_page():
    client = browser()
    enter(client, alice())
    assert b'href="/account/"' in client.get("/").content


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) Version/18 Safari/604", "Safari on iPhone"),
        ("curl/8", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_in_words(agent, words):
    assert browser_words(agent) == words


def test_two_processes_count_the_same_tries(tmp_path):
    """A code that one process saw is used for the other; on the table that the migration made."""
    script = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from django.core.cache import cache\n"
        "import sys\n"
        "if sys.argv[1] == 'first': call_command('migrate', 'desk', verbosity=0)\n"
        "print(cache.add('code-used:x:123456', 1, 90))\n"
    )
    env = {
        **os.environ,
        "SECTION54_PROFILE": "local",
        "SECTION54_DATA": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "section54.desk.settings",
        "PYTHONPATH": str(Path(sign_in.__file__).parents[2]),
    }
    said = [
        subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-c", script, which],
            env=env,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for which in ("first", "second")
    ]
    assert said == ["True", "False"]


def test_who_lost_their_way_in_is_let_in_again_by_whoever_runs_it():
    user, client = alice(), browser()
    enter(client, user)
    set_up_app(client)
    key, secret = make_token(
        user=user,
        body=a_body(),
        name="of who took the account over",
        scopes=["spend.see"],
        expires_at=timezone.now() + timedelta(days=300),
        at=timezone.now(),
    )
    SocialAccount.objects.create(user=user, provider="entra", uid="issuer#of-somebody-else")
    program = Client(headers={"authorization": f"Bearer {secret}"})
    assert program.get("/api/v1/me").status_code == 200
    said = StringIO()
    call_command("let_in", user.email.upper(), stdout=said)
    assert program.get("/api/v1/me").status_code == 401
    assert not SocialAccount.objects.exists()
    assert "their keys for programs and their link to a sign-in service are gone" in said.getvalue()
    revoked = Event.objects.about(key).last()
    assert (revoked.kind, revoked.by_id, revoked.body_id) == (
        "api_token_revoked",
        None,
        a_body().pk,
    )
    assert "identity_unlinked" in kinds(user)
    password = re.search("with the password ([0-9a-f-]+) and", said.getvalue())[1]
    assert not signed_in(client)
    assert enter(browser(), user, password)["Location"] == "/"
    assert not Authenticator.objects.exists()
    assert "let_in_again" in kinds(user)
    assert password not in str([event.__dict__ for event in Event.objects.all()])
    with pytest.raises(CommandError, match="No open account has the address"):
        call_command("let_in", "nobody@example.org")
