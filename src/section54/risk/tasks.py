"""Making a review in the background. Safe to run twice: a second run makes the same again."""

import shutil
from pathlib import Path
from uuid import UUID

import pyarrow.parquet as pq
from django.conf import settings
from django.utils import timezone
from django_tasks import task

from section54.engine.intake.limits import OWN_LEDGERS
from section54.engine.ledgers.reader import LedgerRead, read_ledger
from section54.engine.payments import months_by_payee, sort_by_payee
from section54.engine.reports.html import write_html
from section54.engine.reports.json_file import write_json
from section54.engine.reports.spreadsheets import write_ods, write_rejected_csv, write_xlsx
from section54.engine.review import Plan, Reviewed, make_review
from section54.post.work import OnStep, working_on
from section54.risk.changes import keep_review
from section54.risk.models import Review
from section54.spend.models import Ledger, store


@task()
def make_the_review(job_id: str) -> None:
    """Make the review that a job belongs to: files in a folder of this attempt, then its rows."""
    with working_on(UUID(job_id)) as work:
        if work is None:
            return
        job, on_step = work
        review = Review.objects.select_related("body", "earlier").get(job=job)
        root = Path(settings.DATA_DIR)
        home = Path("reviews") / str(review.pk)
        folder = home / str(job.token)
        (root / folder).mkdir(parents=True)
        _tidy(root / home, keep=str(job.token))
        try:
            made = _make(review, root / folder, on_step)
            on_step("Adding up by payee and month", 0, 1)
            months = months_by_payee(root / folder / "lines.parquet")
            sort_by_payee(root / folder / "lines.parquet", root / folder / "by-payee.parquet")
            _write(made, root / folder, on_step)
            on_step("Keeping the review", 0, 1)
            keep_review(
                review=review,
                made=made.review,
                months=months,
                folder=folder,
                job=job,
                at=timezone.now(),
            )
        except BaseException:
            # The worker may be told to end just after the review was kept.
            if not Review.objects.filter(folder=str(folder)).exists():
                shutil.rmtree(root / folder, ignore_errors=True)
            raise


def _make(review: Review, folder: Path, on_step: OnStep) -> Reviewed:
    ledgers = list(review.ledgers.select_related("source"))
    read: list[LedgerRead | Path] = []
    for number, ledger in enumerate(ledgers):
        on_step(f"Opening {ledger.source.name}", number, len(ledgers))
        read.append(_lines_of(ledger))
    return make_review(
        Plan(
            ledgers=read,
            body=review.body.name,
            store=store(),
            lines=folder / "lines.parquet",
        ),
        on_step,
    )


def _lines_of(ledger: Ledger) -> LedgerRead:
    """Return what was read of a ledger when it was checked, from where it is kept."""
    return read_ledger(
        ledger.path,
        store(),
        limits=OWN_LEDGERS,
        corrections=ledger.read_with,
    )


def _write(made: Reviewed, folder: Path, on_step: OnStep) -> None:
    """Write the report's files that people can take away."""
    writers = (
        ("review.json", write_json),
        ("review.html", write_html),
        ("review.xlsx", write_xlsx),
        ("review.ods", write_ods),
    )
    for number, (name, write) in enumerate(writers):
        on_step("Writing the report", number, len(writers) + 1)
        write(made.review, folder / name)
    rows = (
        row
        for file in made.rejected
        for batch in pq.ParquetFile(file).iter_batches()
        for row in batch.to_pylist()
    )
    write_rejected_csv(rows, folder / "rejected.csv")
    on_step("Writing the report", len(writers) + 1, len(writers) + 1)


def _tidy(home: Path, keep: str) -> None:
    """Remove what earlier attempts at this review left behind."""
    for other in home.iterdir():
        if other.name != keep:
            shutil.rmtree(other, ignore_errors=True)
