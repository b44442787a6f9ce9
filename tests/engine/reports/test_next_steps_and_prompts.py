import pytest
from tests.engine.reports.make_review import LABELS, fenland, no_high_risk

from section54.engine.identity.model import PayeeKind
from section54.engine.reference import load_table
from section54.engine.reports.next_steps import next_step
from section54.engine.reports.prompts import contacts, high_risk_trades, prompt_sheets
from section54.engine.risk.model import Tier


HIGH_TRADES = [
    "agency_staff",
    "security_guarding",
    "cleaning",
    "catering_food",
    "construction",
    "facilities_management",
    "grounds_agriculture",
    "waste_recycling",
    "laundry_textile_hire",
    "uniform_workwear_textiles",
    "ppe_medical_supplies",
    "ict_hardware_electronics",
    "vehicle_cleaning_valeting",
    "solar_batteries",
    "warehousing_storage",
    "hotels_accommodation_travel",
    "social_care",
]


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("kind", PayeeKind)
def test_there_is_one_sentence_for_every_tier_kind_and_category(tier, kind):
    for code in [*HIGH_TRADES, *LABELS, "a code of tomorrow"]:
        sentence = next_step(tier, kind, code)
        assert sentence.endswith(".")
        assert sentence.startswith(("Ask for ", "No supplier check is needed "))


def test_a_high_trade_has_its_own_question_and_differs_from_the_general_one():
    general = next_step(Tier.HIGH, PayeeKind.FIRM, "a code of tomorrow")
    own = {next_step(Tier.HIGH, PayeeKind.FIRM, code) for code in HIGH_TRADES}
    assert len(own) == len(HIGH_TRADES)
    assert general not in own


def test_who_is_paid_counts_before_what_was_bought():
    assert "name" in next_step(Tier.HIGH, PayeeKind.REDACTED, "cleaning")
    asked = next_step(Tier.NOT_APPLICABLE, PayeeKind.PUBLIC_BODY, "public_sector_transfer")
    assert asked.startswith("No supplier check")


def test_a_public_body_that_sells_high_risk_work_is_asked_who_does_it():
    asked = next_step(Tier.HIGH, PayeeKind.PUBLIC_BODY, "cleaning")
    assert asked.startswith("Ask for who does the work")


def test_custody_by_a_guarding_firm_is_not_asked_for_guards_licences_only():
    assert "custody" in next_step(Tier.HIGH, PayeeKind.FIRM, "security_guarding")


def test_the_tier_of_a_trade_changes_its_question():
    high = next_step(Tier.HIGH, PayeeKind.FIRM, "social_care")
    assert high != next_step(Tier.MEDIUM, PayeeKind.FIRM, "social_care")


def test_a_body_may_put_its_own_sentences_in_place_of_ours(tmp_path):
    (tmp_path / "next_steps.csv").write_text("tier,kind,category,ask\n*,*,*,Ask Pat.\n")
    (tmp_path / "next_steps.toml").write_text(
        'title = "t"\nversion = "1"\nsource = "s"\nlicence = "l"\nretrieved = "2026-11-23"\n'
        'verify = false\nunit = "u"\nchanged_by = "A. Head of Procurement"\n'
    )
    assert next_step(Tier.HIGH, PayeeKind.FIRM, "cleaning", tmp_path) == "Ask Pat."


def test_no_row_of_the_table_is_given_twice():
    rows = load_table("next_steps").rows
    keys = [(row["kind"], row["category"], row["tier"]) for row in rows]
    assert len(keys) == len(set(keys))


def test_every_high_trade_has_a_sheet_with_five_questions_and_good_answers():
    sheets = prompt_sheets([(code, code) for code in HIGH_TRADES])
    assert [sheet.code for sheet in sheets] == HIGH_TRADES
    for sheet in sheets:
        assert len(sheet.questions) == 5
        assert all(q.text.endswith((".", "?")) and q.good_answer for q in sheet.questions)
        assert len(sheet.look_out) >= 4
        assert any("999" in step for step in sheet.worried)


def test_a_trade_without_a_sheet_is_left_out():
    assert prompt_sheets([("legal_services", "Legal services")]) == []


def test_sheets_follow_the_high_spend_largest_first():
    codes = [code for code, _ in high_risk_trades(fenland())]
    assert codes[:3] == ["construction", "cleaning", "security_guarding"]
    assert "vehicles_and_parts" not in codes
    assert high_risk_trades(no_high_risk()) == []


def test_a_number_not_seen_at_its_source_says_check_before_use():
    by_number = {contact.number: contact for contact in contacts()}
    assert next(iter(by_number)) == "999"
    assert by_number["0800 432 0804"].check_before_use
    assert not by_number["08000 121 700"].check_before_use
    assert by_number["08000 121 700"].link == "tel:08000121700"
    assert by_number["999"].checked == "23 November 2026"
