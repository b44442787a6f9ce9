"""Every part in every state, as a browser sees it: sound, readable, and nothing inline."""

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django import forms
from playwright.sync_api import sync_playwright
from tests.ui import shapes


CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STATIC = Path(__file__).resolve().parents[2] / "src/section54/ui/static"
ORIGIN = "http://section54.test"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
ERROR_PAGES = ["400", "403", "404", "405", "413", "429", "500", "csrf"]
PICTURES = os.environ.get("SECTION54_PICTURES")
OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true })"

pytestmark = [
    pytest.mark.browser,
    # Playwright leaves an event loop behind that Python warns about when it is collected.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM.exists():
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing: install the chromium package.")
        pytest.skip("Chromium is not installed here.")
    if not (STATIC / "ui/app.css").exists():
        pytest.fail("The style sheet is missing: run make .venv/.assets-ready.")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def show(browser):
    contexts = []

    def shown(html, width=1280, *, scripts=True):
        """Open a page under the policy of the site; html may be a function called each time."""
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))

        def answer(route):
            path = route.request.url.removeprefix(ORIGIN)
            if not route.request.url.startswith(ORIGIN):
                page.heard.append(route.request.url)
                route.abort()
            elif path.startswith("/static/"):
                file = STATIC / path.removeprefix("/static/")
                route.fulfill(body=file.read_bytes(), content_type=KINDS[file.suffix])
            else:
                body = html() if callable(html) else html
                headers = {"Content-Security-Policy": CSP}
                route.fulfill(body=body, content_type="text/html; charset=utf-8", headers=headers)

        page.route("**/*", answer)
        page.goto(f"{ORIGIN}/page")
        return page

    yield shown
    for context in contexts:
        context.close()


@pytest.fixture
def gallery(env, get):
    return env.get_template("gallery.html").render(shapes.context(get))


def picture(page, name):
    """Keep a picture to look at, where a folder for them is named."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"ui-{name}", full_page=True)


def broken_rules(page):
    found = Axe().run(page).response["violations"]
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]


@pytest.mark.parametrize("width", [1280, 360])
def test_no_accessibility_rule_is_broken_and_nothing_is_refused(show, gallery, width):
    page = show(gallery, width)
    page.evaluate(OPEN_ALL)
    picture(page, f"gallery-{width}.png")
    assert broken_rules(page) == []
    assert page.heard == []


@pytest.mark.parametrize("width", [1280, 360, 320])
def test_no_page_scrolls_sideways(show, gallery, width):
    page = show(gallery, width)
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") == width


def test_nothing_is_inline(gallery):
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", gallery)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", gallery))


def test_what_a_ledger_wrote_is_never_markup(gallery):
    assert "<script>alert" not in gallery
    assert "A &lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in gallery


@pytest.mark.parametrize("name", ERROR_PAGES)
@pytest.mark.parametrize("width", [1280, 360])
def test_every_error_page_is_sound_without_any_context(show, env, name, width):
    page = show(env.get_template(f"{name}.html").render(), width)
    picture(page, f"{name}-{width}.png")
    assert broken_rules(page) == []
    assert page.heard == []
    assert page.evaluate("document.documentElement.scrollWidth") == width


class SignIn(forms.Form):
    """The fields of allauth's form for signing in."""

    login = forms.CharField(label="Your email address")
    password = forms.CharField(label="Password", widget=forms.PasswordInput)
    remember = forms.BooleanField(label="Remember me", required=False)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("sent", [None, {"login": "ada"}], ids=["fresh", "wrong"])
def test_the_sign_in_page_is_sound_fresh_and_with_errors(show, env, width, sent):
    html = env.get_template("account/login.html").render(form=SignIn(sent), csrf_input="")
    page = show(html, width)
    picture(page, f"login-{'wrong' if sent else 'fresh'}-{width}.png")
    assert broken_rules(page) == []
    assert page.heard == []
    assert page.title().startswith("Error: " if sent else "Sign in")
    if sent:
        page.get_by_role("link", name="Enter your password").click()
        assert page.evaluate("document.activeElement.id") == "id_password"
    assert page.locator("#id_login").get_attribute("autocomplete") == "username"
    assert page.get_by_role("link", name="Sign up").count() == 0


def test_the_page_that_asks_before_signing_out_is_sound(show, env):
    page = show(env.get_template("account/logout.html").render(csrf_input=""))
    assert broken_rules(page) == []
    assert page.get_by_role("button", name="Sign out").count() == 1


def test_a_keyboard_skips_to_the_content(show, gallery):
    page = show(gallery, scripts=False)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main-content"


def test_without_scripts_the_menu_and_every_field_are_there(show, gallery):
    page = show(gallery, 360, scripts=False)
    assert page.get_by_role("link", name="Suppliers", exact=True).is_visible()
    assert page.locator("input[type=file]").first.is_visible()
    assert not page.evaluate("document.body.classList.contains('js-enabled')")


def test_with_scripts_the_parts_of_govuk_frontend_work(show, gallery):
    page = show(gallery, 360)
    assert page.evaluate("document.body.classList.contains('govuk-frontend-supported')")
    menu = page.get_by_role("button", name="Menu")
    menu.click()
    assert menu.get_attribute("aria-expanded") == "true"
    assert page.get_by_role("link", name="Suppliers", exact=True).is_visible()


WORK = """{% extends "ui/layout.html" %}{% from "ui/parts.html" import working, refresh %}
{% block refresh %}{{ refresh() }}{% endblock %}
{% block content %}<h1>Import</h1>{% if state %}
{{ working("Reading <b>.csv", state.step, state.done, state.of, none, "/stop") }}
{% else %}<p>The ledger was read.</p>{% endif %}{% endblock %}"""


@pytest.fixture
def work(env):
    """Answer with the next state at each request; over when there is none left."""

    def made(*states):
        left = list(states)

        def html():
            state = left.pop(0) if left else None
            return env.from_string(WORK).render(title="Import", state=state)

        return html

    return made


def step(name, done=None, of=None):
    return {"step": name, "done": done, "of": of}


def test_progress_moves_on_without_stealing_focus_and_ends_by_itself(show, work):
    page = show(work(step("Opening"), step("Lines", 50, 200), step("Lines", 150, 200)))
    stop = page.get_by_role("button", name="Stop")
    stop.focus()
    progress = page.get_by_role("progressbar")
    assert progress.get_attribute("value") is None
    assert broken_rules(page) == []
    page.get_by_text("50 of 200 lines").wait_for()
    assert progress.evaluate("p => [p.value, p.max, p.position]") == [50, 200, 0.25]
    page.get_by_text("150 of 200 lines").wait_for()
    assert page.evaluate("document.activeElement.textContent") == "Stop"
    # What is said aloud comes every 10 seconds at most.
    assert page.locator("[data-working-said]").text_content() == ""
    page.get_by_text("The ledger was read.").wait_for()
    assert page.heard == []


def test_without_scripts_progress_reloads_itself_and_ends(show, work):
    page = show(work(step("Opening"), step("Lines", 50, 200)), scripts=False)
    page.get_by_text("50 of 200 lines").wait_for()
    page.get_by_text("The ledger was read.").wait_for()


def test_a_broken_rule_would_be_seen(show, env):
    page = show(env.from_string("<html><body><img src='/x'><p>Hi</p></body></html>").render())
    assert {"image-alt", "html-has-lang", "region"} <= {rule for rule, _ in broken_rules(page)}
