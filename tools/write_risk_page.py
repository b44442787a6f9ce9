"""Write docs/risk.md, the methodology page, from the indicators and the points table.

.venv/bin/python tools/write_risk_page.py
"""

import inspect
import sys
from pathlib import Path

from section54.engine.risk.assess import tier_of
from section54.engine.risk.facts import RiskTables
from section54.engine.risk.indicators import INDICATORS


PAGE = Path(__file__).parents[1] / "docs" / "risk.md"
HEAD = """# How inherent risk adds up

Inherent risk is the risk to people that comes with the work itself, before anything a supplier has promised or
shown. It is a sum that can be read aloud. It starts from the usual tier of what is bought; each indicator below
may add points; nothing takes points away. **The points are our judgement.** A body may change the table, with the
name of who changed it, and every result then carries that name.

What is not known adds nothing unless the table says so, lowers nothing, and is listed as not known. A category
that is not known stays *unknown* unless the added points alone reach medium. Payments to other public bodies,
tax, grants and people are *not applicable*. A supplier with several categories takes the highest, in the order
high, medium, unknown, low, not applicable. What a supplier has promised never lowers the inherent tier.

From a ledger alone the review knows the category, and takes what that category usually implies of workforce,
commodity and model from the table `category_traits`. Contracts, prices, answers and concerns come with later
releases; the indicators that need them are here already and can be tried with `section54 risk`.

This page is written by `tools/write_risk_page.py` from the indicators themselves; do not edit it.

"""


def page(tables: RiskTables) -> str:
    """Return the page as Markdown."""
    lines = ["| Indicator | Case | Points | At most | Meaning |", "|---|---|---|---|---|"]
    for row in tables.points.rows:
        case = row["case"].replace("_", " ")
        name = row["indicator"].replace("_", " ")
        lines.append(f"| {name} | {case} | {row['points']} | {row['at_most']} | {row['meaning']} |")
    parts = [HEAD + "\n".join(lines)]
    for indicator in INDICATORS:
        module = inspect.getmodule(indicator.weigh)
        title = (inspect.getdoc(module) or "").splitlines()[0]
        known = [
            f"{name} = {_value(value)}"
            for name in indicator.example.__slots__
            if (value := getattr(indicator.example, name)) and name not in ("kind",)
        ]
        parts.append(
            "\n".join(
                (
                    f"## {indicator.code.replace('_', ' ').capitalize()}",
                    "",
                    f"*{title}*",
                    "",
                    inspect.getdoc(indicator.weigh) or "",
                    "",
                    f"- PPN 009 characteristic: {indicator.characteristic}",
                    f"- Source: {indicator.source} ({indicator.dated})",
                    f"- Example: {', '.join(known)}",
                    f"- Expected points: {indicator.expected}",
                )
            )
        )
    sums = ", ".join(f"{n} {tier_of(n, tables).value}" for n in (1, 2, 3, 5, 6))
    parts.append(f"## Tiers\n\nThe lowest number of points of a tier belongs to it: {sums}.")
    return "\n\n".join(parts) + "\n"


def _value(value: object) -> str:
    if isinstance(value, frozenset | tuple):
        return " and ".join(sorted(map(str, value)))
    return str(value)


def main() -> int:
    """Write the page; with --check, only say whether it is current."""
    text = page(RiskTables.load())
    if "--check" in sys.argv:
        return 0 if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
