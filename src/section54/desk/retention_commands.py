"""Retention on the command line: ``section54 purge``."""

import csv
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from django.utils import timezone

from section54.desk.audit_commands import open_data
from section54.desk.backup_commands import DATA, folder_of, to_be_stopped
from section54.engine.errors import BadInput
from section54.engine.reports.cells import safe_cell


COLUMNS = ("Rule", "What", "Kept for", "Since", "Goes on", "Then", "Body", "Record", "Held by")


@click.command()
@DATA
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    help="The day to go by; today if not said. One to come can only be rehearsed.",
)
@click.option("--rehearse", is_flag=True, help="Only say what would go.")
@click.option(
    "--list",
    "listed",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --rehearse: write each record into this new CSV file.",
)
@click.option(
    "--again",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="After a restore: remove again what this list of erased records names.",
)
def purge(
    data: Path | None,
    day: datetime | None,
    *,
    rehearse: bool,
    listed: Path | None,
    again: Path | None,
) -> None:
    """Remove what is past its period, and the files that go with it; held records stay.

    It may be stopped and run again. Exit code 1 if a record stays because another relies on it.

    \b
    Examples:
      section54 purge --rehearse --on 2027-04-01 --list would-go.csv
      section54 purge
    """
    if listed is not None and not rehearse:
        raise BadInput("--list goes with --rehearse: add it.")
    open_data(folder_of(data))
    from section54.desk import retention, retention_purge  # noqa: PLC0415 - Django must be set up

    on = day.date() if day else timezone.localdate()
    marks = retention_purge.marks_in(again) if again else None
    words = {rule.name: rule for rule in retention.rules()}
    if rehearse:
        found = retention.due(on, marks=marks)
        _say("would go", Counter(one.rule.name for one in found if not one.held), words, on)
        _say_held(sum(1 for one in found if one.held))
        if listed is not None:
            _write_list(listed, found)
        click.echo("Nothing was removed.")
        return
    with (
        to_be_stopped("Stopped. What had gone is gone, the rest is whole: run it again."),
        click.progressbar(length=1, label="Removing", file=sys.stderr) as bar,
    ):

        def total(count: int) -> None:
            bar.length = count

        done = retention_purge.purge(
            on, at=timezone.now(), marks=marks, step=bar.update, total=total
        )
    _say("went", done.removed, words, on)
    click.echo(f"{done.files:,} files and folders that nothing names any more went with them.")
    _say_held(len(done.held))
    click.echo("Backups that you have made still hold it: they are outside of this command.")
    if sum(done.removed.values()):
        listed_in = retention_purge.erased_file()
        click.echo(f"Keep {listed_in} apart from the backups: after a restore it is needed.")
    if done.relied_on:
        first = done.relied_on[0].one.what
        click.echo(f"{len(done.relied_on):,} stay, as others rely on them: {first} is one.")
        raise SystemExit(1)


def _say(went: str, counts: Counter[str], words: Mapping[str, Any], on: date) -> None:
    told = [(name, count) for name, count in counts.items() if count]
    if not told:
        click.echo(f"On {on} nothing {went}.")
    for name, count in told:
        rule = words[name]
        click.echo(f"{count:,} {went}: {rule.what}, kept {rule.keep.words}.")


def _say_held(count: int) -> None:
    if count:
        click.echo(f"{count:,} past their period stay, as tables/holds.csv holds them.")


def _write_list(file: Path, found: Sequence[Any]) -> None:
    from section54.organisations.models import Body  # noqa: PLC0415 - Django must be set up

    names = dict(Body.objects.values_list("pk", "name"))
    try:
        out = file.open("x", encoding="utf-8-sig", newline="")
    except FileExistsError as error:
        raise BadInput(f"{file} is there already: name a new file.") from error
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}.") from error
    with out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for due in found:
            row = (
                due.rule.what,
                due.one.what,
                due.rule.keep.words,
                due.one.start,
                due.goes_on,
                due.rule.then_words,
                names.get(due.one.body_id, ""),
                due.one.label,
                f"{due.held.owner}: {due.held.why}" if due.held else "",
            )
            writer.writerow(safe_cell(cell) if isinstance(cell, str) else cell for cell in row)
