"""Commodity: are goods of this kind made by forced labour where these come from?"""

from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.indicators.base import NOTHING, Indicator, Weighed, reason


def good_of(facts: Facts, tables: RiskTables) -> str:
    """Return the good's name on the US list: as known of this supply, else of its category."""
    return facts.good or tables.trait(facts.category, facts.variant, "good")


def weigh(facts: Facts, tables: RiskTables) -> Weighed:
    """Add 3 when the origin is listed for this good, 1 when nobody has said the origin."""
    good = good_of(facts, tables)
    if not good or not tables.is_listed(good):
        return NOTHING
    if not any(tables.country(country) for country in facts.origins):
        return reason(
            "commodity",
            tables.points_for("commodity", "origin_unknown"),
            f"{good}: listed as made by forced labour in some countries, "
            "and the origin is not known.",
            "where the goods are made",
        )
    listed = [country for country in facts.origins if tables.is_listed(good, country)]
    if not listed:
        return NOTHING
    return reason(
        "commodity",
        tables.points_for("commodity", "listed"),
        f"{good} from {', '.join(listed)}: listed as made by forced labour there.",
    )


INDICATOR = Indicator(
    code="commodity",
    characteristic="commodity type",
    meaning="The goods are of a kind that is listed as made by forced labour where they come from.",
    source="US Department of Labor, List of Goods Produced by Child Labor or Forced Labor (TVPRA)",
    dated="2023 edition",
    example=Facts(category="uniform_workwear_textiles", origins=("Malaysia",)),
    expected=3,
    weigh=weigh,
)
