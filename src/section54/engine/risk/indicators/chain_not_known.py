"""Supply chain not known: goods of a high-risk kind whose makers nobody has named."""

from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.indicators.base import NOTHING, Indicator, Weighed, reason


def weigh(facts: Facts, tables: RiskTables) -> Weighed:
    """Add 1 for goods with usual tier high unless the chain beyond the first tier is known."""
    goods = tables.trait(facts.category, facts.variant, "goods") == "yes"
    high = tables.usual_tier(facts.category, facts.variant) == "high"
    if not goods or not high or facts.chain_known:
        return NOTHING
    return reason(
        "chain_not_known",
        tables.points_for("chain_not_known", "beyond_first_tier"),
        "Nobody has said who makes these goods beyond the first supplier.",
        "who makes the goods beyond the first supplier",
    )


INDICATOR = Indicator(
    code="chain_not_known",
    characteristic="business or supply-chain model",
    meaning="Goods of a high-risk kind, and nobody has said who makes them beyond the first "
    "supplier.",
    source="Section54's judgement: what is not known is a risk of its own here",
    dated="2026-11",
    example=Facts(category="uniform_workwear_textiles"),
    expected=1,
    weigh=weigh,
)
