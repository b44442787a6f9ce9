"""Everything in open formats on the command line: ``section54 export`` and ``section54 import``."""

import hashlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from django.utils import timezone

from section54.desk.audit_commands import open_data
from section54.desk.backup_commands import (
    DATA,
    FILE,
    folder_of,
    held_words,
    say_missing,
    to_be_stopped,
)


@click.command("export")
@FILE
@DATA
def export(file: Path, data: Path | None) -> None:
    """Put everything that is kept into one new ZIP of open formats; exit code 1 if a file lacks.

    It may run while the workbench runs. Rows are JSON Lines, payments Parquet, files as they were
    given, the main lists CSV. The secret keys are left out.

    \b
    Example:
      section54 export /media/safe/everything.zip --data section54-data
    """
    folder = folder_of(data)
    open_data(folder)
    from section54.desk.audit_changes import note_whole_export  # noqa: PLC0415 - Django is set up
    from section54.desk.export import make_export  # noqa: PLC0415 - Django is set up

    with (
        to_be_stopped("Stopped. No export was written."),
        click.progressbar(length=1, label="Exporting", file=sys.stderr) as bar,
    ):

        def total(count: int) -> None:
            bar.length = max(count, 1)

        held = make_export(folder, file, at=timezone.now(), step=bar.update, total=total)
        with file.open("rb") as made:
            sha256 = hashlib.file_digest(made, "sha256").hexdigest()
        note_whole_export(sha256=sha256, at=timezone.now())
    click.echo(f"{file}: {held_words(held)}. SHA-256 {sha256}.")
    say_missing(held)
    if held.missing:
        raise SystemExit(1)


@click.command("import")
@FILE
@DATA
def import_(file: Path, data: Path | None) -> None:
    """Take an export FILE into an empty installation, compared in every row and file.

    Without rows it is empty; a new folder is one. Exit code 1 if an audit trail in it does not fit.

    \b
    Example:
      section54 import /media/safe/everything.zip --data new-data
    """
    folder = folder_of(data)
    is_new = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with to_be_stopped("Stopped. Nothing was imported."):
        try:
            open_data(folder)
            from section54.desk.export import read_export, take_in  # noqa: PLC0415 - Django is set up

            with _bar("Checking", file.stat().st_size if file.is_file() else 1) as bar:
                held = read_export(file, step=bar.update)
        except BaseException:
            if is_new:
                shutil.rmtree(folder, ignore_errors=True)
            raise
        from django.core.management import call_command  # noqa: PLC0415 - Django is set up

        call_command("migrate", verbosity=0)
        length = sum(
            kept.size for name, kept in held.files.items() if name.startswith(("data/", "tables/"))
        )
        with _bar("Importing", length) as bar:
            faults = take_in(file, folder, held, step=bar.update)
    click.echo(f"Imported into {folder}: {held_words(held)}, as of {held.made_at}; all equal.")
    click.echo(
        "The secret keys were not in it: put yours there before you serve it, or everybody signs "
        "in again and checkpoints are signed with a new key."
    )
    say_missing(held)
    for body_id, fault in faults:
        click.echo(f"Body {body_id}: {fault.sentence}", err=True)
    if faults:
        raise SystemExit(1)
    click.echo("Every audit trail in it fits.")


@contextmanager
def _bar(label: str, length: int) -> Iterator[Any]:
    with click.progressbar(length=max(length, 1), label=label, file=sys.stderr) as bar:
        yield bar
