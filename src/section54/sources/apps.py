"""Tells Django that the room is there."""

from django.apps import AppConfig


class SourcesConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.sources"
    label = "sources"
