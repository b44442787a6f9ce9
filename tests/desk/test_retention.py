"""What is past its period goes, on its day and not before; what is held stays."""

import csv
import json
import os
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from django.db.models import ProtectedError
from django.test import Client
from django.urls import reverse
from tests.desk.conftest import OWN, emptied
from tests.desk.test_backup import section54
from tests.people import NOW, a_body, a_user
from tests.risk.ledgers import BEFORE_PAID, NOW_PAID, a_review

from section54.desk import retention_commands, retention_purge
from section54.desk.backup import DATABASE
from section54.desk.export import make_export, take_in
from section54.desk.export_tables import every_model, exported, hash_of_rows, lines_of
from section54.desk.retention import FINDERS, Period, due, rules
from section54.desk.retention_purge import erased_file, marks_in, purge, sweep
from section54.engine.errors import BadInput
from section54.organisations.models import ApiToken, Body, Grant, Invitation, User
from section54.post.models import Job, Message, OptOut
from section54.records.chain import check
from section54.records.models import Event
from section54.risk.changes import conclude
from section54.risk.models import Comparison, Finding, Review, TierDecision
from section54.sources.changes import start_import, store_file
from section54.sources.models import Import, SourceFile
from section54.spend.changes import READ_IMPORT, discard
from section54.spend.models import Ledger
from section54.spend.tasks import read_import


LATER = date(2040, 1, 1)
TODAY = NOW.date()


def noon(day):
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def purged(on, **more):
    return purge(on, at=noon(on), **more)


def names_of(found):
    return [one.rule.name for one in found]


def period_of(rule):
    return next(one.keep for one in rules() if one.name == rule)


def brought_in(by, name="more.csv", text=BEFORE_PAID):
    body = a_body()
    stored = store_file(body=body, name=name, chunks=[text.encode()])
    brought = start_import(body=body, stored=[stored], task=READ_IMPORT, by=by, at=NOW)
    read_import.call(str(brought.job_id))
    brought.refresh_from_db()
    return brought


def everything(data):
    """Every byte that is kept: all rows, and all files."""
    rows = [line for model in every_model() for line, _ in lines_of(model)]
    files = [path.read_bytes() for path in data.rglob("*") if path.is_file()]
    return b"\n".join(rows + files)


def old(data):
    """As if a folder's files had been there for long."""
    for path in data.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)


@pytest.mark.parametrize(
    ("words", "start", "goes"),
    [
        ("1 day", date(2026, 3, 28), date(2026, 3, 30)),
        ("1 month", date(2026, 1, 31), date(2026, 3, 1)),
        ("12 months", date(2026, 1, 31), date(2027, 2, 1)),
        ("6 years", date(2020, 2, 29), date(2026, 3, 1)),
        ("6 years + current", date(2026, 3, 31), date(2032, 4, 1)),
        ("6 years + current", date(2026, 4, 1), date(2033, 4, 1)),
    ],
)
def test_a_period_ends_with_its_last_day(words, start, goes):
    assert Period.of(words).goes_on(start) == goes


@pytest.mark.parametrize("words", ["", "0 days", "7", "7 weeks", "7 days + current year", "ever"])
def test_what_is_no_period_is_refused(words):
    with pytest.raises(BadInput, match="is no period"):
        Period.of(words)


