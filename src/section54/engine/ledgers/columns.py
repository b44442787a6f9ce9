"""Find out what each column of a ledger means: from its heading, and from what stands in it.

Both are weighed, because headings lie: two columns may be called "Supplier Name" (one holds
numbers), a "Transaction Date" may hold references, and many ledgers have no headings at all.
Every answer says why and how sure. A person's correction beats both.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz, process

from section54.engine.errors import BadInput
from section54.engine.ledgers.amounts import parse_amount
from section54.engine.ledgers.dates import names_a_period, order_of, parse_date
from section54.engine.ledgers.text import clean
from section54.engine.reference import Table, load_table


AMOUNT_ROLES = ("amount_net", "amount", "amount_gross")
AMOUNT_BASIS = {"amount_net": "net", "amount": "unknown", "amount_gross": "gross"}
CHOSEN = "a person said so"
# A role that several columns may share: their words are read together.
TEXT_ROLES = ("description", "expense_type", "category", "department")
ROLES = (
    "supplier",
    "supplier_number",
    *AMOUNT_ROLES,
    "vat",
    "date",
    *TEXT_ROLES,
    "reference",
    "postcode",
    "company_number",
)
HEADER_WITHIN = 60  # records; SQL text above a header has been seen to take twenty
SAMPLE = 600  # data records looked at, spread over the sheet
HEADING_WEIGHT = 0.65
ACCEPT = 0.36  # a role is given from this score on; chosen on the ledgers of the column truth
SURE_HEADING = 0.6
UNKNOWN_HEADING = 0.4  # what content alone is worth under a heading that means nothing to us

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# What programs shorten in the names of their columns: SUPPNAME, AMT_NET, PayDt.
_SHORT = {
    **dict.fromkeys(("supp", "sup", "suppl"), "supplier"),
    **dict.fromkeys(("vend", "vendr"), "vendor"),
    **dict.fromkeys(("amt", "amnt"), "amount"),
    **dict.fromkeys(("no", "num", "nbr", "nr"), "number"),
    **dict.fromkeys(("pay", "paymt", "pymt", "pmt"), "payment"),
    **dict.fromkeys(("dt", "dte"), "date"),
    **dict.fromkeys(("trans", "txn", "trn", "tran"), "transaction"),
    **dict.fromkeys(("desc", "descr", "descrip"), "description"),
    **dict.fromkeys(("dept", "dpt"), "department"),
    **dict.fromkeys(("acc", "acct", "ac"), "account"),
    **dict.fromkeys(("cred", "crd"), "creditor"),
    **dict.fromkeys(("ref", "refno"), "reference"),
    **dict.fromkeys(("chq", "cheq"), "cheque"),
    "benef": "beneficiary",
    "cc": "cost centre",
    "exp": "expense",
    "inv": "invoice",
    "nm": "name",
    "org": "organisation",
    "val": "value",
}
_WHOLE = (
    *("supplier", "vendor", "creditor", "payee", "beneficiary", "invoice", "payment", "paid"),
    *("transaction", "amount", "net", "gross", "vat", "date", "number", "name", "description"),
    *("reference", "department", "account", "value", "total", "post", "code", "cheque", "type"),
)
_PARTS = re.compile("|".join(sorted({*_SHORT, *_WHOLE}, key=len, reverse=True)))
_GLUED = re.compile(f"(?:{_PARTS.pattern})+$")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
# Words that end the names of organisations and hardly ever the names of accounts or departments.
_ORGANISATION = re.compile(
    r"\b(ltd|limited|plc|llp|inc|cic|council|nhs|trust|surgery|practice|university|college|"
    r"solicitors|associates|group|holdings|uk|hmrc|bros|gmbh|society|hotel|company|co)\b",
    re.IGNORECASE,
)
_POSTCODE = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\s*\d[A-Z]{2}$", re.IGNORECASE)
_COMPANY_NUMBER = re.compile(
    r"(?:\d{7,8}|(?:SC|NI|OC|SO|NC|FC|RC|IP|SP|R0|LP)\d{5,6})$", re.IGNORECASE
)
_CODE = re.compile(r"[A-Z]{0,4}[-/ ]?\d[\dA-Z/_.-]*$", re.IGNORECASE)
_PENNIES = re.compile(r"\.(?:\d\d|[1-9])\)?\s*-?$|£|^\(.*\)$|\d,\d{3}\b")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?$")
_COMPACT_DATE = re.compile(r"(?:(?:19|20)\d{6}|\d{4}(?:19|20)\d{2})$")
CLOSE_DAYS = 1500  # dates written as bare numbers are believed when they lie this close together


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One role found: the column's 0-based index, its heading, how sure (0 to 1), and why."""

    role: str
    index: int
    header: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What the columns of a stretch of records mean.

    Attributes:
        header_record: 1-based record number of the heading row, 0 when there is none.
        headers: The heading cells, tidy; empty without a heading row.
        columns: The roles found, each once, in the order of ``ROLES``.
        further: More columns with words for a text role, e.g. two levels of expense type.
    """

    header_record: int
    headers: tuple[str, ...]
    columns: tuple[Column, ...]
    further: Mapping[str, tuple[int, ...]]

    def index(self, role: str) -> int | None:
        """Return the column index that has a role, or None."""
        return next((c.index for c in self.columns if c.role == role), None)

    @property
    def amount(self) -> tuple[int, str] | None:
        """Return the amount column a review uses and its basis: net, then unstated, then gross.

        One that a person chose comes before any that was found.
        """
        found = [c for c in self.columns if c.role in AMOUNT_ROLES]
        chosen = [c for c in found if c.why == CHOSEN] or found
        if not chosen:
            return None
        first = min(chosen, key=lambda c: AMOUNT_ROLES.index(c.role))
        return first.index, AMOUNT_BASIS[first.role]

    @property
    def signature(self) -> str:
        """Return the headings as one line, by which a publisher's layout is known again.

        Blank cells after the last heading are left out: a stray cell far right changes nothing.
        """
        return " | ".join(normal_header(header) for header in self.headers).rstrip(" |")


@dataclass(frozen=True, slots=True)
class Profile:
    """What stands in a column, as shares (0 to 1) of its filled sample cells."""

    filled: float
    amounts: float
    pennies: float
    dates: float
    periods: float
    words: float
    organisations: float
    postcodes: float
    company_numbers: float
    codes: float
    distinct: float
    length: float


def normal_header(header: str) -> str:
    """Return a heading in the form of the table: lower-case words, nothing else.

    >>> normal_header("* SUPPLIER FINAL"), normal_header("DatePaid"), normal_header("Amount (£)")
    ('supplier final', 'date paid', 'amount')
    """
    split = _CAMEL.sub(" ", clean(header).replace("œ", " "))
    return _NOT_WORD.sub(" ", split.lower()).strip()


def in_full(name: str) -> str:
    """Return a normal heading with a program's short forms written out.

    >>> in_full("suppname"), in_full("amt net"), in_full("vendor")
    ('supplier name', 'amount net', 'vendor')
    """
    parts = [
        part
        for word in name.split()
        for part in (_PARTS.findall(word) if _GLUED.match(word) else [word])
    ]
    return " ".join(_SHORT.get(part, part) for part in parts)


class HeadingWords:
    """The table of headings, ready to be asked what a heading means."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._exact: dict[str, dict[str, float]] = {}
        self._within: list[tuple[str, str, float]] = []
        for row in table.rows:
            weight = float(row["weight"])
            if row["match"] == "exact":
                self._exact.setdefault(row["phrase"], {})[row["role"]] = weight
            else:
                self._within.append((f" {row['phrase']} ", row["role"], weight))
        self._phrases = [phrase for phrase in self._exact if len(phrase) >= 6]

    def roles(self, header: str) -> dict[str, float]:
        """Return the roles that a heading may mean, each with a weight (0 to 1)."""
        name = normal_header(header) or ("gbp" if "£" in header else "")
        if not name:
            return {}
        if name in self._exact:
            return self._exact[name]
        name = in_full(name)
        if name in self._exact:
            return {role: weight * 0.95 for role, weight in self._exact[name].items()}
        found: dict[str, float] = {}
        padded = f" {name} "
        if len(name) <= 60:
            for phrase, role, weight in self._within:
                if phrase in padded:
                    found[role] = max(found.get(role, 0.0), weight)
            if len(name) >= 6:
                close = process.extractOne(name, self._phrases, scorer=fuzz.ratio, score_cutoff=87)
                if close:
                    for role, weight in self._exact[close[0]].items():
                        found[role] = max(found.get(role, 0.0), weight * 0.85)
        return found


