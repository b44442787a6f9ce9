"""How figures, dates and payees' names are written for people: pounds, shares, plain English.

A payee who is a person is never named: every report takes names from ``shown_name`` and the
functions beside it, and from nowhere else.
"""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from section54.engine.identity.model import PayeeKind
from section54.engine.result import SupplierResult
from section54.engine.risk.model import Assessment, Reason, Tier


PENNY = Decimal("0.01")
POUND = Decimal(1)
NAME_WITHHELD = "A person (name not shown)"
PERSON_REASON = "Paid to a person, so not assessed as a supplier."
HIDDEN_REASON = "Not shown here, to keep a name out of this report."
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
KIND_WORDS = {
    PayeeKind.FIRM: "Firm",
    PayeeKind.PUBLIC_BODY: "Public body",
    PayeeKind.CHARITY: "Charity",
    PayeeKind.INDIVIDUAL: "Person",
    PayeeKind.REDACTED: "Name withheld by the publisher",
    PayeeKind.UNKNOWN: "Not known",
}


def plain(text: str) -> str:
    """Return text on one line, without control characters or marks that reverse its direction.

    A name could otherwise move the cursor of a terminal, or read backwards on a page.
    """
    kept = (
        " " if unicodedata.category(mark) in {"Cc", "Zl", "Zp"} else mark
        for mark in text
        if unicodedata.category(mark) not in {"Cf", "Cs", "Cn"}
    )
    return " ".join("".join(kept).split())


def _signed(words: str, amount: Decimal) -> str:
    return f"\N{MINUS SIGN}{words}" if amount < 0 else words


def pounds(amount: Decimal) -> str:
    """Return whole pounds, half up: ``£51,234``; a credit has a minus sign."""
    whole = abs(amount).quantize(POUND, ROUND_HALF_UP)
    return _signed(f"£{whole:,}", amount if whole else Decimal(0))


def pounds_exact(amount: Decimal) -> str:
    """Return pounds and pence: ``£51,234.00``."""
    exact = abs(amount).quantize(PENNY, ROUND_HALF_UP)
    return _signed(f"£{exact:,}", amount if exact else Decimal(0))


def pounds_short(amount: Decimal) -> str:
    """Return pounds for a sentence or a bar: ``£4.2m``, ``£51k``, ``£950``."""
    size = abs(amount)
    for least, unit, letter, places in (
        (Decimal(999_500_000), Decimal(10**9), "bn", Decimal("0.1")),
        (Decimal(999_500), Decimal(10**6), "m", Decimal("0.1")),
        (Decimal("9_999.5"), Decimal(1000), "k", POUND),
    ):
        if size >= least:
            return _signed(f"£{(size / unit).quantize(places, ROUND_HALF_UP):,}{letter}", amount)
    return pounds(amount)


def percent(share: Decimal) -> str:
    """Return a share (0 to 1) as whole per cent; never 0% for something, nor 100% for not all."""
    if 0 < share < Decimal("0.005"):
        return "under 1%"
    if Decimal("0.995") <= share < 1:
        return "over 99%"
    return f"{(share * 100).quantize(POUND, ROUND_HALF_UP)}%"


def share_of(part: Decimal, whole: Decimal) -> Decimal:
    """Return part ÷ whole, or 0 where there is no whole."""
    return part / whole if whole else Decimal(0)


def day(when: date | None) -> str:
    """Return ``1 April 2025``, or ``not known``."""
    return f"{when.day} {MONTHS[when.month - 1]} {when.year}" if when else "not known"


def month(text: str) -> str:
    """Return ``2025-04`` as ``Apr 2025``; other text as it is."""
    year, _, number = text.partition("-")
    if number.isdigit() and 1 <= int(number) <= 12:
        return f"{MONTHS[int(number) - 1][:3]} {year}"
    return plain(text)


def period(between: tuple[date | None, date | None]) -> str:
    """Return ``1 April 2025 to 31 March 2026``, or that the dates are not known."""
    first, last = between
    if first is None and last is None:
        return "dates not known"
    return f"{day(first)} to {day(last)}"


