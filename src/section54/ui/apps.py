"""Tells Django that the pages' look is there."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """The design system, by its short name."""

    name = "section54.ui"
    label = "ui"
