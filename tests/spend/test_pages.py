"""Ledgers on the web: add, check, correct, stop, discard, take in, undo."""

import csv
import gzip
import io
from dataclasses import replace
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from tests.spend.conftest import named, signed_in, words_of
from tests.spend.factories import (
    HEADINGS,
    LINES,
    a_user,
    as_csv,
    as_workbook,
    do_the_work,
    grant,
    ledger_file,
)

from section54.engine.ledgers.columns import ROLES
from section54.post.changes import fail, take
from section54.post.models import Job
from section54.records.models import Event
from section54.risk.models import Review
from section54.sources.models import Import, SourceFile
from section54.spend import forms
from section54.spend.changes import discard, take_in
from section54.spend.models import Ledger, RememberedColumn
from section54.spend.shown import parts_to_correct


pytestmark = pytest.mark.django_db

TOTAL = [("", "", "Total", "35693.05")]
# Two columns of names: the heading says that the wrong one is the supplier.
MISLED = ("Supplier Name", "Description", "Payment Date", "Net Amount")


def misled(*lines):
    return as_csv(
        *[(what, name, when, amount) for name, what, when, amount in lines or LINES],
        headings=MISLED,
    )


def page(client, name, **kwargs):
    answer = client.get(reverse(name, kwargs=kwargs))
    assert answer.status_code == 200, answer
    return words_of(answer)


def ledger_address(name, brought_by):
    ledger = brought_by.ledgers.order_by("source__name").first()
    return reverse(name, kwargs={"pk": brought_by.pk, "ledger": ledger.pk})


def columns_sent(brought_by, at=0, **changes):
    """What the browser sends: what was understood, with some of it changed."""
    ledger = brought_by.ledgers.order_by("source__name").first()
    understood = forms.ColumnsForm(part=forms_parts(ledger)[at]).initial
    return {"part": str(at)} | {
        f"part{at}-{role}": column for role, column in {**understood, **changes}.items()
    }


def forms_parts(ledger):
    return parts_to_correct(ledger)


# --- adding -------------------------------------------------------------------------------------


def test_without_ledgers_the_list_says_how_to_begin(alice):
    assert "No ledger yet." in page(alice, "ledger-list")
    assert "Add ledgers" in page(alice, "ledger-list")


def test_a_messy_ledger_is_read_and_accounted_for(add, alice):
    messy = ledger_file(extra=[("", "", "", ""), *TOTAL])
    brought_by = add((messy, "../../april 2025.csv"), (gzip.compress(misled()), "may.csv.gz"))
    assert brought_by.state == Import.State.TO_CHECK
    april = brought_by.ledgers.get(source__name="april 2025.csv")
    assert (april.rows, april.read, april.blank, april.headings) == (9, 6, 1, 1)
    said = page(alice, "import", pk=brought_by.pk)
    assert "Check what was understood" in said
    assert "9 = 6 read + 1 rejected + 1 blank + 1 heading" in said
    assert "£35,693.05" in said
    assert "3 April 2025 to 2 May 2025" in said
    assert "Take in and review" in said
    listed = page(alice, "ledger-list")
    assert brought_by.reference in listed
    assert "To be checked" in listed


def test_while_it_is_read_the_page_shows_how_far(add, alice):
    brought_by = add(read=False)
    answer = alice.get(reverse("import", kwargs={"pk": brought_by.pk}))
    assert b'http-equiv="refresh"' in answer.content
    assert "Waiting for its turn" in words_of(answer)
    assert "Stop" in words_of(answer)


def test_no_file_and_too_large_a_file_are_told_what_to_do(alice, monkeypatch):
    nothing = alice.post(reverse("ledger-add"), {})
    assert "Select at least one ledger" in words_of(nothing)
    monkeypatch.setattr(forms, "LARGEST", 100)
    large = alice.post(reverse("ledger-add"), {"ledgers": named(ledger_file(), "april.csv")})
    assert "april.csv has" in words_of(large)
    assert "Split it, for example by month" in words_of(large)
    empty = alice.post(reverse("ledger-add"), {"ledgers": named(b"", "april.csv")})
    assert "april.csv is empty. Export it again" in words_of(empty)
    assert not SourceFile.objects.exists()


