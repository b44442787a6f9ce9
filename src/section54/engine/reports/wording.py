"""How figures, dates and payees' names are written for people: pounds, shares, plain English.

A payee who is a person is never named: every report takes names from ``shown_name`` and the
functions beside it, and from nowhere else.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from section54.engine.identity.model import PayeeKind
from section54.engine.result import SupplierCategory, SupplierResult
from section54.engine.risk.model import Assessment, Reason, Tier


PENNY = Decimal("0.01")
POUND = Decimal(1)
SMALL_SHARE = Decimal("0.02")
# What is less of the work at risk than this is not named as what a supplier was paid for.
TRIVIAL_SHARE = Decimal("0.05")
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
RISK_WORK = {
    Tier.HIGH: "high-risk work",
    Tier.MEDIUM: "medium-risk work",
    Tier.UNKNOWN: "not known",
    Tier.LOW: "low-risk work",
    Tier.NOT_APPLICABLE: "outside the review",
}
# Kinds within a category, as the table of variants names them; others are shown by their code.
VARIANT_WORDS = {
    "agriculture": "farming and growing",
    "custody": "staff in custody",
    "equipment": "equipment",
    "fares": "fares and tolls",
    "foster_child": "care of children",
    "offshore": "done abroad",
    "other_medical": "other medical goods",
    "person": "paid to a person",
    "products": "products",
    "professional": "professional grades",
    "self_employed": "self-employed couriers",
    "travel_booking": "booking agents",
}


@dataclass(frozen=True, slots=True)
class UnknownSpend:
    """What one payee was paid for work that could not be placed: pounds, lines, largest part."""

    supplier: SupplierResult
    amount: Decimal
    lines: int
    code: str


@lru_cache(maxsize=65536)  # reasons and names come again and again
def plain(text: str) -> str:
    """Return text on one line, without control characters or marks that reverse its direction.

    A name could otherwise move the cursor of a terminal, or read backwards on a page.
    """
    if text.isascii() and text.isprintable():  # as most texts are
        return " ".join(text.split())
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


def percent(share: Decimal, unit: Decimal = POUND) -> str:
    """Return a share (0 to 1) as per cent; never 0% for something, nor 100% for not all.

    Args:
        share: What to show.
        unit: The smallest step shown: 1 for whole per cent, 0.1 for one decimal place.
    """
    shown = share * 100
    if 0 < shown < unit / 2:
        return f"under {unit}%"
    if 100 - unit / 2 <= shown < 100:
        return f"over {100 - unit}%"
    return f"{shown.quantize(unit, ROUND_HALF_UP)}%"


def percents(shares: Iterable[Decimal]) -> tuple[str, ...]:
    """Return shares of one whole, with a decimal place for all where any is under 2%.

    Whole per cent would say "over 99%, under 1%, under 1%", which tells nothing and adds up to
    nothing.
    """
    parts = tuple(shares)
    unit = Decimal("0.1") if any(0 < part < SMALL_SHARE for part in parts) else POUND
    return tuple(percent(part, unit) for part in parts)


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
    if not supplier.names_seen:
        return False  # the ledger gives no name at all
    return not is_hidden(supplier) and supplier.kind not in {
        PayeeKind.REDACTED,
        PayeeKind.PUBLIC_BODY,
    }


def payees_words(payees: Iterable[SupplierResult], explained: str = "") -> str:
    """Return ``157 suppliers, and 14 other payees``: who can be called, and who cannot.

    Args:
        payees: Whom to count.
        explained: What to add after the others, where there are any.
    """
    listed_payees = list(payees)
    suppliers = sum(1 for payee in listed_payees if can_be_called(payee))
    others = len(listed_payees) - suppliers
    if not others:
        return count(suppliers, "supplier")
    after = f" ({explained})" if explained else ""
    if not suppliers:
        return f"no named supplier, but {count(others, 'other payee')}{after}"
    return f"{count(suppliers, 'supplier')}, and {count(others, 'other payee')}{after}"


def part_words(part: SupplierCategory) -> str:
    """Return what was bought, with its kind where one is known: ``Cleaning, products``."""
    label = plain(part.label)
    if not part.variant:
        return label
    return f"{label}, {VARIANT_WORDS.get(part.variant, plain(part.variant).replace('_', ' '))}"


def parts_by_risk(supplier: SupplierResult) -> list[SupplierCategory]:
    """Return a payee's categories with those that give it its tier first."""
    return sorted(supplier.categories, key=lambda part: part.tier is not supplier.tier)


def bought_words(supplier: SupplierResult) -> str:
    """Return what the supplier was paid for at its tier, without what is hardly any of it."""
    parts = [part for part in supplier.categories if part.tier is supplier.tier]
    least = spent_at_risk(supplier) * TRIVIAL_SHARE
    named = [part for part in parts if part.amount >= least] or parts
    return listed(dict.fromkeys(part_words(part) for part in named))


def sure_words(part: SupplierCategory) -> str:
    """Return how sure a category is, as whole per cent."""
    return percent(Decimal(str(part.confidence)))


def spent_at(supplier: SupplierResult, tier: Tier) -> Decimal:
    """Return pounds paid to this payee for work of one tier."""
    return sum((part.amount for part in supplier.categories if part.tier is tier), Decimal(0))


def spent_at_risk(supplier: SupplierResult) -> Decimal:
    """Return pounds paid for the work that gives the supplier its tier.

    A supplier of telephone calls that also sold one radio is high for the radio, and only the
    radio's pounds belong beside that tier.
    """
    return spent_at(supplier, supplier.tier) if supplier.categories else supplier.amount


def call_first(
    suppliers: Iterable[SupplierResult], at_most: int, tier: Tier = Tier.HIGH
) -> list[SupplierResult]:
    """Return the suppliers of a tier that can be rung, in the order given.

    The review's own order is by tier, then by the pounds of the work of that tier. A supplier
    whose credits for that work outweigh its payments is left out.
    """
    chosen = [s for s in suppliers if s.tier is tier and can_be_called(s) and spent_at_risk(s) > 0]
    return chosen[:at_most]


def unknown_spend(suppliers: Sequence[SupplierResult]) -> list[UnknownSpend]:
    """Return what each payee was paid for work that could not be placed, most pounds first.

    A payee whose other work is known counts with the part that is not.
    """
    found = []
    for supplier in suppliers:
        parts = [part for part in supplier.categories if part.tier is Tier.UNKNOWN]
        if parts:
            found.append(
                UnknownSpend(
                    supplier=supplier,
                    amount=sum((part.amount for part in parts), Decimal(0)),
                    lines=sum(part.lines for part in parts),
                    code=max(parts, key=lambda part: part.amount).code,
                )
            )
    return sorted(found, key=lambda unknown: (-unknown.amount, unknown.supplier.id))
