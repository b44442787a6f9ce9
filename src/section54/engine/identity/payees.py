"""Settle the many spellings of a payee into one payee, with a reason for each spelling.

The order of work, from sure to doubtful:

1. Redactions stand alone, one payee a wording. People are joined on the same name only.
2. Names with the same key (``names.clean_key``) are one payee; so are names that are equal once
   shortened words are written out, the same words in another order, the same letters spaced
   differently, and the branches of one company ("… Ltd (Preston)").
3. Doubtful pairs: a trading or former name that another ledger line uses alone, one letter wrong in
   a long word, a compatible name under the same supplier number. Every member of a group must be
   linked to the group's main name itself, so that chains of small differences do not run away.
4. A name cut off at a ledger's column width joins the one group that has a longer name starting so.

Only names that share words are compared (blocking): the time grows with the number of names, not
with its square. The result does not depend on the order of the names.

What can change a payee's id: the id is made from the key of the group's main name, which is chosen
by its text alone (not cut off, no branch or trading name added, fewest unusual words, longest).
Unrelated names and other amounts never change it; a new spelling of the same payee changes it when
it is the better main name, or when it makes a cut-off name ambiguous; so does a new version of the
tables ``legal_forms``, ``payee_words``, ``payee_abbreviations`` or ``payee_notes``.
"""

import hashlib
import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from itertools import combinations

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import token_sort_ratio

from section54.engine.identity.kinds import kind_of, word_counts
from section54.engine.identity.model import NameSeen, Payee, PayeeKind
from section54.engine.identity.names import (
    clean_key,
    has_form,
    initials_match,
    other_names,
    tidy,
    words_of,
)
from section54.engine.reference import load_table


