"""Workforce: are the people who do the work easy to exploit?"""

from section54.engine.risk.facts import WORKFORCE, Facts, RiskTables
from section54.engine.risk.indicators.base import Indicator, Weighed, each


WORDS = {
    "agency": "agency workers",
    "seasonal": "seasonal workers",
    "migrant": "migrant workers whose visa is tied to the employer",
    "isolated": "people who work isolated from others",
}


def weigh(facts: Facts, tables: RiskTables) -> Weighed:
    """Add 1 for each trait known of the supplier or implied by its category, at most 2."""
    traits = facts.workforce | tables.implied(facts.category, facts.variant, "workforce")
    found = [WORDS[trait] for trait in WORKFORCE if trait in traits]
    return each("workforce", "The work is often done by", found, tables)


INDICATOR = Indicator(
    code="workforce",
    characteristic="nature of the workforce",
    meaning="The people who do the work are mostly agency, seasonal, migrant on tied visas, or "
    "isolated.",
    source="The table category_traits, contracts and suppliers' answers",
    dated="2026-11",
    example=Facts(category="other_goods", workforce=frozenset({"seasonal", "migrant", "isolated"})),
    expected=2,
    weigh=weigh,
)