def one_of_each(data):
    """A record for every rule that removes; return the rule, its start and how to look for it."""
    by = User.objects.get(email="alice@example.org")
    review = Review.objects.get()
    start = NOW.date()
    withdrawn = a_review(by, "Date,Supplier,Amount\n01/04/2025,Wash Ltd,9.00\n", name="w.csv")
    Review.objects.filter(pk=withdrawn.pk).update(state="withdrawn", withdrawn_because="Wrong")
    discarded = brought_in(by, "discarded.csv", "Date,Supplier,Amount\n01/04/2024,Ice Ltd,8.00\n")
    discard(brought_by=discarded, by=by, at=NOW)
    undone = brought_in(by, "undone.csv", "Date,Supplier,Amount\n01/04/2024,Mud Ltd,7.00\n")
    Import.objects.filter(pk=undone.pk).update(
        state="undone", ended_at=NOW, undone_at=NOW, undone_by=by, undone_because="Wrong"
    )
    leaver = a_user("Lena Leaver", "buyer")
    User.objects.filter(pk=leaver.pk).update(is_active=False, left_on=start)
    invitation = Invitation.objects.create(
        email="ida@example.org",
        name="Ida",
        role="buyer",
        body=a_body(),
        starts_on=start,
        token_hash="1" * 64,
        invited_at=NOW - timedelta(days=1),
        expires_at=NOW,
    )
    key = ApiToken.objects.create(
        user=by,
        name="dashboard",
        hint="abcd",
        token_hash="2" * 64,
        made_at=NOW - timedelta(days=1),
        expires_at=NOW,
    )
    message = Message.objects.create(
        body=a_body(),
        kind="invitation",
        to_name="Ida",
        to_address="ida@example.org",
        subject="Come in",
        state="sent",
        written_at=NOW,
        not_before=NOW,
        ended_at=NOW,
    )
    job = Job.objects.create(body=a_body(), task="a.b", state="done", asked_at=NOW, ended_at=NOW)
    place = every("UserSession").objects.create(
        user=by, session_key="t" * 32, ip="192.0.2.1", user_agent="x", last_seen_at=NOW
    )
    address = every("EmailAddress").objects.create(user=by, email=by.email)
    confirmation = every("EmailConfirmation").objects.create(
        email_address=address, key="k", sent=NOW
    )
    made = {
        "reviews": review,
        "withdrawn-reviews": withdrawn,
        "imports": review.ledgers.get().brought_by,
        "undone-imports": undone,
        "discarded-imports": discarded,
        "accounts": leaver,
        "invitations": invitation,
        "keys": key,
        "messages": message,
        "jobs": job,
        "places": place,
        "confirmations": confirmation,
    }
    assert made.keys() == FINDERS.keys()
    return made


def keys_due(rule, on):
    return {one.one.pk for one in due(on) if one.rule.name == rule}


def every(name):
    return next(model for model in every_model() if model.__name__ == name)


def test_every_class_is_kept_on_its_last_day_and_gone_on_the_next(data):
    made = one_of_each(data)
    start_of = {"imports": date(2025, 8, 7), "reviews": Review.objects.get(state="ready").made_at}
    for rule, record in made.items():
        start = start_of.get(rule, NOW)
        start = start.date() if isinstance(start, datetime) else start
        goes = period_of(rule).goes_on(start)
        assert record.pk not in {
            d.one.pk for d in due(goes - timedelta(days=1)) if d.rule.name == rule
        }
        if rule == "imports":  # never before the review that is made of it
            assert goes < period_of("reviews").goes_on(start_of["reviews"].date())
            goes = period_of("reviews").goes_on(start_of["reviews"].date())
        assert record.pk in keys_due(rule, goes), rule
    done = purged(LATER)
    assert done.relied_on == done.held == []
    assert set(done.removed) == set(made)
    for rule, record in made.items():
        if rule in ("accounts", "messages"):
            assert type(record).objects.filter(pk=record.pk).exists()
        else:
            assert not type(record)._base_manager.filter(pk=record.pk).exists(), rule
    assert due(LATER) == []
    assert purged(LATER).removed == Counter()
    assert all(check(body.pk).faults == () for body in Body.objects.all())


