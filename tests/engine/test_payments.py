"""One payee's payments out of many, newest first, without reading the others."""

from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from section54.engine import payments


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """Three payees: a has 5,000 payments, b 3, c 2,000; groups of 2,048 rows."""
    monkeypatch.setattr(payments, "GROUP_ROWS", 2_048)
    paid = ["a", "c", "b", "a", "c", "a", "a"] * 1_000
    paid = [p for p in paid if p != "b"] + ["b"] * 3
    first = date(2025, 4, 1)
    count = len(paid)
    columns = {name: pa.array([""] * count) for name in payments.SHOWN}
    columns |= {
        "supplier_id": pa.array(paid),
        "date": pa.array([first + timedelta(days=n % 60) for n in range(count)]),
        "amount": pa.array([Decimal(n) for n in range(count)], pa.decimal128(18, 2)),
        "source": pa.array(["s"] * count),
        "row": pa.array(range(count), pa.int64()),
    }
    pq.write_table(pa.table(columns), tmp_path / "lines.parquet")
    payments.sort_by_payee(tmp_path / "lines.parquet", tmp_path / "by-payee.parquet")
    return tmp_path


@pytest.mark.parametrize(("payee", "has"), [("a", 4_000), ("b", 3), ("c", 2_000), ("d", 0)])
def test_pages_give_every_payment_of_a_payee_once_newest_first(lines, payee, has):
    found = []
    while page := payments.payments_of(lines / "by-payee.parquet", payee, len(found), 700):
        found += page
    assert len(found) == has == len({row["row"] for row in found})
    days = [row["date"] for row in found]
    assert days == sorted(days, reverse=True)


def test_months_sum_to_what_each_payee_was_paid(lines):
    months = payments.months_by_payee(lines / "lines.parquet")
    assert [month for month, _, _ in months["b"]] == ["2025-04"]
    assert sum(count for _, _, count in months["a"]) == 4_000
    whole = sum(amount for payee in months for _, amount, _ in months[payee])
    assert whole == sum(range(6_003))


def test_only_the_groups_of_the_payee_are_opened(lines, monkeypatch):
    opened = []
    real = pq.ParquetFile.read_row_group

    def counting(self, group, **options):
        opened.append(group)
        return real(self, group, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counting)
    payments.payments_of(lines / "by-payee.parquet", "a", 0, 50)
    assert opened == [0]
