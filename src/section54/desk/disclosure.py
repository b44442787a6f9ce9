"""All that is held about one person or one supplier, with what may have to be withheld marked.

It is a working copy for the person who answers a subject access or a freedom of information
request: nothing is decided here. For a person every table is looked through, those of rooms that
come later too; for a supplier the rooms about spend. Text that only mentions the name is listed
apart, to be read. What gives access, such as a secret link, is neither shown nor searched.
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
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
from section54.engine.identity.kinds import kind_of
from section54.engine.identity.model import PayeeKind
from section54.engine.reports.wording import plain
from section54.organisations.models import Body, Grant, User
from section54.post.messages import NotAMessageError, kind_named
from section54.post.models import Message
from section54.records.models import Event, subject_of
from section54.records.rows import everything
from section54.risk.models import Finding, Purchase, TierDecision
from section54.sources.models import SourceFile
from section54.spend.models import store


MOST = 1_000  # mentions of one table, and payments that are listed
NEAR = 150  # letters before and after a mention
SHORTEST = 3  # letters of a name that is looked for
# Names of fields that nobody is ever shown, not even whom they are about.
SECRET = re.compile(r"(^|_)(tokens?|secrets?|hash|passwords?|keys?|links?|session_data)(_|$)")
WHOLLY_SECRET = frozenset({"mfa.Authenticator", "socialaccount.SocialToken"})
NOT_SHOWN = "(not shown)"
LINK_WITHHELD = "withheld: it holds a secret link"
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
# The rooms that are looked through for a supplier, by somebody who may not see people.
ABOUT_SUPPLIERS = frozenset({"sources", "risk"})
PERHAPS_PEOPLE = frozenset({PayeeKind.INDIVIDUAL, PayeeKind.UNKNOWN})
UNKNOWN = [
    "Whether concerns were raised: they are never looked at here. Ask the senior manager for them.",
    "What backups, exports and files that people took away still hold.",
    "What stands in mailboxes, on paper and in other systems.",
    "Other spellings, and names that only look alike: check whom each record is about.",
    "What stands in files as they were given, outside of the rows that were read or rejected.",
]
NO_PEOPLE = [
    "What stands in accounts, invitations and messages: they are about people.",
    "Payments to whoever may be a private person, and rows of ledgers that were not read.",
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


def why_refused(kind: str, name: str) -> str:
    """Return in one sentence why nothing is looked up by this name; "" if it can be.

    >>> why_refused("supplier", "Ouse Guarding"), bool(why_refused("supplier", "@example.org"))
    ('', True)
    """
    if len(name.strip()) < SHORTEST:
        return f"Give at least {SHORTEST} letters: fewer are in every text"
    if kind == "supplier" and set("@/") & set(name):
        return "Give the name of a supplier, or a part of it without @ and /"
    return ""


# ---------------------------------------------------------------- what is secret


def _is_secret(model: Model, one: "models.Field[Any, Any]") -> bool:
    wholly = model._meta.label in WHOLLY_SECRET and not one.primary_key
    return wholly or bool(SECRET.search(one.name))


def _holds_link(kind: str) -> bool:
    """Return whether messages of a kind let in whoever reads them; so do those of none we know."""
    try:
        return kind_named(kind).has_secret
    except NotAMessageError:
        return True


def _searched(model: Model) -> "list[models.Field[Any, Any]]":
    """Return a table's fields with text that is no secret."""
    texts = (models.TextField, models.CharField, models.JSONField)
    return [o for o in columns_of(model) if isinstance(o, texts) and not _is_secret(model, o)]


def _mentioning(model: Model, names: Sequence[str]) -> Q | None:
    """Return the condition that a row's text has one of the names; None where it has no text."""
    question = Q()
    for one in _searched(model):
        found = Q()
        for name in names:
            found |= Q(**{f"{one.name}__icontains": name})
        if model is Message and one.name == "text":
            kinds = Message.objects.order_by().values_list("kind", flat=True).distinct()
            found &= ~Q(kind__in=[kind for kind in kinds if _holds_link(kind)])
        question |= found
    return question or None


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
    """Return a model's rows in some bodies; of no body only what is the person's own.

    A row of a collaboration is its lead's, whose administrators look after it.
    """
    rows = model._base_manager.order_by("pk")
    way = way_to_body(model)
    if way is None:
        return rows if own else rows.none()
    known = Q(**{f"{way}__in": bodies})
    fields = {one.name: one for one in model._meta.concrete_fields}
    if "collaboration" in fields and fields["body"].null:
        known |= Q(collaboration__lead__in=bodies)
    return rows.filter(known)


