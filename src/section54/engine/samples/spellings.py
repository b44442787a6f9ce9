"""The ways in which one payee's name comes to be written by two finance systems and their users."""

import re
from random import Random

from section54.engine.identity.model import PayeeKind


NBSP = "\xa0"
_SUFFIX = re.compile(r" (?:Ltd|LLP|plc)$")


def spellings_of(
    name: str, kind: PayeeKind, number: str, rng: Random, *, trades_as: str = "", typo: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the spellings of the old finance system and of the new, the usual one first.

    The old one shouts (``OUSE GUARDING LTD``), the new one writes the form out (``Ouse Guarding
    Limited``); users of both add account codes, no-break spaces, full stops and trade names.

    Args:
        name: The name that the payee gives itself.
        kind: Redacted wordings are written one way; people and bodies have no legal form.
        number: The force's account number for the payee.
        rng: Where the chances come from.
        trades_as: A trade name added after ``T/A`` by the new system, or "".
        typo: Let the old system swap two letters once.
    """
    if kind is PayeeKind.REDACTED:
        return (name, f"{name} "), (name,)
    shouted = name.upper()
    old = [shouted]
    new = [re.sub(r" Ltd$", " Limited", name)]
    if kind is PayeeKind.FIRM:
        coded = shouted.replace(" LTD", f"{NBSP}LTD")
        old += rng.sample(
            [f"{shouted} ({number})", coded, f"{shouted}.", _SUFFIX.sub("", name), f" {shouted}"],
            rng.choice((0, 1, 1, 2)),
        )
        new += rng.sample(
            [name, f"{new[0]} - {number}", name.lower(), new[0].replace(" ", NBSP, 1)],
            rng.choice((0, 1, 1, 2)),
        )
        if trades_as:
            new.append(f"{name} T/A {trades_as}")
    if " & " in name:
        old.append(shouted.replace(" & ", " AND "))
    if typo:
        middle = len(name) // 3
        while " " in shouted[middle : middle + 2] or shouted[middle] == shouted[middle + 1]:
            middle += 1
        old.append(shouted[:middle] + shouted[middle + 1] + shouted[middle] + shouted[middle + 2 :])
    return tuple(dict.fromkeys(old)), tuple(dict.fromkeys(new))


def tidy(written: str) -> str:
    """Return a spelling as a person reads it: single spaces, none at the ends."""
    return " ".join(written.split())


def mangled(text: str) -> str:
    """Return text as it looks when UTF-8 was once read as Windows-1252.

    >>> mangled("Café")
    'CafÃ©'
    """
    return text.encode("utf-8").decode("cp1252")
