"""How inherent risk adds up: the worked suppliers, and what must never happen."""

from datetime import date
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from section54.engine.identity.model import PayeeKind
from section54.engine.reference import TableError
from section54.engine.risk.assess import as_sum, assess, highest, tier_of
from section54.engine.risk.facts import MODEL, WORKFORCE, Facts, RiskTables
from section54.engine.risk.indicators import INDICATORS
from section54.engine.risk.model import Assessment, Tier


TABLES = RiskTables.load()
CODES = sorted(TABLES.categories.by("code"))


def facts(category, **known):
    sets = {k: frozenset(v) for k, v in known.items() if k in ("workforce", "model")}
    return Facts(category=category, **{**known, **sets})


WORKED = {
    # 6 for cleaning, 1 for agency staff
    "Fenland Contract Cleaning": (facts("cleaning", workforce=["agency"]), "high", 7),
    # 6 for guarding, 1 for labour-only subcontractors
    "Ouse Guarding": (facts("security_guarding", model=["subcontracting"]), "high", 7),
    "Isle Software": (facts("ict_software_services"), "low", 1),
    "Denny Body Shop": (facts("vehicles_and_parts"), "medium", 3),
    # 6 for garments, 1 for the origin not known, 1 for the chain not known
    "March Uniforms": (facts("uniform_workwear_textiles"), "high", 8),
    # 6, 3 for a country listed for garments, 2 for high prevalence
    "March Uniforms, factories named": (
        facts("uniform_workwear_textiles", origins=("India",), chain_known=True),
        "high",
        11,
    ),
    # 3 for professional grades, 1 for the agency's workforce
    "Soham Recruitment": (
        facts("agency_staff", variant="professional", workforce=["agency"]),
        "medium",
        4,
    ),
    # 6 for growing, 1 for seasonal, 1 for migrant; its own produce, so no chain and no origin
    "Wisbech Growers": (
        facts(
            "grounds_agriculture",
            workforce=["seasonal", "migrant"],
            origins=("United Kingdom",),
            chain_known=True,
        ),
        "high",
        8,
    ),
    "Ely County Council": (
        facts("public_sector_transfer", kind=PayeeKind.PUBLIC_BODY),
        "not_applicable",
        None,
    ),
    "THIRD PARTY": (
        facts("individuals_redacted", kind=PayeeKind.REDACTED, redacted=True),
        "unknown",
        None,
    ),
    # 1 for printing, 3 for a breach upheld last year
    "Littleport Print": (
        facts("printing_stationery", last_upheld=date(2025, 6, 1), on=date(2026, 11, 23)),
        "medium",
        4,
    ),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_suppliers_come_out_as_agreed(name):
    known, tier, points = WORKED[name]
    found = assess(known, TABLES)
    assert (found.tier.value, found.points) == (tier, points), as_sum(found)


@pytest.mark.parametrize("indicator", INDICATORS, ids=lambda i: i.code)
def test_each_indicators_example_gets_its_expected_points(indicator):
    reasons, _ = indicator.weigh(indicator.example, TABLES)
    assert [r.points for r in reasons] == [indicator.expected]
    assert indicator.meaning.endswith(".")
    assert indicator.source
    assert indicator.dated


def test_every_indicator_has_its_points_in_the_table_and_the_table_has_no_others():
    assert {i.code for i in INDICATORS} | {"tier"} == {r["indicator"] for r in TABLES.points.rows}


@pytest.mark.parametrize(
    ("points", "tier"),
    [
        (0, Tier.LOW),
        (1, Tier.LOW),
        (2, Tier.LOW),
        (3, Tier.MEDIUM),
        (5, Tier.MEDIUM),
        (6, Tier.HIGH),
    ],
)
def test_tiers_begin_at_three_and_six(points, tier):
    assert tier_of(points, TABLES) is tier


def test_the_sum_reads_aloud():
    assert as_sum(assess(facts("cleaning"), TABLES)) == "industry 6 + workforce 1 = 7, High"


def test_three_workforce_traits_count_as_two():
    found = assess(facts("other_goods", workforce=["agency", "seasonal", "isolated"]), TABLES)
    assert found.points == 3 + 2


def test_a_labour_provider_adds_nothing_to_agency_staff():
    base = assess(facts("agency_staff"), TABLES).points
    assert assess(facts("agency_staff", model=["labour_provider"]), TABLES).points == base


def test_a_listed_good_from_a_country_not_listed_adds_nothing():
    # Garments from Norway: 6 for the category, 1 for the chain not known.
    assert assess(facts("uniform_workwear_textiles", origins=("Norway",)), TABLES).points == 7


def test_state_imposed_forced_labour_needs_the_region_and_not_only_the_country():
    country = assess(facts("solar_batteries", origins=("China",)), TABLES)
    region = assess(facts("solar_batteries", origins=("China",), places=("Xinjiang",)), TABLES)
    assert region.points == country.points + 3


def test_an_unknown_category_stays_unknown_until_points_alone_reach_medium():
    assert assess(facts("unknown"), TABLES).tier is Tier.UNKNOWN
    assert assess(facts("unknown", below_hard_floor=True), TABLES).tier is Tier.UNKNOWN  # 2
    three = facts("unknown", last_upheld=date(2026, 1, 1), on=date(2026, 11, 23))
    assert assess(three, TABLES).tier is Tier.MEDIUM


@pytest.mark.parametrize(
    ("upheld", "counts"),
    [
        pytest.param(date(2023, 11, 23), True, id="three years to the day"),
        pytest.param(date(2023, 11, 22), False, id="a day more"),
        pytest.param(date(2026, 11, 24), False, id="not yet upheld"),
    ],
)
def test_an_upheld_concern_counts_for_three_years(upheld, counts):
    found = assess(facts("printing_stationery", last_upheld=upheld, on=date(2026, 11, 23)), TABLES)
    assert found.points == (4 if counts else 1)


def test_an_upheld_concern_needs_the_day_of_the_assessment():
    with pytest.raises(ValueError, match="give the day"):
        assess(facts("cleaning", last_upheld=date(2026, 1, 1)), TABLES)


def test_a_stated_person_is_not_applicable_and_a_redacted_one_unknown():
    person = facts("individuals_redacted", variant="person", redacted=True)
    assert assess(person, TABLES).tier is Tier.NOT_APPLICABLE
    assert assess(facts("individuals_redacted", redacted=True), TABLES).tier is Tier.UNKNOWN


def test_the_highest_category_decides_and_unknown_outranks_low():
    def at(tier, points=None):
        return Assessment(tier=tier, points=points, reasons=())

    low, unknown, medium = at(Tier.LOW, 1), at(Tier.UNKNOWN), at(Tier.MEDIUM, 4)
    assert highest([low, unknown]) is unknown
    assert highest([low, unknown, medium]) is medium
    assert highest([low, at(Tier.NOT_APPLICABLE)]) is low


@pytest.mark.parametrize("code", CODES)
def test_the_traits_of_a_category_alone_never_change_its_usual_tier(code):
    variants = [r["variant"] for r in TABLES.variants.rows if r["code"] == code]
    for variant in ["", *variants]:
        found = assess(facts(code, variant=variant), TABLES)
        assert found.tier.value == TABLES.usual_tier(code, variant)


def test_every_trait_row_names_a_known_category_and_variant_and_known_traits():
    variants = {(r["code"], r["variant"]) for r in TABLES.variants.rows}
    for row in TABLES.traits.rows:
        assert row["code"] in CODES
        assert not row["variant"] or (row["code"], row["variant"]) in variants
        assert set(filter(None, row["workforce"].split("|"))) <= set(WORKFORCE)
        assert set(filter(None, row["model"].split("|"))) <= set(MODEL)
        assert not row["good"] or TABLES.is_listed(row["good"])


KNOWN = st.builds(
    Facts,
    category=st.sampled_from(CODES),
    workforce=st.frozensets(st.sampled_from(WORKFORCE)),
    model=st.frozensets(st.sampled_from(MODEL)),
    origins=st.lists(st.sampled_from(["China", "India", "Norway"]), max_size=2).map(tuple),
    chain_known=st.sampled_from([None, False]),
    below_hard_floor=st.sampled_from([None, True]),
    last_upheld=st.sampled_from([None, date(2026, 1, 1)]),
    on=st.just(date(2026, 11, 23)),
)
RANK = {Tier.HIGH: 3, Tier.MEDIUM: 2, Tier.UNKNOWN: 1, Tier.LOW: 1, Tier.NOT_APPLICABLE: 0}


@settings(deadline=None)
@given(KNOWN)
def test_the_sum_is_the_sum_of_its_reasons_and_nothing_subtracts(known):
    found = assess(known, TABLES)
    assert all(reason.points >= 0 for reason in found.reasons)
    if found.points is not None:
        assert found.points == sum(reason.points for reason in found.reasons)


@settings(deadline=None)
@given(KNOWN)
def test_knowing_less_never_lowers_a_risk_that_was_reached_by_what_was_not_known(known):
    """Learning that the chain is known may lower the sum; forgetting it never does."""
    asked = Facts(**{**_dict(known), "chain_known": True})
    assert RANK[assess(known, TABLES).tier] >= RANK[assess(asked, TABLES).tier]


def _dict(known):
    return {name: getattr(known, name) for name in known.__slots__}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("industry,high,6", "industry,high,lots"), "row 2: points must be a whole number"),
        (("workforce,each,1,2", "workforce,some,1,2"), "no row for: workforce each"),
    ],
)
def test_a_points_table_that_cannot_be_used_is_refused_by_row(tmp_path, change, words):
    ours = files("section54.engine.reference")
    text = (ours / "risk_points.csv").read_text(encoding="utf-8")
    (tmp_path / "risk_points.csv").write_text(text.replace(*change), encoding="utf-8")
    about = (ours / "risk_points.toml").read_text(encoding="utf-8")
    (tmp_path / "risk_points.toml").write_text(about + '\nchanged_by = "J Clerk"\n')
    with pytest.raises(TableError, match=words):
        RiskTables.load(tmp_path)


def test_a_country_is_known_in_any_case_and_by_its_other_names():
    assert TABLES.country(" malaysia ") == "Malaysia"
    assert TABLES.country("Burma") == "Myanmar"
    assert TABLES.country("Atlantis") is None


def test_an_origin_that_no_table_knows_counts_as_not_known():
    nowhere = facts("uniform_workwear_textiles", origins=("Atlantis",))
    assert (
        assess(nowhere, TABLES).points == assess(facts("uniform_workwear_textiles"), TABLES).points
    )