def _of_suppliers(model: Model, bodies: Sequence[UUID]) -> "models.QuerySet[Any]":
    """Return a model's rows in some bodies without those of payees whose name is not shown."""
    rows = _rows(model, bodies)
    if model is Finding:
        return rows.filter(hidden=False)
    for one in model._meta.concrete_fields:
        if one.related_model is Finding:
            rows = rows.exclude(**{f"{one.name}__hidden": True})
    return rows


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

    def record(self, row: models.Model, title: str = "", only: Collection[str] = ()) -> Held:
        """Return a row with each of its fields, or with some only."""
        model = type(row)
        values = tuple(
            value
            for one in columns_of(model)
            if (not only or one.name in only) and (value := self._value(row, one)) is not None
        )
        return Held(title or str(model._meta.verbose_name).capitalize(), subject_of(row), values)

    def _value(self, row: models.Model, one: "models.Field[Any, Any]") -> Value | None:
        model, value = type(row), getattr(row, one.attname)
        if value in (None, "", [], {}):
            return None
        name = str(one.verbose_name).capitalize()
        if isinstance(row, Message) and one.name in ("text", "link") and _holds_link(row.kind):
            return Value(name, LINK_WITHHELD, SECURITY)
        if _is_secret(model, one):
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
        for one in _searched(type(row)):
            if isinstance(row, Message) and one.name == "text" and _holds_link(row.kind):
                continue
            text_of_it = _text(one, getattr(row, one.attname) or "")
            for text in _around(text_of_it, names):
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


