"""A review shared on purpose: what another body's people see of it, and what they never see."""

import csv
import io
import zipfile
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone
from tests.people import FIRST_DAY, NOW, a_body, a_user
from tests.risk.ledgers import BEFORE_PAID, a_review

from section54.organisations.collaboration_changes import (
    end_collaboration,
    found_collaboration,
    join,
    leave,
    share,
)
from section54.organisations.models import SHARED_PROCUREMENT, Grant, Membership, Share
from section54.records.changes import first_broken
from section54.records.models import Event, subject_of
from section54.risk.changes import compare, conclude, decide_tier, undo_import
from section54.risk.models import Review


pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CANARY = "Quillfeather"  # in every word that Fenland's people wrote, and in their names
WORDS = "Shared by Fenland Constabulary with Eastern procurement"
FILES = ("review.html", "review.xlsx", "review.ods", "review.json")


def as_(user):
    client = Client()
    client.force_login(user, BACKEND)
    return client


class Together:
    """Fenland and Broads buy together; Fenland decided, concluded and compared, and shares."""

    def __init__(self):
        self.alice = a_user(f"Alice {CANARY}", "head_of_procurement")
        self.carol = a_user("Carol", "contract_manager", a_body("Broads Constabulary"))
        self.eastern = found_collaboration(
            name="Eastern procurement",
            lead=a_body(),
            shared_areas=SHARED_PROCUREMENT,
            starts_on=FIRST_DAY,
            by=None,
            at=NOW,
        )
        self.broads = join(
            collaboration=self.eastern,
            body=a_body("Broads Constabulary"),
            starts_on=FIRST_DAY,
            by=None,
            at=NOW,
        )
        before = a_review(self.alice, BEFORE_PAID, name="2024.csv")
        self.review = a_review(self.alice)
        self.cleaner = self.review.findings.get(name__icontains="contract cleaning")
        self.guards = self.review.findings.get(name__icontains="guarding")
        for finding, tier in ((self.cleaner, "low"), (self.guards, "unknown")):
            assert finding.tier == "high"
            decide_tier(
                finding=finding,
                tier=tier,
                reason=f"{CANARY} reason for this",
                evidence=f"{CANARY} visit",
                by=self.alice,
                at=NOW,
            )
        compare(review=self.review, earlier=before, by=self.alice, at=NOW)
        conclude(
            review=self.review,
            findings=f"{CANARY} concluded that there is nothing to do.",
            concluded_on=NOW.date(),
            next_due_on=NOW.date(),
            by=self.alice,
            at=NOW,
        )
        self.before = before

    def shared(self, starts_on=FIRST_DAY):
        return share(
            subject=self.review,
            body=a_body(),
            collaboration=self.eastern,
            starts_on=starts_on,
            by=self.alice,
            at=NOW,
        )

    def pages(self):
        """The addresses that open to the other bodies of the collaboration."""
        of = [self.review.pk]
        lists = ("review-categories", "review-suppliers", "review-method")
        for name in ("review", *lists):
            yield reverse(name, args=of)
        for query in ("?tier=high", "?decided=yes", "?sort=-risk", "?q=cleaning"):
            yield reverse("review-suppliers", args=of) + query
        yield reverse("review-category", args=[*of, "cleaning"])
        for form in ("csv", "xlsx"):
            yield reverse("review-suppliers-export", args=[*of, form])
        for name in FILES:
            yield reverse("review-file", args=[*of, name])
        for name in ("finding", "finding-payments", "finding-payments-export"):
            yield reverse(name, args=[*of, self.cleaner.pk])
        yield reverse("review-list")

    def closed(self):
        """The addresses that do not, with whether they are sent to."""
        of, payee = [self.review.pk], [self.review.pk, self.cleaner.pk]
        brought = self.review.ledgers.get().brought_by_id
        yield from ((reverse("review-compare", args=of), verb) for verb in ("get", "post"))
        yield reverse("review-file", args=[*of, "rejected.csv"]), "get"
        yield reverse("import", args=[brought]), "get"
        yield reverse("import-rejected", args=[brought]), "get"
        yield reverse("review", args=[self.before.pk]), "get"
        for name in ("review-conclude", "review-share"):
            yield from ((reverse(name, args=of), verb) for verb in ("get", "post"))
        yield from ((reverse("finding-decide", args=payee), verb) for verb in ("get", "post"))
        for name in ("review-stop", "review-again", "review-share-stop"):
            yield reverse(name, args=of), "post"
        yield reverse("finding-withdraw", args=payee), "post"


