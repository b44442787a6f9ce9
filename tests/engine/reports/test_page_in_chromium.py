"""The page as a browser sees it: given a review, when opened wide or narrow, then it is sound."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from tests.engine.reports import make_review as made

from section54.engine.reports.html import write_html


CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SHAPES = [
    *(made.fenland, made.first_year, made.everything_unknown),
    *(made.no_high_risk, made.nothing_read, made.hostile),
]
OPEN_ALL = "document.querySelectorAll('details').forEach(d => { d.open = true })"
A4_ROOM = {"width": 688, "height": 1017}  # 210 × 297 mm less 14 mm margins, at 96 dots an inch

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
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser, tmp_path):
    contexts = []

    def opened(shape, width=1280, height=900, *, scripts=True):
        path = tmp_path / f"{shape.__name__}.html"
        write_html(shape(), path)
        context = browser.new_context(
            viewport={"width": width, "height": height}, java_script_enabled=scripts
        )
        contexts.append(context)
        page = context.new_page()
        page.heard = []
        page.on("console", lambda message: page.heard.append(message.text))
        page.on("pageerror", lambda error: page.heard.append(str(error)))
        page.on(
            "request",
            lambda request: (
                page.heard.append(request.url)
                if not request.url.startswith(("file:", "data:"))
                else None
            ),
        )
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(
    ("shape", "width"),
    [(shape, 1280) for shape in SHAPES] + [(made.fenland, 320)],
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_no_accessibility_rule_is_broken_open_or_closed(open_page, shape, width):
    page = open_page(shape, width)
    # Closed details are looked at once: the other shapes have the same ones.
    for step in ("0", OPEN_ALL) if shape is made.fenland else (OPEN_ALL,):
        page.evaluate(step)
        found = Axe().run(page).response["violations"]
        assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == []
    assert page.heard == []


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_narrow_screen_never_scrolls_sideways(open_page, shape):
    page = open_page(shape, 320)
    page.evaluate(OPEN_ALL)
    assert page.evaluate("document.documentElement.scrollWidth") == 320


@pytest.mark.parametrize("width", [320, 360])
def test_no_table_of_the_page_needs_sideways_scrolling_on_a_phone(open_page, width):
    page = open_page(made.fenland, width)
    page.evaluate(OPEN_ALL)
    wide = page.evaluate(
        "[...document.querySelectorAll('.scroll:has(table)')]"
        ".filter(s => s.scrollWidth > s.clientWidth).map(s => s.innerText.slice(0, 40))"
    )
    assert wide == []
    assert page.get_by_role("table", name="Payees by risk to people, then").is_visible()
    assert page.get_by_role("columnheader", name="Bought").count() == 1


def test_one_prompt_sheet_is_printed_alone_when_its_link_was_followed(open_page):
    page = open_page(made.fenland)
    page.locator("a[href='#print-cleaning']").click()
    assert page.get_by_text("Print now: only this sheet").filter(visible=True).count() == 1
    page.emulate_media(media="print")
    assert page.locator("article.sheet").filter(visible=True).count() == 1
    assert page.locator("h1, h2").filter(visible=True).count() == 0


def test_a_keyboard_reaches_the_content_and_a_hidden_table(open_page):
    page = open_page(made.fenland)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to main content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    summary = page.locator("summary", has_text="Figures by risk")
    summary.focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("table", name="Spend, payments and payees by risk").is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "region"


def test_the_five_to_call_are_found_without_scripts(open_page):
    page = open_page(made.fenland, scripts=False)
    page.get_by_role("link", name="Call these five first").click()
    assert page.url.endswith("#first")
    assert page.locator("ol.calls > li").count() == 5
    assert page.locator("ol.calls h3").first.inner_text() == "Whittlesey Builders"


def test_each_prompt_sheet_fits_one_printed_page(open_page):
    page = open_page(made.fenland, **A4_ROOM)
    page.emulate_media(media="print")
    heights = page.evaluate(
        "[...document.querySelectorAll('.sheet')].map(s => s.getBoundingClientRect().height)"
    )
    assert len(heights) == 9
    assert max(heights) <= A4_ROOM["height"]
