"""The review as one page that opens anywhere: no script, nothing fetched, prints well.

Every text from a ledger is escaped by the template engine, and the page forbids the browser, by
a content security policy, to run or fetch anything at all.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from section54.engine.identity.model import PayeeKind
from section54.engine.reference import load_table
from section54.engine.reports import charts
from section54.engine.reports.next_steps import next_step
from section54.engine.reports.prompts import contacts, high_risk_trades, prompt_sheets
from section54.engine.reports.spreadsheets import METHOD
from section54.engine.reports.wording import (
    KIND_WORDS,
    RISK_WORK,
    UnknownSpend,
    bought_words,
    call_first,
    can_be_called,
    count,
    day,
    listed,
    part_words,
    parts_by_risk,
    payees_words,
    percent,
    percents,
    period,
    plain,
    pounds,
    pounds_exact,
    pounds_short,
    share_of,
    shown_because,
    shown_name,
    shown_reasons,
    shown_spellings,
    spent_at_risk,
    sum_words,
    sure_words,
    unknown_spend,
)
from section54.engine.result import CategoryResult, Review, SupplierResult, TierResult
from section54.engine.risk.model import TIER_ORDER, Tier


IN_FULL = 5  # suppliers to call first, each with its reasons
THEN = 5  # the next ones, in a short table
RANKED = 100
UNKNOWN_PAYEES = 10
CHANGES = 15
LARGEST_CHANGES = 3
SPELLINGS = 8
CHART_CATEGORIES = 15


@dataclass(frozen=True, slots=True)
class HotSpot:
    """A category where people are at risk, with what to do about it."""

    category: CategoryResult
    share: Decimal
    next_step: str
    payees: str
    largest: tuple[str, ...]
    sheet: str


@dataclass(frozen=True, slots=True)
class Change:
    """One way in which spend differs from the previous period's, most pounds of change first."""

    id: str
    title: str
    explained: str
    suppliers: tuple[SupplierResult, ...]
    total: int


@dataclass(frozen=True, slots=True)
class TierChange:
    """Pounds paid before and now to the payees of one tier."""

    tier: Tier
    before: Decimal
    now: Decimal


@dataclass(frozen=True, slots=True)
class UnknownRow:
    """A payee with spend that could not be placed, and what to do about it."""

    supplier: SupplierResult
    amount: Decimal
    lines: int
    next_step: str


def _hot_spots(review: Review, sheets: set[str], own: Path | None) -> list[HotSpot]:
    paid: dict[str, dict[str, Decimal]] = {}
    payees: dict[str, dict[str, SupplierResult]] = {}
    for supplier in review.suppliers:
        for part in supplier.categories:
            payees.setdefault(part.code, {})[supplier.id] = supplier
            if can_be_called(supplier):
                names = paid.setdefault(part.code, {})
                name = shown_name(supplier)
                names[name] = names.get(name, Decimal(0)) + part.amount
    spots = []
    for category in review.categories:
        if category.tier not in {Tier.HIGH, Tier.MEDIUM}:
            continue
        by_name = paid.get(category.code, {})
        largest = sorted(by_name, key=lambda name: (-by_name[name], name))
        spots.append(
            HotSpot(
                category=category,
                share=share_of(category.absolute, review.totals.absolute),
                next_step=next_step(category.tier, PayeeKind.FIRM, category.code, own),
                payees=payees_words(payees.get(category.code, {}).values()),
                largest=tuple(largest[:3]),
                sheet=category.code if category.code in sheets else "",
            )
        )
    return sorted(
        spots,
        key=lambda s: (
            TIER_ORDER.index(s.category.tier),
            -s.category.absolute,
            s.category.code,
        ),
    )


def _difference(supplier: SupplierResult) -> Decimal:
    """Return pounds more (or fewer) than in the previous period."""
    before = supplier.previous_amount or Decimal(0)
    return -before if supplier.change == "stopped" else supplier.amount - before


def _changes(review: Review) -> list[Change]:
    groups = []
    for name, title, explained in (
        ("new", "New", "paid in this period and not in the one before"),
        ("grown", "Grown", "paid a good deal more than before"),
        ("shrunk", "Shrunk", "paid a good deal less than before"),
    ):
        found = [supplier for supplier in review.suppliers if supplier.change == name]
        groups.append((name, title, explained, found))
    groups.append(
        ("stopped", "Stopped", "paid in the period before and not in this one", [*review.stopped])
    )
    changes = []
    for name, title, explained, found in groups:
        # A change at high risk matters before a larger one at low risk.
        found.sort(key=lambda s: (TIER_ORDER.index(s.tier), -abs(_difference(s)), s.id))
        changes.append(Change(name, title, explained, tuple(found[:CHANGES]), len(found)))
    return changes


def _changed_by_tier(review: Review) -> list[TierChange]:
    """Return what the payees of each tier were paid before and now; a payee keeps one tier."""
    nothing = Decimal(0)
    everybody = [(supplier, supplier.amount) for supplier in review.suppliers]
    everybody += [(supplier, nothing) for supplier in review.stopped]
    rows = []
    for tier in TIER_ORDER:
        paid = [(s.previous_amount or nothing, now) for s, now in everybody if s.tier is tier]
        if paid:
            before = sum((then for then, _ in paid), nothing)
            rows.append(TierChange(tier, before, sum((now for _, now in paid), nothing)))
    return rows


