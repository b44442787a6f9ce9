"""What is known of one supply when its risk is weighed; None and empty mean "not known"."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from section54.engine.identity.model import PayeeKind
from section54.engine.reference import Table, TableError, load_table


# Other names of countries, small letters → as in the table of prevalence.
ALIASES = {
    "burma": "Myanmar",
    "turkey": "Türkiye",
    "uk": "United Kingdom",
    "great britain": "United Kingdom",
    "england": "United Kingdom",
    "usa": "United States",
    "uae": "United Arab Emirates",
    "viet nam": "Vietnam",
    "dprk": "North Korea",
}
TIERS = ("high", "medium", "low", "unknown", "not_applicable")
# The rows of ``risk_points`` that the sum needs.
POINT_CASES = (
    *(("industry", tier) for tier in ("high", "medium", "low", "unknown")),
    ("commodity", "listed"),
    ("commodity", "origin_unknown"),
    ("location", "high_prevalence"),
    ("state_imposed", "documented"),
    ("workforce", "each"),
    ("supply_chain_model", "each"),
    ("chain_not_known", "beyond_first_tier"),
    ("low_price", "below_hard_floor"),
    ("upheld", "last_three_years"),
    *(("tier", tier) for tier in ("high", "medium", "low")),
)
WORKFORCE = ("agency", "seasonal", "migrant", "isolated")
MODEL = ("umbrella", "franchise", "subcontracting", "labour_provider")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One supplier in one category, with what its ledger lines, contracts and answers tell.

    Attributes:
        category: A code of the ``categories`` table.
        variant: A row of ``category_variants`` that moves the usual tier, or "".
        kind: What sort of payee is paid.
        redacted: The publisher withheld the payee's name.
        workforce: Traits of ``WORKFORCE`` known from contracts or answers.
        model: Traits of ``MODEL`` known from contracts or answers.
        origins: Countries where the goods are made or grown, or the work is done, if known.
        places: Regions within them, if known (Xinjiang).
        good: The good as the US list names it, if known better than by category.
        chain_known: Whether the makers beyond the first supplier are known; None if not asked.
        below_hard_floor: Whether an accepted bid was below the hard labour floor; None: no bid.
        last_upheld: When a concern or breach was last upheld.
        on: The day of the assessment; needed only with ``last_upheld``.
    """

    category: str
    variant: str = ""
    kind: PayeeKind = PayeeKind.FIRM
    redacted: bool = False
    workforce: frozenset[str] = frozenset()
    model: frozenset[str] = frozenset()
    origins: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    good: str = ""
    chain_known: bool | None = None
    below_hard_floor: bool | None = None
    last_upheld: date | None = None
    on: date | None = None


