"""The relational steps of a review, written once as Ibis expressions for several engines.

DuckDB runs them on a laptop; the same expressions run on a cluster's engine. Nothing here knows
what a category or a tier is: lines come in, sums go out.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from section54.engine.errors import BadInput


WORDS = ("description", "expense_type", "publisher_category", "department")
PURCHASE = ("supplier_as_written", *WORDS)


def connect(engine: str) -> Any:
    """Return a connection to an engine by name.

    Raises:
        BadInput: the engine is not one that a review can run on yet.
    """
    if engine != "duckdb":
        raise BadInput(f"A review cannot run on {engine} yet: leave --on out, or say duckdb.")
    return ibis.duckdb.connect(threads=2)


def lines_of(connection: Any, files: Sequence[Path]) -> Any:
    """Return the lines of all ledgers as one table expression (``LEDGER_SCHEMA``)."""
    return connection.read_parquet([str(file) for file in files])


def names_seen(lines: Any) -> Any:
    """Sum the lines by payee name as written: lines, absolute pounds, account numbers."""
    return (
        lines.group_by("supplier_as_written")
        .agg(
            lines=_.count(),
            absolute=_.amount.abs().sum(),
            numbers=_.supplier_number.collect(distinct=True, where=_.supplier_number != ""),
        )
        .order_by("supplier_as_written")
    )


def purchases(lines: Any) -> Any:
    """Return the distinct kinds of purchase: a payee's name with the words of its lines."""
    return lines.group_by(*PURCHASE).agg(lines=_.count()).order_by(*PURCHASE)


def with_decisions(lines: Any, payees: pa.Table, decisions: pa.Table) -> Any:
    """Put the payee and the category decided for each kind of purchase on every line."""
    named = lines.join(ibis.memtable(payees), "supplier_as_written")
    decided = ibis.memtable(decisions)
    return named.join(decided, list(PURCHASE)).select(
        "source",
        "sheet",
        "row",
        "date",
        "supplier_as_written",
        "supplier_id",
        "supplier",
        "kind",
        "redacted",
        "amount",
        "description",
        "expense_type",
        "publisher_category",
        "department",
        "reference",
        "supplier_number",
        "postcode",
        "company_number",
        "amount_net",
        "amount_gross",
        "vat",
        "category",
        "variant",
        "category_confidence",
        "category_reason",
        "tier",
    )


def sums(decided: Any, *keys: str) -> Any:
    """Sum decided lines by some columns: pounds net of credits, absolute pounds, lines, days."""
    return (
        decided.group_by(*keys)
        .agg(
            amount=_.amount.sum(),
            absolute=_.amount.abs().sum(),
            lines=_.count(),
            payees=_.supplier_id.nunique(),
            first=_.date.min(),
            last=_.date.max(),
        )
        .order_by(*keys)
    )


def by_month(decided: Any) -> Any:
    """Sum dated lines by month (``2025-04``) and tier."""
    dated = decided.filter(_.date.notnull())
    month = dated.mutate(month=_.date.strftime("%Y-%m"))
    return (
        month.group_by("month", "tier")
        .agg(amount=_.amount.sum(), lines=_.count())
        .order_by("month", "tier")
    )


def months(decided: Any) -> Any:
    """Count dated lines by month, with the first and last day seen in each."""
    month = decided.filter(_.date.notnull()).mutate(month=_.date.strftime("%Y-%m"))
    return (
        month.group_by("month")
        .agg(lines=_.count(), first=_.date.min(), last=_.date.max())
        .order_by("month")
    )


def main_reasons(decided: Any) -> Any:
    """Return, for each payee's category, the reason that most of its pounds were given."""
    keys = ["supplier_id", "category", "variant"]
    reasons = decided.group_by(*keys, "category_reason", "category_confidence").agg(
        absolute=_.amount.abs().sum()
    )
    order = [ibis.desc("absolute"), ibis.asc("category_reason")]
    ranked = reasons.mutate(
        place=ibis.row_number().over(ibis.window(group_by=keys, order_by=order))
    )
    return (
        ranked.filter(_.place == 0)
        .select(*keys, because=_.category_reason, confidence=_.category_confidence)
        .order_by(*keys)
    )


def keep(connection: Any, expression: Any, path: Path) -> Any:
    """Write a table to Parquet, in the order of its ledgers, and return it as read back.

    The file is written under another name and moved into place, so it is whole or not there.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    connection.to_parquet(expression.order_by("source", "sheet", "row"), partial)
    partial.replace(path)
    return connection.read_parquet(str(path))
