"""Context: does a state force people to make this good there?"""

from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.indicators.base import NOTHING, Indicator, Weighed, reason
from section54.engine.risk.indicators.commodity import good_of


def weigh(facts: Facts, tables: RiskTables) -> Weighed:
    """Add 3 when state-imposed forced labour is documented for this good in this place.

    A row that names a region counts only when the region is known: the country alone is not enough.
    """
    good = good_of(facts, tables).lower()
    for row in tables.state_imposed.rows:
        if row["country"] not in facts.origins or row["good"].lower() not in ("*", good):
            continue
        if row["place"] and row["place"] not in facts.places:
            continue
        return reason(
            "state_imposed",
            tables.points_for("state_imposed", "documented"),
            f"State-imposed forced labour is documented in {row['place'] or row['country']} "
            f"({row['source']}).",
        )
    return NOTHING


INDICATOR = Indicator(
    code="state_imposed",
    characteristic="context in which the supplier operates",
    meaning="A state is documented to force people to make this kind of goods in that place.",
    source="Statutes and lists named in the table state_imposed",
    dated="2026-11",
    example=Facts(category="solar_batteries", origins=("China",), places=("Xinjiang",)),
    expected=3,
    weigh=weigh,
)