def _largest_changes(review: Review) -> list[SupplierResult]:
    """Return the high-risk payees whose spend changed by most pounds, up or down."""
    high = [s for s in (*review.suppliers, *review.stopped) if s.tier is Tier.HIGH]
    high = [supplier for supplier in high if _difference(supplier)]
    return sorted(high, key=lambda s: (-abs(_difference(s)), s.id))[:LARGEST_CHANGES]


def _unknown_row(unknown: UnknownSpend, own: Path | None) -> UnknownRow:
    payee = unknown.supplier
    asked = payee.next_step
    if payee.tier is not Tier.UNKNOWN:  # its own next step is about its other work
        asked = next_step(Tier.UNKNOWN, payee.kind, unknown.code, own)
    return UnknownRow(payee, unknown.amount, unknown.lines, asked)


def _tier(review: Review, tier: Tier) -> TierResult:
    for result in review.tiers:
        if result.tier is tier:
            return result
    return TierResult(tier=tier, amount=Decimal(0), absolute=Decimal(0), lines=0, suppliers=0)


def _context(review: Review, own: Path | None) -> dict[str, Any]:
    """Return what the template shows: figures and chosen rows, no wording."""
    sheets = prompt_sheets(high_risk_trades(review), own)
    spots = _hot_spots(review, {sheet.code for sheet in sheets}, own)
    high, medium = _tier(review, Tier.HIGH), _tier(review, Tier.MEDIUM)
    first = call_first(review.suppliers, IN_FULL + THEN)
    if not first:
        first = call_first(review.suppliers, IN_FULL + THEN, Tier.MEDIUM)
    unknown = unknown_spend(review.suppliers)
    categories = sorted(review.categories, key=lambda c: (-c.absolute, c.code))
    previous = review.previous_period is not None
    return {
        "review": review,
        "high": high,
        "medium": medium,
        "unknown_tier": _tier(review, Tier.UNKNOWN),
        "tiers": [t for t in (_tier(review, tier) for tier in TIER_ORDER) if t.lines],
        "first": first[:IN_FULL],
        "then": first[IN_FULL:],
        "hot": [spot for spot in spots if spot.category.tier is Tier.HIGH],
        "warm": [spot for spot in spots if spot.category.tier is Tier.MEDIUM],
        "categories": categories,
        "bars": categories[:CHART_CATEGORIES],
        "columns": charts.monthly_columns(review.monthly),
        "unknown": [_unknown_row(payee, own) for payee in unknown[:UNKNOWN_PAYEES]],
        "unknown_count": len(unknown),
        "unknown_shown": sum((payee.amount for payee in unknown[:UNKNOWN_PAYEES]), Decimal(0)),
        "ranked": review.suppliers[:RANKED],
        "changes": _changes(review) if previous else [],
        "by_tier": _changed_by_tier(review) if previous else [],
        "largest_changes": _largest_changes(review) if previous else [],
        "payees_of": {tier: [s for s in review.suppliers if s.tier is tier] for tier in Tier},
        "sheets": sheets,
        "contacts": contacts(own),
        "method": METHOD,
        "points": load_table("risk_points", own),
        "body": plain(review.body) or "this body",
        "Tier": Tier,
        "spellings_shown": SPELLINGS,
    }


FILTERS: dict[str, Callable[..., Any]] = {
    "plain": plain,
    "pounds": pounds,
    "pounds_exact": pounds_exact,
    "short": pounds_short,
    "percent": percent,
    "day": day,
    "period": period,
    "count": count,
    "listed": listed,
    "name": shown_name,
    "spellings": shown_spellings,
    "reasons": shown_reasons,
    "sum_words": sum_words,
    "difference": _difference,
    "spent_at_risk": spent_at_risk,
    "payees": payees_words,
    "bought": bought_words,
    "parts": parts_by_risk,
    "part_words": part_words,
    "sure": sure_words,
    "percents": percents,
    "share": share_of,
    "risk_work": lambda tier: RISK_WORK[tier],
    "kind_words": lambda kind: KIND_WORDS[kind],
    "letter": lambda tier: charts.LETTERS[tier],
    "slug": lambda tier: tier.value.replace("_", "-"),
}


def _source(name: str) -> str:
    return (files("section54.engine.reports") / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(length=charts.length, share_of=share_of, shown_because=shown_because)
    return environment.get_template("page.html")


def page(review: Review, tables: Path | None = None) -> str:
    """Return the page as HTML text, the same for the same review and tables."""
    css = _source("page.css")
    digest = base64.b64encode(hashlib.sha256(css.encode("utf-8")).digest()).decode("ascii")
    # The style sheet is ours, not a ledger's: it must reach the page as it is.
    return _template().render(
        css=Markup(css),  # noqa: S704
        css_hash=digest,
        **_context(review, tables),
    )


def write_html(review: Review, path: Path, *, tables: Path | None = None) -> None:
    """Write the review as one self-contained page.

    Args:
        review: What to show.
        path: Where to write it.
        tables: A folder with the body's own tables (prompts, next steps, points), if any.

    Raises:
        TableError: a table of the body's own is not usable.
        OSError: the file cannot be written.
    """
    path.write_bytes(page(review, tables).encode("utf-8", "replace"))
