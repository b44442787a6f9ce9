"""What is kept for how long: the table, what is past its period on a day, and what is held.

``retention.csv`` has a row for every model. A body may change periods with a table of its own in
the data folder (``tables/retention.csv`` and ``.toml``), and hold what a dispute or an inquiry
needs with ``tables/holds.csv``.
"""

import calendar
import csv
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, Max, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from section54.engine.errors import BadInput
from section54.engine.reference import load_table
from section54.organisations.models import ApiToken, Body, Invitation, User
from section54.post.models import Job, Message
from section54.risk.models import Finding, Review
from section54.sources.models import Import


FOR_EVER = "for ever"
CURRENT = " + current"
STRIPPED = "@section54.invalid"  # the address of an account without a person
THEN = {
    "keep": "Kept",
    "delete": "Deleted",
    "strip": "Name and address removed",
    "elsewhere": "Removed by the worker itself",
}
HOLD_COLUMNS = ("kind", "subject", "why", "owner", "from", "until")
HOLD_KINDS = ("record", "person", "supplier", "body")


# ---------------------------------------------------------------- periods


@dataclass(frozen=True, slots=True)
class Period:
    """How long something is kept after a day.

    >>> Period.of("7 days").goes_on(date(2026, 3, 1))
    datetime.date(2026, 3, 9)
    >>> Period.of("6 years + current").goes_on(date(2025, 4, 1))
    datetime.date(2032, 4, 1)
    >>> Period.of("1 year").goes_on(date(2024, 2, 29))
    datetime.date(2025, 3, 1)
    >>> Period.of("for ever").goes_on(date(2024, 2, 29))
    """

    words: str
    number: int = 0
    unit: str = ""
    and_current: bool = False

    @classmethod
    def of(cls, words: str) -> "Period":
        """Read a period as the table writes it.

        Raises:
            BadInput: it is none.
        """
        if words == FOR_EVER:
            return cls(words)
        found = re.fullmatch(r"([1-9]\d{0,3}) (day|month|year)s?( \+ current)?", words)
        if found is None:
            raise BadInput(
                f"{words!r} is no period: write such as 90 days, 6 months, 6 years + current or "
                "for ever."
            )
        return cls(words, int(found[1]), found[2], bool(found[3]))

    def goes_on(self, start: date) -> date | None:
        """Return the first day on which it is not kept any more; None: there is none."""
        if not self.unit:
            return None
        if self.and_current:  # to the end of the financial year that the day lies in
            start = date(start.year + (start >= date(start.year, 4, 1)), 3, 31)
        if self.unit == "day":
            return start + timedelta(days=self.number + 1)
        months = self.number * (12 if self.unit == "year" else 1)
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(start.day, last)) + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """One class of what is kept: since when, how long, what then, and why."""

    name: str
    models: tuple[str, ...]
    what: str
    since: str
    keep: Period
    then: str
    why: str
    verify: bool
    changed_by: str = ""

    @property
    def then_words(self) -> str:
        """What happens after its period, as people read it."""
        return THEN[self.then]


def tables_folder() -> Path:
    """Return where a body's own tables lie."""
    return Path(settings.DATA_DIR) / "tables"


def rules() -> list[Rule]:
    """Return every rule, with the body's own periods in place of ours.

    Raises:
        BadInput: the body's table names no rule of ours, or says no period.
    """
    ours = _shipped()
    if not (tables_folder() / "retention.csv").exists():
        return list(ours.values())
    own = load_table("retention", own=tables_folder())
    for row in own.rows:
        rule = ours.get(row.get("rule", ""))
        if rule is None:
            raise BadInput(f"{row.get('rule')!r} in tables/retention.csv is no rule of ours.")
        if rule.then in ("keep", "elsewhere"):
            raise BadInput(f"The period of {rule.name} cannot be changed: leave its row out.")
        if not row.get("keep") or not row.get("why"):
            raise BadInput(f"{rule.name} in tables/retention.csv must say keep and why.")
        ours[rule.name] = Rule(
            rule.name,
            rule.models,
            rule.what,
            rule.since,
            Period.of(row["keep"]),
            rule.then,
            row["why"],
            verify=False,
            changed_by=own.changed_by,
        )
    return list(ours.values())


def _shipped() -> dict[str, Rule]:
    return {
        row["rule"]: Rule(
            row["rule"],
            tuple(row["models"].split()),
            row["what"],
            row["since"],
            Period.of(row["keep"]),
            row["then"],
            row["why"],
            row["verify"] == "yes",
        )
        for row in _table()
    }


@lru_cache(maxsize=1)
def _table() -> tuple[Any, ...]:
    return load_table("retention", shipped_in="section54.desk").rows


