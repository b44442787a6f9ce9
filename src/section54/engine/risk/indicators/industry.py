"""Industry: how often people are exploited in this line of work. Every sum starts here."""

from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.indicators.base import Indicator, Weighed, reason


def weigh(facts: Facts, tables: RiskTables) -> Weighed:
    """Start from the usual tier of the category: high 6, medium 3, low 1, unknown 0."""
    tier = tables.usual_tier(facts.category, facts.variant)
    label = tables.label(facts.category)
    points = tables.points_for("industry", tier)
    if tier == "unknown":
        because = (
            "What was bought is not known."
            if facts.category in ("unknown", "individuals_redacted")
            else f"{label}: the risk of this category is not known."
        )
        return reason("industry", points, because, "what was bought")
    variant = f" ({facts.variant.replace('_', ' ')})" if facts.variant else ""
    often = {"high": "often", "medium": "sometimes", "low": "seldom"}[tier]
    return reason(
        "industry", points, f"{label}{variant}: exploitation is {often} found in this line of work."
    )


INDICATOR = Indicator(
    code="industry",
    characteristic="industry type",
    meaning="How often people are found exploited in this line of work.",
    source="Section54's categories and usual tiers, after PPN 009",
    dated="2026-11",
    example=Facts(category="printing_stationery"),
    expected=1,
    weigh=weigh,
)
