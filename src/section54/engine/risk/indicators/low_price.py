"""Price: was an accepted bid too low to pay what an hour of lawful work costs?"""

from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.indicators.base import NOTHING, Indicator, Weighed, reason


def weigh(facts: Facts, tables: RiskTables) -> Weighed:
    """Add 2 when an accepted bid was below the hard labour floor; without a bid, nothing."""
    if not facts.below_hard_floor:
        return NOTHING
    return reason(
        "low_price",
        tables.points_for("low_price", "below_hard_floor"),
        "An accepted bid was priced below what an hour of lawful work costs.",
    )


INDICATOR = Indicator(
    code="low_price",
    characteristic="business or supply-chain model",
    meaning="An accepted bid was priced below the hard labour floor.",
    source="The price checks of tenders",
    dated="2026-11",
    example=Facts(category="cleaning", below_hard_floor=True),
    expected=2,
    weigh=weigh,
)
