"""Checking, line by line, that nobody has written in the audit trail since it was written.

The chain is read once, as it stood at one instant, while the system goes on working. A line's hash
is that of ``changes.hash_of``; here the same bytes are made from the database's own values, because
a million lines must not take minutes.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

import rfc8785
from django.db import connection

from section54.records.models import ChainHead, Event


START = "0" * 64
ROWS = 4_000  # lines fetched at a time
NEAR = 5_000  # how far a moved line is looked for, to say where it came from
COLUMNS = ("id", "sequence", "kind", "subject", "by_id", "by", "at", "detail")
Words = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the database has it."""

    words: Words
    previous_hash: str
    hash: str

    @property
    def sequence(self) -> Any:
        """Its number; anything at all, if somebody wrote in the table."""
        return self.words[1]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a chain, where it is seen first.

    ``what`` is edited, removed, inserted, swapped, truncated, rebuilt or head.
    """

    what: str
    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one body's chain."""

    body_id: UUID
    lines: int
    head: str
    faults: tuple[Fault, ...]


class _Fraction(Exception):
    """A number with a fraction stands in the text."""


def _is_a_fraction(text: str) -> float:
    raise _Fraction(text)


_DECODER = json.JSONDecoder(parse_float=_is_a_fraction, parse_constant=_is_a_fraction)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical(detail: str) -> str:
    """Return JSON text in the canonical form of RFC 8785.

    The plain encoder writes the same where there are no fractions and all letters are ASCII;
    everything else takes the slow way.
    """
    if detail == "{}":
        return detail
    try:
        value = _DECODER.decode(detail)
    except _Fraction:
        return rfc8785.dumps(json.loads(detail)).decode()
    if (detail.isascii() and "\\u" not in detail) or _is_simple(value):
        return _ENCODER.encode(value)
    return rfc8785.dumps(value).decode()


