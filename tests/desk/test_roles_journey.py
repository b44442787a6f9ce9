"""Who may do what, as three people find it in a real browser, with axe on every page.

Fenland and Broads buy together. Fenland's head of procurement decided on payees, noted why, and
concluded; every word of hers, and her name, has a word in it that nobody else may read.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from django.urls import reverse
from tests.engine.reports.test_page_in_chromium import browser, pytestmark
from tests.people import PASSWORD, a_user
from tests.risk.test_sharing import CANARY, WORDS, Together

from section54.records.models import Event
from section54.records.rows import everything_from_here


__all__ = ["browser", "pytestmark"]
NAVIGATION = "nav[aria-label=Main]"


@pytest.fixture(scope="module", autouse=True)
def _database_beside_the_browser():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "yes")
        yield


@pytest.fixture
def together(live_server, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    everything_from_here()
    cache.clear()
    return Together()


class Person:
    """Somebody at a browser of their own, wide or narrow; each page they look at is checked."""

    def __init__(self, browser, address, user, width=1280):
        size = {"width": width, "height": 900}
        self.context = browser.new_context(viewport=size, base_url=address)
        self.page, self.width = self.context.new_page(), width
        self.page.set_default_timeout(15_000)
        self.page.goto("/sign-in/")
        self.page.get_by_label("Your email address").fill(user.email)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.presses("Sign in")
        self.page.wait_for_url("**/")

    def goes(self, path):
        return self.page.goto(path).status

    def follows(self, name):
        self.page.get_by_role("main").get_by_role("link", name=name).first.click()

    def presses(self, name):
        self.page.get_by_role("button", name=name).first.click()

    def sees(self, *words, never=()):
        text, source = self.page.inner_text("main"), self.page.content()
        for word in words:
            assert word in text, f"{word!r} is not in: {text[:1500]}"
        for word in never:
            assert word not in source, f"{word!r} is in {self.page.url}"
        found = Axe().run(self.page)
        assert found.violations_count == 0, f"{self.page.url} {found.generate_report()}"
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.width

    def is_offered_no_change(self):
        assert self.page.locator("main form[method=post]").count() == 0, self.page.url
        assert self.page.locator("main a.govuk-button").count() == 0, self.page.url


@pytest.fixture
def at_a_browser(browser, live_server):
    people = []

    def arrives(user, width=1280):
        people.append(Person(browser, live_server.url, user, width))
        return people[-1]

    yield arrives
    for person in people:
        person.context.close()


def test_a_contract_manager_of_one_force_sees_a_shared_supplier_but_not_the_others_notes(
    together, at_a_browser
):
    # Given a review of Fenland that nobody else can find
    carol = at_a_browser(together.carol, width=360)
    review = reverse("review", args=[together.review.pk])
    assert carol.goes(review) == 404

    # When Fenland's head of procurement shares it, after she saw who will see what
    alice = at_a_browser(together.alice)
    alice.goes(review)
    alice.follows("Share this review with a collaboration")
    alice.sees("Share this review", "With which collaboration?")
    alice.page.get_by_label("Eastern procurement").check()
    alice.presses("Continue")
    alice.sees("Nothing is shared yet", "Broads Constabulary", "They will not see")
    alice.presses("Share")
    alice.sees("The review is shared with Eastern procurement")

    # Then a contract manager of Broads finds it in her list, marked, and the supplier in it
    carol.goes(reverse("review-list"))
    carol.sees(WORDS, never=[CANARY])
    carol.page.locator("tr", has_text=WORDS).get_by_role("link").first.click()
    carol.sees(WORDS, "Call these first", "Fenland Contract Cleaning", never=[CANARY])
    carol.is_offered_no_change()
    carol.follows("Fenland Contract Cleaning")
    carol.sees(WORDS, "Risk to people", "Left out are what people there decided", never=[CANARY])
    carol.is_offered_no_change()
    carol.follows("See every payment")
    carol.sees(WORDS, "Contract cleaning of stations", never=[CANARY])
    for name in ("review-suppliers", "review-categories", "review-method"):
        carol.goes(reverse(name, args=[together.review.pk]))
        carol.sees(WORDS, never=[CANARY])

    # And when it is shared no more, it is found no more
    alice.presses("Stop sharing")
    alice.sees("is shared with Eastern procurement no more")
    assert carol.goes(review) == 404


def test_an_auditor_reads_everything_but_the_content_of_concerns_and_changes_nothing(
    together, at_a_browser
):
    # Given an auditor of Fenland
    nell = a_user("Nell", "auditor")
    brought = together.review.ledgers.get()
    auditor = at_a_browser(nell)
    before = Event.objects.exclude(kind="signed_in").count()

    # When she opens what there is, then she reads it, the reasons of others too
    payee = [together.review.pk, together.cleaner.pk]
    for path, words in (
        (reverse("review", args=[together.review.pk]), f"{CANARY} concluded"),
        (reverse("finding", args=payee), f"{CANARY} reason for this"),
        (reverse("finding-payments", args=payee), "Contract cleaning of stations"),
        (reverse("ledger-list"), "Ledgers"),
        (reverse("import", args=[brought.brought_by_id]), "2025.csv"),
        (reverse("ledger", args=[brought.brought_by_id, brought.pk]), "2025.csv"),
        (reverse("people"), "Nell"),
        (reverse("people-access"), "Nell"),
        (reverse("audit"), f"{CANARY} concluded"),
    ):
        assert auditor.goes(path) == 200, path
        auditor.sees(words)
        auditor.is_offered_no_change()

    # And nothing of hers changes anything
    for name, of in (
        ("review-conclude", payee[:1]),
        ("review-share", payee[:1]),
        ("finding-decide", payee),
        ("import-undo", [brought.brought_by_id]),
    ):
        assert auditor.goes(reverse(name, args=of)) == 403, name
        auditor.sees("You")
    assert Event.objects.exclude(kind="signed_in").count() == before
    # And what is in a concern is not hers to read, whatever room comes to hold it
    assert not [one for one in nell.roles_held if "concerns" in " ".join(one.permissions)]
    assert "concern" not in auditor.page.inner_text(NAVIGATION).lower()


def test_an_administrator_opens_no_case(together, at_a_browser):
    # Given an administrator of Fenland
    ada = at_a_browser(a_user("Ada", "administrator"))

    # When she looks round, then no case is offered to her
    ada.sees(never=[CANARY, "Fenland Contract Cleaning"])
    places = ada.page.inner_text(NAVIGATION)
    assert "People" in places
    assert "Reviews" not in places
    assert "Ledgers" not in places

    # And when she has a case's address, it does not open
    brought = together.review.ledgers.get()
    for path in (
        reverse("review", args=[together.review.pk]),
        reverse("review-list"),
        reverse("finding", args=[together.review.pk, together.cleaner.pk]),
        reverse("review-suppliers-export", args=[together.review.pk, "csv"]),
        reverse("import", args=[brought.brought_by_id]),
    ):
        assert ada.goes(path) == 403, path
        ada.sees(never=[CANARY, "Fenland Contract Cleaning"])

    # And the record tells her of people only
    assert ada.goes(reverse("audit")) == 200
    ada.sees("Record of changes", never=[f"{CANARY} reason", f"{CANARY} concluded"])
