"""A review's result: the one set of figures that every output is written from.

All money is ``Decimal`` pounds (negative for credits); shares are between 0 and 1 and are shares of
absolute amounts, so that a credit does not hide a payment.
"""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from section54.engine.identity.model import PayeeKind
from section54.engine.risk.model import Assessment, Reason, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFound:
    """One column of a sheet that we understood: where it is, how sure we are, and why."""

    role: str
    index: int
    header: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRead:
    """What became of one sheet of one file: ``rows = read + rejected + blank + headings``.

    Attributes:
        sha256: Of the content, unpacked if it came packed (the ``source`` of its lines).
        file: The file's name; for a member of a zip, ``archive.zip/member.csv``.
        sheet: The sheet's name, or "" for text files.
        header_record: 1-based record number of the header; 0 when there is none.
        amount: Sum of the lines read, pounds.
        column_total: Sum of every numeric cell of the amount column, pounds.
        amount_basis: ``net``, ``gross`` or ``unknown``.
        dates_missing: Lines kept without a readable date.
        file_sha256: Of the file as it was given, packed or not.
        layout: The headings in one line, by which the publisher's layout is known again.
        notes: Sentences a careful reader would want to know.
    """

    sha256: str
    file: str
    sheet: str
    columns: tuple[ColumnFound, ...]
    header_record: int
    rows: int
    read: int
    rejected: int
    blank: int
    headings: int
    amount: Decimal
    column_total: Decimal
    amount_basis: str
    dates_missing: int
    encoding: str = ""
    delimiter: str = ""
    layout: str = ""
    file_sha256: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetHead:
    """The first records of one sheet, as they are."""

    file: str
    sheet: str
    records: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRefused:
    """A file that is not a ledger, with the one sentence that says what it is and what to do."""

    file: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The accounting over everything that was read."""

    rows: int
    read: int
    rejected: int
    blank: int
    headings: int
    amount: Decimal
    absolute: Decimal
    dates_missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryResult:
    """One category's spend and inherent risk. ``amount`` is net of credits, pounds."""

    code: str
    label: str
    tier: Tier
    amount: Decimal
    absolute: Decimal
    lines: int
    suppliers: int
    reasons: tuple[Reason, ...]
    top_suppliers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierCategory:
    """One category that a supplier was paid for, with the tier it has there."""

    code: str
    label: str
    variant: str
    tier: Tier
    amount: Decimal
    lines: int
    because: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplierResult:
    """One payee in the review, with its risk as a sum that can be read aloud.

    Attributes:
        assessment: The assessment that decides the tier (the highest of its categories').
        previous_amount: Pounds paid in the previous period; None without a previous ledger.
        change: ``new``, ``grown``, ``shrunk``, ``steady``, ``stopped`` or "".
        public_name: What may be shown publicly: never an individual's name.
        next_step: One sentence: what the buyer should do next.
    """

    id: str
    name: str
    public_name: str
    kind: PayeeKind
    kind_because: str
    names_seen: tuple[str, ...]
    grouped_because: tuple[str, ...]
    amount: Decimal
    absolute: Decimal
    lines: int
    first_paid: date | None
    last_paid: date | None
    assessment: Assessment
    categories: tuple[SupplierCategory, ...]
    next_step: str
    previous_amount: Decimal | None = None
    change: str = ""

    @property
    def tier(self) -> Tier:
        """The supplier's inherent tier."""
        return self.assessment.tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Shares (0 to 1) of absolute spend and of lines, by what we know of them.

    ``categorised + unknown + redacted`` is 1. ``redacted``: the publisher withheld the name and no
    category is known; ``public_bodies`` overlaps with ``categorised``.
    ``grouped``: paid to a payee seen under more than one spelling, settled into one record.
    """

    grouped: Decimal
    categorised: Decimal
    unknown: Decimal
    redacted: Decimal
    public_bodies: Decimal
    individuals: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TierResult:
    """Spend, lines and payees of one tier. Spend is leverage; it never changes a tier."""

    tier: Tier
    amount: Decimal
    absolute: Decimal
    lines: int
    suppliers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concentration:
    """How much of the spend goes to how few payees (public bodies and individuals left out)."""

    suppliers: int
    top_1_share: Decimal
    top_10_share: Decimal
    suppliers_for_80_percent: int
    over_50k: int
    over_50k_share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A risk review of what a body spent.

    ``suppliers`` are ordered by risk, then pounds: high, medium, unknown, low, not applicable.
    ``stopped`` are payees of the previous period that were not paid in this one.
    """

    section54: str
    body: str
    period: tuple[date | None, date | None]
    previous_period: tuple[date | None, date | None] | None
    totals: Totals
    previous_amount: Decimal | None
    coverage: Coverage
    coverage_lines: Coverage
    tiers: tuple[TierResult, ...]
    categories: tuple[CategoryResult, ...]
    suppliers: tuple[SupplierResult, ...]
    stopped: tuple[SupplierResult, ...]
    concentration: Concentration
    sheets: tuple[SheetRead, ...]
    refused: tuple[FileRefused, ...]
    tables: tuple[dict[str, str], ...]
    lines: Path | None = None
    previous_sheets: tuple[SheetRead, ...] = ()
    monthly: tuple[tuple[str, Tier, Decimal], ...] = ()
    not_known: tuple[str, ...] = field(default=())