def test_the_same_file_under_two_names_is_kept_once(add, alice):
    brought_by = add((ledger_file(), "a.csv"), (ledger_file(), "b.csv"))
    assert brought_by.files.count() == 1
    assert "b.csv is the same file as a.csv. It was kept once." in page(
        alice, "import", pk=brought_by.pk
    )


def test_the_same_file_twice_warns(add, alice, buyer):
    first = add()
    take_in(brought_by=first, by=buyer, at=first.started_at)
    second = add((ledger_file(), "again.csv"))
    warning = f"already taken in as {first.reference}"
    assert warning in page(alice, "import", pk=second.pk)
    assert warning in page(alice, "import-take-in", pk=second.pk)


def test_the_same_payments_in_another_file_warn(add, alice):
    other = as_csv(*LINES, ("", "", "Total", "0.00"))
    brought_by = add((ledger_file(), "april.csv"), (other, "april again.csv"))
    said = page(alice, "import", pk=brought_by.pk)
    taking = page(alice, "import-take-in", pk=brought_by.pk)
    assert "april.csv may hold the same payments as april again.csv" in taking
    assert "It may hold the same payments as april.csv: as many" in said


def test_who_buys_for_several_bodies_says_for_which(buyer, other_body, add):
    grant(buyer, "buyer", other_body)
    client = signed_in(buyer)
    assert "Whose ledgers are they?" in page(client, "ledger-add")
    missing = client.post(reverse("ledger-add"), {"ledgers": named(ledger_file(), "a.csv")})
    assert "Select whose ledgers they are" in words_of(missing)
    assert add(client=client, body=str(other_body.pk)).body == other_body


def test_a_name_from_outside_is_shown_as_text(add, alice):
    brought_by = add((ledger_file(), "<script>alert(1)</script>.csv"))
    answer = alice.get(reverse("import", kwargs={"pk": brought_by.pk}))
    assert b"<script>alert" not in answer.content


def test_a_cell_from_outside_is_shown_as_text_and_no_spreadsheet_runs_it(add, alice):
    bad = [("<img src=x onerror=alert(1)>", '=HYPERLINK("http://bad.example")', "", "none")]
    brought_by = add((ledger_file(extra=bad), "april.csv"))
    answer = alice.get(ledger_address("ledger", brought_by))
    assert b"<img" not in answer.content
    answer = alice.get(reverse("import-rejected", kwargs={"pk": brought_by.pk}))
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert not any(cell.startswith("=") for row in csv.reader(io.StringIO(text)) for cell in row)


# --- what was understood ------------------------------------------------------------------------


def test_a_ledger_shows_its_columns_its_records_and_what_was_rejected(add, alice):
    brought_by = add((ledger_file(extra=TOTAL), "april.csv"))
    said = words_of(alice.get(ledger_address("ledger", brought_by)))
    assert "Supplier’s name A: Supplier Name" in said
    assert "taken for amount without VAT" in said
    assert "Fenland Contract Cleaning Ltd" in said
    assert "Rows that were rejected" in said


def test_a_workbook_shows_each_sheet_and_names_what_is_left_out(add, alice):
    rows = [HEADINGS, *LINES]
    more = [HEADINGS, *[(a, b, c.replace("2025", "2024"), d) for a, b, c, d in LINES]]
    notes = [("Notes",), ("Published each month",), ("Ask us for more",)]
    brought_by = add((as_workbook(April=rows, May=more, Notes=notes), "year.xlsx"))
    said = page(alice, "import", pk=brought_by.pk)
    assert "12 payments" in said
    assert "year.xlsx › Notes" in said
    said = words_of(alice.get(ledger_address("ledger", brought_by)))
    assert "The same columns as in year.xlsx › April" in said
    part = forms_parts(brought_by.ledgers.get())[0]
    assert part.names == ("year.xlsx › April", "year.xlsx › May")


