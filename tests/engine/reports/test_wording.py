from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.reports.make_review import REDACTED, UNKNOWN_KIND, fenland, payee, review_of

from section54.engine.identity.model import PayeeKind
from section54.engine.reports.wording import (
    NAME_WITHHELD,
    bought_words,
    call_first,
    count,
    is_hidden,
    listed,
    month,
    payees_words,
    percent,
    percents,
    period,
    plain,
    pounds,
    pounds_exact,
    pounds_short,
    shown_because,
    shown_name,
    shown_reasons,
    shown_spellings,
    spent_at_risk,
    sum_words,
    unknown_spend,
)
from section54.engine.risk.model import Assessment, Reason, Tier


@pytest.mark.parametrize(
    ("amount", "short", "whole", "exact"),
    [
        ("0", "£0", "£0", "£0.00"),
        ("0.5", "£1", "£1", "£0.50"),
        ("9999.49", "£9,999", "£9,999", "£9,999.49"),
        ("9999.50", "£10k", "£10,000", "£9,999.50"),
        ("999499.99", "£999k", "£999,500", "£999,499.99"),
        ("999500", "£1.0m", "£999,500", "£999,500.00"),
        ("4249999", "£4.2m", "£4,249,999", "£4,249,999.00"),
        ("4250000", "£4.3m", "£4,250,000", "£4,250,000.00"),
        ("1200000000", "£1.2bn", "£1,200,000,000", "£1,200,000,000.00"),
        ("-51234.005", "\N{MINUS SIGN}£51k", "\N{MINUS SIGN}£51,234", "\N{MINUS SIGN}£51,234.01"),
        ("-0.001", "£0", "£0", "£0.00"),
    ],
)
def test_money_rounds_half_up_and_never_shows_a_minus_nothing(amount, short, whole, exact):
    value = Decimal(amount)
    assert (pounds_short(value), pounds(value), pounds_exact(value)) == (short, whole, exact)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        ("0", "0%"),
        ("0.0001", "under 1%"),
        ("0.005", "1%"),
        ("0.125", "13%"),
        ("0.9949", "99%"),
        ("0.995", "over 99%"),
        ("0.99999", "over 99%"),
        ("1", "100%"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(share, words):
    assert percent(Decimal(share)) == words


def test_dates_counts_and_lists_read_like_english():
    assert period((date(2025, 4, 1), date(2026, 3, 31))) == "1 April 2025 to 31 March 2026"
    assert period((None, None)) == "dates not known"
    assert month("2025-04") == "Apr 2025"
    assert month("no date") == "no date"
    assert (count(1, "payee"), count(1061, "payee")) == ("1 payee", "1,061 payees")
    assert (listed(["a"]), listed(["a", "b", "c"])) == ("a", "a, b and c")


def test_the_sum_can_be_read_aloud():
    reasons = (
        Reason(indicator="industry", points=6, because=""),
        Reason(indicator="price", points=0, because=""),
        Reason(indicator="workforce", points=1, because=""),
    )
    high = Assessment(tier=Tier.HIGH, points=7, reasons=reasons)
    assert sum_words(high) == "industry 6 + workforce 1 = 7 High"
    unknown = Assessment(tier=Tier.UNKNOWN, points=None, reasons=())
    assert sum_words(unknown) == "No sum: unknown"


@settings(deadline=None)
@given(st.text())
def test_plain_text_has_one_line_and_cannot_turn_around_or_move_a_cursor(text):
    shown = plain(text)
    assert shown == plain(shown)
    assert not set(shown) & set("\n\r\t\0\x1b\u202e\u2066\u200f\u2028")


def test_a_person_is_never_named_even_when_the_review_forgot_to_hide_the_name():
    person = payee("Jo Example", PayeeKind.INDIVIDUAL, "individuals_redacted", "10.00")
    forgot = replace(person, public_name="Jo Example")
    for who in (person, forgot):
        assert is_hidden(who)
        shown = [shown_name(who), *shown_spellings(who), shown_because(who, "Jo Example, plumber")]
        shown += [reason.because for reason in shown_reasons(who)]
        assert "Jo" not in " ".join(shown)
    assert shown_name(forgot) == NAME_WITHHELD


def test_a_payee_with_another_public_name_keeps_its_spellings_to_itself():
    trader = replace(payee("Sam Example Plumbing"), public_name="A sole trader")
    assert shown_name(trader) == "A sole trader"
    assert shown_spellings(trader) == ()
    assert "Sam" not in shown_because(trader, "Sam mends pipes")


def test_only_suppliers_with_a_name_are_called():
    first = call_first(fenland().suppliers, 99)
    assert {supplier.tier for supplier in first} == {Tier.HIGH}
    redacted = payee("REDACTED", REDACTED, "cleaning", "9000000.00")
    assert redacted.tier is Tier.HIGH
    assert call_first([redacted, payee("Fenland Contract Cleaning")], 5)[0].name.startswith("Fen")


def test_only_the_pounds_of_the_risky_work_decide_who_is_called_first():
    radio = payee("Fen Calls", code="ict_hardware_electronics", amount="100.00", number=1)
    calls = payee("Fen Calls", code="fuel_energy", amount="2000000.00").categories
    both = replace(radio, categories=(*calls, *radio.categories), amount=Decimal("2000100.00"))
    assert spent_at_risk(both) == Decimal("100.00")
    cleaner = payee("Fenland Contract Cleaning", amount="5000.00", number=2)
    made = review_of([both, cleaner])
    assert [s.name for s in call_first(made.suppliers, 5)] == [cleaner.name, both.name]


def test_a_supplier_with_more_credits_than_payments_is_not_called():
    assert call_first([payee("Fenland Contract Cleaning", amount="-0.01")], 5) == []
    assert call_first([payee("Fenland Contract Cleaning", amount="0.00")], 5) == []
    assert len(call_first([payee("Fenland Contract Cleaning", amount="0.01")], 5)) == 1


def test_suppliers_are_counted_apart_from_payees_that_cannot_be_called():
    firm = payee("Fenland Contract Cleaning")
    council = payee("Ely County Council", PayeeKind.PUBLIC_BODY)
    assert payees_words([firm]) == "1 supplier"
    assert payees_words([firm, firm, council]) == "2 suppliers, and 1 other payee"
    words = payees_words([council, council], "public bodies")
    assert words == "no named supplier, but 2 other payees (public bodies)"


def test_what_was_bought_leaves_out_what_is_hardly_any_of_it_and_names_the_variant():
    def part(code, amount, variant=""):
        made = payee("Fen", code=code, amount=amount).categories[0]
        return replace(made, variant=variant)

    # At risk 100 in all: 5% is named, a penny less is not.
    parts = (part("cleaning", "95.00"), part("construction", "5.00", "professional"))
    both = replace(payee("Fen", amount="100.00"), categories=parts)
    assert bought_words(both) == "Cleaning and Construction works, professional grades"
    parts = (part("cleaning", "95.01"), part("construction", "4.99"))
    assert bought_words(replace(both, categories=parts)) == "Cleaning"


def test_unknown_spend_counts_the_unknown_part_of_a_payee_that_is_otherwise_known():
    known = payee("Fen", amount="100.00", number=1)
    part = payee("Fen", UNKNOWN_KIND, "unknown", "900.00").categories[0]
    mixed = replace(known, categories=(*known.categories, part), amount=Decimal("1000.00"))
    small = payee("Small", UNKNOWN_KIND, "unknown", "899.99", number=2)
    found = unknown_spend([known, small, mixed])
    assert [(u.supplier.name, u.amount) for u in found] == [
        ("Fen", Decimal("900.00")),
        ("Small", Decimal("899.99")),
    ]


def test_shares_of_one_whole_get_a_decimal_place_where_one_is_under_two_per_cent():
    assert percents([Decimal("0.979"), Decimal("0.021")]) == ("98%", "2%")
    assert percents([Decimal("0.02"), Decimal("0.98")]) == ("2%", "98%")
    shares = [Decimal("0.9968"), Decimal("0.0028"), Decimal("0.0004")]
    assert percents(shares) == ("99.7%", "0.3%", "under 0.1%")
