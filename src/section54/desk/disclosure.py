"""All that is held about one person or one supplier, with what may have to be withheld marked.

It is a working copy for the person who answers a subject access or a freedom of information
request: nothing is decided here. Every table is looked through, those of rooms that come later
too, and text that only mentions the name is listed apart, to be read.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.db import models
from django.db.models import Q

from section54.desk.audit import tell
from section54.desk.export_tables import Model, columns_of, exported
from section54.desk.retention import references_to
from section54.organisations.models import Body, Grant, User
from section54.records.models import Event, subject_of
from section54.risk.models import Finding, Purchase, TierDecision
from section54.sources.models import SourceFile
from section54.spend.models import store


MOST = 1_000  # mentions of one table, and payments that are listed
NEAR = 150  # letters before and after a mention
SHORTEST = 3  # letters of a name that is looked for
# Names of fields that nobody is ever shown, not even whom they are about.
SECRET = frozenset({"password", "token_hash", "token", "session_key", "secret"})
WHOLLY_SECRET = frozenset({"mfa.Authenticator", "socialaccount.SocialToken"})
NOT_SHOWN = "(not shown)"
# What may have to be withheld, and by which law; a person decides.
OTHERS = (
    "Another person's data: UK GDPR art. 15(4) and DPA 2018 Sch. 2 para. 16 (subject access), "
    "FOIA s. 40(2)."
)
COMMERCIAL = (
    "Our own assessment, or a price: may harm somebody's commercial interests, FOIA s. 43(2); "
    "weigh the public interest."
)
LEGAL = "May be legal advice: FOIA s. 42, DPA 2018 Sch. 2 para. 19."
SECURITY = "A secret of signing in: shown to nobody."
_LEGAL_WORDS = re.compile(
    r"\b(legal advice|solicitors?|counsel|barrister|privileged?|without prejudice|litigation)\b",
    re.IGNORECASE,
)
ASSESSMENT = {
    Finding: {"tier", "shown_tier", "points", "reasons", "not_known", "next_step"},
    TierDecision: {"computed", "tier", "reason", "evidence"},
    Purchase: {"tier", "because"},
}
PRICED_ROOMS = frozenset({"tenders", "contracts"})
# Rooms of which nothing is ever disclosed from here.
NEVER = frozenset({"concerns"})
UNKNOWN = [
    "Whether concerns were raised: they are never looked at here. Ask the senior manager for them.",
    "What backups, exports and files that people took away still hold.",
    "What stands in mailboxes, on paper and in other systems.",
    "Other spellings, and names that only look alike: check whom each record is about.",
    "What stands in files as they were given, outside of the rows that were read or rejected.",
]


@dataclass(frozen=True, slots=True)
class Value:
    """One thing that is held, and why it may have to be withheld; "" where nothing speaks so."""

    name: str
    text: str
    withhold: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """One record, as people read it."""

    title: str
    label: str
    values: tuple[Value, ...]


@dataclass(slots=True)
class Part:
    """Records of one sort, with what they are; ``left_out`` more of them are not listed."""

    title: str
    about: str
    records: list[Held] = field(default_factory=list)
    left_out: int = 0


@dataclass(slots=True)
class Disclosure:
    """All that was found about one person or supplier in some bodies."""

    kind: str  # person or supplier
    name: str
    bodies: list[str]
    at: datetime
    parts: list[Part]
    mentions: list[Part]
    unknown: list[str]
    key: UUID | None = None  # of the person's account

    @property
    def count(self) -> int:
        """How many records are held."""
        return sum(len(part.records) + part.left_out for part in self.parts)

    @property
    def to_read(self) -> int:
        """How many mentions a person must read."""
        return sum(len(part.records) + part.left_out for part in self.mentions)

    @property
    def marked(self) -> int:
        """How many values are marked."""
        return sum(
            bool(value.withhold)
            for part in (*self.parts, *self.mentions)
            for record in part.records
            for value in record.values
        )


# ---------------------------------------------------------------- which rows


def way_to_body(model: Model, seen: tuple[Model, ...] = ()) -> str | None:
    """Return the path of fields from a model to its body; None where no way leads to one.

    >>> way_to_body(TierDecision), way_to_body(Purchase)
    ('body', 'review__body')
    """
    if model is Body:
        return "pk"
    fields = {one.name: one for one in model._meta.concrete_fields}
    if "body" in fields:
        return "body"
    if "body_id" in fields:
        return "body_id"
    ways = []
    for name, one in fields.items():
        other = one.related_model
        if (
            isinstance(other, type)
            and not one.null
            and other not in (*seen, model, User)
            and (way := way_to_body(other, (*seen, model)))
        ):
            ways.append(f"{name}__{way}")
    return min(ways, key=lambda way: way.count("__"), default=None)


def _rows(model: Model, bodies: Sequence[UUID], *, own: bool = False) -> "models.QuerySet[Any]":
    """Return a model's rows in some bodies; of no body only what is the person's own."""
    rows = model._base_manager.order_by("pk")
    way = way_to_body(model)
    if way is None:
        return rows if own else rows.none()
    known = Q(**{f"{way}__in": bodies})
    if own and any(one.name == "collaboration" for one in model._meta.concrete_fields):
        known |= Q(collaboration__memberships__body__in=bodies)
    return rows.filter(known).distinct() if own else rows.filter(known)


def _may_be_shown(model: Model) -> bool:
    return model._meta.app_label not in NEVER


# ---------------------------------------------------------------- one record


class _Writer:
    """Writes records as people read them, and marks what is not the subject's own."""

    def __init__(self, person: User | None) -> None:
        self.person = person
        everybody = [user for user in User.objects.all() if user != person]
        self.others = {user.pk: user.name for user in everybody}
        found = sorted({re.escape(n) for n in self.others.values() if len(n) >= SHORTEST})
        emails = sorted(re.escape(user.email) for user in everybody)
        self.of_others = re.compile(
            rf"(?<!\w)({'|'.join([*found, *emails]) or '(?!)'})(?!\w)", re.IGNORECASE
        )

    def record(self, row: models.Model, title: str = "") -> Held:
        """Return a row with each of its fields."""
        model = type(row)
        values = tuple(
            value
            for one in columns_of(model)
            if (value := self._value(model, one, getattr(row, one.attname))) is not None
        )
        return Held(title or str(model._meta.verbose_name).capitalize(), subject_of(row), values)

    def _value(self, model: Model, one: "models.Field[Any, Any]", value: Any) -> Value | None:
        if value in (None, "", [], {}):
            return None
        name = str(one.verbose_name).capitalize()
        if one.name in SECRET or (model._meta.label in WHOLLY_SECRET and not one.primary_key):
            return Value(name, NOT_SHOWN, SECURITY)
        if one.related_model is User:
            if self.person is not None and value == self.person.pk:
                return Value(name, self.person.name)
            return Value(name, self.others.get(value, str(value)), OTHERS)
        text = _text(one, value)
        return Value(name, text, self._why(model, one, text))

    def _why(self, model: Model, one: "models.Field[Any, Any]", text: str) -> str:
        reasons = []
        priced = model._meta.app_label in PRICED_ROOMS and isinstance(one, models.DecimalField)
        if priced or one.name in ASSESSMENT.get(model, ()):
            reasons.append(COMMERCIAL)
        if isinstance(one, models.TextField | models.CharField | models.JSONField):
            reasons += self.of_text(text)
        return " ".join(reasons)

    def of_text(self, text: str) -> list[str]:
        """Return why a text may have to be withheld, wholly or in part."""
        reasons = []
        if self.of_others.search(text):
            reasons.append(OTHERS)
        if _LEGAL_WORDS.search(text):
            reasons.append(LEGAL)
        return reasons

    def mention(self, row: models.Model, names: Sequence[str]) -> Held:
        """Return where a row's text mentions a name: the words around it, not all of a long text.

        What else stands in it is about others.
        """
        values = []
        for one in columns_of(type(row)):
            if one.name in SECRET or type(row)._meta.label in WHOLLY_SECRET:
                continue
            value = getattr(row, one.attname)
            if value and isinstance(one, models.TextField | models.CharField | models.JSONField):
                for text in _around(_text(one, value), names):
                    name = str(one.verbose_name).capitalize()
                    values.append(Value(name, text, self._why(type(row), one, text)))
        words = str(type(row)._meta.verbose_name).capitalize()
        return Held(f"{words} {row}", subject_of(row), tuple(values))

    def line(self, event: Event) -> Held:
        """Return a line of the record of changes."""
        told = tell(event)
        own = self.person is not None and event.by_id == self.person.pk
        words = json.dumps(event.detail, ensure_ascii=False, sort_keys=True)
        by_other = event.by_id is not None and not own
        label = event.subject.partition(":")[0]
        assessed = [COMMERCIAL] if label in {m._meta.label for m in ASSESSMENT} else []
        values = (
            Value("When", event.at.isoformat(timespec="seconds")),
            Value("Who", event.by, OTHERS if by_other else ""),
            Value("What", told.sentence, " ".join([*assessed, *self.of_text(told.sentence)])),
            Value("About", event.subject),
            Value("Detail", words, " ".join([*assessed, *self.of_text(words)])),
        )
        return Held(f"Line {event.sequence}", subject_of(event), values)


