"""Health: alive, ready and degraded are told apart, and nobody outside learns more."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from tests.people import a_body, a_user
from tests.post.factories import a_message

from section54 import __version__
from section54.desk import health
from section54.post import clock
from section54.post.models import Job, ScheduledRun, WorkerBeat


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def asked_anew():
    health._kept.clear()


@pytest.fixture
def now():
    return timezone.now()


def a_beat(now, seconds=5):
    moment = now - timedelta(seconds=seconds)
    return WorkerBeat.objects.create(worker="here:1", started_at=moment, beat_at=moment)


def found(name, now):
    return next(finding for finding in health.findings(now) if finding.name == name)


def test_alive_asks_nothing_of_the_database_and_opens_no_session(client):
    with CaptureQueriesContext(connection) as queries:
        response = client.get("/health/alive")
    assert (response.status_code, response.content) == (200, b"alive\n")
    assert not queries.captured_queries
    assert not response.cookies


def test_ready_opens_no_session_though_a_browser_sends_one(now):
    a_beat(now)
    client = Client()
    client.force_login(a_user("Ada", "administrator"))
    with CaptureQueriesContext(connection) as queries:
        response = client.get("/health/ready")
    assert json.loads(response.content) == {"status": "ready", "missing": []}
    assert not [q for q in queries.captured_queries if 'session"' in q["sql"]]
    assert not response.cookies


def test_ready_is_answered_again_for_some_seconds_without_asking_anew(client, now):
    a_beat(now)
    client.get("/health/ready")
    with CaptureQueriesContext(connection) as queries:
        assert client.get("/health/ready").status_code == 200
    assert not queries.captured_queries


def test_without_a_database_it_is_alive_and_not_ready(client, monkeypatch):
    def gone(*args, **kwargs):
        raise OperationalError("the disk of secret-host is gone")

    monkeypatch.setattr(health, "MigrationExecutor", gone)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert json.loads(response.content) == {"status": "not ready", "because": "database"}
    assert client.get("/health/alive").status_code == 200


def test_with_migrations_to_come_it_is_not_ready(client, monkeypatch):
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: ["one"])
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert json.loads(response.content) == {"status": "not ready", "because": "tables"}


def test_with_something_missing_people_can_work_and_it_is_degraded(client):
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert json.loads(response.content) == {"status": "degraded", "missing": ["worker"]}


def test_what_the_public_is_told_names_no_version_program_or_person(client):
    a_user("Ada", "administrator")
    a_message(state="failed", failure="No.", to_name="Ann")
    for path in ("/health/alive", "/health/ready"):
        said = client.get(path).content.decode().lower()
        for word in (
            __version__,
            "django",
            "python",
            "sqlite",
            "postgres",
            "fenland",
            "ada",
            "ann",
        ):
            assert word not in said


@pytest.mark.parametrize("path", ["/health/alive", "/health/ready"])
def test_machines_may_only_look_and_are_not_sent_to_https(client, settings, path, now):
    a_beat(now)
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^health/(alive|ready)$"]
    client = Client()
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200
    assert client.get("/health/").status_code == 301
    settings.SECURE_SSL_REDIRECT = False
    assert Client().post(path).status_code == 405


def test_a_worker_is_alive_while_its_last_sign_of_life_is_a_minute_old(now):
    assert not found("worker", now).is_well
    beat = a_beat(now, 60)
    assert found("worker", now).is_well
    beat.beat_at -= timedelta(seconds=1)
    beat.save()
    one = found("worker", now)
    assert (one.is_well, one.words) == (False, "Its last sign of life was 1 minute ago.")


def test_work_that_waits_for_ten_minutes_is_told(now):
    assert found("jobs", now).words == "Nothing waits."
    job = Job.objects.create(body=a_body(), task="x", asked_at=now - health.WAITS_LONG)
    assert found("jobs", now).is_well
    job.asked_at -= timedelta(seconds=1)
    job.save()
    assert not found("jobs", now).is_well
    assert found("jobs", now).words == "Waiting: 1 job, the oldest from 10 minutes ago."


def test_mail_is_well_while_it_goes_and_where_people_send_it(now, settings):
    a_message(written_at=now - timedelta(days=9))
    assert found("messages", now).is_well
    assert "no mail server" in found("messages", now).words
    settings.EMAIL_HOST = "mail.example.org"
    assert not found("messages", now).is_well
    health.Message.objects.update(written_at=now - health.MAIL_WAITS_LONG)
    assert found("messages", now).is_well
    a_message(state="perhaps_sent")
    assert not found("messages", now).is_well


def test_a_daily_run_that_was_not_done_for_more_than_a_day_is_told_by_its_name(now, monkeypatch):
    monkeypatch.setattr(clock, "_known", {})
    clock.register(clock.ScheduledJob(name="tea", title="Make tea", run=print))
    assert found("clock", now).is_well, "a new installation has not had a day yet"
    ended = now - health.RUN_LATE
    row = ScheduledRun.objects.create(
        job="tea",
        day=ended.date(),
        state="done",
        token=uuid4(),
        started_at=ended,
        beat_at=ended,
        ended_at=ended,
    )
    assert found("clock", now).is_well
    row.ended_at -= timedelta(seconds=1)
    row.save()
    assert not found("clock", now).is_well
    assert "make tea" in found("clock", now).words


def test_a_full_disk_is_told(now, monkeypatch):
    usage = type("Usage", (), {"total": 200 * 10**9, "free": 4 * 10**9})
    monkeypatch.setattr(health.shutil, "disk_usage", lambda _: usage)
    assert found("disk", now).is_well
    usage.free -= 1
    assert not found("disk", now).is_well


def test_who_looks_after_people_reads_what_was_found_and_what_to_do(now):
    client = Client()
    client.force_login(a_user("Ada", "administrator"))
    page = client.get("/health/").content.decode()
    assert "1 thing behind them needs attention" in page
    assert "Start the worker" in page
    a_beat(now)
    assert "Everything works." in client.get("/health/").content.decode()


def test_another_room_can_add_a_check(now, monkeypatch):
    monkeypatch.setattr(health, "_known", dict(health._known))
    well = health.Finding(name="tea", title="Tea", is_well=False, words="Cold.")
    health.register_check("tea", lambda at: iter([well]))
    assert found("tea", now).words == "Cold."