def test_what_went_is_nowhere_any_more_but_in_the_record_of_changes(data):
    old(data)
    review = Review.objects.get()
    assert b"Ouse Guarding" in everything(data)
    purged(LATER)
    Event_ = Event.objects.all()
    assert {one.kind for one in Event_} >= {"purged"}
    left = everything(data)
    for words in (b"Ouse Guarding", b"Fenland Contract Cleaning", b"2025.csv"):
        in_record = b"".join(line for line, _ in lines_of(Event)).count(words)
        assert left.count(words) == in_record, words
    assert not Finding.objects.exists()
    assert not TierDecision.objects.exists()
    assert not SourceFile.objects.exists()
    assert not list((data / "files").rglob("*.csv"))
    assert not (data / "reviews" / str(review.pk)).exists()
    assert not list((data / "lines").iterdir())
    line = Event.objects.get(kind="purged", subject=f"risk.Review:{review.pk}")
    assert line.detail == {
        "what": f"Review {review.reference}",
        "rule": "reviews",
        "kept": "6 years + current",
        "since": review.made_at.date().isoformat(),
    }


def test_a_review_goes_before_a_later_one_that_was_compared_with_it(data):
    by = User.objects.get(email="alice@example.org")
    first = Review.objects.get()
    later = a_review(by, BEFORE_PAID, earlier=first, name="later.csv")
    assert Comparison.objects.filter(review=later, earlier=first).exists()
    conclude(
        review=first,
        findings="Known.",
        concluded_on=date(2020, 1, 1),
        next_due_on=None,
        by=by,
        at=NOW,
    )
    assert Review.objects.get(pk=first.pk).concluded_on == date(2020, 1, 1)
    on = date(2026, 4, 1)
    done = purged(on)
    assert done.removed["reviews"] == 1
    later.refresh_from_db()
    assert later.earlier is None
    assert later.findings.count() == 3
    assert not Comparison.objects.exists()


def test_a_file_that_two_imports_have_stays_until_both_went(data):
    by = User.objects.get(email="alice@example.org")
    source = SourceFile.objects.get()
    again = brought_in(by, source.name, NOW_PAID)
    discard(brought_by=again, by=by, at=NOW)
    old(data)
    done = purged(TODAY + timedelta(days=31))
    assert done.removed == Counter({"discarded-imports": 1})
    assert (data / SourceFile.objects.get().stored_as).exists()
    ledger = Ledger.objects.get()
    assert all(path.exists() for path in ledger.rejected_files)
    assert list((data / "lines").glob("*.json"))
    purged(LATER)
    assert not (data / source.stored_as).exists()


def test_an_account_keeps_its_key_and_loses_name_address_and_ways_to_sign_in(data):
    user = a_user("Lena Leaver", "buyer")
    client = Client()
    client.force_login(user)
    User.objects.filter(pk=user.pk).update(is_active=False, left_on=TODAY, last_login=NOW)
    OptOut.objects.create(person=user, kind="tea", since=NOW)
    every("EmailAddress").objects.create(user=user, email=user.email)
    Message.objects.create(
        body=a_body(),
        kind="tea",
        person=user,
        to_name=user.name,
        to_address=user.email,
        subject="Tea for Lena Leaver",
        written_at=NOW,
        not_before=NOW,
    )
    on = date(2028, 4, 21)
    assert names_of(due(date(2028, 4, 20))).count("accounts") == 0
    done = purged(on)
    assert done.removed["accounts"] == 1
    left = everything(data)
    assert b"Lena" not in left
    assert b"lena.leaver@" not in left
    user.refresh_from_db()
    assert user.name == "A person who left in 2026"
    assert not user.has_usable_password()
    assert Grant.objects.filter(user=user).count() == 1
    assert Event.objects.get(kind="purged").subject == f"organisations.User:{user.pk}"
    assert "Lena" not in json.dumps(Event.objects.get(kind="purged").detail)
    assert purged(on).removed == Counter()


def test_people_who_work_here_and_open_work_are_never_touched(data):
    found = {d.one.pk for d in due(date(2200, 1, 1))}
    assert not found & set(User.objects.values_list("pk", flat=True))
    Review.objects.update(state="making")
    assert "reviews" not in names_of(due(date(2200, 1, 1)))
    assert "imports" not in names_of(due(date(2200, 1, 1)))


