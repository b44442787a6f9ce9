"""Write fictional ledgers of any length, with the names, words and mess of real ones.

    .venv/bin/python tools/make_ledger.py LINES FOLDER [--files N] [--narrative]

Trades, account names and descriptions are those of the fictional force's table ``specialisms``;
firms are made of its places and surnames. How often things repeat was taken from real ledgers read
by this project (one body each, 16,000 to 41,000 lines): names grow with about the 0.6th power of
the lines, a payee has two spellings and four kinds of purchase on average. So a million lines hold
about 24,000 names and 66,000 distinct kinds of purchase (name and words together).

``--narrative`` is the harder sort of ledger: every line has a description of its own.
The same arguments write the same bytes.
"""

import argparse
import csv
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO

import numpy as np

from section54.engine.samples.names import PLACES, SURNAMES


HEADINGS = (
    *("Body", "Payment Date", "Supplier", "Expense Type", "Service", "Description"),
    *("Transaction No", "Amount"),
)
SPECIALISMS = Path(__file__).parents[1] / "src/section54/engine/samples/specialisms.csv"
FIRST_DAY = date(2025, 4, 1)
DAYS = 365
AT_ONCE = 250_000  # lines made in one piece
PEOPLE = 0.03  # share of payees that are people, and
WITHHELD = 0.01  # whose name is a redaction
PUBLIC = 0.04  # or that are public bodies
REDACTIONS = ("REDACTED PERSONAL DATA", "Redacted", "NAME WITHHELD", "Individual - GDPR")
BODIES = ("Borough Council", "County Council", "District Council", "Parish Council", "NHS Trust")
FORMS = ("Ltd", "Ltd", "Ltd", "Limited", "LLP", "plc", "")
PLURALS = ("", " Services", " Group", " Solutions", " & Co", " (East)", " Contracts", " UK")


@dataclass(frozen=True, slots=True)
class Cardinality:
    """How much a ledger repeats itself: what the measured times depend on."""

    lines: int
    bytes: int
    names: int
    texts: int
    purchases: int


@dataclass(slots=True)
class _Payees:
    """Spellings and kinds of purchase by payee, as flat tables with where each payee's start."""

    spellings: np.ndarray
    first_spelling: np.ndarray
    spelling_count: np.ndarray
    words: np.ndarray  # "expense type,service,description", ready for a CSV line
    first_words: np.ndarray
    words_count: np.ndarray
    shares: np.ndarray  # cumulated


