"""Every row of a sheet is accounted for, whatever stands between the payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from section54.engine.ledgers.amounts import parse_amount
from section54.engine.ledgers.columns import heading_words
from section54.engine.ledgers.lines import LEDGER_SCHEMA
from section54.engine.ledgers.sheet import Grid, NoLayoutError, SheetOutcome, read_sheet


HEADER = ["Supplier", "Date", "Description", "Amount"]


def read(*rows: Sequence[str], **correction: str) -> SheetOutcome:
    outcome = read_sheet(
        Grid(rows), source="s", sheet="", words=heading_words(), correction=correction
    )
    counted = outcome.read + len(outcome.rejected) + outcome.blank + outcome.headings
    assert outcome.rows == counted == len(rows)
    return outcome


def payment(supplier: str, amount: str = "600.00", date: str = "01/04/2025") -> list[str]:
    return [supplier, date, "Goods and services", amount]


def suppliers(outcome: SheetOutcome) -> list[str]:
    names: list[str] = outcome.lines["supplier_as_written"].to_pylist()
    return names


def rejections(outcome: SheetOutcome) -> dict[int, str]:
    return {row: reason for row, reason, _ in outcome.rejected}


SOME = [payment("Ouse Cleaning Ltd", "100.00"), payment("Nene Guarding Ltd", "250.50")]


def test_lines_are_typed_and_say_where_they_stood() -> None:
    outcome = read(["Payments over £500"], [], HEADER, *SOME)
    assert outcome.lines.schema == LEDGER_SCHEMA
    assert outcome.lines["row"].to_pylist() == [4, 5]
    assert outcome.lines["amount"].to_pylist() == [Decimal("100.00"), Decimal("250.50")]
    assert (outcome.headings, outcome.blank, outcome.amount) == (2, 1, Decimal("350.50"))


def test_a_line_without_a_readable_amount_is_rejected_by_row_and_reason() -> None:
    outcome = read(HEADER, *SOME, payment("Isle Ltd", "tbc"), payment("March Ltd", ""))
    assert rejections(outcome) == {4: "no readable amount: “tbc”", 5: "no amount"}
    assert outcome.rejected[0][2] == "Isle Ltd | 01/04/2025 | Goods and services | tbc"


def test_a_zero_is_kept_and_an_unreadable_date_is_null_and_counted() -> None:
    outcome = read(HEADER, *SOME, payment("Isle Ltd", "0.00", "Q1 2025"))
    assert outcome.read == 3
    assert outcome.lines["date"].to_pylist()[2] is None
    assert outcome.dates_missing == 1


@pytest.mark.parametrize(
    "words",
    [
        *["Total", "TOTAL", "Totals", "Grand Total", "GRAND TOTAL:", "Sub-total", "Subtotal"],
        *["Sub Total", "Total for April 2025", "Total April 2025", "Total 2025/26", "Total (£)"],
        *["Total £", "Total Amount", "Total spend", "Total net payments", "Report total"],
        *["Net total", "Total Apr", "Carried forward", "Brought forward", "C/F", "b/fwd"],
        *["Balance carried forward", "Cyfanswm", "Total expenditure over £500", "Page Total"],
    ],
)
def test_a_total_line_is_rejected_and_shows_as_the_gap_to_the_column(words: str) -> None:
    outcome = read(HEADER, *SOME, [words, "", "", "350.50"])
    assert rejections(outcome) == {4: "total line"}
    assert outcome.amount == Decimal("350.50")
    assert outcome.column_total == Decimal("701.00")


@pytest.mark.parametrize("column", [0, 1, 2])
def test_the_word_total_may_stand_in_any_column(column: int) -> None:
    row = ["", "", "", "350.50"]
    row[column] = "Total"
    assert rejections(read(HEADER, *SOME, row)) == {4: "total line"}


@pytest.mark.parametrize(
    "name",
    [
        *["Total Gas & Power", "TOTAL FITNESS", "TotalEnergies", "Total Gas and Power Limited"],
        *["Total Payments Ltd", "Totally Catering", "Total 24 Hour Plumbing", "Total Training"],
        *["Sub Total Systems", "Total Office Supplies", "C/F Builders", "Looking Forward CIC"],
    ],
)
@pytest.mark.parametrize("header", [HEADER, ["Supplier", "Date", "", "Amount"]])
def test_a_supplier_with_total_in_its_name_is_a_supplier(name: str, header: list[str]) -> None:
    rows = [payment(name), *SOME]
    if not header[2]:
        rows = [[a, b, "", d] for a, b, _, d in rows]
    assert suppliers(read(header, *rows))[0] == name


def test_a_lone_amount_that_sums_the_rows_above_is_a_total_line() -> None:
    outcome = read(HEADER, *SOME, ["", "", "", "350.50"])
    assert outcome.amount == Decimal("350.50")
    assert outcome.rejected[0][1].startswith("total line")


def test_subtotals_after_each_supplier_are_not_counted_twice() -> None:
    rows = [
        payment("Ouse Ltd", "100.00"),
        payment("Ouse Ltd", "50.00"),
        ["Ouse Ltd Total", "", "", "150.00"],
        payment("Nene Ltd", "10.00"),
        ["Nene Ltd Total", "", "", "10.00"],
        ["Grand Total", "", "", "160.00"],
    ]
    outcome = read(HEADER, *rows)
    assert outcome.amount == Decimal("160.00")
    assert sorted(rejections(outcome)) == [4, 6, 7]


def test_a_heading_row_that_is_repeated_is_a_heading() -> None:
    outcome = read(HEADER, *SOME, HEADER, *SOME)
    assert (outcome.read, outcome.headings) == (4, 2)


def test_when_the_columns_change_half_way_the_rows_below_are_read_by_the_new_heading() -> None:
    other = ["Amount", "Payee", "Payment Date", "Invoice Number"]
    outcome = read(
        HEADER,
        *SOME,
        other,
        ["7.00", "Isle Ltd", "02/05/2025", "1001"],
        ["8.00", "March Ltd", "03/05/2025", "1002"],
    )
    assert suppliers(outcome) == ["Ouse Cleaning Ltd", "Nene Guarding Ltd", "Isle Ltd", "March Ltd"]
    assert outcome.amount == Decimal("365.50")
    assert "row 4" in outcome.notes[0]


def test_a_heading_row_with_no_payments_below_it_does_not_spoil_those_above() -> None:
    outcome = read(HEADER, *SOME, ["Payee", "Payment Date", "Reason", "Total Amount"], ["Notes"])
    assert outcome.amount == Decimal("350.50")
    assert sorted(rejections(outcome)) == [4, 5]


def test_titles_above_a_ledger_without_headings_are_headings() -> None:
    rows = [[name, "01/04/2025", f"{n}00.10"] for n, name in enumerate(["Ouse Ltd", "Nene plc"], 1)]
    outcome = read(["Fenland Constabulary", "", ""], *rows * 3)
    assert (outcome.headings, outcome.read) == (1, 6)


def test_a_person_may_name_a_heading_that_we_do_not_know() -> None:
    rows = [["Zahlung an", "Wann", "Wieviel"], *[[s[0], s[1], s[3]] for s in SOME]]
    outcome = read(*rows, supplier="Zahlung an", date="Wann", amount="Wieviel")
    assert outcome.amount == Decimal("350.50")
    assert outcome.headings == 1


def test_cells_beyond_the_last_heading_are_pointed_out() -> None:
    rows = [["Supplier", "Ref", "Amount"], ["Ouse Ltd", "1", "10.00"]]
    shifted = ["Nene", "Isle Ltd", "12", "5.00"]
    outcome = read(*rows, shifted)
    assert outcome.notes[0].startswith("1 row holds cells beyond the last heading, first row 3:")
    assert not read(*rows).notes


@pytest.mark.parametrize("heading", ["Amount £000", "Amount (£'000)", "Amount in £k", "Amount £m"])
def test_a_heading_of_thousands_is_pointed_out(heading: str) -> None:
    outcome = read(["Supplier", "Date", "Description", heading], *SOME)
    assert "speaks of thousands or millions" in outcome.notes[0]


def test_a_register_of_contracts_is_no_ledger_of_payments() -> None:
    with pytest.raises(NoLayoutError, match="no column says how much"):
        read(
            ["Contract Title", "Contractor", "Total Contract Value", "Start Date", "End Date"],
            ["Cleaning", "Ouse Ltd", "10,000.00", "01/04/2025", "31/03/2026"],
            ["Guarding", "Nene Ltd", "50,000.00", "01/04/2025", "31/03/2026"],
        )


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([], "it is empty"),
        ([["", " "], ["\u200b"]], "it is empty"),
        ([HEADER], "it has headings but no payments below them"),
        ([HEADER[:3], *[s[:3] for s in SOME]], "no column says how much"),
        ([["Notes"], ["The list leaves out salaries."]], "no column says who was paid or how much"),
        (
            [HEADER, *SOME, *[payment("Isle Ltd", "")] * 3],
            "only 2 of 5 rows have a readable amount",
        ),
        ([HEADER, SOME[0], *[payment("Isle Ltd", "tbc")] * 2], "no column says how much"),
    ],
)
def test_a_sheet_that_is_no_list_of_payments_says_what_is_missing(
    rows: list[list[str]], sentence: str
) -> None:
    with pytest.raises(NoLayoutError, match=sentence):
        read(*rows)


# --- messy sheets made from known lines --------------------------------------------------------


@dataclass(frozen=True)
class Messy:
    """A sheet's rows, and what must become of them."""

    rows: list[list[str]]
    amounts: list[Decimal]
    numeric: Decimal
    rejected: set[int]
    blank: int
    headings: int


