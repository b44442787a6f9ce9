"""Tells Django that the room is there, and has it bind every table and connection to the rules."""

from importlib import import_module

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate


class RecordsConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.records"
    label = "records"

    def ready(self) -> None:
        """Register the checks and what is done after migrations and for new connections."""
        policies = import_module("section54.records.policies")
        rows = import_module("section54.records.rows")
        post_migrate.connect(policies.keep_policies, sender=self)
        connection_created.connect(rows.tell_new_connection)
