"""What the risk step takes and gives."""

from dataclasses import dataclass
from enum import StrEnum


class Tier(StrEnum):
    """Inherent risk to people. UNKNOWN is an answer, and never a pass."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"

    @property
    def label(self) -> str:
        """The tier as shown to people."""
        return self.value.replace("_", " ").capitalize()


# The order in which tiers are shown and in which a supplier takes the highest of its categories.
TIER_ORDER = (Tier.HIGH, Tier.MEDIUM, Tier.UNKNOWN, Tier.LOW, Tier.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One line of the sum: which indicator, how many points, and the sentence that says why."""

    indicator: str
    points: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A tier with the sum that gave it.

    Attributes:
        tier: High from 6 points, medium 3 to 5, low 1 to 2.
        points: The sum, or None where there is no sum (unknown, not applicable).
        reasons: The lines of the sum in the order they are added.
        not_known: What would have to be learned, one phrase each; it adds and lowers nothing.
    """

    tier: Tier
    points: int | None
    reasons: tuple[Reason, ...]
    not_known: tuple[str, ...] = ()
