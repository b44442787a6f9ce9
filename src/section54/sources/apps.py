"""Tells Django that the room is there, and what of it can be handed over."""

from importlib import import_module

from django.apps import AppConfig


class SourcesConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.sources"
    label = "sources"

    def ready(self) -> None:
        """Make the kind of work known that is a person's."""
        import_module("section54.sources.work").register()
