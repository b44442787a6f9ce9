"""Bring the database's tables to this version."""

from typing import Any

from django.core.management.commands import migrate

from section54.desk.database import must_answer
from section54.records.rows import everything


class Command(migrate.Command):
    """Django's own, which may see every body's rows."""

    @everything()
    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, or say why the database does not answer."""
        must_answer()
        super().handle(*args, **options)