def test_what_could_not_be_read_comes_first(add, alice):
    brought_by = add((ledger_file(), "april.csv"), (b"%PDF-1.7 and so on", "scan.pdf"))
    said = page(alice, "import", pk=brought_by.pk)
    assert said.index("scan.pdf") < said.index("april.csv")


def test_every_rejected_row_can_be_downloaded(add, alice):
    brought_by = add((ledger_file(extra=TOTAL), "april.csv"))
    answer = alice.get(reverse("import-rejected", kwargs={"pk": brought_by.pk}))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert [(row["file"], row["row"]) for row in rows] == [("april.csv", "8")]
    assert rows[0]["reason"]
    assert "35693.05" in rows[0]["text"]


def test_a_wrong_column_is_corrected_and_remembered(add, alice, buyer):
    brought_by = add((misled(), "april.csv"))
    before = forms_parts(brought_by.ledgers.get())[0].understood
    assert before["supplier"] == "1"
    wanted = {**{r: "none" for r, c in before.items() if c == "2"}, "supplier": "2"}
    answer = alice.post(
        ledger_address("ledger-correct", brought_by), columns_sent(brought_by, **wanted)
    )
    assert answer.status_code == 302
    brought_by = do_the_work(brought_by)
    after = forms_parts(brought_by.ledgers.get())[0]
    assert after.understood["supplier"] == "2"
    assert "a person said so" in words_of(alice.get(ledger_address("ledger", brought_by)))
    take_in(brought_by=brought_by, by=buyer, at=brought_by.started_at)
    assert RememberedColumn.objects.get(role="supplier").column == "2"
    following = add((misled(*LINES[2:]), "may.csv"))
    assert forms_parts(following.ledgers.get())[0].understood["supplier"] == "2"
    assert "somebody of your body chose" in page(alice, "import", pk=following.pk)


def test_corrections_are_taken_back(add, alice):
    brought_by = add()
    first = forms_parts(brought_by.ledgers.get())[0].understood
    alice.post(
        ledger_address("ledger-correct", brought_by),
        columns_sent(brought_by, description="none"),
    )
    brought_by = do_the_work(brought_by)
    assert forms_parts(brought_by.ledgers.get())[0].understood["description"] == "none"
    alice.post(ledger_address("ledger-correct", brought_by), {"part": "back"})
    brought_by = do_the_work(brought_by)
    assert brought_by.ledgers.get().corrections == {}
    assert forms_parts(brought_by.ledgers.get())[0].understood == first


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"supplier": "2"}, "The same column is chosen for “Supplier’s name”"),
        ({"amount_net": "none"}, "Choose the column with the amounts"),
        ({"supplier": "99"}, "Select one of the choices shown"),
    ],
)
def test_columns_that_cannot_be_are_explained(add, alice, changes, told):
    brought_by = add()
    answer = alice.post(
        ledger_address("ledger-correct", brought_by), columns_sent(brought_by, **changes)
    )
    assert answer.status_code == 200
    assert told in words_of(answer)
    brought_by.refresh_from_db()
    assert brought_by.state == Import.State.TO_CHECK


def test_a_correction_that_spoils_a_file_can_be_corrected_too(add, alice):
    lines = [("Estates", name, when, amount) for name, _, when, amount in LINES]
    odd = as_csv(*lines, headings=("Unit", "Vendor", "Payment Date", "Net Amount"))
    brought_by = add((odd, "april.csv"))
    address = ledger_address("ledger-correct", brought_by)
    alice.post(address, columns_sent(brought_by, supplier="none"))
    brought_by = do_the_work(brought_by)
    assert brought_by.ledgers.get().read == 0
    assert forms_parts(brought_by.ledgers.get())[0].layout != "*"
    alice.post(address, columns_sent(brought_by, supplier="2", date="3", amount_net="4"))
    brought_by = do_the_work(brought_by)
    assert brought_by.ledgers.get().read == 6


