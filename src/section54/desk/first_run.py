"""The first day of an installation: a body, its first user, and something to look at."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from section54.engine.errors import BadInput
from section54.engine.samples import BODY as FICTIONAL
from section54.engine.samples import write_samples
from section54.organisations.changes import add_user, found_body, grant_role
from section54.organisations.models import Body, Grant, User
from section54.risk.changes import review_import
from section54.risk.models import Review
from section54.risk.tasks import make_the_review
from section54.sources.changes import start_import, store_file
from section54.sources.models import Import
from section54.spend.changes import READ_IMPORT
from section54.spend.tasks import read_import


# Who is there on the first day of an installation on one machine: one to buy, one to give access.
# Nobody is both: an administrator sees no ledger, and a buyer gives no access.
FIRST = (
    ("procurement@example.org", "Head of procurement", "head_of_procurement"),
    ("administrator@example.org", "Administrator", "administrator"),
)
NOTE = "first-sign-in.txt"
CHUNK = 1 << 20
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FirstSignIn:
    """How somebody signs in after the set-up; the password is told until it is changed."""

    user: User
    password: str


def first_sign_ins(body_name: str, kind: Body.Kind) -> list[FirstSignIn]:
    """Return the first people of the first body, who buys first; whoever is missing is made.

    Their passwords stand in a note that only its owner can read, two lines a person.
    """
    told = _told()
    for email, name, role in FIRST:
        if User.objects.filter(email=email).exists() or _is_there(role):
            continue
        told[email] = "-".join(secrets.token_hex(3) for _ in range(3))
        # The note is on the disk before the account is: whoever is made can be told.
        _tell(told)
        with transaction.atomic():
            now, today = timezone.now(), timezone.localdate()
            body = Body.objects.order_by("created_at").first() or found_body(
                name=body_name, kind=kind, by=None, at=now
            )
            user = add_user(
                body=body, email=email, name=name, password=told[email], by=None, at=now
            )
            grant_role(user=user, role=role, body=body, starts_on=today, by=None, at=now)
    emails = [email for email, _, _ in FIRST]
    people = sorted(User.objects.filter(email__in=emails), key=lambda one: emails.index(one.email))
    return [
        FirstSignIn(one, told[one.email] if one.check_password(told.get(one.email, "")) else "")
        for one in people
    ]


def tell_colleagues(made: Sequence[User]) -> None:
    """Add the sample's people to the note; they have the first one's password."""
    told = _told()
    first = told.get(FIRST[0][0], "")
    if made and first:
        _tell(told | {one.email: first for one in made})


def _told() -> dict[str, str]:
    """Return the passwords in the note by e-mail address."""
    note = Path(settings.DATA_DIR) / NOTE
    words = note.read_text(encoding="utf-8").split() if note.exists() else []
    return dict(zip(words[::2], words[1::2], strict=False))


def _tell(told: Mapping[str, str]) -> None:
    lines = "".join(f"{email}\n{password}\n" for email, password in told.items())
    _write_private(Path(settings.DATA_DIR) / NOTE, lines)


def buyer_of(body: Body) -> User:
    """Return the oldest account that may change a body's ledgers today.

    Raises:
        BadInput: there is none: somebody must be given a role first.
    """
    today = timezone.localdate()
    there = Grant.objects.in_force(today).filter(user__is_active=True).reaching([body.pk], today)
    for grant in there.select_related("user").order_by("user__created_at"):
        if grant.user.on(today).may("spend.change", body.pk):
            return grant.user
    raise BadInput(f"Nobody may add ledgers of {body}: give somebody the role of a buyer first.")


def _is_there(role: str) -> bool:
    """Return whether the first body has somebody in a role: it needs no other from us."""
    body = Body.objects.order_by("created_at").first()
    return Grant.objects.filter(body=body, role=role).exists() if body else False


def _write_private(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def files_in(paths: Sequence[Path]) -> list[Path]:
    """Return the files that paths name: folders are opened, hidden files left out."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file())
            found += [p for p in inside if not p.name.startswith(".")]
        else:
            found.append(path)
    return found


def bring_in(body: Body, paths: Sequence[Path], by: User) -> Import:
    """Start the import of some files; the import that already has them is returned instead."""
    stored = [
        store_file(body=body, name=path.name, chunks=_chunks(path)) for path in files_in(paths)
    ]
    hashes = {file.sha256 for file in stored}
    standing = Import.objects.filter(body=body).exclude(
        state__in=[Import.State.DISCARDED, Import.State.UNDONE]
    )
    for brought in standing.prefetch_related("files"):
        if {file.sha256 for file in brought.files.all()} == hashes:
            return brought
    return start_import(body=body, stored=stored, task=READ_IMPORT, by=by, at=timezone.now())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def show_the_fictional_force(user: User, say: Say) -> None:
    """Import and review the sample ledgers of two years; go on where an earlier run was stopped."""
    body = Body.objects.get(name=FICTIONAL)
    folder = Path(settings.DATA_DIR) / "samples"
    if Review.objects.filter(body=body).made().count() >= 2:
        return
    ledgers = write_samples(folder)
    previous = files_in([folder / "previous"])
    earlier: Review | None = None
    for words, paths in (("the year before", previous), ("this year", ledgers)):
        say(f"Reading the fictional force's ledgers of {words} …")
        earlier = review_of(bring_in(body, paths, user), earlier, user, say)


def review_of(brought: Import, earlier: Review | None, user: User, say: Say) -> Review:
    """Read an import, take it in as it was understood, and make its review, here and now."""
    read_import.call(str(brought.job_id))
    brought.refresh_from_db()
    if brought.state == Import.State.TO_CHECK:
        review_import(brought_by=brought, name="", earlier=earlier, by=user, at=timezone.now())
    review = Review.objects.filter(ledgers__brought_by=brought).distinct().get()
    say("Making its review …")
    make_the_review.call(str(review.job_id))
    review.refresh_from_db()
    return review
