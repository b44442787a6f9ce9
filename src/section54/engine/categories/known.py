"""Suppliers known by name, and what they sell: national firms that most public bodies pay."""

import re
from collections.abc import Iterable, Mapping

from section54.engine.categories.words import Vocabulary


_TRADING_AS = re.compile(
    r"\s+(?:t\s*/\s*as?|t/s|trading\s+as|formerly|previously)\s+", re.IGNORECASE
)
_BRACKETS = re.compile(r"[\[(][^\])]*[\])]?")
_WEB = re.compile(r"^(?:https?://)?www\.|\.(?:co\.uk|com|org\.uk|org|net|uk)\b.*$", re.IGNORECASE)
_CARD_STARTS = frozenset("pPsSzZiI")
_CARD = re.compile(r"^(?:paypal|sumup|zettle|izettle|sq|sp|iz)(?:\s*\*\s*|\s+)", re.IGNORECASE)
# What may follow the whole of a name without making it another firm.
_TAILS = frozenset(
    {
        "ltd", "limited", "plc", "llp", "lp", "inc", "gmbh", "uk", "gb", "co", "company", "group",
        "holding", "international", "europe", "european", "service", "solution", "trading",
        "england", "wales", "scotland", "ireland", "united", "kingdom", "contract",
    }
)  # fmt: skip


class KnownSuppliers:
    """The table ``known_suppliers``, looked up by the first words of a name."""

    def __init__(self, rows: Iterable[Mapping[str, str]], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._whole: dict[tuple[str, ...], Mapping[str, str]] = {}
        self._start: dict[tuple[str, ...], Mapping[str, str]] = {}
        self._anywhere: dict[tuple[str, ...], Mapping[str, str]] = {}
        books = {"whole": self._whole, "start": self._start, "anywhere": self._anywhere}
        for row in rows:
            words = vocabulary.name_words(row["name"])
            if words:
                books[row["match"]].setdefault(words, row)
        self._longest: dict[str, int] = {}
        for words in self._start:
            self._longest[words[0]] = max(len(words), self._longest.get(words[0], 0))
        self._inside: dict[str, int] = {}
        for words in self._anywhere:
            self._inside[words[0]] = max(len(words), self._inside.get(words[0], 0))

    def find(self, supplier: str) -> Mapping[str, str] | None:
        """Return the row for a supplier's name, the most specific one, or None."""
        name = _CARD.sub("", supplier) if supplier[:1] in _CARD_STARTS else supplier
        parts = [part for part in _TRADING_AS.split(name, maxsplit=1) if part.strip()]
        candidates = parts[:1]
        if parts and ("(" in parts[0] or "[" in parts[0]):
            candidates.insert(0, _BRACKETS.sub(" ", parts[0]))
        candidates += parts[1:]
        if "." in supplier:
            candidates.append(_WEB.sub("", supplier))
        for candidate in candidates:
            row = self._find(self._vocabulary.name_words(candidate))
            if row is not None:
                return row
        return None

    def _find(self, words: tuple[str, ...]) -> Mapping[str, str] | None:
        if not words:
            return None
        short = len(words)
        while short > 1 and (words[short - 1] in _TAILS or words[short - 1].isdigit()):
            short -= 1
        whole = next((n for n in range(len(words), short - 1, -1) if words[:n] in self._whole), 0)
        longest = min(self._longest.get(words[0], 0), len(words))
        start = next((n for n in range(longest, 0, -1) if words[:n] in self._start), 0)
        # "Accor Services" is a firm of its own, though "services" may also be a tail of "Accor".
        if whole and whole >= start:
            return self._whole[words[:whole]]
        if start:
            return self._start[words[:start]]
        for at, word in enumerate(words):
            for size in range(self._inside.get(word, 0), 0, -1):
                row = self._anywhere.get(words[at : at + size])
                if row is not None:
                    return row
        return None
