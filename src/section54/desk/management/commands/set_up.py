"""Bring an installation to where it can be served: tables, a first user, something to look at."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from section54.desk.first_run import (
    bring_in,
    clear_incoming,
    first_user,
    show_the_fictional_force,
)
from section54.organisations.models import Body


class Command(BaseCommand):
    """Safe to run at every start: what is there already is left as it is."""

    help = "Make the tables and the first user; bring in ledgers"

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the options."""
        parser.add_argument("--body", default="Your body")
        parser.add_argument("--sample", action="store_true")
        parser.add_argument("ledgers", nargs="*", type=Path)

    def handle(self, **options: Any) -> None:
        """Do it, and say how to sign in."""
        call_command("migrate", verbosity=0)
        clear_incoming(timezone.now())
        kind = Body.Kind.FORCE if options["sample"] else Body.Kind.OTHER
        first = first_user(options["body"], kind)
        if options["sample"]:
            show_the_fictional_force(first.user, self.stdout.write)
        if options["ledgers"]:
            body = Body.objects.order_by("created_at").first()
            if body is not None:
                brought = bring_in(body, options["ledgers"], first.user)
                self.stdout.write(f"Your ledgers are import {brought.reference}: check it first.")
        if first.password:
            self.stdout.write(f"Sign in as {first.user.email} with the password {first.password}")
        else:
            self.stdout.write(f"Sign in as {first.user.email} with the password that you chose.")
