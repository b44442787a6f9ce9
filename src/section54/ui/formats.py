"""How the pages write figures, dates and times: the words of the report, made safe for any value.

The report's own functions take Decimals; a page also meets whole numbers from the database and
values that are not known.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from section54.engine.reports import charts, wording
from section54.engine.risk.model import Assessment, Reason, Tier


LONDON = ZoneInfo("Europe/London")
NOT_KNOWN = "not known"
UNITS = ("bytes", "KB", "MB", "GB", "TB")
LEAST_SEGMENT = Decimal("0.6")  # per cent of a bar; less cannot be seen


def decimal(number: Decimal | float | str) -> Decimal:
    """Return a number as a Decimal, with the digits that it shows."""
    return number if isinstance(number, Decimal) else Decimal(str(number))


def _of_number(write: Callable[[Decimal], str]) -> Callable[[Decimal | float | None], str]:
    def written(number: Decimal | float | None) -> str:
        return NOT_KNOWN if number is None else write(decimal(number))

    written.__doc__ = write.__doc__
    return written


pounds = _of_number(wording.pounds)
pounds_exact = _of_number(wording.pounds_exact)
pounds_short = _of_number(wording.pounds_short)
percent = _of_number(wording.percent)


def difference(amount: Decimal | float) -> str:
    """Return a difference in short pounds with its sign: ``+£12k``, ``−£950``, ``no change``.

    >>> difference(Decimal(12_000))
    '+£12k'
    """
    change = decimal(amount)
    words = wording.pounds_short(change)
    if words == wording.pounds_short(Decimal(0)):
        return "no change"
    return f"+{words}" if change > 0 else words


def number(whole: int | None) -> str:
    """Return ``1,061``, or ``not known``.

    >>> number(1061)
    '1,061'
    """
    return NOT_KNOWN if whole is None else f"{whole:,}"


def day(when: date | None) -> str:
    """Return ``1 April 2025``; for a moment, the day that it was in London."""
    if isinstance(when, datetime):
        when = london(when).date()
    return wording.day(when)


def london(moment: datetime) -> datetime:
    """Return a moment as London's clock shows it; a moment without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))
    return aware.astimezone(LONDON)


def clock(moment: datetime | None) -> str:
    """Return the time in London the GOV.UK way: ``2:05pm``, ``9am``, ``midday``, ``midnight``.

    >>> clock(datetime(2026, 7, 1, 13, 5, tzinfo=ZoneInfo("UTC")))
    '2:05pm'
    """
    if moment is None:
        return NOT_KNOWN
    local = london(moment)
    if local.minute == 0 and local.hour in {0, 12}:
        return "midnight" if local.hour == 0 else "midday"
    minutes = f":{local.minute:02}" if local.minute else ""
    return f"{local.hour % 12 or 12}{minutes}{'am' if local.hour < 12 else 'pm'}"


def when(moment: datetime | None) -> str:
    """Return the day and time in London: ``1 July 2026 at 2:05pm``.

    >>> when(datetime(2026, 1, 1, 9, 0, tzinfo=ZoneInfo("UTC")))
    '1 January 2026 at 9am'
    """
    return NOT_KNOWN if moment is None else f"{day(moment)} at {clock(moment)}"


def month(value: date | str) -> str:
    """Return ``Apr 2025`` from a date or from ``2025-04``."""
    return wording.month(f"{value:%Y-%m}" if isinstance(value, date) else value)


def file_size(size: int | None) -> str:
    """Return a size in decimal units: ``950 bytes``, ``52 KB``, ``1.2 MB``.

    >>> file_size(1_249_000)
    '1.2 MB'
    """
    if size is None:
        return NOT_KNOWN
    if size < 1000:
        return wording.count(size, "byte")
    shown = Decimal(size)
    for unit in UNITS[1:]:
        shown /= 1000
        least = Decimal("0.1") if unit != "KB" and shown < 10 else Decimal(1)
        rounded = shown.quantize(least, ROUND_HALF_UP)
        if rounded < 1000 or unit == UNITS[-1]:
            whole = rounded == rounded.to_integral_value()
            return f"{rounded.quantize(Decimal(1)) if whole else rounded:,} {unit}"
    return NOT_KNOWN  # never reached: the last unit always answers


def tier_of(value: Tier | str) -> Tier:
    """Return the tier that a value from the database names."""
    return Tier(value)


def letter(value: Tier | str) -> str:
    """Return the letter that tells a tier without colour: H, M, ?, L or –."""
    return charts.LETTERS[Tier(value)]


def slug(value: Tier | str) -> str:
    """Return the tier's name for a class or an id: ``not-applicable``."""
    return Tier(value).value.replace("_", "-")


def label(value: Tier | str) -> str:
    """Return the tier's name for people: ``Not applicable``."""
    return Tier(value).label


def sum_words(reasons: Iterable[Any], points: int | None, tier: Tier | str) -> str:
    """Return the sum as it can be read aloud: ``industry 6 + workforce 1 = 7 High``.

    Args:
        reasons: The engine's reasons, or mappings with indicator, points and because.
        points: The sum, or None where there is none.
        tier: The tier that the sum gives.
    """
    lines = tuple(
        Reason(indicator=one["indicator"], points=one["points"], because=one["because"])
        if isinstance(one, Mapping)
        else one
        for one in reasons
    )
    return wording.sum_words(Assessment(tier=Tier(tier), points=points, reasons=lines))


def length(part: Decimal | float, largest: Decimal | float) -> str:
    """Return a bar's length in per cent of the longest, from 0 to 100; a credit has no length."""
    amount, most = decimal(part), decimal(largest)
    if amount <= 0 or most <= 0:
        return "0"
    return charts.length(min(amount, most), most)


def segments(
    parts: Iterable[tuple[Tier | str, Decimal | float]], whole: Decimal | float
) -> list[tuple[Tier, str, str]]:
    """Return each part's place and width in per cent of one bar; a credit has no place.

    What is too small to be seen gets a little width, and the others give it.
    """
    all_of_it = decimal(whole)
    shown = [(Tier(tier), decimal(amount)) for tier, amount in parts]
    shown = [(tier, amount) for tier, amount in shown if amount > 0]
    positive = sum((amount for _, amount in shown), Decimal(0))
    if not shown or all_of_it <= 0:
        return []
    all_of_it = max(all_of_it, positive)
    widths = [max(amount / all_of_it * 100, LEAST_SEGMENT) for _, amount in shown]
    room = max(positive / all_of_it * 100, LEAST_SEGMENT * len(shown))
    scale = room / sum(widths)
    found = []
    x = Decimal(0)
    for (tier, _), width in zip(shown, widths, strict=True):
        found.append((tier, f"{x:.2f}", f"{width * scale:.2f}"))
        x += width * scale
    return found
