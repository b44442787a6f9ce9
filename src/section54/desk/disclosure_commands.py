"""Subject access and freedom of information on the command line: ``section54 disclose``."""

from pathlib import Path

import click
from django.utils import timezone

from section54.desk.audit_commands import open_data
from section54.desk.backup_commands import DATA, folder_of, to_be_stopped
from section54.engine.errors import BadInput


@click.command()
@DATA
@click.option("--person", default="", help="The e-mail address of a person.")
@click.option("--called", default="", help="With --person: the name, where no account says it.")
@click.option("--supplier", default="", help="The name of a supplier, or a part of it.")
@click.option("--body", default="", help="Only the body of this name; else all of them.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder for the answer.",
)
def disclose(
    data: Path | None, person: str, called: str, supplier: str, body: str, out: Path
) -> None:
    """Put together all that is held about one person or one supplier, for somebody to check.

    What may have to be withheld is marked with its reason. Concerns are never looked at.

    \b
    Example:
      section54 disclose --person sam@example.org --body "Your Constabulary" --out answer
    """
    if bool(person) == bool(supplier):
        raise BadInput("Name one of --person and --supplier.")
    if out.exists():
        raise BadInput(f"{out} is there already: name a new folder.")
    if not out.absolute().parent.is_dir():
        raise BadInput(f"There is no folder {out.absolute().parent} to put the answer into.")
    open_data(folder_of(data))
    from section54.desk import disclosure  # noqa: PLC0415 - Django must be set up
    from section54.desk.disclosure_changes import note_disclosure  # noqa: PLC0415
    from section54.desk.disclosure_files import files_of  # noqa: PLC0415
    from section54.organisations.models import Body  # noqa: PLC0415

    kind = "person" if person else "supplier"
    for one in (person or supplier, called or "not said"):
        if why := disclosure.why_refused(kind, one):
            raise BadInput(f"{why}.")
    bodies = list(Body.objects.filter(**({"name": body} if body else {})).order_by("name"))
    if not bodies:
        raise BadInput(f"No body is called {body!r} here: give its name as its pages show it.")
    with to_be_stopped("Stopped. Nothing was written."):
        click.echo("Looking through every table and ledger …", err=True)
        now = timezone.now()
        if person:
            found = disclosure.about_person(person, called, bodies, now)
        else:
            found = disclosure.about_supplier(supplier, bodies, now)
        files = files_of(found)
        note_disclosure(found=found, bodies=bodies, by=None, at=now)
        out.mkdir(mode=0o700)
        for name, content in files.items():
            (out / name).touch(mode=0o600)
            (out / name).write_bytes(content)
    click.echo(
        f"{out}: {found.count:,} records, {found.to_read:,} mentions to be read, "
        f"{found.marked:,} values marked. Start with working-copy.html."
    )
    for sentence in found.unknown:
        click.echo(f"Not known: {sentence}")
