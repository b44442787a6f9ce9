"""Payee names made comparable: one form to show people, one form to match by.

``tidy`` keeps the name as a reader expects it and drops what clerks and card systems add.
``clean_key`` goes further: what is left is equal for "The Smith & Co. LIMITED (200398)" and
"SMITH AND CO LTD". Numbers that tell one unit, academy or branch from another are kept.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache

from section54.engine.reference import load_table


# Names are asked for again and again in one review.
_REMEMBERED = 2**17

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
# Five digits or more in brackets are an account number; fewer may be a year or a unit.
_BRACKETED_CODE = re.compile(r"\s*[(\[{]\s*[A-Za-z]{0,3}[-/ ]?\d{5,}\s*[)\]}]\s*$")
# "(6)" after a company form counts accounts with that company, not companies.
_COUNT_AFTER_FORM = re.compile(
    r"(\b(?:ltd|limited|plc|llp|cic|inc)\b\.?(?:\s*\([A-Za-z ]{1,12}\))?)"
    r"\s*(?:[-#/]?\s*\d{1,4}|[(\[]\s*\d{1,4}\s*[)\]])\s*$",
    re.IGNORECASE,
)
# "#RB31110775" and "~113042919": the finance system's own site codes.
_SITE_CODE = re.compile(r"(?<=\w)\s*[#~]\s*[\w -]{1,20}$")
# "UCHECK           310524 1": purchase-card lines end with a date and a running number.
_CARD_LINE = re.compile(r"(?<=\w)\s+\d{6}\s+\d{1,3}$")
_LEADING_CODE = re.compile(r"^(?:[A-Za-z]{0,3}\d{5,}[A-Za-z]?)[\s:;,/-]+(?=.*[^\W\d_]{3})")
_TRAILING_CODE = re.compile(
    r"(?<=[^\W\d_]{3})[\s:;,/-]+(?:\d{5,}|(?=\w*\d{3})(?=\w{5,})[A-Za-z]{1,3}\d{3,}[A-Za-z]?)$"
)
_LEADING_MARK = re.compile(r"^(?:z{3,}[\s_-]*|[*_~.,;:\-\s]+)(?=\w)", re.IGNORECASE)
_TRAILING_MARK = re.compile(r"(?<=[\w)\]])[\s*_~,;:\-/]+$")
_LAST_WORD = re.compile(r"[\s)\]*.!]+$")
_DIGIT = re.compile(r"\d")
_QUOTES = re.compile(r"^([\"'])(.*)\1$")

_APOSTROPHES = re.compile("['\u2018\u2019`\u00b4\u02bc\uff07]")
_WEB = re.compile(r"(?<=\w)\.(?:co\.uk|org\.uk|com|org|net|gov\.uk|ac\.uk|uk|eu)\b")
_WWW = re.compile(r"\b(?:https?://)?www\.")
_NOT_A_WORD = re.compile(r"[^\w]+|_+")
_CARE_OF = re.compile(r"^c\s*/\s*o\b")
# What follows is another name of the same payee, or somebody else's address.
_FORMERLY = re.compile(
    r"[\s(\[,;-]+(?:formerly|formally|previously|f\s*/?\s*k\s*/?\s*a)\b"
    r"(?:\s+(?:known|trading))?(?:\s+a[as])?\b\s*(?P<rest>.*)$"
)
_WAS = re.compile(r"[(\[]\s*(?:was|now(?: known as)?|nka)\s+(?P<rest>[^)\]]*)[)\]]?\s*$")
_VIA = re.compile(r"[\s(\[,;-]+(?:c\s*/\s*o|care of)\b.*$")
_TRADING_AS = re.compile(
    r"[\s(\[,;-]+(?:t\s*/\s*as?|t\s*/\s*s|t\.a\.|trading\s+as|trading\s+under)\b[\s.:]*(?P<rest>.*)$"
)
_FORM_BEFORE = re.compile(
    r"\b(?:ltd|limited|plc|p\.?l\.?c|llp|l\.?l\.?p|cic|l\.t\.d|inc)\b[.\s)]*$"
)
_BARE_TA = re.compile(r"\b(ltd|limited|plc|llp|cic)\b\.?\s+(?:ta|tas)\s+(?P<rest>\S.*)$")
# What every text has that one of the patterns above is found in.
_MAY_HAVE_MORE = re.compile(
    r"form(?:er|al)ly|previously|f\s*/?\s*k|[(\[]|c\s*/|care of|t\s*/|t\.a\.|trading|\sta"
)
_SMALL_WORDS = frozenset({"the", "of", "and", "for", "a", "an", "in", "at", "to"})


@cache
def legal_forms() -> dict[tuple[str, ...], tuple[str, str, str]]:
    """Return written form (as words) → (form, strength, kind), from the table ``legal_forms``."""
    return {
        tuple(row["written"].split()): (row["form"], row["strength"], row["kind"])
        for row in load_table("legal_forms").rows
    }


@cache
def _longest_form() -> int:
    return max(len(form) for form in legal_forms())


@cache
def _last_words() -> dict[str, int]:
    """Return the last word of each legal form → the most words of a form that ends so."""
    longest: dict[str, int] = {}
    for form in legal_forms():
        longest[form[-1]] = max(len(form), longest.get(form[-1], 0))
    return longest


@cache
def _first_words() -> dict[str, int]:
    """Return the first word of each strong legal form → the most words of a form that starts so."""
    longest: dict[str, int] = {}
    for form, (_, strength, _) in legal_forms().items():
        if strength == "strong":
            longest[form[0]] = max(len(form), longest.get(form[0], 0))
    return longest


@cache
def _notes() -> tuple[re.Pattern[str], frozenset[str], re.Pattern[str]]:
    """Return the pattern of a note at the end, the last words of notes, and one at the start."""
    notes = sorted((row["note"] for row in load_table("payee_notes").rows), key=len, reverse=True)
    either = "|".join(re.escape(note).replace(r"\ ", r"\s+") for note in notes)
    return (
        re.compile(
            rf"(?<=\w)(?:[\s*.)\]]*[(\[\-–*:;,][\s(\[*]*|\s+)(?:{either})[\s)\]*.!]*$",
            re.IGNORECASE,
        ),
        frozenset(note.split()[-1] for note in notes),
        re.compile(r"^[\s*(\[]*(?:do\s+not\s+use|duplicate)[\s)\]*:.\-]+(?=\w)", re.IGNORECASE),
    )


def _patterns_for(text: str) -> Iterator[tuple[re.Pattern[str], str]]:
    """Yield what could be taken off this text; most names need none of it, and it is slow."""
    if _DIGIT.search(text):
        yield _BRACKETED_CODE, ""
        yield _COUNT_AFTER_FORM, r"\1"
        yield _CARD_LINE, ""
        yield _LEADING_CODE, ""
        yield _TRAILING_CODE, ""
    if "#" in text or "~" in text:
        yield _SITE_CODE, ""
    first, last = text[0], text[-1]
    if not first.isalnum() or first in "zZ":
        yield _LEADING_MARK, ""
    if not last.isalnum():
        yield _TRAILING_MARK, ""
    if first in "\"'":
        yield _QUOTES, r"\2"
    tail_note, last_words, head_note = _notes()
    if _LAST_WORD.sub("", text).casefold().rsplit(" ", 1)[-1].strip("([-–*:;,.") in last_words:
        yield tail_note, ""
    if first in "dD*([":
        yield head_note, ""


def _tidy_once(text: str) -> str:
    if not text:
        return text
    for pattern, keep in _patterns_for(text):
        shorter = pattern.sub(keep, text, count=1).strip()
        # A code alone is all we know of the payee; keep it.
        if shorter != text and (
            any(letter.isalpha() for letter in shorter) or not any(c.isalnum() for c in text)
        ):
            text = shorter or text
    return " ".join(text.split())


def _settled(text: str, step: Callable[[str], str]) -> str:
    """Apply a step until nothing changes, so that doing it again changes nothing."""
    for _ in range(20):
        after = step(text)
        if after == text:
            break
        text = after
    return text


@lru_cache(maxsize=_REMEMBERED)
def tidy(name: str) -> str:
    """Return the name as people should see it: one line, no account codes, no clerk's notes.

    >>> tidy("LANCASHIRE  COUNTY COUNCIL (200398)")
    'LANCASHIRE COUNTY COUNCIL'

    Letter case stays as the ledger has it. Limits: a code that looks like a word is kept; a number
    of five digits or more at either end is taken for a code.
    """
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", name))
    text = " ".join(text.split())
    return _settled(text, _tidy_once)


def _folded(text: str) -> str:
    """Return lower case without accents; the same letters that a reader would call the same."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


