"""Six kinds of tampering with the audit trail, by somebody who may do anything to the database.

They take the triggers away first. Who cuts the chain short or rebuilds it makes the head row fit
too: that shows only against a checkpoint that was kept elsewhere.
"""

import json
import os
import random
from datetime import timedelta

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.people import NOW, a_body, a_user

from section54.records.chain import START, canonical, check
from section54.records.changes import hash_of, record
from section54.records.models import ChainHead, Event


pytestmark = pytest.mark.django_db
CASES = 1_000 if os.environ.get("SECTION54_FULL") else 50
KINDS = ("edit", "delete", "insert", "swap", "truncate", "rebuild")
LINES = 12
FIELDS = ("kind", "subject", "by", "by_id", "at", "detail", "id", "hash", "previous_hash")


def a_chain(lines=LINES):
    body, anna = a_body(), a_user("Anna Ö", "buyer")
    with transaction.atomic():
        for number in range(1, lines + 1):
            record(
                "thing_changed",
                body,
                body_id=body.pk,
                by=anna if number % 2 else None,
                at=NOW + timedelta(seconds=number, microseconds=number % 3),
                number=number,
                words=f"“{number}” \t\u007f 𝄞 é",
                share=number / 7,
                inner={"b": [1, None, True], "a": "x"},
            )
    return body


def without_triggers():
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("DROP TRIGGER records_event_never_edited")
            cursor.execute("DROP TRIGGER records_event_never_removed")
        else:
            cursor.execute("ALTER TABLE records_event DISABLE TRIGGER USER")


def chain_of(body):
    return list(Event.objects.of_body(body.pk))


def put(event, **changed):
    Event.objects.filter(pk=event.pk).update(**changed)


def set_head(body, lines):
    last = chain_of(body)[-1].hash if lines else START
    ChainHead.objects.filter(body_id=body.pk).update(sequence=lines, hash=last)


def rehash(body, start):
    """Give every line from a number on a number without a gap and a hash that fits."""
    events = chain_of(body)
    previous = events[start - 2].hash if start > 1 else START
    for number, event in enumerate(events[start - 1 :], start):
        event.sequence, event.previous_hash = number, previous
        event.hash = previous = hash_of(event)
        put(event, sequence=number, previous_hash=event.previous_hash, hash=event.hash)
    set_head(body, len(events))


def renumber(body, start, by):
    """Move the numbers of lines up or down by one; the last one first where they go up."""
    moved = [event for event in chain_of(body) if event.sequence >= start]
    for event in reversed(moved) if by > 0 else moved:
        put(event, sequence=event.sequence + by)


def edit(body, rng):
    event = rng.choice(chain_of(body))
    field = rng.choice(FIELDS)
    other = {
        "at": NOW - timedelta(days=1),
        "detail": {"number": -1},
        "by_id": body.pk,
        "id": body.pk,
        "hash": "f" * 64,
        "previous_hash": "e" * 64,
    }.get(field, "somebody else")
    put(event, **{field: other})
    if field not in ("id", "hash", "previous_hash") and rng.random() < 0.5:
        changed = Event.objects.get(pk=event.pk)
        put(changed, hash=hash_of(changed))
        if event.sequence == LINES:  # then only the row that says where the chain ends tells
            return {"head", "edited"}
    return {"edited"}


def delete(body, rng):
    event = rng.choice(chain_of(body)[:-1])
    Event.objects.filter(pk=event.pk).delete()
    if rng.random() < 0.5:
        renumber(body, event.sequence, -1)
        set_head(body, LINES - 1)
    return {"removed"}


def insert(body, rng):
    at = rng.randint(1, LINES + 1)
    renumber(body, at, 1)
    events = chain_of(body)
    new = Event(body_id=body.pk, sequence=at, kind="made_up", subject="x:1", by="Nobody", at=NOW)
    new.previous_hash = events[at - 2].hash if at > 1 else START
    new.hash = hash_of(new) if rng.random() < 0.7 else "a" * 64
    new.save(force_insert=True)
    if rng.random() < 0.5:
        ChainHead.objects.filter(body_id=body.pk).update(sequence=LINES + 1)
    return {"inserted", "edited", "head"}


