"""Whether what is kept fits together: a short list of checks of some bodies, asked for at any time.

Each asks the database a bounded number of questions about the newest records, and says how many it
looked at. Whether a chain's every line is as it was written, ``section54 verify`` tells.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import BigIntegerField, Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Cast, Round
from django.urls import reverse

from section54.engine.reports.wording import count
from section54.organisations.models import Body, Grant, Office, OfficeHolder, User
from section54.organisations.permissions import SIGNED_IN
from section54.records.models import ChainHead, Event, subject_of
from section54.risk.models import READABLE, Finding, Review
from section54.sources.models import Import, SourceFile
from section54.ui.formats import pounds_exact


MOST = 2_000  # of the newest records of each kind
MOST_REVIEWS = 50  # whose findings are added up
MOST_ASKED = 500  # records that one question names
SHOWN = 10


class Level(StrEnum):
    """What came of a check."""

    WRONG = "Wrong"
    LOOK = "Look at it"
    UNKNOWN = "Cannot be told"
    FINE = "Fine"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that does not fit: its name, what is the matter, and its page.

    ``needs`` is the permission that opens the page in the body.
    """

    name: str
    words: str
    body_id: UUID
    link: str = ""
    needs: str = SIGNED_IN

    def link_for(self, user: User) -> str:
        """Return the address of its page for who may open it; "" for others."""
        return self.link if user.may(self.needs, self.body_id) else ""


@dataclass(slots=True)
class Looked:
    """What a check looked at and found; ``cannot`` says why it could not tell."""

    at: int = 0
    of: int = 0
    items: list[Item] = field(default_factory=list)
    cannot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what it is called, what it means, and how much it weighs when it fails."""

    name: str
    title: str
    means: str
    weighs: Level
    one: str
    many: str = ""
    look: Callable[[Collection[UUID], date], Looked]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check found: how many do not fit, and the first of them."""

    check: Check
    level: Level
    looked_at: str
    count: int
    items: Sequence[Item]
    cannot: str


def outcomes(bodies: Collection[UUID], today: date) -> list[Outcome]:
    """Return what every check finds of some bodies, what weighs most first."""
    found = [_outcome(check, check.look(bodies, today)) for check in CHECKS]
    return sorted(found, key=lambda one: list(Level).index(one.level))


def _outcome(check: Check, looked: Looked) -> Outcome:
    level = check.weighs if looked.items else Level.UNKNOWN if looked.cannot else Level.FINE
    words = count(looked.at, check.one, check.many)
    if looked.at < looked.of:
        words = f"the newest {looked.at:,} of {count(looked.of, check.one, check.many)}"
    return Outcome(
        check, level, words, len(looked.items), tuple(looked.items[:SHOWN]), looked.cannot
    )


def _newest(rows: Any, looked: Looked, most: int = MOST) -> list[Any]:
    """Return the newest rows, as many as are looked at, and count them."""
    looked.of += rows.count()
    found = list(rows[:most])
    looked.at += len(found)
    return found


def _review(review: Review, words: str) -> Item:
    link = reverse("review", kwargs={"pk": review.pk})
    return Item(review.reference, words, review.body_id, link, "spend.see")


# ---------------------------------------------------------------- the checks


def totals(bodies: Collection[UUID], today: date) -> Looked:
    """Compare each review's totals with the sum of its findings, to the penny."""
    looked = Looked()
    reviews = _newest(
        Review.objects.filter(body__in=bodies, state__in=READABLE)
        .annotate(said=models.F("figures__totals"))
        .defer("figures")
        .order_by("-made_at"),
        looked,
        MOST_REVIEWS,
    )
    # As whole pennies: SQLite adds up other numbers as floats.
    pennies = Sum(Cast(Round(F("amount") * 100), BigIntegerField()))
    sums = {
        review: (Decimal(paid) / 100, payments)
        for review, paid, payments in Finding.objects.filter(review__in=reviews)
        .order_by()
        .values_list("review")
        .annotate(pennies=pennies, payments=Sum("lines"))
    }
    for review in reviews:
        amount, payments = sums.get(review.pk, (Decimal(0), 0))
        try:
            says = Decimal(review.said["amount"]), int(review.said["read"])
        except (KeyError, TypeError, ValueError, InvalidOperation):
            looked.items.append(_review(review, "has no totals that can be read."))
            continue
        if says != (amount, payments):
            words = (
                f"says {pounds_exact(says[0])} in {count(says[1], 'payment')}; its findings add up "
                f"to {pounds_exact(amount)} in {count(payments, 'payment')}."
            )
            looked.items.append(_review(review, words))
    return looked


