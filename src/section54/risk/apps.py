"""Tells Django that the room is there."""

from django.apps import AppConfig


class RiskConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.risk"
    label = "risk"
