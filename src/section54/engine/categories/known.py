"""Suppliers known by name, and what they sell: national firms that most public bodies pay."""

import re
from collections.abc import Iterable, Mapping

from section54.engine.categories.words import Vocabulary


_TRADING_AS = re.compile(
    r"\s+(?:t\s*/\s*as?|t/s|trading\s+as|formerly|previously)\s+", re.IGNORECASE
)
_BRACKETS = re.compile(r"[\[(][^\])]*[\])]?")
_WEB = re.compile(r"^(?:https?://)?www\.|\.(?:co\.uk|com|org\.uk|org|net|uk)\b.*$", re.IGNORECASE)
_CARD = re.compile(r"^(?:paypal|sumup|zettle|izettle|sq|sp|iz)(?:\s*\*\s*|\s+)", re.IGNORECASE)
# What may follow the whole of a name without making it another firm.
_TAILS = frozenset(
    "ltd limited plc llp lp inc gmbh uk gb co company group holding international europe european "
    "service solution trading england wales scotland ireland united kingdom contract limite".split()
)


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
        self._longest = max((len(words) for words in self._start), default=0)

    def find(self, supplier: str) -> Mapping[str, str] | None:
        """Return the row for a supplier's name, the most specific one, or None."""
        name = _CARD.sub("", supplier)
        parts = [part for part in _TRADING_AS.split(name, maxsplit=1) if part.strip()]
        plain = _BRACKETS.sub(" ", parts[0]) if parts else ""
        candidates = [plain, *parts[1:], *parts[:1]]
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
        for size in range(len(words), short - 1, -1):
            row = self._whole.get(words[:size])
            if row is not None:
                return row
        for size in range(min(self._longest, len(words)), 0, -1):
            row = self._start.get(words[:size])
            if row is not None:
                return row
        if self._anywhere:
            for size in range(min(4, len(words)), 0, -1):
                for start in range(len(words) - size + 1):
                    row = self._anywhere.get(words[start : start + size])
                    if row is not None:
                        return row
        return None