def test_a_rehearsal_changes_nothing_and_lists_each_record_with_its_day(
    data, monkeypatch, tmp_path
):
    one_of_each(data)
    monkeypatch.setattr(retention_commands, "open_data", lambda folder: None)
    before = {model: hash_of_rows(model, lambda _: None) for model in exported()}
    listed = tmp_path / "would-go.csv"
    words = ["--data", str(data), "--rehearse", "--on", "2040-01-01", "--list", str(listed)]
    said = CliRunner().invoke(retention_commands.purge, words)
    assert said.exit_code == 0, said.output
    assert "1 would go: Accounts of people who left, kept 2 years." in said.output
    assert said.output.endswith("Nothing was removed.\n")
    with listed.open(encoding="utf-8-sig") as text:
        rows = list(csv.DictReader(text))
    assert len(rows) == len(due(LATER))
    review = next(row for row in rows if row["What"].startswith("Review REV"))
    assert (review["Kept for"], review["Body"]) == ("6 years + current", "Fenland Constabulary")
    assert {model: hash_of_rows(model, lambda _: None) for model in exported()} == before
    assert not erased_file().exists()
    again = CliRunner().invoke(retention_commands.purge, words)
    assert "is there already" in str(again.exception)
    later = CliRunner().invoke(
        retention_commands.purge, ["--data", str(data), "--on", "2040-01-01"]
    )
    assert "can only be rehearsed" in str(later.exception)


def hold(data, *rows, head="kind,subject,why,owner,from,until"):
    (data / "tables").mkdir(exist_ok=True)
    text = "\n".join([head, *rows])
    (data / "tables" / "holds.csv").write_text(text + "\n", encoding="utf-8")


@pytest.mark.parametrize(
    "kind_and_subject",
    ["record,{reference}", "record,risk.Review:{pk}", "supplier,ouse guarding", "body,{body}"],
)
def test_a_hold_keeps_a_review_and_the_ledgers_below_it(data, kind_and_subject):
    review = Review.objects.get()
    said = kind_and_subject.format(reference=review.reference, pk=review.pk, body=review.body.name)
    hold(data, f"{said},Claim 12/40,Legal services,2026-01-01,2040-12-31")
    done = purged(LATER)
    assert {one.one.pk for one in done.held} >= {review.pk}
    assert Review.objects.filter(pk=review.pk).exists()
    assert Ledger.objects.count() == 1
    assert SourceFile.objects.count() == 1
    hold(data, f"{said},Claim 12/40,Legal services,2026-01-01,2039-12-31")  # over
    purged(LATER)
    assert not Review.objects.exists()
    assert not Ledger.objects.exists()


def test_a_hold_keeps_an_account_and_another_suppliers_hold_keeps_nothing(data):
    user = a_user("Lena Leaver", "buyer")
    User.objects.filter(pk=user.pk).update(is_active=False, left_on=TODAY)
    hold(
        data,
        "person,LENA.LEAVER@example.org,Tribunal,HR,2026-01-01,2040-12-31",
        "supplier,Nobody Here Ltd,Claim,Legal,2026-01-01,2040-12-31",
    )
    done = purged(LATER)
    assert [one.one.what for one in done.held] == ["Account of Lena Leaver"]
    assert done.held[0].held.owner == "HR"
    assert not Review.objects.exists()
    changed = Event.objects.get(kind="retention_changed")
    assert changed.detail["holds"] == 2


@pytest.mark.parametrize(
    ("rows", "head", "words"),
    [
        (["record,REV-1,,Legal,2026-01-01,2027-01-01"], None, "does not say: why"),
        (["record,REV-1,Claim,,2026-01-01,2027-01-01"], None, "does not say: owner"),
        (["record,REV-1,Claim,Legal,2026-01-01,"], None, "does not say: until"),
        (["thing,REV-1,Claim,Legal,2026-01-01,2027-01-01"], None, "kind must be one of"),
        (["record,REV-1,Claim,Legal,2026-01-01,soon"], None, "write days such as"),
        (["REV-1"], "subject", "must have the columns"),
    ],
)
def test_nothing_is_removed_while_a_hold_cannot_be_understood(data, rows, head, words):
    hold(data, *rows, **({"head": head} if head else {}))
    with pytest.raises(BadInput, match=words):
        purged(LATER)
    assert Review.objects.exists()


