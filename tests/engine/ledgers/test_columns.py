"""What each column means, from its heading and from what stands in it."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from section54.engine.errors import BadInput
from section54.engine.ledgers.columns import (
    ROLES,
    Layout,
    find_header,
    find_layout,
    header_strength,
    heading_words,
    normal_header,
)


WORDS = heading_words()
FIRMS = ["Ouse Cleaning Ltd", "Nene Guarding Limited", "Isle Software plc", "March Uniforms"]
DAYS = ["01/04/2025", "15/04/2025", "28/04/2025", "30/04/2025"]
POUNDS = ["1,234.50", "600.00", "-75.20", "10,000.00"]
NUMBERS = ["100045", "100046", "100047", "100048"]
THINGS = ["Cleaning of stations", "Guarding of the yard", "Licences", "Shirts and trousers"]


def layout(headers: Sequence[str], *columns: Sequence[str], **correction: str) -> Layout:
    return find_layout(
        headers=headers,
        header_record=1 if headers else 0,
        sample=[list(record) for record in zip(*columns, strict=True)] * 5,
        words=WORDS,
        correction=correction,
    )


def header(*rows: Sequence[str]) -> int | None:
    return find_header(rows, WORDS)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("* SUPPLIER FINAL", "supplier final"),
        ("DatePaid", "date paid"),
        ("Amount (£)", "amount"),
        ("SUPPLIER_NAME", "supplier name"),
        ("  Net\n Amount ", "net amount"),
        ("Cost Centre (T)", "cost centre t"),
    ],
)
def test_a_heading_is_compared_by_its_words_alone(written: str, normal: str) -> None:
    assert normal_header(written) == normal


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        *[("Suplier Name", "supplier"), ("Benificiary Name", "supplier"), ("Payee", "supplier")],
        *[("Vendor No", "supplier_number"), ("Amount excl. VAT", "amount_net")],
        *[("Gross Amount", "amount_gross"), ("Payment Dtae", "date"), ("Invoice No.", "reference")],
        *[
            ("MerchantCategory", "category"),
            ("Directorate", "department"),
            ("Post Code", "postcode"),
        ],
    ],
)
def test_a_heading_is_known_in_its_usual_spellings_and_with_a_slip(heading: str, role: str) -> None:
    roles = WORDS.roles(heading)
    assert max(roles, key=lambda r: roles[r]) == role


def test_the_heading_row_is_found_below_titles_and_query_text() -> None:
    query = [["select a.payee, a.amount"], ["from ledger a"], ["where a.amount > 500"]]
    titles = [["Fenland Constabulary"], ["Payments over £500, April 2025"], []]
    row = ["Payee", "Date Paid", "Amount"]
    assert header(*query, *titles, row, ["Ouse Ltd", "01/04/2025", "600.00"]) == 6


def test_of_a_machines_headings_and_a_persons_below_them_the_persons_win() -> None:
    machine = ["apar_name", "amount", "trans_date", "invoice_no"]
    human = ["Supplier Name", "Amount", "Transaction Date", "Invoice Number"]
    assert header(["Fenland"], machine, human, ["Ouse Ltd", "6.00", "01/04/2025", "7"]) == 2


def test_a_row_of_payments_is_no_heading_row() -> None:
    assert (
        header_strength(["01/04/2025", "Supplier Payments Ltd", "600.00", "Amount due"], WORDS) == 0
    )
    assert header(["Ouse Ltd", "01/04/2025", "600.00"]) is None


def test_of_two_columns_called_supplier_name_the_one_with_names_is_the_payee() -> None:
    found = layout(
        ["Supplier Name", "Supplier Name", "Date", "Amount"], NUMBERS, FIRMS, DAYS, POUNDS
    )
    assert found.index("supplier") == 1
    assert found.index("supplier_number") == 0


def test_labels_that_were_swapped_do_not_hide_the_payee_and_the_amount() -> None:
    found = layout(["Supplier", "Amount", "Date"], POUNDS, FIRMS, DAYS)
    assert found.amount is None or found.amount[0] == 0
    assert found.index("supplier") in (None, 1)


def test_a_date_heading_over_references_gives_no_date() -> None:
    found = layout(["Supplier", "Transaction Date", "Amount"], FIRMS, NUMBERS, POUNDS)
    assert found.index("date") is None


def test_without_headings_payee_amount_and_date_are_known_by_their_content() -> None:
    found = layout([], NUMBERS, DAYS, FIRMS, POUNDS)
    assert (found.index("supplier"), found.index("date"), found.amount) == (2, 1, (3, "unknown"))
    assert all(0 < column.confidence < 1 for column in found.columns)
    assert "no heading that we know" in found.columns[0].why


def test_blank_spacer_columns_and_headings_with_nothing_under_them_get_no_role() -> None:
    blank = [""] * 4
    found = layout(
        ["Supplier", "", "Amount", "", "Date", "Description"],
        FIRMS,
        blank,
        POUNDS,
        blank,
        DAYS,
        blank,
    )
    assert [c.index for c in found.columns] == [0, 2, 4]


@pytest.mark.parametrize(
    ("headers", "column", "basis"),
    [
        (["Payee", "Gross", "VAT", "Net"], 3, "net"),
        (["Payee", "Gross Amount", "VAT", "Amount"], 3, "unknown"),
        (["Payee", "Gross Amount", "VAT Amount", "Other"], 1, "gross"),
    ],
)
def test_the_amount_is_net_where_the_ledger_gives_net(
    headers: list[str], column: int, basis: str
) -> None:
    found = layout(headers, FIRMS, POUNDS, ["20.00"] * 4, POUNDS)
    assert found.amount == (column, basis)
    assert found.index("vat") == 2


def test_several_columns_of_words_are_kept_for_one_role() -> None:
    found = layout(
        ["Supplier", "Subjective Group", "Subjective Detail", "Amount"],
        FIRMS,
        THINGS,
        THINGS,
        POUNDS,
    )
    assert found.index("expense_type") == 1
    assert found.further == {"expense_type": (2,)}


@pytest.mark.parametrize("wanted", ["Firm Paid", "firm  paid", "C", "c", "3"])
def test_a_correction_may_name_a_heading_a_letter_or_a_number(wanted: str) -> None:
    found = layout(["Supplier", "Amount", "Firm Paid"], FIRMS, POUNDS, FIRMS, supplier=wanted)
    supplier = next(c for c in found.columns if c.role == "supplier")
    assert (supplier.index, supplier.confidence, supplier.why) == (2, 1.0, "a person said so")


@pytest.mark.parametrize("nothing", ["none", "None", ""])
def test_a_correction_may_say_that_no_column_has_a_role(nothing: str) -> None:
    found = layout(["Supplier", "Date", "Amount"], FIRMS, DAYS, POUNDS, date=nothing)
    assert found.index("date") is None


def test_an_amount_that_a_person_chose_comes_before_a_net_one_that_was_found() -> None:
    headers = ["Supplier", "Net", "Invoice Total"]
    found = layout(headers, FIRMS, POUNDS, POUNDS, amount="Invoice Total")
    assert found.amount == (2, "unknown")
    assert found.index("amount_net") == 1
    assert layout(headers, FIRMS, POUNDS, POUNDS, amount_gross="C").amount == (2, "gross")


@pytest.mark.parametrize(
    ("role", "wanted", "sentence"),
    [
        ("payee", "C", "payee is not a column role: use one of supplier, supplier_number"),
        ("supplier", "Firm", "There is no column 'Firm': give a heading as it stands"),
        ("supplier", "Z", "or a number from 1 to 2."),
        ("supplier", "0", "There is no column '0'"),
    ],
)
def test_a_correction_that_fits_nothing_says_what_to_do(
    role: str, wanted: str, sentence: str
) -> None:
    with pytest.raises(BadInput) as error:
        layout(["Supplier", "Amount"], FIRMS, POUNDS, **{role: wanted})
    assert sentence in str(error.value)


@given(st.text())
def test_any_heading_may_be_asked_about(heading: str) -> None:
    assert all(0 < weight <= 1 for weight in WORDS.roles(heading).values())


@given(
    st.lists(st.sampled_from(["Supplier", "Amount", "Date", "VAT", "", "Net", "x"]), max_size=5),
    st.lists(
        st.lists(st.sampled_from(["Ouse Ltd", "5.00", "01/04/2025", "", "45748", "x"]), max_size=6),
        max_size=6,
    ),
)
def test_no_column_has_two_roles_and_no_role_two_columns(
    headers: list[str], sample: list[list[str]]
) -> None:
    found = find_layout(headers=headers, header_record=1, sample=sample, words=WORDS)
    assert len({c.role for c in found.columns}) == len(found.columns)
    assert len({c.index for c in found.columns}) == len(found.columns)
    assert all(c.role in ROLES and 0 <= c.confidence <= 1 and c.why for c in found.columns)