def swap(body, rng):
    first, second = sorted(rng.sample(chain_of(body), 2), key=lambda one: one.sequence)
    put(first, sequence=10**6)
    put(second, sequence=first.sequence)
    put(first, sequence=second.sequence)
    return {"swapped"}


def truncate(body, rng):
    kept = rng.randint(1, LINES - 1)
    Event.objects.filter(body_id=body.pk, sequence__gt=kept).delete()
    if rng.random() < 0.7:
        set_head(body, kept)
    return {"truncated"}


def rebuild(body, rng):
    at = rng.randint(1, LINES)
    event = chain_of(body)[at - 1]
    if rng.random() < 0.5 or at == LINES:
        put(event, detail={"number": "rebuilt"})
        rehash(body, at)
        return {"rebuilt"}
    Event.objects.filter(pk=event.pk).delete()
    rehash(body, at)
    return {"truncated", "rebuilt"}


TAMPER = dict(zip(KINDS, (edit, delete, insert, swap, truncate, rebuild), strict=True))


class _UndoError(Exception):
    """Puts the chain back as it was."""


def test_every_kind_of_tampering_is_found_and_named(figure):
    body = a_chain()
    signed = [(LINES, chain_of(body)[-1].hash)]
    assert check(body.pk, signed).faults == ()
    missed, misnamed = [], []
    found = dict.fromkeys(KINDS, 0)
    for case in range(CASES):
        kind, rng = KINDS[case % len(KINDS)], random.Random(case)  # noqa: S311 - no secret
        try:
            with transaction.atomic():
                without_triggers()
                expected = TAMPER[kind](body, rng)
                faults = check(body.pk, signed).faults
                raise _UndoError
        except _UndoError:
            pass
        if not faults:
            missed.append((case, kind))
        elif not expected & {fault.what for fault in faults}:
            misnamed.append((case, kind, faults))
        else:
            found[kind] += 1
    assert missed == []
    assert misnamed == []
    assert check(body.pk, signed).faults == ()
    figure("audit tampering cases", CASES)
    figure("audit tampering found and named", sum(found.values()))


def test_only_a_checkpoint_shows_a_chain_that_was_rebuilt_with_its_head():
    body = a_chain(3)
    signed = [(3, chain_of(body)[-1].hash)]
    without_triggers()
    put(chain_of(body)[1], by="somebody else")
    rehash(body, 2)
    assert check(body.pk).faults == ()
    assert [fault.what for fault in check(body.pk, signed).faults] == ["rebuilt"]


@pytest.mark.parametrize(
    ("changed", "what"),
    [({"hash": "b" * 64}, "head"), ({"sequence": 5}, "truncated"), ({"sequence": 2}, "inserted")],
)
def test_an_edited_head_row_is_found(changed, what):
    body = a_chain(3)
    ChainHead.objects.filter(body_id=body.pk).update(**changed)
    assert [fault.what for fault in check(body.pk).faults] == [what]


def test_a_removed_head_row_and_a_chain_that_was_wiped_are_found():
    body = a_chain(3)
    head = ChainHead.objects.get(body_id=body.pk)
    ChainHead.objects.filter(body_id=body.pk).delete()
    assert [fault.what for fault in check(body.pk).faults] == ["head"]
    head.save(force_insert=True)
    without_triggers()
    Event.objects.all().delete()
    assert [fault.sentence for fault in check(body.pk).faults] == [
        "Lines 1 to 3 were removed from the end of the chain."
    ]


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5), st.booleans())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_fast_canonical_form_is_that_of_rfc_8785(value, as_ascii):
    import rfc8785  # noqa: PLC0415 - the yardstick, only here

    try:
        expected = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        return  # no such line can be written
    assert canonical(json.dumps(value, ensure_ascii=as_ascii)).encode() == expected