def _join_initials(words: Sequence[str]) -> list[str]:
    """Write "b k s leather" and "bks leather" alike; digits stay as they are."""
    joined: list[str] = []
    run = ""
    for word in words:
        if len(word) == 1 and word.isalpha():
            run += word
            continue
        if run:
            joined.append(run)
            run = ""
        joined.append(word)
    if run:
        joined.append(run)
    return joined


def _without_apostrophes(text: str) -> str:
    if text.isascii():
        return text.replace("'", "").replace("`", "")
    return _APOSTROPHES.sub("", text)


def _split_words(folded: str) -> list[str]:
    text = _without_apostrophes(folded)
    if "." in text:  # patterns are slow, and most names need none of these
        text = _WWW.sub(" ", text)
        text = _WEB.sub(" ", text)
    text = text.replace("&", " and ").replace("+", " and ").replace("@", " at ")
    return _join_initials(_NOT_A_WORD.sub(" ", text).split())


@lru_cache(maxsize=_REMEMBERED)
def words_of(name: str) -> tuple[str, ...]:
    """Return every word of a name, folded, with nothing removed but punctuation."""
    return tuple(_split_words(_folded(_without_apostrophes(name))))


def form_at_end(words: Sequence[str]) -> tuple[int, str, str] | None:
    """Return (words used, strength, kind) of the legal form at the end of a name, or None."""
    longest = _last_words().get(words[-1], 0) if words else 0
    if not longest:
        return None
    forms = legal_forms()
    for size in range(min(longest, len(words) - 1), 0, -1):
        found = forms.get(tuple(words[-size:]))
        if found:
            return size, found[1], found[2]
    return None


