"""Backups on the command line: ``section54 backup`` and ``section54 restore``."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from section54 import __version__
from section54.desk import backup as backups
from section54.engine.errors import BadInput


FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder of everything that is kept; else SECTION54_DATA or section54-data.",
)


@click.command()
@FILE
@DATA
@click.option("--with-keys", is_flag=True, help="Put the secret keys into the same file too.")
@click.option("--check", is_flag=True, help="Check a backup that is there; restore nothing.")
def backup(file: Path, data: Path | None, *, with_keys: bool, check: bool) -> None:
    """Put the database and its files into one new FILE; exit code 1 if any file was missing.

    It may run while the workbench runs. On PostgreSQL (SECTION54_DATABASE) it needs pg_dump and
    pg_restore. The secret keys are left out: keep them elsewhere.

    \b
    Example:
      section54 backup /media/safe/2026-11-24.tar.gz --data section54-data
    """
    if check:
        if with_keys or data is not None:
            raise BadInput("--check looks at FILE only: leave --data and --with-keys away.")
        with to_be_stopped("Stopped. Nothing was changed."), _checking(file) as step:
            held = backups.check_backup(file, step=step)
        click.echo(f"{file} is whole: {held_words(held)}, made {held.made_at}.")
    else:
        click.echo("Copying the database …", err=True)
        with (
            to_be_stopped("Stopped. No backup was written."),
            click.progressbar(length=1, label="Packing", file=sys.stderr) as bar,
        ):

            def total(count: int) -> None:
                bar.length = count

            held = backups.make_backup(
                folder_of(data),
                file,
                with_keys=with_keys,
                database=_on_postgresql(),
                step=bar.update,
                total=total,
            )
        click.echo(f"{file}: {held_words(held)}.")
        if with_keys:
            click.echo("It holds the secret keys: whoever has it can sign as you do.")
    say_missing(held)
    if held.missing:
        raise SystemExit(1)


@click.command()
@FILE
@DATA
def restore(file: Path, data: Path | None) -> None:
    """Restore a backup FILE into an empty or a new folder, checked before it takes its name.

    A backup of PostgreSQL also needs an empty database, which SECTION54_DATABASE names.

    \b
    Example:
      section54 restore /media/safe/2026-11-24.tar.gz --data section54-data
    """
    folder = folder_of(data)
    with (
        to_be_stopped("Stopped. Nothing was restored."),
        _checking(file) as step,
    ):
        held = backups.restore_backup(file, folder, database=_on_postgresql(), step=step)
    click.echo(f"Restored into {folder}: {held_words(held)}, as of {held.made_at}; all equal.")
    if held.program != __version__:
        click.echo(f"Made by version {held.program}; this is {__version__}.")
    if not held.with_keys:
        click.echo(
            "The secret keys were not in it: put yours there before you serve it, or everybody "
            "signs in again and checkpoints are signed with a new key."
        )
    click.echo(
        "If anything was erased since, run section54 purge --again with the newest erased.txt "
        "before you serve it."
    )
    say_missing(held)


def _on_postgresql() -> dict[str, Any] | None:
    """Return the database that the environment names; None: SQLite in the data folder.

    Raises:
        BadInput: what it names cannot be used.
    """
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415 - a second to import

    from section54.desk.database import database_named  # noqa: PLC0415

    try:
        named = database_named(Path())
    except ImproperlyConfigured as error:
        raise BadInput(str(error)) from error
    return named if named["ENGINE"].endswith("postgresql") else None


def folder_of(data: Path | None) -> Path:
    """Return the data folder that was named, here or in the environment."""
    return data or Path(os.environ.get("SECTION54_DATA", "section54-data"))


def held_words(held: backups.Contents) -> str:
    """Say how much a file holds."""
    return (
        f"{len(held.files):,} files ({held.size:,} bytes), "
        f"{len(held.tables):,} tables ({held.rows:,} rows)"
    )


def say_missing(held: backups.Contents) -> None:
    """Say which files that rows name were not there."""
    if held.missing:
        click.echo(
            f"{len(held.missing):,} files that rows name were not in the data folder when it was "
            f"made, the first {held.missing[0]}: look for them in an earlier backup.",
            err=True,
        )


@contextmanager
def _checking(file: Path) -> Iterator[backups.Step]:
    length = max(file.stat().st_size - backups.SEAL_BYTES, 1) if file.is_file() else 1
    with click.progressbar(length=length, label="Checking", file=sys.stderr) as bar:
        yield bar.update


@contextmanager
def to_be_stopped(words: str) -> Iterator[None]:
    """End with a sentence and exit code 130 where somebody presses Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(words, err=True)
        raise SystemExit(130) from None
