"""Tells Django that the room is there."""

from django.apps import AppConfig


class SpendConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.spend"
    label = "spend"
