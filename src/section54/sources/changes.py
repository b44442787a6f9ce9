"""Every write to source files and imports. Each is one transaction and one audit line."""

import hashlib
import os
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models, transaction

from section54.organisations.models import Body, User
from section54.post.changes import ask_for
from section54.records.changes import record
from section54.records.keys import new_reference
from section54.sources.models import Import, SourceFile


LONGEST_NAME = 120


def free_reference(taken: "models.QuerySet[Any]", prefix: str, body: Body) -> str:
    """Return a reference that no record of this kind has in this body."""
    while True:
        reference = new_reference(prefix)
        if not taken.filter(body=body, reference=reference).exists():
            return reference


def tidy_name(given: str) -> str:
    """Return a file name without folders, control characters and marks that reorder text.

    >>> tidy_name("../../etc/april 2025.csv")
    'april 2025.csv'
    >>> tidy_name(" . ")
    'ledger'
    """
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(
        mark for mark in last if unicodedata.category(mark) not in ("Cc", "Cf", "Cs", "Co", "Cn")
    ).strip(" .")
    stem, dot, end = kept.rpartition(".")
    if len(kept.encode()) > LONGEST_NAME and dot and len(end) <= 8:
        return _cut(stem, LONGEST_NAME - len(f".{end}".encode())) + dot + end
    return _cut(kept, LONGEST_NAME) or "ledger"


def _cut(text: str, at_most: int) -> str:
    """Return the first bytes of a name, with no half letter, space or full stop at their end."""
    return text.encode()[:at_most].decode("utf-8", "ignore").rstrip(" .")


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file whose bytes are on the disk, whole, before any row says so."""

    name: str
    sha256: str
    size_bytes: int
    stored_as: str


def store_file(*, body: Body, name: str, chunks: Iterable[bytes]) -> StoredFile:
    """Put a file's bytes under their hash below the data folder; twice is as good as once.

    Args:
        body: Whose file it is; each body has a folder of its own.
        name: What the file was called.
        chunks: Its bytes, in pieces.
    """
    name = tidy_name(name)
    digest = hashlib.sha256()
    root = Path(settings.DATA_DIR)
    incoming = root / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    partial = incoming / uuid4().hex
    size = 0
    try:
        with partial.open("xb") as file:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        sha256 = digest.hexdigest()
        place = Path("files") / str(body.pk) / sha256
        (root / place).mkdir(parents=True, exist_ok=True)
        partial.replace(root / place / name)
    finally:
        partial.unlink(missing_ok=True)
    return StoredFile(name, sha256, size, str(place / name))


@transaction.atomic
def hand_over_import(*, brought_by: Import, to: User, by: User, at: datetime) -> Import:
    """Say who sees to an import from now on, until it is taken in or discarded."""
    brought_by = Import.objects.select_for_update().get(pk=brought_by.pk)
    before = brought_by.led_by
    brought_by.led_by = to
    brought_by.save(update_fields=["led_by"])
    record(
        "import_handed_over",
        brought_by,
        body_id=brought_by.body_id,
        by=by,
        at=at,
        old=before.name if before else None,
        new=to.name,
    )
    return brought_by


@transaction.atomic
def start_import(
    *, body: Body, stored: Sequence[StoredFile], task: str, by: User | None, at: datetime
) -> Import:
    """Take note of stored files and ask for them to be read.

    The same files, sent again by the same person while they wait to be read or checked, are the
    import that is there already: whoever got no answer may send them again.

    Args:
        task: The background task that reads them, as package.module.function.
    """
    Body.objects.select_for_update().get(pk=body.pk)  # two at once take turns
    waiting = _that_waits(body=body, stored=stored, by=by)
    if waiting is not None:
        return waiting
    kept = [
        SourceFile.objects.get_or_create(
            body=body,
            sha256=file.sha256,
            name=file.name,
            defaults={
                "size_bytes": file.size_bytes,
                "stored_as": file.stored_as,
                "received_at": at,
                "received_by": by,
            },
        )[0]
        for file in stored
    ]
    started = Import.objects.create(
        body=body,
        reference=free_reference(Import.objects.all(), "IMP", body),
        job=ask_for(task=task, body=body, by=by, at=at),
        started_at=at,
        started_by=by,
        led_by=by,
    )
    started.files.set(kept)
    record(
        "import_started",
        started,
        body_id=body.pk,
        by=by,
        at=at,
        files=[{"name": file.name, "sha256": file.sha256} for file in kept],
    )
    return started


def _that_waits(*, body: Body, stored: Sequence[StoredFile], by: User | None) -> Import | None:
    """Return a person's import of exactly these files that was not taken in or put aside yet."""
    sent = {(file.name, file.sha256) for file in stored}
    open_imports = Import.objects.filter(
        body=body, started_by=by, state__in=[Import.State.READING, Import.State.TO_CHECK]
    )
    for brought_by in open_imports.prefetch_related("files").order_by("-started_at"):
        if {(file.name, file.sha256) for file in brought_by.files.all()} == sent:
            return brought_by
    return None
