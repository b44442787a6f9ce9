"""History: was a concern or breach upheld against the supplier in the last three years?"""

from datetime import date

from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.indicators.base import NOTHING, Indicator, Weighed, reason


YEARS = 3


def weigh(facts: Facts, tables: RiskTables) -> Weighed:
    """Add 3 when the last upheld concern is at most three years old on the day, to the day.

    Raises:
        ValueError: a date of upholding is given without the day of the assessment.
    """
    if facts.last_upheld is None:
        return NOTHING
    if facts.on is None:
        raise ValueError("An upheld concern can only be weighed on a day: give the day.")
    upheld = facts.last_upheld
    day = (facts.on.year - YEARS, facts.on.month, facts.on.day)
    if upheld > facts.on or (upheld.year, upheld.month, upheld.day) < day:
        return NOTHING
    return reason(
        "upheld",
        tables.points_for("upheld", "last_three_years"),
        f"A concern or breach was upheld on {upheld.day} {upheld:%B %Y}.",
    )


INDICATOR = Indicator(
    code="upheld",
    characteristic="context in which the supplier operates",
    meaning="A concern or a breach was upheld against the supplier in the last three years.",
    source="Our own records",
    dated="2026-11",
    example=Facts(
        category="printing_stationery", last_upheld=date(2025, 11, 23), on=date(2026, 11, 23)
    ),
    expected=3,
    weigh=weigh,
)
