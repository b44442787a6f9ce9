"""What the rows above a ledger's headings say, and whether they name somebody else's body."""

import re
from collections.abc import Iterator

from section54.spend.models import Ledger


LONGEST_TITLE = 120  # letters; what is longer is prose, not a title
# Words that say what kind of body it is, but not which.
KINDS = frozenset(
    (
        "constabulary",
        "police",
        "policing",
        "council",
        "councils",
        "commissioner",
        "commissioners",
        "nhs",
        "fire",
        "rescue",
        "university",
    )
)
ALONE = KINDS - {"fire", "rescue"}  # of those two only both together are a body
_COMMON = """
the of for and in to by with on at from a an as is are all our its this over under above greater
less than more exceeding excluding including office service services authority force forces crime
trust foundation hospital hospitals county city borough district town parish unitary metropolitan
combined royal group board public body bodies other local government north south east west
northern southern eastern western spend spending expenditure payment payments paid pay invoice
invoices supplier suppliers transparency report reports reporting data list register published
publication publishing transaction transactions ledger ledgers finance financial accounts
accounting account procurement purchase purchasing card cards value amount amounts total totals
gbp vat net gross pounds pound thousand monthly quarterly annual month year quarter period ending
ended date january february march april may june july august september october november december
jan feb mar apr jun jul aug sep sept oct nov dec page sheet version draft final official sensitive
information detail details summary department departments name organisation commercial code
contract contracts creditor creditors items item goods
"""
# Beside those: words of titles and of bodies' names that tell no body from another.
COMMON = frozenset(_COMMON.split())
NAMED_IN_COLUMN = frozenset(
    ("body", "body name", "public body", "organisation", "organisation name", "entity", "authority")
)
_WORD = re.compile(r"[^\W\d_]+")


def title_rows(ledger: Ledger) -> dict[tuple[str, str], list[str]]:
    """Return what stands above the headings, by file and sheet: a row is its filled cells."""
    above = {
        (sheet.file, sheet.sheet): sheet.header_record - 1
        for sheet in ledger.sheets
        if sheet.header_record > 1
    }
    found = {}
    for head in ledger.heads:
        records = head.records[: above.get((head.file, head.sheet), 0)]
        rows = [" · ".join(filter(None, map(str.strip, record))) for record in records]
        if any(rows):
            found[head.file, head.sheet] = list(filter(None, rows))
    return found


def other_body_named(ledger: Ledger) -> str:
    """Return the title of a ledger that names another public body than its own, or "".

    Looked at are the cells above the headings, and a column that names the body. It is a reason
    to look, not more: a title may name a partner.
    """
    own = ledger.body.name
    return next((cell for cell in _titles(ledger) if names_another(cell, own)), "")


def names_another(title: str, own: str) -> bool:
    """Tell whether a title names a public body, and nothing in it is of the own body's name.

    >>> names_another("Marshland Constabulary: spend over £500", "Fenland Constabulary")
    True
    >>> names_another("Fenland Police, April 2025", "Fenland Constabulary")
    False
    >>> names_another("Council spend over £500", "Fenland Constabulary")
    False
    """
    ours = _distinctive(own)
    if not ours or len(title) > LONGEST_TITLE:
        return False
    words = [word.casefold() for word in _WORD.findall(title)]
    if ALONE.isdisjoint(words) and not {"fire", "rescue"} <= set(words):
        return False
    initials = "".join(word[0] for word in _WORD.findall(own)).casefold()
    if any(word in title.casefold() for word in ours) or (len(initials) > 1 and initials in words):
        return False
    small = title == title.casefold()
    return any(
        len(word) > 1 and (small or word[0].isupper()) and word.casefold() not in KINDS | COMMON
        for word in _WORD.findall(title)
    )


def _distinctive(name: str) -> set[str]:
    words = {word.casefold() for word in _WORD.findall(name) if len(word) > 1}
    # A body may be called by what others only have beside their name: the Metropolitan Police.
    return words - KINDS - COMMON or (words & {"metropolitan"})


def _titles(ledger: Ledger) -> Iterator[str]:
    headers = {(sheet.file, sheet.sheet): sheet.header_record for sheet in ledger.sheets}
    for head in ledger.heads:
        at = headers.get((head.file, head.sheet), 0)
        for record in head.records[: max(at - 1, 0)]:
            yield from filter(None, map(str.strip, record))
        for index, heading in enumerate(
            head.records[at - 1] if 0 < at <= len(head.records) else ()
        ):
            if " ".join(heading.casefold().split()) in NAMED_IN_COLUMN:
                yield from (
                    record[index].strip() for record in head.records[at:] if index < len(record)
                )
