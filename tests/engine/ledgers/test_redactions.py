import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from section54.engine.ledgers.redactions import redaction_is_person, redaction_of


@pytest.mark.parametrize(
    "text",
    [
        "REDACTED PERSONAL DATA",
        "Redacted",
        "THIRD PARTY",
        " third  party ",
        "THIRD PARTY LTD",
        "NAMED INDIVIDUAL",
        "Redacted commercially confidential",
        "Name withheld",
        "Personal Expense, Name Witheld",
        "Personal data",
        "Individual",
        "Private individual",
        "Sensitive payee",
        "REDACTED DATA",
        "REDACTED - Personal Information",
        "DETAILS REDACTED",
        "Foster carer",
        "FOSTER CARERS",
        "Data protection",
        "Confidential",
        "N/A – GDPR",
        "XXXXXX",
        "xxx xxx",
        "****",
        "Mr XXXX",
        "Commercial in confidence",
        "Section 40(2)",
        "Exempt under section 40",
        "Exempt - Section 40(2)",
        "Exempt s40",
        "Withheld under S40 FOIA",
    ],
)
def test_a_publishers_wording_is_a_redaction(text: str) -> None:
    assert redaction_of(text)


@pytest.mark.parametrize("text", ["REDACTD", "Redacated", "REDACTED PERSONEL DATA", "INDIVDUAL"])
def test_a_misspelt_wording_is_still_a_redaction(text: str) -> None:
    assert redaction_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "Confidential Shredding Ltd",
        "Confidential Waste Services",
        "Third Party Logistics Ltd",
        "Redactive Media Group",
        "Individual Restaurants",
        "Personal Group Holdings plc",
        "Data Protection Consultants",
        "Foster Care Associates",
        "Foster & Freeman Limited",
        "Sensitive Freight Ltd",
        "Personal Data Archives Ltd",
        "XXL Workwear",
        "Erection Services",
        "N/A",
        "",
    ],
)
def test_a_firm_that_sounds_like_a_wording_is_not_a_redaction(text: str) -> None:
    assert redaction_of(text) is None
    assert not redaction_is_person(text)


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("NAMED INDIVIDUAL", True),
        ("REDACTED PERSONAL DATA", True),
        ("Redacted - foster carer", True),
        ("Foster carer", True),
        ("Member of the public", True),
        ("THIRD PARTY", False),
        ("Redacted commercially confidential", False),
        ("REDACTED DATA", False),
        ("XXXXXX", False),
        ("GDPR", False),
    ],
)
def test_only_a_wording_that_says_so_is_a_person(text: str, person: bool) -> None:
    assert redaction_is_person(text) is person


def test_the_reason_reads_as_half_a_sentence() -> None:
    assert redaction_of("THIRD PARTY") == "the publisher writes third party in place of a name"


@settings(deadline=None)
@given(st.text(max_size=40))
def test_a_person_is_only_said_of_a_redaction(text: str) -> None:
    assert not redaction_is_person(text) or redaction_of(text)


@pytest.mark.parametrize(
    "text", ["Exempt Section 40 Ltd", "Exempt Solutions", "Section 40 Studios", "Route 40 Diner"]
)
def test_a_firm_that_sounds_like_an_exemption_is_a_firm(text: str) -> None:
    assert redaction_of(text) is None
