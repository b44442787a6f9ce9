"""Tells Django that the room is there, what it does each day, and to hear who signs in."""

from importlib import import_module

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """The room, by its short name."""

    name = "section54.desk"
    label = "desk"

    def ready(self) -> None:
        """Hear of every sign-in and refused code; make the desk's jobs and lines known."""
        account = import_module("allauth.account.signals")
        mfa = import_module("allauth.mfa.signals")
        sign_in = import_module("section54.desk.sign_in")
        account.user_logged_in.connect(sign_in.on_signed_in)
        mfa.authentication_failed.connect(sign_in.on_factor_refused)
        for module in (
            "daily",
            "work_list",
            "health",
            "retention_purge",
            "checkpoints",
            "first_day",
        ):
            import_module(f"section54.desk.{module}").register()
