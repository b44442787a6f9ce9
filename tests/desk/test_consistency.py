"""Whether what is kept fits together: each check finds its fault, and none where all is well."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import F
from tests.people import FIRST_DAY, NOW, PASSWORD, bob, charlie
from tests.records.test_tampering import without_triggers
from tests.risk.ledgers import a_review

from section54.desk import consistency
from section54.desk.consistency import CHECKS, Level, outcomes
from section54.organisations.changes import add_user, end_grant, found_body, grant_role
from section54.organisations.models import Body, Grant, Office, OfficeHolder, User
from section54.organisations.office_changes import appoint, found_office
from section54.records.models import ChainHead, Event
from section54.risk.changes import conclude, undo_import
from section54.risk.models import Finding, Review
from section54.sources.models import Import, SourceFile


pytestmark = pytest.mark.django_db
TODAY = NOW.date()


def founded(name: str = "Fenland Constabulary") -> tuple[Body, User]:
    """A body with an administrator, somebody who reads all, an office and a concluded review."""
    body = found_body(name=name, kind=Body.Kind.FORCE, by=None, at=NOW)
    people = {}
    for role in ("administrator", "head_of_procurement", "governance_lead"):
        email = f"{role}.{body.pk}@example.org"
        people[role] = add_user(
            body=body, email=email, name=f"{role} of {name}", password=PASSWORD, by=None, at=NOW
        )
        grant_role(user=people[role], role=role, body=body, starts_on=FIRST_DAY, by=None, at=NOW)
    buyer = people["head_of_procurement"].on(TODAY)
    office = found_office(body=body, name="Chief Constable", by=None, at=NOW)
    appoint(office=office, user=buyer, acting=False, starts_on=FIRST_DAY, by=None, at=NOW)
    review = a_review(buyer, body=body)
    conclude(
        review=review,
        findings="Guarding is where the risk lies.",
        concluded_on=TODAY,
        next_due_on=None,
        by=buyer,
        at=NOW,
    )
    return body, people["governance_lead"].on(TODAY)


def found(body: Body) -> dict[str, tuple[Level, list[str]]]:
    """Return what is not fine, by the check's name."""
    return {
        one.check.name: (one.level, [f"{item.name} {item.words}" for item in one.items])
        for one in outcomes({body.pk}, TODAY)
        if one.level != Level.FINE
    }


def test_a_healthy_body_fits_in_every_check_and_says_how_much_was_looked_at():
    body, _ = founded()
    assert found(body) == {}
    looked = {one.check.name: one.looked_at for one in outcomes({body.pk}, TODAY)}
    assert looked == {
        "totals": "1 review",
        "files": "2 records",  # one file as it was given, one review
        "heads": "1 body",
        "lines": "6 records",  # a review, an import, three roles, an office holder
        "closed": "0 roles of closed accounts",
        "administrators": "1 body",
        "offices": "1 office",
        "undone": "1 concluded review",
    }


def a_penny_more(body):
    Finding.objects.filter(pk=Finding.objects.earliest("place").pk).update(
        amount=F("amount") + Decimal("0.01")
    )


def a_payment_fewer(body):
    Finding.objects.filter(pk=Finding.objects.earliest("place").pk).update(lines=F("lines") - 1)


def no_totals(body):
    review = Review.objects.get()
    review.figures = {"body": body.name}
    review.save(update_fields=["figures"])


def source_gone(body):
    (Path(settings.DATA_DIR) / SourceFile.objects.get().stored_as).unlink()


def source_cut(body):
    file = Path(settings.DATA_DIR) / SourceFile.objects.get().stored_as
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1])


def review_file_gone(body):
    (Review.objects.get().path / "review.json").unlink()


def head_set_back(body):
    ChainHead.objects.update(sequence=F("sequence") - 1)


def head_of_another_hash(body):
    ChainHead.objects.update(hash="f" * 64)


def head_gone(body):
    ChainHead.objects.all().delete()


def a_role_from_outside(body):
    user = User.objects.create_user("mallory@example.org", "Mallory", PASSWORD)
    Grant.objects.create(user=user, role="buyer", body=body, starts_on=FIRST_DAY)


def an_office_holder_from_outside(body):
    OfficeHolder.objects.all().update(ends_on=TODAY - timedelta(days=1))
    OfficeHolder.objects.create(
        office=Office.objects.get(),
        user=User.objects.get(name__startswith="governance"),
        starts_on=TODAY,
    )


def a_review_from_outside(body):
    without_triggers()
    Event.objects.filter(subject__startswith="risk.Review:").update(subject="risk.Review:x")


def an_import_from_outside(body):
    without_triggers()
    Event.objects.filter(subject__startswith="sources.Import:").update(subject="x.Y:1")


def no_administrator(body):
    Grant.objects.filter(role="administrator").update(ends_on=TODAY - timedelta(days=1))


def nobody_in_office(body):
    OfficeHolder.objects.update(ends_on=TODAY - timedelta(days=1))


def a_closed_account(body):
    User.objects.filter(name__startswith="governance").update(is_active=False)


def undone_since(body):
    by = User.objects.get(name__startswith="head")
    undo_import(brought_by=Import.objects.get(), because="The wrong year", by=by, at=NOW)


