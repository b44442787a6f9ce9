import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from section54.engine.identity.kinds import kind_of
from section54.engine.identity.model import PayeeKind


PUBLIC = """
Lancashire Constabulary
Northumbria Police
Police Scotland
PCC for Surrey
PCC West Mercia
Police & Crime Commissioner for Kent
Mayor's Office for Policing and Crime
College of Policing
BlueLight Commercial Ltd
Cambridgeshire Fire & Rescue Service
LANCASHIRE FIRE & RESCUE
London Fire Commissioner
Cambridgeshire County Council
Fenland District Council
Wisbech Town Council
Blackpool Council
LB Islington
London Borough of Camden
City of York Council
LANCASTER CITY COUNCIL (NON DOMESTIC RATES ONLY)
Cambridge University Hospitals NHS Foundation Trust
NHS Cambridgeshire and Peterborough ICB
NHS BLACKPOOL CCG
Betsi Cadwaladr University Health Board
NHS England
NHS Property Services Ltd
NHS Professionals Ltd
HMRC
HM Revenue & Customs
DVLA
Environment Agency
HM Land Registry
HM Courts & Tribunals Service
Home Office
HOME OFFICE - AFU CASH MANAGEMENT
Ministry of Defence
Department for Work & Pensions
Ordnance Survey Ltd
Crown Prosecution Service
Magistrates Court
West Yorkshire Combined Authority
Middle Level Internal Drainage Board
Peak District National Park Authority
Lancashire County Pension Fund
Greater Manchester Pension Fund
St Mary's CE Primary School
Ely High School
Littleport Academy
Fen Multi Academy Trust
Kent County Council Commercial Services
Kent Commercial Services
"""
FIRMS = """
Police Federation of England and Wales
Police Mutual
Police Supplies Ltd
Police Supplies
County Fencing
Northern Ireland Fire Protection Ltd
Home Office Furniture Ltd
NHS Shared Business Services
NHS SHARED BUSINESS SERVICES (SBS)
University of Manchester
Preston College
The Knowledge Academy Limited
Deloitte LLP
Halfords
John Lewis
Arthur J Gallagher
Robert Half
Michael Page
James Hallam
Ernst & Young
Marks & Spencer
Grant Thornton
A N Other Ltd
J Smith Plumbing
Mark Wood Plumbing
John Smith Ltd
John Smith T/A Smith's Taxis
Smith & Sons
Dr Smith & Partners
Drs Smith Brown & Green
Nine Chambers
Victoria Hotel
PC World
Dr Loo
Messrs Brown & Co
Primary Care CIC
"""
CHARITIES = """
Age UK Lancashire
St Catherine's Hospice
Citizens Advice Preston
Preston Women's Aid
Victim Support Lancashire
British Red Cross
St John Ambulance
The Prince's Trust
The Fen Foundation
St Peters PCC
Diocese of Ely
Kingsfold Methodist Church
Council for Disabled Children
Fen Help CIO
Fen Charitable Trust
"""
PEOPLE = """
Mr John Smith
MRS J BROWN
Miss H M Green
Dr A Khan
KHAN DR A
Prof Jane Taylor
PC Smith
Rev John Wright
J SMITH
S W BROWN
SMITH JA
Smith J
J Wood
Wood J
John Smith
Emma Green
Jane Anne Smith
John Brown QC
John & Mary Smith
J & M Smith
Mr & Mrs Smith
"""
UNKNOWN = """
12345678
Fen Oaks School
Various
Bird
Marshall Webb
"""


def _cases() -> list[tuple[str, str]]:
    lists = {
        "public_body": PUBLIC,
        "firm": FIRMS,
        "charity": CHARITIES,
        "individual": PEOPLE,
        "unknown": UNKNOWN,
        "redacted": "\nREDACTED PERSONAL DATA\nTHIRD PARTY\n",
    }
    return [(name, kind) for kind, names in lists.items() for name in names.strip().splitlines()]


@pytest.mark.parametrize(("name", "kind"), _cases())
def test_the_name_shows_the_kind(name: str, kind: str) -> None:
    assert kind_of(name)[0].value == kind


@pytest.mark.parametrize(
    "name", ["Fenland Borough Council", "JOHN SMITH", "REDACTED", "Ouse Cleaning Ltd", "12345"]
)
def test_why_is_one_sentence(name: str) -> None:
    because = kind_of(name)[1]
    assert because[0].isupper()
    assert because.endswith(".")


def test_letter_case_does_not_change_the_kind() -> None:
    for name, kind in _cases():
        assert kind_of(name.upper())[0].value == kind_of(name.lower())[0].value == kind


@settings(deadline=None)
@given(st.text(min_size=1, max_size=50))
def test_any_text_has_a_kind(name: str) -> None:
    assert kind_of(name)[0] in PayeeKind


@settings(deadline=None)
@given(
    st.sampled_from(["John", "Emma", "Mohammed", "Priya", "Siobhan", "Piotr"]),
    st.sampled_from(["Smith", "Green", "Khan", "Patel", "Murphy", "Kowalski", "Wood", "Chambers"]),
)
def test_a_forename_and_surname_are_never_called_a_firm(forename: str, surname: str) -> None:
    assert kind_of(f"{forename} {surname}")[0] is PayeeKind.INDIVIDUAL
    assert kind_of(f"{surname} {forename}")[0] in (PayeeKind.INDIVIDUAL, PayeeKind.UNKNOWN)
    assert kind_of(f"{surname}, {forename[0]}")[0] is PayeeKind.INDIVIDUAL
    assert kind_of(f"{forename} {surname} Ltd")[0] is PayeeKind.FIRM
