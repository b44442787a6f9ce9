"""File names from outside become names that are safe to keep and to show."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from section54.sources.changes import LONGEST_NAME, tidy_name


@given(st.text())
def test_a_tidy_name_is_one_plain_part_of_a_path(given_name):
    name = tidy_name(given_name)
    assert name
    assert "/" not in name
    assert "\\" not in name
    assert name.strip(" .") == name
    assert len(name.encode()) <= LONGEST_NAME
    assert not any(unicodedata.category(mark) in ("Cc", "Cf", "Cs", "Co", "Cn") for mark in name)


@given(st.text())
def test_a_tidy_name_stays_as_it_is(given_name):
    once = tidy_name(given_name)
    assert tidy_name(once) == once


@given(st.text(alphabet="abcé €", min_size=200, max_size=400))
def test_a_long_name_keeps_its_ending(stem):
    assert tidy_name(f"x{stem}y.xlsx").endswith(".xlsx")