def files(bodies: Collection[UUID], today: date) -> Looked:
    """Look for the files as they were given, and for those of each review, on the disk."""
    looked, root = Looked(), Path(settings.DATA_DIR)
    brought = Import.objects.filter(files=OuterRef("pk")).values("pk")[:1]
    sources = SourceFile.objects.filter(body__in=bodies).annotate(brought=Subquery(brought))
    try:
        for source in _newest(sources.order_by("-received_at"), looked):
            file = root / source.stored_as
            if not file.is_file():
                words = "is not on the disk."
            elif file.stat().st_size != source.size_bytes:
                words = "is not as long on the disk as it was when it was given."
            else:
                continue
            link = reverse("import", kwargs={"pk": source.brought}) if source.brought else ""
            looked.items.append(Item(source.name, words, source.body_id, link, "spend.see"))
        reviews = Review.objects.filter(body__in=bodies, state__in=READABLE).defer("figures")
        for review in _newest(reviews.order_by("-made_at"), looked):
            lacks = [
                name
                for name, file in (
                    ("its payments", review.payments_file),
                    ("review.json", review.path / "review.json"),
                )
                if not file.is_file()
            ]
            if lacks:
                words = f"has not its files on the disk: {' and '.join(lacks)}."
                looked.items.append(_review(review, words))
    except OSError as error:
        looked.cannot = f"The data folder cannot be read: {error.strerror or error}."
    return looked


def chain_heads(bodies: Collection[UUID], today: date) -> Looked:
    """Compare where each body's chain says it ends with its last line."""
    looked, silent = Looked(), []
    last = Event.objects.filter(body_id=OuterRef("pk")).order_by("-sequence")
    heads = {head.body_id: head for head in ChainHead.objects.filter(body_id__in=bodies)}
    rows = Body.objects.filter(pk__in=bodies).annotate(
        last=Subquery(last.values("sequence")[:1]), last_hash=Subquery(last.values("hash")[:1])
    )
    for body in _newest(rows.order_by("name"), looked):
        head = heads.get(body.pk)
        count_said, hash_said = (head.sequence, head.hash) if head else (0, "")
        if not count_said and not body.last:
            silent.append(body.name)
        elif (count_said, hash_said) != (body.last, body.last_hash):
            words = (
                f"should end with line {count_said:,} as its head says, and ends with line "
                f"{body.last or 0:,}"
            )
            words += "." if count_said != (body.last or 0) else ", whose hash is another."
            looked.items.append(
                Item(f"The record of {body.name}", words, body.pk, reverse("audit"), "audit.see")
            )
    if silent:
        looked.cannot = f"There is no line yet, or none any more, of {', '.join(silent)}."
    return looked


def lines(bodies: Collection[UUID], today: date) -> Looked:
    """Look for reviews, imports, grants and office holders that no line of the record names."""
    looked = Looked()
    reviews = Review.objects.filter(body__in=bodies).defer("figures").order_by("-asked_at")
    imports = Import.objects.filter(body__in=bodies).order_by("-started_at")
    grants = _home_grants(bodies).order_by("-starts_on", "pk")
    holders = OfficeHolder.objects.filter(office__body__in=bodies).select_related("office", "user")
    everything: list[Any] = [
        *_newest(reviews, looked),
        *_newest(imports, looked),
        *_newest(grants, looked),
        *_newest(holders.order_by("-starts_on", "pk"), looked),
    ]
    named = _named(map(subject_of, everything), bodies)
    words = "has no line in the record: it was written outside the program."
    for row in everything:
        if subject_of(row) in named:
            continue
        if isinstance(row, Review):
            looked.items.append(_review(row, words))
        elif isinstance(row, Import):
            link = reverse("import", kwargs={"pk": row.pk})
            looked.items.append(Item(row.reference, words, row.body_id, link, "spend.see"))
        elif isinstance(row, Grant):
            looked.items.append(_grant(row, words))
        else:
            name = f"{row.user.name} as {row.office.name}"
            looked.items.append(_office(row.office, name, words))
    return looked


def _named(subjects: Iterable[str], bodies: Collection[UUID]) -> set[str]:
    """Return which of some records a line of the bodies' chains is about."""
    asked = list(subjects)
    found: set[str] = set()
    for start in range(0, len(asked), MOST_ASKED):
        there = Event.objects.filter(subject__in=asked[start : start + MOST_ASKED])
        there = there.filter(body_id__in=bodies).order_by()
        found.update(there.values_list("subject", flat=True).distinct())
    return found


def _home_grants(bodies: Collection[UUID]) -> Any:
    """Return the roles that the bodies look after: their own, and of collaborations they lead."""
    there = Grant.objects.filter(Q(body__in=bodies) | Q(collaboration__lead__in=bodies))
    return there.select_related("user", "body", "collaboration")


