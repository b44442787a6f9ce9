"""Removing what is past its period: stopped at any moment it can be run again.

What was erased is written, as hashes that say nothing, into a list of its own. After a restore
from an older backup the list is gone through again, so that nothing erased comes back.
"""

import json
import logging
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models import ProtectedError
from django.utils import timezone

from section54.desk import retention
from section54.desk.backup import Step, no_step, sync_folder
from section54.desk.retention import Due
from section54.desk.retention_changes import (
    REMOVES_MANY,
    REMOVES_ONE,
    note_rules,
    remove_rows,
)
from section54.engine.errors import BadInput
from section54.post import clock
from section54.risk.models import Review
from section54.sources.models import SourceFile
from section54.spend.models import Ledger


logger = logging.getLogger(__name__)

BATCH = 500
IN_USE = timedelta(days=1)  # a younger file may be of an upload that has no row yet
# They go by their own date again after a restore, and are of no person by themselves.
NOT_LISTED = frozenset({"usersessions.UserSession", "account.EmailConfirmation"})


@dataclass(slots=True)
class Purged:
    """What a run did."""

    removed: Counter[str] = field(default_factory=Counter)  # by rule
    held: list[Due] = field(default_factory=list)
    relied_on: list[Due] = field(default_factory=list)
    files: int = 0


def erased_file() -> Path:
    """Return where the list of what was erased is kept; best outside what backups hold."""
    named = settings.ERASED_FILE
    return Path(named) if named else Path(settings.DATA_DIR) / "erased.txt"


def marks_in(file: Path) -> frozenset[str]:
    """Return the marks in a list of what was erased.

    Raises:
        BadInput: it is no such list.
    """
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: name the list of what was erased.") from error
    marks = set()
    for number, line in enumerate(lines, 1):
        if re.fullmatch(r"\d{4}-\d\d-\d\d [a-z-]+ [0-9a-f]{64}", line) is None:
            raise BadInput(f"Line {number} of {file} is not as a list of what was erased has it.")
        marks.add(line[-64:])
    return frozenset(marks)


def _list_as_erased(dues: Sequence[Due], on: date) -> None:
    """Put marks on the disk before their records go: one too many is harmless, one missing not."""
    lines = [
        f"{on.isoformat()} {due.rule.name} {due.one.mark}\n"
        for due in dues
        if due.one.model not in NOT_LISTED
    ]
    if not lines:
        return
    file = erased_file()
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as out:
        out.writelines(lines)
        out.flush()
        os.fsync(out.fileno())
    sync_folder(file.absolute().parent)


def purge(
    on: date,
    *,
    at: datetime,
    marks: frozenset[str] | None = None,
    step: Step = no_step,
    total: Step = no_step,
) -> Purged:
    """Remove what is past its period on a day, each record in a transaction with its audit line.

    Args:
        marks: Instead, what a list of erased records names, whatever the day.
        total: Is told once how many records there are; ``step`` how many were looked at.

    Raises:
        BadInput: the body's own table or its holds are not as they must be: nothing is removed.
    """
    if on > timezone.localdate(at):
        raise BadInput("A day to come can only be rehearsed: add --rehearse.")
    every = retention.due(on, marks=marks)
    _note_rules(on, at)
    total(max(len(every), 1))
    done = Purged(held=[due for due in every if due.held])
    step(len(done.held))
    _overwrite_what_is_deleted()
    for model, group in groupby((d for d in every if not d.held), key=lambda d: d.one.model):
        for batch in _batches(group, 1 if model in REMOVES_ONE else BATCH):
            _list_as_erased(batch, on)
            try:
                if model in REMOVES_ONE:
                    count = int(REMOVES_ONE[model](due=batch[0], at=at))
                else:
                    count = REMOVES_MANY.get(model, remove_rows)(dues=batch, at=at)
            except (ProtectedError, IntegrityError):
                done.relied_on += batch
            else:
                done.removed[batch[0].rule.name] += count
            step(len(batch))
    done.files = sweep(at)
    _empty_the_journal()
    return done


def _batches(dues: Iterator[Due], size: int) -> Iterator[list[Due]]:
    rule: str | None = None
    batch: list[Due] = []
    for due in dues:
        if batch and (len(batch) == size or due.rule.name != rule):
            yield batch
            batch = []
        rule = due.rule.name
        batch.append(due)
    if batch:
        yield batch


def _note_rules(on: date, at: datetime) -> None:
    own = [rule for rule in retention.rules() if rule.changed_by]
    note_rules(
        periods={rule.name: rule.keep.words for rule in own},
        changed_by=own[0].changed_by if own else "",
        held=len(retention.holds(on)),
        at=at,
    )


def _overwrite_what_is_deleted() -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")


def _empty_the_journal() -> None:
    """Let no deleted row stay readable in SQLite's journal."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# ---------------------------------------------------------------- files


def sweep(at: datetime) -> int:
    """Remove files as given, reviews' folders and lines that no row names any more.

    Returns:
        How many files and folders went.
    """
    root = Path(settings.DATA_DIR)
    before = (at - IN_USE).timestamp()
    gone = 0
    for path in _unnamed(root):
        if path.stat().st_mtime > before:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        gone += 1
        for folder in path.parents:
            if folder.name in ("files", "reviews", "lines") or any(folder.iterdir()):
                break
            folder.rmdir()
    return gone


def _unnamed(root: Path) -> list[Path]:
    named = {root / path for path in SourceFile.objects.values_list("stored_as", flat=True)}
    found = [path for path in root.glob("files/*/*/*") if path not in named]
    reviews = {str(pk) for pk in Review.objects.values_list("pk", flat=True)}
    found += [path for path in root.glob("reviews/*") if path.name not in reviews]
    return found + _unnamed_lines(root / "lines")


def _unnamed_lines(store: Path) -> list[Path]:
    """Return what was read of files that are gone; it is read again where it is missed."""
    known = set(SourceFile.objects.values_list("sha256", flat=True))
    kept = {
        name
        for understood in Ledger.objects.values_list("understood", flat=True)
        for name in understood.get("rejected_files", [])
    }
    gone = []
    for manifest in store.glob("*.json"):
        try:
            told = json.loads(manifest.read_bytes())
            of_known = any(sheet["file_sha256"] in known for sheet in told["sheets"])
            names = {part[key] for part in told["contents"] for key in ("lines", "rejected")}
        except (ValueError, KeyError, TypeError):
            of_known, names = False, set()
        if of_known:
            kept |= names
        else:
            gone.append(manifest)
    return gone + [path for path in store.glob("*.parquet") if path.name not in kept]


# ---------------------------------------------------------------- by the clock


def run_daily(at: datetime) -> None:
    """Remove what is past its period, where the setting says so; otherwise only tell."""
    on = timezone.localdate(at)
    if settings.PURGE:
        done = purge(on, at=at)
        if done.relied_on:
            logger.warning("%s records past their period are relied on", len(done.relied_on))
        return
    waiting = [due for due in retention.due(on) if not due.held]
    if waiting:
        logger.warning(
            "%s records are past their period and stay: SECTION54_PURGE=on lets them go",
            len(waiting),
        )


def register() -> None:
    """Make the job known to the worker."""
    clock.register(
        clock.ScheduledJob(name="purge", title="Remove what is past its period", run=run_daily)
    )
