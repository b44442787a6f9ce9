"""The list of a review's payees: searched, filtered and sorted as the address says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from section54.engine.identity.model import PayeeKind
from section54.engine.reports.wording import KIND_WORDS
from section54.engine.risk.model import TIER_ORDER
from section54.risk.models import Finding, Review


PAGE = 50
BY_RISK = ("risk", "-risk")
SORTS = {
    "name": ("name", "pk"),
    "-name": ("-name", "pk"),
    "amount": ("amount", "pk"),
    "-amount": ("-amount", "pk"),
    "payments": ("lines", "pk"),
    "-payments": ("-lines", "pk"),
}
LONGEST_SEARCH = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; what it gets wrong is left out rather than refused."""

    search: str = ""
    tier: str = ""
    category: str = ""
    kind: str = ""
    decided: bool = False
    sort: str = "risk"

    @classmethod
    def of(cls, query: Mapping[str, Any], review: Review) -> "Asked":
        """Read a query string."""
        codes = set(review.categories.values_list("code", flat=True))
        return cls(
            search=" ".join(str(query.get("q", "")).split())[:LONGEST_SEARCH],
            tier=_one_of(query.get("tier"), {tier.value for tier in TIER_ORDER}),
            category=_one_of(query.get("category"), codes),
            kind=_one_of(query.get("kind"), {kind.value for kind in PayeeKind}),
            decided=query.get("decided") == "yes" and not review.is_shared,
            sort=_one_of(query.get("sort"), {*SORTS, *BY_RISK}) or "risk",
        )

    def findings(self, review: Review) -> QuerySet[Finding]:
        """Return the payees asked for, in the order asked for."""
        found = review.payees
        for word in self.search.casefold().split():
            found = found.filter(search__contains=word)
        if self.tier:
            found = found.of_tier(self.tier)
        if self.category:
            found = found.filter(purchases__code=self.category).distinct()
        if self.kind:
            found = found.filter(kind=self.kind)
        if self.decided:
            found = found.filter(is_decided=True)
        if self.sort in BY_RISK:
            return found.by_risk(least_first=self.sort == "-risk")
        return found.order_by(*SORTS[self.sort])

    def in_words(self, review: Review) -> str:
        """Say what the list is limited to, for the record of an export."""
        labels = dict(review.categories.values_list("code", "label"))
        parts = [
            f"search “{self.search}”" if self.search else "",
            f"tier {self.tier}" if self.tier else "",
            f"category {labels.get(self.category, '')}" if self.category else "",
            f"kind {KIND_WORDS[PayeeKind(self.kind)].lower()}" if self.kind else "",
            "decided by people" if self.decided else "",
        ]
        return ", ".join(part for part in parts if part) or "all payees"


def kinds_of(review: Review) -> list[tuple[str, str, int]]:
    """Return the kinds of payee that occur in a review: value, words, how many; most first."""
    counts = review.findings.values_list("kind").annotate(count=Count("pk")).order_by("-count")
    return [(kind, KIND_WORDS[PayeeKind(kind)], count) for kind, count in counts]


def _one_of(value: object, known: set[str]) -> str:
    return value if isinstance(value, str) and value in known else ""
