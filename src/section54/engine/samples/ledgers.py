"""Publish the invented force's spend as real forces do: another shape nearly every month."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from random import Random

from section54.engine.identity.model import PayeeKind
from section54.engine.samples.force import MONTHS, Force, make_force
from section54.engine.samples.formats import as_gzip, as_ods, as_text, as_xlsx
from section54.engine.samples.model import (
    BODY,
    CategoryTruth,
    Line,
    LineTruth,
    PayeeTruth,
    SampleTruth,
)
from section54.engine.samples.names import CUT_AT
from section54.engine.samples.sheets import Cell, Column, Layout, Sheet
from section54.engine.samples.spellings import mangled


PREVIOUS = "previous"
NOT_LEDGERS = "not_ledgers"
COMMISSIONER = "OPCC"  # the department whose lines stand in the commissioner's own ledger
EXCEL_DAY_0 = date(1899, 12, 30)
NO_VAT = frozenset(
    {
        "public_sector_transfer",
        "grants_voluntary_sector",
        "individuals_redacted",
        "financial_insurance_banking",
        "property_rent_rates",
    }
)
UNREADABLE = ("", "TBC", "-", "see note", "n/a")

SQL = """SELECT d.directorate
      ; s.service_name
      ; p.paid_on AS date_paid
      ; v.vendor_name
      ; i.net_value
      ; i.narrative
FROM ap_invoice i
JOIN ap_vendor v ON v.vendor_id = i.vendor_id
JOIN ap_payment p ON p.invoice_id = i.invoice_id
WHERE p.paid_on BETWEEN '01-AUG-2025' AND '31-AUG-2025'
  AND i.net_value >= 500
