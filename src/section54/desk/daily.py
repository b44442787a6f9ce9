"""What the desk does each day: clear away what is over, and remind of roles that end soon."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path

from django.conf import settings
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.core.management import call_command
from django.db import connections, router
from django.urls import reverse
from django.utils import timezone

from section54.organisations.daily import carry_out_departures
from section54.organisations.models import Body, Grant, User
from section54.post import clock, reminders
from section54.records.models import subject_of


LEFT_BEHIND = timedelta(days=1)
TASKS_KEPT_DAYS = 14
MAY_GRANT = "people.change_of_others"


def clear_incoming(now: datetime) -> int:
    """Remove what uploads that broke off left behind a day ago or earlier; return how many."""
    count = 0
    for left in (Path(settings.DATA_DIR) / "incoming").glob("*"):
        if left.is_file() and left.stat().st_mtime < (now - LEFT_BEHIND).timestamp():
            left.unlink(missing_ok=True)
            count += 1
    return count


def clear_sessions(now: datetime) -> None:
    """Remove sessions that ran out, and the library's notes of tasks that are over."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    call_command("prune_db_task_results", min_age_days=TASKS_KEPT_DAYS, verbosity=0)


def clear_caches(now: datetime) -> int:
    """Remove what ran out from caches that are kept in the database; return how many rows."""
    count = 0
    for cache in caches.all(initialized_only=False):
        if not isinstance(cache, DatabaseCache):
            continue
        connection = connections[router.db_for_write(cache.cache_model_class)]
        expired = connection.ops.adapt_datetimefield_value(now.replace(microsecond=0))
        table = connection.ops.quote_name(cache.cache_model_class._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table} WHERE expires < %s", [expired])  # noqa: S608
            count += cursor.rowcount
    return count


def grants_ending(first: date, last: date) -> Iterator[reminders.Due]:
    """Return the grants that end between two days: to who has them, and to who may give them."""
    today = timezone.localdate()
    ending = Grant.objects.not_over(today).filter(ends_on__range=(first, last))
    for grant in ending.select_related("user", "body", "collaboration").order_by("ends_on", "pk"):
        home = Body.objects.get(pk=grant.home_id)
        role = f"role of {grant.role_name.lower()} in {grant.place}"
        people = dict.fromkeys(_may_grant(home, today), f"The {role} that {grant.user} has")
        if grant.user.is_active:
            people[grant.user] = f"Your {role}"
        for person, what in people.items():
            yield reminders.Due(
                body=home,
                subject=subject_of(grant),
                person=person,
                on=grant.ends_on or today,
                what=what,
                link=reverse("my-access")
                if person == grant.user
                else reverse("person", kwargs={"pk": grant.user_id}),
            )


def _may_grant(body: Body, today: date) -> list[User]:
    return reminders.who_may(MAY_GRANT, body, today)


def register() -> None:
    """Make the desk's own jobs and reminders known."""
    for name, title, run in (
        ("clear_incoming", "Remove what uploads that broke off left behind", clear_incoming),
        ("clear_sessions", "Remove sessions and notes of tasks that are over", clear_sessions),
        ("clear_caches", "Remove what ran out from caches in the database", clear_caches),
        ("departures", "Close the accounts of who left", carry_out_departures),
    ):
        clock.register(clock.ScheduledJob(name=name, title=title, run=run))
    reminders.register(
        reminders.ReminderKind(
            name="grant_ending",
            title="A role ends",
            find=grants_ending,
            steps=(-14, -1),
            is_due="ends on",
            was_due="ended on",
            handled_with=MAY_GRANT,
        )
    )
