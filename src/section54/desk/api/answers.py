"""What programs are answered: money as text in pounds, days as 2026-04-20, nothing about notes."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from ninja import Schema
from pydantic import Field, PlainSerializer


Pounds = Annotated[
    Decimal,
    PlainSerializer(lambda amount: f"{amount:.2f}", return_type=str),
    Field(description="Pounds, as text; negative for credits.", examples=["1234567.89"]),
]
Tier = Annotated[str, Field(description="high, medium, low, unknown or not_applicable")]


class Problem(Schema):
    """A refusal (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str


class Role(Schema):
    """A role that the person of the key has in a body today."""

    body: UUID
    name: str
    role: str
    role_name: str
    through: str | None = Field(description="The collaboration that gives it, if one does.")


class Me(Schema):
    """Whose key it is, and what it may do today."""

    name: str
    key: str = Field(description="What the key is for.")
    expires_at: datetime
    permissions: list[str]
    roles: list[Role]


class Body(Schema):
    """A public body."""

    id: UUID
    name: str
    kind: str


class Review(Schema):
    """A review of what a body spent."""

    id: UUID
    body: UUID
    reference: str
    name: str
    state: str
    period_from: date | None
    period_to: date | None
    made_at: datetime | None
    next_due_on: date | None
    shared: str = Field(description="Who shares it and through whom; empty for one's own.")


class Figures(Schema):
    """A review with its totals, coverage and the tables behind it, as its review.json has them."""

    review: Review
    totals: dict[str, Any]
    coverage: dict[str, Any]
    tables: list[dict[str, Any]]


class Category(Schema):
    """What a review found of one category."""

    code: str
    label: str
    tier: Tier
    amount: Pounds
    lines: int
    suppliers: int
    next_step: str


class Finding(Schema):
    """What a review found of one payee. ``tier`` is as computed; a person may have decided else."""

    id: UUID
    name: str
    kind: str
    amount: Pounds
    lines: int
    first_paid: date | None
    last_paid: date | None
    tier: Tier
    points: int | None
    reasons: list[dict[str, Any]]
    not_known: list[str]
    next_step: str
    main_category: str


class Payment(Schema):
    """One payment, with the file, sheet and row that it stands in."""

    date: date | None
    supplier_as_written: str | None
    amount: Pounds
    description: str | None
    category: str | None
    tier: Tier | None
    source: str = Field(description="SHA-256 of the file.")
    sheet: str | None
    row: int


class Ledger(Schema):
    """A file of payments, and what its rows became."""

    id: UUID
    body: UUID
    file: str
    sha256: str
    rows: int
    read: int
    rejected: int
    blank: int
    headings: int
    amount: Pounds
    column_total: Pounds
    first_paid: date | None
    last_paid: date | None
