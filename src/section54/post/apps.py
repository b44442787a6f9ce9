"""Tells Django that the room is there, and what it does each day."""

from importlib import import_module

from django.apps import AppConfig


class PostConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.post"
    label = "post"

    def ready(self) -> None:
        """Make the room's texts, jobs and ways known, now that models can be read."""
        for module in ("daily", "invitations"):
            import_module(f"section54.post.{module}").register()
