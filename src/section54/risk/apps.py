"""Tells Django that the room is there, and what of it needs somebody."""

from importlib import import_module

from django.apps import AppConfig


class RiskConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.risk"
    label = "risk"

    def ready(self) -> None:
        """Make known what of the room needs somebody, and what can be handed over."""
        for module in ("attention", "work"):
            import_module(f"section54.risk.{module}").register()