def own_table(data, text, toml='changed_by = "Dana Records"\n'):
    (data / "tables").mkdir(exist_ok=True)
    (data / "tables" / "retention.csv").write_text(text, encoding="utf-8")
    about = (Path(retention_purge.__file__).parent / "retention.toml").read_text(encoding="utf-8")
    (data / "tables" / "retention.toml").write_text(about + toml, encoding="utf-8")


def test_a_body_changes_a_period_under_a_name_and_that_is_one_line_of_its_record(data):
    own_table(data, "rule,keep,why\nreviews,2 years,Our schedule 4.2.\n")
    rule = next(one for one in rules() if one.name == "reviews")
    assert (rule.keep.words, rule.why, rule.changed_by) == (
        "2 years",
        "Our schedule 4.2.",
        "Dana Records",
    )
    made = Review.objects.get().made_at.date()
    goes = Period.of("2 years").goes_on(made)
    assert "reviews" not in names_of(due(goes - timedelta(days=1)))
    assert "reviews" in names_of(due(goes))
    purged(TODAY)
    purged(TODAY)
    line = Event.objects.get(kind="retention_changed")
    assert line.detail == {
        "periods": {"reviews": "2 years"},
        "changed_by": "Dana Records",
        "holds": 0,
    }
    shutil.rmtree(data / "tables")
    purged(TODAY)
    assert Event.objects.filter(kind="retention_changed").count() == 2


@pytest.mark.parametrize(
    ("text", "toml", "words"),
    [
        ("rule,keep,why\nrecord,1 year,Shorter.\n", 'changed_by = "D"\n', "cannot be changed"),
        ("rule,keep,why\nteapots,1 year,Shorter.\n", 'changed_by = "D"\n', "is no rule of ours"),
        ("rule,keep,why\nreviews,soon,Shorter.\n", 'changed_by = "D"\n', "is no period"),
        ("rule,keep,why\nreviews,1 year,\n", 'changed_by = "D"\n', "must say keep and why"),
        ("rule,keep,why\nreviews,1 year,Shorter.\n", "", "changed_by"),
    ],
)
def test_nothing_is_removed_while_a_bodys_own_table_is_wrong(data, text, toml, words):
    own_table(data, text, toml)
    with pytest.raises(BadInput, match=words):
        purged(LATER)
    assert Review.objects.exists()


def test_a_run_that_is_stopped_goes_on_at_the_next(data):
    made = one_of_each(data)

    def stop(_):
        raise KeyboardInterrupt

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            purged(LATER, step=lambda n: stop(n) if n else None)
    assert not Review.objects.filter(pk=made["reviews"].pk).exists()
    assert Import.objects.filter(pk=made["discarded-imports"].pk).exists()
    purged(LATER)
    assert due(LATER) == []
    assert all(check(body.pk).faults == () for body in Body.objects.all())


def test_what_another_record_relies_on_stays_and_is_told(data, monkeypatch):
    def relied_on(**_):
        raise ProtectedError("a contract", set())

    monkeypatch.setitem(retention_purge.REMOVES_ONE, "risk.Review", relied_on)
    done = purged(LATER)
    assert {one.rule.name for one in done.relied_on} == {"reviews"}
    assert Review.objects.exists()


