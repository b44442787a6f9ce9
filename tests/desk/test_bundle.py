"""A bundle for an auditor: whole, checkable without the program, and of one body only."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import timedelta

import pytest
from django.db import transaction
from tests.desk.test_consistency import founded
from tests.people import FIRST_DAY, NOW, PASSWORD, a_body, a_user, alice, bob

from section54.desk import bundle
from section54.desk.audit import tell
from section54.organisations.changes import add_user, grant_role
from section54.organisations.models import User
from section54.records.changes import record
from section54.records.checkpoints import make_checkpoint, read_note
from section54.records.models import Event
from section54.risk.models import Finding, Review


pytestmark = pytest.mark.django_db


def taken(client, user, body, **days):
    """Take a bundle as a person does; return the answer and its files."""
    client.force_login(user)
    answer = client.post("/audit/bundle/", {"body": str(body.pk), **days})
    content = b"".join(answer.streaming_content) if answer.streaming else b""
    if not content:
        return answer, {}, content
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return answer, {name: packed.read(name) for name in packed.namelist()}, content


def a_day(name, day):
    return {f"{name}-day": day.day, f"{name}-month": day.month, f"{name}-year": day.year}


def rows(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def told_lines(body, moments):
    """Add a line a moment to a body's record."""
    with transaction.atomic():
        for number, at in enumerate(moments):
            detail = {"name": f"Tea {number}", "half": 0.5, "é": "£ “\u2028” 🫖"}
            record("tea_made", body, body_id=body.pk, by=None, at=at, **detail)


def test_the_bundle_holds_record_access_checks_reviews_and_the_hash_of_each_file(client):
    body, reader = founded()
    make_checkpoint(NOW)
    answer, files, content = taken(client, reader, body)
    review = Review.objects.get()
    folder = f"reviews/{review.reference.lower()}"
    note = next(name for name in files if name.endswith(".txt") and "checkpoints" in name)
    assert set(files) == {
        "README.txt",
        "record.jsonl",
        "record.csv",
        note,
        "checkpoints/checkpoint-key.pub",
        "checkpoints/key.pem",
        "checks.csv",
        "access.csv",
        f"{folder}/review.json",
        f"{folder}/payees.csv",
        "SHA256SUMS",
    }
    sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
    assert sums == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != "SHA256SUMS"
    }
    before = Event.objects.of_body(body.pk).count() - 1  # without the line of the bundle itself
    assert len(files["record.jsonl"].splitlines()) == before == len(rows(files["record.csv"])) - 1
    assert files[f"{folder}/review.json"] == (review.path / "review.json").read_bytes()
    assert len(rows(files[f"{folder}/payees.csv"])) == Finding.objects.count() + 1
    assert [row[3] for row in rows(files["access.csv"])[1:]] == [
        "Administrator",
        "Governance lead",
        "Head of procurement",
    ]
    assert {row[2] for row in rows(files["checks.csv"])[1:]} == {"Fine"}
    signed = read_note(files[note].decode(), files["checkpoints/checkpoint-key.pub"].decode())
    assert (signed.body_id, signed.lines) == (body.pk, before)
    assert "WHAT IS NOT HERE" not in files["README.txt"].decode()
    assert 'filename="bundle-fenland-constabulary-' in answer["Content-Disposition"]

    line = Event.objects.of_body(body.pk).last()
    assert (line.kind, line.by, line.detail["lines"]) == ("bundle_taken", reader.name, before)
    assert line.detail["sha256"] == hashlib.sha256(content).hexdigest()
    assert tell(line).sentence.startswith("Took a bundle for an auditor away: all until ")


def test_the_commands_in_the_readme_check_it_without_this_program(client, tmp_path):
    body, reader = founded()
    told_lines(body, [NOW] * 3)
    make_checkpoint(NOW)
    _, files, _ = taken(client, reader, body)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    words = files["README.txt"].decode()
    (tmp_path / "check.py").write_text(words.split("----\n")[1], encoding="utf-8")

    def run(*command):
        return subprocess.run(  # noqa: S603 - our own
            command, cwd=tmp_path, capture_output=True, text=True, check=False
        )

    def check():
        return run(sys.executable, "-I", "check.py")

    assert run("sha256sum", "-c", "--quiet", "SHA256SUMS").returncode == 0
    lines = len(files["record.jsonl"].splitlines())
    assert check().stdout == f"{lines} lines fit together, and fit the checkpoints.\n"

    whole = files["record.jsonl"]
    (tmp_path / "record.jsonl").write_bytes(whole.replace(b"Tea 1", b"Tea 7"))
    assert "was edited" in check().stderr
    assert run("sha256sum", "-c", "--quiet", "SHA256SUMS").returncode == 1
    without = whole.splitlines(keepends=True)
    del without[2]
    (tmp_path / "record.jsonl").write_bytes(b"".join(without))
    assert "Line 4 does not follow" in check().stderr
    (tmp_path / "record.jsonl").write_bytes(whole)
    note = next(tmp_path.glob("checkpoints/*/*.txt"))
    note.write_text(note.read_text().replace(f"\n{lines}\n", f"\n{lines - 1}\n"))
    assert "signed another line" in check().stderr


