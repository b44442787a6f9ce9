"""Supplier location: is the work done, or are the goods made, where forced labour is common?"""

from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.indicators.base import NOTHING, Indicator, Weighed, reason


def weigh(facts: Facts, tables: RiskTables) -> Weighed:
    """Add 2 when a country of origin or work is in the high band; unknown origins add nothing."""
    bands = tables.countries.by("country")
    high = [
        c for c in facts.origins if bands.get(tables.country(c) or "", {}).get("band") == "high"
    ]
    if not high:
        return NOTHING
    return reason(
        "location",
        tables.points_for("location", "high_prevalence"),
        f"Made or done in {', '.join(high)}, where forced labour is common "
        "or people are badly protected from it.",
    )


INDICATOR = Indicator(
    code="location",
    characteristic="supplier location",
    meaning="The work is done or the goods are made where forced labour is common.",
    source="Walk Free, Global Slavery Index 2023, in bands of our own",
    dated="2023",
    example=Facts(category="other_goods", origins=("India",)),
    expected=2,
    weigh=weigh,
)
