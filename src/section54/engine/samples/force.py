"""The invented force: whom it pays, for what, when and how much; no ledger muddles it yet."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from importlib.resources import files
from io import StringIO
from random import Random

from section54.engine.identity.model import PayeeKind
from section54.engine.samples.model import PERIOD, PREVIOUS_PERIOD, Line, Payee, Specialism
from section54.engine.samples.names import Namer
from section54.engine.samples.spellings import spellings_of


PENNY = Decimal("0.01")
SMALLEST = 500  # pounds; forces publish what is over it
PEOPLE = 56
STOPPED_SHARE = 0.1  # of the firms of a specialism: as many again were paid only the year before
NEW_SYSTEM_FROM = date(2025, 10, 1)
# Legal forms by specialism where it is not "Ltd".
FORMS = {
    "solicitors": "LLP",
    "surveyors": "LLP",
    "barristers": "",
    "vets": "",
    "banking": "plc",
    "power": "plc",
    "insurance": "plc",
    "hotels": "",
    "not_clear": "",
    "undertakers": "",
}
KINDS = {
    "public_body": PayeeKind.PUBLIC_BODY,
    "charity": PayeeKind.CHARITY,
    "redacted": PayeeKind.REDACTED,
    "worked": PayeeKind.FIRM,
    "special": PayeeKind.FIRM,
}
ALSO_WORKED = ("Ely County Council", "THIRD PARTY")
# Share of payees (in thousandths) and last year's spend as a multiple of this year's.
CHANGES = ((90, (0.0, 0.0)), (120, (0.4, 0.65)), (120, (1.4, 1.9)), (670, (0.84, 0.97)))
# Worked examples keep a fixed story: a new one, a grown one.
WORKED_BEFORE = {"Wisbech Growers Ltd": 0.0, "Soham Recruitment Ltd": 0.45}
PERSONAL = (
    ("Police - Doctors Statements", "Medical statement fee"),
    ("Police - Guest Speakers", "Guest speaker fee"),
    ("Police - Misconduct Panels", "Misconduct panel member fee"),
    ("Other Expenses", "Reimbursement of expenses"),
)
# Not strftime: its names follow the machine's language. The first stands for no month.
# fmt: off
MONTHS = (
    "", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)
# fmt: on
SITES = ("Sallowmere", "Thornfen", "Reedwick", "Heronsey", "Priorsfen", "Headquarters")
# Payments bunch at the end of the financial year: April to March.
MONTH_WEIGHTS = (9, 8, 8, 8, 7, 8, 8, 8, 7, 8, 8, 13)


@dataclass(frozen=True, slots=True)
class Force:
    """The payees and the payments of two years."""

    payees: tuple[Payee, ...]
    lines: tuple[Line, ...]
    previous_lines: tuple[Line, ...]


def make_force(seed: int) -> Force:
    """Return the force that a seed stands for; the same seed gives the same force."""
    payees = tuple(_payees(Random(f"{seed}:payees")))  # noqa: S311 - invented data, no secret
    lines = _year(payees, Random(f"{seed}:lines"), PERIOD, this_year=True)  # noqa: S311
    before = _year(payees, Random(f"{seed}:before"), PREVIOUS_PERIOD, this_year=False)  # noqa: S311
    return Force(payees, tuple(lines), tuple(before))


def rows_of(table: str) -> list[dict[str, str]]:
    """Return the rows of one of this package's own tables."""
    text = (files("section54.engine.samples") / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(StringIO(text, newline="")))


def _specialism(row: Mapping[str, str], name: str) -> Specialism:
    return Specialism(
        id=name,
        code=row["code"],
        also=tuple(filter(None, row["also"].split("|"))),
        expense_types=tuple(row["expense_types"].split("|")),
        descriptions=tuple(row["descriptions"].split("|")),
        published_category=row["published_category"],
        department=row["department"],
    )


def _payees(rng: Random) -> Iterable[Payee]:
    bodies = rows_of("bodies")
    specialisms = rows_of("specialisms")
    namer = Namer(rng, [row["name"] for row in bodies])
    numbers = iter(rng.sample(range(100_000, 300_000), 3_000))
    for row in bodies:
        change = WORKED_BEFORE.get(row["name"], rng.uniform(0.92, 1.05))
        pounds = int(row["thousands"]) * 1000
        kind, number = KINDS[row["kind"]], str(next(numbers))
        old, new = spellings_of(row["name"], kind, number, rng)
        yield Payee(
            name=row["name"],
            kind=kind,
            number=number,
            buys=(_specialism(row, row["name"]),),
            pounds=pounds,
            lines=int(row["lines"]),
            pounds_before=int(pounds * change),
            old=old,
            new=new,
            worked=row["kind"] == "worked" or row["name"] in ALSO_WORKED,
        )
    by_id = {row["id"]: _specialism(row, row["id"]) for row in specialisms}
    for row in specialisms:
        yield from _firms(row, by_id, namer, numbers, rng)
    person = Specialism(
        id="person",
        code="individuals_redacted",
        also=("health_services",),
        expense_types=tuple(account for account, _ in PERSONAL),
        descriptions=tuple(what for _, what in PERSONAL),
        published_category="Individuals",
        department="Corporate Services",
    )
    for index in range(PEOPLE):
        name, number = namer.person(), str(next(numbers))
        old, new = spellings_of(name, PayeeKind.INDIVIDUAL, number, rng)
        count = rng.choice((1, 1, 2, 3))
        pounds = count * rng.randrange(700, 2200)
        yield Payee(
            name=name,
            kind=PayeeKind.INDIVIDUAL,
            number=number,
            buys=(person,),
            pounds=pounds if index % 7 else 0,
            lines=count,
            pounds_before=pounds if index % 3 == 0 else 0,
            old=old,
            new=new,
        )


