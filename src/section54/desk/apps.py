"""Tells Django that the room is there."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.desk"
    label = "desk"