def _around(text: str, names: Sequence[str]) -> Iterator[str]:
    """Yield the words around each place in a text that has one of the names.

    >>> list(_around("a" * 200 + " ask Cara soon", ["cara"]))[0].endswith("ask Cara soon")
    True
    """
    end = -1
    for found in re.finditer("|".join(map(re.escape, names)), text, re.IGNORECASE):
        if found.start() < end:
            continue  # in the words before already
        start, end = max(found.start() - NEAR, 0), found.end() + NEAR
        before, after = "… " if start else "", " …" if end < len(text) else ""
        yield before + text[start:end] + after


def _text(one: "models.Field[Any, Any]", value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if isinstance(value, bytes | memoryview):
        return f"({len(value):,} bytes)"
    if one.choices:
        return str(dict(one.flatchoices).get(value, value))
    return str(value)


# ---------------------------------------------------------------- a person


def about_person(email: str, name: str, bodies: Sequence[Body], at: datetime) -> Disclosure:
    """Return all that is held about a person in some bodies.

    Args:
        email: The address of the account, or the only thing that is known.
        name: How else the person is called; "" where only the address is known.
    """
    ids = [body.pk for body in bodies]
    person = _account(email, ids)
    names = [one for one in dict.fromkeys([email, name, person.name if person else ""]) if one]
    writer = _Writer(person)
    parts: list[Part] = []
    if person is not None:
        account = Part("Account", "What the account itself says.")
        account.records.append(writer.record(person, person.name))
        parts.append(account)
        parts += _what_points_to(person, ids, writer)
        parts.append(_lines("Lines about the account", _about(person, ids), writer))
        parts.append(_lines("What the person did", _by(person, ids), writer))
    parts += _by_address(email, person, ids, writer)
    parts = [part for part in parts if part.records]
    unknown = list(UNKNOWN)
    if person is None:
        unknown.insert(
            0, f"Whether an account is the person's: none in these bodies has the address {email}."
        )
    unknown.append(
        "Whether payments to a private person are this one's: their names are hidden in lists, and "
        "are found below only where the ledger writes them as you did."
    )
    return Disclosure(
        "person",
        names[-1] if person else names[0],
        [body.name for body in bodies],
        at,
        parts,
        _mentions(names, parts, ids, writer),
        unknown,
        person.pk if person else None,
    )


def _account(email: str, bodies: Sequence[UUID]) -> User | None:
    """Return the account of an address, if it was ever granted anything in these bodies."""
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        return None
    reaching = Q(body__in=bodies) | Q(collaboration__memberships__body__in=bodies)
    return user if Grant.objects.filter(reaching, user=user).exists() else None


def _what_points_to(person: User, bodies: Sequence[UUID], writer: _Writer) -> Iterator[Part]:
    for model, name in sorted(references_to(User), key=lambda one: (one[0]._meta.label, one[1])):
        if not _may_be_shown(model):
            continue
        field_words = name.replace("_", " ")
        rows = _rows(model, bodies, own=True).filter(**{name: person})
        words = str(model._meta.verbose_name_plural).capitalize()
        part = Part(f"{words}: {field_words}", "Where the person is named so.")
        part.left_out = max(rows.count() - MOST, 0)
        part.records = [writer.record(row) for row in rows[:MOST]]
        yield part


def _by_address(
    email: str, person: User | None, bodies: Sequence[UUID], writer: _Writer
) -> Iterator[Part]:
    """Yield what was sent to the address, or asked of it, without naming the account."""
    for model in exported():
        if model is User or not _may_be_shown(model):
            continue
        fields = [f.name for f in columns_of(model) if isinstance(f, models.EmailField)]
        for name in fields:
            rows = _rows(model, bodies).filter(**{f"{name}__iexact": email})
            for other, own in references_to(User):
                if other is model and person is not None:
                    rows = rows.exclude(**{own: person})
            words = str(model._meta.verbose_name_plural).capitalize()
            part = Part(f"{words} to this address", "Found by the address only.")
            part.left_out = max(rows.count() - MOST, 0)
            part.records = [writer.record(row) for row in rows[:MOST]]
            yield part


def _about(record: models.Model, bodies: Sequence[UUID]) -> "models.QuerySet[Event]":
    return Event.objects.filter(body_id__in=bodies, subject=subject_of(record)).order_by("at", "pk")


def _by(person: User, bodies: Sequence[UUID]) -> "models.QuerySet[Event]":
    return Event.objects.filter(body_id__in=bodies, by_id=person.pk).order_by("at", "pk")


def _lines(title: str, events: "models.QuerySet[Event]", writer: _Writer) -> Part:
    part = Part(title, "Of the record of changes, oldest first.")
    part.left_out = max(events.count() - MOST * 10, 0)
    part.records = [writer.line(event) for event in events[: MOST * 10]]
    return part


# ---------------------------------------------------------------- a supplier


def about_supplier(name: str, bodies: Sequence[Body], at: datetime) -> Disclosure:
    """Return all that is held about a supplier in some bodies, by its name or a part of it."""
    ids = [body.pk for body in bodies]
    findings = Finding.objects.filter(
        review__body__in=ids, hidden=False, search__contains=name.casefold()
    ).order_by("review__asked_at", "place")
    writer = _Writer(None)
    found = list(findings.select_related("review"))
    spellings = {name}
    for one in found:
        spellings |= {one.name, *(str(seen) for seen in one.names_seen if isinstance(seen, str))}
    parts = [
        Part(
            "In reviews",
            "What each review found; check that every name is the supplier that was asked for.",
            [writer.record(one, f"{one.name} in {one.review.reference}") for one in found],
        )
    ]
    keys = [one.pk for one in found]
    for model, field_name in sorted(references_to(Finding), key=lambda one: one[0]._meta.label):
        if _may_be_shown(model):
            rows = _rows(model, ids).filter(**{f"{field_name}__in": keys})
            words = str(model._meta.verbose_name_plural).capitalize()
            part = Part(f"{words}: {field_name}", "What hangs on what was found.")
            part.records = [writer.record(row) for row in rows[: MOST * 10]]
            part.left_out = max(rows.count() - MOST * 10, 0)
            parts.append(part)
    subjects = [subject_of(one) for one in found]
    events = Event.objects.filter(body_id__in=ids, subject__in=subjects).order_by("at", "pk")
    parts.append(_lines("What people decided and did", events, writer))
    parts.append(_payments("Payments", sorted(spellings), ids, writer, whole_name=True))
    parts = [part for part in parts if part.records]
    return Disclosure(
        "supplier",
        name,
        [body.name for body in bodies],
        at,
        parts,
        _mentions([name], parts, ids, writer),
        list(UNKNOWN),
    )


# ---------------------------------------------------------------- mentions


def _mentions(
    names: Sequence[str], parts: list[Part], bodies: Sequence[UUID], writer: _Writer
) -> list[Part]:
    """Return where text mentions a name in records that are not listed already."""
    listed = {record.label for part in parts for record in part.records}
    found = []
    for model in exported():
        if not _may_be_shown(model) or model is User:
            continue
        question = Q()
        for one in columns_of(model):
            if isinstance(one, models.TextField | models.CharField | models.JSONField):
                for name in names:
                    question |= Q(**{f"{one.name}__icontains": name})
        if not question:
            continue
        rows = _rows(model, bodies).filter(question)
        part = Part(
            str(model._meta.verbose_name_plural).capitalize(), "Text that mentions the name."
        )
        for row in rows.iterator(chunk_size=500):
            if subject_of(row) in listed:
                continue
            if len(part.records) == MOST:
                part.left_out += 1
            else:
                part.records.append(
                    writer.line(row) if isinstance(row, Event) else writer.mention(row, names)
                )
        found.append(part)
    if not any(part.title == "Payments" for part in parts):
        found.append(_payments("Payments", names, bodies, writer, whole_name=False))
    found.append(_rejected(names, bodies, writer))
    return [part for part in found if part.records]


def _payments(
    title: str, names: Sequence[str], bodies: Sequence[UUID], writer: _Writer, *, whole_name: bool
) -> Part:
    """Return payments in which the ledger writes a name, whether or not a review was made."""
    part = Part(title, "As the ledger writes them, with file and row.")
    columns = ("supplier_as_written", "description", "reference")

    def fits(table: Any) -> Any:
        if whole_name:
            return _contains(table, columns[:1], names)
        return _contains(table, columns, names)

    for row in _lines_with(bodies, "lines", fits):
        values = tuple(
            Value(key.replace("_", " ").capitalize(), str(value), " ".join(writer.of_text(value)))
            if isinstance(value, str)
            else Value(key.replace("_", " ").capitalize(), str(value))
            for key, value in row.items()
            if value not in (None, "", Decimal(0)) and key != "source"
        )
        if len(part.records) == MOST:
            part.left_out += 1
        else:
            part.records.append(Held(f"{row['file']}, row {row['row']}", "payment", values))
    return part


def _rejected(names: Sequence[str], bodies: Sequence[UUID], writer: _Writer) -> Part:
    part = Part("Rows of ledgers that were not read", "The row as it stands in the file.")
    for row in _lines_with(bodies, "rejected", lambda t: _contains(t, ("text",), names)):
        if len(part.records) == MOST:
            part.left_out += 1
            continue
        text = Value("Row", str(row["text"]), " ".join(writer.of_text(str(row["text"]))))
        part.records.append(Held(f"{row['file']}, row {row['row']}", "rejected row", (text,)))
    return part


def _contains(table: Any, columns: Sequence[str], names: Sequence[str]) -> Any:
    mask = None
    for column in columns:
        for name in names:
            hit = pc.match_substring(table[column], name, ignore_case=True)
            mask = hit if mask is None else pc.or_(mask, hit)
    return pc.fill_null(mask, fill_value=False)


def _lines_with(
    bodies: Sequence[UUID], which: str, fits: Callable[[Any], Any]
) -> Iterator[dict[str, Any]]:
    """Yield rows of the files that were read for some bodies, each file once."""
    files = SourceFile.objects.filter(body__in=bodies).order_by("received_at")
    sources = dict(files.values_list("sha256", "name"))
    done: set[str] = set()
    for manifest in sorted(store().glob("*.json")):
        told = _manifest(manifest)
        of = next((s["file_sha256"] for s in told["sheets"] if s["file_sha256"] in sources), None)
        for content in told["contents"] if of else ():
            path = store() / content[which]
            if path.name in done or not path.exists():
                continue
            done.add(path.name)
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches():
                    for row in batch.filter(fits(batch)).to_pylist():
                        yield {**row, "file": sources[str(of)]}


def _manifest(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_bytes())
        return {"sheets": list(told["sheets"]), "contents": list(told["contents"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"sheets": [], "contents": []}