def test_sending_what_was_understood_changes_nothing(add, alice):
    brought_by = add()
    address = ledger_address("ledger-correct", brought_by)
    answer = alice.post(address, columns_sent(brought_by), follow=True)
    assert "Nothing was changed" in words_of(answer)
    brought_by.refresh_from_db()
    assert brought_by.state == Import.State.TO_CHECK


def test_a_refused_file_can_be_told_which_column_is_which(add, alice):
    odd = as_csv(
        *[(name, when, amount) for name, _, when, amount in LINES], headings=("q1", "q2", "q3")
    ).replace(b".", b"!")
    brought_by = add((odd, "odd.csv"))
    ledger = brought_by.ledgers.get()
    assert ledger.refused_because
    said = page(alice, "import", pk=brought_by.pk)
    assert "--column" not in said
    assert "say which column is which" in said
    assert "Take in and review" not in said
    sent = columns_sent(brought_by, supplier="1", date="2", amount="3")
    alice.post(ledger_address("ledger-correct", brought_by), sent)
    chosen = {"supplier": "1", "date": "2", "amount": "3"}
    assert brought_by.ledgers.get().corrections == {
        "*": {role: chosen.get(role, "none") for role in ROLES}
    }


def test_a_role_left_without_a_column_is_not_guessed_after_a_correction(add, alice):
    brought_by = add((misled(), "april.csv"))
    understood = forms_parts(brought_by.ledgers.get())[0].understood
    empty = {role for role, column in understood.items() if column == "none"}
    assert "postcode" in empty
    wanted = {**{r: "none" for r, c in understood.items() if c == "2"}, "supplier": "2"}
    alice.post(ledger_address("ledger-correct", brought_by), columns_sent(brought_by, **wanted))
    (kept,) = brought_by.ledgers.get().corrections.values()
    # All that were empty and stayed so, what gave its column up, and the supplier; nothing else.
    left = empty - {"supplier"} | (set(wanted) - {"supplier"})
    assert kept == {"supplier": "2"} | dict.fromkeys(left, "none")
    brought_by = do_the_work(brought_by)
    after = forms_parts(brought_by.ledgers.get())[0].understood
    assert {role for role, column in after.items() if column == "none"} == left
    # The page counts what was chosen, not what was ruled out.
    assert "Read with 1 column that somebody of your body chose" in page(
        alice, "import", pk=brought_by.pk
    )


def test_a_sheet_without_headings_rules_nothing_out_in_the_other_sheets(add, alice):
    first = [(name, when, amount) for name, _, when, amount in LINES]
    brought_by = add((as_workbook(A=[*first], B=[*first]), "odd.xlsx"))
    (part,) = forms_parts(brought_by.ledgers.get())[:1]
    sent = dict(part.understood, postcode="none", supplier="none")
    for alone in (True, False):
        form = forms.ColumnsForm(sent, part=replace(part, layout="*"), alone=alone)
        assert form.is_valid(), form.errors
        assert form.corrected["supplier"] == "none"
        assert ("postcode" in form.corrected) is alone


def test_the_page_says_how_long_a_correction_holds(add, alice):
    lasting = words_of(alice.get(ledger_address("ledger-correct", add())))
    assert "your choice holds for the next file with the same headings too" in lasting
    assert "this file only" not in lasting
    bare = [(name, when, amount) for name, _, when, amount in LINES]
    once = words_of(
        alice.get(ledger_address("ledger-correct", add((as_csv(*bare, headings=()), "bare.csv"))))
    )
    assert "what you choose holds for this file only" in once
    assert "the next file with the same headings" not in once


# --- stop, again, discard -----------------------------------------------------------------------


