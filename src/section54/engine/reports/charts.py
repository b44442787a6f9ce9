"""The sums behind the page's pictures: how long a bar is, where a column stands.

Pictures are drawn as SVG by the template. A tier is told by a pattern and a letter as well as by
colour, and every picture has its figures in a table beside it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from section54.engine.reports.wording import month, pounds_short
from section54.engine.risk.model import TIER_ORDER, Tier


LETTERS = {
    Tier.HIGH: "H",
    Tier.MEDIUM: "M",
    Tier.UNKNOWN: "?",
    Tier.LOW: "L",
    Tier.NOT_APPLICABLE: "–",
}
WIDTH, HEIGHT = 760, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 8, 12, 40


def length(part: Decimal, largest: Decimal) -> str:
    """Return a bar's length in per cent of the longest; something is never invisible."""
    if not largest or not part:
        return "0"
    return f"{max(abs(part) / largest * 100, Decimal('0.6')):.1f}"


@dataclass(frozen=True, slots=True)
class Block:
    """One tier's part of a column, in the picture's units."""

    tier: Tier
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the picture with its amount, or a month under a column."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Spend by month, stacked by tier, with the same figures as rows of a table."""

    blocks: tuple[Block, ...]
    amounts: tuple[Tick, ...]
    months: tuple[Tick, ...]
    tiers: tuple[Tier, ...]
    rows: tuple[tuple[str, tuple[Decimal, ...], Decimal], ...]
    has_credits: bool


def _step(most: Decimal) -> Decimal:
    """Return a round distance between lines, so that three to six of them are enough."""
    rough = most / 4
    power = Decimal(10) ** (rough.adjusted())
    for times in (1, 2, Decimal("2.5"), 5):
        if power * times >= rough:
            return power * times
    return power * 10


def monthly_columns(monthly: Iterable[tuple[str, Tier, Decimal]]) -> Columns | None:
    """Return the picture of spend by month, or None where fewer than two months are known.

    A tier that is below zero in a month (more credits than payments) has no block; the table has
    its figure.
    """
    by_month: dict[str, dict[Tier, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for name, tier, amount in monthly:
        by_month[name][tier] += amount
    names = sorted(by_month)
    tiers = tuple(t for t in TIER_ORDER if any(by_month[name].get(t) for name in names))
    most = max(
        (sum((max(a, Decimal(0)) for a in by_month[n].values()), Decimal(0)) for n in names),
        default=Decimal(0),
    )
    if len(names) < 2 or not most:
        return None
    step = _step(most)
    lines = int((most / step).to_integral_value(ROUND_CEILING))
    top = step * lines
    room = HEIGHT - TOP - BOTTOM
    slot = (WIDTH - LEFT - RIGHT) / len(names)
    blocks = []
    for place, name in enumerate(names):
        y = float(HEIGHT - BOTTOM)
        for tier in tiers:
            amount = max(by_month[name][tier], Decimal(0))
            high = float(amount / top) * room
            if high:
                y -= high
                x = LEFT + slot * (place + 0.14)
                blocks.append(Block(tier, round(x, 1), round(y, 1), round(slot * 0.72, 1), high))
    every = -(-len(names) // 12)
    return Columns(
        blocks=tuple(blocks),
        amounts=tuple(
            Tick(round(HEIGHT - BOTTOM - room * n / lines, 1), pounds_short(step * n))
            for n in range(lines + 1)
        ),
        months=tuple(
            Tick(round(LEFT + slot * (place + 0.5), 1), month(name))
            for place, name in enumerate(names)
            if place % every == 0
        ),
        tiers=tiers,
        rows=tuple(
            (
                month(name),
                tuple(by_month[name][tier] for tier in tiers),
                sum(by_month[name].values(), Decimal(0)),
            )
            for name in names
        ),
        has_credits=any(a < 0 for amounts in by_month.values() for a in amounts.values()),
    )
