"""One setting says which database it is, and each thing that is wrong with it is one sentence."""

from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from section54.desk.database import database_from, sentence_of
from section54.records import policies
from section54.records.rows import RoleAboveRulesError


GOOD = "postgresql://section54@db.example.org:5433/kept?sslmode=require"
DATA = Path("/data")


def test_without_the_setting_it_is_sqlite_in_the_data_folder():
    settings = database_from("", "", DATA)
    assert settings["ENGINE"].endswith("sqlite3")
    assert settings["NAME"] == DATA / "section54.sqlite3"


def test_an_address_says_where_it_is_and_the_password_comes_from_its_file(tmp_path):
    file = tmp_path / "password"
    file.write_text("s3cret\n", encoding="utf-8")
    file.chmod(0o600)
    settings = database_from(GOOD, str(file), DATA)
    assert settings["ENGINE"].endswith("postgresql")
    keys = ("NAME", "USER", "HOST", "PORT", "PASSWORD")
    assert [settings[key] for key in keys] == [
        "kept",
        "section54",
        "db.example.org",
        "5433",
        "s3cret",
    ]
    assert settings["OPTIONS"]["sslmode"] == "require"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("mysql://a@b/c", "must be empty for SQLite, or an address such as postgresql://"),
        ("kept.sqlite3", "must be empty for SQLite, or an address such as postgresql://"),
        ("postgresql://a@b/c?colour=red", "colour"),
        ("postgresql://a:hush@b/c", "holds a password: put it into a file"),
        ("postgresql://b/c", "both the role and the database are needed"),
        ("postgresql://a@b", "both the role and the database are needed"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_telling_a_password(address, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence) as refused:
        database_from(address, "", DATA)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (None, 0, "cannot be read"),
        ("", 0o600, "is empty"),
        ("s3cret", 0o644, "can be read by others: chmod 600"),
    ],
)
def test_a_password_file_that_cannot_be_used_is_refused(tmp_path, content, mode, sentence):
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content, encoding="utf-8")
        file.chmod(mode)
    with pytest.raises(ImproperlyConfigured, match=sentence):
        database_from(GOOD, str(file), DATA)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            'FATAL:  password authentication failed for user "section54"',
            "The password for role section54 is not right",
        ),
        ("fe_sendauth: no password supplied", "asks role section54 for a password"),
        ('FATAL:  Peer authentication failed for user "section54"', "run as that user"),
        ('FATAL:  role "section54" does not exist', "make it with createuser"),
        (
            'FATAL:  database "kept" does not exist',
            "database kept at db.example.org, port 5433: make it with createdb --owner=section54",
        ),
        ("FATAL:  no pg_hba.conf entry for host", "add a line to its pg_hba.conf"),
        ("FATAL:  sorry, too many clients already", "raise max_connections"),
        ("FATAL:  the database system is starting up", "try again in a moment"),
        ("PostgreSQL 14 or later is required (found 13.9).", "must be PostgreSQL 14 or later"),
        (
            "connection to server failed: Connection refused\n\tIs the server running?",
            "does not answer: see that PostgreSQL runs there",
        ),
    ],
)
def test_each_thing_that_a_server_says_becomes_one_sentence_on_what_to_do(said, sentence):
    told = sentence_of(RuntimeError(said), database_from(GOOD, "", DATA))
    assert sentence in told
    assert "\n" not in told


def test_a_role_above_the_rules_is_said_as_it_is():
    told = sentence_of(RoleAboveRulesError("It is a superuser."), database_from(GOOD, "", DATA))
    assert told == "It is a superuser."


def test_every_model_of_ours_is_of_a_body_or_says_why_not():
    found = {model._meta.label: policies.policy_of(model) for model in policies.our_models()}
    assert {label for label, policy in found.items() if policy is None} == set(policies.OF_NO_BODY)
    assert "section54_bodies()" in found["risk.Review"].read
    assert found["risk.Finding"].read == "review_id IN (SELECT id FROM risk_review)"
    assert set(policies.SPECIAL) | set(policies.PERSON) | set(policies.SHARES) <= set(found)


def test_a_model_that_belongs_to_no_body_fails_the_start_up_check(monkeypatch):
    monkeypatch.delitem(policies.OF_NO_BODY, "post.WorkerBeat")
    (fault,) = [one for one in run_checks() if one.id == "records.E001"]
    assert "post.WorkerBeat belongs to no body" in fault.msg
    assert "OF_NO_BODY" in fault.hint