def has_form(words: Sequence[str]) -> str | None:
    """Return the kind (firm, charity) that a legal form anywhere in the name shows, or None.

    A form that is also a word or a place's initials ("co", "ag", "uk") does not count, except that
    the short foreign ones count at the very end.
    """
    end = form_at_end(words)
    if end and end[1] in ("strong", "tail"):
        return end[2]
    if words and words[-1].endswith(("ltd", "limited")) and len(words[-1]) > 6:
        return None if words[-1] == "unlimited" else "firm"
    forms, starts = legal_forms(), _first_words()
    for position in range(1, len(words)):
        for size in range(1, starts.get(words[position], 0) + 1):
            found = forms.get(tuple(words[position : position + size]))
            if found and found[1] == "strong" and len(found[0]) > 2:
                return found[2]
    return None


def _without_forms(words: list[str]) -> list[str]:
    """Take legal forms and the country off the end, as long as a name is left."""
    removed_form = False
    while len(words) > 1:
        glued = next((e for e in ("ltd", "limited") if words[-1].endswith(e)), "")
        if glued and len(words[-1]) > len(glued) + 3 and words[-1] != "unlimited":
            words = [*words[:-1], words[-1][: -len(glued)]]
            removed_form = True
            continue
        end = form_at_end(words)
        if end is None:
            break
        size, strength, _ = end
        left = words[:-size]
        if strength == "country" and not (
            len(left) > 1 or (removed_form and (len(left[0]) > 3 or not left[0].isalpha()))
        ):
            break
        # "Gibson & Co" is not "Gibson", and "The Pest Company" not "Pest".
        if strength == "weak" and (left[-1] == "and" or sum(word != "the" for word in left) < 2):
            break
        if left == ["the"]:
            break
        words = left
        removed_form = removed_form or strength != "country"
    return words


def _main_part(folded: str) -> str:
    """Return the text before "formerly", "c/o" and, after a company form, "t/a"."""
    text = folded.strip()
    if text[:1] == "c":
        text = _CARE_OF.sub("", text).strip() or folded
    if not _MAY_HAVE_MORE.search(text):  # most names have nothing to take off, and this is slow
        return text
    for pattern in (_FORMERLY, _WAS, _VIA):
        found = pattern.search(text)
        if found and any(c.isalnum() for c in text[: found.start()]):
            text = text[: found.start()]
    found = _TRADING_AS.search(text)
    if found and _FORM_BEFORE.search(text[: found.start()]):
        text = text[: found.start()]
    bare = _BARE_TA.search(text)
    if bare and any(c.isalnum() for c in text[: bare.start()]):
        text = text[: bare.end(1)]
    return text


def _without_country_brackets(text: str) -> str:
    if "(" not in text and "[" not in text:
        return text
    return re.sub(r"[(\[]\s*u\.?k\.?\s*[)\]]", " ", text)


@lru_cache(maxsize=_REMEMBERED)  # many spellings soon come to the same text
def _key_once(text: str) -> str:
    words = _split_words(_without_country_brackets(_main_part(_folded(text))))
    words = ["co" if word == "company" else word for word in words]
    words = _without_forms(words) if words else _split_words(_folded(text))
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    if len(words) > 2 and words[-1] == "the":
        words = words[:-1]
    return " ".join(words)


