"""Checkpoints that leave the installation each day: into a folder outside, and by mail.

A chain that was cut short or rebuilt shows only against a copy that whoever did it cannot reach.
The folder is one that this machine can write to and others keep, such as a share that only grows.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings

from section54.desk import health
from section54.desk.checkpoint_changes import KIND, write_messages
from section54.organisations.models import Body
from section54.post import clock, messages
from section54.post.models import Message
from section54.records.checkpoints import (
    BadCheckpointError,
    Signed,
    latest,
    make_checkpoint,
    place_of,
    public_key_file,
    read_note,
    still_holds,
    write_whole,
)
from section54.records.models import Checkpoint
from section54.ui.formats import day


LATE = timedelta(days=2)
COMPARED = 40  # checkpoints of each body that each day's run compares with its chain
TEXT = """
Keep this message. Whoever has it can tell later whether the record of changes of {body} was cut
short or written anew: section54 verify --checkpoint FILE, with the lines between the two rules as
the file. What it means, and how to check it with other programs: {link}

----
{note}
----
"""


class NotFittingError(RuntimeError):
    """A chain does not hold any more what was signed and left: somebody wrote in it."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Where a body's last checkpoint went, for its people."""

    at: datetime | None
    lines: int = 0
    fault: str = ""
    is_set: bool = False

    def is_late(self, now: datetime) -> bool:
        """Whether nothing left for too long."""
        return self.at is None or now - self.at > LATE


def send_checkpoints(now: datetime) -> int:
    """Sign where each chain ends and bring it outside; return how many went into the folder.

    Safe to run again: what is outside already is left as it is. What an earlier run could not
    bring is brought now.

    Raises:
        OSError: the folder cannot be written to; the messages are written all the same.
        NotFittingError: a chain does not hold what was signed and left before.
    """
    made = make_checkpoint(now)
    write_messages(checkpoints=made, addresses=settings.CHECKPOINT_MAIL, at=now)
    folder = Path(settings.CHECKPOINT_DIR) if settings.CHECKPOINT_DIR else None
    brought = _bring(folder) if folder else 0
    left = _left()
    for checkpoint in made:
        entry = left.setdefault(str(checkpoint.body_id), {})
        entry["fault"] = _fault(checkpoint, folder)
        if folder:
            entry |= {"at": now.isoformat(), "lines": checkpoint.lines}
    write_whole(_left_file(), json.dumps(left))
    if faults := [str(entry["fault"]) for entry in left.values() if entry.get("fault")]:
        raise NotFittingError(" ".join(faults))
    return brought


def _bring(folder: Path) -> int:
    """Copy every checkpoint that is not in the folder, and the key if it is new there."""
    if not folder.is_dir():
        raise NotADirectoryError(
            f"SECTION54_CHECKPOINT_DIR names {folder}, which is no folder: mount it, or make it."
        )
    key, keys = public_key_file().read_text(encoding="utf-8"), folder / public_key_file().name
    known = keys.read_text(encoding="utf-8") if keys.is_file() else ""
    if key.strip() not in known.splitlines():
        write_whole(keys, known + key)
    there = {file.relative_to(folder) for file in folder.glob("*/*.txt")}
    brought = 0
    for checkpoint in Checkpoint.objects.order_by("at", "pk").iterator():
        if place_of(checkpoint) not in there:
            write_whole(folder / place_of(checkpoint), checkpoint.note)
            brought += 1
    return brought


def _fault(checkpoint: Checkpoint, folder: Path | None) -> str:
    """Say what the chain of a checkpoint does not hold of those before it; "" where it holds."""
    body = checkpoint.body_id
    for signed in _left_before(body, folder):
        if not still_holds(signed):
            name = Body.objects.filter(pk=body).values_list("name", flat=True).first()
            return (
                f"The record of changes of {name or 'the installation'} does not hold any more "
                f"what was signed on {day(signed.at.date())}. Run section54 verify"
                f"{f' --checkpoints {folder}' if folder else ''}, and ask who could write in the "
                "database."
            )
    return ""


def _left_before(body: UUID, folder: Path | None) -> Iterator[Signed]:
    """Return the last checkpoints of a body: as they lie outside, or else as they were kept."""
    if folder is None:
        for kept in Checkpoint.objects.filter(body_id=body).order_by("-at", "-pk")[:COMPARED]:
            yield Signed(body, kept.lines, kept.head, kept.at)
        return
    key = (folder / public_key_file().name).read_text(encoding="utf-8")
    for note in sorted((folder / str(body)).glob("*.txt"), reverse=True)[:COMPARED]:
        with suppress(BadCheckpointError):  # not ours; "section54 verify" says so
            yield read_note(note.read_text(encoding="utf-8", errors="replace"), key)


def _left_file() -> Path:
    return Path(settings.DATA_DIR) / "checkpoints" / "left.json"


def _left() -> dict[str, dict[str, object]]:
    """Return what the last run brought outside and what it found wrong, by body."""
    try:
        found = json.loads(_left_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def outside(body_id: UUID) -> Outside:
    """Return what of a body left last, by folder or by mail."""
    entry = _left().get(str(body_id), {})
    at = datetime.fromisoformat(str(entry["at"])) if "at" in entry else None
    lines = int(str(entry.get("lines", 0)))
    mailed = (
        Message.objects.filter(body=body_id, kind=KIND, state=Message.State.SENT)
        .order_by("-written_at")
        .first()
    )
    if mailed is not None and (at is None or mailed.written_at > at):
        at = mailed.written_at
        signed = latest(body_id)
        lines = signed.lines if signed and signed.at <= at else lines
    return Outside(
        at=at,
        lines=lines,
        fault=str(entry.get("fault", "")),
        is_set=bool(settings.CHECKPOINT_DIR or settings.CHECKPOINT_MAIL),
    )


def they_leave(now: datetime) -> Iterator[health.Finding]:
    """Return whether checkpoints are set to leave a team's installation; one machine need not."""
    is_set = bool(settings.CHECKPOINT_DIR or settings.CHECKPOINT_MAIL)
    yield health.Finding(
        name="checkpoints",
        title="Checkpoints of the record",
        is_well=is_set or settings.IS_LOCAL,
        words="They leave this installation each day."
        if is_set
        else "None leaves this installation: a record that was cut short could not be found.",
        to_do="Name a folder on another machine, or addresses, in its settings"
        " (SECTION54_CHECKPOINT_DIR, SECTION54_CHECKPOINT_MAIL).",
    )


def register() -> None:
    """Have it done each day, make the message known, and have health look."""
    health.register_check("checkpoints", they_leave)
    clock.register(
        clock.ScheduledJob(
            name="checkpoints",
            title="Sign where each record of changes ends, and bring that outside",
            run=send_checkpoints,
        )
    )
    messages.register(
        messages.MessageKind(
            name=KIND,
            title="Where a record of changes ends",
            subject="Where the record of changes of {body} ends today",
            text=TEXT,
            lines=("note",),
        )
    )