def _firms(
    row: Mapping[str, str],
    by_id: Mapping[str, Specialism],
    namer: Namer,
    numbers: Iterator[int],
    rng: Random,
) -> Iterable[Payee]:
    home = by_id[row["id"]]
    trades = row["names"].split("|")
    count, form = int(row["firms"]), FORMS.get(row["id"], "Ltd")
    stopped = round(count * STOPPED_SHARE)
    weights = [min(rng.paretovariate(1.3), 10.0) for _ in range(count)]
    weights += [1.0] * stopped
    often = [weight**0.6 for weight in weights]
    for index, (weight, share) in enumerate(zip(weights, often, strict=True)):
        name = namer.firm(trades[index % len(trades)], form)
        # Eight in a hundred also trade under another name.
        other = namer.firm(trades[-1], "") if rng.random() < 0.08 else ""
        number = str(next(numbers))
        old, new = spellings_of(
            name,
            PayeeKind.FIRM,
            number,
            rng,
            trades_as=other,
            typo=row["id"] in ("custody_health", "fuel") and index == 0,
        )
        pounds = max(650, int(int(row["thousands"]) * 1000 * weight / sum(weights[:count])))
        lines = max(1, round(int(row["lines"]) * share / sum(often[:count])))
        multiple = rng.uniform(*_change(rng))
        side = row["sideline"] and rng.random() < 0.35
        yield Payee(
            name=name,
            kind=PayeeKind.FIRM,
            number=number,
            buys=(home, by_id[row["sideline"]]) if side else (home,),
            pounds=pounds if index < count else 0,
            lines=min(lines, max(1, pounds // 600)),
            pounds_before=int(pounds * multiple) if index < count else pounds,
            old=old,
            new=new,
        )


def _change(rng: Random) -> tuple[float, float]:
    pick = rng.randrange(1000)
    for share, multiples in CHANGES:
        if pick < share:
            return multiples
        pick -= share
    return CHANGES[-1][1]


def _year(
    payees: Iterable[Payee], rng: Random, period: tuple[date, date], *, this_year: bool
) -> list[Line]:
    start = period[0]
    days: list[list[date]] = [[] for _ in range(12)]
    for offset in range((period[1] - start).days + 1):
        day = start + timedelta(days=offset)
        if day.weekday() < 5:
            days[(day.month - 4) % 12].append(day)
    months = range(12)
    lines: list[Line] = []
    for payee in payees:
        pounds = payee.pounds if this_year else payee.pounds_before
        if not pounds:
            continue
        # The year before was published by payment, not by invoice: fewer lines, the same spend.
        count = payee.lines if this_year else max(1, round(payee.lines * 0.6))
        count = min(count, max(1, pounds // (SMALLEST + 50)))
        amounts = _amounts(rng, pounds, count)
        if count >= 4 and rng.random() < 0.16:
            credit = rng.choice(sorted(amounts)[: count // 2])
            if rng.random() < 0.5:
                credit = (credit * Decimal(rng.randrange(5, 80)) / 100).quantize(PENNY)
            amounts.append(-credit)
        for amount in amounts:
            month = rng.choices(months, MONTH_WEIGHTS)[0]
            day = rng.choice(days[month])
            lines.append(_line(payee, day, amount, rng))
    lines.sort(key=lambda line: (line.day or start, line.payee.name))
    first = 5_100_000 if this_year else 4_900_000
    return [
        replace(line, reference=str(first + 3 * index + rng.randrange(3)))
        for index, line in enumerate(lines)
    ]


def _amounts(rng: Random, pounds: int, count: int) -> list[Decimal]:
    """Split a year's pounds into payments over the publishing threshold, to the penny."""
    weights = [rng.lognormvariate(0.0, 0.6) for _ in range(count)]
    above = max(0, pounds - SMALLEST * count)
    amounts = []
    for weight in weights:
        value = Decimal(round((SMALLEST + above * weight / sum(weights)) * 100)) / 100
        if rng.random() < 0.25:
            value = value.quantize(Decimal(1))
        amounts.append(value.quantize(PENNY))
    return amounts


def _line(payee: Payee, day: date, amount: Decimal, rng: Random) -> Line:
    buy = payee.buys[-1] if len(payee.buys) > 1 and rng.random() < 0.25 else payee.buys[0]
    spellings = payee.new if day >= NEW_SYSTEM_FROM else payee.old
    if len(spellings) > 1 and rng.random() < 0.14:
        written = rng.choice(spellings[1:])
    else:
        written = spellings[0]
    index = rng.randrange(len(buy.expense_types))
    # As many accounts as narratives: they belong together in pairs.
    paired = len(buy.expense_types) == len(buy.descriptions)
    description = buy.descriptions[index] if paired else rng.choice(buy.descriptions)
    pick = rng.random()
    if payee.kind is PayeeKind.FIRM:
        if pick < 0.3:
            description += f" - {MONTHS[day.month]} {day.year % 100}"
        elif pick < 0.42 and buy.department in ("Estates", "Criminal Justice"):
            description += f" - {rng.choice(SITES)}"
        elif pick < 0.5:
            description += f" inv {rng.randrange(1000, 99999)}"
    return Line(
        payee=payee,
        buy=buy,
        written=written,
        day=day,
        month=day.month,
        amount=amount,
        amount_text="",
        expense_type=buy.expense_types[index],
        description=description,
        reference="",
    )
