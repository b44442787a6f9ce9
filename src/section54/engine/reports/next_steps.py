"""What a buyer should ask next about a payee, in one sentence, from a dated table.

Limits: the sentences are our judgement. They depend on what is bought and from whom, never on
what we think of the supplier.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from section54.engine.identity.model import PayeeKind
from section54.engine.reference import load_table
from section54.engine.risk.model import Tier


ANY = "*"

Steps = Mapping[tuple[str, str, str], str]


@lru_cache(maxsize=8)
def _steps(own: Path | None) -> Steps:
    """Return the table as (kind, category, tier) → sentence."""
    rows = load_table("next_steps", own).rows
    return {(row["kind"], row["category"], row["tier"]): row["ask"] for row in rows}


def next_step(tier: Tier, kind: PayeeKind, code: str, own: Path | None = None) -> str:
    """Return the sentence of the most specific row of ``next_steps`` that fits.

    Who is paid counts first (a redacted payee must be named before anybody can be asked), then
    what was bought, then the tier. Source: our judgement; see the table.

    Args:
        tier: The inherent tier of the purchase.
        kind: What sort of payee it is.
        code: A code of the ``categories`` table; one that no row names gets the general advice.
        own: A folder with the body's own ``next_steps`` table, if it has one.

    Raises:
        TableError: the table is missing or does not say where it comes from.
        KeyError: the body's own table has no row for everything else (``*,*,*``).
    """
    steps = _steps(own)
    for who in (kind.value, ANY):
        for what in (code, ANY):
            for how_risky in (tier.value, ANY):
                if (who, what, how_risky) in steps:
                    return steps[(who, what, how_risky)]
    raise KeyError("The next_steps table needs a last row of *,*,* for everything else.")
