"""Words of a ledger made comparable, and the phrases that are found in them.

"Veh. Maint'nce", "VEHICLE MAINTENANCE" and "vehicles - maintenance of" become the same words, so
one phrase in a table finds them all. Phrases are looked up, not searched for: the time it takes
does not grow with their number.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar


# Words that only join others: "repair of vehicles" is "vehicle repair" to nobody, but "repairs and
# maintenance" is "repairs maintenance" to every ledger.
_JOINING = frozenset(
    {"and", "of", "the", "for", "to", "in", "on", "at", "by", "with", "from", "a", "an", "or"}
)
_APOSTROPHES = str.maketrans("", "", "'’‘`\u00b4")
_INITIALS = re.compile(r"\b(?:[a-z]\.){2,}[a-z]?\b\.?")
# "R&M", "C&M", "h/w", "B and Q": letters joined by a sign are one word: "rnm", "cnm", "hnw".
_PAIR = re.compile(r"\b([a-z])\s?(?:[&/]|\band\b)\s?([a-z]{1,2})\b")
# "inn44014645" and "carpets4less": card systems glue numbers to words.
_GLUED_NUMBER = re.compile(r"\b([a-z]{3,})(\d{4,}\w*|(?<=\w{5})\d[a-z]+)")
_DIGIT = re.compile(r"[a-z]\d")
# "›" joins two columns of a ledger: it stays as a word, so that no phrase runs across it.
_WORD = re.compile(r"[a-z0-9]+|›")
_ENDS_IN_ES = ("ches", "shes", "sses", "xes", "zes")
_NEVER_PLURAL = ("ss", "us", "is", "ics", "news")
# "Provisions" are food; "provision of a service" is no more than its supply.
_ANOTHER_WORD = frozenset({"provisions"})
# A field this long may have been cut off by the finance system; its last word may be half a word.
_MAY_BE_CUT = 18
_LEAST_STUMP = 5


@lru_cache(maxsize=65536)
def singular(word: str) -> str:
    """Return a word without its plural ending; not English grammar, only the same for both.

    >>> singular("batteries"), singular("boxes"), singular("tyres"), singular("gas")
    ('battery', 'box', 'tyre', 'gas')
    """
    if len(word) < 4 or word[-1] != "s" or word.endswith(_NEVER_PLURAL) or word in _ANOTHER_WORD:
        return word.replace("ization", "isation")
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(_ENDS_IN_ES):
        return word[:-2]
    return word[:-1].replace("ization", "isation")


def _split(text: str) -> list[str]:
    folded = text.lower().translate(_APOSTROPHES)
    if "." in folded:
        folded = _INITIALS.sub(lambda found: found.group().replace(".", ""), folded)
    if "&" in folded or "/" in folded or " and " in folded:
        folded = _PAIR.sub(r"\1n\2", folded)
    if _DIGIT.search(folded):
        folded = _GLUED_NUMBER.sub(r"\1 \2", folded)
    return [singular(word) for word in _WORD.findall(folded) if word not in _JOINING]


class Vocabulary:
    """Turns text into comparable words, with the abbreviations of a table written out."""

    def __init__(self, abbreviations: Iterable[Mapping[str, str]]) -> None:
        self._long = {
            " ".join(_split(row["short"])): tuple(_split(row["long"])) for row in abbreviations
        }
        self._known: set[str] = set()
        self._stumps: dict[str, str] = {}

    def learn(self, words: Iterable[str]) -> None:
        """Remember the words of the phrases, so that a word cut short can be completed."""
        for word in words:
            if word in self._known:
                continue
            self._known.add(word)
            for size in range(_LEAST_STUMP, len(word)):
                stump = word[:size]
                held = self._stumps.get(stump)
                if held is None or (len(word), word) < (len(held), held):
                    self._stumps[stump] = word

    def name_words(self, text: str) -> tuple[str, ...]:
        """Return the comparable words of a name: nothing written out, nothing completed."""
        return tuple(_split(text))

    def words(self, text: str) -> tuple[str, ...]:
        """Return the comparable words of a text.

        The last word of a long text is completed when it is the start of a known word and not
        itself one ("External Contract Staffing and Consultan").
        """
        if not text:
            return ()
        found: list[str] = []
        for word in _split(text):
            found.extend(self._long.get(word, (word,)))
        if found and len(text) >= _MAY_BE_CUT and text[-1].isalpha():
            last = found[-1]
            if len(last) >= _LEAST_STUMP and last not in self._known:
                found[-1] = self._stumps.get(last, last)
        return tuple(found)


Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Found(Generic[Meaning]):
    """A phrase found in a text: its words, where it starts and ends, and what it means."""

    phrase: str
    start: int
    end: int
    meaning: Meaning


class PhraseBook(Generic[Meaning]):
    """Phrases by their words; the longest one wins where one lies inside another."""

    def __init__(self) -> None:
        self._meanings: dict[tuple[str, ...], Meaning] = {}
        self._longest: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._meanings)

    def get(self, words: tuple[str, ...]) -> Meaning | None:
        """Return what a phrase means, if it is in the book."""
        return self._meanings.get(words)

    def put(self, words: tuple[str, ...], meaning: Meaning) -> None:
        """Enter a phrase; the last meaning given counts."""
        if not words:
            return
        self._meanings[words] = meaning
        self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))

    def find(self, words: Sequence[str]) -> list[Found[Meaning]]:
        """Return the phrases in a text, left to right, none of them inside another."""
        found: list[Found[Meaning]] = []
        covered = 0
        for start, word in enumerate(words):
            longest = self._longest.get(word, 0)
            if not longest:
                continue
            for size in range(min(longest, len(words) - start), 0, -1):
                end = start + size
                if end <= covered:
                    break
                meaning = self._meanings.get(tuple(words[start:end]))
                if meaning is not None:
                    found.append(Found(" ".join(words[start:end]), start, end, meaning))
                    covered = end
                    break
        return found
