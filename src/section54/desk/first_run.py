"""The first day of an installation: a body, its first user, and something to look at."""

import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from section54.engine.samples import BODY as FICTIONAL
from section54.engine.samples import write_samples
from section54.organisations.changes import add_user, found_body, grant_role
from section54.organisations.models import Body, User
from section54.risk.changes import review_import
from section54.risk.models import Review
from section54.risk.tasks import make_the_review
from section54.sources.changes import start_import, store_file
from section54.sources.models import Import
from section54.spend.changes import READ_IMPORT
from section54.spend.tasks import read_import


EMAIL = "procurement@example.org"
NAME = "Head of procurement"
ROLE = "head_of_procurement"
CHUNK = 1 << 20
LEFT_BEHIND = timedelta(days=1)
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FirstUser:
    """Who can sign in after the set-up; the password is kept in a file until it is changed."""

    user: User
    password: str


def first_user(body_name: str, kind: Body.Kind) -> FirstUser:
    """Return the first user of the first body; both are made if there is none yet."""
    note = Path(settings.DATA_DIR) / "first-sign-in.txt"
    user = User.objects.order_by("created_at").first()
    if user is None:
        password = "-".join(secrets.token_hex(3) for _ in range(3))
        # The note is on the disk before the account is: whoever is made can be told.
        _write_private(note, f"{EMAIL}\n{password}\n")
        with transaction.atomic():
            now = timezone.now()
            body = found_body(name=body_name, kind=kind, by=None, at=now)
            user = add_user(body=body, email=EMAIL, name=NAME, password=password, by=None, at=now)
            grant_role(
                user=user, role=ROLE, body=body, starts_on=timezone.localdate(), by=None, at=now
            )
    password = note.read_text(encoding="utf-8").splitlines()[1] if note.exists() else ""
    return FirstUser(user, password if user.check_password(password) else "")


def _write_private(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def clear_incoming(now: datetime) -> int:
    """Remove what uploads that broke off left behind a day ago or earlier; return how many."""
    count = 0
    for left in (Path(settings.DATA_DIR) / "incoming").glob("*"):
        if left.is_file() and left.stat().st_mtime < (now - LEFT_BEHIND).timestamp():
            left.unlink(missing_ok=True)
            count += 1
    return count


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
