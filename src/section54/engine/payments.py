"""The payments of one payee out of millions, without reading the others.

A review's lines are kept a second time in the order of their payees, in small groups whose first
and last payee the file itself tells; a page then opens only the groups it shows.
"""

import os
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis import _

from section54.engine.engines import DUCKDB_MEMORY, THREADS


GROUP_ROWS = 20_480
SHOWN = (
    "date",
    "supplier_as_written",
    "amount",
    "description",
    "expense_type",
    "publisher_category",
    "department",
    "reference",
    "category",
    "category_reason",
    "tier",
    "source",
    "sheet",
    "row",
)

Months = dict[str, list[tuple[str, Decimal, int]]]


def _connected(scratch: Path) -> Any:
    """Return DuckDB with the roof on its memory that a review has."""
    return ibis.duckdb.connect(
        threads=THREADS, memory_limit=DUCKDB_MEMORY, temp_directory=str(scratch)
    )


def sort_by_payee(lines: Path, out: Path) -> None:
    """Write a review's lines again, payee by payee, the newest payment of each first.

    The file appears whole or not at all.
    """
    connection = _connected(out.parent)
    ordered = connection.read_parquet(str(lines)).order_by(
        "supplier_id", ibis.desc("date", nulls_first=False), "source", "sheet", "row"
    )
    partial = out.with_name(f"{out.name}.{os.getpid()}.part")
    connection.to_parquet(ordered, partial, row_group_size=GROUP_ROWS)
    connection.disconnect()
    partial.replace(out)


def months_by_payee(lines: Path) -> Months:
    """Return each payee's payments by month: (``2025-04``, pounds net of credits, lines)."""
    connection = _connected(lines.parent)
    table = connection.read_parquet(str(lines))
    monthly = (
        table.filter(_.date.notnull())
        .mutate(month=_.date.strftime("%Y-%m"))
        .group_by("supplier_id", "month")
        .agg(amount=_.amount.sum(), lines=_.count())
        .order_by("supplier_id", "month")
        .to_pyarrow()
    )
    connection.disconnect()
    found: Months = defaultdict(list)
    for payee, month, amount, count in zip(
        *(monthly[name].to_pylist() for name in ("supplier_id", "month", "amount", "lines")),
        strict=True,
    ):
        found[payee].append((month, amount, count))
    return dict(found)


def payments_of(path: Path, payee_id: str, offset: int, limit: int) -> list[dict[str, Any]]:
    """Return some payments of one payee, newest first.

    Args:
        path: A file that ``sort_by_payee`` wrote.
        payee_id: The payee.
        offset: How many of its payments to pass over.
        limit: How many to return at the most.
    """
    found: list[dict[str, Any]] = []
    with pq.ParquetFile(path) as file:
        column = file.schema_arrow.get_field_index("supplier_id")
        for group in range(file.num_row_groups):
            about = file.metadata.row_group(group)
            seen = about.column(column).statistics
            if seen is not None and seen.has_min_max:
                if seen.max < payee_id:
                    continue
                if seen.min > payee_id:
                    break
                if seen.min == seen.max and about.num_rows <= offset:
                    offset -= about.num_rows
                    continue
            rows = file.read_row_group(group, columns=["supplier_id", *SHOWN])
            rows = rows.filter(pc.equal(rows["supplier_id"], payee_id))
            taken = rows.slice(offset, limit - len(found))
            offset = max(0, offset - rows.num_rows)
            found += taken.select(list(SHOWN)).to_pylist()
            if len(found) >= limit:
                break
    return found