@lru_cache(maxsize=1)
def heading_words() -> HeadingWords:
    """Return the shipped table of headings."""
    return HeadingWords(load_table("ledger_headers"))


def header_strength(cells: Sequence[str], words: HeadingWords) -> float:
    """Say how surely a record is a heading row: 0 when it cannot be one.

    A heading row names a payee or an amount and at least one thing more, and holds no amounts.
    """
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) < 2 or any(parse_amount(cell) is not None for cell in filled[1:-1]):
        return 0.0
    roles: dict[str, float] = {}
    known = 0
    for cell in filled:
        if len(cell) > 160:
            return 0.0
        best = max(words.roles(cell).items(), key=lambda item: item[1], default=("", 0.0))
        if best[1] >= SURE_HEADING:
            known += 1
            roles[best[0]] = max(roles.get(best[0], 0.0), best[1])
    key = {"supplier", *AMOUNT_ROLES} & roles.keys()
    useful = [role for role in roles if role != "ignore"]
    if not key or len(useful) < 2 or known < len(filled) / 3:
        return 0.0
    return sum(roles[role] for role in useful) + len(key)


def find_header(head: Sequence[Sequence[str]], words: HeadingWords) -> int | None:
    """Return the index of the heading row among the first records, or None.

    Of two heading rows close together (a machine's names above the human ones) the later wins,
    and so does a much stronger one, but never past a payment: what lies between would be lost.
    """
    best: tuple[float, int] | None = None
    for index, record in enumerate(head[:HEADER_WITHIN]):
        strength = header_strength(record, words)
        if not strength:
            if best and _complete(head[best[1]], words) and _may_be_payment(record):
                break
            continue
        near = best is not None and index - best[1] <= 3 and strength >= best[0] * 0.7
        if best is None or near or strength > best[0] * 1.5:
            best = (strength, index)
    return best[1] if best else None


