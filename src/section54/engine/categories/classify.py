"""Decide what was bought from the words a ledger gives, and say which words decided.

Each field is looked through for phrases of the table ``category_words``; each phrase found gives
points to its category, times the weight of the field it stood in. A supplier known by name gives
points for its trade. The category with most points wins; with too few, the answer is unknown.
Every weight is in a table: the method page reads them aloud.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from section54.engine.categories.codes import CodeBook
from section54.engine.categories.known import KnownSuppliers
from section54.engine.categories.model import CategoryDecision, Purchase
from section54.engine.categories.words import Found, PhraseBook, Vocabulary
from section54.engine.identity.model import PayeeKind
from section54.engine.reference import Table, TableError, load_table


UNKNOWN = "unknown"
PUBLIC = "public_sector_transfer"
GRANTS = "grants_voluntary_sector"
PERSON = "individuals_redacted"
NOT_WORDS = "-"  # a phrase that says nothing: it hides the words inside it
MAIN = "main"  # a phrase that says it is the category's own kind, not one of its variants
_REMEMBERED = 200_000

_ACCOUNTS = ("expense_type", "category")
_STOOD_IN = {
    "description": "the description says",
    "expense_type": "the expense type says",
    "category": "the publisher's category says",
    "supplier": "the supplier's name says",
    "department": "the department says",
}


@dataclass(frozen=True, slots=True)
class _Meaning:
    code: str
    variant: str
    weight: float
    written: str


@dataclass(frozen=True, slots=True)
class _Hit:
    code: str
    variant: str
    points: float
    because: str
    phrase: str = ""


Evidence = dict[str, list[_Hit]]
_Ranked = tuple[float, str, list[_Hit]]


class Classifier:
    """The tables of words, ready to decide on purchases."""

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self.tables: tuple[Table, ...] = tuple(tables.values())
        self._order = {row["code"]: n for n, row in enumerate(tables["categories"].rows)}
        self._labels = {row["code"]: row["label"] for row in tables["categories"].rows}
        self._settings = {
            row["setting"]: float(row["value"]) for row in tables["category_weights"].rows
        }
        self._vocabulary = Vocabulary(tables["category_abbreviations"].rows)
        self._text: PhraseBook[_Meaning] = PhraseBook()
        self._name: PhraseBook[_Meaning] = PhraseBook()
        self._department: PhraseBook[_Meaning] = PhraseBook()
        self._competed: PhraseBook[str] = PhraseBook()
        self._variants: list[tuple[str, str, PhraseBook[str]]] = []
        self._fill(tables)
        self._codes = CodeBook(tables["category_codes"].rows)
        self._known = KnownSuppliers(tables["known_suppliers"].rows, self._vocabulary)
        self._confidence = sorted(
            (float(row["lead"]), float(row["confidence"]))
            for row in tables["category_confidence"].rows
        )
        self._forget()

    def _forget(self) -> None:
        """Begin without anything remembered of earlier purchases."""
        self._seen: dict[tuple[str, str], tuple[_Hit, ...]] = {}
        self._seen_names: dict[str, Mapping[str, str] | None] = {}
        self._said: dict[tuple[object, ...], int] = {}
        self._numbers: dict[str, int] = {}
        self._decisions: dict[tuple[object, ...], CategoryDecision] = {}

    @classmethod
    def load(cls, own: Path | None = None) -> "Classifier":
        """Load the tables, the body's own from ``own`` where it has changed one.

        Raises:
            section54.engine.reference.TableError: a table is missing, says too little, or names a
                category that the table ``categories`` does not have.
        """
        if own is None:
            ours = copy(_ours())
            ours._forget()
            return ours
        return cls._from(own)

    @classmethod
    def _from(cls, own: Path | None) -> "Classifier":
        names = (
            "categories",
            "category_variants",
            "category_words",
            "known_suppliers",
            "category_codes",
            "category_competed",
            "category_abbreviations",
            "category_weights",
            "category_confidence",
        )
        tables = {name: load_table(name, own) for name in names}
        known = {row["code"] for row in tables["categories"].rows} | {NOT_WORDS}
        for table in tables.values():
            for row in table.rows:
                if row.get("code", NOT_WORDS) not in known:
                    raise TableError(
                        f"{table.name}.csv names the category {row['code']}, which categories.csv "
                        "does not have: correct the row or add the category."
                    )
        return cls(tables)

    def _fill(self, tables: Mapping[str, Table]) -> None:
        vocabulary = self._vocabulary
        rows = [
            (row, vocabulary.words(row["words"]), vocabulary.name_words(row["words"]))
            for row in tables["category_words"].rows
        ]
        for row, words, name_words in rows:
            meaning = _Meaning(
                code=row["code"],
                variant=row["variant"],
                weight=float(row["weight"]),
                written=row["words"],
            )
            where = row["where"]
            if where in ("text", "text_not_department", "both"):
                self._put(self._text, words, meaning)
            if where in ("text", "both"):
                self._put(self._department, words, meaning)
            if where in ("name", "both"):
                self._put(self._name, words, meaning)
                self._put(self._name, name_words, meaning)
        for row, words, _ in rows:
            if row["where"] == "department":
                meaning = _Meaning(row["code"], row["variant"], float(row["weight"]), row["words"])
                self._department.put(words, meaning)
        vocabulary.learn(word for _, words, _ in rows for word in words)
        for row in tables["category_competed"].rows:
            self._competed.put(vocabulary.words(row["words"]), row["code"])
        for row in tables["category_variants"].rows:
            book: PhraseBook[str] = PhraseBook()
            for phrase in filter(None, row["words"].split("|")):
                book.put(vocabulary.words(phrase), row["variant"])
            if len(book):
                self._variants.append((row["code"], row["variant"], book))

    @staticmethod
    def _put(book: PhraseBook[_Meaning], words: tuple[str, ...], meaning: _Meaning) -> None:
        """Enter a phrase; of two rows for it the heavier counts, then the one with a variant."""
        held = book.get(words)
        if held is None or (meaning.weight, meaning.variant != "") > (
            held.weight,
            held.variant != "",
        ):
            book.put(words, meaning)

    def classify_all(self, purchases: Iterable[Purchase]) -> list[CategoryDecision]:
        """Return the decision for each purchase, in order."""
        return [self.classify(purchase) for purchase in purchases]

    def classify(self, purchase: Purchase) -> CategoryDecision:
        """Return what was bought, how sure we are, and the words that say so.

        The conventions, in order: a public body's payment is a transfer, unless it sells a service
        in competition; a person's or a withheld payee's payment takes a category only from words
        that name a thing; otherwise a known supplier's trade and the words are weighed together.
        Limits: from words alone; the confidence was measured on pairs labelled by hand.
        """
        person = purchase.redacted or purchase.kind in (PayeeKind.INDIVIDUAL, PayeeKind.REDACTED)
        # Of a name only what it speaks for counts, so firms of one trade share their decisions.
        key = (
            *(purchase.kind, purchase.redacted, 0 if person else self._says(purchase.supplier)),
            *(purchase.description, purchase.expense_type),
            *(purchase.category, purchase.department),
        )
        decision = self._decisions.get(key)
        if decision is None:
            if len(self._decisions) > _REMEMBERED:
                self._decisions.clear()
            decision = self._decisions[key] = self._classify(purchase, person=person)
        return decision

    def _says(self, supplier: str) -> int:
        """Return a number that two names share when they speak for the same categories."""
        number = self._numbers.get(supplier)
        if number is None:
            row = self._known_row(supplier)
            said = (id(row),) if row is not None else self._field_hits("supplier", supplier)
            number = self._said.setdefault(said, len(self._said) + 1)
            if len(self._numbers) > _REMEMBERED:
                self._numbers.clear()
            self._numbers[supplier] = number
        return number

    def _classify(self, purchase: Purchase, *, person: bool) -> CategoryDecision:
        row = None if person else self._known_row(purchase.supplier)
        if purchase.kind is PayeeKind.PUBLIC_BODY and not (row and row["public"] == "yes"):
            return self._public(purchase)
        evidence = self._evidence(purchase, with_name=row is None and not person, person=person)
        if row is not None:
            self._add_known(evidence, row)
        if not person:
            if purchase.kind is not PayeeKind.UNKNOWN:
                evidence.pop(PERSON, None)
            if purchase.kind is PayeeKind.CHARITY and GRANTS not in evidence:
                evidence.setdefault(GRANTS, []).append(
                    _Hit(GRANTS, "", self._settings["charity"], "the payee is a charity")
                )
        ranked = self._ranked(evidence)
        if person:
            return self._to_person(purchase, ranked)
        if not ranked or ranked[0][0] < self._settings["least"]:
            return CategoryDecision(
                code=UNKNOWN,
                variant="",
                confidence=self._settings["unknown_confidence"],
                because="None of the words in the ledger names what was bought.",
            )
        return self._decision(purchase, ranked)

    def _known_row(self, supplier: str) -> Mapping[str, str] | None:
        if supplier not in self._seen_names:
            if len(self._seen_names) > _REMEMBERED:
                self._seen_names.clear()
            row = self._known.find(supplier)
            self._seen_names[supplier] = None if row and self._is_another(row, supplier) else row
        return self._seen_names[supplier]

    def _is_another(self, row: Mapping[str, str], supplier: str) -> bool:
        """Say whether one known word begins the name of a firm with a trade of its own.

        "Bywater Training" is not the waste firm Bywaters, and a bank's property firm is no bank.
        """
        if row["match"] != "start" or " " in row["name"]:
            return False
        name = " ".join(self._vocabulary.name_words(row["name"]))
        trades = [
            hit
            for hit in self._field_hits("supplier", supplier)
            # The known word itself, if it is also a phrase, is no trade beside it.
            if hit.code != row["code"] and hit.phrase != name
        ]
        return any(hit.points >= self._settings["own_trade"] for hit in trades)

    def _add_known(self, evidence: Evidence, row: Mapping[str, str]) -> None:
        label = _inside_sentence(self._labels[row["code"]])
        if row["trade"] == "one":
            because = f"the supplier is known by name ('{row['name']}') for {label}"
        else:
            because = f"the supplier is known by name ('{row['name']}'), above all for {label}"
        points = self._settings[f"known_{row['trade']}"]
        evidence.setdefault(row["code"], []).append(
            _Hit(row["code"], row["variant"], points, because)
        )

    def _public(self, purchase: Purchase) -> CategoryDecision:
        for field in ("description", "expense_type", "category"):
            for found in self._competed.find(self._vocabulary.words(getattr(purchase, field))):
                return CategoryDecision(
                    code=found.meaning,
                    variant="",
                    confidence=self._settings["competed_confidence"],
                    because=(
                        f"A public body that sells a service in competition: {_STOOD_IN[field]} "
                        f"'{found.phrase}'."
                    ),
                )
        return CategoryDecision(
            code=PUBLIC,
            variant="",
            confidence=self._settings["public_confidence"],
            because="The payee is a public body.",
        )

    def _to_person(self, purchase: Purchase, ranked: Sequence[_Ranked]) -> CategoryDecision:
        stated = purchase.kind is PayeeKind.INDIVIDUAL
        if ranked and ranked[0][0] >= self._settings["least_person"]:
            _, code, hits = ranked[0]
            if code == PUBLIC and not stated:
                # Whether a withheld payee is a public body is not known: no words make it one.
                return self._withheld()
            not_bought = {GRANTS, PERSON, UNKNOWN, PUBLIC}
            if code not in not_bought:
                return self._decision(purchase, ranked)
            return CategoryDecision(
                code=PERSON,
                variant="person",
                confidence=self._sureness(ranked),
                because=f"A payment to a person: {_strongest(hits).because}.",
            )
        if not stated:
            return self._withheld()
        return CategoryDecision(
            code=PERSON,
            variant="person",
            confidence=self._settings["person_confidence"],
            because="The payee is a person, and no words name a thing that was bought.",
        )

    def _withheld(self) -> CategoryDecision:
        return CategoryDecision(
            code=PERSON,
            variant="",
            confidence=self._settings["person_confidence"],
            because="The payee's name is withheld, and no words name a thing that was bought.",
        )

    def _decision(self, purchase: Purchase, ranked: Sequence[_Ranked]) -> CategoryDecision:
        _, code, hits = ranked[0]
        best = sorted(hits, key=lambda hit: (-hit.points, hit.because))
        reasons = list(dict.fromkeys(hit.because for hit in best))[:2]
        because = "; ".join(reasons)
        return CategoryDecision(
            code=code,
            variant=self._variant(purchase, code, hits),
            confidence=self._sureness(ranked),
            because=f"{because[0].upper()}{because[1:]}.",
        )

    def _sureness(self, ranked: Sequence[_Ranked]) -> float:
        """Return how often decisions with this lead over the next category were right."""
        lead = ranked[0][0] - (ranked[1][0] if len(ranked) > 1 else 0.0)
        return [confidence for least, confidence in self._confidence if lead >= least][-1]

    def _variant(self, purchase: Purchase, code: str, hits: Sequence[_Hit]) -> str:
        """Return the variant that most points speak for, the words of its table counted."""
        points: dict[str, float] = {}
        for hit in hits:
            if hit.variant:
                points[hit.variant] = points.get(hit.variant, 0.0) + hit.points
        for of_code, variant, book in self._variants:
            if of_code != code:
                continue
            for text in (purchase.description, purchase.expense_type, purchase.category):
                if text and book.find(self._vocabulary.words(text)):
                    points[variant] = points.get(variant, 0.0) + self._settings["variant_words"]
        if not points:
            return ""
        best = max(points, key=lambda variant: (points[variant], variant == MAIN, variant))
        return "" if best == MAIN else best

    def _ranked(self, evidence: Evidence) -> list[_Ranked]:
        ranked = [(sum(hit.points for hit in hits), code, hits) for code, hits in evidence.items()]
        ranked.sort(key=lambda entry: (-entry[0], self._order[entry[1]]))
        return ranked

    def _evidence(self, purchase: Purchase, *, with_name: bool, person: bool) -> Evidence:
        """Collect what each field speaks for; a known firm's trade stands in for its name."""
        evidence: Evidence = {}
        fields = ["description", "expense_type", "category"]
        if with_name:
            fields.append("supplier")
        if not person:
            fields.append("department")
        said: set[tuple[str, str]] = set()
        for field in fields:
            text = getattr(purchase, field)
            if not text:
                continue
            for hit in self._field_hits(field, text):
                # Some ledgers copy the expense type into the description: that is one witness.
                if (hit.code, hit.phrase) in said:
                    points = hit.points * self._settings["repeated"]
                    hit = _Hit(hit.code, hit.variant, points, hit.because, hit.phrase)
                said.add((hit.code, hit.phrase))
                evidence.setdefault(hit.code, []).append(hit)
        return evidence

    def _field_hits(self, field: str, text: str) -> tuple[_Hit, ...]:
        """Return what a field speaks for; ledgers repeat their words, so it is remembered."""
        key = (field, text)
        hits = self._seen.get(key)
        if hits is None:
            if len(self._seen) > _REMEMBERED:
                self._seen.clear()
            hits = self._seen[key] = tuple(self._find_hits(field, text))
        return hits

    def _find_hits(self, field: str, text: str) -> list[_Hit]:
        """Return one hit for each category a field speaks for, with its strongest phrase."""
        book = {"supplier": self._name, "department": self._department}.get(field, self._text)
        found = [
            hit for hit in book.find(self._vocabulary.words(text)) if hit.meaning.code != NOT_WORDS
        ]
        best: dict[str, tuple[float, bool, Found[_Meaning]]] = {}
        count: dict[str, int] = {}
        for number, hit in enumerate(found):
            code = hit.meaning.code
            count[code] = count.get(code, 0) + 1
            # "PURCHASE OF GOODS - VETERINARY SERVICES": accounts grow more exact to the right.
            exact = field in _ACCOUNTS and 0 < number == len(found) - 1
            weight = hit.meaning.weight + (self._settings["last"] if exact else 0.0)
            strength = (weight, hit.meaning.variant != "")
            if code not in best or strength > best[code][:2]:
                best[code] = (*strength, hit)
        share = self._settings[field]
        hits = [
            _Hit(
                code,
                hit.meaning.variant,
                (weight + self._settings["again"] * min(count[code] - 1, 2)) * share,
                f"{_STOOD_IN[field]} '{hit.meaning.written}'",
                hit.phrase,
            )
            for code, (weight, _, hit) in best.items()
        ]
        row = self._codes.find(text) if field == "category" else None
        if row is not None:
            because = f"the publisher's category has the {row['scheme'].upper()} code"
            points = self._settings["published_code"]
            hits.append(_Hit(row["code"], row["variant"], points, f"{because} {row['prefix']}"))
        return hits


def _inside_sentence(label: str) -> str:
    """Return a label with a small first letter, unless it starts with an abbreviation."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def _strongest(hits: Sequence[_Hit]) -> _Hit:
    return max(hits, key=lambda hit: (hit.points, hit.because))


@cache
def _ours() -> Classifier:
    """Return our own tables, made ready once a process; each review begins with a fresh copy."""
    return Classifier._from(None)
