"""Bring an installation to where it can be served: tables, a first user, something to look at."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from section54.desk.first_run import (
    bring_in,
    buyer_of,
    first_sign_ins,
    show_the_fictional_force,
    tell_colleagues,
)
from section54.desk.sample_people import bring_colleagues
from section54.organisations.models import Body
from section54.records.rows import everything


class Command(BaseCommand):
    """Safe to run at every start: what is there already is left as it is."""

    help = "Make the tables and the first user; bring in ledgers"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the options."""
        parser.add_argument("--body", default="Your body")
        parser.add_argument("--sample", action="store_true")
        parser.add_argument("ledgers", nargs="*", type=Path)

    @everything()
    def handle(self, **options: Any) -> None:
        """Do it, and say how to sign in."""
        if not settings.IS_LOCAL:
            raise CommandError(
                "set_up makes accounts with passwords in a file, for one machine: in production "
                "run migrate, then section54 begin."
            )
        call_command("migrate", verbosity=0)
        kind = Body.Kind.FORCE if options["sample"] else Body.Kind.OTHER
        people = first_sign_ins(options["body"], kind)
        body = Body.objects.earliest("created_at")
        if options["sample"]:
            tell_colleagues(bring_colleagues(body, people[0].password) if people else [])
            show_the_fictional_force(buyer_of(body), self.stdout.write)
        if options["ledgers"]:
            brought = bring_in(body, options["ledgers"], buyer_of(body))
            self.stdout.write(f"Your ledgers are import {brought.reference}: check it first.")
        for one, why in zip(people, ("Sign in", "To give others access, sign in"), strict=False):
            told = f"with the password {one.password}" if one.password else "with your password"
            self.stdout.write(f"{why} as {one.user.email} {told}")
