"""Tells Django that the room is there."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.records"
    label = "records"