def about_person(
    email: str,
    name: str,
    bodies: Sequence[Body],
    at: datetime,
    answers_for: Collection[UUID] | None = None,
) -> Disclosure:
    """Return all that is held about a person in some bodies.

    Args:
        email: The address of the account, or the only thing that is known.
        name: How else the person is called; "" where only the address is known.
        bodies: Where to look.
        at: When it is asked.
        answers_for: All bodies whose people whoever asks may disclose; None: those bodies.
    """
    ids = [body.pk for body in bodies]
    person, whole = _account(email, ids, {*ids, *(answers_for or ())})
    names = [one for one in dict.fromkeys([email, name, person.name if person else ""]) if one]
    writer = _Writer(person)
    parts: list[Part] = []
    if person is not None:
        account = Part("Account", "What the account itself says.")
        only = () if whole else ("name", "email")
        account.records.append(writer.record(person, person.name, only))
        parts.append(account)
        parts += _what_points_to(person, ids, writer, whole=whole)
        parts.append(_lines("Lines about the account", _about(person, ids), writer))
        parts.append(_lines("What the person did", _by(person, ids), writer))
    parts += _by_address(email, person, ids, writer)
    parts = [part for part in parts if part.records]
    unknown = list(UNKNOWN)
    if person is None:
        unknown.insert(
            0,
            f"Whether an account is the person's: nobody with the address {email} had a role of "
            "their own in these bodies. People of another body are disclosed by that body.",
        )
    elif not whole:
        left = ", ".join(_names_of(model) for model in _of_no_body())
        unknown.insert(
            0,
            "What belongs to no one body, because the person also has or had a role in a body for "
            f"which you may not answer. Left out: the account's times and state, {left}.",
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


def _account(
    email: str, bodies: Sequence[UUID], answers_for: Collection[UUID]
) -> tuple[User | None, bool]:
    """Return the account of an address, and whether it is only these bodies' to disclose.

    A body discloses whom it gave a role of its own at any time. A role in a collaboration is its
    lead's, and is enough only where no other body gave the person any.
    """
    with everything():  # roles in other bodies say that it is theirs to disclose, too
        user = User.objects.filter(email__iexact=email).first()
        grants = list(Grant.objects.filter(user=user).select_related("collaboration"))
    if user is None:
        return None, False
    homes = {grant.home_id for grant in grants}
    whole = homes <= set(answers_for)
    direct = any(grant.body_id in bodies for grant in grants)
    found = direct or (whole and not homes.isdisjoint(bodies))
    return (user, whole) if found else (None, False)


def _of_no_body() -> list[Model]:
    """Return the models with rows that are a person's own, whatever body they work for."""
    found = {model for model, _ in references_to(User) if _may_be_shown(model)}
    alone = (model for model in found if way_to_body(model) is None)
    return sorted(alone, key=lambda model: model._meta.label)


def _names_of(model: Model) -> str:
    return str(model._meta.verbose_name_plural)


def _what_points_to(
    person: User, bodies: Sequence[UUID], writer: _Writer, *, whole: bool
) -> Iterator[Part]:
    for model, name in sorted(references_to(User), key=lambda one: (one[0]._meta.label, one[1])):
        if not _may_be_shown(model) or not (whole or way_to_body(model)):
            continue
        field_words = name.replace("_", " ")
        rows = _rows(model, bodies, own=True).filter(**{name: person})
        words = _names_of(model).capitalize()
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
    spellings = {name}.union(*map(_spellings, found))
    parts = [
        Part(
            "In reviews",
            "What each review found; check that every name is the supplier that was asked for.",
            [writer.record(one, f"{one.name} in {one.review.reference}") for one in found],
        )
    ]
    keys = [one.pk for one in found]
    for model, field_name in sorted(references_to(Finding), key=lambda one: one[0]._meta.label):
        if model._meta.app_label in ABOUT_SUPPLIERS:
            rows = _of_suppliers(model, ids).filter(**{f"{field_name}__in": keys})
            words = _names_of(model).capitalize()
            part = Part(f"{words}: {field_name}", "What hangs on what was found.")
            part.records = [writer.record(row) for row in rows[: MOST * 10]]
            part.left_out = max(rows.count() - MOST * 10, 0)
            parts.append(part)
    subjects = [subject_of(one) for one in found]
    events = Event.objects.filter(body_id__in=ids, subject__in=subjects).order_by("at", "pk")
    parts.append(_lines("What people decided and did", events, writer))
    is_shown = _names_shown(found, ids)
    columns = ("supplier_as_written",)
    parts.append(_payments(sorted(spellings), columns, ids, writer, is_shown))
    parts = [part for part in parts if part.records]
    return Disclosure(
        "supplier",
        name,
        [body.name for body in bodies],
        at,
        parts,
        _mentions([name], parts, ids, writer, is_shown),
        [*UNKNOWN, *NO_PEOPLE],
    )


def _spellings(finding: Finding) -> set[str]:
    return {finding.name, *(str(seen) for seen in finding.names_seen if isinstance(seen, str))}


def _names_shown(found: Sequence[Finding], bodies: Sequence[UUID]) -> Callable[[str], bool]:
    """Return what says whether a name of a ledger may be shown to who may not see people.

    A name that a review shows is; else one that cannot be a private person's.
    """
    shown = {plain(text).casefold() for one in found for text in _spellings(one)}
    hidden: set[str] = set()
    for one in Finding.objects.filter(review__body__in=bodies, hidden=True).only(
        "name", "names_seen"
    ):
        hidden |= {plain(text).casefold() for text in _spellings(one)}

    def is_shown(written: str) -> bool:
        name = plain(written).casefold()
        return name not in hidden and (name in shown or kind_of(written)[0] not in PERHAPS_PEOPLE)

    return is_shown


# ---------------------------------------------------------------- mentions


def _mentions(
    names: Sequence[str],
    parts: list[Part],
    bodies: Sequence[UUID],
    writer: _Writer,
    is_shown: Callable[[str], bool] | None = None,
) -> list[Part]:
    """Return where text mentions a name in records that are not listed already.

    Args:
        is_shown: For a supplier: whether a payee's name may be shown. Only the rooms about spend
            are looked through then.
    """
    listed = {record.label for part in parts for record in part.records}
    found = []
    for model in exported():
        if is_shown and model._meta.app_label not in ABOUT_SUPPLIERS:
            continue
        if not _may_be_shown(model) or model is User:
            continue
        question = _mentioning(model, names)
        if question is None:
            continue
        rows = (_of_suppliers if is_shown else _rows)(model, bodies).filter(question)
        part = Part(_names_of(model).capitalize(), "Text that mentions the name.")
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
        columns = ("supplier_as_written", "description", "reference")
        found.append(_payments(names, columns, bodies, writer, is_shown))
    if not is_shown:
        found.append(_rejected(names, bodies, writer))
    return [part for part in found if part.records]


def _payments(
    names: Sequence[str],
    columns: Sequence[str],
    bodies: Sequence[UUID],
    writer: _Writer,
    is_shown: Callable[[str], bool] | None,
) -> Part:
    """Return payments in which the ledger writes a name, whether or not a review was made."""
    part = Part("Payments", "As the ledger writes them, with file and row.")
    for row in _lines_with(bodies, "lines", lambda table: _contains(table, columns, names)):
        if is_shown and not is_shown(row["supplier_as_written"]):
            continue
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
