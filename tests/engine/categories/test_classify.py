"""What was bought is decided by the conventions, and the words that decided are named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from section54.engine.categories.classify import Classifier
from section54.engine.categories.model import Purchase
from section54.engine.identity.model import PayeeKind
from section54.engine.reference import load_table


CLASSIFIER = Classifier.load()
CODES = {row["code"] for row in load_table("categories").rows}
VARIANTS = {(row["code"], row["variant"]) for row in load_table("category_variants").rows}


def bought(supplier="Fenland Trading Partners Ltd", kind=PayeeKind.FIRM, **words):
    return CLASSIFIER.classify(Purchase(supplier=supplier, kind=kind, **words))


# One expense type a category, as different ledgers would write it.
BY_EXPENSE_TYPE = {
    "agency_staff": ["Agency Staff", "Temporary Labour", "Hire of Agency Staff"],
    "security_guarding": ["Manned Guarding", "Security Services (Guards)", "Scene Guarding"],
    "cleaning": ["Contract Cleaning", "Window Cleaning", "Office cleaning"],
    "catering_food": ["Catering Services", "Provisions", "Detained Persons - Meals"],
    "construction": ["Erection of Buildings", "Main Contractors", "Capital Works"],
    "building_maintenance": ["Reactive Maint", "Responsive Repairs", "Lift Maintenance"],
    "facilities_management": ["Facilities Management Contract", "PFI Unitary Charge"],
    "grounds_agriculture": ["Grounds Maintenance", "Tree Surgery"],
    "waste_recycling": ["Refuse Collection", "Clinical Waste", "Skip Hire"],
    "laundry_textile_hire": ["Laundry", "Linen Hire"],
    "uniform_workwear_textiles": ["Clothing & Uniform", "Body Armour", "Safety Footwear"],
    "ppe_medical_supplies": ["Personal Protective Equipment", "First Aid Supplies", "Drugs"],
    "ict_hardware_electronics": ["Computer Equipment (Hardware)", "Radio Equipment", "Laptops"],
    "ict_software_services": ["Computer Licences", "IT Consultancy", "Software Maint"],
    "telecoms": ["Mobile Phone Costs", "Line Rental", "Airwave Charges"],
    "vehicles_and_parts": ["Vehicle Purchase", "Tyres", "Vehicle Recovery", "Veh Spares"],
    "vehicle_cleaning_valeting": ["Vehicle Valeting", "Car Wash"],
    "fuel_energy": ["Electricity", "Diesel", "Water & Sewerage", "Windfarm"],
    "solar_batteries": ["Solar Panels", "Battery Storage"],
    "transport_logistics": ["Taxis", "Haulage", "Home to School Transport"],
    "couriers_post": ["Postage & Carriage", "Couriers"],
    "warehousing_storage": ["Archive Storage", "Document Storage"],
    "hotels_accommodation_travel": ["Hotel Accommodation", "Bed & Breakfast Payments"],
    "social_care": ["Residential Care", "Home Care", "Foster Carers"],
    "health_services": ["Police Surgeons", "Occupational Health", "Counselling"],
    "furniture_fittings": ["Furniture (Purchase)", "Fixtures & Fittings", "Carpets"],
    "printing_stationery": ["Printing - External", "Stationery", "Photocopying"],
    "professional_services": ["Consultant Fees", "Audit Fees", "Interpreters", "Advertising"],
    "legal_services": ["Counsel Fees", "Legal Fees", "Solicitors"],
    "financial_insurance_banking": ["Insurance Premiums", "Bank Charges"],
    "training_education": ["Training Expenses (External)", "Course Fees"],
    "property_rent_rates": ["Rents - General", "Property Lease", "Service Charges"],
    "forensic_specialist_policing": ["Forensic Submissions", "Firearms Ammunition"],
    "animals_equine_dog": ["Dog Expenses", "Veterinary Fees", "Kennelling"],
    "public_sector_transfer": ["Business Rates", "Parish Precepts", "Injury Pensions"],
    "grants_voluntary_sector": ["Partnership Grants", "Grants to Vol Organisations"],
    "other_goods": ["Tools", "Laboratory Equipment", "Plant Hire"],
    "other_services": ["Undertakers", "Car Parking", "Entertainers"],
    "unknown": ["Supplies and Services", "Miscellaneous", "Third Party Payments", ""],
}


@pytest.mark.parametrize(
    ("code", "words"), [(code, words) for code, all_ in BY_EXPENSE_TYPE.items() for words in all_]
)
def test_the_expense_type_of_a_firm_nobody_knows_gives_its_category(code, words):
    assert bought(expense_type=words).code == code


def test_the_examples_cover_every_category_but_the_one_for_persons():
    assert set(BY_EXPENSE_TYPE) == CODES - {"individuals_redacted"}


# The trade words that firms carry in their names, with nothing else in the ledger.
BY_NAME = {
    "Ouse Scaffolding Ltd": "construction",
    "March Roofing Contractors Ltd": "construction",
    "Denny Recruitment Ltd": "agency_staff",
    "Isle Solicitors LLP": "legal_services",
    "Chatteris Motors Ltd": "vehicles_and_parts",
    "Soham Tyres Ltd": "vehicles_and_parts",
    "Wisbech Catering Ltd": "catering_food",
    "Ely Office Cleaning Ltd": "cleaning",
    "Littleport Valeting Ltd": "vehicle_cleaning_valeting",
    "Whittlesey Care Home Ltd": "social_care",
    "Ramsey Printers Ltd": "printing_stationery",
    "Manea Taxis": "transport_logistics",
    "Welney Skip Hire Ltd": "waste_recycling",
    "Mepal Veterinary Centre Ltd": "animals_equine_dog",
    "Sutton Hotel Ltd": "hotels_accommodation_travel",
    "Haddenham Furniture Ltd": "furniture_fittings",
    "Witchford Uniforms Ltd": "uniform_workwear_textiles",
    "Coveney Laundry Ltd": "laundry_textile_hire",
    "Pymoor Solar Ltd": "solar_batteries",
    "Stuntney Landscapes Ltd": "grounds_agriculture",
}


@pytest.mark.parametrize(("name", "code"), BY_NAME.items())
def test_the_trade_in_a_firms_name_gives_its_category(name, code):
    assert bought(name).code == code


@pytest.mark.parametrize(
    ("supplier", "expense_type", "code"),
    [
        # A known trade beats a generic or odd account.
        ("AIRWAVE SOLUTIONS LTD", "Computer Software", "telecoms"),
        ("VODAFONE LTD", "Equipment General", "telecoms"),
        ("VEOLIA ES (UK) LTD", "Third Party Payments", "waste_recycling"),
        ("Securitas Security Services (UK) Ltd", "Supplies and Services", "security_guarding"),
        ("Travis Perkins Trading Co Ltd", "Other Expenses", "construction"),
        ("Elis UK Limited", "Miscellaneous", "laundry_textile_hire"),
        # A firm with several lines: the words decide.
        ("Mitie Ltd", "Contract Cleaning", "cleaning"),
        ("Mitie Ltd", "Security Guarding", "security_guarding"),
        ("Mitie Ltd", "", "facilities_management"),
        ("Specialist Computer Centres plc", "Computer Licences", "ict_software_services"),
        ("Specialist Computer Centres plc", "Computer Equipment", "ict_hardware_electronics"),
        ("Barclaycard Business", "Office Stationery", "printing_stationery"),
    ],
)
def test_a_known_suppliers_trade_beats_an_odd_account_unless_it_has_several(
    supplier, expense_type, code
):
    assert bought(supplier, expense_type=expense_type).code == code


@pytest.mark.parametrize("words", ["Training", "Rent", "Computer Equipment", ""])
def test_a_public_body_is_a_transfer_whatever_it_was_paid_for(words):
    decision = bought("Fenland District Council", PayeeKind.PUBLIC_BODY, expense_type=words)
    assert decision.code == "public_sector_transfer"


@pytest.mark.parametrize(
    ("words", "code"), [("Laundry", "laundry_textile_hire"), ("Contract Cleaning", "cleaning")]
)
def test_a_public_body_that_sells_a_high_risk_service_in_competition_is_not(words, code):
    decision = bought("Fenland Hospitals NHS Trust", PayeeKind.PUBLIC_BODY, expense_type=words)
    assert decision.code == code


@pytest.mark.parametrize("kind", [PayeeKind.REDACTED, PayeeKind.INDIVIDUAL])
def test_a_withheld_payee_or_person_takes_a_category_from_words_that_name_a_thing(kind):
    decision = bought("REDACTED", kind, redacted=True, expense_type="Counsel Fees")
    assert decision.code == "legal_services"


def test_a_withheld_payee_is_not_given_a_category_by_the_department():
    decision = bought(
        "REDACTED", PayeeKind.REDACTED, redacted=True, department="Adult Social Care Residential"
    )
    assert (decision.code, decision.variant) == ("individuals_redacted", "")


def test_a_person_paid_for_nothing_named_is_no_purchase():
    decision = bought("Mr A Fenn", PayeeKind.INDIVIDUAL, expense_type="Supplies and Services")
    assert (decision.code, decision.variant) == ("individuals_redacted", "person")


@pytest.mark.parametrize("words", ["Mileage Allowance", "Direct Payments", "Hardship Grant"])
def test_a_payment_to_a_person_is_not_a_purchase(words):
    decision = bought("REDACTED", PayeeKind.REDACTED, redacted=True, expense_type=words)
    assert (decision.code, decision.variant) == ("individuals_redacted", "person")


def test_a_charity_without_other_words_is_given_a_grant():
    assert bought("Fenland Friends", PayeeKind.CHARITY).code == "grants_voluntary_sector"


def test_a_charity_that_does_bought_work_is_in_the_category_of_the_work():
    decision = bought("Fenland Friends", PayeeKind.CHARITY, expense_type="Grounds Maintenance")
    assert decision.code == "grounds_agriculture"


@pytest.mark.parametrize(
    ("words", "code", "variant"),
    [
        ({"expense_type": "Agency Staff"}, "agency_staff", ""),
        (
            {"expense_type": "Agency Staff", "description": "Locum consultant"},
            "agency_staff",
            "professional",
        ),
        ({"expense_type": "Agency Nursing"}, "agency_staff", "professional"),
        ({"expense_type": "Cleaning Materials"}, "cleaning", "products"),
        ({"expense_type": "Nitrile Gloves"}, "ppe_medical_supplies", ""),
        ({"expense_type": "Drugs"}, "ppe_medical_supplies", "other_medical"),
        ({"expense_type": "Hotel Accommodation"}, "hotels_accommodation_travel", ""),
        ({"expense_type": "Rail Travel UK"}, "hotels_accommodation_travel", "fares"),
        ({"expense_type": "Travel Booking"}, "hotels_accommodation_travel", "travel_booking"),
        ({"expense_type": "Residential Care OP"}, "social_care", ""),
        ({"expense_type": "Foster Care Agency"}, "social_care", "foster_child"),
        ({"expense_type": "Custody Healthcare"}, "health_services", "custody"),
        ({"expense_type": "Physiotherapy"}, "health_services", ""),
        ({"expense_type": "Firearms"}, "forensic_specialist_policing", "equipment"),
        ({"expense_type": "DNA profiling"}, "forensic_specialist_policing", ""),
        ({"expense_type": "Livestock"}, "grounds_agriculture", "agriculture"),
    ],
)
def test_the_variant_follows_the_words(words, code, variant):
    decision = bought(**words)
    assert (decision.code, decision.variant) == (code, variant)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("90911200-8 Building-cleaning services", "cleaning"),
        ("79710000", "security_guarding"),
        ("09331200", "solar_batteries"),
        ("48000000-8", "ict_software_services"),
        ("SIC 80100", "security_guarding"),
        ("SIC code: 81210", "cleaning"),
        ("Human Resources.Temporary and Agency Staff", "agency_staff"),
        ("Vehicle Management.Tyres", "vehicles_and_parts"),
        ("Works - Construction, Repair & Maint.Construction.New Build", "construction"),
    ],
)
def test_the_publishers_own_category_or_code_speaks(text, code):
    assert bought(category=text).code == code


def test_five_digits_that_nobody_calls_a_sic_code_mean_nothing():
    assert bought(category="80100").code == "unknown"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"description": "Office cleaning, May"}, "The description says 'office cleaning'"),
        ({"expense_type": "Contract Cleaning"}, "The expense type says 'contract cleaning'"),
        ({"category": "Laundry"}, "The publisher's category says 'laundry'"),
    ],
)
def test_the_deciding_words_and_where_they_stood_are_named(words, expected):
    assert bought(**words).because.startswith(expected)


def test_the_supplier_that_decided_is_named():
    because = bought("VODAFONE LTD", expense_type="Equipment General").because
    assert because.startswith("The supplier is known by name ('vodafone') for telecommunications")


def test_nothing_said_is_unknown_and_never_sure():
    decision = bought(expense_type="Supplies and Services")
    assert decision.code == "unknown"
    assert decision.confidence < 0.5


def test_two_witnesses_are_surer_than_one():
    one = bought(expense_type="Cleaning")
    two = bought("Ely Office Cleaning Ltd", expense_type="Cleaning")
    assert two.confidence >= one.confidence


def test_a_description_that_copies_the_expense_type_is_one_witness():
    once = bought("Brook Street (UK) Ltd", expense_type="Consultancy")
    twice = bought("Brook Street (UK) Ltd", expense_type="Consultancy", description="X-Consultancy")
    assert once.code == twice.code == "agency_staff"


WORDS = st.lists(
    st.sampled_from(
        ["cleaning", "police", "grant", "hire", "of", "vehicles", "&", "R&M", "prof fees", "x",
         "agency", "rent", "school", "gas", "custody", "meals", "-", "123456", "90911200-8"]
    ),
    max_size=6,
).map(" ".join)  # fmt: skip


@given(
    supplier=st.one_of(WORDS, st.text(max_size=30)),
    kind=st.sampled_from(PayeeKind),
    redacted=st.booleans(),
    description=st.one_of(WORDS, st.text(max_size=40)),
    expense_type=WORDS,
    category=WORDS,
    department=WORDS,
)
@settings(deadline=None)
def test_any_words_get_one_decision_that_can_be_read(supplier, kind, redacted, **words):
    purchase = Purchase(supplier=supplier, kind=kind, redacted=redacted, **words)
    decision = CLASSIFIER.classify(purchase)
    assert decision == CLASSIFIER.classify(purchase)
    assert decision.code in CODES
    assert decision.variant == "" or (decision.code, decision.variant) in VARIANTS
    assert 0 < decision.confidence < 1
    assert decision.because[0].isupper()
    assert decision.because.endswith(".")


@given(expense_type=WORDS, description=WORDS)
@settings(deadline=None)
def test_capitals_do_not_matter(expense_type, description):
    small = bought(expense_type=expense_type, description=description)
    large = bought(expense_type=expense_type.upper(), description=description.upper())
    assert small == large


def test_all_decides_each_in_order():
    purchases = [
        Purchase(supplier="A Ltd", kind=PayeeKind.FIRM, expense_type=words)
        for words in ("Laundry", "Taxis", "Laundry")
    ]
    codes = [decision.code for decision in CLASSIFIER.classify_all(purchases)]
    assert codes == ["laundry_textile_hire", "transport_logistics", "laundry_textile_hire"]


def test_a_known_supplier_whose_name_is_also_a_phrase_is_still_known():
    decision = bought("Mencap", PayeeKind.CHARITY, department="Adult Social Care")
    assert decision.code == "social_care"
    assert "known by name" in decision.because


def test_a_known_firm_with_a_longer_name_is_not_taken_for_the_shorter_one():
    assert bought("Accor UK Ltd").code == "hotels_accommodation_travel"
    assert bought("Accor Services").code == "financial_insurance_banking"


def test_the_finance_system_in_an_account_name_is_not_what_was_bought():
    account = "Recharge Suspense Account (Oracle PA Control Account)"
    assert bought(expense_type=account).code == "unknown"
    assert bought(expense_type="Oracle Licences").code == "ict_software_services"
