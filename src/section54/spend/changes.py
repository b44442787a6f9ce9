"""Every write to ledgers. Each is one transaction and one audit line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from section54.engine.ledgers.corrections import ANY_LAYOUT
from section54.engine.ledgers.reader import LedgerRead
from section54.engine.result import SheetHead
from section54.organisations.models import User
from section54.post.changes import JobTakenError, ask_for, finish
from section54.post.models import Job
from section54.records.changes import record
from section54.sources.models import Import, SourceFile
from section54.spend.models import Ledger, RememberedColumn, sheet_as_json


READ_IMPORT = "section54.spend.tasks.read_import"


class WrongStateError(RuntimeError):
    """Somebody else was first: the import is no longer in the state that the change needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileUnderstood:
    """What reading one file of an import gave.

    Attributes:
        source: The file.
        read: What it holds; None where the whole file was refused.
        heads: The first records of its sheets, if it could be opened.
        refused_because: Why the whole file is no ledger, in one sentence; else "".
        read_with: The corrections it was read with: layout → role → column.
        paid: First and last day paid, where the lines have dates.
    """

    source: SourceFile
    read: LedgerRead | None
    heads: Sequence[SheetHead]
    refused_because: str = ""
    read_with: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    paid: tuple[date | None, date | None] = (None, None)


@transaction.atomic
def keep_understood(
    *, brought_by: Import, files: Sequence[FileUnderstood], job: Job, at: datetime
) -> None:
    """Keep what reading an import's files gave, all of it at once, for a person to check."""
    finish(job=job, at=at)
    brought_by = Import.objects.select_for_update().get(pk=brought_by.pk)
    if brought_by.state != Import.State.READING:
        raise JobTakenError(job.pk)  # somebody discarded it meanwhile
    for file in files:
        sheets = file.read.sheets if file.read else ()
        Ledger.objects.update_or_create(
            brought_by=brought_by,
            source=file.source,
            defaults={
                "body_id": brought_by.body_id,
                "refused_because": file.refused_because,
                "understood": {
                    "sheets": [sheet_as_json(sheet) for sheet in sheets],
                    "refused": [
                        {"file": part.file, "because": part.because}
                        for part in (file.read.refused if file.read else ())
                    ],
                    "heads": [
                        {
                            "file": head.file,
                            "sheet": head.sheet,
                            "records": [list(record) for record in head.records],
                        }
                        for head in file.heads
                    ],
                    "read_with": {k: dict(v) for k, v in file.read_with.items()},
                    "rejected_files": [path.name for path in file.read.rejected]
                    if file.read
                    else [],
                },
                "rows": sum(s.rows for s in sheets),
                "read": sum(s.read for s in sheets),
                "rejected": sum(s.rejected for s in sheets),
                "blank": sum(s.blank for s in sheets),
                "headings": sum(s.headings for s in sheets),
                "dates_missing": sum(s.dates_missing for s in sheets),
                "amount": sum((s.amount for s in sheets), Decimal(0)),
                "column_total": sum((s.column_total for s in sheets), Decimal(0)),
                "first_paid": file.paid[0],
                "last_paid": file.paid[1],
            },
        )
    brought_by.state = Import.State.TO_CHECK
    brought_by.save(update_fields=["state"])
    record(
        "import_read",
        brought_by,
        body_id=brought_by.body_id,
        by=None,
        at=at,
        files=len(files),
        read=sum(s.read for f in files if f.read for s in f.read.sheets),
    )


@transaction.atomic
def correct_columns(
    *, ledger: Ledger, layout: str, columns: Mapping[str, str], by: User, at: datetime
) -> None:
    """Take a person's word on which column is which, and have the import read again.

    Args:
        ledger: The file.
        layout: The headings in one line, or ``*`` where a sheet has none.
        columns: role → 1-based column number, or ``none``; empty takes all earlier words back.

    Raises:
        WrongStateError: the import is not waiting to be checked.
    """
    brought_by = Import.objects.select_for_update().get(pk=ledger.brought_by_id)
    if brought_by.state != Import.State.TO_CHECK:
        raise WrongStateError(brought_by.state)
    ledger = Ledger.objects.select_for_update().get(pk=ledger.pk)
    corrections = dict(ledger.corrections)
    if columns:
        corrections[layout] = {**corrections.get(layout, {}), **columns}
    else:
        corrections = {}
    ledger.corrections = corrections
    ledger.save(update_fields=["corrections"])
    brought_by.job = ask_for(task=READ_IMPORT, body=brought_by.body, by=by, at=at)
    brought_by.state = Import.State.READING
    brought_by.save(update_fields=["job", "state"])
    record(
        "columns_corrected",
        ledger,
        body_id=ledger.body_id,
        by=by,
        at=at,
        layout=layout,
        columns=dict(columns),
    )


@transaction.atomic
def take_in(*, brought_by: Import, by: User, at: datetime) -> list[Ledger]:
    """Take an import in whole: from now on its ledgers count. Corrections are remembered.

    Raises:
        WrongStateError: the import is not waiting to be checked, or nothing in it could be read.
    """
    brought_by = Import.objects.select_for_update().get(pk=brought_by.pk)
    if brought_by.state != Import.State.TO_CHECK:
        raise WrongStateError(brought_by.state)
    ledgers = list(brought_by.ledgers.filter(read__gt=0))
    if not ledgers:
        raise WrongStateError("nothing could be read")
    brought_by.state, brought_by.ended_at = Import.State.TAKEN_IN, at
    brought_by.save(update_fields=["state", "ended_at"])
    remembered = 0
    for ledger in ledgers:
        for layout, columns in ledger.corrections.items():
            if layout == ANY_LAYOUT:
                continue
            for role, column in columns.items():
                RememberedColumn.objects.update_or_create(
                    body_id=ledger.body_id,
                    layout=layout,
                    role=role,
                    defaults={"column": column, "said_by": by, "said_at": at},
                )
                remembered += 1
    record(
        "import_taken_in",
        brought_by,
        body_id=brought_by.body_id,
        by=by,
        at=at,
        ledgers=[str(ledger.pk) for ledger in ledgers],
        columns_remembered=remembered,
    )
    return ledgers


@transaction.atomic
def discard(*, brought_by: Import, by: User, at: datetime) -> None:
    """Put an import aside that was not taken in; nothing of it counts.

    Raises:
        WrongStateError: it was taken in, discarded or undone already.
    """
    brought_by = Import.objects.select_for_update().get(pk=brought_by.pk)
    if brought_by.state not in (Import.State.READING, Import.State.TO_CHECK):
        raise WrongStateError(brought_by.state)
    brought_by.state, brought_by.ended_at = Import.State.DISCARDED, at
    brought_by.save(update_fields=["state", "ended_at"])
    Job.objects.filter(pk=brought_by.job_id, state__in=["waiting", "running"]).update(
        stop_asked=True
    )
    Job.objects.filter(pk=brought_by.job_id, state="waiting").update(state="stopped", ended_at=at)
    record("import_discarded", brought_by, body_id=brought_by.body_id, by=by, at=at)
