"""The audit trail on the command line: ``section54 verify`` and ``section54 checkpoint``."""

import os
from pathlib import Path

import click
import django
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from section54.engine.errors import BadInput


SETTINGS = "section54.desk.settings"
DATA = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=None,
    help="Folder of everything that is kept; else SECTION54_DATA or section54-data.",
)


def open_data(data: Path | None) -> None:
    """Set Django up for a data folder that is there."""
    folder = data or Path(os.environ.get("SECTION54_DATA", "section54-data"))
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}: name the data folder with --data.")
    os.environ["SECTION54_DATA"] = str(folder.absolute())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    os.environ.setdefault("SECTION54_PROFILE", "local")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        raise BadInput(str(error)) from error
    from section54.desk.database import must_answer  # noqa: PLC0415 - Django must be set up
    from section54.records.rows import everything_from_here  # noqa: PLC0415

    everything_from_here()
    must_answer()


@click.command()
@DATA
@click.option("--body", default="", help="Only the body of this name.")
@click.option(
    "--checkpoint",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A checkpoint that was sent outside; may be given more than once.",
)
@click.option(
    "--checkpoints",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of checkpoints outside, such as SECTION54_CHECKPOINT_DIR.",
)
@click.option(
    "--public-key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The public key that was sent with it; else checkpoint-key.pub in the folder outside, or "
    "in the data folder.",
)
def verify(
    data: Path | None,
    body: str,
    files: tuple[Path, ...],
    folder: Path | None,
    public_key: Path | None,
) -> None:
    """Check that nobody has written in the audit trail; exit code 1 if somebody has.

    It may run while the workbench runs. A chain that was cut short or rebuilt with new hashes
    shows only against a checkpoint that you keep elsewhere.

    \b
    Example:
      section54 verify --checkpoints /mnt/audit
      section54 verify --checkpoint april.txt --public-key checkpoint-key.pub
    """
    open_data(data)
    from section54.desk.audit_check import verify_all  # noqa: PLC0415 - Django must be set up

    if not verify_all(body=body, files=files, folder=folder, public_key=public_key, say=click.echo):
        raise SystemExit(1)


@click.command()
@DATA
def checkpoint(data: Path | None) -> None:
    """Sign where every body's audit trail ends, to be kept outside.

    \b
    Example:
      section54 checkpoint --data section54-data
    """
    open_data(data)
    from section54.records.checkpoints import (  # noqa: PLC0415 - Django must be set up
        BadCheckpointError,
        file_of,
        make_checkpoint,
        public_key_file,
    )

    try:
        made = make_checkpoint(timezone.now())
    except BadCheckpointError as error:
        raise BadInput(str(error)) from error
    for one in made:
        click.echo(f"{one.lines:,} lines signed: {file_of(one)}")
    click.echo(f"Send them outside. Whoever checks needs {public_key_file()} too.")
