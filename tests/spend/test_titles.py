"""A ledger whose title names another body is warned of; its own name and plain titles are not."""

import pytest
from django.urls import reverse
from tests.spend.conftest import words_of
from tests.spend.factories import HEADINGS, LINES, as_csv, ledger_file

from section54.sources.models import Import
from section54.spend.titles import names_another, other_body_named


OWN = "Fenland Constabulary"
WARNED = "Check that it is the right file"


@pytest.mark.parametrize(
    "title",
    [
        "Marshland Constabulary: spend over £500",
        "MARSHLAND POLICE EXPENDITURE APRIL 2025",
        "marshland county council payments",
        "Police and Crime Commissioner for Marshland",
        "University of Marshland",
        "Marshland Fire and Rescue Service",
        "Marsh NHS Foundation Trust, April 2025",
    ],
)
def test_a_title_that_names_another_body_is_noticed(title):
    assert names_another(title, OWN)


@pytest.mark.parametrize(
    "title",
    [
        "",
        "Fenland Constabulary spend over £500",
        "Fenland Police and Marshland Police, joint payments",
        "Published at www.fenland.police.uk",
        "Council spend over £500",
        "Police Expenditure Over £500, April 2025",
        "NHS Payments to Suppliers",
        "The Office of the Police and Crime Commissioner",
        "Marshland Fire Alarms Ltd",
        "Spend over £25,000",
        "FC Police payments",  # the own body's initials
        "Marshland Constabulary " + "and what it paid " * 8,  # 136 letters more: prose
    ],
)
def test_a_title_that_names_the_own_body_or_none_raises_no_alarm(title):
    assert not names_another(title, OWN)


def test_where_two_bodies_share_only_a_point_of_the_compass_they_are_told_apart():
    assert names_another("South Marshland Police", "South Fenland Police")


def test_a_body_without_a_name_of_its_own_raises_no_alarm():
    assert not names_another("Marshland Police", "Police Service")
    assert names_another("Marshland Police", "Metropolitan Police Service")
    assert not names_another("Metropolitan Police spend", "Metropolitan Police Service")


def titled(title):
    return as_csv((title, "", "", ""), HEADINGS, *LINES, headings=())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("title", "warned"),
    [("Marshland Constabulary: spend over £500", True), ("Fenland Constabulary spend", False)],
)
def test_the_pages_before_taking_in_warn_and_refuse_nothing(add, alice, title, warned):
    brought_by = add((titled(title), "april.csv"))
    ledger = brought_by.ledgers.get()
    assert ledger.read == 6
    assert other_body_named(ledger) == (title if warned else "")
    addresses = [
        reverse("import", kwargs={"pk": brought_by.pk}),
        reverse("ledger", kwargs={"pk": brought_by.pk, "ledger": ledger.pk}),
        reverse("import-take-in", kwargs={"pk": brought_by.pk}),
    ]
    for address in addresses:
        said = words_of(alice.get(address))
        assert (WARNED in said) is warned, address
        assert (f"“{title}”" in said) is warned, address
    assert f"Above the headings stands: {title} " in words_of(alice.get(addresses[1]))
    alice.post(addresses[2], {"name": "Spring"})
    brought_by.refresh_from_db()
    assert brought_by.state == Import.State.TAKEN_IN


@pytest.mark.django_db
def test_a_column_that_names_another_body_is_noticed(add):
    rows = [("Marshland Police", *line) for line in LINES]
    brought_by = add((as_csv(*rows, headings=("Body Name", *HEADINGS)), "april.csv"))
    assert other_body_named(brought_by.ledgers.get()) == "Marshland Police"


@pytest.mark.django_db
def test_suppliers_that_are_public_bodies_raise_no_alarm(add, alice):
    lines = [("Marshland County Council", "Rates", "03/04/2025", "100.00"), *LINES]
    brought_by = add((ledger_file(lines=lines), "april.csv"))
    assert other_body_named(brought_by.ledgers.get()) == ""
    assert WARNED not in words_of(alice.get(reverse("import", kwargs={"pk": brought_by.pk})))
