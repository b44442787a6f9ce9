"""The record of changes as people read it: who may, what it says, and what is taken away."""

import pytest
from django.db import transaction
from tests.people import NOW, a_body, a_user, alice, bob, charlie

from section54.desk.audit import tell, what_happened
from section54.records.changes import record
from section54.records.models import Event, subject_of


pytestmark = pytest.mark.django_db


@pytest.fixture
def lines():
    body, anna = a_body(), alice()
    with transaction.atomic():
        record("role_granted", anna, body_id=body.pk, by=anna, at=NOW, user="x", role="buyer")
        record(
            "tier_decided",
            body,
            body_id=body.pk,
            by=anna,
            at=NOW,
            computed="high",
            decided="low",
            reason="We saw <b>payslips</b>",
            evidence="x",
        )
        record("tea_made", body, body_id=body.pk, by=None, at=NOW)
    return anna


TOLD = {"Tea made.": "tea_made", "We saw": "tier_decided", "Granted the": "role_granted"}


def kinds_on(answer):
    rows = answer.content.decode().partition("<tbody>")[2].partition("</tbody>")[0]
    return {kind for words, kind in TOLD.items() if words in rows}


def page(client, user, path="/audit/"):
    client.force_login(user)
    return client.get(path)


def test_alice_reads_each_line_as_a_sentence_with_what_it_was_and_what_it_became(client, lines):
    text = page(client, lines).content.decode()
    assert "Granted the role Buyer." in text
    assert "We saw &lt;b&gt;payslips&lt;/b&gt;" in text
    assert "<bdi>high</bdi> to <bdi>low</bdi>" in text
    assert "Tea made." in text


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("kind=tea_made", {"tea_made"}),
        ("by=Section54", {"tea_made"}),
        ("q=payslips", {"tier_decided"}),
        ("from=2026-04-20&to=2026-04-20", {"tea_made", "tier_decided", "role_granted"}),
        ("to=2026-04-19", set()),
    ],
)
def test_the_list_is_filtered_by_kind_person_words_and_day(client, lines, query, kinds):
    answer = page(client, lines, f"/audit/?{query}")
    assert kinds_on(answer) == kinds


def test_a_date_that_is_none_is_said_to_be_so(client, lines):
    assert "Enter the from date" in page(client, lines, "/audit/?from=soon").content.decode()


def test_bob_is_refused_and_charlie_sees_nothing_of_another_body(client, lines):
    assert page(client, bob()).status_code == 403
    stranger = page(client, charlie())
    assert kinds_on(stranger) == set()
    assert "Alice" not in stranger.content.decode()


def test_taking_the_list_away_is_a_line_of_it(client, lines):
    answer = page(client, lines, "/audit/export.csv?kind=tea_made")
    assert answer.content.decode("utf-8-sig").splitlines()[1].split(",")[1:3] == [
        "Section54",
        "Tea made.",
    ]
    last = Event.objects.of_body(a_body().pk).last()
    assert (last.kind, last.detail) == (
        "audit_exported",
        {"lines": 1, "filters": {"kind": "tea_made"}},
    )


def test_an_administrator_sees_only_lines_about_people(client, lines):
    answer = page(client, a_user("Ada", "administrator"))
    assert kinds_on(answer) == {"role_granted"}


def test_the_history_of_a_record_is_of_that_record_and_of_who_may(client, lines):
    path = f"/audit/?subject={subject_of(a_body())}"
    assert kinds_on(page(client, lines, path)) == {"tea_made", "tier_decided"}
    assert kinds_on(page(client, charlie(), path)) == set()


def test_a_record_says_what_happened_to_it_newest_first_to_who_may_see_it(client):
    anna = alice()
    record_ = a_body()
    with transaction.atomic():
        for number in range(12):
            record("body_founded", record_, body_id=record_.pk, by=anna, at=NOW, name=str(number))
    told = what_happened(bob(), "spend.see", record_.pk, [record_])
    assert [line.sentence for line in told.lines] == [f"Founded {n}." for n in range(11, 1, -1)]
    assert told.all_of_them == ""  # Bob does not read the whole record
    assert (
        subject_of(record_).partition(":")[2]
        in what_happened(anna, "spend.see", record_.pk, [record_]).all_of_them
    )
    assert what_happened(charlie(), "spend.see", record_.pk, [record_]) is None


def test_a_line_without_the_values_of_its_sentence_is_still_told():
    told = tell(Event(kind="import_undone", subject="sources.Import:1", by="A", detail={}))
    assert told.sentence == "Undid the import: (not recorded)"


def test_pounds_and_payments_are_told_with_thousands():
    made = Event(
        kind="review_made", subject="risk.Review:1", detail={"lines": 7444, "amount": "94600666.29"}
    )
    assert tell(made).sentence == "Made the review: 7,444 payments, £94,600,666.29."
    broken = Event(kind="review_made", subject="risk.Review:1", detail={"lines": 1, "amount": "?"})
    assert tell(broken).sentence == "Made the review: 1 payment, £?."
