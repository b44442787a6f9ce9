"""What the desk does each day: what is over goes, what is not stays, and people are told."""

import os
from datetime import timedelta
from importlib import import_module

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.management import call_command
from tests.people import FIRST_DAY, NOW, a_body, a_user

from section54.desk.daily import clear_caches, clear_incoming, clear_sessions, grants_ending
from section54.organisations.models import Grant
from section54.post.clock import jobs
from section54.post.daily import write_reminders
from section54.post.models import Message


pytestmark = pytest.mark.django_db


def test_every_job_can_run_twice():
    for job in [*jobs(), *jobs()]:
        job.run(NOW)


def test_only_uploads_that_broke_off_a_day_ago_are_cleared_away(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for name, hours in (("old", 25), ("new", 23)):
        (incoming / name).write_bytes(b"x")
        when = (NOW - timedelta(hours=hours)).timestamp()
        os.utime(incoming / name, (when, when))
    assert clear_incoming(NOW) == 1
    assert [path.name for path in incoming.iterdir()] == ["new"]


def test_sessions_that_ran_out_are_removed_and_others_stay(settings):
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for name, seconds in (("over", -60), ("open", 3600)):
        session = store()
        session["who"] = name
        session.set_expiry(seconds)
        session.save()
    clear_sessions(NOW)
    assert [row.get_decoded()["who"] for row in Session.objects.all()] == ["open"]


def test_what_ran_out_is_removed_from_a_cache_in_the_database_and_others_stay(settings):
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "kept"}
    }
    call_command("createcachetable", verbosity=0)
    caches["default"].set("over", 1, timeout=60)
    caches["default"].set("open", 1, timeout=10**9)
    assert clear_caches(NOW + timedelta(days=2000)) == 1
    assert (caches["default"].get("over"), caches["default"].get("open")) == (None, 1)


def test_a_role_that_ends_is_told_to_who_has_it_and_to_who_may_give_it(monkeypatch):
    person, admin = a_user("Bea", "buyer"), a_user("Ada", "administrator")
    a_user("Other", "administrator", a_body("Ely County Council"))
    today = NOW.date()
    ends = today + timedelta(days=14)
    Grant.objects.filter(user=person).update(ends_on=ends)
    monkeypatch.setattr("section54.desk.daily.timezone.localdate", lambda *_: today)
    found = {due.person: due.what for due in grants_ending(today, ends)}
    assert found == {
        person: "Your role of buyer in Fenland Constabulary",
        admin: "The role of buyer in Fenland Constabulary that Bea has",
    }
    assert list(grants_ending(today, ends - timedelta(days=1))) == []
    write_reminders(NOW)
    subject = "Your role of buyer in Fenland Constabulary ends on 4 May 2026"
    assert Message.objects.get(person=person).subject == subject


def test_a_role_that_was_taken_away_is_not_told_of(monkeypatch):
    person = a_user("Bea", "buyer")
    today = NOW.date()
    Grant.objects.filter(user=person).update(
        ends_on=today, ended_on=FIRST_DAY, ended_because="She left."
    )
    monkeypatch.setattr("section54.desk.daily.timezone.localdate", lambda *_: today)
    assert list(grants_ending(today, today)) == []
