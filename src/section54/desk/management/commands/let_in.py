"""Let somebody in again who lost their password or second factor: for whoever runs Section54."""

import secrets
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from section54.desk.sign_in_changes import let_in_again
from section54.organisations.models import User
from section54.records.rows import everything


class Command(BaseCommand):
    """Gives a new password once; whatever else opened the account opens it no more."""

    help = (
        "Give somebody a new password; end their sessions and keys for programs, and remove their "
        "second factors and their link to the sign-in service"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Name the option."""
        parser.add_argument("email", help="Whose: the e-mail address of the account")

    @everything()
    def handle(self, **options: Any) -> None:
        """Do it, and say the password this once.

        Raises:
            CommandError: no open account has the address.
        """
        user = User.objects.filter(email__iexact=options["email"], is_active=True).first()
        if user is None:
            raise CommandError(f"No open account has the address {options['email']}.")
        password = "-".join(secrets.token_hex(3) for _ in range(4))
        let_in_again(user=user, password=password, at=timezone.now())
        self.stdout.write(
            f"{user.name} can sign in with the password {password} and should change it. "
            "Their second factors, their sessions, their keys for programs and their link to a "
            "sign-in service are gone: they set up again what they need. "
            "Make sure that it is they who asked."
        )