def _complete(record: Sequence[str], words: HeadingWords) -> bool:
    roles = [role for cell in record for role, w in words.roles(cell).items() if w >= SURE_HEADING]
    return "supplier" in roles and any(role in AMOUNT_ROLES for role in roles)


def _may_be_payment(record: Sequence[str]) -> bool:
    filled = [cell for cell in record if cell]
    amounts = sum(parse_amount(cell) is not None for cell in filled)
    return 0 < amounts < len(filled)


def header_named_by(
    head: Sequence[Sequence[str]], correction: Mapping[str, str] | None
) -> int | None:
    """Return the index of the first record that holds the headings a person named, or None.

    Two or three letters may be a heading ("Net") or a spreadsheet column ("AB"): such a name finds
    a record, but is not missed in one.
    """
    given = [name for name in (correction or {}).values() if name.strip().lower() != "none"]
    surely = {normal_header(name) for name in given if column_number(name) is None} - {""}
    maybe = {normal_header(name) for name in given if len(name.strip()) > 1} - {""}
    for index, record in enumerate(head[:HEADER_WITHIN] if maybe else ()):
        names = {normal_header(cell) for cell in record}
        if surely <= names and maybe & names:
            return index
    return None


def profile_of(cells: Sequence[str], sample: int) -> Profile:
    """Describe what stands in a column's sample cells (already cleaned)."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return Profile(*[0.0] * 12)
    count = len(filled)
    amounts = [cell for cell in filled if parse_amount(cell) is not None]
    order = order_of(filled)
    days = [parse_date(cell, order) for cell in filled]
    bare = [bool(_SERIAL.match(cell) or _COMPACT_DATE.match(cell)) for cell in filled]
    numbers = [day for day, is_bare in zip(days, bare, strict=True) if day and is_bare]
    near = bool(numbers) and (max(numbers) - min(numbers)).days < CLOSE_DAYS
    dates = sum(
        1
        for cell, day, is_bare in zip(filled, days, bare, strict=True)
        if day is not None and (near if is_bare else parse_amount(cell) is None)
    )
    pennies = sum(1 for cell in amounts if _PENNIES.search(cell))
    words = sum(1 for cell in filled if _is_words(cell))
    return Profile(
        filled=count / max(sample, 1),
        amounts=len(amounts) / count,
        pennies=pennies / count,
        dates=dates / count,
        periods=sum(1 for cell in filled if names_a_period(cell)) / count,
        words=words / count,
        organisations=sum(1 for cell in filled if _ORGANISATION.search(cell)) / count,
        postcodes=sum(1 for cell in filled if _POSTCODE.match(cell)) / count,
        company_numbers=sum(1 for cell in filled if _COMPANY_NUMBER.match(cell)) / count,
        codes=sum(1 for cell in filled if _CODE.match(cell)) / count,
        distinct=len(set(filled)) / count,
        length=sum(map(len, filled)) / count,
    )


def _is_words(cell: str) -> bool:
    letters = sum(char.isalpha() for char in cell)
    return letters >= 2 and letters * 2 >= len(cell.replace(" ", ""))


def content_score(role: str, p: Profile) -> float:
    """Say how well a column's content fits a role, 0 (it cannot be) to 1."""
    if not p.filled:
        return 0.0
    text = 0.0 if p.words < 0.5 or p.dates > 0.5 else p.words
    if role == "supplier":
        many = min(1.0, p.distinct / 0.15)
        narrative = 0.3 if p.length > 60 else 0.0
        return max(
            0.0, text * (0.3 + 0.5 * min(1.0, p.organisations / 0.3) + 0.2 * many) - narrative
        )
    if role in AMOUNT_ROLES or role == "vat":
        if p.amounts < 0.5 or p.dates > 0.5:
            return 0.0
        return p.amounts * (0.4 + 0.6 * min(1.0, p.pennies / 0.4))
    if role == "date":
        return max(p.dates if p.dates >= 0.3 else 0.0, 0.6 * p.periods)
    if role in ("supplier_number", "reference"):
        return 0.0 if p.words > 0.9 and p.codes < 0.05 and p.distinct < 0.5 else 0.4 + 0.6 * p.codes
    if role == "postcode":
        return p.postcodes
    if role == "company_number":
        return p.company_numbers
    if role == "expense_type":
        return text * (0.7 + 0.3 * min(1.0, p.distinct / 0.1) * (1 if p.distinct < 0.9 else 0.3))
    if role == "description":
        return text * (0.5 + 0.5 * min(1.0, p.distinct / 0.3)) if text else 0.25 * p.words
    if role == "category":
        return max(text, 0.5 * p.codes) * 0.9
    return text * (1.0 if p.distinct < 0.6 else 0.6)  # department


