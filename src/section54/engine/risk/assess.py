"""Add up the inherent risk of a supply, so that the sum can be read aloud.

Inherent risk is the risk to people that comes with the work itself, before anything a supplier
has promised or shown. It starts from the category's usual tier; each indicator may add points.
Nothing takes points away: what is not known adds nothing unless the table says so, lowers
nothing, and is listed as not known.

Source: the six characteristics of PPN 009; the points are Section54's judgement, in a table.
"""

from collections.abc import Iterable

from section54.engine.identity.model import PayeeKind
from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.indicators import INDICATORS
from section54.engine.risk.model import TIER_ORDER, Assessment, Reason, Tier


def assess(facts: Facts, tables: RiskTables) -> Assessment:
    """Return the tier of one supply, with the sum that gave it.

    Payments to public bodies, tax, grants and payments to people for which no thing is named are
    not applicable. A person who sells a named thing, and a public body that sells a high-risk
    service in competition, are assessed like any supplier of it. A category that is not known, or
    whose usual tier is not, stays unknown unless the added points alone reach medium or high.
    """
    outside = _outside(facts, tables)
    if outside:
        return Assessment(
            tier=Tier.NOT_APPLICABLE,
            points=None,
            reasons=(Reason(indicator="payee", points=0, because=outside),),
        )
    reasons: list[Reason] = []
    not_known: list[str] = []
    for indicator in INDICATORS:
        found, missing = indicator.weigh(facts, tables)
        reasons += found
        not_known += missing
    points = sum(reason.points for reason in reasons)
    tier = tier_of(points, tables)
    if tables.usual_tier(facts.category, facts.variant) == "unknown" and tier not in (
        Tier.HIGH,
        Tier.MEDIUM,
    ):
        return Assessment(
            tier=Tier.UNKNOWN, points=None, reasons=tuple(reasons), not_known=tuple(not_known)
        )
    return Assessment(tier=tier, points=points, reasons=tuple(reasons), not_known=tuple(not_known))


def tier_of(points: int, tables: RiskTables) -> Tier:
    """Return the tier of a sum; the lowest number of points of a tier belongs to it."""
    if points >= tables.points_for("tier", "high"):
        return Tier.HIGH
    if points >= tables.points_for("tier", "medium"):
        return Tier.MEDIUM
    return Tier.LOW


def highest(assessments: Iterable[Assessment]) -> Assessment:
    """Return the assessment that decides for a supplier with several categories.

    The order is high, medium, unknown, low, not applicable; among equals, the larger sum.

    Raises:
        ValueError: there is none to choose from.
    """
    return min(assessments, key=lambda a: (TIER_ORDER.index(a.tier), -(a.points or 0)))


def as_sum(assessment: Assessment) -> str:
    """Return an assessment as one line: ``industry 6 + workforce 1 = 7, High``."""
    terms = " + ".join(
        f"{r.indicator.replace('_', ' ')} {r.points}" for r in assessment.reasons if r.points
    )
    if assessment.points is None:
        return assessment.tier.label
    return f"{terms} = {assessment.points}, {assessment.tier.label}"


def _outside(facts: Facts, tables: RiskTables) -> str:
    if facts.kind is PayeeKind.PUBLIC_BODY and facts.category == "public_sector_transfer":
        return "The payee is a public body: it answers for its own purchasing."
    if tables.usual_tier(facts.category, facts.variant) == "not_applicable":
        return {
            "public_sector_transfer": "A payment to a public body, a levy, a pension or a tax.",
            "grants_voluntary_sector": "A grant: nothing is bought.",
            "individuals_redacted": "The payee is a person, and nothing that is bought is named.",
        }.get(facts.category, "Nothing is bought that could be assessed.")
    return ""
