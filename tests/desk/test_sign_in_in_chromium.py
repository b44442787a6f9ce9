"""Signing in as a person does it, in a real browser: with a code, and with a passkey."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from tests.desk.test_sign_in import code_at
from tests.engine.reports.test_page_in_chromium import browser, pytestmark
from tests.people import PASSWORD, alice

from section54.records.models import Event
from section54.records.rows import everything_from_here


__all__ = ["browser", "pytestmark"]


@pytest.fixture(scope="module", autouse=True)
def _database_beside_the_browser():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        yield


@pytest.fixture
def user(live_server):
    everything_from_here()
    cache.clear()
    return alice()


@pytest.fixture
def page(browser, live_server):
    """A page of a fresh browser, 360 px wide, that complains of every error in its console."""
    context = browser.new_context(viewport={"width": 360, "height": 800}, base_url=live_server.url)
    page = context.new_page()
    page.set_default_timeout(15_000)
    heard = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield page
    context.close()
    assert heard == []


def sees(page, *words):
    text = page.inner_text("main")
    for word in words:
        assert word in text, f"{word!r} is not in: {text[:1500]}"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def presses(page, name):
    page.get_by_role("button", name=name, exact=True).first.click()


def enters(page, user):
    page.goto("/sign-in/")
    page.get_by_label("Your email address").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    presses(page, "Sign in")


def test_somebody_sets_an_app_up_signs_out_and_in_with_its_code(page, user, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    enters(page, user)
    sees(page, "Set up an authenticator app", "needs a second factor")
    box = page.get_by_role("img", name="QR code for the app").bounding_box()
    assert box["width"] > 150
    secret = page.locator("code.read-out").inner_text().replace(" ", "")
    page.get_by_label("Code that the app shows").fill("000000")
    presses(page, "Set it up")
    sees(page, "The code is not right")
    assert page.locator("code.read-out").inner_text().replace(" ", "") == secret
    page.get_by_label("Code that the app shows").fill(code_at(secret, -1))
    presses(page, "Set it up")
    sees(page, "not shown again")
    page.get_by_role("button", name="I have kept them").or_(
        page.get_by_role("link", name="I have kept them")
    ).click()
    sees(page, "Where you are signed in", "Chrome on Linux", "10 codes left")
    presses(page, "Sign out")
    enters(page, user)
    sees(page, "Enter your code")
    page.get_by_label("Code from your authenticator app").fill(code_at(secret))
    presses(page, "Sign in")
    page.wait_for_url("/")
    sees(page)
    assert Event.objects.about(user).last().kind == "signed_in"


def test_somebody_adds_a_passkey_signs_in_with_it_proves_with_it_and_removes_it(page, user):
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )["authenticatorId"]
    enters(page, user)
    page.goto("/account/passkeys/")
    sees(page, "Passkeys")
    page.get_by_label("What you call it").fill("Work laptop")
    presses(page, "Add a passkey")
    page.get_by_text("Your passkey is added.").wait_for()
    sees(page, "not shown again")
    page.goto("/account/passkeys/")
    sees(page, "Work laptop")
    presses(page, "Add a passkey")  # the same device again
    page.get_by_text("This device has a passkey of yours already.").wait_for()

    presses(page, "Sign out")
    page.goto("/sign-in/?next=/account/")
    sees(page, "Sign in")
    presses(page, "Use a passkey")
    page.wait_for_url("/account/")
    sees(page, "Work laptop")
    assert Event.objects.about(user).last().detail == {"ways": "a passkey"}

    # after the password, it is the second factor
    presses(page, "Sign out")
    enters(page, user)
    sees(page, "Enter your code")
    presses(page, "Use a passkey")
    page.wait_for_url("/")
    assert Event.objects.about(user).last().detail == {"ways": "a password, a passkey"}

    page.goto("/prove/?next=/account/passkeys/")
    sees(page, "Confirm that it is you")
    presses(page, "Use a passkey")
    page.wait_for_url("/account/passkeys/")
    sees(page, "Work laptop")

    # somebody else's finger
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.goto("/prove/?next=/account/passkeys/")
    presses(page, "Use a passkey")
    page.get_by_text("No passkey was given.").wait_for()
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})

    page.goto("/account/passkeys/")
    presses(page, "Remove Work laptop")
    page.get_by_text("The passkey is removed.").wait_for()
    presses(page, "Sign out")
    page.goto("/sign-in/")
    presses(page, "Use a passkey")  # the device has it still
    page.get_by_text("The passkey could not be checked").wait_for()
    sees(page, "or sign in with your password")


def test_without_scripts_the_pages_say_what_works_instead(browser, live_server, user):
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    page = context.new_page()
    enters(page, user)
    page.goto("/account/passkeys/")
    text = page.inner_text("main")
    assert "A passkey needs a browser that runs JavaScript" in text
    assert page.get_by_role("button", name="Add a passkey").count() == 0
    context.close()
