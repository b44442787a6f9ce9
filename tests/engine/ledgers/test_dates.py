"""Every way in which ledgers write a day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from section54.engine.ledgers.dates import (
    EARLIEST,
    EXCEL_EPOCH,
    LATEST,
    names_a_period,
    order_of,
    parse_date,
)


THIRD_OF_APRIL = date(2018, 4, 3)
DAYS = st.dates(min_value=EARLIEST, max_value=LATEST)
MODERN = st.dates(min_value=date(2000, 1, 1), max_value=date(2069, 12, 31))


@pytest.mark.parametrize(
    "written",
    [
        *["3/4/2018", "03/04/2018", "03/04/18", "3-4-2018", "03-04-2018", "3.4.18", "03.04.2018"],
        *["03 04 2018", "03042018", "03-Apr-18", "03-APR-2018", "3 Apr 2018", "3 April 2018"],
        *["3rd April 2018", "3rd of April, 2018".replace("of ", ""), "03Apr2018", "03/Apr/2018"],
        *["April 3, 2018", "Apr 3 2018", "Tuesday 3 April 2018", "Tue, 03 Apr 2018"],
        *["2018-04-03", "2018/04/03", "2018.04.03", "20180403", "2018-4-3"],
        *["43193", "43193.0", "43193.75", "'03/04/2018", " 03/04/2018 ", "\xa003/04/2018"],
        *["03/04/2018 00:00", "03/04/2018 00:00:00", "2018-04-03T00:00:00", "2018-04-03 00:00:00"],
        *["2018-04-03T00:00:00Z", "2018-04-03 14:05:59.123", "03/04/2018 2:05 PM"],
        *["03-APR-2018 00:00:00", "2018/04/03 00:00:00", "2018-04-03 00:00:00+01:00"],
    ],
)
def test_every_form_of_the_third_of_april(written: str) -> None:
    assert parse_date(written) == THIRD_OF_APRIL


@pytest.mark.parametrize("written", ["03/04/2018 01:00", "2018-04-03 01:00:00"])
def test_the_hour_that_summer_time_adds_to_midnight_is_dropped(written: str) -> None:
    assert parse_date(written) == THIRD_OF_APRIL


@pytest.mark.parametrize("written", ["Apr-18", "April 2018", "2018-04", "201804", "Apr 18"])
def test_a_month_is_its_first_day(written: str) -> None:
    assert parse_date(written) == date(2018, 4, 1)


@pytest.mark.parametrize(
    "written",
    [
        *["", "-", "n/a", "Q1 2018/19", "April to June 2018", "2018", "2018/19", "31/04/2018"],
        *["30/02/2018", "00/00/0000", "01/01/0001", "01/01/1900", "12:30", "1234.50", "3/4"],
        *["99999999", "INV 3/4/2018", "03/04", "P04/2018", "4/2018"],
    ],
)
def test_what_names_no_day_gives_none(written: str) -> None:
    assert parse_date(written) is None


def test_days_come_first_unless_the_column_proves_otherwise() -> None:
    assert parse_date("03/04/2018", order_of(["03/04/2018", "05/04/2018"])) == THIRD_OF_APRIL
    american = order_of(["04/03/2018", "04/13/2018"])
    assert parse_date("04/03/2018", american) == THIRD_OF_APRIL


def test_a_column_that_proves_both_orders_is_read_day_first() -> None:
    mixed = order_of(["04/13/2018", "13/04/2018", "03/04/2018"])
    assert parse_date("03/04/2018", mixed) == THIRD_OF_APRIL


def test_a_separator_proves_its_order_for_itself_alone() -> None:
    order = order_of(["04/13/2018", "13-04-2018"])
    assert parse_date("04/03/2018", order) == THIRD_OF_APRIL
    assert parse_date("03-04-2018", order) == THIRD_OF_APRIL


def test_a_day_that_only_the_american_order_allows_is_read_so() -> None:
    assert parse_date("04/13/2018") == date(2018, 4, 13)


def test_midnights_of_summer_written_as_eleven_at_night_belong_to_the_next_day() -> None:
    order = order_of(["2018-04-02 23:00:00", "2018-12-02 00:00:00"])
    assert parse_date("2018-04-02 23:00:00", order) == THIRD_OF_APRIL
    assert parse_date("2018-12-02 23:00:00", order) == date(2018, 12, 2)


def test_eleven_at_night_is_itself_where_the_column_has_other_times() -> None:
    order = order_of(["2018-04-03 23:00:00", "2018-04-03 14:10:00"])
    assert parse_date("2018-04-03 23:00:00", order) == THIRD_OF_APRIL


@pytest.mark.parametrize("written", ["Q1 2018", "Quarter 1", "April to June 2018", "Period 4 2018"])
def test_a_quarter_is_a_period_and_not_a_day(written: str) -> None:
    assert names_a_period(written)


@given(
    day=DAYS,
    form=st.sampled_from(
        [
            *["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y-%m-%d", "%Y%m%d", "%d%m%Y", "%d-%b-%Y"],
            *["%d %B %Y", "%Y/%m/%d 00:00:00", "%A %d %B %Y", "%B %d, %Y", "%d/%m/%Y 01:00"],
        ]
    ),
)
def test_a_day_that_is_written_is_read_back(day: date, form: str) -> None:
    assert parse_date(day.strftime(form)) == day


@given(day=MODERN, form=st.sampled_from(["%d/%m/%y", "%d-%b-%y", "%d.%m.%y"]))
def test_two_digits_of_a_year_are_of_this_century_up_to_2069(day: date, form: str) -> None:
    assert parse_date(day.strftime(form)) == day


@given(day=DAYS)
def test_an_excel_serial_is_read_back(day: date) -> None:
    assert parse_date(str((day - EXCEL_EPOCH) // timedelta(days=1))) == day


@given(
    st.text(alphabet="0123456789/-. :TZaprilsun,", max_size=16) | st.text(),
    st.lists(st.text(alphabet="0123456789/: ", max_size=16), max_size=4),
)
def test_any_text_gives_a_day_in_range_or_none(written: str, column: list[str]) -> None:
    day = parse_date(written, order_of(column))
    assert day is None or EARLIEST <= day <= LATEST + timedelta(days=1)
    assert names_a_period(written) in (True, False)
