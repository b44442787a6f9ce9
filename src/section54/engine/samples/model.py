"""What the invented ledgers are made of, and what a review of them should find."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from section54.engine.identity.model import PayeeKind


BODY = "Fenland Constabulary"
PERIOD = (date(2025, 4, 1), date(2026, 3, 31))
PREVIOUS_PERIOD = (date(2024, 4, 1), date(2025, 3, 31))


@dataclass(frozen=True, slots=True, kw_only=True)
class Specialism:
    """One thing that a force buys and the words that its ledger has for it.

    Attributes:
        id: Our own name for it.
        code: Its code in the ``categories`` table.
        also: Codes that a careful person could defend just as well.
        expense_types: Ledger accounts it is booked to.
        descriptions: Free narratives.
        published_category: The force's own procurement category.
        department: Who buys it; ``OPCC`` is the commissioner's office, with a ledger of its own.
    """

    id: str
    code: str
    also: tuple[str, ...]
    expense_types: tuple[str, ...]
    descriptions: tuple[str, ...]
    published_category: str
    department: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """One invented payee and how its name is spelt in each finance system.

    Attributes:
        name: The name it gives itself.
        kind: What sort of payee it is.
        number: The force's account number for it.
        buys: What it is paid for, the main thing first.
        pounds: What it is paid in the year, about; 0 when it is no longer paid.
        lines: In how many lines, about.
        before: Last year's spend as a multiple of this year's (of ``pounds_before`` if stopped).
        pounds_before: What it was paid in the year before, about.
        old: Spellings in the finance system used until September, the usual one first.
        new: Spellings in the one used from October.
        worked: It is an example of ACCEPTANCE, section 2.
    """

    name: str
    kind: PayeeKind
    number: str
    buys: tuple[Specialism, ...]
    pounds: int
    lines: int
    pounds_before: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    worked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One payment as the invented force knows it, before any ledger muddles it.

    ``amount`` is pounds net of VAT, negative for a credit, None where the ledger will show
    ``amount_text`` instead; ``day`` is None where it will show no date.
    """

    payee: Payee
    buy: Specialism
    written: str
    day: date | None
    month: int
    amount: Decimal | None
    amount_text: str
    expense_type: str
    description: str
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineTruth:
    """Where one readable line stands and what it is; ``row`` is the 1-based record."""

    file: str
    sheet: str
    row: int
    payee: str
    written: str
    amount: Decimal
    day: date | None
    code: str
    also: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetTruth:
    """What a review must find in one sheet: ``rows = read + rejected + blank + headings``.

    Attributes:
        file: Path below the samples' folder.
        sheet: The sheet's name, "" for text.
        is_ledger: False for a sheet of notes; its rows that are not blank count as rejected.
        amount: Sum of the lines read, pounds.
        column_total: Sum of every number in the amount column, total lines too, pounds.
        dates_missing: Lines read that have no readable date.
        headings_by_role: role → heading, by the first heading row.
        encoding: ``windows-1252``, ``utf-16`` …, or "" for workbooks.
    """

    file: str
    sheet: str
    is_ledger: bool
    rows: int
    read: int
    rejected: int
    blank: int
    headings: int
    amount: Decimal
    column_total: Decimal
    dates_missing: int
    headings_by_role: Mapping[str, str]
    encoding: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryTruth:
    """What one payee was paid for one category; ``also`` are codes as fair as ``code``."""

    code: str
    also: tuple[str, ...]
    amount: Decimal
    absolute: Decimal
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayeeTruth:
    """One payee that a review must make of its spellings.

    Attributes:
        name: The name it gives itself.
        kind: What sort of payee it is.
        number: The force's account number for it.
        spellings: Every spelling in this year's ledgers, repaired and with single spaces, sorted.
        previous_spellings: The same for the year before.
        categories: What it was paid for this year, most absolute pounds first.
        amount: Pounds this year, net of credits; only readable lines.
        previous_amount: Pounds in the year before.
        worked: It is an example of ACCEPTANCE, section 2.
    """

    name: str
    kind: PayeeKind
    number: str
    spellings: tuple[str, ...]
    previous_spellings: tuple[str, ...]
    categories: tuple[CategoryTruth, ...]
    amount: Decimal
    absolute: Decimal
    lines: int
    previous_amount: Decimal
    previous_lines: int
    worked: bool

    @property
    def code(self) -> str:
        """The category with most pounds; "" for a payee that was paid only the year before."""
        return self.categories[0].code if self.categories else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTruth:
    """Everything that a review of the samples must find.

    ``payees`` holds everyone paid in either year; ``lines`` and ``sheets`` are this year's.
    """

    seed: int
    sheets: tuple[SheetTruth, ...]
    previous_sheets: tuple[SheetTruth, ...]
    lines: tuple[LineTruth, ...]
    previous_lines: tuple[LineTruth, ...]
    payees: tuple[PayeeTruth, ...]

    @property
    def amount(self) -> Decimal:
        """Pounds of this year's readable lines."""
        return sum((sheet.amount for sheet in self.sheets), Decimal("0.00"))

    @property
    def previous_amount(self) -> Decimal:
        """Pounds of the year before."""
        return sum((sheet.amount for sheet in self.previous_sheets), Decimal("0.00"))

    @property
    def paid(self) -> tuple[PayeeTruth, ...]:
        """Payees with a line this year."""
        return tuple(payee for payee in self.payees if payee.lines)

    @property
    def stopped(self) -> tuple[PayeeTruth, ...]:
        """Payees of the year before that were not paid this year."""
        return tuple(p for p in self.payees if p.previous_lines and not p.lines)

    @property
    def new(self) -> tuple[PayeeTruth, ...]:
        """Payees of this year that were not paid the year before."""
        return tuple(p for p in self.payees if p.lines and not p.previous_lines)
