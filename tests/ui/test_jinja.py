"""What every page can call: addresses, query strings, formats."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from markupsafe import Markup
from tests.ui import shapes

from section54.engine.risk.model import TIER_ORDER, Tier
from section54.ui import formats
from section54.ui.jinja import query


def test_the_query_string_keeps_what_is_not_changed(get):
    request = get("/?q=a+b&tier=high&tier=low&page=3")
    assert query(request, page=4) == "?q=a+b&tier=high&tier=low&page=4"
    assert query(request, page=None, q="") == "?tier=high&tier=low"
    assert query(request, tier=["medium", "low"], page=None) == "?q=a+b&tier=medium&tier=low"
    assert query(get("/"), page=None) == "?"
    assert query(request) == "?q=a+b&tier=high&tier=low&page=3"


def test_a_page_is_found_by_its_name(env):
    assert env.from_string("{{ url('supplier', 7) }}").render() == "/suppliers/7/"
    assert env.from_string("{{ url('supplier', number=7) }}").render() == "/suppliers/7/"
    assert env.from_string("{{ static('ui/app.css') }}").render() == "/static/ui/app.css"


@pytest.mark.parametrize(
    ("template", "written"),
    [
        ("{{ a|pounds }}", "£1,000,000"),
        ("{{ a|pounds_exact }}", "£1,000,000.00"),
        ("{{ a|pounds_short }}", "£1.0m"),
        ("{{ -12|pounds }}", "−£12"),
        ("{{ none|pounds }}", "not known"),
        ("{{ 0.004|percent }}", "under 1%"),
        ("{{ 0|percent }}", "0%"),
        ("{{ 1|count('supplier') }}", "1 supplier"),
        ("{{ 1061|count('body', 'bodies') }}", "1,061 bodies"),
        ("{{ 41201|number }}", "41,201"),
        ("{{ none|number }}", "not known"),
        ("{{ '2025-04'|month }}", "Apr 2025"),
        ("{{ 'high'|label }}", "High"),
        ("{{ 'not_applicable'|slug }}", "not-applicable"),
        ("{{ 'unknown'|letter }}", "?"),
        ("{{ 'high'|risk_work }}", "high-risk work"),
        ("{{ ['a', 'b', 'c']|listed }}", "a, b and c"),
        ("{{ 0|difference }}", "no change"),
        ("{{ 0.3|difference }}", "no change"),
        ("{{ -1200000|difference }}", "−£1.2m"),
        ("{{ '<b>' }}", "&lt;b&gt;"),
    ],
)
def test_figures_and_words_are_written_as_in_the_report(env, template, written):
    assert env.from_string(template).render(a=Decimal(1_000_000)) == written


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 7, 1, 13, 5, tzinfo=UTC), "1 July 2026 at 2:05pm"),
        (datetime(2026, 1, 1, 9, 0, tzinfo=UTC), "1 January 2026 at 9am"),
        (datetime(2026, 6, 30, 23, 0, tzinfo=UTC), "1 July 2026 at midnight"),
        (datetime(2026, 1, 1, 12, 0, tzinfo=UTC), "1 January 2026 at midday"),
        (datetime(2026, 1, 1, 0, 5), "1 January 2026 at 12:05am"),  # noqa: DTZ001
        (None, "not known"),
    ],
)
def test_a_moment_is_shown_by_londons_clock(moment, written):
    assert formats.when(moment) == written


def test_a_day_is_the_day_in_london():
    assert formats.day(datetime(2026, 6, 30, 23, 30, tzinfo=UTC)) == "1 July 2026"
    assert formats.day(date(2026, 4, 1)) == "1 April 2026"
    assert formats.day(None) == "not known"
    assert formats.month(date(2026, 4, 1)) == "Apr 2026"


@pytest.mark.parametrize(
    ("size", "written"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 KB"),
        (52_400, "52 KB"),
        (999_999, "1 MB"),
        (1_250_000, "1.3 MB"),
        (500_000_000, "500 MB"),
        (2_000_000_000, "2 GB"),
        (None, "not known"),
    ],
)
def test_a_file_has_its_size_in_decimal_units(size, written):
    assert formats.file_size(size) == written


def test_the_sum_is_read_from_the_engine_or_from_the_database():
    assert formats.sum_words(shapes.REASONS, 7, "high") == "industry 6 + workforce 1 = 7 High"
    assert formats.sum_words([], None, Tier.UNKNOWN) == "No sum: unknown"


def test_the_parts_of_a_bar_fill_it_and_credits_have_no_part():
    found = formats.segments(shapes.PARTS, Decimal(31_000_000))
    assert [tier for tier, _, _ in found] == [t for t in TIER_ORDER if t != Tier.NOT_APPLICABLE]
    assert sum(Decimal(width) for _, _, width in found) == pytest.approx(100, abs=Decimal("0.05"))
    assert all(Decimal(width) > Decimal("0.5") for _, _, width in found)
    assert found[0][1] == "0.00"


def test_a_bar_of_nothing_has_no_parts():
    assert formats.segments([], 0) == []
    assert formats.segments([("high", -5)], 10) == []
    assert formats.segments([("high", 5)], 0) == []


@pytest.mark.parametrize(
    ("part", "whole", "length"),
    [
        *((0, 10, "0"), (-5, 10, "0"), (5, 10, "50.0"), (20, 10, "100.0")),
        *((1, 10**6, "0.6"), (5, 0, "0")),
    ],
)
def test_a_bar_is_never_longer_than_the_longest_nor_invisible(part, whole, length):
    assert formats.length(part, whole) == length


def render(env, template, **context):
    source = '{% import "ui/parts.html" as parts %}' + template
    return env.from_string(source).render(**context)


@pytest.mark.parametrize(
    ("query_string", "link", "sorted_by"),
    [
        ("", "?sort=-amount", None),
        ("?sort=-amount", "?sort=amount", "descending"),
        ("?sort=amount&page=3&q=a", "?sort=-amount&q=a", "ascending"),
    ],
)
def test_a_heading_sorts_and_turns_round(env, get, query_string, link, sorted_by):
    html = render(
        env,
        "{{ parts.sort_heading('Spend', 'amount', request, true) }}",
        request=get(f"/{query_string}"),
    )
    assert f'href="{Markup.escape(link)}"' in html
    assert (f'aria-sort="{sorted_by}"' in html) is bool(sorted_by)
    assert "aria-sort" in html or sorted_by is None


def test_what_a_list_is_sorted_by_at_first_is_told(env, get):
    html = render(
        env, "{{ parts.sort_heading('Spend', 'amount', r, true, '-amount') }}", r=get("/")
    )
    assert 'aria-sort="descending"' in html
    assert 'href="?sort=amount"' in html


def test_the_pages_of_a_list_keep_its_filters(env, get):
    context = shapes.context(get)
    html = render(env, "{{ parts.pagination(page, request, 'supplier') }}", **context)
    assert "301 to 350 of 1,061 suppliers" in html
    assert 'href="?q=a&amp;tier=high&amp;page=8"' in html
    assert 'aria-current="page"' in html


def test_a_filter_form_carries_the_order_along_and_not_the_page(env, get):
    html = render(
        env,
        "{% call parts.filter_panel(request) %}{% endcall %}",
        request=get("/?sort=-amount&page=3"),
    )
    assert '<input type="hidden" name="sort" value="-amount">' in html
    assert "page" not in html.replace("page=", "")


@pytest.mark.parametrize(
    ("done", "of", "words"),
    [
        (412_000, 1_000_000, "412,000 of 1,000,000 lines"),
        (5, 4, "5 of 4 lines"),
        (0, None, "cannot be counted"),
        (12, None, "12 lines so far"),
    ],
)
def test_progress_is_told_in_words(env, done, of, words):
    html = render(env, "{{ parts.working('Reading', 'Step', done, of) }}", done=done, of=of)
    assert words in html
    assert ("value=" in html) is bool(of)
    assert of != 4 or 'value="4" max="4"' in html