ORDER BY v.vendor_name"""

WEB_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><title>Page not found - Fenland Constabulary</title></head>
<body>
<h1>Page not found</h1>
<p>The expenditure for May 2025 has moved. Try the <a href="/publications">publications</a>.</p>
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class _File:
    """One file: where it goes, its sheets, and how they become bytes."""

    path: str
    sheets: tuple[Sheet, ...]
    render: Callable[[], bytes]


def write_samples(folder: Path, *, seed: int = 54) -> list[Path]:
    """Write the ledgers of Fenland Constabulary, an invented force, for trying a review.

    The year April 2025 to March 2026 goes into ``folder``, the year before into its ``previous``
    folder, and a web page saved as ``.csv`` (to see a refusal) into ``not_ledgers``. The same seed
    writes the same bytes. Every firm and person is invented; three national bodies are real.

    Args:
        folder: Made if it is missing; files of the same names are replaced.
        seed: Another number makes another force.

    Returns:
        The year's own ledgers in order, without those of the other two folders.
    """
    written = []
    for file in _published(seed)[1]:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.render())
        if path.parent == folder:
            written.append(path)
    page = folder / NOT_LEDGERS / "expenditure-2025-05.csv"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_bytes(WEB_PAGE.encode())
    return written


@lru_cache(maxsize=4)
def truth(seed: int = 54) -> SampleTruth:
    """Return what a review of the samples of this seed must find, counted while they are made."""
    force, published = _published(seed)
    this_year = [s for f in published if not f.path.startswith(PREVIOUS) for s in f.sheets]
    before = [s for f in published if f.path.startswith(PREVIOUS) for s in f.sheets]
    lines = tuple(line for sheet in this_year for line in sheet.lines)
    previous_lines = tuple(line for sheet in before for line in sheet.lines)
    return SampleTruth(
        seed=seed,
        sheets=tuple(sheet.truth for sheet in this_year),
        previous_sheets=tuple(sheet.truth for sheet in before),
        lines=lines,
        previous_lines=previous_lines,
        payees=_payee_truths(force, lines, previous_lines),
    )


def _payee_truths(
    force: Force, lines: Iterable[LineTruth], previous: Iterable[LineTruth]
) -> tuple[PayeeTruth, ...]:
    now: dict[str, list[LineTruth]] = defaultdict(list)
    then: dict[str, list[LineTruth]] = defaultdict(list)
    for line in lines:
        now[line.payee].append(line)
    for line in previous:
        then[line.payee].append(line)
    return tuple(
        PayeeTruth(
            name=payee.name,
            kind=payee.kind,
            number=payee.number,
            spellings=_spellings(now[payee.name]),
            previous_spellings=_spellings(then[payee.name]),
            categories=_categories(now[payee.name]),
            amount=_sum(line.amount for line in now[payee.name]),
            absolute=_sum(abs(line.amount) for line in now[payee.name]),
            lines=len(now[payee.name]),
            previous_amount=_sum(line.amount for line in then[payee.name]),
            previous_lines=len(then[payee.name]),
            worked=payee.worked,
        )
        for payee in force.payees
        if now[payee.name] or then[payee.name]
    )


def _spellings(lines: Iterable[LineTruth]) -> tuple[str, ...]:
    return tuple(sorted({line.written for line in lines}))


def _categories(lines: Sequence[LineTruth]) -> tuple[CategoryTruth, ...]:
    by_code: dict[tuple[str, tuple[str, ...]], list[Decimal]] = defaultdict(list)
    for line in lines:
        by_code[line.code, line.also].append(line.amount)
    found = [
        CategoryTruth(
            code=code,
            also=also,
            amount=_sum(amounts),
            absolute=_sum(map(abs, amounts)),
            lines=len(amounts),
        )
        for (code, also), amounts in by_code.items()
    ]
    return tuple(sorted(found, key=lambda category: (-category.absolute, category.code)))


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal("0.00"))


# How a line shows itself ---------------------------------------------------------------------


def _supplier(line: Line) -> Cell:
    return line.written


def _supplier_cut(line: Line) -> Cell:
    return line.written[:CUT_AT]


def _supplier_mangled(line: Line) -> Cell:
    return mangled(line.written)


def _number(line: Line) -> Cell:
    return line.payee.number


def _expense(line: Line) -> Cell:
    return line.expense_type


def _description(line: Line) -> Cell:
    return line.description


def _category(line: Line) -> Cell:
    return line.buy.published_category


def _category_path(line: Line) -> Cell:
    return line.buy.published_category.upper().replace(" ", "_")


def _department(line: Line) -> Cell:
    return line.buy.department


def _reference(line: Line) -> Cell:
    return line.reference


def _body(_line: Line) -> Cell:
    return BODY


def _nothing(_line: Line) -> Cell:
    return ""


def _capital(line: Line) -> Cell:
    return "Capital" if line.buy.department == "Capital Programme" else "Revenue"


def _day(line: Line) -> Cell:
    return line.day


def _day_slashes(line: Line) -> Cell:
    return f"{line.day.day:02}/{line.day.month:02}/{line.day.year}" if line.day else ""


def _day_dashes(line: Line) -> Cell:
    day = line.day
    return f"{day.day:02}-{MONTHS[day.month]}-{day.year % 100}" if day else "TBC"


def _day_iso(line: Line) -> Cell:
    return line.day.isoformat() if line.day else ""


def _day_serial(line: Line) -> Cell:
    return (line.day - EXCEL_DAY_0).days if line.day else ""


def _as_is(pounds: Decimal) -> Cell:
    return pounds


def _plain(pounds: Decimal) -> str:
    return str(pounds)


def _commas(pounds: Decimal) -> str:
    return f"{pounds:,.2f}"


def _sterling(pounds: Decimal) -> str:
    return f"-£{-pounds:,.2f}" if pounds < 0 else f"£{pounds:,.2f}"


def _brackets(pounds: Decimal) -> str:
    return f"(£{-pounds:,.2f})" if pounds < 0 else f"£{pounds:,.2f}"


def _trailing_minus(pounds: Decimal) -> str:
    return f"{-pounds:,.2f}-" if pounds < 0 else f"{pounds:,.2f}"


def _amount(heading: str, money: Callable[[Decimal], Cell], role: str = "amount") -> Column:
    def shows(line: Line) -> Cell:
        return "" if line.amount is None else money(line.amount)

    return Column(heading, shows, role)


def _vat(pounds: Decimal, code: str) -> Decimal:
    rate = Decimal("0.00") if code in NO_VAT else Decimal("0.20")
    return (pounds * rate).quantize(Decimal("0.01"))


def _vat_cell(line: Line) -> Cell:
    return "" if line.amount is None else _commas(_vat(line.amount, line.buy.code))


def _gross_cell(line: Line) -> Cell:
    if line.amount is None:
        return ""
    return _commas(line.amount + _vat(line.amount, line.buy.code))


SPACER = Column("", _nothing)


# The files -----------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _published(seed: int) -> tuple[Force, tuple[_File, ...]]:
    force = make_force(seed)
    rng = Random(f"{seed}:blemishes")  # noqa: S311 - invented data, no secret
    months: dict[int, list[Line]] = {month: [] for month in range(1, 13)}
    commissioner = []
    for line in force.lines:
        if line.buy.department == COMMISSIONER:
            commissioner.append(line)
        else:
            months[line.month].append(line)
    months = {month: _with_blemishes(lines, rng) for month, lines in months.items()}
    return force, (
        _quarter_1(months),
        _july(months[7]),
        _august(months[8]),
        _september(months[9]),
        _october(months[10]),
        _november(months[11]),
        _december(months[12]),
        _january(months[1]),
        _february(months[2]),
        _march(months[3]),
        _commissioner(commissioner),
        *_previous(force.previous_lines),
    )


def _with_blemishes(lines: Sequence[Line], rng: Random) -> list[Line]:
    """Take the date from a line or two, and add lines without a readable amount, or of nothing."""
    out = list(lines)
    for index in rng.sample(range(len(out)), rng.choice((0, 1, 2, 3))):
        out[index] = replace(out[index], day=None)
    firms = [i for i, line in enumerate(out) if line.payee.kind is PayeeKind.FIRM]
    for index in sorted(rng.sample(firms, rng.choice((1, 2, 2))), reverse=True):
        out.insert(index, replace(out[index], amount=None, amount_text=rng.choice(UNREADABLE)))
    if rng.random() < 0.4:
        index = rng.choice(firms)
        out.insert(index, replace(lines[index], amount=Decimal("0.00")))
    return out


def _quarter_1(months: dict[int, list[Line]]) -> _File:
    """Make a workbook with a sheet a month: drifting headings, a spacer, totals, a notes sheet."""
    path = "Payments over 500 - Quarter 1 2025-26.xlsx"
    april, may, june = (Sheet(path, name) for name in ("Apr 25", "May 25", "Jun 25"))

    april.title(f"{BODY}: payments over £500, April 2025")
    april.blank()
    april.headings(
        Layout(
            (
                Column("Expenditure Category", _expense, "expense_type"),
                Column("Date", _day, "date"),
                _amount("Total Invoice Amount", _as_is),
                Column("SUPPLIER", _supplier, "supplier"),
                Column("Description", _description, "description"),
                Column("Column1", _nothing),
            ),
            _as_is,
        )
    )
    april.add(months[4])
    april.blank()
    april.total("Total")

    may.title(f"{BODY}: payments over £500")
    may.title("May 2025 (all figures exclude recoverable VAT)")
    may.headings(
        Layout(
            (
                Column("Expenditure Category ", _expense, "expense_type"),
                Column("Payment Date", _day, "date"),
                SPACER,
                Column("Supplier Name", _supplier, "supplier"),
                Column("Purpose", _description, "description"),
                _amount("Total", _as_is),
            ),
            _as_is,
        )
    )
    half = len(months[5]) // 2
    may.add(months[5][:half])
    may.total("Sub-total")
    may.add(months[5][half:])
    may.total("Grand Total")

    june.headings(
        Layout(
            (
                Column("Directorate", _department, "department"),
                Column("Date Paid", _day, "date"),
                Column("* SUPPLIER FINAL", _supplier, "supplier"),
                SPACER,
                Column("Expense Type", _expense, "expense_type"),
                Column("Narrative", _description, "description"),
                _amount("Amount (£)", _as_is),
            ),
            _as_is,
            total_in=4,
        )
    )
    june.add(months[6])
    june.blank(2)
    june.total("Total")

    notes = Sheet(path, "Notes", is_ledger=False)
    notes.title("About these figures")
    notes.title(
        "We publish every payment over £500, as the Elected Local Policing Bodies Order asks."
    )
    notes.title("THIRD PARTY stands for a payee whose name is withheld.")
    notes.blank()
    notes.title("Questions: the Chief Finance Officer, Fenland Constabulary Headquarters.")

    sheets = (april, may, june, notes)
    return _File(path, sheets, lambda: as_xlsx(sheets))


def _july(lines: list[Line]) -> _File:
    """Make a Windows-1252 CSV: pounds signs, brackets for credits, a total, a blank tail."""
    path = "fenland-expenditure-2025-07.csv"
    sheet = Sheet(path, encoding="cp1252")
    layout = Layout(
        (
            Column("Directorate", _department, "department"),
            Column("Account Description", _expense, "expense_type"),
            Column("Details", _description, "description"),
            Column("Payment Date", _day_slashes, "date"),
            Column("Supplier Name", _supplier, "supplier"),
            Column("Internal Ref", _reference, "reference"),
            Column("Capital/ Revenue", _capital),
            _amount("Total", _brackets),
            *[SPACER] * 4,
        ),
        _brackets,
        total_in=4,
    )
    width = len(layout.columns)
    sheet.title(f"{BODY} Invoices over £500 paid in July 2025", *[""] * (width - 1))
    sheet.blank(1, width)
    sheet.headings(layout)
    sheet.add(lines)
    sheet.total("Total")
    sheet.blank(3, width)
    return _File(path, (sheet,), lambda: as_text(sheet))


def _august(lines: list[Line]) -> _File:
    """Make a UTF-8 CSV with the query that made it standing above the headings."""
    path = "fenland-expenditure-2025-08.csv"
    sheet = Sheet(path, encoding="utf-8")
    for text in SQL.splitlines():
        sheet.title(text)
    sheet.blank()
    sheet.headings(
        Layout(
            (
                Column("Directorate", _department, "department"),
                Column("Date Paid", _day_slashes, "date"),
                Column("Vendor Name", _supplier, "supplier"),
                _amount("Net Amount", _plain, "amount_net"),
                Column("Narrative", _description, "description"),
                Column("Account", _expense, "expense_type"),
            ),
            _plain,
            "amount_net",
        )
    )
    sheet.add(lines)
    return _File(path, (sheet,), lambda: as_text(sheet, line_end="\n"))


def _september(lines: list[Line]) -> _File:
    """Make a CSV whose headings come again halfway, with the columns in another order."""
    path = "fenland-expenditure-2025-09.csv"
    sheet = Sheet(path, encoding="utf-8")
    supplier = Column("Supplier Name", _supplier, "supplier")
    paid = Column("Payment Date", _day_dashes, "date")
    amount = _amount("Amount", _commas)
    account = Column("Expense Type", _expense, "expense_type")
    details = Column("Description", _description, "description")
    reference = Column("Transaction Number", _reference, "reference")
    half = len(lines) // 2
    sheet.title("Expenditure over £500: September 2025")
    sheet.headings(Layout((paid, supplier, account, details, amount, reference), _commas))
    sheet.add(lines[:half])
    sheet.blank(1, 6)
    sheet.headings(Layout((reference, supplier, paid, amount, account, details), _commas))
    sheet.add(lines[half:])
    return _File(path, (sheet,), lambda: as_text(sheet, mark=b"\xef\xbb\xbf"))


def _october(lines: list[Line]) -> _File:
    """Make a gzip that is named ``.csv``, with semicolons: the first month of the new system."""
    path = "Expenditure October 2025.csv"
    sheet = Sheet(path, encoding="utf-8")
    layout = Layout(
        (
            Column("Payee Name", _supplier, "supplier"),
            Column("Payee Number", _number, "supplier_number"),
            Column("Payment Date", _day_iso, "date"),
            _amount("Payment Amount", _sterling),
            Column("Expense Type", _expense, "expense_type"),
            Column("Expense Area", _department, "department"),
            Column("Item Text", _description, "description"),
        ),
        _sterling,
    )
    sheet.headings(layout)
    sheet.add(lines)
    sheet.total("Grand Total")
    return _File(path, (sheet,), lambda: as_gzip(as_text(sheet, delimiter=";")))


def _november(lines: list[Line]) -> _File:
    """Make the UTF-16 text that Excel calls Unicode, from an extract that cuts names at 30."""
    path = "Expenditure November 2025.csv"
    sheet = Sheet(path, encoding="utf-16-le", written=lambda name: name[:CUT_AT])
    sheet.headings(
        Layout(
            (
                Column("Date", _day_slashes, "date"),
                Column("Supplier", _supplier_cut, "supplier"),
                _amount("Amount", _plain),
                Column("Expense Type", _expense, "expense_type"),
                Column("Description", _description, "description"),
            ),
            _plain,
        )
    )
    sheet.add(lines)
    sheet.blank(2, 5)
    return _File(path, (sheet,), lambda: as_text(sheet, delimiter="\t", mark=b"\xff\xfe"))


def _december(lines: list[Line]) -> _File:
    """Make a UTF-8 CSV in which some names were mangled on the way."""
    path = "Expenditure December 2025.csv"
    sheet = Sheet(path, encoding="utf-8")
    sheet.title("Fenland Constabulary", "", "", "", "", "")
    sheet.title("Expenditure over £500", "", "December 2025", "", "", "")
    sheet.headings(
        Layout(
            (
                Column("Department Family", _body),
                Column("Date", _day_slashes, "date"),
                Column("Expense Type", _expense, "expense_type"),
                Column("Expense Area", _department, "department"),
                Column("Supplier", _supplier_mangled, "supplier"),
                Column("Transaction Number", _reference, "reference"),
                _amount("Amount", _commas),
                Column("Narrative", _description, "description"),
            ),
            _commas,
        )
    )
    sheet.add(lines)
    return _File(path, (sheet,), lambda: as_text(sheet, line_end="\n"))


def _january(lines: list[Line]) -> _File:
    """Make an ODS with the force's own categories as dotted paths and dates as Excel's numbers."""
    path = "Spend January 2026.ods"
    sheet = Sheet(path, "Jan 2026")
    sheet.title("Payments over £500, January 2026")
    sheet.blank()
    sheet.headings(
        Layout(
            (
                Column("Transaction Number", _reference, "reference"),
                Column("Date", _day_serial, "date"),
                Column("Procurement Category", _category_path, "category"),
                Column("Supplier Name", _supplier, "supplier"),
                Column("Supplier Number", _number, "supplier_number"),
                Column("Account Description", _expense, "expense_type"),
                _amount("Amount", _as_is),
            ),
            _as_is,
            total_in=3,
        )
    )
    sheet.add(lines)
    sheet.blank()
    sheet.total("Total")
    return _File(path, (sheet,), lambda: as_ods((sheet,)))


def _february(lines: list[Line]) -> _File:
    """Make tab-separated text whose lines end in a bare carriage return, as old Macs wrote."""
    path = "Spend February 2026.txt"
    sheet = Sheet(path, encoding="cp1252")
    sheet.headings(
        Layout(
            (
                Column("Supplier Name", _supplier, "supplier"),
                Column("Paid Date", _day_dashes, "date"),
                Column("Cost Centre Name", _department, "department"),
                Column("Subjective", _expense, "expense_type"),
                Column("Purpose of Spend", _description, "description"),
                _amount("Amount Paid", _trailing_minus),
            ),
            _trailing_minus,
        )
    )
    sheet.add(lines)
    sheet.total("TOTAL")
    return _File(path, (sheet,), lambda: as_text(sheet, delimiter="\t", line_end="\r"))


def _march(lines: list[Line]) -> _File:
    """Make a CSV with net, VAT and gross, and two columns "Supplier Name", one of numbers."""
    path = "Spend March 2026.csv"
    sheet = Sheet(path, encoding="utf-8")
    sheet.headings(
        Layout(
            (
                Column("Body Name", _body),
                Column("Procurement Classification", _category, "category"),
                Column("Service Label", _department, "department"),
                Column("Expenditure Code", _expense, "expense_type"),
                Column("Payment Date", _day_slashes, "date"),
                Column("Supplier Name", _number, "supplier_number"),
                Column("Supplier Name", _supplier, "supplier"),
                Column("Transaction No.", _reference, "reference"),
                _amount("Net Amount", _commas, "amount_net"),
                Column("VAT", _vat_cell, "vat"),
                Column("Gross Amount", _gross_cell, "amount_gross"),
                Column("Narrative", _description, "description"),
            ),
            _commas,
            "amount_net",
        )
    )
    sheet.add(lines)
    return _File(path, (sheet,), lambda: as_text(sheet))


def _commissioner(lines: list[Line]) -> _File:
    """Make the commissioner's own ledger of the year: grants and commissioned services."""
    path = "Police and Crime Commissioner spend 2025-26.csv"
    sheet = Sheet(path, encoding="utf-8")
    sheet.title("Fenland Police and Crime Commissioner")
    sheet.title("Grants and commissioned services, 1 April 2025 to 31 March 2026")
    sheet.blank()
    sheet.headings(
        Layout(
            (
                Column("Recipient", _supplier, "supplier"),
                Column("Expenditure Type", _expense, "expense_type"),
                Column("Purpose", _description, "description"),
                Column("Date of Payment", _day_dashes, "date"),
                _amount("Amount", _sterling),
            ),
            _sterling,
        )
    )
    sheet.add(lines)
    sheet.blank()
    sheet.total("Total paid")
    return _File(path, (sheet,), lambda: as_text(sheet, mark=b"\xef\xbb\xbf"))


