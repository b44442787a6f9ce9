"""What the identity step takes and gives."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class PayeeKind(StrEnum):
    """What sort of payee this is. Only firms and charities are assessed as suppliers."""

    FIRM = "firm"
    PUBLIC_BODY = "public_body"
    CHARITY = "charity"
    INDIVIDUAL = "individual"
    REDACTED = "redacted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class NameSeen:
    """One distinct payee name as the ledgers write it (text already repaired).

    Attributes:
        name: As written; never empty.
        supplier_numbers: The publishers' own account numbers seen with it, sorted.
        lines: How many payment lines carry it.
        amount: Sum of the absolute amounts, pounds.
    """

    name: str
    supplier_numbers: tuple[str, ...] = ()
    lines: int = 1
    amount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """One payee: every spelling that we take to be the same, and why.

    Attributes:
        id: Stable across runs: ``p-`` and 12 hex digits of SHA-256 over the payee's key.
        key: The cleaned name that the id is made from.
        name: The spelling shown to people: tidy, without account codes.
        kind: Firm, public body, charity, individual, redacted, unknown.
        kind_because: One sentence on why it is of that kind.
        names_seen: Every spelling, most pounds first.
        grouped_because: One reason a spelling, same order: why it belongs here.
    """

    id: str
    key: str
    name: str
    kind: PayeeKind
    kind_because: str
    names_seen: tuple[str, ...]
    grouped_because: tuple[str, ...]
