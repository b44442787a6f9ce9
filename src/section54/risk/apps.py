"""Tells Django that the room is there, and what of it needs somebody."""

from importlib import import_module

from django.apps import AppConfig


class RiskConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.risk"
    label = "risk"

    def ready(self) -> None:
        """Make the room's part of the work list and its reminders known."""
        import_module("section54.risk.attention").register()
