"""Business and supply-chain model: does the work pass through hands that hide who is paid?"""

from section54.engine.risk.facts import MODEL, Facts, RiskTables
from section54.engine.risk.indicators.base import Indicator, Weighed, each


WORDS = {
    "umbrella": "umbrella companies",
    "franchise": "franchises",
    "subcontracting": "chains of subcontractors",
    "labour_provider": "labour providers",
}


def weigh(facts: Facts, tables: RiskTables) -> Weighed:
    """Add 1 for each trait known or implied, at most 2.

    A labour provider does not count for agency staff: the category's own tier already holds it.
    """
    traits = facts.model | tables.implied(facts.category, facts.variant, "model")
    if facts.category == "agency_staff":
        traits -= {"labour_provider"}
    found = [WORDS[trait] for trait in MODEL if trait in traits]
    return each("supply_chain_model", "It often works through", found, tables)


INDICATOR = Indicator(
    code="supply_chain_model",
    characteristic="business or supply-chain model",
    meaning="The business works through umbrella companies, franchises, chains of subcontracting "
    "or labour providers.",
    source="The table category_traits, contracts and suppliers' answers",
    dated="2026-11",
    example=Facts(category="other_goods", model=frozenset({"franchise"})),
    expected=1,
    weigh=weigh,
)
