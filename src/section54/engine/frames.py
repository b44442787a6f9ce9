"""The relational steps of a review, written once as Ibis expressions for several engines.

DuckDB runs them on a laptop; the same expressions run on Spark (``engines``). Nothing here knows
what a category or a tier is: lines come in, sums go out.
"""

from typing import Any

import ibis
from ibis import _


WORDS = ("description", "expense_type", "publisher_category", "department")
PURCHASE = ("supplier_as_written", *WORDS)
LINE_ORDER = ("source", "sheet", "row")
# What tells the sums of a review apart; a month is ``2025-04``, null where the day is not known.
CELL = (
    *("supplier_id", "supplier", "kind", "redacted"),
    *("category", "variant", "tier", "month"),
)


def names_seen(lines: Any) -> Any:
    """Sum the lines by payee name as written: lines and absolute pounds."""
    return (
        lines.group_by("supplier_as_written")
        .agg(lines=_.count(), absolute=_.amount.abs().sum())
        .order_by("supplier_as_written")
    )


def numbers_seen(lines: Any) -> Any:
    """Return the publishers' own account numbers that stand beside each name."""
    return (
        lines.filter(_.supplier_number != "")
        .select("supplier_as_written", "supplier_number")
        .distinct()
        .order_by("supplier_as_written", "supplier_number")
    )


def purchases(lines: Any) -> Any:
    """Return the distinct kinds of purchase: a payee's name with the words of its lines."""
    return lines.select(*PURCHASE).distinct().order_by(*PURCHASE)


def with_decisions(lines: Any, payees: Any, decisions: Any) -> Any:
    """Put the payee and the category decided for each kind of purchase on every line."""
    named = lines.join(payees, "supplier_as_written")
    return named.join(decisions, list(PURCHASE)).select(
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


def cells(decided: Any) -> Any:
    """Sum decided lines by everything that a figure of the review is told apart by.

    The lines are gone through once for this; every other sum is a sum of these.
    """
    return (
        decided.mutate(month=_.date.strftime("%Y-%m"))
        .group_by(*CELL)
        .agg(
            amount=_.amount.sum(),
            absolute=_.amount.abs().sum(),
            lines=_.count(),
            first=_.date.min(),
            last=_.date.max(),
        )
    )


def sums(summed: Any, *keys: str) -> Any:
    """Sum cells by some columns: pounds net of credits, absolute pounds, lines, payees, days."""
    return (
        summed.group_by(*keys)
        .agg(
            amount=_.amount.sum(),
            absolute=_.absolute.sum(),
            lines=_.lines.sum(),
            payees=_.supplier_id.nunique(),
            first=_["first"].min(),
            last=_["last"].max(),
        )
        .order_by(*keys)
    )


def by_month(summed: Any) -> Any:
    """Sum the cells of dated lines by month (``2025-04``) and tier."""
    return (
        summed.filter(_.month.notnull())
        .group_by("month", "tier")
        .agg(amount=_.amount.sum(), lines=_.lines.sum())
        .order_by("month", "tier")
    )


def months(summed: Any) -> Any:
    """Count dated lines by month, with the first and last day seen in each."""
    return (
        summed.filter(_.month.notnull())
        .group_by("month")
        .agg(lines=_.lines.sum(), first=_["first"].min(), last=_["last"].max())
        .order_by("month")
    )


def main_reasons(decided: Any) -> Any:
    """Return, for each payee's category, the reason that most of its pounds were given.

    Of equal sums the first reason counts, and the less sure decision: the same answer every time.
    """
    keys = ["supplier_id", "category", "variant"]
    reasons = decided.group_by(*keys, "category_reason", "category_confidence").agg(
        absolute=_.amount.abs().sum()
    )
    order = [
        ibis.desc("absolute"),
        ibis.asc("category_reason"),
        ibis.asc("category_confidence"),
    ]
    ranked = reasons.mutate(
        place=ibis.row_number().over(ibis.window(group_by=keys, order_by=order))
    )
    return (
        ranked.filter(_.place == 0)
        .select(*keys, because=_.category_reason, confidence=_.category_confidence)
        .order_by(*keys)
    )
