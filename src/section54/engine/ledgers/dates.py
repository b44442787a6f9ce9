"""Dates as ledgers write them: every UK form, Excel serials, and American ones when proven."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


EARLIEST, LATEST = date(1990, 1, 1), date(2099, 12, 31)
# Excel counts days from 30 December 1899 (it believes in 29 February 1900).
EXCEL_EPOCH = date(1899, 12, 30)
LONDON = ZoneInfo("Europe/London")

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january",
            "feb february",
            "mar march",
            "apr april",
            "may",
            "jun june",
            "jul july",
            "aug august",
            "sep sept september",
            "oct october",
            "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}
_TIME = re.compile(
    r"(?:[T\s]+)(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?\s*(am|pm)?\s*(?:Z|[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$")
_COMPACT = re.compile(r"(19|20)(\d{2})(\d{2})(\d{2})$")
_COMPACT_DAY_FIRST = re.compile(r"(\d{2})(\d{2})((?:19|20)\d{2})$")
_NUMERIC = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})$")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ,]*([a-z]{3,9})\.?[-/. ,]*(\d{4}|\d{2})$")
_MONTH_DAY = re.compile(r"([a-z]{3,9})\.?[-/. ]*(\d{1,2})(?:st|nd|rd|th)?[-/. ,]+(\d{4}|\d{2})$")
_WEEKDAY = re.compile(r"^(?:mon|tue|tues|wed|weds|thu|thur|thurs|fri|sat|sun)(?:[a-z]*day)?[,. ]+")
_MONTH_YEAR = re.compile(r"([a-z]{3,9})\.?[-/. ,']*(\d{4}|\d{2})$")
_YEAR_MONTH = re.compile(r"(20\d{2})[-/. ]?(0[1-9]|1[0-2])$")
_SERIAL = re.compile(r"(\d{5})(?:\.(\d+))?$")


@dataclass(frozen=True, slots=True)
class DateOrder:
    """What a column proved about its dates.

    Attributes:
        month_first: The separators after which the month comes first (``{"/"}``), proven by values
            that are no date otherwise.
        summer_midnight: Midnights of British Summer Time were written as 23:00 the day before.
    """

    month_first: frozenset[str] = frozenset()
    summer_midnight: bool = False


DAY_FIRST = DateOrder()


def order_of(values: Iterable[str]) -> DateOrder:
    """Say how a column of dates is to be read: day first, unless the column proves otherwise.

    A separator is month-first when some value has a second number over 12 and none has a first
    number over 12. Values at 23:00 are midnights an hour early when every other time is midnight.
    """
    day_first: set[str] = set()
    month_first: set[str] = set()
    times: set[str] = set()
    for value in values:
        text, hour = _split_time(value.strip().lower())
        if hour is not None:
            times.add(hour)
        if match := _NUMERIC.match(text):
            first, separator, second = int(match[1]), match[2], int(match[3])
            if first > 12 >= second:
                day_first.add(separator)
            elif second > 12 >= first:
                month_first.add(separator)
    late = "23:00" in times and times <= {"23:00", "00:00"}
    return DateOrder(frozenset(month_first - day_first), summer_midnight=late)


def parse_date(text: str, order: DateOrder = DAY_FIRST) -> date | None:
    """Return the day a cell names, or None when it names none (a quarter names no day).

    Understands ``3/4/2018`` (3 April), ``03-Apr-18``, ``3rd April 2018``, ``April 3, 2018``,
    ``2018-04-03``, ``20180403``, ``03042018``, Excel serials (``43193``) and any of them with a
    time; days outside 1990 to 2099 are None, and a month is its first day. A time of 01:00 (a
    midnight moved by summer time) is dropped.

    >>> parse_date("03-Apr-18"), parse_date("43193"), parse_date("Q1 2018")
    (datetime.date(2018, 4, 3), datetime.date(2018, 4, 3), None)
    """
    value = text.replace("\xa0", " ").strip().strip("'").lower()
    if not value or not any(char.isdigit() for char in value):
        return None
    value, hour = _split_time(value)
    day = _day(_WEEKDAY.sub("", value), order)
    if day is None or not EARLIEST <= day <= LATEST:
        return None
    if order.summer_midnight and hour == "23:00" and _in_summer_time(day + timedelta(days=1)):
        day += timedelta(days=1)
    return day


def names_a_period(text: str) -> bool:
    """Say whether a cell names a time without a day: ``Q1 2018/19``, ``April to June 2018``."""
    words = re.findall(r"[a-z]+|\d+", text.lower())
    year = any(re.fullmatch(r"(?:19|20)\d{2}", word) for word in words)
    month = any(
        word in _MONTHS or re.fullmatch(r"q|quarter|period|week|month", word) for word in words
    )
    return month and (year or len(words) == 2) and len(words) <= 8


def _split_time(value: str) -> tuple[str, str | None]:
    if match := _TIME.search(value):
        hour = int(match[1]) % 24
        if match[4]:
            hour = hour % 12 + (12 if match[4].lower() == "pm" else 0)
        return value[: match.start()].strip(), f"{hour:02}:{match[2]}"
    return value, None


def _day(value: str, order: DateOrder) -> date | None:
    if match := _ISO.match(value):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if (match := _COMPACT.match(value)) and int(match[3]) <= 12:
        return _date(int(match[1] + match[2]), int(match[3]), int(match[4]))
    if match := _COMPACT_DAY_FIRST.match(value):
        return _date(int(match[3]), int(match[2]), int(match[1]))
    if match := _NUMERIC.match(value):
        first, second, year = int(match[1]), int(match[3]), _year(match[4])
        if match[2] in order.month_first or second > 12 >= first:
            first, second = second, first
        return _date(year, second, first)
    if match := _DAY_MONTH.match(value):
        return _date(_year(match[3]), _MONTHS.get(match[2], 0), int(match[1]))
    if match := _MONTH_DAY.match(value):
        return _date(_year(match[3]), _MONTHS.get(match[1], 0), int(match[2]))
    if match := _MONTH_YEAR.match(value):
        return _date(_year(match[2]), _MONTHS.get(match[1], 0), 1)
    if match := _YEAR_MONTH.match(value):
        return _date(int(match[1]), int(match[2]), 1)
    if match := _SERIAL.match(value):
        return EXCEL_EPOCH + timedelta(days=int(match[1]))
    return None


def _year(text: str) -> int:
    year = int(text)
    return year if len(text) == 4 else (2000 if year < 70 else 1900) + year


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _in_summer_time(day: date) -> bool:
    midnight = datetime(day.year, day.month, day.day, tzinfo=LONDON)
    return bool(midnight.utcoffset())
