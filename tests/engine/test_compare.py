"""Two periods compared: every payee once, by id or by a spelling that both ledgers have."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from section54.engine.compare import PaidPayee, change_of, compare


def payee(id_, amount, *names):
    return PaidPayee(key=f"{id_}-{amount}", id=id_, names=names or (id_,), amount=Decimal(amount))


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        ("20000", "25000", "grown"),  # by 5,000, which is a quarter
        ("20000", "24999.99", "steady"),  # a penny less
        ("20000", "15000", "shrunk"),
        ("20000", "15000.01", "steady"),
        ("20004", "25004", "steady"),  # 5,000, but less than a quarter of 20,004
        ("100", "5099.99", "steady"),  # fifty times as much, but under 5,000 pounds
        ("-8000", "0", "grown"),
    ],
)
def test_a_change_is_named_from_5000_pounds_and_a_quarter_on(before, now, change):
    assert change_of(Decimal(before), Decimal(now)) == change


def test_new_and_stopped_payees_are_named():
    found = compare([payee("a", 5), payee("b", 6)], [payee("b", 6), payee("c", 7)])
    assert [(pair.change, pair.now and pair.now.id) for pair in found] == [
        ("steady", "b"),
        ("new", "c"),
        ("stopped", None),
    ]


def test_another_id_with_a_spelling_in_common_is_the_same_payee():
    (pair,) = compare(
        [payee("p1", 10, "Isle  Cleaning LTD")], [payee("p2", 12, "Isle Cleaning Ltd", "Isle")]
    )
    assert (pair.change, pair.before[0].id) == ("steady", "p1")


def test_two_earlier_records_of_one_payee_are_taken_together():
    (pair,) = compare(
        [payee("p1", 9000, "Isle"), payee("p2", 8000, "Isle Ltd")],
        [payee("p3", 17000, "Isle", "Isle Ltd")],
    )
    assert (pair.change, len(pair.before)) == ("steady", 2)


def test_an_id_in_common_goes_before_a_name_in_common():
    found = compare(
        [payee("a", 1, "Nene")], [payee("x", 2, "Nene"), payee("a", 3, "Nene Holdings")]
    )
    assert [pair.change for pair in found] == ["new", "steady"]


NAMES = st.sampled_from(["Isle", "Ouse", "Nene", "Cam", "Welland"])
PAYEES = st.lists(
    st.tuples(NAMES, st.sets(NAMES, min_size=1), st.integers(-9999, 99999)),
    unique_by=lambda row: row[0],
)


@given(PAYEES, PAYEES)
def test_no_payee_of_either_period_is_lost_or_counted_twice(before, now):
    then = [payee(id_, amount, *sorted(names)) for id_, names, amount in before]
    paid = [payee(id_, amount, *sorted(names)) for id_, names, amount in now]
    pairs = compare(then, paid)
    assert [pair.now for pair in pairs if pair.now] == paid
    counted = [old for pair in pairs for old in pair.before]
    assert sorted(old.id for old in counted) == sorted(old.id for old in then)
