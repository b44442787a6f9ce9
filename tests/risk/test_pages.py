"""A review's pages as Alice (who may), Bob (who may look) and Charlie (who belongs elsewhere)."""

import csv
from collections import Counter
from datetime import date
from io import BytesIO, StringIO

import pytest
from django.test import Client
from django.urls import reverse
from python_calamine import CalamineWorkbook
from tests.people import NOW, alice, bob, charlie
from tests.risk.ledgers import BEFORE_PAID, NOW_PAID, a_review

from section54.records.changes import first_broken
from section54.records.models import Event
from section54.risk.changes import compare, decide_tier, undo_import
from section54.risk.models import ComparedPayee, Finding, Review, TierDecision
from section54.risk.views import FILES
from section54.sources.models import Import


pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
SEEN = "Site visit of 3 March 2026: rotas, payslips and contracts of all nine cleaners were shown."


@pytest.fixture(autouse=True)
def data(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    settings.STATIC_ROOT = tmp_path


def as_(user):
    client = Client()
    client.force_login(user, BACKEND)
    return client


def text_of(response):
    return response.content.decode()


def cleaner(review):
    return review.findings.get(name__icontains="contract cleaning")


def test_every_page_opens_for_who_may_look_and_is_404_for_a_stranger():
    user = alice()
    review = a_review(user)
    finding = cleaner(review)
    looker, stranger = as_(bob()), as_(charlie())
    pages = [
        reverse("review", args=[review.pk]),
        *(
            reverse(name, args=[review.pk])
            for name in ("review-categories", "review-suppliers", "review-compare", "review-method")
        ),
        reverse("review-category", args=[review.pk, "cleaning"]),
        reverse("review-suppliers-export", args=[review.pk, "csv"]),
        reverse("review-file", args=[review.pk, "review.json"]),
        reverse("finding", args=[review.pk, finding.pk]),
        reverse("finding-payments", args=[review.pk, finding.pk]),
        reverse("finding-payments-export", args=[review.pk, finding.pk]),
    ]
    for page in pages:
        answer = looker.get(page)
        assert answer.status_code == 200, page
        answer.close()
        assert stranger.get(page).status_code == 404, page
        assert Client().get(page)["Location"].startswith("/sign-in/"), page
        assert looker.delete(page).status_code == 405, page
    changes = [
        reverse("review-conclude", args=[review.pk]),
        reverse("finding-decide", args=[review.pk, finding.pk]),
    ]
    for page in changes:
        assert looker.get(page).status_code == 403, page
        assert stranger.get(page).status_code == 404, page


def test_the_overview_names_whom_to_call_first_and_what_to_ask():
    user = alice()
    review = a_review(user)
    page = text_of(as_(user).get("/"))
    first = review.findings.to_call().filter(shown_tier="high").by_risk()
    assert [finding.name for finding in first][:2] == [
        "Fenland Contract Cleaning Ltd",
        "Ouse Guarding Ltd",
    ]
    assert all(finding.name in page and finding.next_step in page for finding in first)


def test_the_sums_of_a_review_are_those_of_its_ledger():
    review = a_review(alice())
    # 21,000 + 20,000 + 9,000 + 5,000 + 3,000 + 1,000 + 700
    assert sum(f.amount for f in review.findings.all()) == 59_700
    assert sum(f.lines for f in review.findings.all()) == 7 == review.figures["totals"]["read"]
    assert sum(c.amount for c in review.categories.all()) == 59_700
    found = cleaner(review)
    assert [(month, amount) for month, amount, _ in found.months] == [
        ("2025-04", 21_000),
        ("2025-05", 20_000),
    ]


def test_search_filter_and_sort_are_in_the_address():
    user = alice()
    review = a_review(user)
    client, page = as_(user), reverse("review-suppliers", args=[review.pk])
    assert "Ouse Guarding" not in text_of(client.get(page + "?q=cleaning"))
    high = text_of(client.get(page + "?tier=high"))
    assert "Ouse Guarding" in high
    assert "Isle Software" not in high
    by_name = text_of(client.get(page + "?sort=-name"))
    assert by_name.index("Ouse Guarding") < by_name.index("Ely County Council")
    assert "No payee fits" in text_of(client.get(page + "?q=nobody"))
    assert client.get(page + "?tier=xx&sort=yy&category=zz&page=-4").status_code == 200


def test_an_export_is_what_the_page_shows_safe_from_formulas_and_written_down():
    user = alice()
    review = a_review(user)
    client = as_(user)
    page = reverse("review-suppliers-export", args=[review.pk, "csv"])
    rows = list(csv.DictReader(StringIO(client.get(page).content.decode("utf-8-sig"))))
    assert len(rows) == review.findings.count()
    assert any(row["Payee"].startswith("'=Denny") for row in rows)
    high = client.get(page.replace(".csv", ".xlsx") + "?tier=high&sort=name")
    sheet = CalamineWorkbook.from_filelike(BytesIO(high.content)).get_sheet_by_index(0)
    names = [row[0] for row in sheet.to_python()[1:]]
    shown = review.findings.filter(shown_tier="high").order_by("name")
    assert names == [finding.name for finding in shown]
    assert Event.objects.filter(kind="review_exported").count() == 2


def test_a_decision_stands_beside_the_computed_tier_and_can_be_taken_back():
    user = alice()
    review = a_review(user)
    finding, client = cleaner(review), as_(user)
    decide = reverse("finding-decide", args=[review.pk, finding.pk])
    without = client.post(decide, {"tier": "low", "reason": "We know this firm very well."})
    assert "a risk is not lowered without evidence" in text_of(without)
    given = {"tier": "low", "reason": "We know this firm very well.", "evidence": SEEN}
    done = client.post(decide, given, follow=True)
    assert SEEN in text_of(done)
    finding.refresh_from_db()
    assert (finding.tier, finding.shown_tier) == ("high", "low")
    assert "Fenland Contract Cleaning" not in text_of(client.get("/")).split("Spend by risk")[0]
    client.post(reverse("finding-withdraw", args=[review.pk, finding.pk]))
    finding.refresh_from_db()
    assert (finding.shown_tier, finding.is_decided) == ("high", False)
    assert TierDecision.objects.get().withdrawn_by == user


def test_what_is_outside_the_review_has_no_tier_to_decide():
    user = alice()
    review = a_review(user)
    council = review.findings.get(name="Ely County Council")
    client = as_(user)
    answer = client.get(reverse("finding-decide", args=[review.pk, council.pk]), follow=True)
    assert "nothing to decide" in text_of(answer)


def test_a_concluded_review_does_not_change_and_outlives_its_import():
    user = alice()
    review = a_review(user)
    client, page = as_(user), reverse("review-conclude", args=[review.pk])
    assert "Enter what you found" in text_of(client.post(page, {}))
    given = {
        "findings": "Cleaning first: rates asked for by June, visit in July.",
        "concluded_on-day": "1",
        "concluded_on-month": "9",
        "concluded_on-year": "2025",
    }
    confirmed = given | {"confirmed": "yes"}
    assert "is concluded" in text_of(client.post(page, confirmed, follow=True))
    review.refresh_from_db()
    assert review.state == Review.State.CONCLUDED
    decide = reverse("finding-decide", args=[review.pk, cleaner(review).pk])
    client.post(decide, {"tier": "medium", "reason": "Too late for this.", "evidence": SEEN})
    assert not TierDecision.objects.exists()
    brought = Import.objects.get()
    undo_import(brought_by=brought, because="Wrong file", by=user, at=review.asked_at)
    shown = text_of(client.get(reverse("review", args=[review.pk])))
    assert "no longer counts" in shown
    assert "Cleaning first" in shown


def test_an_open_review_of_an_undone_import_is_withdrawn_with_the_reason():
    user = alice()
    review = a_review(user)
    undo_import(brought_by=Import.objects.get(), because="Wrong file", by=user, at=review.asked_at)
    shown = text_of(as_(user).get(reverse("review", args=[review.pk])))
    assert "withdrawn" in shown
    assert "Wrong file" in shown
    assert "Add ledgers" in text_of(as_(user).get("/"))


def test_two_years_compared_name_who_is_new_has_grown_and_has_stopped():
    user = alice()
    before = a_review(user, BEFORE_PAID, name="2024.csv")
    review = a_review(user, NOW_PAID, earlier=before)
    comparison = review.comparisons.get()
    changed = dict(comparison.payees.values_list("name", "change"))
    assert changed["Fenland Contract Cleaning Ltd"] == ComparedPayee.Change.GROWN  # 10k to 41k
    assert changed["Ouse Guarding Ltd"] == ComparedPayee.Change.STEADY
    assert changed["March Uniforms Ltd"] == ComparedPayee.Change.STOPPED
    assert changed["Isle Software Ltd"] == ComparedPayee.Change.NEW
    page = text_of(as_(user).get(reverse("review-compare", args=[review.pk]) + "?change=stopped"))
    assert "March Uniforms" in page
    assert "Isle Software" not in page
    assert compare(review=review, earlier=before, by=user, at=review.asked_at) == comparison


def test_making_a_review_twice_changes_nothing():
    user = alice()
    review = a_review(user)
    count, folder = review.findings.count(), review.folder
    from section54.risk.tasks import make_the_review  # noqa: PLC0415 - as a second worker would

    make_the_review.call(str(review.job_id))
    review.refresh_from_db()
    assert (review.findings.count(), review.folder) == (count, folder)
    assert Event.objects.filter(kind="review_made").count() == 1


def test_only_the_reports_own_files_can_be_taken_away():
    user = alice()
    review = a_review(user)
    client = as_(user)
    for name in FILES:
        response = client.get(reverse("review-file", args=[review.pk, name]))
        assert response["Content-Disposition"].startswith("attachment"), name
        assert b"".join(response.streaming_content), name
    for name in ("lines.parquet", "by-payee.parquet", "nothing.html"):
        assert client.get(reverse("review-file", args=[review.pk, name])).status_code == 404


def test_every_change_left_one_line_in_an_unbroken_chain():
    user = alice()
    review = a_review(user)
    chain = list(Event.objects.of_body(review.body_id))
    assert [event.kind for event in chain] == [
        "import_started",
        "import_read",
        "import_taken_in",
        "review_asked_for",
        "review_made",
    ]
    assert first_broken(chain) is None


def test_every_answer_carries_the_headers_that_keep_it_in():
    client = as_(alice())
    for page in ("/", "/sign-in/", "/nothing/", "/reviews/"):
        response = client.get(page)
        assert "default-src 'none'" in response["Content-Security-Policy"], page
        assert "unsafe" not in response["Content-Security-Policy"], page
        assert response["X-Content-Type-Options"] == "nosniff", page
        assert response["Cache-Control"] == "no-store", page
        assert response["Cross-Origin-Opener-Policy"] == "same-origin", page


def test_every_payment_can_be_taken_away_with_its_file_and_row_and_no_formula():
    user = alice()
    review = a_review(user)
    client = as_(user)
    garage = review.findings.get(name__contains="Denny")
    page = reverse("finding-payments-export", args=[review.pk, garage.pk])
    answer = client.get(page)
    [row] = csv.DictReader(StringIO(b"".join(answer).decode("utf-8-sig")))
    # The sixth record of the file, counted from 1 with its heading.
    assert (row["File"], row["Row"], row["Paid on"]) == ("2025.csv", "6", "2025-07-05")
    assert (row["Amount (pounds)"], row["Payee as written"]) == ("3000.00", "'=Denny Body Shop Ltd")
    assert "fenland-constabulary-2025-04-2025-08" in answer["Content-Disposition"]
    assert "2025.csv, row 6" in " ".join(
        text_of(client.get(page.replace(".csv", "/")))
        .replace("<bdi>", "")
        .replace("</bdi>", "")
        .split()
    )
    assert Event.objects.filter(kind="review_exported").count() == 1
    Finding.objects.filter(pk=garage.pk).update(hidden=True)
    assert client.get(page).status_code == 404


def test_an_exported_workbook_holds_days_as_days():
    user = alice()
    review = a_review(user)
    made = as_(user).get(reverse("review-suppliers-export", args=[review.pk, "xlsx"]))
    sheet = CalamineWorkbook.from_filelike(BytesIO(made.content)).get_sheet_by_index(0)
    heading, *rows = sheet.to_python()
    first = {row[0]: row[heading.index("First paid")] for row in rows}
    assert first["Ouse Guarding Ltd"] == date(2025, 5, 4)


def test_a_high_risk_on_an_unsure_category_says_how_sure_and_stays_high():
    user = alice()
    review = a_review(user)
    found = cleaner(review)
    assert found.doubt == ""
    found.purchases.update(confidence=0.52)
    page = text_of(as_(user).get(reverse("finding", args=[review.pk, found.pk])))
    found.refresh_from_db()
    assert "We are only 52% sure that this was for “Cleaning" in page
    assert found.tier == "high"
    assert "52% sure" in text_of(as_(user).get("/"))


def test_the_list_behind_the_headline_has_as_many_payees_as_it_says_also_after_a_decision():
    user = alice()
    review = a_review(user)
    client = as_(user)
    high = reverse("review-suppliers", args=[review.pk]) + "?tier=high"
    assert "the 2 payees whose risk is high" in text_of(client.get("/"))
    decide_tier(
        finding=cleaner(review), tier="medium", reason="Known", evidence=SEEN, by=user, at=NOW
    )
    assert "the 1 payee whose risk is high" in text_of(client.get("/"))
    assert text_of(client.get(high)).count('data-label="Risk"') == 1


def test_only_kinds_of_payee_that_occur_can_be_asked_for():
    user = alice()
    review = a_review(user)
    page = text_of(as_(user).get(reverse("review-suppliers", args=[review.pk])))
    options = page.split('name="kind"')[1].split("</select>")[0]
    counts = Counter(review.findings.values_list("kind", flat=True))
    assert options.count("<option") == 1 + len(counts)
    assert f"({counts['firm']})" in options


def test_where_the_first_are_of_one_trade_the_first_of_other_work_are_named():
    user = alice()
    cleaners = "".join(
        f"03/04/2025,{name} Cleaning Ltd,{amount}.00,Contract cleaning of stations\n"
        for amount, name in enumerate(("Isle", "March", "Soham", "Wisbech", "Ramsey"), 30_000)
    )
    review = a_review(user, text=NOW_PAID + cleaners)
    page = text_of(as_(user).get(reverse("review", args=[review.pk])))
    assert "5 of these 5 are paid mainly for “Cleaning" in page
    assert "Ouse Guarding Ltd" in page.split("The first in other work:")[1].split("</p>")[0]


def test_what_is_new_can_be_narrowed_to_high_risk_and_leads_to_its_list():
    user = alice()
    before = a_review(user, text=BEFORE_PAID, name="2024.csv")
    review = a_review(user, earlier=before)
    page = reverse("review-compare", args=[review.pk])
    client = as_(user)
    every = text_of(client.get(page + "?change=new"))
    high = text_of(client.get(page + "?change=new&risk=high"))
    # New since 2024: software, garage, council and widgets, none of them high.
    assert "Isle Software Ltd" in every
    assert "?change=grown&amp;risk=high#payees" in high
    assert "No payee changed in this way" in high
    assert "Fenland Contract Cleaning" in text_of(client.get(page + "?risk=high"))


def test_the_overview_opens_with_the_change_at_high_risk_and_says_it_is_not_concluded():
    user = alice()
    before = a_review(user, text=BEFORE_PAID, name="2024.csv")
    review = a_review(user, earlier=before)
    opening = text_of(as_(user).get(reverse("review", args=[review.pk]))).split("Call these first")[
        0
    ]
    # 41,000 cleaning + 9,000 guarding now; 10,000 + 9,000 + 8,000 uniforms then
    assert "+£23k at high risk" in opening
    assert "Not concluded yet" in opening