def find_layout(
    *,
    headers: Sequence[str],
    header_record: int,
    sample: Sequence[Sequence[str]],
    words: HeadingWords,
    correction: Mapping[str, str] | None = None,
) -> Layout:
    """Give each column the role that its heading and its content say together.

    Args:
        headers: Heading cells, or empty when there is no heading row.
        header_record: Their 1-based record number, 0 without one.
        sample: Records of data, cleaned.
        words: The table of headings.
        correction: role → heading, or 1-based column number or spreadsheet letter, set by a
            person; ``""`` or ``"none"`` says that no column has the role.

    Raises:
        BadInput: the correction names a role or a column that does not exist.
    """
    width = max([len(headers), *(len(record) for record in sample)], default=0)
    padded = [*headers, *[""] * (width - len(headers))]
    columns = [[r[i] if i < len(r) else "" for r in sample] for i in range(width)]
    profiles = [profile_of(cells, len(sample)) for cells in columns]
    fixed, barred = _corrected(correction or {}, padded)

    scored: list[tuple[float, int, str, float, float]] = []
    guesses: list[tuple[float, int, str, float, float]] = []
    for index, (header, profile) in enumerate(zip(padded, profiles, strict=True)):
        if not profile.filled or index in fixed.values():
            continue
        roles = dict(words.roles(header))
        if roles.get("ignore", 0) >= 1 and not any(
            w >= 1 for r, w in roles.items() if r != "ignore"
        ):
            continue
        roles.pop("ignore", None)
        if roles.get("supplier") and not content_score("supplier", profile):
            roles["supplier_number"] = max(roles.get("supplier_number", 0.0), 0.7)
        for role in ROLES:
            if role in fixed or role in barred:
                continue
            heading, content = roles.get(role, 0.0), content_score(role, profile)
            if content == 0.0:
                continue
            if heading:
                score = HEADING_WEIGHT * heading + (1 - HEADING_WEIGHT) * content
            elif role in ("supplier", "amount", "date", "postcode") and (not headers or not header):
                if role == "amount" and profile.pennies < 0.1:
                    continue  # whole numbers without a heading may be anything
                score = (0.5 if headers else 0.6) * content * min(1.0, profile.filled + 0.3)
            elif role in ("supplier", "amount", "date") and not roles:
                if role != "amount" or profile.pennies >= 0.1:
                    guesses.append((UNKNOWN_HEADING * content, index, role, heading, content))
                continue
            elif not headers and role in ("description", "expense_type", "reference"):
                score = 0.38 * content
            else:
                continue
            # A column filled on few lines is worth less than one filled on all.
            score *= 0.75 + 0.25 * min(1.0, profile.filled / 0.6)
            scored.append((score, index, role, heading, content))
    # Under a heading that we do not know, content is only asked where no heading answers.
    sure = {*fixed, *(role for score, _, role, _, _ in scored if score >= ACCEPT)}
    if not sure.isdisjoint(AMOUNT_ROLES):
        sure.add("amount")
    scored += [guess for guess in guesses if guess[2] not in sure]
    scored.sort(key=lambda item: (-item[0], item[1]))

    taken: dict[str, tuple[float, int, float, float]] = {}
    used = set(fixed.values())
    for score, index, role, heading, content in scored:
        if role in taken or index in used or score < ACCEPT:
            continue
        taken[role] = (score, index, heading, content)
        used.add(index)
    further: dict[str, tuple[int, ...]] = {}
    for _, index, role, heading, _ in scored:
        if role in TEXT_ROLES and role in taken and index not in used and heading >= 0.8:
            further[role] = tuple(sorted({*further.get(role, ()), index}))
            used.add(index)

    found = [
        Column(
            role=role,
            index=index,
            header=clean(padded[index]),
            confidence=1.0,
            why=CHOSEN,
        )
        for role, index in fixed.items()
    ]
    for role, (score, index, heading, content) in taken.items():
        found.append(
            Column(
                role=role,
                index=index,
                header=clean(padded[index]),
                confidence=round(min(0.99, score), 2),
                why=_why(role, clean(padded[index]), heading, content, profiles[index]),
            )
        )
    found.sort(key=lambda column: ROLES.index(column.role))
    return Layout(
        header_record=header_record,
        headers=tuple(clean(header) for header in headers),
        columns=tuple(found),
        further=further,
    )


