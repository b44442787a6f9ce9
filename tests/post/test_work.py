"""Work in the background: taken once, stopped when asked, taken back from the dead, never lost."""

from datetime import timedelta

import pytest
from django.db import transaction
from django_tasks_db.models import DBTaskResult
from tests.people import NOW, a_body, alice

from section54.desk.management.commands.work import take_back
from section54.engine.errors import BadInput
from section54.post import changes
from section54.post.models import Job
from section54.post.work import OUR_FAULT, working_on


TASK = "section54.risk.tasks.make_the_review"
pytestmark = pytest.mark.django_db(transaction=True)


def a_job(**changed) -> Job:
    job = changes.ask_for(task=TASK, body=a_body(), by=None, at=NOW)
    Job.objects.filter(pk=job.pk).update(**changed)
    job.refresh_from_db()
    return job


def test_a_job_is_in_the_queue_exactly_if_its_transaction_went_through():
    @transaction.atomic
    def fails():
        changes.ask_for(task=TASK, body=a_body(), by=None, at=NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert (Job.objects.count(), DBTaskResult.objects.count()) == (0, 0)
    job = a_job()
    assert DBTaskResult.objects.get().args_kwargs["args"] == [str(job.pk)]


def test_a_job_is_taken_once():
    job = a_job()
    assert changes.take(job_id=job.pk, at=NOW) is not None
    assert changes.take(job_id=job.pk, at=NOW) is None


def test_a_job_that_was_taken_over_cannot_be_finished_by_the_first_worker():
    job = a_job()
    first = changes.take(job_id=job.pk, at=NOW)
    changes.take_back_abandoned(since=NOW + timedelta(seconds=1), at=NOW)
    second = changes.take(job_id=job.pk, at=NOW)
    with pytest.raises(changes.JobTakenError), transaction.atomic():
        changes.finish(job=first, at=NOW)
    with transaction.atomic():
        changes.finish(job=second, at=NOW)
    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.DONE, 2)


def test_a_silent_worker_is_taken_for_dead_and_a_living_one_is_not():
    job = a_job()
    changes.take(job_id=job.pk, at=NOW)
    assert changes.take_back_abandoned(since=NOW, at=NOW) == 0
    assert changes.take_back_abandoned(since=NOW + timedelta(seconds=1), at=NOW) == 1
    job.refresh_from_db()
    assert job.state == Job.State.WAITING


def test_a_job_that_dies_five_times_is_given_up_with_a_sentence():
    job = a_job()
    for _ in range(changes.ATTEMPTS):
        assert changes.take(job_id=job.pk, at=NOW)
        changes.take_back_abandoned(since=NOW + timedelta(seconds=1), at=NOW)
    job.refresh_from_db()
    assert (job.state, job.failure) == (Job.State.FAILED, changes.GAVE_UP)


def test_a_job_whose_worker_died_before_it_took_it_is_put_into_the_queue_again_once():
    job = a_job()
    DBTaskResult.objects.update(status="RUNNING", started_at=NOW)
    for _ in range(3):
        take_back(timedelta(seconds=20))
    queued = DBTaskResult.objects.order_by("enqueued_at").values_list("status", "args_kwargs")
    task = {"args": [str(job.pk)], "kwargs": {}}
    assert list(queued) == [("FAILED", task), ("READY", task)]


def test_a_task_whose_job_is_over_is_not_called_running_for_ever():
    a_job(state=Job.State.STOPPED)
    DBTaskResult.objects.update(status="RUNNING", started_at=NOW)
    take_back(timedelta(seconds=20))
    assert DBTaskResult.objects.get().status == "FAILED"


def test_progress_is_kept_and_a_stop_is_heard_at_the_next_step():
    job = a_job()
    with working_on(job.pk) as work:
        _, on_step = work
        on_step("Reading", 1, 3)
        job.refresh_from_db()
        assert (job.step, job.done, job.of) == ("Reading", 1, 3)
        changes.ask_to_stop(job=job, subject=a_body(), by=alice(), at=NOW)
        on_step("Writing", 0, 0)
        raise AssertionError("it went on")
    job.refresh_from_db()
    assert job.state == Job.State.STOPPED


def test_a_waiting_job_stops_at_once_and_can_be_started_again():
    job, user = a_job(), alice()
    assert changes.ask_to_stop(job=job, subject=a_body(), by=user, at=NOW)
    assert changes.take(job_id=job.pk, at=NOW) is None
    assert changes.start_again(job=job, subject=a_body(), by=user, at=NOW)
    assert changes.take(job_id=job.pk, at=NOW)
    assert not changes.start_again(job=job, subject=a_body(), by=user, at=NOW)


@pytest.mark.parametrize(
    ("error", "said"), [(BadInput("Do this."), "Do this."), (KeyError("x"), OUR_FAULT)]
)
def test_what_went_wrong_is_kept_as_one_sentence(error, said):
    job = a_job()
    with working_on(job.pk):
        raise error
    job.refresh_from_db()
    assert (job.state, job.failure, job.token) == (Job.State.FAILED, said, None)