def count(number: int, one: str, many: str = "") -> str:
    """Return ``1 supplier`` or ``1,061 suppliers``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def sum_words(assessment: Assessment) -> str:
    """Return the sum as it can be read aloud: ``industry 6 + workforce 1 = 7 High``."""
    if assessment.points is None:
        return f"No sum: {assessment.tier.label.lower()}"
    parts = [
        f"{plain(reason.indicator).replace('_', ' ')} {reason.points}"
        for reason in assessment.reasons
        if reason.points
    ]
    total = f"{assessment.points} {assessment.tier.label}"
    return f"{' + '.join(parts)} = {total}" if parts else total


def is_hidden(supplier: SupplierResult) -> bool:
    """Return whether what identifies this payee must stay out of every report."""
    if supplier.kind is PayeeKind.INDIVIDUAL:
        return True
    if supplier.kind is PayeeKind.REDACTED:
        return False  # the publisher has already left the name out
    return plain(supplier.public_name).casefold() != plain(supplier.name).casefold()


def shown_name(supplier: SupplierResult) -> str:
    """Return the one name that reports may show for this payee."""
    name = plain(supplier.public_name)
    if not name:
        return NAME_WITHHELD if is_hidden(supplier) else "(no name in the ledger)"
    if supplier.kind is PayeeKind.INDIVIDUAL and name == plain(supplier.name):
        # Whoever made the review should have hidden it; a report does not rely on that.
        return NAME_WITHHELD
    return name


def shown_spellings(supplier: SupplierResult) -> tuple[str, ...]:
    """Return the spellings seen in the ledgers; none where the name is not shown."""
    return () if is_hidden(supplier) else supplier.names_seen


def shown_because(supplier: SupplierResult, text: str) -> str:
    """Return a sentence about this payee, or a general one where it could give a name away."""
    if not is_hidden(supplier):
        return plain(text)
    if supplier.kind is PayeeKind.INDIVIDUAL and supplier.tier is Tier.NOT_APPLICABLE:
        return PERSON_REASON
    return HIDDEN_REASON if _gives_away(supplier, text) else plain(text)


def _gives_away(supplier: SupplierResult, text: str) -> bool:
    """Say whether a sentence holds a word of a hidden name."""
    words = set(re.findall(r"\w+", text.casefold()))
    names = " ".join((supplier.name, *supplier.names_seen)).casefold()
    return any(len(word) > 1 and word in words for word in re.findall(r"\w+", names))


def shown_reasons(supplier: SupplierResult) -> tuple[Reason, ...]:
    """Return the lines of the sum, with no sentence that could give a hidden name away."""
    return tuple(
        Reason(
            indicator=reason.indicator,
            points=reason.points,
            because=shown_because(supplier, reason.because),
        )
        for reason in supplier.assessment.reasons
    )


def can_be_called(supplier: SupplierResult) -> bool:
    """Return whether there is a supplier by that name to ring."""
    return not is_hidden(supplier) and supplier.kind not in {
        PayeeKind.REDACTED,
        PayeeKind.PUBLIC_BODY,
    }


def spent_at_risk(supplier: SupplierResult) -> Decimal:
    """Return pounds paid for the work that gives the supplier its tier.

    A supplier of telephone calls that also sold one radio is high for the radio, and only the
    radio's pounds belong beside that tier.
    """
    parts = [part.amount for part in supplier.categories if part.tier is supplier.tier]
    return sum(parts, Decimal(0)) if parts else supplier.amount


def call_first(
    suppliers: Iterable[SupplierResult], at_most: int, tier: Tier = Tier.HIGH
) -> list[SupplierResult]:
    """Return the suppliers of a tier that can be rung, most pounds of that work first."""
    chosen = [s for s in suppliers if s.tier is tier and can_be_called(s)]
    chosen.sort(key=lambda s: (-spent_at_risk(s), s.id))
    return chosen[:at_most]