def test_reading_is_stopped_and_started_again(add, alice):
    brought_by = add(read=False)
    alice.post(reverse("import-stop", kwargs={"pk": brought_by.pk}))
    brought_by = do_the_work(brought_by)
    assert brought_by.job.state == Job.State.STOPPED
    assert "Reading was stopped" in page(alice, "import", pk=brought_by.pk)
    alice.post(reverse("import-again", kwargs={"pk": brought_by.pk}))
    brought_by = do_the_work(brought_by)
    assert brought_by.state == Import.State.TO_CHECK
    again = alice.post(reverse("import-again", kwargs={"pk": brought_by.pk}), follow=True)
    assert "There was nothing to start again" in words_of(again)


def test_a_failure_shows_its_sentence(add, alice):
    brought_by = add(read=False)
    job = take(job_id=brought_by.job_id, at=brought_by.started_at)
    fail(job=job, because="The disk is full: free some space.", at=brought_by.started_at)
    said = page(alice, "import", pk=brought_by.pk)
    assert "The disk is full" in said
    assert "Start again" in said


def test_discarding_asks_first_and_says_what_would_go(add, alice):
    brought_by = add((ledger_file(), "april.csv"), (b"not a ledger at all", "letter.csv"))
    ask = reverse("import-discard", kwargs={"pk": brought_by.pk})
    here = alice.get(reverse("import", kwargs={"pk": brought_by.pk})).content.decode()
    assert f'href="{ask}"' in here
    assert f'action="{ask}"' not in here
    said = words_of(alice.get(ask))
    assert f"Discard {brought_by.reference}?" in said
    # 1,250.00 + 18,420.55 + 2,210.10 + 7,600.00 + 912.40 + 5,300.00 = 35,693.05
    assert "2 files for Fenland Constabulary with 6 payments, £35,693.05 in all" in said
    assert "april.csv 6 payments, £35,693.05" in said
    assert "letter.csv nothing could be read" in said
    assert "Keep it" in said
    brought_by.refresh_from_db()
    assert brought_by.state == Import.State.TO_CHECK  # asking changes nothing


def test_what_is_not_read_yet_is_discarded_by_its_files(add, alice):
    brought_by = add(read=False)
    said = page(alice, "import-discard", pk=brought_by.pk)
    assert "april.csv" in said
    assert "not read yet" in said
    assert "payments" not in said


def test_what_was_taken_in_is_not_offered_to_be_discarded(add, alice, buyer):
    brought_by = add()
    take_in(brought_by=brought_by, by=buyer, at=brought_by.started_at)
    answer = alice.get(reverse("import-discard", kwargs={"pk": brought_by.pk}), follow=True)
    assert "Only an import that was not taken in can be discarded" in words_of(answer)


def test_an_import_is_discarded(add, alice):
    brought_by = add()
    discard_it = reverse("import-discard", kwargs={"pk": brought_by.pk})
    assert "was discarded" in words_of(alice.post(discard_it, follow=True))
    assert "Nothing of it counts" in page(alice, "import", pk=brought_by.pk)
    assert not Ledger.objects.taken_in().exists()
    assert "Somebody else changed this import" in words_of(alice.post(discard_it, follow=True))
    late = alice.post(ledger_address("ledger-correct", brought_by), {"part": "0"}, follow=True)
    assert "cannot be corrected now" in words_of(late)


def test_what_is_discarded_while_it_is_read_never_comes_back(add, buyer):
    brought_by = add(read=False)
    discard(brought_by=brought_by, by=buyer, at=brought_by.started_at)
    assert do_the_work(brought_by).state == Import.State.DISCARDED
    assert not brought_by.ledgers.exists()


# --- take in and undo ---------------------------------------------------------------------------