FAULTS = [
    (a_penny_more, "totals", Level.WRONG, "says £59,700.00 in 7 payments"),
    (a_payment_fewer, "totals", Level.WRONG, "in 6 payments"),
    (no_totals, "totals", Level.WRONG, "has no totals that can be read"),
    (source_gone, "files", Level.WRONG, "2025.csv is not on the disk"),
    (source_cut, "files", Level.WRONG, "2025.csv is not as long on the disk"),
    (review_file_gone, "files", Level.WRONG, "has not its files on the disk: review.json"),
    (head_set_back, "heads", Level.WRONG, "The record of Fenland Constabulary should end with"),
    (head_of_another_hash, "heads", Level.WRONG, "whose hash is another"),
    (head_gone, "heads", Level.WRONG, "should end with line 0 as its head says"),
    (a_role_from_outside, "lines", Level.WRONG, "Mallory as Buyer in Fenland Constabulary has no"),
    (an_office_holder_from_outside, "lines", Level.WRONG, "as Chief Constable has no line"),
    (a_review_from_outside, "lines", Level.WRONG, "REV-"),
    (an_import_from_outside, "lines", Level.WRONG, "IMP-"),
    (no_administrator, "administrators", Level.LOOK, "has no administrator today"),
    (nobody_in_office, "offices", Level.LOOK, "Chief Constable of Fenland Constabulary is held by"),
    (a_closed_account, "closed", Level.WRONG, "still holds, though the account is closed"),
    (undone_since, "undone", Level.LOOK, "under it was undone since"),
]


def test_each_check_finds_its_planted_faults_and_no_other_check_does():
    body, _ = founded()
    source = Path(settings.DATA_DIR) / SourceFile.objects.get().stored_as
    kept = {file: file.read_bytes() for file in (source, Review.objects.get().path / "review.json")}
    for plant, name, level, words in FAULTS:
        with transaction.atomic():
            plant(body)
            wrong = found(body)
            transaction.set_rollback(True)
        for file, content in kept.items():
            file.unlink(missing_ok=True)
            file.write_bytes(content)
        assert set(wrong) == {name}, plant
        assert wrong[name][0] == level, plant
        assert words in wrong[name][1][0], plant
    assert found(body) == {}


def test_every_check_has_a_planted_fault():
    assert {name for _, name, _, _ in FAULTS} == {check.name for check in CHECKS}


def test_what_cannot_be_told_is_said_to_be_so(monkeypatch):
    body = Body.objects.create(name="A body from outside")
    one = next(one for one in outcomes({body.pk}, TODAY) if one.check.name == "heads")
    assert (one.level, one.count) == (Level.UNKNOWN, 0)
    assert "no line yet, or none any more, of A body from outside" in one.cannot

    body, _ = founded()

    def refuse(file):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    one = next(one for one in outcomes({body.pk}, TODAY) if one.check.name == "files")
    assert one.level == Level.UNKNOWN
    assert one.cannot == "The data folder cannot be read: Permission denied."


def test_only_the_first_ten_are_named_all_are_counted_and_the_newest_are_looked_at(monkeypatch):
    body, _ = founded()
    for number in range(12):
        found_office(body=body, name=f"Office {number:02}", by=None, at=NOW)
    one = next(one for one in outcomes({body.pk}, TODAY) if one.check.name == "offices")
    assert (one.count, len(one.items), one.looked_at) == (12, 10, "13 offices")
    monkeypatch.setattr(consistency, "MOST", 5)
    rows = Office.objects.filter(body=body)
    looked = consistency.Looked()
    assert len(consistency._newest(rows, looked, consistency.MOST)) == 5
    assert (looked.at, looked.of) == (5, 13)


def test_however_many_records_there_are_as_many_questions_are_asked(
    django_assert_max_num_queries,
):
    founded()
    founded("Ely Constabulary")
    with django_assert_max_num_queries(28):
        outcomes(set(Body.objects.values_list("pk", flat=True)), TODAY)


def test_the_page_shows_each_fault_with_its_link_to_who_may_open_it(client):
    body, reader = founded()
    nobody_in_office(body)
    a_closed = Grant.objects.get(role="administrator")
    User.objects.filter(pk=a_closed.user_id).update(is_active=False)
    client.force_login(reader)
    text = client.get("/audit/checks/").content.decode()
    assert f'href="/bodies/{body.pk}/"' in text
    assert f'href="/people/{a_closed.user_id}/"' in text
    assert "Nothing that does not fit" not in text
    buyer = User.objects.get(name__startswith="head")  # sees all lines, but no people
    client.force_login(buyer)
    text = client.get("/audit/checks/").content.decode()
    assert "still holds, though the account is closed" in text
    assert f'href="/people/{a_closed.user_id}/"' not in text


def test_the_page_says_so_where_everything_fits(client, monkeypatch):
    _, reader = founded()
    client.force_login(reader)
    text = client.get("/audit/checks/").content.decode()
    assert "Nothing that does not fit was found." in text
    assert "/audit/checks/" in client.get("/audit/").content.decode()


def test_bob_is_refused_and_charlie_sees_nothing_of_another_body(client):
    body, _ = founded()
    nobody_in_office(body)
    client.force_login(bob())
    assert client.get("/audit/checks/").status_code == 403
    client.force_login(charlie())
    text = client.get("/audit/checks/").content.decode()
    assert "Chief Constable" not in text
    assert "Ely County Council" in text


def test_a_role_that_was_ended_when_the_account_was_closed_fits():
    body, _ = founded()
    grant = Grant.objects.get(role="governance_lead")
    by = User.objects.get(name__startswith="administrator")
    end_grant(grant=grant, on=TODAY, because="Left", by=by, at=NOW)
    User.objects.filter(pk=grant.user_id).update(is_active=False)
    assert found(body) == {}
