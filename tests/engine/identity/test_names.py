import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from section54.engine.identity.names import clean_key, has_form, other_names, tidy, words_of


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("LANCASHIRE  COUNTY\xa0COUNCIL (200398)", "LANCASHIRE COUNTY COUNCIL"),
        ("Ciceley Commercials Ltd [227519]", "Ciceley Commercials Ltd"),
        ("Ouse Telecom PLC (6)", "Ouse Telecom PLC"),
        ("Fen Training Ltd 01", "Fen Training Ltd"),
        ("March Solicitors#DX 144481", "March Solicitors"),
        ("Isle Consulting Ltd~113042919", "Isle Consulting Ltd"),
        ("isle checks           310524 1", "isle checks"),
        ("90205 Denny Hospitals", "Denny Hospitals"),
        ("NHS ENGLAND CBA033", "NHS ENGLAND"),
        ("Denny Security Ltd - INACTIVE", "Denny Security Ltd"),
        ("Denny Cleaning Ltd - IN LIQUIDATION", "Denny Cleaning Ltd"),
        ("Soham Language Ltd       IR35", "Soham Language Ltd"),
        ("DO NOT USE - Soham Language", "Soham Language"),
        ("ZZZSoham Hotel", "Soham Hotel"),
        ("12345678", "12345678"),
        ("Auto Electrics 1992 Ltd", "Auto Electrics 1992 Ltd"),
        ("24-7 Staffing", "24-7 Staffing"),
    ],
)
def test_tidy_shows_the_name_without_codes_and_notes(name: str, shown: str) -> None:
    assert tidy(name) == shown


@pytest.mark.parametrize(
    "name",
    [
        "Ouse Guarding Ltd",
        "OUSE GUARDING LIMITED",
        "Ouse Guarding Ltd.",
        "The Ouse Guarding Co. Ltd",
        "Ouse Guarding L.T.D.",
        "Ouse Guarding PLC",
        "Ouse Guarding p l c",
        "Ouse Guarding LLP",
        "Ouse Guarding C.I.C.",
        "Ouse Guarding (UK) Ltd",
        "Ouse Guarding UK Ltd",
        "Ouse Guarding GmbH",
        "Ouse Guarding Inc",
        "Ouse GuardingLtd",
        "Ouse-Guarding",
        "Oúse Guarding",
        "Ouse Guarding Company Limited",
        "Ouse Guarding Ltd T/A Isle Alarms",
        "Ouse Guarding Ltd trading as Isle Alarms",
        "Ouse Guarding Ltd (formerly Isle Alarms Ltd)",
        "Ouse Guarding formerly known as Isle Alarms",
        "Ouse Guarding Ltd c/o Denny Factors",
        "Ouse Guarding Ltd (200398)",
        "  ouse\xa0 guarding  ",
        "Ouse Guarding, The",
        "www.ouse-guarding.co.uk",
    ],
)
def test_spellings_that_differ_in_form_have_one_key(name: str) -> None:
    assert clean_key(name) == "ouse guarding"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Unit 1 Ltd", "Unit 2 Ltd"),
        ("Ely Academy 2", "Ely Academy 3"),
        ("24-7 Staffing", "Staffing"),
        ("3M UK PLC", "M UK PLC"),
        ("Gibson & Co", "Gibson"),
        ("The Pest Company", "Pest Ltd"),
        ("Smith & Son Ltd", "Smith & Sons Builders"),
        ("Age UK", "Age"),
        ("J Brown", "K Brown"),
        ("Mr J Brown", "Mrs J Brown"),
        ("Ouse Guarding Group Ltd", "Ouse Guarding Ltd"),
        ("Ouse Guarding (North) Ltd", "Ouse Guarding Ltd"),
    ],
)
def test_what_tells_two_payees_apart_stays_in_the_key(one: str, other: str) -> None:
    assert clean_key(one) != clean_key(other)


def test_initials_written_apart_are_the_same_as_together() -> None:
    assert clean_key("B K S Leather") == clean_key("BKS LEATHER Ltd") == "bks leather"


def test_and_is_the_same_as_the_sign() -> None:
    assert clean_key("March & Denny") == clean_key("March and Denny") == clean_key("March + Denny")


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("Ouse Guarding Ltd T/A Isle Alarms", (("trading", "isle alarms"),)),
        (
            "Ouse Guarding t/a Isle Alarms",
            (("trading", "isle alarms"), ("before", "ouse guarding")),
        ),
        ("Ouse Guarding (formerly Isle Alarms Ltd)", (("former", "isle alarms"),)),
        ("Ouse Guarding Ltd (Preston)", (("branch", "ouse guarding"),)),
        ("Ouse Guarding - Preston", (("head", "ouse guarding"),)),
        ("Fen Standards Institution (FSI)", (("initials", "fen standards institution"),)),
        ("Ouse Guarding Ltd (Unit 2)", ()),
        ("Ouse Guarding Ltd", ()),
    ],
)
def test_other_names_in_a_text_are_found(name: str, others: tuple[tuple[str, str], ...]) -> None:
    assert other_names(name) == others


def test_a_company_form_shows_a_firm_and_a_cio_a_charity() -> None:
    assert has_form(words_of("Fen Cleaning Ltd (Ely)")) == "firm"
    assert has_form(words_of("Fen Help CIO")) == "charity"
    assert has_form(words_of("Fen Hotel and Spa")) is None


_LIKELY = st.lists(
    st.sampled_from(
        ["The", "Ltd", "LIMITED", "co", "Company", "(UK)", "uk", "t/a", "T/A", "formerly", "c/o",
         "&", "and", "Fen", "Ouse", "J", "K", "12345", "2", "(123456)", "[77]", "-", "plc", "inc",
         "#AB12", "~99", "do not use", "IR35", "ltd.", "'", '"', "of", "RWK", "was", "(was", ")",
         "in liquidation", "310524 1", "ZZZ", "CBA033", "www.x.co.uk", "ß", "é", "ﬁ", "İ"]
    ),
    min_size=1, max_size=7,
).map(" ".join)  # fmt: skip
_NAMES = st.one_of(st.text(max_size=40), _LIKELY)


@settings(deadline=None)
@given(_NAMES)
@example("the the ltd")
@example("Ltd T/A Ltd")
@example("12345 Fen 12345")
def test_cleaning_again_changes_nothing(name: str) -> None:
    assert clean_key(clean_key(name)) == clean_key(name)
    assert tidy(tidy(name)) == tidy(name)


@settings(deadline=None)
@given(_NAMES)
def test_a_name_with_a_letter_or_digit_has_a_key_and_something_to_show(name: str) -> None:
    if any(c.isalnum() for c in name):
        assert clean_key(name)
        assert tidy(name)
