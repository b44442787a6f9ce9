"""Tells Django that the room is there, and has it check every view at start-up."""

from importlib import import_module

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.organisations"
    label = "organisations"

    def ready(self) -> None:
        """Register the start-up check, now that models can be read."""
        import_module("section54.organisations.checks")
