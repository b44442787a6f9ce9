"""What an indicator is: one line of the sum, with its meaning, source, example and result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.model import Reason


Weighed = tuple[tuple[Reason, ...], tuple[str, ...]]
NOTHING: Weighed = ((), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One indicator of inherent risk.

    Attributes:
        code: Its name in the points table.
        characteristic: The characteristic of PPN 009 that it stands for.
        meaning: One sentence a buyer understands.
        source: Where the judgement or the facts come from.
        dated: The month of that source or judgement.
        example: A supply.
        expected: The points the example must get.
        weigh: Gives the reasons (with points) and what is not known.
    """

    code: str
    characteristic: str
    meaning: str
    source: str
    dated: str
    example: Facts
    expected: int
    weigh: Callable[[Facts, RiskTables], Weighed]


def reason(code: str, points: int, because: str, *not_known: str) -> Weighed:
    """Return one reason, and what is not known."""
    return (Reason(indicator=code, points=points, because=because),), not_known


def each(code: str, sentence: str, found: Sequence[str], tables: RiskTables) -> Weighed:
    """Return the table's points for each trait found, up to its most, in one sentence."""
    if not found:
        return NOTHING
    points = min(tables.points_for(code, "each") * len(found), tables.at_most(code, "each"))
    return reason(code, points, f"{sentence} {' and '.join(found)}.")
