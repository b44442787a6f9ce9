"""Every part in every state, as a browser sees it: sound, readable, and nothing inline."""

import os
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
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


def broken_rules(page):
    found = Axe().run(page).response["violations"]
    return [(rule["id"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]


@pytest.mark.parametrize("width", [1280, 360])
def test_no_accessibility_rule_is_broken_and_nothing_is_refused(show, gallery, width):
    page = show(gallery, width)
    page.evaluate(OPEN_ALL)
    page.screenshot(path=f"/tmp/ui-gallery-{width}.png", full_page=True)  # noqa: S108
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
    page.screenshot(path=f"/tmp/ui-{name}-{width}.png")  # noqa: S108
    assert broken_rules(page) == []
    assert page.heard == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
