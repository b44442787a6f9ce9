"""Reminders: caught up with, never repeated, stopped by who asked, and never sensitive."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st
from tests.people import NOW, a_body, a_user, alice, bob, charlie
from tests.post.factories import a_message

from section54.organisations.models import Grant
from section54.post import reminders
from section54.post.clock_changes import (
    NotToBeStoppedError,
    stop_reminders,
    want_reminders,
    write_reminder,
)
from section54.post.daily import write_reminders
from section54.post.models import Message, OptOut, Reminder
from section54.post.reminders import Due, ReminderKind, step_due, who_may, window
from section54.records.models import Event


STEPS = (-14, 0, 7)
DAY = timedelta(days=1)


@pytest.fixture
def known(monkeypatch):
    """Only the kinds that the test makes known."""
    monkeypatch.setattr(reminders, "_known", {})


def a_kind(*dues, **changed):
    def find(first, last):
        return [due for due in dues if first <= due.on <= last]

    kind = ReminderKind(
        **{
            "name": "tea",
            "title": "Tea is due",
            "find": find,
            "steps": STEPS,
            "handled_with": "spend.change",
            **changed,
        }
    )
    reminders.register(kind)
    return kind


def a_due(person, on, **changed):
    given = {
        "body": a_body(),
        "subject": "ui.Pot:1",
        "person": person,
        "on": on,
        "what": "The tea of Fenland",
        "link": "/",
    }
    return Due(**{**given, **changed})


def at(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


# --- which step -----------------------------------------------------------------------------------


@given(st.sets(st.integers(-30, 110), max_size=25), st.sets(st.integers(-40, 40), min_size=1))
def test_on_whatever_days_it_runs_no_step_comes_twice_too_early_or_out_of_order(days, steps):
    on, steps = date(2026, 5, 20), sorted(steps)
    sent: list[int] = []
    for day in sorted(days):
        today = on + timedelta(days=day)
        step = step_due(on=on, steps=steps, sent=sent, today=today)
        passed = [one for one in steps if one <= day]
        if step is not None:
            assert step == max(passed), "not the latest that was passed"
            assert not sent or step > max(sent), "again, or out of order"
            sent.append(step)
        elif passed and today - on <= reminders.LOOK_BACK:
            assert sent[-1] == max(passed), "a step was missed for good"


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_due_on_its_day_and_not_the_day_before(step):
    on = date(2026, 5, 20)
    earlier = [one for one in STEPS if one < step]
    day = on + timedelta(days=step)
    assert step_due(on=on, steps=STEPS, sent=earlier, today=day - DAY) is None
    assert step_due(on=on, steps=STEPS, sent=earlier, today=day) == step


def test_the_window_holds_every_day_that_can_be_due():
    first, last = window(a_kind(), NOW.date())
    assert last == NOW.date() + timedelta(days=14)
    assert first == NOW.date() - timedelta(days=60)
    assert step_due(on=first, steps=STEPS, sent=(), today=NOW.date()) == 7
    assert step_due(on=first - DAY, steps=STEPS, sent=(), today=NOW.date()) is None


def test_steps_that_are_not_in_their_order_are_refused(known):
    with pytest.raises(ValueError, match="order"):
        a_kind(steps=(0, -14))


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_run_that_was_missed_is_caught_up_with_once_and_nothing_is_repeated(known):
    on = NOW.date() + timedelta(days=20)
    a_kind(a_due(alice(), on))
    written = [write_reminders(at(on + timedelta(days=day))) for day in (-15, -13, -13, 3, 3, 30)]
    assert written == [0, 1, 0, 1, 0, 1]
    assert list(Reminder.objects.order_by("step").values_list("step", flat=True)) == [-14, 0, 7]


@pytest.mark.django_db
def test_a_reminder_says_what_is_due_when_and_where_and_nothing_else(known):
    person = alice()
    a_kind(a_due(person, date(2026, 5, 3)))
    write_reminders(at(date(2026, 4, 20)))
    message = Message.objects.get()
    assert message.subject == "The tea of Fenland is due on 3 May 2026"
    lines = message.text.split("\n")
    assert lines[0] == "Hello Alice,"
    assert lines[2] == "The tea of Fenland is due on 3 May 2026."
    assert lines[4] == "Open it here, after you sign in: http://127.0.0.1:8054/"
    assert lines[6].startswith("To get no more of these: http://127.0.0.1:8054/messages/stop/")
    assert (message.person, message.about, message.handled_with) == (person, "tea", "spend.change")


@pytest.mark.django_db
def test_a_due_day_that_moved_is_reminded_of_anew(known):
    person = alice()
    a_kind(a_due(person, NOW.date()))
    write_reminders(NOW)
    a_kind(a_due(person, NOW.date() + DAY))
    assert [write_reminders(NOW), write_reminders(NOW)] == [1, 0]


@pytest.mark.django_db
def test_who_stopped_a_kind_gets_none_of_it_and_others_do(known):
    person, other = alice(), bob()
    kind = a_kind(a_due(person, NOW.date()), a_due(other, NOW.date()))
    a_kind(a_due(person, NOW.date()), name="cake", title="Cake is due")
    assert stop_reminders(person=person, kind=kind, at=NOW)
    assert not stop_reminders(person=person, kind=kind, at=NOW)
    write_reminders(NOW)
    got = Counter(Message.objects.values_list("person__name", "about"))
    assert got == {("Alice", "cake"): 1, ("Bob", "tea"): 1}
    assert want_reminders(person=person, kind=kind, at=NOW)
    assert not want_reminders(person=person, kind=kind, at=NOW)
    assert write_reminders(NOW) == 1
    kinds = Event.objects.about(person).values_list("kind", flat=True)
    assert list(kinds) == ["messages_stopped", "messages_wanted"]


@pytest.mark.django_db
def test_a_kind_that_everybody_must_get_cannot_be_stopped_and_says_so(known):
    person = alice()
    must = "It is the law: everybody gets it."
    kind = a_kind(a_due(person, NOW.date()), must=must)
    with pytest.raises(NotToBeStoppedError, match="law"):
        stop_reminders(person=person, kind=kind, at=NOW)
    OptOut.objects.create(person=person, kind=kind.name, since=NOW)
    assert write_reminders(NOW) == 1
    message = Message.objects.get()
    assert message.text.rstrip().endswith(must)
    assert (message.about, "messages/stop" in message.text) == ("", False)


@pytest.mark.django_db
def test_two_workers_write_one_reminder(known):
    kind = a_kind()
    due = a_due(alice(), NOW.date())
    assert write_reminder(kind=kind, due=due, step=0, at=NOW)
    assert not write_reminder(kind=kind, due=due, step=0, at=NOW)
    assert Message.objects.count() == 1
    row = Reminder.objects.get()
    again = {name: getattr(row, name) for name in ("kind", "subject", "due_on", "step", "person")}
    with pytest.raises(IntegrityError), transaction.atomic():
        Reminder.objects.create(**again, message=a_message())


@pytest.mark.django_db
def test_one_persons_address_and_one_kinds_fault_keep_nobody_elses_back(known):
    person = alice()
    wrong = bob()
    wrong.email = "böb@example.org"
    a_kind(a_due(wrong, NOW.date()), a_due(person, NOW.date()))

    def fails(first, last):
        raise ValidationError("no")

    a_kind(name="broken", title="A kind that fails", find=fails)
    with pytest.raises(ValidationError):
        write_reminders(NOW)
    assert list(Message.objects.values_list("person__name", flat=True)) == ["Alice"]


# --- to whom --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_reminder_is_for_who_may_do_it_today_in_that_body():
    person, gone = alice(), a_user("Gone", "buyer")
    bob()
    charlie()
    Grant.objects.filter(user=gone).update(ends_on=NOW.date() - DAY)
    closed = a_user("Closed", "buyer")
    closed.is_active = False
    closed.save()
    assert who_may("spend.change", a_body(), NOW.date()) == [person]
