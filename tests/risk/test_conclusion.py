"""A conclusion is checked before it stands; later undoing is marked; periods are compared alike."""

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.people import FIRST_DAY, NOW, a_body, alice
from tests.risk.ledgers import BEFORE_PAID, HEADINGS, NOW_PAID, a_review
from tests.risk.test_pages import SEEN, as_, cleaner, text_of

from section54.organisations.models import Grant
from section54.records.models import Event
from section54.risk.changes import compare, decide_tier, undo_import
from section54.risk.forms import NewReviewForm
from section54.risk.import_forms import TakeInForm
from section54.risk.models import Review
from section54.risk.periods import unlike_in_words
from section54.sources.models import Import
from section54.spend.models import Ledger


pytestmark = pytest.mark.django_db
FOUND = "Cleaning first: rates asked for by June.\nThen guarding: a visit in <July>."
GIVEN = {
    "findings": FOUND,
    "concluded_on-day": "1",
    "concluded_on-month": "9",
    "concluded_on-year": "2025",
    "next_due_on-day": "",
    "next_due_on-month": "",
    "next_due_on-year": "",
}


@pytest.fixture(autouse=True)
def data(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path


def conclude(client, review):
    page = reverse("review-conclude", args=[review.pk])
    return client.post(page, GIVEN | {"confirmed": "yes"}, follow=True)


def test_a_conclusion_is_shown_to_be_checked_and_only_the_confirmed_one_stands():
    user = alice()
    review = a_review(user)
    decide_tier(
        finding=cleaner(review), tier="medium", reason="Known", evidence=SEEN, by=user, at=NOW
    )
    client, page = as_(user), reverse("review-conclude", args=[review.pk])
    shown = text_of(client.post(page, GIVEN))
    for words in (
        "Check before you conclude",
        "<bdi>Cleaning first: rates asked for by June.</bdi><br><bdi>Then guarding",
        "in &lt;July&gt;.",
        "1 September 2025",
        "No date given",
        "3 April 2025 to 7 August 2025",
        "1 ledger with 7 payments",
        "On 1 payee",
        "None",
    ):
        assert words in shown, words
    assert all(f'name="{name}" value=' in shown for name in GIVEN)
    assert Review.objects.get().state == Review.State.READY
    assert not Event.objects.filter(kind="review_concluded").exists()
    assert "is concluded" in text_of(conclude(client, review))
    review.refresh_from_db()
    assert (review.state, review.findings_text) == (Review.State.CONCLUDED, FOUND)
    assert Event.objects.filter(kind="review_concluded").count() == 1


def test_change_leads_back_to_the_filled_form_and_a_wrong_answer_is_not_confirmed():
    user = alice()
    review = a_review(user)
    client, page = as_(user), reverse("review-conclude", args=[review.pk])
    back = text_of(client.post(page, GIVEN | {"change": "yes"}))
    assert "Then guarding: a visit in &lt;July&gt;.</textarea>" in back
    assert "There is a problem" not in back
    wrong = text_of(client.post(page, GIVEN | {"findings": "Short", "confirmed": "yes"}))
    assert "There is a problem" in wrong
    assert Review.objects.get().state == Review.State.READY


# --- the list of reviews ------------------------------------------------------------------------


def test_the_list_marks_a_concluded_review_whose_ledger_was_undone_without_a_query_a_row():
    user = alice()
    first, second = a_review(user), a_review(user, BEFORE_PAID, name="2024.csv")
    client, page = as_(user), reverse("review-list")
    for review in (first, second):
        conclude(client, review)
    client.get(page)  # what is asked once a process
    with CaptureQueriesContext(connection) as before:
        assert "a ledger was undone since" not in text_of(client.get(page))
    undo_import(
        brought_by=Import.objects.get(ledgers__reviews=first), because="Wrong", by=user, at=NOW
    )
    shown = text_of(client.get(page))
    row = next(part for part in shown.split("<tr>") if first.reference in part)
    assert shown.count("a ledger was undone since") == row.count("a ledger was undone since") == 1
    for place in range(3):
        a_review(user, NOW_PAID + "\n" * (place + 1), name=f"{place}.csv")
    with CaptureQueriesContext(connection) as after:
        assert text_of(client.get(page)).count('data-label="State"') == 5
    assert len(after) == len(before)


def test_an_open_review_of_an_undone_ledger_is_withdrawn_and_needs_no_mark():
    user = alice()
    a_review(user)
    undo_import(brought_by=Import.objects.get(), because="Wrong", by=user, at=NOW)
    shown = text_of(as_(user).get(reverse("review-list")))
    assert "Withdrawn" in shown
    assert "a ledger was undone since" not in shown


# --- the earlier review -------------------------------------------------------------------------


def offered(user, review):
    """What the form to take an import in offers first, had it not been taken in yet."""
    brought = Import.objects.get(ledgers__reviews=review)
    return TakeInForm(brought_by=brought, user=user).initial["earlier"]


def lines(*days):
    return HEADINGS + "".join(
        f"{day},Ouse Guarding Ltd,9000.00,Security guarding\n" for day in days
    )


def test_only_a_review_that_ended_before_and_is_as_long_is_offered_first():
    user = alice()
    quarter = a_review(user, lines("03/04/2025", "30/06/2025"), name="q1.csv")
    a_review(user, lines("03/07/2025", "30/07/2025"), name="july.csv")  # one month
    following = a_review(user, lines("01/08/2025", "30/10/2025"), name="q3.csv")
    assert offered(user, following) == quarter
    assert offered(user, quarter) is None  # nothing ended before April
    overlapping = a_review(user, lines("03/06/2025", "30/08/2025"), name="summer.csv")
    assert offered(user, overlapping) is None  # June is in the quarter too
    year = a_review(user, lines("01/11/2025", "30/10/2026"), name="year.csv")
    assert offered(user, year) is None  # nothing is 12 months long
    assert NewReviewForm(user=user)["earlier"].value() is None


def test_a_comparison_of_unlike_periods_says_so_in_one_sentence():
    user = alice()
    before = a_review(user, BEFORE_PAID, name="2024.csv")  # April to June: 3 months
    review = a_review(user, earlier=before)  # April to August: 5 months
    page = reverse("review-compare", args=[review.pk])
    assert "have different lengths (5 months and 3 months), so a" in text_of(as_(user).get(page))
    alike = a_review(user, lines("03/04/2023", "30/08/2023"), name="2023.csv")
    compare(review=review, earlier=alike, by=user, at=NOW)
    assert "The two periods" not in text_of(as_(user).get(f"{page}?with={alike.pk}"))


def test_periods_that_overlap_or_are_not_known_are_told_apart():
    april, may, june = date(2025, 4, 1), date(2025, 5, 1), date(2025, 6, 30)
    assert "overlap, so some" in unlike_in_words((april, june), (april, june))
    both = unlike_in_words((april, june), (may, june))
    assert "(3 months and 2 months) and overlap" in both
    assert "not known" in unlike_in_words((april, june), (None, None))
    assert unlike_in_words((may, june), (date(2025, 3, 1), date(2025, 4, 30))) == ""


# --- a review of ledgers that are in already ----------------------------------------------------


def test_ledgers_of_two_bodies_are_not_reviewed_together():
    user = alice()
    ely = a_body("Ely County Council")
    Grant.objects.create(user=user, role="head_of_procurement", body=ely, starts_on=FIRST_DAY)
    ours, theirs = a_review(user), a_review(user, BEFORE_PAID, name="2024.csv", body=ely)
    client, page = as_(user), reverse("review-new")
    assert "Ely County Council: 2024.csv: 3 payments" in text_of(client.get(page))
    ledgers = [ledger.pk for ledger in Ledger.objects.all()]
    mixed = text_of(client.post(page, {"ledgers": ledgers}))
    assert "Select ledgers of one body only: each body has its reviews" in mixed
    given = {"ledgers": [ours.ledgers.get().pk], "earlier": theirs.pk}
    other = text_of(client.post(page, given))
    assert "Select an earlier review of the same body as the ledgers" in other
    assert Review.objects.count() == 2
    assert client.post(page, {"ledgers": given["ledgers"]}).status_code == 302
    assert Review.objects.filter(body=ours.body).count() == 2


def test_the_figures_of_each_sheet_have_commas():
    user = alice()
    review = a_review(user)
    page = text_of(as_(user).get(reverse("review-method", args=[review.pk])))
    assert page.count("£59,700.00") == 2  # read, and the column's total