def test_a_period_takes_its_stretch_of_the_record_and_its_reviews_only(client):
    body, reader = founded()
    later = [NOW + timedelta(days=days) for days in (10, 9, 11, 20)]  # the clock went back once
    told_lines(body, later)
    first, last = later[0].date(), later[2].date()
    _, files, _ = taken(client, reader, body, **a_day("first", first), **a_day("last", last))
    words = [json.loads(line)["line"] for line in files["record.jsonl"].splitlines()]
    assert [one["detail"]["name"] for one in words] == ["Tea 0", "Tea 1", "Tea 2"]
    assert "0 reviews concluded in the period" in files["README.txt"].decode()
    assert "No checkpoint was signed" in files["README.txt"].decode()
    assert not [name for name in files if name.startswith("reviews/")]
    last_day = NOW.date() - timedelta(days=1)
    _, files, _ = taken(client, reader, body, **a_day("last", last_day))
    assert files["record.jsonl"] == b""


def test_what_is_cut_is_said_and_the_line_from_which_it_goes_on(client, monkeypatch):
    body, reader = founded()
    monkeypatch.setattr(bundle, "MOST_LINES", 4)
    total = Event.objects.of_body(body.pk).count()
    _, files, _ = taken(client, reader, body)
    assert len(files["record.jsonl"].splitlines()) == 4
    words = " ".join(files["README.txt"].decode().split())
    assert f"The period has {total} lines: those from line 5 on are not here." in words
    assert Event.objects.of_body(body.pk).last().detail["lines"] == 4


def test_nothing_of_another_body_is_in_it_and_no_other_bodys_record_says_so(client):
    other, _ = founded("Canaryquill Constabulary")
    body, reader = founded()
    make_checkpoint(NOW)
    lines = Event.objects.of_body(other.pk).count()
    _, files, content = taken(client, reader, body)
    for name, held in files.items():
        assert b"canaryquill" not in held.lower(), name
        assert str(other.pk).encode() not in held, name
    assert b"canaryquill" not in content.lower()
    assert Event.objects.of_body(other.pk).count() == lines
    answer, files, _ = taken(client, reader, other)
    assert answer.status_code == 200
    assert files == {}
    assert b"Canaryquill" not in answer.content
    assert Event.objects.of_body(other.pk).count() == lines


def test_who_may_not_see_people_gets_no_list_of_access_and_is_told_so(client):
    body, _ = founded()
    buyer = User.objects.get(name__startswith="head")
    _, files, _ = taken(client, buyer, body)
    assert "access.csv" not in files
    assert "may not see the people" in files["README.txt"].decode()
    assert "Who had access is left out" in client.get("/audit/bundle/").content.decode()


def test_a_review_whose_file_is_lost_is_named_and_the_rest_is_given(client):
    body, reader = founded()
    review = Review.objects.get()
    (review.path / "review.json").unlink()
    _, files, _ = taken(client, reader, body)
    assert f"review.json of {review.reference} is not on the disk" in files["README.txt"].decode()
    assert f"reviews/{review.reference.lower()}/payees.csv" in files
    assert [row[2] for row in rows(files["checks.csv"])[1:]].count("Wrong") == 1


def test_access_is_as_it_was_on_the_last_day(client):
    body, reader = founded()
    sam = add_user(
        body=body, email="sam@example.org", name="Sam", password=PASSWORD, by=None, at=NOW
    )
    grant_role(
        user=sam, role="buyer", body=body, starts_on=FIRST_DAY, ends_on=NOW.date(), by=None, at=NOW
    )
    for day, there in ((NOW.date(), True), (NOW.date() + timedelta(days=1), False)):
        _, files, _ = taken(client, reader, body, **a_day("last", day))
        assert ("Sam" in {row[1] for row in rows(files["access.csv"])}) is there


def test_looking_at_the_page_and_days_that_cannot_be_are_no_line(client):
    reader = alice()
    told_lines(a_body(), [NOW])
    client.force_login(reader)
    assert "Put it together" in client.get("/audit/bundle/").content.decode()
    days = {**a_day("first", NOW.date()), **a_day("last", FIRST_DAY)}
    answer, files, _ = taken(client, reader, a_body(), **days)
    assert files == {}
    assert "The first day must not be after the last" in answer.content.decode()
    assert Event.objects.count() == 1
    client.force_login(bob())
    assert client.get("/audit/bundle/").status_code == 403
    assert client.post("/audit/bundle/", {"body": str(a_body().pk)}).status_code == 403
    client.force_login(a_user("Ada", "administrator"))
    assert client.get("/audit/bundle/").status_code == 403
