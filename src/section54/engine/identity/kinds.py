"""Tell firms, public bodies, charities and people apart by the name that a ledger gives.

Only firms and charities are assessed as suppliers, and a person's name is never shown publicly.
So a name that may be a person's is called ``unknown`` rather than a firm, and a person who trades
("J Smith Plumbing") is a firm. The words are dated tables: ``public_bodies``, ``payee_kinds``,
``payee_trades``, ``payee_forenames``, ``payee_surnames``, ``payee_places``, ``legal_forms``.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from section54.engine.identity.model import PayeeKind
from section54.engine.identity.names import has_form, tidy, words_of
from section54.engine.ledgers.redactions import redaction_of
from section54.engine.reference import load_table


_STRENGTH = {"named": 3, "strong": 2, "pattern": 1}
_TITLES = frozenset(
    {
        "mr", "mrs", "miss", "ms", "mx", "dr", "prof", "professor", "rev", "revd", "reverend",
        "sir", "dame", "cllr", "councillor", "hhj", "messrs",
    }
)  # fmt: skip
# These are also words or initials of firms, so the rest must look like a person's name.
_WEAK_TITLES = frozenset(
    {
        "pc", "dc", "ds", "di", "wpc", "pcso", "sgt", "sergeant", "insp", "inspector", "supt",
        "capt", "captain", "major", "lord", "lady", "master", "fr", "father", "sister", "judge",
        "canon", "col", "lt",
    }
)  # fmt: skip
_HONOURS = frozenset(
    {"obe", "mbe", "cbe", "qpm", "qc", "kc", "bem", "phd", "msc", "bsc", "frcs", "mrcp", "frcpath"}
)
# Two or three letters before a word: usually a firm's initials, not a person's.
_FIRM_INITIALS = frozenset({"bt", "bp", "ge", "uk", "eu", "la", "ee", "it", "hr", "tv", "pa", "st"})
_PARTICLES = frozenset(
    {"de", "da", "di", "du", "del", "della", "van", "von", "der", "den", "la", "le", "el", "al",
     "bin", "ibn", "ap", "mac", "mc", "o", "st", "dos"}
)  # fmt: skip
# A word in so many company names is an ordinary word, unless it is also somebody's name.
_ORDINARY = 15
_HEAD = re.compile(r"\s+[-–]\s*|\s*[(\[#~,;/]|\s+t/a\b", re.IGNORECASE)
_TRADING_AS = re.compile(r"\bt\s*/\s*as?\b|\bt/s\b|\btrading\s+as\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Wording:
    words: tuple[str, ...]
    match: str
    strength: int
    kind: PayeeKind
    why: str


@cache
def _wordings() -> dict[tuple[str, ...], tuple[_Wording, ...]]:
    """Return the wordings of both tables, by their words."""
    found: dict[tuple[str, ...], list[_Wording]] = {}
    rows = [(row, "public_body") for row in load_table("public_bodies").rows]
    rows += [(row, row["kind"]) for row in load_table("payee_kinds").rows]
    for row, kind in rows:
        words = words_of(row["wording"])
        found.setdefault(words, []).append(
            _Wording(
                words=words,
                match=row["match"],
                strength=_STRENGTH[row["strength"]],
                kind=PayeeKind(kind),
                why=row["why"],
            )
        )
    return {words: tuple(same) for words, same in found.items()}


@cache
def _longest() -> int:
    return max(len(words) for words in _wordings())


@cache
def _first_words() -> frozenset[str]:
    return frozenset(words[0] for words in _wordings())


@cache
def _column(table: str, column: str) -> frozenset[str]:
    return frozenset(row[column] for row in load_table(table).rows)


@cache
def word_counts() -> dict[str, int]:
    """Return how many company names a word occurs in, from the table ``payee_words``."""
    return {row["word"]: int(row["names"]) for row in load_table("payee_words").rows}


def _is_trade(word: str) -> bool:
    return word in _column("payee_trades", "word")


def _is_forename(word: str) -> bool:
    return word in _column("payee_forenames", "forename")


def _is_surname(word: str) -> bool:
    return word in _column("payee_surnames", "surname")


def _is_ordinary(word: str) -> bool:
    """Return whether a word is one of business or place names rather than of people."""
    if _is_forename(word) or _is_surname(word):
        return False
    return _is_trade(word) or word_counts().get(word, 0) >= _ORDINARY


def _hits(words: tuple[str, ...], head: tuple[str, ...]) -> list[tuple[int, _Wording]]:
    """Return each wording that the name holds, with the position of its last word."""
    table, longest, first = _wordings(), _longest(), _first_words()
    hits: list[tuple[int, _Wording]] = []
    for start, word in enumerate(words):
        if word not in first:
            continue
        for size in range(1, min(longest, len(words) - start) + 1):
            for wording in table.get(words[start : start + size], ()):
                at_start, at_end = start == 0, start + size == len(words)
                if (
                    wording.match == "anywhere"
                    or (wording.match == "starts" and at_start)
                    or (wording.match == "ends" and at_end)
                    or (wording.match == "exact" and at_start and at_end)
                ):
                    hits.append((start + size, wording))
    if head != words:
        for start in range(len(head)):
            wanted = ("exact", "ends") if start == 0 else ("ends",)
            hits += [(len(head), w) for w in table.get(head[start:], ()) if w.match in wanted]
    return hits


def _best(hits: Sequence[tuple[int, _Wording]], at_least: int) -> _Wording | None:
    """Return the strongest wording; then the longest, then the one nearest the end of the name.

    The last noun of an English name says what it is: a cathedral academy is an academy.
    """
    able = [hit for hit in hits if hit[1].strength >= at_least]
    if not able:
        return None
    return max(
        able,
        key=lambda hit: (
            hit[1].strength,
            len(hit[1].words),
            hit[0],
            hit[1].kind is not PayeeKind.PUBLIC_BODY,
            hit[1].words,
        ),
    )[1]


def _said(wording: _Wording) -> tuple[PayeeKind, str]:
    text = " ".join(wording.words)
    why = wording.why[0].upper() + wording.why[1:]
    return wording.kind, f"{why} (“{text}” in the name)."


def _known_place(words: tuple[str, ...]) -> bool:
    return " ".join(words) in _column("payee_places", "place")


@lru_cache(maxsize=262144)
def kind_of(name: str) -> tuple[PayeeKind, str]:
    """Return what kind of payee a name is, and one sentence why.

    >>> kind_of("Fenland Borough Council")[0].value
    'public_body'
    >>> kind_of("Fenland Plumbing Ltd")[0].value
    'firm'

    Bodies and firms known by name come first; then a company form; then words that show a public
    body, a charity or a trade; then the look of a person's name. Universities, colleges and GP
    practices are firms: they sell. Limits: from the name alone; a sole trader under a bare personal
    name is an individual, and an uncommon personal name is ``unknown``.
    """
    reason = redaction_of(name)
    if reason:
        return PayeeKind.REDACTED, f"Not a name: {reason}."
    shown = tidy(name)
    words = words_of(shown)
    if words and words[0] == "the" and len(words) > 1:
        words = words[1:]
    if not any(c.isalpha() for c in "".join(words)):
        return PayeeKind.UNKNOWN, "The ledger gives a number or signs in place of a name."
    head_text = _HEAD.split(shown, maxsplit=1)[0]
    head = words if head_text == shown else words_of(head_text) or words
    if head[0] == "the" and len(head) > 1:
        head = head[1:]
    return _kind_of_words(words, head, bool(_TRADING_AS.search(shown)))


@lru_cache(maxsize=262144)
def _kind_of_words(
    words: tuple[str, ...],
    head: tuple[str, ...],
    trades_as: bool,  # noqa: FBT001 - part of what is remembered
) -> tuple[PayeeKind, str]:
    """Return the kind of a payee by its words; many spellings have the same ones."""
    hits = _hits(words, head)

    named = _best(hits, _STRENGTH["named"])
    if named:
        return _said(named)
    form = has_form(words)
    if form:
        charity = [w for _, w in hits if w.kind is PayeeKind.CHARITY and w.strength >= 2]
        if charity:
            return _said(charity[0])
        if form == "charity":
            return PayeeKind.CHARITY, "Its legal form is a charity's."
        return PayeeKind.FIRM, "Its name ends in a company form."
    person = _person_with_title(words)
    if person:
        return person
    strong = _best(hits, _STRENGTH["strong"])
    if strong and not _known_person(words):
        return _said(strong)
    if trades_as:
        return PayeeKind.FIRM, "It trades under a business name (“t/a”)."
    if _known_place(words[:-1]) and words[-1] in ("council", "mbc", "bc", "dc", "cc", "mdc", "ccc"):
        return PayeeKind.PUBLIC_BODY, "A council (the name of a council's area)."
    couple = _two_people(words)
    if couple:
        return couple
    if not _known_person(words):
        trade = next((word for word in reversed(words) if _is_trade(word)), None)
        pattern = _best(hits, _STRENGTH["pattern"])
        beaten_by = next(
            (w for w in words if _is_trade(w) and pattern and w not in pattern.words), None
        )
        if pattern and (not beaten_by or head in _wordings()):
            return _said(pattern)
        if trade:
            return PayeeKind.FIRM, f"Its name says a trade or premises (“{trade}”)."
    return _person_or_firm(words)


def _person_with_title(words: tuple[str, ...]) -> tuple[PayeeKind, str] | None:
    title = words[0]
    rest = words[1:]
    if words[-1] in _TITLES and len(words) > 1:
        title, rest = words[-1], words[:-1]
    elif len(words) > 2 and words[-2] in _TITLES and len(words[-1]) <= 3:
        # "Rahman Dr A": surname first.
        title, rest = words[-2], (*words[:-2], words[-1])
    if title not in _TITLES and title not in _WEAK_TITLES:
        return None
    if title == "messrs":
        return PayeeKind.FIRM, "“Messrs” stands before a partnership."
    rest = tuple(word for word in rest if word not in _HONOURS)
    if not rest or len(rest) > 6 or any(c.isdigit() for c in "".join(rest)):
        return None
    if rest[0] == "and" and len(rest) > 2 and rest[1] in _TITLES:
        return PayeeKind.INDIVIDUAL, "It starts with the titles of two people."
    if "and" in rest:
        if title in ("dr", "prof", "professor"):
            return PayeeKind.FIRM, "Two or more doctors together: a practice."
        if not any(_is_ordinary(word) for word in rest if word != "and"):
            return PayeeKind.INDIVIDUAL, "It starts with the title of a person."
        return None
    # "Dr Muir's Practice" and "Mr Tyre": the last word says a trade that is nobody's surname.
    if any(_is_trade(w) and not (_is_surname(w) or _is_forename(w)) for w in rest):
        return None
    if title in _WEAK_TITLES and not any(_is_forename(w) or _is_surname(w) for w in rest):
        return None
    if title in _WEAK_TITLES and any(_is_ordinary(w) for w in rest):
        return None
    return PayeeKind.INDIVIDUAL, "It starts or ends with the title of a person."


def _known_person(words: tuple[str, ...]) -> bool:
    """Return whether a name is forenames and surnames that we know, and nothing else.

    "Mark Wood" is a person although wood is also a trade's word; so is "Wood Mark".
    """
    plain = tuple(word for word in words if word not in _HONOURS)
    if len(plain) == 2:
        first, last = plain
        if _is_surname(first) and (_is_forename(last) or _few_initials(last)):
            return True
        if _few_initials(first) and _is_surname(last):
            return True
    if not 2 <= len(plain) <= 4 or not _is_forename(plain[0]):
        return False
    rest = plain[1:]
    return any(len(word) > 1 for word in rest) and all(
        _is_surname(w) or _is_forename(w) or w in _PARTICLES or len(w) == 1 for w in rest
    )


def _few_initials(word: str) -> bool:
    return word.isalpha() and len(word) <= 2 and word not in _FIRM_INITIALS


def _initials(word: str) -> bool:
    """Return whether a word may be a person's initials: one letter, or two or three joined."""
    if not word.isalpha() or word in _FIRM_INITIALS or word in ("and", "the", "for", "of"):
        return False
    return len(word) == 1 or (len(word) <= 3 and not _is_forename(word) and not _is_ordinary(word))


