"""The first administrator of a real body: ``section54 begin``."""

from pathlib import Path

import click
from django.core.management import call_command
from django.utils import timezone

from section54.desk.audit_commands import DATA, open_data
from section54.engine.errors import BadInput


KINDS = ("force", "commissioner", "council", "other")


@click.command()
@DATA
@click.option("--body", required=True, help="The body's name, as its reports should name it.")
@click.option("--kind", type=click.Choice(KINDS), default="other", show_default=True)
@click.option("--email", required=True, help="E-mail address of its administrator.")
@click.option("--name", required=True, help="Name of its administrator.")
def begin(data: Path | None, body: str, kind: str, email: str, name: str) -> None:
    """Invite an administrator of a body, which is made if it is not there; print the link once.

    Run it on the first day, and again where the last administrator is gone. Whoever opens the
    link chooses a password and is led through the set-up of the body.

    \b
    Example:
      section54 begin --body "Your Constabulary" --kind force \\
        --email ada@your-constabulary.police.uk --name "Ada Lamb"
    """
    open_data(data)
    from section54.desk.begin_changes import invite_administrator  # noqa: PLC0415 - as above

    call_command("migrate", verbosity=0)  # on the first day there are no tables yet
    words = {"name of the body": body, "name": name, "email address": email}
    for what, given in words.items():
        if not given.strip():
            raise BadInput(f"Say the {what}: it is empty.")
    invitation, link = invite_administrator(
        body_name=body.strip(),
        kind=kind,
        email=email.strip(),
        name=name.strip(),
        on=timezone.localdate(),
        at=timezone.now(),
    )
    until = timezone.localtime(invitation.expires_at)
    click.echo(f"For {invitation.name} alone; it works once, until {until:%H:%M on %d %B %Y}:")
    click.echo(link)
