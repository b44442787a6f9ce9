"""A conclusion is checked before it stands; later undoing is marked; periods are compared alike."""

import pytest
from django.urls import reverse
from tests.people import NOW, alice
from tests.risk.ledgers import a_review
from tests.risk.test_pages import SEEN, as_, cleaner, text_of

from section54.records.models import Event
from section54.risk.changes import decide_tier
from section54.risk.models import Review


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
