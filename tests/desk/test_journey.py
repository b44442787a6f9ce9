"""The whole journey of a quarter, against the real server with its worker, in a real browser.

Given a force that has just set the workbench up; when its head of procurement adds a messy ledger,
corrects a column, takes it in, watches the review being made, reads it, decides, takes a list away,
adds last year's, compares, concludes and undoes; then each page says so, and axe is content.
With scripts and without.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from tests.engine.reports.test_page_in_chromium import browser, pytestmark


__all__ = ["browser", "pytestmark"]

MESSY = (
    "Fenland Constabulary;;;;\nPayments over £500;;;;\n\n"
    "Paid on;Payee;Net £;Notes;Text\n"
    "03/04/2025;Fenland Contract Cleaning Ltd;£21,000.00;A1;Contract cleaning\n"
    "03/05/2025;FENLAND CONTRACT CLEANING LIMITED;£20,000.00;A2;Contract cleaning\n"
    "04/05/2025;Ouse Guarding Ltd;9,000.00;A3;Security guarding\n"
    "05/06/2025;Isle Software Ltd;(50.00);A4;Software licences\n"
    "06/07/2025;March Growers Ltd;tbc;A5;Vegetables\n"
    "Total;;49,950.00;;\n"
)
LAST_YEAR = (
    "Paid on;Payee;Net £;Notes;Text\n"
    "03/04/2024;Fenland Contract Cleaning Ltd;9,000.00;B1;Contract cleaning\n"
    "04/05/2024;Ouse Guarding Ltd;9,000.00;B2;Security guarding\n"
    "05/06/2024;March Uniforms Ltd;8,000.00;B3;Uniforms\n"
)
RUBBISH = b"%PDF-1.7\nnot a ledger\n"
START_SECONDS = 120.0
WORK_MILLISECONDS = 60_000


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A workbench of its own on a free port; all of it ends with the tests."""
    data = tmp_path_factory.mktemp("workbench")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).with_name("section54"), "serve", "--data", data]
    process = subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--port", str(port), "--body", "Fenland Constabulary"],
        env={**os.environ, "SECTION54_PROFILE": "local"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    base = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urllib.request.urlopen(f"{base}/sign-in/", timeout=10):  # noqa: S310
                    break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        email, password = (data / "first-sign-in.txt").read_text(encoding="utf-8").split()[:2]
        yield base, email, password
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        process.stdout.close()
    assert process.returncode == 0, "Ctrl-C ends all of it"


class Visitor:
    """A browser's page, with what the journey does again and again."""

    def __init__(self, page, base, *, scripts):
        self.page, self.base, self.scripts, self.looked_at = page, base, scripts, 0

    def sees(self, *words):
        text = self.page.inner_text("main")
        for word in words:
            assert word in text, f"{word!r} is not in: {text[:1500]}"
        if self.scripts:  # axe itself is a script
            found = Axe().run(self.page)
            assert found.violations_count == 0, found.generate_report()
        width = self.page.viewport_size["width"]
        assert self.page.evaluate("document.documentElement.scrollWidth") <= width
        self.looked_at += 1

    def goes(self, path):
        self.page.goto(self.base + path)

    def presses(self, name):
        self.page.get_by_role("button", name=name, exact=True).first.click()

    def follows(self, name):
        self.page.get_by_role("link", name=name).first.click()

    def waits_for(self, words):
        self.page.get_by_text(words).first.wait_for(timeout=WORK_MILLISECONDS)

    def adds(self, name, content):
        self.goes("/ledgers/add/")
        self.page.set_input_files(
            "input[type=file]", {"name": name, "mimeType": "text/csv", "buffer": content}
        )
        self.presses("Add and read")

    def takes_in(self):
        self.follows("Take in and review")
        self.presses("Take in and review")
        self.waits_for("Call these first")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_quarter_from_the_ledger_to_the_conclusion_and_back(browser, address, scripts, figure):
    base, email, password = address
    context = browser.new_context(
        viewport={"width": 1280 if scripts else 390, "height": 900}, java_script_enabled=scripts
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    heard = []
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    elsewhere = []
    page.on("request", lambda r: None if r.url.startswith(base) else elsewhere.append(r.url))
    visitor = Visitor(page, base, scripts=scripts)

    # Sign in
    visitor.goes("/")
    page.fill("input[name=login]", email)
    page.fill("input[name=password]", password)
    visitor.presses("Sign in")
    visitor.sees()

    # Rubbish is refused in a sentence
    visitor.adds("letter.csv", RUBBISH)
    visitor.waits_for("Check what was understood")
    visitor.sees("letter.csv", "PDF", "None of the files could be read as a ledger")

    # A messy ledger, understood and corrected. Each run's own heading keeps the runs apart.
    heading = f"Notes {scripts}"
    visitor.adds("april.csv", MESSY.replace("Notes", heading).encode("cp1252"))
    visitor.waits_for("Check what was understood")
    brought = page.url
    visitor.sees("april.csv", "£49,950.00", "4 payments")
    visitor.follows("april.csv")
    visitor.sees("tbc", "total line")
    visitor.follows("Say which column is which")
    page.locator("summary", has_text="Other columns").first.click()
    for role, column in (("description", "5"), ("reference", "4")):
        page.locator(f"select[name$={role}]").first.select_option(column)
    visitor.presses("Read it again")
    visitor.waits_for("Check what was understood")
    visitor.sees("somebody of your body chose")

    # Taken in, made in the background, read
    visitor.takes_in()
    visitor.sees("Fenland Contract Cleaning Ltd", "Ouse Guarding Ltd", "£50k")
    review = page.url
    visitor.follows("Fenland Contract Cleaning Ltd")
    visitor.sees("industry 6", "FENLAND CONTRACT CLEANING LIMITED", "£41,000.00")
    visitor.follows("See every payment")
    visitor.sees("3 May 2025", "£20,000.00")
    page.go_back()

    # Decided otherwise, for a reason
    visitor.follows("Decide on another tier")
    visitor.presses("Keep this decision")
    visitor.sees("There is a problem", "Enter a reason")
    page.get_by_label("Medium").check()
    page.fill("textarea[name=reason]", "Its cleaners are our own former staff, on our terms.")
    page.fill("textarea[name=evidence]", "Contracts of all nine, seen on 3 March 2026.")
    visitor.presses("Keep this decision")
    visitor.sees("decided by", "Contracts of all nine", "industry 6")

    # Taken away as shown
    page.goto(f"{review}suppliers/?tier=medium")
    visitor.sees("Fenland Contract Cleaning Ltd", "computed high")
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 2
    assert rows[1].startswith("Fenland Contract Cleaning Ltd,Firm,Medium,High,")

    # Last year's, with the column remembered, and the two compared
    visitor.adds("last-year.csv", LAST_YEAR.replace("Notes", heading).encode())
    visitor.waits_for("Check what was understood")
    visitor.takes_in()
    earlier = page.url.rstrip("/").rsplit("/", 1)[-1]
    page.goto(f"{review}changes/")
    page.locator("select[name=earlier]").select_option(earlier)
    visitor.presses("Compare")
    visitor.sees("March Uniforms Ltd", "Stopped", "Grown")

    # Concluded once it was checked, and the import undone all the same
    page.goto(f"{review}conclude/")
    visitor.presses("Continue")
    visitor.sees("There is a problem", "Enter what you found")
    page.fill("textarea[name=findings]", "Cleaning and guarding first; rates asked for by May.")
    visitor.presses("Continue")
    visitor.sees("Check before you conclude", "asked for by May", "4 payments", "1 payee")
    visitor.presses("Change")
    assert page.input_value("textarea[name=findings]").endswith("by May.")
    page.fill("textarea[name=findings]", "Cleaning and guarding first; rates asked for by June.")
    visitor.presses("Continue")
    visitor.sees("Check before you conclude", "asked for by June")
    visitor.presses("Conclude")
    visitor.sees("Concluded on", "rates asked for by June")
    page.goto(brought)
    visitor.follows("Undo this import")
    page.fill("textarea", "The finance team sent the wrong month.")
    visitor.presses("Undo the import")
    visitor.sees("was undone")
    page.goto(review)
    visitor.sees("no longer counts", "rates asked for by June")

    figure(f"pages of the journey looked at, scripts {scripts}", visitor.looked_at)
    assert elsewhere == []
    assert heard == []
    context.close()