def _grant(grant: Grant, words: str) -> Item:
    name = f"{grant.user.name} as {grant.role_name} in {grant.place}"
    link = reverse("person", kwargs={"pk": grant.user_id})
    return Item(name, words, grant.home_id, link, "people.see")


def _office(office: Office, name: str, words: str) -> Item:
    return Item(name, words, office.body_id, reverse("body", kwargs={"pk": office.body_id}))


def administrators(bodies: Collection[UUID], today: date) -> Looked:
    """Look for bodies without an administrator who can sign in today."""
    looked = Looked()
    there = Grant.objects.in_force(today).filter(
        role="administrator", body=OuterRef("pk"), user__is_active=True
    )
    for body in _newest(
        Body.objects.filter(pk__in=bodies).annotate(led=Exists(there)).order_by("name"), looked
    ):
        if not body.led:
            link = reverse("body", kwargs={"pk": body.pk})
            words = "has no administrator today: nobody can give or end roles there."
            looked.items.append(Item(body.name, words, body.pk, link))
    return looked


def offices(bodies: Collection[UUID], today: date) -> Looked:
    """Look for offices that nobody holds or acts in today."""
    looked = Looked()
    holds = OfficeHolder.objects.in_force(today).filter(office=OuterRef("pk"))
    rows = Office.objects.filter(
        Q(closed_on=None) | Q(closed_on__gt=today), body__in=bodies
    ).annotate(held=Exists(holds))
    for office in _newest(rows.select_related("body").order_by("body__name", "name"), looked):
        if not office.held:
            name = f"{office.name} of {office.body.name}"
            looked.items.append(_office(office, name, "is held by nobody today."))
    return looked


def closed_accounts(bodies: Collection[UUID], today: date) -> Looked:
    """Look for roles that still hold, of people whose account is closed."""
    looked = Looked()
    rows = _home_grants(bodies).filter(user__is_active=False).order_by("-starts_on", "pk")
    for grant in _newest(rows, looked):
        if grant.state(today) == Grant.State.NOW:
            words = "still holds, though the account is closed: end it."
            looked.items.append(_grant(grant, words))
    return looked


def undone(bodies: Collection[UUID], today: date) -> Looked:
    """Look for concluded reviews that rest on an import which was undone since."""
    looked = Looked()
    gone = Import.objects.filter(ledgers__reviews=OuterRef("pk"), state=Import.State.UNDONE)
    rows = Review.objects.filter(body__in=bodies, state=Review.State.CONCLUDED)
    rows = rows.annotate(rests=Subquery(gone.values("reference")[:1])).defer("figures")
    for review in _newest(rows.order_by("-concluded_on", "pk"), looked):
        if review.rests:
            words = f"was concluded, and {review.rests} under it was undone since."
            looked.items.append(_review(review, words))
    return looked


CHECKS = (
    Check(
        name="totals",
        title="Totals of reviews",
        means="What a review says was paid is the sum of what it found of each payee, exactly.",
        weighs=Level.WRONG,
        one="review",
        look=totals,
    ),
    Check(
        name="files",
        title="Files",
        means="Every file as it was given, and the files of every review, are on the disk.",
        weighs=Level.WRONG,
        one="record",
        look=files,
    ),
    Check(
        name="heads",
        title="End of the record",
        means="The row that says where a body’s record ends agrees with its last line.",
        weighs=Level.WRONG,
        one="body",
        many="bodies",
        look=chain_heads,
    ),
    Check(
        name="lines",
        title="Written by the program",
        means="Every review, import, role and office holder has a line in the record; one without "
        "was written outside the program.",
        weighs=Level.WRONG,
        one="record",
        look=lines,
    ),
    Check(
        name="closed",
        title="Roles of closed accounts",
        means="Nobody whose account is closed has a role that still holds.",
        weighs=Level.WRONG,
        one="role of a closed account",
        many="roles of closed accounts",
        look=closed_accounts,
    ),
    Check(
        name="administrators",
        title="Administrators",
        means="Every body has an administrator today who can sign in.",
        weighs=Level.LOOK,
        one="body",
        many="bodies",
        look=administrators,
    ),
    Check(
        name="offices",
        title="Offices",
        means="Every office has a holder today, or somebody who acts for one.",
        weighs=Level.LOOK,
        one="office",
        look=offices,
    ),
    Check(
        name="undone",
        title="Ledgers under conclusions",
        means="No ledger that a concluded review rests on was undone since.",
        weighs=Level.LOOK,
        one="concluded review",
        look=undone,
    ),
)