@pytest.fixture(scope="module")
def together(django_db_setup, django_db_blocker, tmp_path_factory):
    """Made once, as reviews take seconds; what a test adds is taken back after it."""
    folder = tmp_path_factory.mktemp("data")
    with (
        override_settings(DATA_DIR=folder, STATIC_ROOT=folder),
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        yield Together()
        transaction.set_rollback(True)


def all_of(response):
    """Return what was sent as text, with what is packed in it."""
    content = b"".join(response.streaming_content if response.streaming else [response.content])
    response.close()
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            content = b"\n".join(packed.read(name) for name in packed.namelist())
    return content.decode()


def test_alice_shares_a_review_after_she_saw_who_will_see_what(together):
    client, address = as_(together.alice), reverse("review-share", args=[together.review.pk])
    assert address in client.get(reverse("review", args=[together.review.pk])).content.decode()
    chosen = {"collaboration": str(together.eastern.pk)}

    check = client.post(address, chosen).content.decode()
    assert "Nothing is shared yet" in check
    assert "Broads Constabulary" in check
    assert not Share.objects.exists()

    done = client.post(address, chosen | {"confirmed": "yes"}, follow=True).content.decode()
    assert "shared with Eastern procurement" in done
    made = Share.objects.get()
    assert (made.subject_id, made.shared_by) == (together.review.pk, together.alice)
    line = Event.objects.get(kind="record_shared")
    assert line.subject == subject_of(together.review)
    assert line.detail["collaboration"] == "Eastern procurement"
    page = client.get(reverse("review", args=[together.review.pk])).content.decode()
    assert "Shared with Eastern procurement" in page

    client.post(reverse("review-share-stop", args=[together.review.pk]), chosen)
    assert not Share.objects.exists()
    assert Event.objects.get(kind="record_no_longer_shared").subject == subject_of(together.review)
    stop = reverse("review-share-stop", args=[together.review.pk])
    assert "not shared with that" in client.post(stop, chosen, follow=True).content.decode()
    assert first_broken(Event.objects.of_body(a_body().pk)) is None


@pytest.mark.parametrize("collaboration", ["", "nonsense", "018f0000-0000-7000-8000-000000000000"])
def test_alice_cannot_share_with_what_her_body_is_not_in(together, collaboration):
    client, address = as_(together.alice), reverse("review-share", args=[together.review.pk])
    found_collaboration(
        name="Western procurement",
        lead=a_body("Severn Constabulary"),
        shared_areas=SHARED_PROCUREMENT,
        starts_on=FIRST_DAY,
        by=None,
        at=NOW,
    )
    assert "Western" not in client.get(address).content.decode()
    sent = {"collaboration": collaboration, "confirmed": "yes"}
    assert "There is a problem" in client.post(address, sent).content.decode()
    stop = reverse("review-share-stop", args=[together.review.pk])
    assert "not shared with that" in client.post(stop, sent, follow=True).content.decode()
    assert not Share.objects.exists()


def test_a_review_that_is_not_made_cannot_be_shared(together):
    Review.objects.filter(pk=together.review.pk).update(state="withdrawn", withdrawn_because="x")
    address = reverse("review-share", args=[together.review.pk])
    answer = as_(together.alice).get(address, follow=True)
    assert "Only a review that is ready to read can be shared." in answer.content.decode()


def test_what_is_not_shared_is_not_found_by_the_other_body(together):
    client = as_(together.carol)
    for page in together.pages():
        if page == reverse("review-list"):
            assert WORDS not in client.get(page).content.decode()
        else:
            assert client.get(page).status_code == 404, page


def test_carol_sees_the_shared_payee_and_no_word_of_what_fenland_noted(together):
    together.shared()
    client = as_(together.carol)
    for page in together.pages():
        answer = client.get(page)
        assert answer.status_code == 200, page
        text = all_of(answer)
        assert CANARY.lower() not in text.lower(), page
        assert "decided by" not in text.lower(), page
        if answer["Content-Type"].startswith("text/html"):
            assert WORDS in text, page
            assert 'method="post"' not in text.partition("<main")[2], page
    payee = client.get(reverse("finding", args=[together.review.pk, together.cleaner.pk]))
    text = payee.content.decode()
    assert "Fenland Contract Cleaning" in text
    assert "industry" in text.lower()
    assert "Left out are what people there decided" in text


def test_carol_finds_risks_as_they_were_computed_in_lists_counts_and_exports(together):
    together.shared()
    client = as_(together.carol)
    listed = reverse("review-suppliers", args=[together.review.pk])
    assert "Fenland Contract Cleaning" in client.get(f"{listed}?tier=high").content.decode()
    assert "Fenland Contract Cleaning" not in client.get(f"{listed}?tier=low").content.decode()
    # Nobody can find out from a filter which payees people decided on.
    everything, decided = client.get(listed).content, client.get(f"{listed}?decided=yes").content
    assert everything.count(b"<tr>") == decided.count(b"<tr>")

    sent = all_of(client.get(reverse("review-suppliers-export", args=[together.review.pk, "csv"])))
    rows = list(csv.DictReader(io.StringIO(sent.lstrip("\ufeff"))))
    assert "Decided by people" not in rows[0]
    assert "Risk" not in rows[0]
    assert rows[0]["Risk as computed"] == "High"
    assert {row["Whose it is"] for row in rows} == {WORDS}
    mine = all_of(
        as_(together.alice).get(
            reverse("review-suppliers-export", args=[together.review.pk, "csv"])
        )
    )
    own = list(csv.DictReader(io.StringIO(mine.lstrip("\ufeff"))))
    assert {row["Decided by people"] for row in own} == {"yes", "no"}
    order = [row["Payee"].lstrip("'") for row in rows]
    computed = together.review.findings.order_by("place").values_list("name", flat=True)
    assert order == list(computed)
    assert order != [row["Payee"].lstrip("'") for row in own]


def test_carol_can_change_nothing_and_finds_nothing_beside_what_is_shared(together):
    together.shared()
    Grant.objects.create(  # in her own body she may change everything
        user=together.carol,
        role="head_of_procurement",
        body=a_body("Broads Constabulary"),
        starts_on=FIRST_DAY,
    )
    client = as_(together.carol)
    before = Event.objects.count()
    for address, verb in together.closed():
        sent = {"confirmed": "yes", "collaboration": str(together.eastern.pk)}
        assert getattr(client, verb)(address, sent).status_code == 404, (verb, address)
    assert Event.objects.count() == before
    chosen = client.get(reverse("review-new")).content.decode()
    assert together.review.reference not in chosen
    assert "2025.csv" not in chosen


def test_the_owner_reads_in_its_own_record_who_took_a_shared_list_away(together):
    together.shared()
    as_(together.carol).get(reverse("review-suppliers-export", args=[together.review.pk, "csv"]))
    line = Event.objects.of_body(a_body().pk).last()
    assert (line.kind, line.by) == ("review_exported", "Carol")
    assert line.detail["shared"] == WORDS


def test_what_happened_is_told_on_the_records_own_pages_to_its_own_body_only(together):
    together.shared()
    brought = together.review.ledgers.get()
    own = as_(together.alice)
    for address, words in (
        (reverse("review", args=[together.review.pk]), "Shared it with Eastern procurement"),
        (reverse("finding", args=[together.review.pk, together.cleaner.pk]), "Decided on the risk"),
        (reverse("import", args=[brought.brought_by_id]), "Took the import in"),
    ):
        page = own.get(address).content.decode().partition("What happened here")[2]
        assert words in page, address
        assert "All that happened here" in page
    ledger = own.get(reverse("ledger", args=[brought.brought_by_id, brought.pk]))
    assert "What happened here" not in ledger.content.decode()  # nothing did
    guest = as_(together.carol).get(reverse("review", args=[together.review.pk]))
    assert "What happened here" not in guest.content.decode()


def test_the_first_page_of_a_body_without_a_review_leads_to_what_is_shared_and_tells_nothing_of_it(
    together,
):
    together.shared()
    page = as_(together.carol).get("/").content.decode()
    assert "Reviews that other bodies share with you" in page
    assert "Contract Cleaning" not in page
    assert CANARY not in page


def yesterday():
    return timezone.localdate() - timedelta(days=1)


def test_a_share_that_ended_is_found_no_more_the_next_day(together):
    made = together.shared()
    address = reverse("review", args=[together.review.pk])
    Share.objects.filter(pk=made.pk).update(ends_on=timezone.localdate())
    assert as_(together.carol).get(address).status_code == 200
    Share.objects.filter(pk=made.pk).update(ends_on=yesterday())
    assert as_(together.carol).get(address).status_code == 404


@pytest.mark.parametrize("who", ["the guest", "the owner"])
def test_a_membership_that_ended_shows_nothing_the_next_day(together, who):
    together.shared()
    if who == "the guest":
        leave(membership=together.broads, last_day=yesterday(), by=together.alice, at=NOW)
    else:
        Membership.objects.filter(body=a_body()).update(ends_on=yesterday())
    address = reverse("review", args=[together.review.pk])
    assert as_(together.carol).get(address).status_code == 404
    assert as_(together.alice).get(address).status_code == 200


def test_a_collaboration_that_ended_shows_nothing_the_next_day(together):
    together.shared()
    end_collaboration(
        collaboration=together.eastern, last_day=yesterday(), by=together.alice, at=NOW
    )
    address = reverse("finding", args=[together.review.pk, together.cleaner.pk])
    assert as_(together.carol).get(address).status_code == 404


def test_who_may_see_no_spend_sees_no_shared_review_and_who_belongs_elsewhere_finds_none(together):
    together.shared()
    address = reverse("review", args=[together.review.pk])
    ada = a_user("Ada", "administrator", a_body("Broads Constabulary"))
    assert as_(ada).get(address).status_code == 403
    stranger = a_user("Sam", "head_of_procurement", a_body("Ely County Council"))
    assert as_(stranger).get(address).status_code == 404
    assert WORDS not in as_(stranger).get(reverse("review-list")).content.decode()


def test_undoing_a_ledger_ends_the_sharing_of_what_rests_on_it_for_good(together):
    together.shared()
    brought = together.review.ledgers.get().brought_by
    owner = as_(together.alice)
    said = owner.get(reverse("import-undo", args=[brought.pk])).content.decode()
    assert "is shared no more" in said
    undo_import(brought_by=brought, because="A wrong file", by=together.alice, at=NOW)
    address = reverse("review", args=[together.review.pk])
    assert as_(together.carol).get(address).status_code == 404
    assert Event.objects.filter(kind="record_no_longer_shared").count() == 1
    again = owner.get(reverse("review-share", args=[together.review.pk]), follow=True)
    assert "A ledger of this review was undone, so it cannot be shared." in again.content.decode()


def test_payments_name_the_file_they_stand_in_though_the_ledger_is_not_shared(together):
    together.shared()
    client = as_(together.carol)
    of = [together.review.pk, together.cleaner.pk]
    for name in ("finding-payments", "finding-payments-export"):
        assert "2025.csv" in all_of(client.get(reverse(name, args=of))), name


def test_a_review_that_was_withdrawn_is_shared_no_more(together):
    together.shared()
    Review.objects.filter(pk=together.review.pk).update(
        state="withdrawn",
        withdrawn_because=f"{CANARY} said so",
        concluded_on=None,
        concluded_by=None,
    )
    address = reverse("review", args=[together.review.pk])
    assert as_(together.carol).get(address).status_code == 404


def test_a_buyer_of_the_whole_collaboration_sees_the_notes_as_a_colleague_does(together):
    priya = a_user("Priya", "")
    Grant.objects.create(
        user=priya, role="buyer", collaboration=together.eastern, starts_on=FIRST_DAY
    )
    together.shared()
    text = as_(priya).get(reverse("review", args=[together.review.pk])).content.decode()
    assert WORDS not in text
    assert f"{CANARY} concluded" in text