def _two_people(words: tuple[str, ...]) -> tuple[PayeeKind, str] | None:
    """Recognise "J and M Smith" and "John and Mary Smith", but not "J and M Plumbing"."""
    if words.count("and") != 1 or not 4 <= len(words) <= 6:
        return None
    at = words.index("and")
    first, second = words[:at], words[at + 1 :]
    if not first or len(second) < 2 or _is_ordinary(second[-1]):
        return None
    last = second[-1]
    givens = (*first, *second[:-1])
    if all((len(w) <= 2 and w.isalpha()) or _is_forename(w) or _is_surname(w) for w in givens) and (
        _is_surname(last)
        or all(_is_forename(w) for w in givens)
        or any(_is_forename(w) for w in givens)
    ):
        return PayeeKind.INDIVIDUAL, "It looks like the names of two people."
    if all(len(w) <= 2 and w.isalpha() for w in givens) and len(second) == 2:
        return PayeeKind.UNKNOWN, "It may be the names of two people, or of a firm."
    return None


def _person_or_firm(words: tuple[str, ...]) -> tuple[PayeeKind, str]:
    if words[-1] in _HONOURS and len(words) > 2:
        return PayeeKind.INDIVIDUAL, "It ends with a person's honour or qualification."
    if _known_person(words):
        return PayeeKind.INDIVIDUAL, "It looks like a person's name."
    if "and" in words or any(c.isdigit() for word in words for c in word):
        return PayeeKind.FIRM, "It does not look like a person's name."
    size = len(words)
    if size == 1:
        word = words[0]
        if _is_forename(word) or _is_surname(word):
            return PayeeKind.UNKNOWN, "A single word that is also a person's name."
        return PayeeKind.FIRM, "A single word that is nobody's usual name."
    if size <= 4 and words[0] != words[-1]:
        people = _looks_like_person(words)
        if people:
            return people
    return PayeeKind.FIRM, "It does not look like a person's name."


