"""Every way in which ledgers write pounds."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from section54.engine.ledgers.amounts import parse_amount


PENNIES = st.integers(min_value=-(10**13), max_value=10**13).map(lambda p: Decimal(p) / 100)


@pytest.mark.parametrize(
    ("written", "pounds"),
    [
        ("1234.50", "1234.50"),
        ("£1,234.50", "1234.50"),
        ("£ 1,234.50 ", "1234.50"),
        ("1,234,567.89", "1234567.89"),
        ("1,234", "1234.00"),
        ("1 234.50", "1234.50"),
        ("1\xa0234.50", "1234.50"),
        ("1, 234.50", "1234.50"),
        ("1,234.50 £", "1234.50"),
        ("GBP 1,234.50", "1234.50"),
        ("GBP1,234.50", "1234.50"),
        ("1,234.50 GBP", "1234.50"),
        ("œ1,234.50", "1234.50"),
        ("\ufffd1,234.50", "1234.50"),
        ("?1,234.50", "1234.50"),
        ("Â£1,234.50", "1234.50"),
        (".97", "0.97"),
        ("5.", "5.00"),
        ("+5", "5.00"),
        ("0", "0.00"),
        ("0.00", "0.00"),
        ("1.5E+03", "1500.00"),
        ("'12.00", "12.00"),
        ('"12.00"', "12.00"),
        ("12.345", "12.35"),
        ("5.00 DR", "5.00"),
        ("5.00DR", "5.00"),
        ("-1,234.50", "-1234.50"),
        ("- 1,234.50", "-1234.50"),
        ("−1,234.50", "-1234.50"),
        ("–1,234.50", "-1234.50"),
        ("1,234.50-", "-1234.50"),
        ("1,234.50 -", "-1234.50"),
        ("-£1,234.50", "-1234.50"),
        ("£-1,234.50", "-1234.50"),
        ("(1,234.50)", "-1234.50"),
        ("(£1,234.50)", "-1234.50"),
        ("£(1,234.50)", "-1234.50"),
        ("( 1,234.50 )", "-1234.50"),
        ("5.00 CR", "-5.00"),
        ("5.00CR", "-5.00"),
        ("5.00 Cr.", "-5.00"),
        ("CR 5.00", "-5.00"),
        ("CR5.00", "-5.00"),
    ],
)
def test_a_cell_gives_its_pounds(written: str, pounds: str) -> None:
    assert parse_amount(written) == Decimal(pounds)


@pytest.mark.parametrize("written", ["(-5.00)", "-(5.00)", "-5.00 CR", "(5.00) CR", "5.00- CR"])
def test_two_signs_on_a_credit_say_it_twice_and_do_not_cancel(written: str) -> None:
    assert parse_amount(written) == Decimal("-5.00")


@pytest.mark.parametrize(
    "written",
    [
        *["", " ", "-", " -   ", "£", "£-", "()", ".", "n/a", "REDACTED", "Amount", "5%", "1.2.3"],
        *["12-34", "01/04/2025", "1 April 2025", "1.234,56", "12,34", "INV1234", "CR1234", "5E3"],
        *["1e999", "9" * 16, "£1m", "12:30", "CR5 1AA", "\uff11\uff12"],
    ],
)
def test_what_names_no_pounds_gives_none(written: str) -> None:
    assert parse_amount(written) is None


@pytest.mark.parametrize(
    ("written", "pounds"), [("0.005", "0.01"), ("0.0049", "0.00"), ("-0.005", "-0.01")]
)
def test_half_a_penny_rounds_away_from_nothing(written: str, pounds: str) -> None:
    assert parse_amount(written) == Decimal(pounds)


def test_a_negative_nothing_is_nothing() -> None:
    assert str(parse_amount("-0.001")) == "0.00"


def test_amounts_stop_below_a_quadrillion() -> None:
    assert parse_amount("999999999999999.99") == Decimal("999999999999999.99")
    assert parse_amount("1000000000000000") is None


@given(
    pounds=PENNIES,
    pattern=st.sampled_from(["{:.2f}", "{:,.2f}", "£{:,.2f}", "£ {:,.2f} ", "GBP {:.2f}"]),
    credit=st.sampled_from(["-{}", "({})", "{}-", "{} CR", "{}CR", "−{}", "(-{})"]),
)
def test_what_is_written_is_read_back(pounds: Decimal, pattern: str, credit: str) -> None:
    written = pattern.format(abs(pounds))
    if pounds < 0:
        written = credit.format(written.strip())
    assert parse_amount(written) == pounds


@given(st.text(alphabet="0123456789.,-+() £$CRDRE'\"\xa0−?œGBPx%/", max_size=14) | st.text())
def test_any_text_gives_pounds_to_the_penny_or_none(written: str) -> None:
    pounds = parse_amount(written)
    assert pounds is None or pounds == round(pounds, 2) < Decimal(10) ** 15
