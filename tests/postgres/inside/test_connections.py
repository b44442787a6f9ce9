"""Connections of PostgreSQL: what each shows, and two who write a line at the same time."""

import threading

import pytest
from django.db import connection, transaction
from tests.people import NOW, a_body

from section54.organisations.models import Body
from section54.records.changes import first_broken, record
from section54.records.models import ChainHead, Event
from section54.records.rows import everything, nothing


pytestmark = pytest.mark.django_db(transaction=True)


def test_a_connection_opened_anew_shows_what_was_told_and_one_of_another_thread_nothing():
    a_body()
    with everything():
        connection.close()
        assert Body.objects.exists()
        found = []

        def look():
            found.append(Body.objects.exists())
            connection.close()

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        assert found == [False]
    with nothing():
        connection.close()
        assert not Body.objects.exists()


def test_two_who_write_at_once_leave_one_chain_without_gap():
    body, lines, faults = a_body(), 50, []

    @everything()
    def write():
        try:
            for _ in range(lines):
                with transaction.atomic():
                    record("thing_changed", body, body_id=body.pk, by=None, at=NOW)
        except Exception as error:  # noqa: BLE001 - told below
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    events = list(Event.objects.of_body(body.pk))
    assert [event.sequence for event in events] == list(range(1, 3 * lines + 1))
    assert first_broken(events) is None
    assert ChainHead.objects.get(body_id=body.pk).sequence == 3 * lines
