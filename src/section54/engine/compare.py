"""What changed between two periods, payee by payee.

Payees were settled in each period on its own, so the same firm may carry another id: two payees
are taken for the same by their id, otherwise by any spelling that both ledgers have. People whose
names are not shown are never told apart, so they are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal


GROWN = Decimal("0.25")  # share by which a payee must grow or shrink to be named, and
GROWN_POUNDS = Decimal(5000)  # the least pounds it must be
ZERO = Decimal(0)


def change_of(before: Decimal, now: Decimal) -> str:
    """Return ``grown``, ``shrunk`` or ``steady``; both pounds are of payees paid in both periods.

    >>> change_of(Decimal(20000), Decimal(25000)), change_of(Decimal(20000), Decimal("24999.99"))
    ('grown', 'steady')
    """
    difference = now - before
    if abs(difference) < GROWN_POUNDS or abs(difference) < GROWN * abs(before):
        return "steady"
    return "grown" if difference > 0 else "shrunk"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidPayee:
    """One payee of one period: what it is known by, and what it was paid (pounds)."""

    key: str
    id: str
    names: tuple[str, ...]
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Pair:
    """A payee in two periods; one of them is empty for who is new or has stopped."""

    before: tuple[PaidPayee, ...]
    now: PaidPayee | None
    change: str


def compare(before: Sequence[PaidPayee], now: Sequence[PaidPayee]) -> list[Pair]:
    """Return every payee of both periods once, with how what it was paid changed.

    Several payees of the earlier period may turn out to be one of the later period: their pounds
    are taken together. Each earlier payee goes to one later payee at most, the first that fits.
    """
    by_id = {payee.id: payee for payee in before}
    by_name: dict[str, list[PaidPayee]] = {}
    for payee in before:
        for name in payee.names:
            by_name.setdefault(_same(name), []).append(payee)
    taken: set[str] = set()
    pairs = []
    # An id in common is surer than a name, so all of those go first.
    own = {payee.key: by_id[payee.id] for payee in now if payee.id in by_id}
    taken |= {payee.key for payee in own.values()}
    for payee in now:
        found = [own[payee.key]] if payee.key in own else []
        for other in _named(payee.names, by_name):
            if other.key not in taken:
                taken.add(other.key)
                found.append(other)
        change = change_of(_sum(found), payee.amount) if found else "new"
        pairs.append(Pair(tuple(found), payee, change))
    stopped = [payee for payee in before if payee.key not in taken]
    return pairs + [Pair((payee,), None, "stopped") for payee in stopped]


def _named(names: Iterable[str], by_name: dict[str, list[PaidPayee]]) -> Iterable[PaidPayee]:
    return (payee for name in names for payee in by_name.get(_same(name), ()))


def _same(name: str) -> str:
    return " ".join(name.casefold().split())


def _sum(payees: Iterable[PaidPayee]) -> Decimal:
    return sum((payee.amount for payee in payees), ZERO)