NAMES = st.sampled_from(["Ouse Ltd", "Nene plc", "Isle Software", "Total Gas & Power", "REDACTED"])
PENCE = st.integers(min_value=-5_000_00, max_value=900_000_00)
STYLES = st.sampled_from(["{:.2f}", "{:,.2f}", "£{:,.2f}", " {:,.2f} "])
CREDITS = st.sampled_from(["-{}", "({})", "{}-", "{} CR"])
EXTRAS = st.sampled_from(["blank", "spaces", "header", "total", "subtotal", "unreadable", "none"])
TOTALS = st.sampled_from(["Total", "GRAND TOTAL", "Sub-total", "Total for April", "Totals:"])
COLUMNS = st.permutations(["supplier", "date", "description", "amount", "", ""])
HEADINGS = {
    "supplier": "Supplier Name",
    "date": "Payment Date",
    "description": "Description",
    "amount": "Amount (£)",
    "": "",
}


@st.composite
def messy_sheets(draw: st.DrawFn) -> Messy:
    rows: list[list[str]] = []
    amounts: list[Decimal] = []
    rejected: set[int] = set()
    numeric = Decimal(0)
    blank = 0
    titles = draw(st.lists(st.sampled_from(["Fenland Constabulary", "April 2025"]), max_size=3))
    rows += [[title] for title in titles]
    headings = len(titles)
    for stretch in range(draw(st.integers(1, 2))):
        order = draw(COLUMNS)
        if stretch:
            order = [*order[1:], order[0]]

        def row(order: list[str] = order, **cells: str) -> list[str]:
            return [cells.get(role, "") for role in order]

        rows.append(row(**HEADINGS))
        headings += 1
        # Real sheets have many more payments than oddities: five at least before the first.
        lines = draw(st.lists(st.tuples(NAMES, PENCE, STYLES, CREDITS, EXTRAS), min_size=6))
        for number, (name, pence, style, credit, extra) in enumerate(lines):
            pounds = Decimal(pence) / 100
            written = style.format(abs(pounds))
            if pounds < 0:
                written = credit.format(written.strip())
            day = f"{number % 28 + 1:02}/04/2025"
            rows.append(row(supplier=name, date=day, description="Goods", amount=written))
            amounts.append(pounds)
            numeric += pounds
            if number < 5 or extra == "none":
                continue
            if extra in ("blank", "spaces"):
                rows.append([] if extra == "blank" else [" ", "\xa0"])
                blank += 1
            elif extra == "header":
                rows.append(row(**HEADINGS))
                headings += 1
            elif extra == "unreadable":
                rows.append(
                    row(supplier=name, date=day, amount=draw(st.sampled_from(["-", "tbc"])))
                )
                rejected.add(len(rows))
            else:
                label = "supplier" if extra == "total" else "description"
                rows.append(row(**{label: draw(TOTALS), "amount": f"{sum(amounts):,.2f}"}))
                numeric += sum(amounts)
                rejected.add(len(rows))
    return Messy(rows, amounts, numeric, rejected, blank, headings)