def _corrected(
    correction: Mapping[str, str], headers: Sequence[str]
) -> tuple[dict[str, int], set[str]]:
    fixed: dict[str, int] = {}
    barred: set[str] = set()
    names = [normal_header(header) for header in headers]
    for role, wanted in correction.items():
        if role not in ROLES:
            raise BadInput(f"{role} is not a column role: use one of {', '.join(ROLES)}.")
        if wanted.strip().lower() in ("", "none"):
            barred.add(role)
        elif normal_header(wanted) in names and normal_header(wanted):
            fixed[role] = names.index(normal_header(wanted))
        else:
            index = column_number(wanted)
            if index is None or index >= len(headers):
                raise BadInput(
                    f"There is no column {wanted!r}: give a heading as it stands, "
                    f"a letter (A is the first) or a number from 1 to {len(headers)}."
                )
            fixed[role] = index
    return fixed, barred


def column_number(name: str) -> int | None:
    """Return the 0-based index of a column given as a letter or a 1-based number.

    >>> column_number("A"), column_number("AB"), column_number("3"), column_number("Supplier")
    (0, 27, 2, None)
    """
    name = name.strip()
    if name.isdigit():
        return int(name) - 1 if int(name) else None
    if re.fullmatch(r"[A-Za-z]{1,3}", name):
        index = 0
        for char in name.upper():
            index = index * 26 + ord(char) - ord("A") + 1
        return index - 1
    return None


def _why(role: str, header: str, heading: float, content: float, p: Profile) -> str:
    share = {
        "supplier": f"{p.words:.0%} of its cells are words, "
        f"{p.organisations:.0%} name an organisation",
        "date": f"{p.dates:.0%} of its cells are dates",
        "postcode": f"{p.postcodes:.0%} of its cells are postcodes",
        "company_number": f"{p.company_numbers:.0%} of its cells look like company numbers",
    }.get(role)
    if share is None:
        if role in AMOUNT_ROLES or role == "vat":
            share = f"{p.amounts:.0%} of its cells are amounts"
        elif role in TEXT_ROLES:
            share = f"{p.words:.0%} of its cells are words"
        else:
            share = f"{p.codes:.0%} of its cells look like numbers or codes"
    if not heading:
        return f"no heading that we know, but {share}"
    if heading >= 1:
        return f"the heading “{header}” means this, and {share}"
    return f"the heading “{header}” suggests this ({heading:.0%}), and {share}"