CUT_FROM = 25  # characters; ledgers cut names at 25, 28, 30, 32, 35 or 40
_CUT_FORM = re.compile(r"\s+l(?:i(?:m(?:i(?:t(?:e)?)?)?)?)?$", re.IGNORECASE)


def clean_key(name: str) -> str:
    """Return the form of a name that is equal for spellings which differ only in form.

    >>> clean_key("The Ouse Guarding Co. LIMITED (200398)")
    'ouse guarding'
    >>> clean_key("Academy 2 Ltd") == clean_key("Academy 3 Ltd")
    False

    Case, accents, punctuation, "&"/"and", account codes, legal forms at the end, "(UK)", a leading
    "The", "formerly …", "c/o …" and, after a company form, "t/a …" do not count. Titles of people
    and numbers do. Cleaning a key again changes nothing. Never empty for a name with a letter or
    digit. In a name of 25 characters or more a last word that begins "Limited" was cut off there by
    the ledger, and does not count either. Limits: two companies that differ only in legal form get
    one key.
    """
    tidied = tidy(name)
    if not any(c.isalnum() for c in tidied):
        return tidied.casefold()
    key = _settled(tidied, lambda text: _key_once(tidy(_without_cut_form(text))))
    return key or " ".join(_folded(tidied).split()) or tidied


def _without_cut_form(text: str) -> str:
    return _CUT_FORM.sub("", text) if len(text) >= CUT_FROM else text


def other_names(name: str) -> tuple[tuple[str, str], ...]:
    """Return (kind, key) of the other names that a text gives of the same payee.

    Kinds: ``trading`` (after "t/a"), ``before`` (before "t/a" without a company form), ``former``
    (after "formerly"), ``branch`` (before a bracket or dash that follows a company form), ``head``
    (before a bracket otherwise), ``initials`` (before or after a bracket or dash where one side is
    the other's initials).
    """
    folded = _folded(tidy(name))
    found: list[tuple[str, str]] = []

    def add(kind: str, text: str) -> None:
        key = clean_key(text.strip(" )]([-,"))
        if any(c.isalpha() for c in key) and tuple(key.split()) not in legal_forms():
            found.append((kind, key))

    for pattern in (_FORMERLY, _WAS):
        match = pattern.search(folded)
        if match and any(c.isalnum() for c in folded[: match.start()]):
            add("former", match["rest"])
            folded = folded[: match.start()]
    via = _VIA.search(folded)
    if via and via.start() > 0:
        folded = folded[: via.start()]
    match = _TRADING_AS.search(folded) or _BARE_TA.search(folded)
    if match and any(c.isalnum() for c in folded[: match.start()]):
        add("trading", match["rest"])
        head = folded[: match.start()]
        if match.re is _TRADING_AS and not _FORM_BEFORE.search(head):
            add("before", head)
        return tuple(found)
    tail = re.fullmatch(
        r"(?P<head>.*\w.*?)\s*(?:[(\[](?P<in>[^()\[\]]*)[)\]]?|\s[-–]\s*(?P<dash>.+))", folded
    )
    if tail:
        head, rest = tail["head"], (tail["in"] or tail["dash"] or "").strip()
        head_words, rest_words = _split_words(head), _split_words(rest)
        if not any(c.isdigit() for c in rest) and head_words and rest_words:
            if initials_match(head_words, rest_words):
                add("initials", head)
            elif initials_match(rest_words, head_words):
                add("initials", rest)
            elif rest_words not in (["uk"], ["gb"]):
                end = form_at_end(head_words)
                complete = end is not None and end[1] in ("strong", "tail", "weak")
                add("branch" if complete else "head", head)
    return tuple(found)


def initials_match(words: Sequence[str], short: Sequence[str]) -> bool:
    """Return whether ``short`` is the initials of ``words``, small words counted or not."""
    if len(short) != 1 or len(short[0]) < 3 or len(words) < 3:
        return False
    every = "".join(word[0] for word in words)
    main = "".join(word[0] for word in words if word not in _SMALL_WORDS)
    name = [word for word in _without_forms(list(words)) if word not in _SMALL_WORDS]
    no_form = "".join(word[0] for word in name)
    # "HM Courts and Tribunals Service" is HMCTS: initials inside a name stay whole.
    whole = "".join(word if len(word) < 3 else word[0] for word in name)
    return short[0] in (every, main, no_form, whole)