@dataclass(frozen=True, slots=True)
class RiskTables:
    """The dated tables that the sum is made with."""

    categories: Table
    variants: Table
    traits: Table
    points: Table
    goods: Table
    countries: Table
    state_imposed: Table
    _points: Mapping[tuple[str, str], Mapping[str, str]] = field(init=False, repr=False)
    _traits: Mapping[tuple[str, str], Mapping[str, str]] = field(init=False, repr=False)
    _tiers: Mapping[tuple[str, str], str] = field(init=False, repr=False)
    _labels: Mapping[str, str] = field(init=False, repr=False)
    _listed: frozenset[tuple[str, str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the rows that every assessment looks up."""
        put = object.__setattr__
        self._check()
        put(self, "_points", {(r["indicator"], r["case"]): r for r in self.points.rows})
        put(self, "_traits", {(r["code"], r["variant"]): r for r in self.traits.rows})
        tiers = {(r["code"], ""): r["usual_tier"] for r in self.categories.rows}
        tiers |= {(r["code"], r["variant"]): r["usual_tier"] for r in self.variants.rows}
        put(self, "_tiers", tiers)
        put(self, "_labels", {r["code"]: r["label"] for r in self.categories.rows})
        put(
            self,
            "_listed",
            frozenset(
                (
                    r["good"].lower(),
                    ALIASES.get(r["country"].casefold(), r["country"]).casefold(),
                )
                for r in self.goods.rows
                if "yes" in (r["forced"], r["forced_child"], r["derived"])
            ),
        )

    def _check(self) -> None:
        """Refuse a table that the sum cannot be made with, and say where it is wrong.

        Raises:
            TableError: a number, a tier or a row is missing or not what it must be.
        """
        for place, row in enumerate(self.points.rows, start=2):
            for column in ("points", "at_most"):
                value = row.get(column, "")
                if not value.isdigit() and (column == "points" or value):
                    raise TableError(
                        f"{self.points.name}.csv, row {place}: {column} must be a whole number, "
                        f"not {value!r}."
                    )
        cases = {(row["indicator"], row["case"]) for row in self.points.rows}
        missing = [" ".join(case) for case in POINT_CASES if case not in cases]
        if missing:
            raise TableError(f"{self.points.name}.csv has no row for: {', '.join(missing)}.")
        for table in (self.categories, self.variants):
            for place, row in enumerate(table.rows, start=2):
                if row.get("usual_tier") not in TIERS:
                    raise TableError(
                        f"{table.name}.csv, row {place}: usual_tier must be one of "
                        f"{', '.join(TIERS)}, not {row.get('usual_tier')!r}."
                    )

    @classmethod
    def load(cls, own: Path | None = None) -> "RiskTables":
        """Load the tables, the body's own from ``own`` where it has changed one.

        Raises:
            section54.engine.reference.TableError: a table is missing or says too little.
        """
        return cls(
            categories=load_table("categories", own),
            variants=load_table("category_variants", own),
            traits=load_table("category_traits", own),
            points=load_table("risk_points", own),
            goods=load_table("forced_labour_goods", own),
            countries=load_table("country_prevalence", own),
            state_imposed=load_table("state_imposed", own),
        )

    @property
    def all(self) -> tuple[Table, ...]:
        """Return every table, for the record of what a result was made with."""
        return (
            self.categories,
            self.variants,
            self.traits,
            self.points,
            self.goods,
            self.countries,
            self.state_imposed,
        )

    def points_for(self, indicator: str, case: str) -> int:
        """Return the points of one case of an indicator."""
        return int(self._points[indicator, case]["points"])

    def at_most(self, indicator: str, case: str) -> int:
        """Return the most that an indicator may add."""
        return int(self._points[indicator, case]["at_most"])

    def label(self, category: str) -> str:
        """Return a category's name for people, with a small first letter when inside a sentence."""
        return self._labels[category]

    def usual_tier(self, category: str, variant: str) -> str:
        """Return where the assessment starts: the variant's tier, else the category's."""
        return self._tiers.get((category, variant)) or self._tiers[category, ""]

    def trait(self, category: str, variant: str, column: str) -> str:
        """Return what a category (or its variant, which then decides alone) implies."""
        row = self._traits.get((category, variant)) or self._traits.get((category, ""))
        if variant and (category, variant) not in self._traits:
            row = None
        return row[column] if row else ""

    def implied(self, category: str, variant: str, column: str) -> frozenset[str]:
        """Return the traits in a column of ``category_traits`` as a set."""
        return frozenset(filter(None, self.trait(category, variant, column).split("|")))

    def country(self, name: str) -> str | None:
        """Return a country as the tables write it, whatever the case; None when none knows it."""
        wanted = ALIASES.get(name.strip().casefold(), name.strip()).casefold()
        known = (*self.countries.rows, *self.goods.rows, *self.state_imposed.rows)
        return next((r["country"] for r in known if r["country"].casefold() == wanted), None)

    def is_listed(self, good: str, country: str | None = None) -> bool:
        """Say whether a good is listed as made by forced labour: anywhere, or in one country."""
        if country is None:
            return any(listed == good.lower() for listed, _ in self._listed)
        known = ALIASES.get(country.casefold(), country).casefold()
        return (good.lower(), known) in self._listed