def _looks_like_person(words: tuple[str, ...]) -> tuple[PayeeKind, str] | None:
    first, last = words[0], words[-1]
    if last in ("uk", "gb") or any(_is_ordinary(word) for word in words):
        return None
    names = [word for word in words if _is_forename(word) or _is_surname(word)]
    if len(words) == 3 and len(words[1]) == 1 and words[1].isalpha() and len(first) > 1:
        return PayeeKind.INDIVIDUAL, "It looks like a forename, an initial and a surname."
    if first in ("a", "i") and len(words) > 2:
        return PayeeKind.UNKNOWN, "It may be a person's name, or a firm's."
    if _initials(first) and len(words) <= 3 and len(last) > 2:
        if len(first) == 1 or _is_surname(last):
            return PayeeKind.INDIVIDUAL, "It looks like initials and a surname."
        if len(first) == 2:
            return PayeeKind.UNKNOWN, "It may be a person's initials and surname, or a firm."
        return None
    if _initials(last) and len(last) <= 2 and len(words) <= 3 and len(first) > 2:
        if _is_surname(first):
            return PayeeKind.INDIVIDUAL, "It looks like a surname and initials."
        if len(words) == 2:
            return PayeeKind.UNKNOWN, "It may be a person's surname and initials, or a firm."
        return None
    if _is_forename(first) and all(word.isalpha() for word in words):
        return PayeeKind.INDIVIDUAL, "It looks like a forename and a surname."
    uncommon = first not in word_counts() and not _is_trade(last)
    if (
        len(words) == 2
        and _is_surname(last)
        and not names[:-1]
        and uncommon
        and (word_counts().get(last, 0) < _ORDINARY)
    ):
        return PayeeKind.INDIVIDUAL, "It looks like a forename and a surname."
    if names or len(words) <= 2:
        return PayeeKind.UNKNOWN, "It may be a person's name, or a firm's."
    return None