@given(messy_sheets())
def test_every_row_of_a_messy_sheet_is_read_rejected_blank_or_a_heading(messy: Messy) -> None:
    outcome = read(*messy.rows)
    assert outcome.lines["amount"].to_pylist() == messy.amounts
    assert {row for row, _, _ in outcome.rejected} == messy.rejected
    assert all(reason for _, reason, _ in outcome.rejected)
    assert (outcome.blank, outcome.headings) == (messy.blank, messy.headings)
    assert outcome.amount == sum(messy.amounts)
    assert outcome.column_total == messy.numeric
    assert outcome.dates_missing == 0


@given(
    st.lists(
        st.lists(st.text(alphabet="Total12.- £,/", max_size=8) | st.text(max_size=4), max_size=5),
        max_size=8,
    )
)
def test_whatever_stands_in_a_sheet_its_rows_add_up_or_it_is_refused(rows: list[list[str]]) -> None:
    try:
        outcome = read(HEADER, *SOME, *SOME, *rows)
    except NoLayoutError:
        return
    column = outcome.layouts[0].amount
    assert column is not None
    if len(outcome.layouts) == 1:
        cells = [parse_amount(row[column[0]]) for row in rows if len(row) > column[0]]
        assert outcome.column_total == 701 + sum(c for c in cells if c is not None)


def test_a_hundred_thousand_lines_keep_their_order_across_batches() -> None:
    rows = [payment(f"Firm {n} Ltd", f"{n}.01") for n in range(100_001)]
    outcome = read(HEADER, *rows)
    assert outcome.read == 100_001
    assert outcome.lines["row"].to_pylist()[-1] == 100_002
    assert pc.max(outcome.lines["amount"]).as_py() == Decimal("100000.01")


def test_a_row_that_leaves_the_net_amount_blank_is_read_by_its_gross_amount() -> None:
    """Net 100 + gross 240 for the second row = 340; the net column alone sums to 100."""
    outcome = read(
        ["Supplier", "Date", "Net Amount", "VAT", "Gross Amount"],
        ["Ouse Cleaning Ltd", "01/04/2025", "100.00", "20.00", "120.00"],
        ["Nene Guarding Ltd", "02/04/2025", "", "", "240.00"],
    )
    assert outcome.amount == Decimal("340.00")
    assert outcome.column_total == Decimal("100.00")
    assert any("gross amount was used" in note for note in outcome.notes)