def _previous(lines: Sequence[Line]) -> tuple[_File, _File]:
    """Make the year before in two files: a plain CSV and a workbook with one sheet."""
    halves: tuple[list[Line], list[Line]] = ([], [])
    for line in lines:
        halves[line.month not in range(4, 10)].append(line)

    path = f"{PREVIOUS}/Spend 2024-25 April to September.csv"
    first = Sheet(path, encoding="cp1252")
    first.title("Fenland Constabulary: payments over £500, April to September 2024")
    first.headings(
        Layout(
            (
                Column("Date", _day_slashes, "date"),
                Column("Supplier Name", _supplier, "supplier"),
                Column("Expenditure Category", _expense, "expense_type"),
                Column("Description", _description, "description"),
                _amount("Amount", _commas),
            ),
            _commas,
        )
    )
    first.add(halves[0])

    path = f"{PREVIOUS}/Spend 2024-25 October to March.xlsx"
    second = Sheet(path, "Oct 24 to Mar 25")
    second.headings(
        Layout(
            (
                Column("Expenditure Category", _expense, "expense_type"),
                Column("Description", _description, "description"),
                Column("Date", _day, "date"),
                _amount("Total Invoice Amount", _as_is),
                Column("SUPPLIER", _supplier, "supplier"),
            ),
            _as_is,
        )
    )
    second.add(halves[1])
    second.total("Total")
    return (
        _File(first.file, (first,), lambda: as_text(first)),
        _File(second.file, (second,), lambda: as_xlsx((second,))),
    )