def _is_simple(value: Any) -> bool:
    """Return whether the plain encoder writes a value as RFC 8785 would."""
    if isinstance(value, dict):
        return all(key.isascii() and _is_simple(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(_is_simple, value))
    return not isinstance(value, float)


def text_of(body: str, words: Words) -> str:
    """Return the words of a line as RFC 8785 JSON: what is hashed.

    Raises:
        ValueError: a value is not what the table holds.
    """
    key, sequence, kind, subject, by_id, by, at, detail = words
    return (
        f'{{"at":"{_instant(at)}","body":"{body}",{_by(by, by_id)},'
        f'"detail":{canonical(detail)},"id":"{_uuid(key)}","kind":{encode_basestring(kind)},'
        f'"sequence":{sequence},"subject":{encode_basestring(subject)}}}'
    )


def line_hash(body: str, words: Words, previous: str) -> str:
    """Return the hash that a line should have.

    Raises:
        ValueError: a value is not what the table holds.
    """
    inner = hashlib.sha256(text_of(body, words).encode()).hexdigest()
    return hashlib.sha256(f"{previous}{inner}".encode()).hexdigest()


@lru_cache(maxsize=1_000)  # the same people write many lines
def _by(name: Any, key: Any) -> str:
    by_key = f'"{_uuid(key)}"' if key else "null"
    return f'"by":{encode_basestring(name)},"by_id":{by_key}'


def _uuid(value: Any) -> str:
    text = str(value)
    if len(text) == 32:
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
    return text


def _instant(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    text = str(value)
    whole, _, part = text.partition(".")
    return f"{whole[:10]}T{whole[11:]}.{part:0<6}+00:00"


def _fits(body: str, line: Line, *, sequence: int | None = None) -> bool:
    """Return whether a line has the hash of its own words, as this line or as another number."""
    words = line.words
    if sequence is not None:
        words = (words[0], sequence, *words[2:])
    try:
        return line_hash(body, words, line.previous_hash) == line.hash
    except (ValueError, TypeError, AttributeError, rfc8785.CanonicalizationError):
        return False


def bodies_with_lines() -> list[UUID]:
    """Return the bodies that have a chain, or a head that says so."""
    heads = set(ChainHead.objects.values_list("body_id", flat=True))
    lines = set(Event.objects.order_by().values_list("body_id", flat=True).distinct())
    return sorted(heads | lines)


def _rows(body_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Return a body's lines with its head, in one statement: as they stood at one instant."""
    key = Event._meta.get_field("body_id").get_db_prep_value(body_id, connection)
    columns = ", ".join(f'"{name}"' for name in (*COLUMNS, "previous_hash", "hash"))
    if connection.vendor == "sqlite":  # as text, whatever somebody wrote there
        columns = columns.replace('"at"', 'CAST("at" AS TEXT)')
    head = "(SELECT {} FROM records_chainhead WHERE body_id = %s)"
    statement = (
        f"SELECT {columns}, {head.format('sequence')}, {head.format('hash')} "  # noqa: S608
        "FROM records_event WHERE body_id = %s ORDER BY records_event.sequence"
    )
    with connection.chunked_cursor() as cursor:
        cursor.execute(statement, [key, key, key])
        while rows := cursor.fetchmany(ROWS):
            yield from rows


def check(body_id: UUID, signed: Iterable[tuple[int, str]] = ()) -> Checked:
    """Check one body's chain, and that it still has the lines that checkpoints signed.

    Args:
        signed: Number of lines and the head's hash, of checkpoints whose signature was checked.
    """
    expected_at: dict[int, set[str]] = {}
    for count, hashed in signed:
        expected_at.setdefault(count, set()).add(hashed)
    for _ in range(2):  # a chain's first line may be written between the two questions
        checked = _walk(body_id, expected_at)
        if checked.lines or not ChainHead.objects.filter(body_id=body_id, sequence__gt=0).exists():
            break
    return checked


def _walk(body_id: UUID, expected_at: Mapping[int, set[str]]) -> Checked:
    body, previous, number = str(body_id), START, 0
    fault: Fault | None = None
    rebuilt: Fault | None = None
    head: tuple[Any, Any] = (None, None)
    last: Any = START
    if expected_at.get(0, set()) - {START}:
        rebuilt = _rebuilt(0)
    for row in _rows(body_id):
        number += 1
        words, before, last = row[:8], row[8], row[9]
        head = (row[10], row[11])
        if fault is None:
            try:
                fits = (
                    words[1] == number
                    and before == previous
                    and line_hash(body, words, before) == last
                )
            except (ValueError, TypeError, AttributeError, rfc8785.CanonicalizationError):
                fits = False
            if not fits:
                fault = _what_is_wrong(body_id, Line(words, before, last), number, previous)
            previous = last
        if rebuilt is None and number in expected_at and expected_at[number] != {last}:
            rebuilt = _rebuilt(number)
    if not number:
        head = ChainHead.objects.filter(body_id=body_id).values_list(
            "sequence", "hash"
        ).first() or (None, None)
    faults = [one for one in (fault or _head_fault(number, last, head), rebuilt) if one]
    most = max(expected_at, default=0)
    if most > number:
        faults.append(
            Fault(
                "truncated",
                number + 1,
                f"A checkpoint signed {most:,} lines, but only {number:,} are there: lines "
                f"{number + 1:,} to {most:,} were removed from the end.",
            )
        )
    return Checked(body_id, number, str(last), tuple(faults))


def _rebuilt(line: int) -> Fault:
    return Fault(
        "rebuilt",
        line,
        f"Line {line:,} is not the one that a checkpoint signed: the chain was rebuilt with new "
        "hashes, up to that line or before it.",
    )


def _head_fault(lines: int, last: str, head: tuple[Any, Any]) -> Fault | None:
    """Compare the end of a chain that fits with the row that says where it ends."""
    count, hashed = head
    if count is None:
        if not lines:
            return None
        return Fault("head", lines, "The row that says where the chain ends was removed.")
    if count > lines:
        return Fault(
            "truncated",
            lines + 1,
            f"Lines {lines + 1:,} to {count:,} were removed from the end of the chain.",
        )
    if count < lines:
        return Fault(
            "inserted",
            count + 1,
            f"Lines {count + 1:,} to {lines:,} were put in after the end of the chain, or the row "
            "that says where it ends was set back.",
        )
    if hashed != last:
        return Fault("head", lines, "The row that says where the chain ends was edited.")
    return None


def _what_is_wrong(body_id: UUID, line: Line, number: int, previous: str) -> Fault:
    """Say what was done to a chain, from the first line that does not fit."""
    body, stands = str(body_id), line.sequence
    if not isinstance(stands, int) or stands < number:
        return Fault("inserted", number, f"A line numbered {stands!r} was put in at {number:,}.")
    if stands > number:
        lost = (
            f"Line {number:,} was"
            if stands == number + 1
            else f"Lines {number:,} to {stands - 1:,} were"
        )
        return Fault("removed", number, f"{lost} removed.")
    if line.previous_hash == previous:
        return Fault(
            "edited", number, f"Line {number:,} was edited: its hash is not that of its words."
        )
    if _fits(body, line):
        before = max(number - 1, 1)
        return Fault(
            "edited",
            before,
            f"Line {before:,} was edited or replaced, with a new hash: line {number:,} follows "
            "another.",
        )
    came_from = _was_number(body, line, number)
    if came_from is None:
        return Fault("edited", number, f"Line {number:,} was edited, and follows another line.")
    if came_from < number:
        return Fault(
            "inserted",
            number - 1,
            f"A line was put in at {number - 1:,} or before: line {number:,} used to be line "
            f"{came_from:,}.",
        )
    if _stands_elsewhere(body_id, number, came_from):
        return Fault("swapped", number, f"Lines {number:,} and {came_from:,} were swapped.")
    return Fault(
        "removed",
        number,
        f"Line {number:,} was removed and the lines after it were given new numbers.",
    )


def _was_number(body: str, line: Line, number: int) -> int | None:
    """Return the number that a line was written with; None if its words were changed too."""
    for distance in range(1, NEAR):
        for was in (number + distance, number - distance):
            if was > 0 and _fits(body, line, sequence=was):
                return was
    return None


def _stands_elsewhere(body_id: UUID, number: int, place: int) -> bool:
    """Return whether the line that should be ``number`` stands in another's place."""
    for row in _rows(body_id):
        if row[1] == place:
            return _fits(str(body_id), Line(row[:8], row[8], row[9]), sequence=number)
    return False
