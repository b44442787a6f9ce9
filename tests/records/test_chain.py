"""The audit trail: one line a change, in the change's own transaction, and nobody edits it."""

import pytest
from django.db import DatabaseError, connection, transaction
from tests.people import NOW, a_body

from section54.records.changes import NotInATransactionError, first_broken, hash_of, record
from section54.records.models import Event


pytestmark = pytest.mark.django_db


def three_lines():
    body = a_body()
    with transaction.atomic():
        for number in (1, 2, 3):
            record("thing_changed", body, body_id=body.pk, by=None, at=NOW, number=number)
    return body


def test_a_chain_has_no_gaps_and_each_line_holds_the_hash_before_it():
    body = three_lines()
    events = list(Event.objects.of_body(body.pk))
    assert [event.sequence for event in events] == [1, 2, 3]
    assert [event.previous_hash for event in events[1:]] == [event.hash for event in events[:-1]]
    assert first_broken(events) is None


def test_each_body_has_a_chain_of_its_own():
    three_lines()
    other = a_body("Ely County Council")
    event = record("thing_changed", other, body_id=other.pk, by=None, at=NOW)
    assert event.sequence == 1


@pytest.mark.parametrize("field", ["kind", "subject", "by", "detail", "at", "hash"])
def test_an_edited_line_is_found(field):
    events = list(Event.objects.of_body(three_lines().pk))
    changed = {"detail": {"number": 9}, "at": NOW.replace(hour=10)}.get(field, "0" * 64)
    setattr(events[1], field, changed)
    assert first_broken(events) == events[1]


def test_a_removed_line_and_a_changed_order_are_found():
    events = list(Event.objects.of_body(three_lines().pk))
    assert first_broken([events[0], events[2]]) == events[2]
    assert first_broken([events[1], events[0], events[2]]) == events[1]


def test_an_edited_line_with_a_new_hash_of_its_own_breaks_the_next_one():
    events = list(Event.objects.of_body(three_lines().pk))
    events[1].detail = {"number": 9}
    events[1].hash = hash_of(events[1])
    assert first_broken(events) == events[2]


@pytest.mark.parametrize(
    "statement", ["UPDATE records_event SET kind = 'x'", "DELETE FROM records_event"]
)
def test_the_database_refuses_to_edit_or_remove_a_line(statement):
    three_lines()
    with pytest.raises(DatabaseError, match="audit trail"), transaction.atomic():
        connection.cursor().execute(statement)


@pytest.mark.django_db(transaction=True)
def test_a_line_outside_a_transaction_is_refused():
    body = a_body()
    with pytest.raises(NotInATransactionError):
        record("thing_changed", body, body_id=body.pk, by=None, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_change_that_fails_leaves_no_line():
    body = a_body()

    @transaction.atomic
    def change():
        record("thing_changed", body, body_id=body.pk, by=None, at=NOW)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change()
    assert not Event.objects.of_body(body.pk).exists()
