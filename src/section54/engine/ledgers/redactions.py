"""Know a redaction in place of a payee: "REDACTED PERSONAL DATA", "THIRD PARTY".

The wordings are the dated table ``redactions``. A redaction is never matched to a firm, and a firm
whose name only sounds like one ("Third Party Logistics Ltd") is not taken for a redaction.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz.distance import OSA

from section54.engine.reference import load_table


# A text with one of these is a company, whatever else it says.
_COMPANY_FORM = re.compile(r"\b(ltd|limited|plc|llp|cic|inc|gmbh|llc)\b")
# Words of a wording that may be misspelt by one letter; shorter words are too easily another word.
_LONG_ENOUGH = 6
_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Wordings:
    exact: dict[str, tuple[str, bool]]
    anywhere: tuple[tuple[str, str, bool], ...]
    mask: re.Pattern[str]
    mask_reason: str
    never: frozenset[str]
    words: frozenset[str]
    by_letter: dict[str, tuple[str, ...]]


@cache
def _wordings() -> _Wordings:
    rows = load_table("redactions").rows
    anywhere = [
        (f" {row['wording']} ", row["reason"], row["person"] == "yes")
        for row in rows
        if row["match"] == "anywhere"
    ]
    masks = [row for row in rows if row["match"] == "mask"]
    signs = "".join(re.escape(row["wording"]) for row in masks)
    words = frozenset(
        word
        for row in rows
        if row["match"] in ("exact", "anywhere")
        for word in row["wording"].split()
        if len(word) >= _LONG_ENOUGH
    )
    return _Wordings(
        exact={
            row["wording"]: (row["reason"], row["person"] == "yes")
            for row in rows
            if row["match"] == "exact"
        },
        anywhere=tuple(sorted(anywhere, key=lambda item: (-len(item[0]), item[0]))),
        mask=re.compile(
            rf"(?:(?:mr|mrs|ms|miss|dr)\W+)?[^\w{signs}]*[{signs}]{{3,}}[{signs}\s.,/_()-]*",
            re.IGNORECASE,
        ),
        mask_reason=masks[0]["reason"],
        never=frozenset(row["wording"] for row in rows if row["match"] == "not"),
        words=words,
        by_letter={
            letter: tuple(sorted(word for word in words if word[0] == letter))
            for letter in {word[0] for word in words}
        },
    )


@lru_cache(maxsize=65536)
def _mended(word: str) -> str:
    """Return the wording's word that this one misspells by a letter, or the word itself.

    "Redacted" is known with two letters wrong, as long as it still starts with "red".
    """
    known = _wordings()
    if word in known.words or word in known.never or len(word) < _LONG_ENOUGH:
        return word
    if word.startswith("red") and OSA.distance(word, "redacted", score_cutoff=2) <= 2:
        return "redacted"
    # First letters are rarely mistyped, and "erection" is not "redaction".
    for candidate in known.by_letter.get(word[0], ()):
        if OSA.distance(word, candidate, score_cutoff=1) <= 1:
            return candidate
    return word


def _normal(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).casefold().replace("'", "").replace("’", "")
    return " ".join(_NOT_A_WORD.sub(" ", text).split())


@lru_cache(maxsize=65536)
def _matched(name: str) -> tuple[str, bool] | None:
    """Return (reason, states a person) of the redaction that this text is, or None."""
    known = _wordings()
    if known.mask.fullmatch(name.strip()):
        return known.mask_reason, False
    plain = _normal(name)
    words = plain.split()
    if any(word in known.never for word in words):
        return None
    text = plain
    if plain not in known.exact:
        text = " ".join(_mended(word) for word in words)
    hits = []
    if text in known.exact:
        hits.append(known.exact[text])
    if not _COMPANY_FORM.search(text):
        padded = f" {text} "
        hits += [
            (reason, person) for wording, reason, person in known.anywhere if wording in padded
        ]
        if hits and not any(person for _, person in hits):
            # "Redacted - foster carer": what stands beside the wording may say that it is a person.
            rest = " ".join(
                word for word in words if _mended(word) not in ("redacted", "withheld", "name")
            )
            if rest in known.exact and known.exact[rest][1]:
                hits.append(known.exact[rest])
    if not hits:
        return None
    return hits[0][0], any(person for _, person in hits)


def redaction_of(name: str) -> str | None:
    """Return why this payee text is a publisher's redaction, or None when it is a name.

    >>> redaction_of("REDACTED PERSONAL DATA")
    'the publisher says that it is personal data'
    >>> redaction_of("Third Party Logistics Ltd") is None
    True

    One letter wrong in a long word is forgiven ("REDACTD"). Limits: a wording that is not in the
    table is taken for a name; a company called exactly like a wording is taken for a redaction.
    """
    match = _matched(name)
    return match[0] if match else None


def redaction_is_person(name: str) -> bool:
    """Return whether the wording itself says that a person was paid ("NAMED INDIVIDUAL").

    "THIRD PARTY" or "GDPR" does not say so: such a payee may be a firm, and stays unknown.
    """
    match = _matched(name)
    return match is not None and match[1]
