"""The first page: what needs this person today, and nobody else's work."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.people import FIRST_DAY, NOW, a_body, a_user, alice, bob, charlie
from tests.post.factories import a_message
from tests.risk.ledgers import a_review

from section54.desk.work_list import AT_FIRST, lines_for
from section54.organisations.collaboration_changes import found_collaboration, join, share
from section54.organisations.models import Grant
from section54.post import work_list
from section54.post.changes import fail, take
from section54.post.daily import write_reminders
from section54.post.models import Message, WorkerBeat
from section54.post.work_list import Item
from section54.risk.attention import reviews_due
from section54.risk.changes import conclude, decide_tier
from section54.sources.changes import start_import, store_file
from section54.spend.changes import READ_IMPORT
from section54.spend.tasks import read_import


pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def data(settings, tmp_path):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def today():
    return timezone.localdate()


def only(monkeypatch, *items):
    monkeypatch.setattr(work_list, "_known", {"tests": lambda user, today: items})


def page_of(user):
    client = Client()
    client.force_login(user)
    response = client.get("/")
    assert response.status_code == 200
    return response.content.decode()


def whats(user, today):
    return [line.item.what for line in lines_for(user, today)]


def an_import(by, text="Date,Supplier,Amount\n01/04/2025,Ouse Guarding Ltd,10.00\n", name="a.csv"):
    stored = store_file(body=a_body(), name=name, chunks=[text.encode()])
    return start_import(body=a_body(), stored=[stored], task=READ_IMPORT, by=by, at=NOW)


# --- the order ------------------------------------------------------------------------------------


def test_late_comes_first_the_oldest_at_the_top_then_today_then_soon_then_what_is_under_way(
    monkeypatch, today
):
    items = [
        Item(what="wait", link="/", under_way=True),
        Item(what="soon", link="/", due=today + DAY),
        Item(what="later", link="/", due=today + 9 * DAY),
        Item(what="no day", link="/"),
        Item(what="late", link="/", due=today - DAY),
        Item(what="today", link="/", due=today),
        Item(what="very late", link="/", due=today - 9 * DAY),
    ]
    only(monkeypatch, *items)
    user = alice()
    order = ["very late", "late", "no day", "today", "soon", "later", "wait"]
    assert whats(user, today) == order
    page = page_of(user)
    assert page.index("very late") < page.index("no day") < page.index("soon")
    assert "Late: it was due on" in page
    assert "Due today." in page


def test_a_long_list_shows_the_first_and_folds_the_others(monkeypatch):
    only(monkeypatch, *(Item(what=f"thing {n}", link="/") for n in range(AT_FIRST + 2)))
    page = page_of(alice())
    assert "Show 2 more lines" in page
    assert page.index("thing 4") < page.index("Show 2 more lines") < page.index("thing 5")
    only(monkeypatch, *(Item(what=f"thing {n}", link="/") for n in range(AT_FIRST + 1)))
    assert "more line" not in page_of(bob())


def test_words_of_a_line_are_letters_not_markup(monkeypatch):
    only(monkeypatch, Item(what="<script>x</script>", link="/", why="<b>y</b>"))
    page = page_of(alice())
    assert "<script>x" not in page
    assert "<b>y" not in page


def test_the_body_of_a_line_is_shown_to_who_works_for_several(monkeypatch):
    only(monkeypatch, Item(what="x", link="/", body="Ely County Council"))
    user = alice()
    assert "Ely County Council" not in page_of(user)
    Grant.objects.create(
        user=user, role="buyer", body=a_body("March Town Council"), starts_on=NOW.date()
    )
    assert "Ely County Council" in page_of(user)


def test_where_nothing_waits_the_page_says_so(monkeypatch):
    only(monkeypatch)
    assert "Nothing waits for you." in page_of(alice())


# --- the rooms' lines -----------------------------------------------------------------------------


def test_an_import_is_waited_for_then_to_be_checked_and_only_by_who_may(today):
    user, looks, other = alice(), bob(), charlie()
    brought = an_import(user)
    name = brought.reference
    assert whats(user, today) == [f"Wait for {name}"]
    read_import.call(str(brought.job_id))
    assert whats(user, today) == [f"Check what was read in {name}"]
    assert whats(looks, today) == whats(other, today) == []
    assert f"/imports/{brought.pk}/" in page_of(user)


def test_an_import_that_failed_or_has_nothing_in_it_says_so(today):
    user = alice()
    brought = an_import(user)
    job = take(job_id=brought.job_id, at=NOW)
    fail(job=job, because="No.", at=NOW)
    empty = an_import(user, text="What is this", name="b.csv")
    read_import.call(str(empty.job_id))
    assert set(whats(user, today)) == {
        f"See why reading {brought.reference} ended early",
        f"See why nothing in {empty.reference} could be read",
    }


def test_a_review_asks_for_its_high_risks_to_be_looked_at_then_to_be_concluded(today):
    user, looks, other = alice(), bob(), charlie()
    review = a_review(user)
    high = list(review.findings.filter(tier="high"))
    assert whats(user, today) == [f"Look at {len(high)} payees at high risk"]
    assert whats(looks, today) == whats(other, today) == []
    for finding in high:
        decide_tier(
            finding=finding,
            tier="medium",
            reason="They answered.",
            evidence="A visit.",
            by=user,
            at=NOW,
        )
    assert whats(user, today) == [f"Conclude {review.reference}"]


def concluded(review, user, due):
    return conclude(
        review=review,
        findings="What was found.",
        concluded_on=due - 365 * DAY,
        next_due_on=due,
        by=user,
        at=NOW,
    )


@pytest.mark.parametrize(("days", "when"), [(-1, "late"), (0, "today"), (30, "soon"), (31, None)])
def test_the_next_review_is_on_the_list_from_thirty_days_before(today, days, when):
    user, looks = alice(), bob()
    concluded(a_review(user), user, today + days * DAY)
    lines = lines_for(user, today)
    assert [(one.when, one.item.what) for one in lines] == (
        [(when, "Make the next spend review")] if when else []
    )
    assert lines_for(looks, today) == []


def test_who_may_make_the_next_review_is_reminded_of_it_and_a_later_one_ends_that(today):
    user, _, _ = alice(), bob(), charlie()
    review = concluded(a_review(user), user, today)
    [due] = list(reviews_due(today, today))
    assert (due.person, due.what) == (user, "The next spend review of Fenland Constabulary")
    write_reminders(timezone.now())
    assert Message.objects.get().person == user
    later = a_review(user, earlier=review, name="later.csv")
    concluded(later, user, today + 366 * DAY)
    assert list(reviews_due(today - 60 * DAY, today + 14 * DAY)) == []


def test_messages_are_for_who_may_send_them_and_only_without_a_mail_server(today, settings):
    user, looks = alice(), bob()
    a_message(handled_with="spend.change")
    assert whats(user, today) == ["Send 1 message by hand"]
    assert whats(looks, today) == []
    settings.EMAIL_HOST = "mail.example.org"
    assert whats(user, today) == []
    a_message(handled_with="spend.change", state="perhaps_sent")
    assert whats(user, today) == ["See why 1 message did not surely go out"]


def test_an_administrator_has_a_page_of_their_own_without_what_was_found(today):
    a_review(alice())
    person = a_user("Bea", "buyer")
    Grant.objects.filter(user=person).update(ends_on=today + DAY)
    admin = a_user("Ada", "administrator")
    assert whats(admin, today) == [
        "Have the installation looked at",
        "Set up Fenland Constabulary",
        "Decide whether Bea stays buyer",
    ]
    page = page_of(admin)
    assert "nobody has given you a role" not in page
    assert 'href="/people/">people and what they may do</a>' in page
    assert "Contract Cleaning" not in page
    WorkerBeat.objects.create(worker="x", started_at=NOW, beat_at=timezone.now())
    assert whats(admin, today)[1:] == ["Decide whether Bea stays buyer"]


def test_who_has_no_role_at_all_is_told_whom_to_ask():
    assert "nobody has given you a role" in page_of(a_user("Nora", ""))


def test_the_five_to_call_stand_beside_the_list_before_everything_else():
    user = alice()
    a_review(user)
    page = page_of(user)
    names = page.index("Fenland Contract Cleaning"), page.index("Ouse Guarding")
    assert max(names) < page.index("Where people may be exploited")
    assert page.index("What needs you today") < min(names)
    assert page.count("<h1") == 1


def test_who_has_nothing_to_do_sees_the_review_with_its_real_figures(monkeypatch):
    only(monkeypatch)
    a_review(alice())
    page = page_of(bob())
    assert "Nothing waits for you." in page
    assert "No payment could be read" not in page
    assert "went on work where exploitation of people is a known high risk" in page


def test_a_body_without_a_review_of_its_own_finds_those_that_are_shared_with_it():
    review = a_review(alice())
    broads = a_body("Broads Constabulary")
    together = found_collaboration(
        name="Eastern", lead=a_body(), shared_areas=["spend"], starts_on=FIRST_DAY, by=None, at=NOW
    )
    join(collaboration=together, body=broads, starts_on=FIRST_DAY, by=None, at=NOW)
    share(
        subject=review,
        body=a_body(),
        collaboration=together,
        starts_on=FIRST_DAY,
        by=review.asked_by,
        at=NOW,
    )
    page = page_of(a_user("Bea", "contract_manager", broads))
    assert "Reviews that other bodies share with you" in page
    assert f"/reviews/{review.pk}/" in page
    assert "Fenland Constabulary" in page