def write_ledgers(
    folder: Path, lines: int, *, files: int = 1, narrative: bool = False, seed: int = 54
) -> list[Path]:
    """Write a body's ledger in one or more files; return them in order.

    Args:
        folder: Made if it is missing.
        lines: Payment lines in all; titles, blank rows and totals come on top.
        files: In how many files, by time.
        narrative: Give every line a description of its own.
        seed: Another number makes another ledger.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    payees = _payees(lines, rng)
    paths = []
    done = 0
    pairs: list[np.ndarray] = []
    for number in range(files):
        path = folder / f"spend-{number + 1:02}.csv"
        until = lines * (number + 1) // files
        with path.open("w", encoding="utf-8", newline="") as file:
            file.write(f"Fenland Constabulary payments,,,,,,,\r\n{','.join(HEADINGS)}\r\n")
            total = 0
            while done < until:
                size = min(AT_ONCE, until - done)
                total += _write_piece(file, payees, rng, done, size, lines, pairs, narrative)
                done += size
            file.write(f',,,,,,,\r\nTotal,,,,,,,"{total / 100:,.2f}"\r\n')
        paths.append(path)
    met = np.unique(np.concatenate(pairs))
    spelling, words = met // len(payees.words), met % len(payees.words)
    about = Cardinality(
        lines=lines,
        bytes=sum(path.stat().st_size for path in paths),
        names=len(np.unique(payees.spellings[spelling])),
        texts=lines if narrative else len(np.unique(payees.words[words])),
        purchases=lines if narrative else len(met),
    )
    (folder / "about.json").write_text(json.dumps(asdict(about)), encoding="utf-8")
    return paths


def _write_piece(
    file: TextIO,
    payees: _Payees,
    rng: np.random.Generator,
    done: int,
    size: int,
    lines: int,
    pairs: list[np.ndarray],
    narrative: bool,  # noqa: FBT001
) -> int:
    """Write some lines in order of time; return the pennies they sum to."""
    payee = np.searchsorted(payees.shares, rng.random(size) * payees.shares[-1])
    # The first spelling and the first kind of purchase are the usual ones.
    place = np.minimum(rng.random(size), rng.random(size))
    spelling = payees.first_spelling[payee] + (place * payees.spelling_count[payee]).astype(int)
    place = np.minimum(rng.random(size), rng.random(size))
    words = payees.first_words[payee] + (place * payees.words_count[payee]).astype(int)
    pairs.append(np.unique(spelling.astype(np.int64) * len(payees.words) + words))
    pennies = np.maximum(1, np.round(np.exp(rng.normal(6.2, 1.6, size)) * 100)).astype(np.int64)
    pennies = np.where(rng.random(size) < 0.3, (pennies // 5000 + 1) * 5000, pennies)
    credit = rng.random(size) < 0.02
    look = rng.random(size)
    days = (np.arange(done, done + size) * DAYS) // lines
    odd = rng.random(size)
    texts = []
    for index, (name, what, penny, negative, shape, day, strange) in enumerate(
        zip(
            payees.spellings[spelling],
            payees.words[words],
            pennies.tolist(),
            credit.tolist(),
            look.tolist(),
            days.tolist(),
            odd.tolist(),
            strict=True,
        )
    ):
        when = FIRST_DAY + timedelta(days=day)
        written = f"{when:%d-%b-%y}" if 0.3 < strange < 0.35 else f"{when:%d/%m/%Y}"
        if narrative:
            what = f"{what} - order {done + index + 400_000} for {when:%d %B}"
        texts.append(
            f"Fenland Constabulary,{written},{name},{what},"
            f"{100_000 + done + index},{_amount(penny, shape, negative=negative)}\r\n"
        )
        if strange < 0.0002:
            texts.append(_oddity(strange))
    file.write("".join(texts))
    return int(np.where(credit, -pennies, pennies).sum())


def _amount(pennies: int, shape: float, *, negative: bool) -> str:
    pounds = f"{pennies / 100:,.2f}" if shape < 0.6 else f"{pennies / 100:.2f}"
    if shape < 0.35:
        pounds = f"£{pounds}"
    if negative:
        pounds = f"({pounds})" if shape < 0.3 else f"-{pounds}" if shape < 0.9 else f"{pounds} CR"
    return f'"{pounds}"' if "," in pounds else pounds


def _oddity(chance: float) -> str:
    """Return a row that is no payment: blank, a heading again, or an amount not yet known."""
    if chance < 0.00006:
        return ",,,,,,,\r\n"
    if chance < 0.0001:
        return "\r\n"
    if chance < 0.00014:
        return f"{','.join(HEADINGS)}\r\n"
    return "Fenland Constabulary,01/06/2025,Sallowmere Cleaning Ltd,,,,99999,TBC\r\n"


def _payees(lines: int, rng: np.random.Generator) -> _Payees:
    """Make the payees: about 2.9 × lines^0.6, a few of them paid most of the lines."""
    count = max(50, round(2.9 * lines**0.6))
    trades = list(csv.DictReader(SPECIALISMS.open(encoding="utf-8")))
    spellings: list[str] = []
    words: list[str] = []
    first_spelling, first_words = [], []
    for name, trade in _names(count, trades, rng):
        first_spelling.append(len(spellings))
        spellings += _written(name, rng)
        first_words.append(len(words))
        words += _bought(trade, trades, rng)
    weights = (np.arange(count) + 12.0) ** -0.9
    rng.shuffle(weights)
    return _Payees(
        spellings=np.array(spellings, dtype=object),
        first_spelling=np.array(first_spelling),
        spelling_count=np.diff([*first_spelling, len(spellings)]),
        words=np.array(words, dtype=object),
        first_words=np.array(first_words),
        words_count=np.diff([*first_words, len(words)]),
        shares=np.cumsum(weights),
    )


def _names(
    count: int, trades: list[dict[str, str]], rng: np.random.Generator
) -> Iterator[tuple[str, dict[str, str]]]:
    taken: set[str] = set()
    while len(taken) < count:
        trade = trades[int(rng.integers(len(trades)))]
        sort = rng.random()
        one, other = (SURNAMES[int(i)] for i in rng.integers(len(SURNAMES), size=2))
        place = PLACES[int(rng.integers(len(PLACES)))]
        if sort < PEOPLE:
            initials = "ABCDEGHJKLMNPRSTW"
            pair = f"{initials[int(rng.integers(17))]} {initials[int(rng.integers(17))]}"
            name = f"{('Mr', 'Mrs', 'Ms', 'Dr')[int(rng.integers(4))]} {pair} {one}"
        elif sort < PEOPLE + WITHHELD:
            name = f"{REDACTIONS[int(rng.integers(len(REDACTIONS)))]} {len(taken)}"
        elif sort < PEOPLE + WITHHELD + PUBLIC:
            name = f"{place} {one} {BODIES[int(rng.integers(len(BODIES)))]}"
        else:
            kinds = [kind for kind in trade["names"].split("|") if kind]
            kind = kinds[int(rng.integers(len(kinds)))] + PLURALS[int(rng.integers(len(PLURALS)))]
            start = (place, one, f"{one} & {other}", f"{place} {one}", f"{one} {other}")
            form = FORMS[int(rng.integers(len(FORMS)))]
            name = f"{start[int(rng.integers(5))]} {kind} {form}".strip()
        if name not in taken:
            taken.add(name)
            yield name, trade


def _written(name: str, rng: np.random.Generator) -> list[str]:
    """Return one to four spellings, the usual one first, as CSV cells."""
    ways = [
        name.upper(),
        name.replace(" Ltd", " Limited"),
        name.replace(" & ", " and "),
        f"{name} ({int(rng.integers(100_000, 999_999))})",
        f"{name}.",
        name.replace(" Ltd", ", Ltd"),
        f" {name}",
        name.replace("e", "é", 1),
    ]
    order = rng.permutation(len(ways))[: int(rng.choice([0, 1, 1, 2, 3]))]
    return [_cell(way) for way in dict.fromkeys([name, *(ways[int(i)] for i in order)])]


def _bought(
    trade: dict[str, str], trades: list[dict[str, str]], rng: np.random.Generator
) -> list[str]:
    """Return one to eight kinds of purchase, mostly of the payee's trade."""
    found = []
    for _ in range(int(rng.choice([1, 2, 3, 4, 5, 8]))):
        of = trade if rng.random() < 0.85 else trades[int(rng.integers(len(trades)))]
        accounts = of["expense_types"].split("|")
        said = of["descriptions"].split("|")
        what = said[int(rng.integers(len(said)))]
        if rng.random() < 0.4:
            what = f"{what} - site {int(rng.integers(60))}"
        account = accounts[int(rng.integers(len(accounts)))]
        found.append(f"{_cell(account)},{_cell(of['department'])},{what.replace(',', ' ')}")
    return list(dict.fromkeys(found))


def _cell(text: str) -> str:
    return f'"{text}"' if "," in text else text


def main() -> None:
    """Write what the command line asks for."""
    ask = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ask.add_argument("lines", type=int)
    ask.add_argument("folder", type=Path)
    ask.add_argument("--files", type=int, default=1)
    ask.add_argument("--narrative", action="store_true")
    given = ask.parse_args()
    write_ledgers(given.folder, given.lines, files=given.files, narrative=given.narrative)
    print((given.folder / "about.json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
