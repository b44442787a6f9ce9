"""Reading an import's files in the background. Safe to run twice."""

from datetime import date
from uuid import UUID

import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils import timezone
from django_tasks import task

from section54.engine.errors import BadInput
from section54.engine.intake.gate import NotALedger
from section54.engine.intake.limits import OWN_LEDGERS
from section54.engine.ledgers.corrections import Corrections
from section54.engine.ledgers.peek import peek
from section54.engine.ledgers.reader import LedgerRead, read_ledger
from section54.post.work import OnStep, working_on
from section54.sources.models import Import, SourceFile
from section54.spend.changes import FileUnderstood, keep_understood
from section54.spend.models import Ledger, RememberedColumn, store


@task()
def read_import(job_id: str) -> None:
    """Read every file of the import that a job belongs to, and keep what was understood."""
    with working_on(UUID(job_id)) as work:
        if work is None:
            return
        job, on_step = work
        brought_by = Import.objects.select_related("body").get(job=job)
        files = list(brought_by.files.order_by("name", "pk"))
        understood = []
        for number, source in enumerate(files):
            on_step(f"Reading {source.name}", number, len(files))
            corrections = corrections_for(brought_by, source)
            understood.append(_read(source, corrections, on_step, number, len(files)))
        on_step("Keeping what was read", len(files), len(files))
        keep_understood(brought_by=brought_by, files=understood, job=job, at=timezone.now())


def corrections_for(brought_by: Import, source: SourceFile) -> Corrections:
    """Return what people said of a file's columns: for its layouts in general, and for itself."""
    corrections = RememberedColumn.objects.as_corrections(brought_by.body)
    own = Ledger.objects.filter(brought_by=brought_by, source=source).first()
    for layout, columns in (own.corrections if own else {}).items():
        corrections[layout] = {**corrections.get(layout, {}), **columns}
    return corrections


def _read(
    source: SourceFile, corrections: Corrections, on_step: OnStep, number: int, of: int
) -> FileUnderstood:
    path = Ledger(source=source).path
    read: LedgerRead | None = None
    refused = ""
    try:
        read = read_ledger(
            path,
            store(),
            limits=OWN_LEDGERS,
            corrections=corrections,
            on_progress=lambda said: on_step(
                f"Reading {source.name}: {int(said.get('rows', 0)):,} rows so far", number, of
            ),
        )
    except (NotALedger, BadInput) as error:
        refused = str(error)
    try:
        heads = peek(path)
    except NotALedger:  # it cannot be opened at all: `refused` says why
        heads = ()
    return FileUnderstood(
        source=source,
        read=read,
        heads=heads,
        refused_because=refused,
        read_with=corrections,
        paid=_paid(read),
    )


def _paid(read: LedgerRead | None) -> tuple[date | None, date | None]:
    """Return the first and last day in a file's lines."""
    days = [
        pc.min_max(pq.read_table(path, columns=["date"])["date"]).as_py()
        for path in (read.lines if read else ())
    ]
    first = [day["min"] for day in days if day["min"]]
    last = [day["max"] for day in days if day["max"]]
    return (min(first, default=None), max(last, default=None))