def test_an_import_is_taken_in_for_a_review_and_undone(add, alice):
    brought_by = add()
    take_in_address = reverse("import-take-in", kwargs={"pk": brought_by.pk})
    assert b'value="April 2025 to May 2025"' in alice.get(take_in_address).content
    nameless = alice.post(take_in_address, {"name": ""})
    assert "Enter the name of the review" in words_of(nameless)
    answer = alice.post(take_in_address, {"name": "Spring"})
    review = Review.objects.get()
    assert answer.url == reverse("review", kwargs={"pk": review.pk})
    assert (review.name, review.ledgers.count()) == ("Spring", 1)
    said = page(alice, "import", pk=brought_by.pk)
    assert "Its ledgers count" in said
    assert "Spring" in said
    second = alice.post(take_in_address, {"name": "Spring"}, follow=True)
    assert "nothing in this import to take in now" in words_of(second)

    undo = reverse("import-undo", kwargs={"pk": brought_by.pk})
    assert "Withdrawn with it Spring" in words_of(alice.get(undo))
    assert "Enter a reason" in words_of(alice.post(undo, {"because": " "}))
    done = words_of(alice.post(undo, {"because": "The wrong year"}, follow=True))
    assert "was undone" in done
    assert "“ The wrong year ”" in done
    assert not Ledger.objects.taken_in().exists()
    review.refresh_from_db()
    assert review.state == Review.State.WITHDRAWN
    assert "can be undone, and once" in words_of(alice.get(undo, follow=True))


def concluded(review, by, *, first, last):
    Review.objects.filter(pk=review.pk).update(
        state=Review.State.CONCLUDED,
        made_at=review.asked_at,
        folder="reviews/a",
        findings_text="Two suppliers to call.",
        concluded_on=last,
        concluded_by=by,
        period_from=first,
        period_to=last,
    )


def test_the_review_before_of_as_many_months_is_offered_to_compare_with(add, alice, buyer):
    first = add()
    alice.post(reverse("import-take-in", kwargs={"pk": first.pk}), {"name": "Last year"})
    earlier = Review.objects.get()
    concluded(earlier, buyer, first=date(2024, 4, 1), last=date(2025, 3, 31))
    second = add((misled(), "april.csv"))
    take_in_address = reverse("import-take-in", kwargs={"pk": second.pk})
    longer = alice.get(take_in_address)
    assert f'value="{earlier.pk}">' in longer.content.decode()  # 12 months: not chosen
    concluded(earlier, buyer, first=date(2024, 4, 1), last=date(2024, 5, 31))  # 2 months, as now
    offered = alice.get(take_in_address)
    assert f'value="{earlier.pk}" selected' in offered.content.decode()
    assert f"Last year ({earlier.reference})" in words_of(offered)
    sent = {"name": "This year", "earlier": str(earlier.pk)}
    assert alice.post(take_in_address, sent).status_code == 302
    assert Review.objects.get(name="This year").earlier == earlier


def test_no_other_body_s_review_can_be_compared_with(add, alice, buyer, other_body):
    grant(buyer, "buyer", other_body)
    theirs = add(client=signed_in(buyer), body=str(other_body.pk))
    alice.post(reverse("import-take-in", kwargs={"pk": theirs.pk}), {"name": "Theirs"})
    review = Review.objects.get()
    concluded(review, buyer, first=date(2024, 4, 1), last=date(2025, 3, 31))
    ours = add((misled(), "april.csv"), body=str(buyer.grants.exclude(body=other_body)[0].body_id))
    take_in_address = reverse("import-take-in", kwargs={"pk": ours.pk})
    assert "Theirs" not in words_of(alice.get(take_in_address))
    alice.post(take_in_address, {"name": "Ours", "earlier": str(review.pk)})
    assert not Review.objects.filter(earlier=review).exists()


