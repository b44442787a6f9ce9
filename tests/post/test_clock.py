"""What runs by the clock: once a day, on one worker, again when that worker died."""

import logging
import os
from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from section54.post import clock
from section54.post.clock_changes import ATTEMPTS, forget_runs, take_run
from section54.post.models import ScheduledRun, WorkerBeat


pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SILENT = timedelta(seconds=20)
State = ScheduledRun.State


class KilledError(BaseException):
    """The worker was killed."""


class Work:
    """A job that counts how often it began and ended, and dies or fails as it is told."""

    def __init__(self, how=""):
        self.how, self.begun, self.ended = how, 0, 0

    def __call__(self, at):
        self.begun += 1
        if self.how == "dies":
            raise KilledError
        if self.how == "fails":
            raise ZeroDivisionError
        self.ended += 1
        if self.how == "dies after":
            raise KilledError


@pytest.fixture
def work(monkeypatch):
    monkeypatch.setattr(clock, "_known", {})
    made = Work()
    clock.register(clock.ScheduledJob(name="tea", title="Make tea", run=made, at=time(7, 0)))
    return made


def run(at):
    try:
        return clock.run_due(lambda: at, silent_for=SILENT)
    except KilledError:
        return None


def test_a_job_runs_once_a_day_from_its_hour_on_londons_clock(work):
    summer = datetime(2026, 7, 1, 5, 59, tzinfo=UTC)
    assert run(summer) == 0
    assert run(summer + timedelta(minutes=1)) == 1
    assert run(summer + timedelta(hours=9)) == 0
    assert run(summer + timedelta(days=1)) == 0
    assert run(summer + timedelta(days=1, minutes=1)) == 1
    assert work.ended == 2


def test_a_worker_that_starts_late_in_the_day_still_runs_it(work):
    assert run(NOON.replace(hour=23)) == 1


def test_a_run_whose_worker_died_is_run_again_once_it_is_silent(work):
    work.how = "dies"
    assert run(NOON) is None
    work.how = ""
    assert run(NOON + timedelta(seconds=10)) == 0, "it may still live"
    assert run(NOON + timedelta(seconds=21)) == 1
    assert (work.begun, work.ended) == (2, 1)
    row = ScheduledRun.objects.get()
    assert (row.state, row.attempts) == (State.DONE, 2)


def test_a_run_that_failed_is_tried_again_after_a_while_five_times_a_day_at_most(work, caplog):
    work.how = "fails"
    assert sum(run(NOON + timedelta(minutes=minutes)) for minutes in range(0, 660, 5)) == ATTEMPTS
    assert ScheduledRun.objects.get().state == State.FAILED
    assert "the scheduled job tea failed" in caplog.text


def test_a_run_that_failed_is_not_tried_again_at_once(work, caplog):
    work.how = "fails"
    assert [run(NOON + timedelta(minutes=m)) for m in (0, 5, 15, 16)] == [1, 0, 0, 1]


def test_a_job_that_fails_does_not_keep_the_next_back(work, caplog):
    work.how = "fails"
    other = Work()
    clock.register(clock.ScheduledJob(name="zzz", title="Sleep", run=other, at=time(7, 0)))
    assert run(NOON) == 2
    assert other.ended == 1


def test_what_died_yesterday_is_closed_and_todays_run_does_its_work(work):
    work.how = "dies"
    run(NOON)
    work.how = ""
    assert run(NOON + timedelta(days=1)) == 1
    assert list(ScheduledRun.objects.values_list("state", flat=True)) == [State.DONE, State.FAILED]


def test_a_worker_that_was_taken_for_dead_does_not_end_the_run_of_another(work):
    day = NOON.date()
    first = take_run(job="tea", day=day, silent_since=NOON, at=NOON)
    second = take_run(job="tea", day=day, silent_since=NOON + SILENT, at=NOON + SILENT)
    assert take_run(job="tea", day=day, silent_since=NOON, at=NOON + SILENT) is None
    assert not clock.end_run(run=first, is_done=True, at=NOON)
    assert clock.end_run(run=second, is_done=True, at=NOON)
    assert not clock.end_run(run=second, is_done=False, at=NOON)
    assert ScheduledRun.objects.get().state == State.DONE


def test_the_database_keeps_one_run_a_job_and_day():
    take_run(job="tea", day=NOON.date(), silent_since=NOON, at=NOON)
    row = {"token": ScheduledRun.objects.get().token, "started_at": NOON, "beat_at": NOON}
    with pytest.raises(IntegrityError), transaction.atomic():
        ScheduledRun.objects.create(job="tea", day=NOON.date(), **row)
    with pytest.raises(IntegrityError), transaction.atomic():
        ScheduledRun.objects.create(job="cake", day=NOON.date(), state="done", **row)


def test_runs_of_long_ago_and_workers_that_are_gone_are_forgotten():
    take_run(job="tea", day=NOON.date(), silent_since=NOON, at=NOON)
    WorkerBeat.objects.create(worker="here:1", started_at=NOON, beat_at=NOON)
    assert forget_runs(at=NOON + timedelta(days=1)) == 0
    assert WorkerBeat.objects.exists()
    assert forget_runs(at=NOON + timedelta(days=402)) == 1
    assert not WorkerBeat.objects.exists()


STEPS = st.lists(
    st.tuples(st.sampled_from(["", "dies", "dies after", "fails"]), st.integers(1, 500)),
    max_size=12,
)
EXAMPLES = 300 if os.environ.get("SECTION54_FULL") else 20


@hypothesis_settings(max_examples=EXAMPLES, deadline=None)
@given(STEPS)
def test_however_workers_die_a_day_that_is_done_is_not_begun_again_and_none_is_stuck(steps):
    logging.disable()
    before = dict(clock._known)
    clock._known.clear()
    work, at = Work(), NOON
    clock.register(clock.ScheduledJob(name="tea", title="Make tea", run=work, at=time(7, 0)))
    try:
        with transaction.atomic():
            for how, minutes in steps:
                rows = ScheduledRun.objects.filter(day=at.date())
                was_done = rows.filter(state=State.DONE).exists()
                work.how, begun = how, work.begun
                run(at)
                assert work.begun == begun or not was_done
                assert all(row.attempts <= ATTEMPTS for row in rows)
                at += timedelta(minutes=minutes)
            work.how = ""
            at = at.replace(hour=12) + timedelta(days=1)
            run(at)  # a new day: whatever happened before, it is done
            assert ScheduledRun.objects.get(day=at.date()).state == State.DONE
            assert not ScheduledRun.objects.filter(state=State.RUNNING).exists()
            transaction.set_rollback(True)
    finally:
        logging.disable(logging.NOTSET)
        clock._known.clear()
        clock._known.update(before)
