"""Measure the category step on pairs labelled by hand.

    .venv/bin/python tools/measure_categories.py LABELS.csv [--by publisher] [--markdown] [--list]

Each pair goes through the kind of payee, the redactions and the classifier as in a review. Printed:
how often category and tier were right by pair and by pounds (absolute amounts), by band of
confidence, by publisher, and the pairs of categories most often taken for each other.
"""

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from section54.engine.categories.classify import Classifier
from section54.engine.categories.model import CategoryDecision, Purchase
from section54.engine.identity.kinds import kind_of
from section54.engine.identity.names import tidy
from section54.engine.ledgers.redactions import redaction_is_person, redaction_of
from section54.engine.risk.assess import assess
from section54.engine.risk.facts import Facts, RiskTables


BANDS = (0.0, 0.6, 0.75, 0.9, 0.95, 1.01)


@dataclass(frozen=True)
class Scored:
    """One labelled pair and what the classifier made of it."""

    row: Mapping[str, str]
    purchase: Purchase
    decision: CategoryDecision
    tier: str

    @property
    def pounds(self) -> Decimal:
        """Absolute amount of the pair, pounds."""
        return abs(Decimal(self.row["amount"] or "0"))

    @property
    def category_right(self) -> bool:
        """Whether the category is the labelled one."""
        return self.decision.code == self.row["category"]

    @property
    def tier_right(self) -> bool:
        """Whether the usual tier is the labelled one."""
        return self.tier == self.row["tier"]


def purchase_of(row: Mapping[str, str]) -> Purchase:
    """Return the purchase as a review would put it to the classifier."""
    supplier = row["supplier"]
    redacted = bool(supplier) and redaction_of(supplier) is not None
    return Purchase(
        supplier=supplier if redacted else tidy(supplier),
        kind=kind_of(supplier)[0],
        redacted=redacted,
        description=row["description"],
        expense_type=row["expense_type"],
        category=row["category_text"],
        department=row["department"],
    )


def score(rows: Iterable[Mapping[str, str]]) -> list[Scored]:
    """Classify every labelled pair."""
    classifier, tables = Classifier.load(), RiskTables.load()
    scored = []
    for row in rows:
        purchase = purchase_of(row)
        decision = classifier.classify(purchase)
        stated = purchase.redacted and redaction_is_person(row["supplier"])
        if stated and decision.code == "individuals_redacted":
            decision = replace(decision, variant="person")
        tier = tables.usual_tier(decision.code, decision.variant)
        scored.append(Scored(row, purchase, decision, tier))
    return scored


def assessed_tier(scored: Scored, tables: RiskTables) -> str:
    """Return the tier after the whole sum, which may lie above the usual one."""
    facts = Facts(
        category=scored.decision.code,
        variant=scored.decision.variant,
        kind=scored.purchase.kind,
        redacted=scored.purchase.redacted,
    )
    return assess(facts, tables).tier.value


def share(scored: list[Scored], right: Callable[[Scored], bool], *, pounds: bool) -> float:
    """Return the share that is right, by pair or by pounds."""
    if pounds:
        total = sum((s.pounds for s in scored), Decimal(0))
        return float(sum((s.pounds for s in scored if right(s)), Decimal(0)) / (total or 1))
    return sum(right(s) for s in scored) / (len(scored) or 1)


def line(name: str, scored: list[Scored], *, markdown: bool) -> str:
    """Return one row of the score table."""
    cells = [name, str(len(scored))] + [
        f"{100 * share(scored, right, pounds=pounds):.1f}%"
        for right in (lambda s: s.category_right, lambda s: s.tier_right)
        for pounds in (False, True)
    ]
    if markdown:
        return "| " + " | ".join(cells) + " |"
    return f"{cells[0]:44}" + "".join(f"{cell:>12}" for cell in cells[1:])


def table(groups: Mapping[str, list[Scored]], *, markdown: bool) -> list[str]:
    """Return a score table with a heading."""
    heads = ["", "pairs", "category", "by pounds", "tier", "by pounds"]
    if markdown:
        lines = ["| " + " | ".join(heads) + " |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    else:
        lines = [f"{heads[0]:44}" + "".join(f"{head:>12}" for head in heads[1:])]
    return lines + [line(name, scored, markdown=markdown) for name, scored in groups.items()]


def main(arguments: list[str]) -> int:
    """Print the scores of a file of labels."""
    files = [argument for argument in arguments if argument.endswith(".csv")]
    if not files:
        sys.stderr.write(f"{__doc__}\n")
        return 2
    markdown = "--markdown" in arguments
    with Path(files[0]).open(encoding="utf-8", newline="") as stream:
        scored = score(csv.DictReader(stream))
    groups: dict[str, list[Scored]] = {
        "All": scored,
        "Sure labels": [s for s in scored if s.row["sure"] == "sure"],
        "Unsure labels": [s for s in scored if s.row["sure"] != "sure"],
    }
    print("\n".join(table(groups, markdown=markdown)))
    print()
    bands: dict[str, list[Scored]] = {}
    for low, high in pairwise(BANDS):
        bands[f"confidence {low:.2f} to {min(high, 1):.2f}"] = [
            s for s in scored if low <= s.decision.confidence < high
        ]
    print("\n".join(table(bands, markdown=markdown)))
    if "--by" in arguments:
        column = arguments[arguments.index("--by") + 1]
        by: dict[str, list[Scored]] = defaultdict(list)
        for s in scored:
            by[s.row[column]].append(s)
        print()
        print("\n".join(table(dict(sorted(by.items())), markdown=markdown)))
    wrong = Counter(
        (s.row["category"], s.decision.code, s.row["sure"]) for s in scored if not s.category_right
    )
    print("\nMost often taken for another (label, ours, sure):")
    for (label, ours, sure), count in wrong.most_common(25):
        print(f"  {count:4}  {label} → {ours} ({sure})")
    if "--list" in arguments:
        tables = RiskTables.load()
        for s in scored:
            if not s.category_right or not s.tier_right:
                row = s.row
                print(
                    f"{row['sure']:6} {row['category']}/{row['tier']} → {s.decision.code}/"
                    f"{s.decision.variant}/{s.tier} {s.decision.confidence} "
                    f"[{row['publisher']}] {row['supplier']} ({s.purchase.kind.value}) | "
                    f"{row['description'][:80]} | {row['expense_type']} | {row['category_text']} | "
                    f"{row['department'][:70]} | {s.decision.because} "
                    f"(assessed {assessed_tier(s, tables)})"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
