"""What this room does each day: let go of who left, once their last day is over."""

from datetime import datetime

from django.utils import timezone

from section54.organisations.account_changes import carry_out
from section54.organisations.models import Departure


def carry_out_departures(at: datetime) -> int:
    """Carry out every departure whose last day is over; return how many accounts were closed."""
    today = timezone.localdate(at)
    due = Departure.objects.to_carry_out(today).select_related("user", "body", "recorded_by")
    return sum(carry_out(departure=departure, today=today, at=at) for departure in due)