# Column widths at which finance systems and publishers cut names.
WIDTHS = (20, 24, 25, 28, 30, 32, 35, 36, 38, 40, 45, 48, 50, 60, 64)
# A cut between two words proves less than a cut inside one, so it must be a wide column.
_WIDE = 30
_LONG_WORD = 6
_VERY_LONG_WORD = 10
# Known words in which a letter may be wrong are compared with this many at once, all with all.
_SMALL_BLOCK = 40
# More names than this under one supplier number: it is a placeholder, not an account.
_MOST_UNDER_ONE_NUMBER = 8
_BEAT = 1_000  # names settled between two signs of life
_NAMES_COUNTED = 27_432
_NUMBER_WORDS = frozenset(
    {"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
     "ii", "iii", "iv", "vi", "vii", "viii"}
)  # fmt: skip
# How ledgers write, shorten and cut "NHS foundation trust".
_NHS_WORDS = frozenset(
    {"nhs", "nhst", "nhsft", "ft", "trust", "trusts", "trst", "tst", "tr", "tru", "trus", "fdn",
     "foundn", "foundat", "foundati", "foundatio", "foundation", "foundations", "found", "foun"}
)  # fmt: skip
_TRUST_WORDS = _NHS_WORDS - {"nhs", "tr", "tru"}
# "University of Ely", "Ely University of": these stand on either side of a place.
_FREE_ORDER = frozenset({"university", "college", "council", "diocese", "borough"})
_COUNCIL_TYPES = frozenset(
    {"borough", "city", "county", "district", "metropolitan", "mbc", "mdc", "royal", "unitary"}
)
_SMALL_WORDS = frozenset({"the", "of", "and", "for", "to", "in", "at", "on", "by"})
# Names of places where many bodies have the same name but for the place.
_LOCAL = frozenset(
    {"school", "academy", "primary", "surgery", "practice", "centre", "church", "nursery",
     "parish", "playgroup", "hall", "house", "lodge"}
)  # fmt: skip
_OFFICES = frozenset(
    {"council", "police", "constabulary", "office", "agency", "department", "ministry", "authority",
     "hmrc", "revenue", "commissioner", "executive", "borough"}
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class _Spelling:
    """One spelling with what is worked out from it."""

    seen: NameSeen
    key: str
    kind: PayeeKind
    why: str
    shown: str
    others: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Node:
    """The spellings that have one key."""

    key: str
    words: tuple[str, ...]
    spellings: list[_Spelling] = field(default_factory=list)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Words with digits, sorted: two names with different ones are different payees."""
        return _numbers(self.words)

    @property
    def kind(self) -> PayeeKind:
        return min((s.kind for s in self.spellings), key=lambda kind: kind.value)


@dataclass(slots=True)
class _Group:
    """Nodes taken for one payee; ``reasons`` says for each key why it is here."""

    main: str
    keys: list[str]
    reasons: dict[str, str]


class _Sets:
    """Disjoint sets of keys that can be joined."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._parent = {key: key for key in keys}

    def find(self, key: str) -> str:
        """Return the key that stands for the set (the smallest one)."""
        root = key
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[key] != root:
            self._parent[key], key = root, self._parent[key]
        return root

    def join(self, one: str, other: str) -> None:
        """Make one set of two."""
        first, second = sorted((self.find(one), self.find(other)))
        self._parent[second] = first

    def members(self) -> dict[str, list[str]]:
        """Return every set: its standing key and its members, sorted."""
        found: dict[str, list[str]] = defaultdict(list)
        for key in sorted(self._parent):
            found[self.find(key)].append(key)
        return found


@cache
def _abbreviations() -> dict[str, str]:
    return {row["written"]: row["means"] for row in load_table("payee_abbreviations").rows}


@cache
def _people_words() -> frozenset[str]:
    forenames = (row["forename"] for row in load_table("payee_forenames").rows)
    surnames = (row["surname"] for row in load_table("payee_surnames").rows)
    return frozenset((*forenames, *surnames))


@cache
def _places() -> frozenset[str]:
    return frozenset(row["place"] for row in load_table("payee_places").rows)


@cache
def _place_words() -> frozenset[str]:
    return frozenset(word for place in _places() for word in place.split())


@cache
def _trade_words() -> frozenset[str]:
    return frozenset(row["word"] for row in load_table("payee_trades").rows)


def _numbers(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(w for w in words if w in _NUMBER_WORDS or any(c.isdigit() for c in w)))


def _weight(words: Iterable[str]) -> float:
    """Return how much these shared words prove: rare words much, common words little."""
    counts = word_counts()
    return sum(math.log(_NAMES_COUNTED / max(counts.get(word, 1), 1)) for word in words)


def _full_words(key: str) -> list[str]:
    """Return the key's words, shortened ones written out, NHS trusts and boroughs named one way.

    A trust that became a foundation trust is the same trust; its code ("RWK") is left out.
    """
    short = _abbreviations()
    words = key.split()
    if any(w in ("nhs", "nhst", "nhsft") for w in words) and _TRUST_WORDS.intersection(words):
        name = [w for w in words if w not in _NHS_WORDS and w != "f"]
        for at in (-1, 0):
            if (
                len(name) > 2
                and len(name[at]) == 3
                and (any(c.isdigit() for c in name[at]) or (name[at][0] == "r" and at == -1))
            ):
                del name[at]
        if name:
            return [*(short.get(word, word) for word in name), "nhs", "trust"]
    if "lb" in words or ("london" in words and "borough" in words):
        place = [w for w in words if w not in ("lb", "london", "borough", "of", "council")]
        if place:
            return ["london", "borough", *place]
    return [short.get(word, word) for word in words]


def _loose(key: str) -> tuple[str, ...]:
    """Return what is equal for names with shortened words, or with the words in another order."""
    words = [word for word in _full_words(key) if word not in _SMALL_WORDS] or key.split()
    # Two words in another order are as often two names as one ("Allen Scott", "Scott Allen").
    free = len(words) > 2 or bool(_FREE_ORDER.intersection(words))
    return tuple(sorted(words) if free else words)


def _rank(node: _Node) -> tuple[bool, int, int, str]:
    """Return how good a main name this is, best first; from its text alone."""
    counts = word_counts()
    rare = sum(len(word) > 3 and word not in counts for word in node.words)
    added = all(s.others for s in node.spellings)
    return added, rare, -len(node.key), node.key


def _spellings(names: Sequence[NameSeen], beat: Callable[[], None]) -> list[_Spelling]:
    """Return one record a distinct spelling, sorted; the same text given twice is added up."""
    together: dict[str, NameSeen] = {}
    for name in names:
        before = together.get(name.name)
        if before:
            name = NameSeen(
                name=name.name,
                supplier_numbers=tuple(sorted({*before.supplier_numbers, *name.supplier_numbers})),
                lines=before.lines + name.lines,
                amount=before.amount + name.amount,
            )
        together[name.name] = name
    found = []
    for number, text in enumerate(sorted(together)):
        if number % _BEAT == 0:
            beat()
        kind, why = kind_of(text)
        shown = tidy(text)
        key = clean_key(text)
        if kind is PayeeKind.REDACTED:
            key = f"redacted: {' '.join(words_of(text)) or shown}"
        elif kind is PayeeKind.INDIVIDUAL:
            key = f"{key} (person)"
        # Plain names give no other names: most names are plain, and this is the slow part.
        has_more = any(c in text for c in "(/[-–") or " as " in text.casefold()
        has_more = has_more or " form" in text.casefold() or " previously" in text.casefold()
        others = other_names(text) if has_more and not _alone(kind) else ()
        found.append(
            _Spelling(seen=together[text], key=key, kind=kind, why=why, shown=shown, others=others)
        )
    return found


def _alone(kind: PayeeKind) -> bool:
    """Return whether names of this kind are joined on the same key only."""
    return kind in (PayeeKind.REDACTED, PayeeKind.INDIVIDUAL)


def group_payees(
    names: Sequence[NameSeen], beat: Callable[[], None] = lambda: None
) -> tuple[Payee, ...]:
    """Return the payees behind these names, most pounds first.

    ``beat`` is called often while this takes its time; an exception of it stops the work.

    Every name given is in exactly one payee. Limits: from names and supplier numbers alone, so a
    firm that changed its name without a word of it is two payees, two firms of one name are one,
    and companies of one group stay apart.
    """
    spellings = _spellings(names, beat)
    nodes: dict[str, _Node] = {}
    for spelling in spellings:
        node = nodes.setdefault(spelling.key, _Node(spelling.key, tuple(spelling.key.split())))
        node.spellings.append(spelling)
    able = {key: node for key, node in nodes.items() if not _alone(node.spellings[0].kind)}
    sets, reasons = _same_names(able)
    groups = _cut_off(able, _doubtful(able, sets, reasons))
    groups += [_Group(key, [key], {}) for key in nodes if key not in able]
    payees = [(_total(group, nodes), _payee(group, nodes)) for group in groups]
    payees.sort(key=lambda pair: (-pair[0], pair[1].key))
    return tuple(payee for _, payee in payees)


# ---------------------------------------------------------------------------- the same name


def _same_names(nodes: dict[str, _Node]) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Join keys that are one name written differently; return the sets, and why by key."""
    sets = _Sets(nodes)
    why: dict[str, str] = {}

    def join_all(blocks: dict[tuple[object, ...], list[str]], reason: str) -> None:
        for keys in blocks.values():
            for key in keys[1:]:
                if sets.find(key) != sets.find(keys[0]):
                    sets.join(keys[0], key)
                    why.setdefault(key, reason)
                    why.setdefault(keys[0], reason)

    in_order: dict[tuple[object, ...], list[str]] = defaultdict(list)
    any_order: dict[tuple[object, ...], list[str]] = defaultdict(list)
    spaced: dict[tuple[object, ...], list[str]] = defaultdict(list)
    branches: dict[tuple[object, ...], list[str]] = defaultdict(list)
    initials: dict[tuple[object, ...], list[str]] = defaultdict(list)
    for key in sorted(nodes):
        full = _full_words(key)
        in_order[tuple(full)].append(key)
        any_order[_loose(key)].append(key)
        squashed = "".join(full)
        if len(squashed) >= 8:
            spaced[squashed, nodes[key].numbers].append(key)
        for spelling in nodes[key].spellings:
            for sort, other in spelling.others:
                if sort in ("branch", "initials") and _numbers(other.split()) == nodes[key].numbers:
                    block = branches if sort == "branch" else initials
                    start = [other] if other in nodes and not block[(other,)] else []
                    block[(other,)] += [*start, key]
        words = nodes[key].words
        for short, name in ((words[-1:], words[:-1]), (words[:1], words[1:])):
            if initials_match(name, short):
                start = [" ".join(name)] if " ".join(name) in nodes else []
                initials[(" ".join(name),)] += [*start, key]
    join_all(in_order, "same name with shortened words written out")
    join_all(any_order, "same words in another order")
    join_all(spaced, "same letters, spaced differently")
    join_all(branches, "same company with a branch or note after its name")
    join_all(initials, "same name with its initials")
    return sets.members(), why


# ---------------------------------------------------------------------------- doubtful pairs


_NAME_REASONS = (
    "trading name and company, as one spelling gives both",
    "former and present name, as one spelling gives both",
)


def _doubtful(
    nodes: dict[str, _Node], sets: dict[str, list[str]], why: dict[str, str]
) -> list[_Group]:
    """Join sets by doubtful links; every member is linked to the group's main set itself."""
    set_of = {key: root for root, keys in sets.items() for key in keys}
    aliases = list(_alias_links(nodes, set_of))
    # The company leads, not the name that it trades under or had before.
    lesser = {set_of[target] for _, target, reason in aliases if reason in _NAME_REASONS}
    rank = {
        root: (root in lesser, *min(_rank(nodes[key]) for key in keys))
        for root, keys in sets.items()
    }
    links: dict[str, dict[str, str]] = defaultdict(dict)
    for one, other, reason in (
        *aliases,
        *_typing_links(nodes),
        *_number_links(nodes),
    ):
        first, second = set_of[one], set_of[other]
        if first != second:
            links[first].setdefault(second, reason)
            links[second].setdefault(first, reason)
    groups = []
    taken: set[str] = set()
    for root in sorted(sets, key=lambda root: rank[root]):
        if root in taken:
            continue
        taken.add(root)
        main = rank[root][-1]
        group = _Group(main, list(sets[root]), {key: why.get(key, "") for key in sets[root]})
        for neighbour in sorted(links.get(root, ()), key=lambda near: rank[near]):
            if neighbour not in taken:
                taken.add(neighbour)
                group.keys += sets[neighbour]
                group.reasons |= dict.fromkeys(sets[neighbour], links[root][neighbour])
        groups.append(group)
    return groups


def _alias_links(nodes: dict[str, _Node], set_of: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield links by a trading, former or shorter name that stands alone elsewhere.

    A trading name that several companies use (a franchise) joins none of them.
    """
    yield from _council_links(nodes)
    by_loose = {_loose(key): key for key in sorted(nodes, reverse=True)}
    claims: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in sorted(nodes):
        for spelling in nodes[key].spellings:
            for sort, other in spelling.others:
                target = other if other in nodes else by_loose.get(_loose(other))
                if target is None or _numbers(target.split()) != _numbers(other.split()):
                    continue
                if sort in ("trading", "former") and _says_enough(target):
                    claims[target].append((key, _NAME_REASONS[sort == "former"]))
                elif sort == "before" and _is_whole_name(nodes[target]):
                    yield key, target, "same name with a trading name after it"
                elif sort == "head" and _is_whole_name(nodes[target]):
                    yield key, target, "same name with a branch or note after it"
    for target, by in sorted(claims.items()):
        if len({set_of[key] for key, _ in by} - {set_of[target]}) == 1:
            for key, reason in by:
                yield key, target, reason


def _council_links(nodes: dict[str, _Node]) -> Iterator[tuple[str, str, str]]:
    """Yield "Fenland Council" with "Fenland District Council", where there is only one such."""
    typed: dict[tuple[str, ...], list[str]] = defaultdict(list)
    bare: dict[tuple[str, ...], str] = {}
    for key in sorted(nodes):
        words = [w for w in nodes[key].words if w not in ("of", "the")]
        if words[-1:] == ["rates"]:
            words = words[:-2] if words[-2:-1] == ["business"] else words[:-1]
            if "council" in words and " ".join(words) in nodes:
                yield key, " ".join(words), "same council, for its rates"
        place = tuple(w for w in words if w not in _COUNCIL_TYPES and w != "council")
        if "council" in words and " ".join(place) in _places():
            if len(words) == len(place) + 1:
                bare[place] = key
            else:
                typed[place].append(key)
    for place, key in bare.items():
        if len({_loose(full) for full in typed[place]}) == 1:
            for full in typed[place]:
                yield key, full, "same council, its sort left out"


def _says_enough(key: str) -> bool:
    words = key.split()
    return (len(words) > 1 and _weight(words) > 8) or (
        len(key) > 5 and word_counts().get(key, 0) < 4
    )


def _is_whole_name(node: _Node) -> bool:
    """Return whether a name is surely complete: a company form, or a public office."""
    if len(node.words) < 2 or _LOCAL.intersection(node.words):
        return False
    if node.kind is PayeeKind.PUBLIC_BODY:
        return bool(_OFFICES.intersection(node.words))
    return _weight(node.words) > 8 and any(
        has_form(words_of(spelling.shown)) for spelling in node.spellings
    )


def _typing_links(nodes: dict[str, _Node]) -> Iterator[tuple[str, str, str]]:
    """Yield pairs of keys that differ by a letter or two in one long word."""
    blocks: dict[tuple[tuple[str, ...], str], list[tuple[str, str]]] = defaultdict(list)
    for key in sorted(nodes):
        if nodes[key].kind is PayeeKind.UNKNOWN:
            continue
        words = nodes[key].words
        for at, word in enumerate(words):
            if len(word) >= _LONG_WORD - 1 and word.isalpha():
                rest = (*words[:at], "", *words[at + 1 :])
                blocks[(rest, word[0])].append((word, key))
    for (rest, _), members in blocks.items():
        if len(members) < 2:
            continue
        others = tuple(word for word in rest if word)
        keys = dict(members)
        for one, other in _near_words(sorted(keys)):
            local = bool(_LOCAL.intersection(others)) or (
                PayeeKind.PUBLIC_BODY in (nodes[keys[one]].kind, nodes[keys[other]].kind)
            )
            if any(_last_letters_cut(nodes[keys[w]], x) for w, x in ((one, other), (other, one))):
                continue
            if _slip_of_the_hand(one, other, others, local=local):
                yield (
                    keys[one],
                    keys[other],
                    "one letter differs in a long word"
                    if (OSA.distance(one, other) == 1)
                    else "two letters differ in a very long word",
                )


def _last_letters_cut(node: _Node, longer: str) -> bool:
    """Return whether the name ends in the first letters of a longer word, cut by a column."""
    last = node.words[-1]
    return longer.startswith(last) and longer != last and _may_be_cut(node)


def _near_words(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield pairs of words one edit apart, or two where both are very long and start the same."""
    pairs: Iterable[tuple[str, str]]
    if len(words) <= _SMALL_BLOCK:
        pairs = combinations(words, 2)
    else:
        # Words one edit apart share a word with one letter left out.
        shared: dict[str, list[str]] = defaultdict(list)
        for word in words:
            for part in {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}:
                shared[part].append(word)
            if len(word) >= _VERY_LONG_WORD:
                shared[f"{word[:4]}*"].append(word)
        pairs = sorted({pair for same in shared.values() for pair in combinations(same, 2)})
    for one, other in pairs:
        if max(len(one), len(other)) < _LONG_WORD or abs(len(one) - len(other)) > 2:
            continue
        distance = OSA.distance(one, other, score_cutoff=2)
        very_long = min(len(one), len(other)) >= _VERY_LONG_WORD and one[:4] == other[:4]
        if distance == 1 or (distance == 2 and very_long):
            yield one, other


def _slip_of_the_hand(one: str, other: str, rest: Sequence[str], *, local: bool) -> bool:
    """Return whether two words are one word mistyped, given the words that both names share."""
    counts = word_counts()
    short, long = sorted((one, other), key=lambda word: (len(word), word))
    known = (one in counts) + (other in counts)
    if known == 2:
        return False
    if long == f"{short}s":
        # "Hunters" is not "Hunter", but "Plasterers" is "Plasterer".
        return short in _trade_words() and short not in _people_words() and bool(rest)
    if not rest and (OSA.distance(one, other) > 1 or long.startswith(short)):
        return False
    if (
        local
        and _LOCAL.intersection(rest)
        and ({one, other} & counts.keys() & (_people_words() | _place_words()))
    ):
        # Neston and Newton are two places.
        return False
    if known == 1:
        return bool(rest) or len(short) >= 9
    if local:
        # Two small places with similar names are two places.
        return False
    if not rest:
        return len(short) >= 9
    return len(short) >= 8 or (len(short) >= _LONG_WORD and _weight(rest) > 8)


def _number_links(nodes: dict[str, _Node]) -> Iterator[tuple[str, str, str]]:
    """Yield compatible names under one supplier number; the number alone proves nothing."""
    under: dict[str, set[str]] = defaultdict(set)
    for key, node in nodes.items():
        for spelling in node.spellings:
            for number in spelling.seen.supplier_numbers:
                if sum(c.isdigit() for c in number) >= 3:
                    under[number].add(key)
    for number in sorted(under):
        keys = sorted(under[number])
        if 2 <= len(keys) <= _MOST_UNDER_ONE_NUMBER:
            for one, other in combinations(keys, 2):
                if _compatible(nodes[one], nodes[other]):
                    yield one, other, "compatible name under the same supplier number"


def _compatible(one: _Node, other: _Node) -> bool:
    if one.numbers != other.numbers or PayeeKind.UNKNOWN in (one.kind, other.kind):
        return False
    if token_sort_ratio(one.key, other.key) >= 88:
        return True
    few, many = sorted((set(one.words), set(other.words)), key=len)
    return few < many and _weight(few) > 8 and not _LOCAL.intersection(many)


# ---------------------------------------------------------------------------- cut-off names


def _cut_off(nodes: dict[str, _Node], groups: list[_Group]) -> list[_Group]:
    """Join each name that a column cut off to the one group with a longer name starting so."""
    texts = sorted(
        (" ".join(spelling.seen.name.split()).casefold(), key)
        for key, node in nodes.items()
        for spelling in node.spellings
    )
    starts = [text for text, _ in texts]
    group_of = {key: group for group in groups for key in group.keys}
    moved: set[int] = set()
    cut = [group for group in groups if all(_may_be_cut(nodes[key]) for key in group.keys)]
    cut.sort(key=lambda group: (-len(group.main), group.main))
    for group in cut:
        into: dict[int, _Group] = {}
        width = 0
        proven = True
        for key in group.keys:
            for spelling in nodes[key].spellings:
                text = " ".join(spelling.seen.name.split()).casefold()
                at = bisect_left(starts, text)
                found = False
                while at < len(texts) and texts[at][0].startswith(text):
                    longer, other = texts[at]
                    at += 1
                    target = group_of[other]
                    if target is group:
                        continue
                    into[id(target)] = target
                    found = found or _cut_here(spelling.seen.name, text, longer)
                proven = proven and found
                width = max(width, len(spelling.seen.name.strip()))
        if proven and len(into) == 1:
            target = next(iter(into.values()))
            target.keys += group.keys
            target.reasons |= dict.fromkeys(group.keys, f"cut off at {width} characters")
            group_of |= dict.fromkeys(group.keys, target)
            moved.add(id(group))
    return [group for group in groups if id(group) not in moved]


def _may_be_cut(node: _Node) -> bool:
    return all(
        len(spelling.seen.name.strip()) in _CUT_LENGTHS and not has_form(words_of(spelling.shown))
        for spelling in node.spellings
    )


_CUT_LENGTHS = frozenset((*WIDTHS, *(width - 1 for width in WIDTHS)))


def _cut_here(name: str, text: str, longer: str) -> bool:
    """Return whether the longer text goes on as if a column had cut the shorter one."""
    if len(longer) <= len(text) or " " not in text:
        return False
    length = len(name.strip())
    last = text.rsplit(" ", 1)[-1]
    inside = text[-1].isalnum() and longer[len(text)].isalnum()
    if inside:
        # "… car" may be whole although "… carpets" exists; a wide column makes that unlikely.
        whole = len(last) > 3 and last in word_counts()
        return length in WIDTHS and (length >= _WIDE or not whole)
    if _numbers(words_of(longer[len(text) :])):
        return False
    return length >= _WIDE - 1 and last not in _trade_words() and last not in _COMPLETE


# A name that ends so is complete as it stands.
_COMPLETE = frozenset(
    {"council", "trust", "school", "hospital", "hospitals", "university", "association", "society",
     "church", "foundation", "authority", "academy", "police", "charity", "surgery", "ccg", "pct"}
)  # fmt: skip


# ---------------------------------------------------------------------------- the payee


def _total(group: _Group, nodes: dict[str, _Node]) -> Decimal:
    return sum((s.seen.amount for key in group.keys for s in nodes[key].spellings), Decimal(0))


def _most_first(spelling: _Spelling) -> tuple[Decimal, int, str]:
    return -spelling.seen.amount, -spelling.seen.lines, spelling.seen.name


def _payee(group: _Group, nodes: dict[str, _Node]) -> Payee:
    spellings = sorted((s for key in group.keys for s in nodes[key].spellings), key=_most_first)
    main = min(nodes[group.main].spellings, key=lambda s: (bool(s.others), *_most_first(s)))
    kind_from = min(
        spellings,
        key=lambda s: (
            s.kind is PayeeKind.UNKNOWN,
            s.key != group.main,
            not has_form(words_of(s.shown)),
            s.shown,
        ),
    )
    return Payee(
        id=f"p-{hashlib.sha256(group.main.encode()).hexdigest()[:12]}",
        key=group.main,
        name=main.shown,
        kind=kind_from.kind,
        kind_because=kind_from.why,
        names_seen=tuple(s.seen.name for s in spellings),
        grouped_because=tuple(_because(s, main, group) for s in spellings),
    )


def _because(spelling: _Spelling, main: _Spelling, group: _Group) -> str:
    if spelling is main:
        return "the name shown"
    if spelling.key != group.main:
        return group.reasons.get(spelling.key) or group.reasons.get(group.main) or "same name"
    if (
        " ".join(spelling.seen.name.split()).casefold()
        == " ".join(main.seen.name.split()).casefold()
    ):
        return "same name but for letter case or spaces"
    if spelling.shown.casefold() == main.shown.casefold():
        return "same name but for an account code or note"
    if any(sort == "trading" for sort, _ in (*spelling.others, *main.others)):
        return "same company with a trading name after it"
    if any(sort == "former" for sort, _ in (*spelling.others, *main.others)):
        return "same name with a former name after it"
    if words_of(spelling.shown) == words_of(main.shown):
        return "same name but for punctuation"
    return "same name but for legal form"
