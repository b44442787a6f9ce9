"""The table of the conventions, written down again by hand, against the program's, cell by cell."""

import pytest

from section54.organisations.models import Grant
from section54.organisations.permissions import (
    AREAS,
    PERMISSIONS,
    ROLES,
    SIGNED_IN,
    WITHOUT_GRANTS,
    allowed,
)


COLUMNS = (
    "spend",
    "tenders",
    "contracts",
    "checks",
    "register",
    "policies",
    "boards",
    "concerns",
    "people",
    "audit",
)
# S see, C change, A approve or sign, - nothing: as the conventions have it, one role a line.
TABLE = """
buyer                       | C | C own | S | C | S | S | S | - | - | -
head_of_procurement         | C | C, A challenges | C, A remedies | C, A overrides | S | S | S | - | - | S
contract_manager            | S | - | C own | C own | S | S | S | - | - | -
service_director            | S | - | S | S | C, A own area | S | S | - | - | -
policy_owner                | S | - | S | S | S | C own | S | - | - | -
training_lead               | S | - | S | S | S | C own | S | - | - | -
senior_manager_for_concerns | S | - | S | S | S | S | S | C if a recipient | - | -
director_of_hr              | S | - | S | S | S; reviews own-workforce entries | S | S | C if a recipient | - | -
board_member                | S | - | S | S | S | S | S | - | - | -
approver                    | S | - | S | S | S | S | A | - | - | -
section_owner               | S | - | S | S | S | S | C own section | - | - | -
governance_lead             | S | - | S | S | S | C | C all, publishes when approved | - | S | S
auditor                     | S | S | S | S | S | S | S | - | S | S
administrator               | - | - | - | - | - | - | - | - | C, never to self | S of people only
supplier_contact            | own record only | - | own | C own answers | - | - | published | - | own colleagues | -
public                      | - | - | - | - | - | - | published | send, and own by receipt | - | -
"""  # noqa: E501 - a table is read across
MEANS = {
    "-": set(),
    "S": {"see"},
    "C": {"see", "change"},
    "A": {"see", "approve"},
    "C own": {"see", "change_own"},
    "C, A challenges": {"see", "change", "approve_challenges"},
    "C, A remedies": {"see", "change", "approve_remedies"},
    "C, A overrides": {"see", "change", "approve_overrides"},
    "C, A own area": {"see", "change", "approve_own_area"},
    "S; reviews own-workforce entries": {"see", "review_own_workforce"},
    "C if a recipient": {"see_if_recipient", "change_if_recipient"},
    "C own section": {"see", "change_own_section"},
    "C all, publishes when approved": {"see", "change", "publish_when_approved"},
    "C, never to self": {"see", "change_of_others"},
    "S of people only": {"see_people"},
    "own record only": {"see_own_record"},
    "own": {"see_own"},
    "C own answers": {"see_own", "change_own_answers"},
    "published": {"see_published"},
    "own colleagues": {"see_own_colleagues"},
    "send, and own by receipt": {"send", "see_own_by_receipt"},
}
# Where nobody sees all because they look after one: a buyer sees the prices of their own tenders.
MEANS_HERE = {("tenders", "C own"): {"see_own", "change_own"}}


def cells() -> dict[tuple[str, str], set[str]]:
    found = {}
    for line in TABLE.strip().splitlines():
        role, *marks = (part.strip() for part in line.split("|"))
        for area, mark in zip(COLUMNS, marks, strict=True):
            found[role, area] = MEANS_HERE.get((area, mark), MEANS[mark])
    return found


def test_every_cell_of_the_table_is_as_the_conventions_have_it_and_there_is_no_other(figure):
    expected = cells()
    rows = {**ROLES, **WITHOUT_GRANTS}
    built = {(role, area): set(rows[role][1].get(area, ())) for role in rows for area in AREAS}
    assert built == expected
    assert len(expected) == 16 * 10
    assert all(set(given) <= set(AREAS) for _, given in rows.values())
    figure("cells of the table of roles compared", len(expected))


def test_every_cell_is_a_permission_that_a_view_can_name():
    for (_, area), verbs in cells().items():
        assert {f"{area}.{verb}" for verb in verbs} <= PERMISSIONS
    # Besides: the lines about people, which who sees the whole record sees too.
    assert {f"{a}.{v}" for (_, a), verbs in cells().items() for v in verbs} | {
        SIGNED_IN
    } == PERMISSIONS


@pytest.mark.parametrize("role", sorted(ROLES))
def test_a_role_has_the_permissions_of_its_own_line_and_no_others(role):
    mine = {f"{a}.{v}" for (who, a), verbs in cells().items() if who == role for v in verbs}
    assert allowed(role) - mine <= ({"audit.see_people"} if "audit.see" in mine else set())
    assert mine <= allowed(role)


def test_suppliers_and_the_public_cannot_be_granted_to_an_account():
    assert {role for role, _ in Grant._meta.get_field("role").choices} == set(ROLES)
    assert not set(ROLES) & set(WITHOUT_GRANTS)