def test_what_was_erased_does_not_come_back_with_an_older_copy(data, settings, tmp_path):
    file = tmp_path / "older.zip"
    settings.ERASED_FILE = str(tmp_path / "elsewhere" / "erased.txt")
    (tmp_path / "elsewhere").mkdir()
    held = make_export(data, file, at=NOW)
    purged(LATER)
    marks = marks_in(erased_file())
    assert len(marks) >= 2
    assert not any(c in erased_file().read_text() for c in ("REV-", "Review", "example.org"))
    assert erased_file().stat().st_mode & 0o777 == 0o600
    emptied()
    shutil.rmtree(data)
    data.mkdir()
    take_in(file, data, held)
    old(data)
    assert Finding.objects.exists()
    done = purged(TODAY, marks=marks)  # years before its period ends
    assert done.removed["reviews"] == done.removed["imports"] == 1
    left = everything(data)
    words = b"Ouse Guarding"
    assert left.count(words) == b"".join(line for line, _ in lines_of(Event)).count(words)
    assert User.objects.filter(email="alice@example.org").exists()


def test_a_file_that_is_no_list_of_what_was_erased_is_refused(tmp_path):
    for text in ("hello\n", "2026-01-01 reviews abc\n", "é\n"):
        (tmp_path / "e.txt").write_text(text, encoding="utf-8")
        with pytest.raises(BadInput, match="list of what was erased"):
            marks_in(tmp_path / "e.txt")


def test_a_young_file_without_a_row_stays_as_it_may_be_an_upload_at_work(data):
    store_file(body=a_body(), name="new.csv", chunks=[b"x"])
    assert sweep(datetime.now(UTC)) == 0
    assert sweep(datetime.now(UTC) + timedelta(days=2)) == 1
    assert Ledger.objects.get().path.exists()
    assert Review.objects.get().payments_file.exists()


def test_the_worker_only_tells_unless_the_setting_says_otherwise(data, settings, caplog):
    at = noon(LATER)
    retention_purge.run_daily(at)
    assert "are past their period and stay" in caplog.text
    assert Review.objects.exists()
    settings.PURGE = True
    retention_purge.run_daily(at)
    assert not Review.objects.exists()


def test_no_byte_of_it_is_left_in_the_database_its_journal_or_any_file(real, tmp_path):
    place = shutil.copytree(real, tmp_path / "data")
    old(place)
    with closing(sqlite3.connect(place / DATABASE)) as database, database:
        database.execute(
            "UPDATE sources_import SET state = 'discarded', ended_at = '2020-01-01 00:00:00'"
        )
    assert files_with(b"Fen Cleaning", place)
    done = section54("purge", "--data", place, env=OWN)
    assert done.returncode == 0, done.stderr
    assert "1 went: Imports that were discarded, kept 30 days." in done.stdout
    assert files_with(b"Fen Cleaning", place) == []
    again = section54("verify", "--data", place, env=OWN)
    assert again.returncode == 0, again.stdout


def files_with(words, folder):
    return [p for p in folder.rglob("*") if p.is_file() and words in p.read_bytes()]


def page(user):
    client = Client()
    client.force_login(user)
    return client.get(reverse("retention")).content.decode()


def test_the_page_says_what_goes_next_month_of_ones_own_bodies_only(data, settings):
    auditor = a_user("Aud", "auditor")
    text = page(auditor)
    assert "Nothing of your bodies goes within a month." in text
    assert "6 years + current" in text
    assert "Our judgement: verify." in text
    assert "SECTION54_PURGE=on" in text
    review = Review.objects.get()
    by = User.objects.get(email="alice@example.org")
    conclude(
        review=review,
        findings="Known.",
        concluded_on=date(2018, 1, 1),
        next_due_on=None,
        by=by,
        at=NOW,
    )
    text = page(auditor)
    assert review.reference in text
    assert "Past its period" in text
    elsewhere = page(a_user("Eve", "auditor", a_body("Ely County Council")))
    assert review.reference not in elsewhere
    hold(data, f"record,{review.reference},Claim 12,Legal services,2020-01-01,2090-01-01")
    text = page(auditor)
    assert "One hold stands" in text
    assert "Claim 12" in text
    hold(data, "nonsense")
    assert "Nothing is removed until this is put right" in page(auditor)
