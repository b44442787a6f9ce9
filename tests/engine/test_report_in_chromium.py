"""Given the fictional force, when its review is opened in a browser, then axe is content."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.engine.reports.test_page_in_chromium import OPEN_ALL, browser, pytestmark

from section54.engine.reports.html import write_html
from section54.engine.review import Plan, make_review
from section54.engine.samples import BODY, write_samples


__all__ = ["browser", "pytestmark"]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    ledgers = write_samples(folder / "ledgers")
    previous = sorted((folder / "ledgers" / "previous").iterdir())
    made = make_review(
        Plan(
            ledgers=ledgers,
            previous=previous,
            body=BODY,
            store=folder / "store",
            lines=folder / "lines.parquet",
        )
    )
    write_html(made.review, folder / "review.html")
    return folder / "review.html"


@pytest.mark.parametrize("width", [1280, 360])
def test_the_fictional_forces_report_passes_axe(browser, page_file, width, figure):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(page_file.as_uri())
    page.evaluate(OPEN_ALL)
    found = Axe().run(page)
    figure(f"axe violations at {width} pixels", found.violations_count)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()