def test_a_concluded_review_stays_when_its_import_is_undone(add, alice, buyer):
    brought_by = add()
    alice.post(reverse("import-take-in", kwargs={"pk": brought_by.pk}), {"name": "Spring"})
    review = Review.objects.get()
    concluded(review, buyer, first=date(2025, 4, 1), last=date(2025, 5, 31))
    undo = reverse("import-undo", kwargs={"pk": brought_by.pk})
    assert "Stays, because it was concluded Spring" in words_of(alice.get(undo))
    alice.post(undo, {"because": "The wrong year"})
    review.refresh_from_db()
    assert review.state == Review.State.CONCLUDED


def test_a_form_from_another_site_changes_nothing(add, buyer):
    brought_by = add()
    client = Client(enforce_csrf_checks=True)
    client.force_login(buyer)
    answer = client.post(reverse("import-discard", kwargs={"pk": brought_by.pk}))
    assert answer.status_code == 403
    brought_by.refresh_from_db()
    assert brought_by.state == Import.State.TO_CHECK


def test_each_write_leaves_one_line_in_the_record(add, alice):
    brought_by = add()
    before = Event.objects.count()
    alice.post(reverse("import-discard", kwargs={"pk": brought_by.pk}))
    assert Event.objects.count() == before + 1


# --- who may ------------------------------------------------------------------------------------

SEEN = ("import", "ledger", "import-rejected")
CHANGED = ("ledger-correct", "import-take-in", "import-undo", "import-discard")
POSTED = ("import-stop", "import-again")


def address(name, brought_by):
    if name.startswith("ledger"):
        return ledger_address(name, brought_by)
    return reverse(name, kwargs={"pk": brought_by.pk})


def test_a_stranger_finds_nothing(add, other_body):
    brought_by = add()
    stranger = signed_in(a_user("buyer", other_body))
    for name in (*SEEN, *CHANGED):
        assert stranger.get(address(name, brought_by)).status_code == 404, name
    for name in (*POSTED, *CHANGED):
        assert stranger.post(address(name, brought_by)).status_code == 404, name
    assert brought_by.reference not in page(stranger, "ledger-list")


def test_a_ledger_is_only_found_under_its_own_import(add, alice):
    first, second = add(), add((misled(), "other.csv"))
    mixed = {"pk": first.pk, "ledger": second.ledgers.get().pk}
    assert alice.get(reverse("ledger", kwargs=mixed)).status_code == 404
    assert alice.get(reverse("ledger-correct", kwargs=mixed)).status_code == 404


def test_a_reader_sees_and_changes_nothing(add):
    brought_by = add()
    reader = signed_in(a_user("auditor"))
    for name in SEEN:
        assert reader.get(address(name, brought_by)).status_code == 200, name
    for name in CHANGED:
        assert reader.get(address(name, brought_by)).status_code == 403, name
    for name in (*POSTED, "import-discard"):
        assert reader.post(address(name, brought_by)).status_code == 403, name
    assert reader.get(reverse("ledger-add")).status_code == 403
    said = page(reader, "import", pk=brought_by.pk)
    assert "Discard" not in said
    assert "Take in and review" not in said


def test_a_reader_here_who_buys_elsewhere_changes_nothing_here(add, other_body):
    brought_by = add()
    user = a_user("auditor")
    grant(user, "buyer", other_body)
    client = signed_in(user)
    assert client.get(address("import", brought_by)).status_code == 200
    for name in (*POSTED, "import-discard"):
        assert client.post(address(name, brought_by)).status_code == 404, name


def test_the_wrong_method_is_refused(add, alice):
    brought_by = add()
    for name in POSTED:
        assert alice.get(address(name, brought_by)).status_code == 405, name
    for name in SEEN:
        assert alice.post(address(name, brought_by)).status_code == 405, name
    assert alice.post(reverse("ledger-list")).status_code == 405
    assert alice.put(reverse("ledger-add")).status_code == 405


def test_nobody_gets_in_without_signing_in(client, add):
    brought_by = add()
    assert client.get(address("import", brought_by)).status_code == 302
    assert client.post(address("import-discard", brought_by)).status_code == 302
