"""Tells Django that the room is there."""

from django.apps import AppConfig


class PostConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.post"
    label = "post"
