"""Bring the database's tables to this version."""

from typing import Any

from django.core.management.commands import migrate

from section54.desk.database import must_answer
from section54.records.rows import everything


class Command(migrate.Command):
    """Django's own, which may see every body's rows, or says why the database does not answer."""

    @everything()
    def execute(self, *args: Any, **options: Any) -> str | None:
        """Do it, with the checks before it."""
        must_answer()
        return super().execute(*args, **options)