# ---------------------------------------------------------------- holds


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason to keep something past its period, with its owner and last day."""

    kind: str
    subject: str
    why: str
    owner: str
    starts: date
    until: date


def holds(on: date) -> list[Hold]:
    """Return the holds that are in force on a day.

    Raises:
        BadInput: ``holds.csv`` is not as it must be; nothing should be removed then.
    """
    file = tables_folder() / "holds.csv"
    if not file.exists():
        return []
    found = []
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.DictReader(text)
        if tuple(reader.fieldnames or ()) != HOLD_COLUMNS:
            raise BadInput(f"{file} must have the columns {', '.join(HOLD_COLUMNS)}.")
        for number, row in enumerate(reader, 2):
            found.append(_hold(file, number, {k: (v or "").strip() for k, v in row.items() if k}))
    return [one for one in found if one.starts <= on <= one.until]


def _hold(file: Path, number: int, row: dict[str, str]) -> Hold:
    lacking = [name for name in HOLD_COLUMNS if not row.get(name)]
    if lacking:
        raise BadInput(f"Line {number} of {file} does not say: {', '.join(lacking)}.")
    if row["kind"] not in HOLD_KINDS:
        raise BadInput(f"Line {number} of {file}: kind must be one of {', '.join(HOLD_KINDS)}.")
    try:
        starts, until = date.fromisoformat(row["from"]), date.fromisoformat(row["until"])
    except ValueError as error:
        raise BadInput(f"Line {number} of {file}: write days such as 2027-03-31.") from error
    return Hold(row["kind"], row["subject"], row["why"], row["owner"], starts, until)


# ---------------------------------------------------------------- what is due


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record that its rule could remove, and the day its period starts."""

    model: str
    pk: Any
    what: str
    start: date
    body_id: UUID | None = None
    names: tuple[str, ...] = ()  # by which a hold may name it
    payees_of: frozenset[UUID] | None = None  # reviews whose payees it holds; None: no payees

    @property
    def label(self) -> str:
        """Label and key, as the record of changes names it."""
        return f"{self.model}:{self.pk}"

    @property
    def mark(self) -> str:
        """What the list of what was erased keeps of it: a hash that says nothing."""
        return hashlib.sha256(self.label.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Due:
    """A record past its period: since when, by which rule, and whether it is held."""

    rule: Rule
    one: Candidate
    goes_on: date
    held: Hold | None = None


@dataclass(slots=True)
class _Gone:
    """What goes before, so that what rests on it can go after."""

    reviews: set[UUID] = field(default_factory=set)


def due(on: date, *, marks: frozenset[str] | None = None) -> list[Due]:
    """Return what is past its period on a day, in the order in which it can be removed.

    Args:
        marks: Instead, what a list of erased records names, whatever the day.
    """
    standing = holds(on)
    known = {rule.name: rule for rule in rules()}
    gone, found = _Gone(), []
    for name, finder in FINDERS.items():
        rule = known[name]
        if rule.keep.words == FOR_EVER and marks is None:
            continue
        for one in finder(gone):
            goes_on = rule.keep.goes_on(one.start) or date.max
            if (one.mark in marks) if marks is not None else goes_on <= on:
                held = None if marks is not None else _held(one, standing)
                if held is None and one.model == Review._meta.label:
                    gone.reviews.add(one.pk)
                found.append(Due(rule, one, goes_on, held))
    return found


def _held(one: Candidate, standing: list[Hold]) -> Hold | None:
    for hold in standing:
        subject = hold.subject.casefold()
        if hold.kind == "supplier":
            if one.payees_of is not None and _has_payee(one.payees_of, hold.subject):
                return hold
        elif hold.kind == "body":
            if one.body_id and Body.objects.filter(pk=one.body_id, name=hold.subject).exists():
                return hold
        elif subject in {name.casefold() for name in (*one.names, str(one.pk), one.label)}:
            return hold
    return None


def _has_payee(reviews: frozenset[UUID], name: str) -> bool:
    """Whether a payee is in reviews; also where there is none, as nobody can say then."""
    if not reviews:
        return True
    return Finding.objects.filter(review__in=reviews, search__contains=name.casefold()).exists()


def references_to(model: type[models.Model]) -> list[tuple[type[models.Model], str]]:
    """Return every model with the name of its field that points to this one, hidden ones too."""
    return [
        (relation.related_model, relation.field.name)
        for relation in model._meta.get_fields(include_hidden=True)
        if isinstance(relation, models.ForeignObjectRel)
        and (relation.one_to_many or relation.one_to_one)
    ]


def _day(at: datetime) -> date:
    return timezone.localdate(at)


def _reviews(states: Q, start: Callable[[Review], date | None]) -> Iterator[Candidate]:
    for review in Review.objects.filter(states).order_by("asked_at"):
        day = start(review)
        if day is not None:
            yield Candidate(
                Review._meta.label,
                review.pk,
                f"Review {review.reference}",
                day,
                review.body_id,
                (review.reference,),
                frozenset({review.pk}),
            )


def _made_reviews(_: _Gone) -> Iterator[Candidate]:
    made = Q(state__in=[Review.State.READY, Review.State.CONCLUDED])
    return _reviews(made, lambda r: r.concluded_on or (_day(r.made_at) if r.made_at else None))


def _withdrawn_reviews(_: _Gone) -> Iterator[Candidate]:
    return _reviews(Q(state=Review.State.WITHDRAWN), lambda r: _day(r.asked_at))


def _imports(state: Import.State) -> Callable[[_Gone], Iterator[Candidate]]:
    def find(gone: _Gone) -> Iterator[Candidate]:
        found = Import.objects.filter(state=state).order_by("started_at")
        last_paid = dict(
            found.order_by().annotate(last=Max("ledgers__last_paid")).values_list("pk", "last")
        )
        for brought in found:
            ended = brought.undone_at if state == Import.State.UNDONE else brought.ended_at
            last = last_paid[brought.pk] if state == Import.State.TAKEN_IN else None
            day = last or _day(ended or brought.started_at)
            all_reviews = frozenset(
                Review.objects.filter(ledgers__brought_by=brought).values_list("pk", flat=True)
            )
            if all_reviews - gone.reviews:
                continue
            yield Candidate(
                Import._meta.label,
                brought.pk,
                f"Import {brought.reference}",
                day,
                brought.body_id,
                (brought.reference,),
                all_reviews,
            )

    return find


def _accounts(_: _Gone) -> Iterator[Candidate]:
    left = User.objects.filter(is_active=False, left_on__isnull=False)
    for user in left.exclude(email__endswith=STRIPPED).order_by("left_on", "pk"):
        assert user.left_on is not None  # noqa: S101 - as asked for
        yield Candidate(
            User._meta.label,
            user.pk,
            f"Account of {user.name}",
            user.left_on,
            names=(user.email, user.name),
        )


def _invitations(_: _Gone) -> Iterator[Candidate]:
    for one in Invitation.objects.order_by("expires_at", "pk"):
        ended = one.accepted_at or one.withdrawn_at or one.expires_at
        yield Candidate(
            Invitation._meta.label,
            one.pk,
            f"Invitation of {one.name}",
            _day(ended),
            one.body_id,
            (one.email, one.name),
        )


def _keys(_: _Gone) -> Iterator[Candidate]:
    for one in ApiToken.objects.order_by("expires_at", "pk").select_related("user"):
        yield Candidate(
            ApiToken._meta.label,
            one.pk,
            f"Key {one.hint}… of {one.user.name}",
            _day(min(one.revoked_at or one.expires_at, one.expires_at)),
            names=(one.user.email, one.user.name),
        )


def _messages(_: _Gone) -> Iterator[Candidate]:
    over = Message.objects.filter(
        state__in=[Message.State.SENT, Message.State.PUT_ASIDE], ended_at__isnull=False
    ).exclude(to_address="")
    for one in over.order_by("ended_at", "pk").iterator():
        yield Candidate(
            Message._meta.label,
            one.pk,
            f"Message {one.kind}",
            _day(one.ended_at),  # type: ignore[arg-type]
            one.body_id,
            (one.to_address, one.to_name),
        )


def _jobs(_: _Gone) -> Iterator[Candidate]:
    """Find work that is over and to which nothing refers, in rooms that come later either."""
    over = Job.objects.filter(ended_at__isnull=False)
    for other, name in references_to(Job):
        over = over.exclude(Exists(other._base_manager.filter(**{name: OuterRef("pk")})))
    for one in over.order_by("ended_at", "pk"):
        yield Candidate(
            Job._meta.label,
            one.pk,
            f"Work {one.task.rpartition('.')[2]}",
            _day(one.ended_at),  # type: ignore[arg-type]
            one.body_id,
        )


def _rows(label: str, words: str, *moments: str) -> Callable[[_Gone], Iterator[Candidate]]:
    """Return a finder of rows that go by a moment of theirs, and that belong to no body."""

    def find(_: _Gone) -> Iterator[Candidate]:
        moment = Coalesce(*moments) if len(moments) > 1 else F(moments[0])
        rows = apps.get_model(label)._base_manager.annotate(since=moment)
        return (
            Candidate(label, pk, words, _day(at))
            for pk, at in rows.exclude(since=None).order_by("pk").values_list("pk", "since")
        )

    return find


# In this order: what rests on a record goes before the record.
FINDERS: dict[str, Callable[[_Gone], Iterator[Candidate]]] = {
    "reviews": _made_reviews,
    "withdrawn-reviews": _withdrawn_reviews,
    "imports": _imports(Import.State.TAKEN_IN),
    "undone-imports": _imports(Import.State.UNDONE),
    "discarded-imports": _imports(Import.State.DISCARDED),
    "accounts": _accounts,
    "invitations": _invitations,
    "keys": _keys,
    "messages": _messages,
    "jobs": _jobs,
    "places": _rows("usersessions.UserSession", "Place of a sign-in", "last_seen_at"),
    "confirmations": _rows("account.EmailConfirmation", "Confirmation", "sent", "created"),
}
