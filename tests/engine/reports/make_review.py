"""Fictional reviews in several shapes, for the tests of what people see. No name is real."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache

from section54.engine.identity.model import PayeeKind
from section54.engine.reports.next_steps import next_step
from section54.engine.reports.wording import spent_at_risk
from section54.engine.result import (
    CategoryResult,
    ColumnFound,
    Concentration,
    Coverage,
    FileRefused,
    Review,
    SheetRead,
    SupplierCategory,
    SupplierResult,
    TierResult,
    Totals,
)
from section54.engine.risk.model import TIER_ORDER, Assessment, Reason, Tier


ZERO = Decimal(0)
PERIOD = (date(2025, 4, 1), date(2026, 3, 31))
BEFORE = (date(2024, 4, 1), date(2025, 3, 31))
FIRM, PUBLIC, PERSON = PayeeKind.FIRM, PayeeKind.PUBLIC_BODY, PayeeKind.INDIVIDUAL
REDACTED, UNKNOWN_KIND = PayeeKind.REDACTED, PayeeKind.UNKNOWN

LABELS = {
    "agency_staff": ("Agency and temporary staff", 6),
    "security_guarding": ("Security guarding", 6),
    "cleaning": ("Cleaning", 6),
    "catering_food": ("Catering and food", 6),
    "construction": ("Construction works", 6),
    "uniform_workwear_textiles": ("Uniform, workwear and textiles", 6),
    "ict_hardware_electronics": ("ICT hardware and electronics", 6),
    "vehicle_cleaning_valeting": ("Vehicle cleaning and valeting", 6),
    "waste_recycling": ("Waste and recycling", 6),
    "building_maintenance": ("Building maintenance and repair", 3),
    "vehicles_and_parts": ("Vehicles and parts", 3),
    "furniture_fittings": ("Furniture and fittings", 3),
    "ict_software_services": ("Software and ICT services", 1),
    "printing_stationery": ("Printing and stationery", 1),
    "legal_services": ("Legal services", 1),
    "fuel_energy": ("Fuel and energy", 1),
    "other_services": ("Other services", None),
    "unknown": ("Not known", None),
    "public_sector_transfer": ("Payments to other public bodies, levies, pensions and tax", None),
    "individuals_redacted": ("Individuals and redacted payees", None),
}
WORDS = {6: "a known high risk", 3: "a known medium risk", 1: "a low risk"}

# (name, kind, code, pounds, lines, extra reasons, pounds the year before or None)
PAYEES = [
    ("Fenland Contract Cleaning", FIRM, "cleaning", "1284310.55", 24, ("workforce",), "1102000.00"),
    ("Ouse Guarding", FIRM, "security_guarding", "962114.00", 24, ("model",), "930000.00"),
    (
        "March Uniforms",
        FIRM,
        "uniform_workwear_textiles",
        "412870.40",
        31,
        ("origin", "chain"),
        "188000.00",
    ),
    ("Soke Staffing", FIRM, "agency_staff", "688405.12", 52, ("workforce",), None),
    ("Whittlesey Builders", FIRM, "construction", "2231900.00", 18, ("model",), "310000.00"),
    ("Isle Catering Company", FIRM, "catering_food", "301244.87", 48, ("workforce",), "298000.00"),
    ("Chatteris Computers", FIRM, "ict_hardware_electronics", "544020.00", 14, ("origin",), None),
    ("Ramsey Hand Car Wash", FIRM, "vehicle_cleaning_valeting", "18420.00", 40, (), "17100.00"),
    ("Nene Waste", FIRM, "waste_recycling", "92440.10", 12, ("workforce",), "91000.00"),
    ("Manea Facilities", FIRM, "cleaning", "64000.00", 12, ("model",), None),
    ("Denny Body Shop", FIRM, "vehicles_and_parts", "310552.19", 66, (), "280000.00"),
    ("Ely Roofing and Repairs", FIRM, "building_maintenance", "455310.00", 37, (), "700000.00"),
    ("Stretham Desks", FIRM, "furniture_fittings", "120043.50", 9, (), None),
    ("Littleport Print", FIRM, "printing_stationery", "48110.00", 22, ("signal",), "47500.00"),
    ("Consolidated Invoice", UNKNOWN_KIND, "unknown", "402118.00", 6, (), None),
    ("Burwell Holdings", FIRM, "other_services", "188340.00", 11, (), "12000.00"),
    ("Redacted personal data", REDACTED, "unknown", "611402.75", 140, (), "580000.00"),
    ("Isle Software", FIRM, "ict_software_services", "1910334.00", 26, (), "1800000.00"),
    ("Wicken Law", FIRM, "legal_services", "220145.00", 19, (), "220000.00"),
    ("Fen Power", FIRM, "fuel_energy", "1422310.00", 36, (), "1390000.00"),
    ("Ely County Council", PUBLIC, "public_sector_transfer", "3402119.00", 44, (), "3300000.00"),
    ("Jo Example", PERSON, "individuals_redacted", "1250.00", 1, (), None),
]
EXTRA = {
    "workforce": Reason(
        indicator="workforce",
        points=1,
        because="The trade is mostly staffed by agency, seasonal or migrant workers.",
    ),
    "model": Reason(
        indicator="business model",
        points=1,
        because="Work in this trade is usually passed down a chain of subcontractors.",
    ),
    "origin": Reason(
        indicator="origin not known",
        points=1,
        because="Garments and electronics are on the list of goods made with forced labour, "
        "and where these were made is not known.",
    ),
    "chain": Reason(
        indicator="supply chain",
        points=1,
        because="Nobody has yet named the factories behind the supplier.",
    ),
    "signal": Reason(
        indicator="upheld breach",
        points=3,
        because="A breach of labour standards was upheld in the last three years.",
    ),
}
SPELLINGS = {
    "Fenland Contract Cleaning": (
        "FENLAND CONTRACT CLEANING LTD",
        "Fenland Contract Cleaning Limited",
        "FENLAND CONTRACT CLEANING LTD - 004417",
    ),
    "Ouse Guarding": ("OUSE GUARDING LIMITED", "Ouse Guarding"),
}


def _tier(points: int) -> Tier:
    return Tier.HIGH if points >= 6 else Tier.MEDIUM if points >= 3 else Tier.LOW


def _category_reason(code: str) -> Reason:
    label, points = LABELS[code]
    return Reason(
        indicator="industry",
        points=points or 0,
        because=f"{label} is a trade where exploitation is {WORDS[points or 1]}.",
    )


def assess(kind: PayeeKind, code: str, extra: tuple[str, ...]) -> Assessment:
    if kind in {PUBLIC, PERSON}:
        word = "a public body" if kind is PUBLIC else "a person"
        reason = Reason(indicator="payee", points=0, because=f"The payee is {word}.")
        return Assessment(tier=Tier.NOT_APPLICABLE, points=None, reasons=(reason,))
    start = LABELS[code][1]
    if start is None:
        reason = Reason(indicator="category", points=0, because="What was bought is not known.")
        return Assessment(
            tier=Tier.UNKNOWN, points=None, reasons=(reason,), not_known=("what was bought",)
        )
    reasons = (_category_reason(code), *(EXTRA[word] for word in extra))
    points = sum(reason.points for reason in reasons)
    return Assessment(
        tier=_tier(points),
        points=points,
        reasons=reasons,
        not_known=("which firms work below this one",) if points >= 6 else (),
    )


def payee(
    name: str,
    kind: PayeeKind = FIRM,
    code: str = "cleaning",
    amount: str = "1000.00",
    lines: int = 1,
    extra: tuple[str, ...] = (),
    before: str | None = None,
    *,
    number: int = 0,
    spellings: tuple[str, ...] = (),
) -> SupplierResult:
    pounds, earlier = Decimal(amount), Decimal(before) if before else None
    assessment = assess(kind, code, extra)
    if earlier is None:
        change = "new"
    elif pounds > earlier * Decimal("1.25"):
        change = "grown"
    elif pounds < earlier * Decimal("0.75"):
        change = "shrunk"
    else:
        change = "steady"
    seen = spellings or SPELLINGS.get(name, (name,))
    return SupplierResult(
        id=f"p-{number:012x}",
        name=name,
        public_name="A person (name not shown)" if kind is PERSON else name,
        kind=kind,
        kind_because=f"{name} reads like a {kind.value}.",
        names_seen=seen,
        grouped_because=tuple("the same letters once tidied" for _ in seen),
        amount=pounds,
        absolute=abs(pounds),
        lines=lines,
        first_paid=PERIOD[0],
        last_paid=PERIOD[1],
        assessment=assessment,
        categories=(
            SupplierCategory(
                code=code,
                label=LABELS[code][0],
                variant="",
                tier=assessment.tier,
                amount=pounds,
                lines=lines,
                because=f"The words of the description of {name} say so.",
                confidence=0.91,
            ),
        ),
        next_step=next_step(assessment.tier, kind, code),
        previous_amount=earlier,
        change=change,
    )


def _share(part: Decimal, whole: Decimal) -> Decimal:
    return part / whole if whole else ZERO


def review_of(payees: list[SupplierResult], *, previous: bool = True, **other: object) -> Review:
    """Return a review whose every total is worked out from its payees."""
    payees = sorted(
        payees,
        key=lambda p: (TIER_ORDER.index(p.tier), -spent_at_risk(p), p.id),
    )
    whole = sum((p.absolute for p in payees), ZERO)
    total = sum((p.amount for p in payees), ZERO)
    lines = sum(p.lines for p in payees)
    by_code: dict[str, list[SupplierResult]] = defaultdict(list)
    for p in payees:
        by_code[p.categories[0].code].append(p)
    categories = []
    for code, group in by_code.items():
        start = LABELS[code][1]
        kind = PUBLIC if code == "public_sector_transfer" else FIRM
        usual = _tier(start) if start else assess(kind, code, ()).tier
        categories.append(
            CategoryResult(
                code=code,
                label=LABELS[code][0],
                tier=usual,
                amount=sum((p.amount for p in group), ZERO),
                absolute=sum((p.absolute for p in group), ZERO),
                lines=sum(p.lines for p in group),
                suppliers=len(group),
                reasons=(_category_reason(code),) if start else (),
                top_suppliers=tuple(p.name for p in group[:3]),
            )
        )
    tiers = tuple(
        TierResult(
            tier=tier,
            amount=sum((p.amount for p in payees if p.tier is tier), ZERO),
            absolute=sum((p.absolute for p in payees if p.tier is tier), ZERO),
            lines=sum(p.lines for p in payees if p.tier is tier),
            suppliers=sum(1 for p in payees if p.tier is tier),
        )
        for tier in TIER_ORDER
    )

    def share(where: set[PayeeKind]) -> Decimal:
        return _share(sum((p.absolute for p in payees if p.kind in where), ZERO), whole)

    withheld = _share(
        sum((p.absolute for p in payees if p.kind is REDACTED and p.tier is Tier.UNKNOWN), ZERO),
        whole,
    )
    unknown = _share(sum((p.absolute for p in payees if p.tier is Tier.UNKNOWN), ZERO), whole)
    coverage = Coverage(
        grouped=_share(sum((p.absolute for p in payees if len(p.names_seen) > 1), ZERO), whole),
        categorised=(1 - unknown) if whole else ZERO,
        unknown=unknown - withheld,
        redacted=withheld,
        public_bodies=share({PUBLIC}),
        individuals=share({PERSON}),
    )
    suppliers = sorted((p.absolute for p in payees if p.kind not in {PUBLIC, PERSON}), reverse=True)
    spent = sum(suppliers, ZERO)
    running, eighty = ZERO, 0
    for amount in suppliers:
        if running >= spent * Decimal("0.8"):
            break
        running += amount
        eighty += 1
    over = [amount for amount in suppliers if amount > 50_000]
    concentration = Concentration(
        suppliers=len(suppliers),
        top_1_share=_share(sum(suppliers[:1], ZERO), spent),
        top_10_share=_share(sum(suppliers[:10], ZERO), spent),
        suppliers_for_80_percent=eighty,
        over_50k=len(over),
        over_50k_share=_share(sum(over, ZERO), spent),
    )
    months = [f"2025-{m:02}" for m in range(4, 13)] + [f"2026-{m:02}" for m in range(1, 4)]
    wave = [8, 7, 9, 8, 10, 7, 8, 9, 7, 8, 9, 16]
    monthly = tuple(
        (name, tier.tier, (tier.amount * weight / sum(wave)).quantize(Decimal("0.01")))
        for name, weight in zip(months, wave, strict=True)
        for tier in tiers
        if tier.lines
    )
    sheet = SheetRead(
        sha256="ab" * 32,
        file="fenland-spend-2025-26.xlsx",
        sheet="Apr 25",
        columns=(
            ColumnFound(
                role="supplier",
                index=2,
                header="* SUPPLIER FINAL",
                confidence=0.99,
                why="The heading says supplier and the cells read like names.",
            ),
            ColumnFound(
                role="amount",
                index=5,
                header="Net £",
                confidence=0.97,
                why="The heading says net and every cell is a number.",
            ),
            ColumnFound(
                role="date",
                index=1,
                header="Paid",
                confidence=0.72,
                why="Every cell is a date within the period.",
            ),
        ),
        header_record=4,
        rows=lines + 15,
        read=lines,
        rejected=3,
        blank=8,
        headings=4,
        amount=total,
        column_total=total + Decimal("1840.00"),
        amount_basis="net",
        dates_missing=2,
        encoding="utf-8",
        notes=("Two total lines were left out of the amount.",),
    )
    stopped = ()
    if previous:
        gone = payee("Haddenham Guards", FIRM, "security_guarding", "0.00", 0, (), "84000.00")
        stopped = (replace(gone, id="p-00000000dead", change="stopped"),)
    review = Review(
        section54="0.1.0",
        body="Fenland Constabulary",
        period=PERIOD,
        previous_period=BEFORE if previous else None,
        totals=Totals(
            rows=lines + 15,
            read=lines,
            rejected=3,
            blank=8,
            headings=4,
            amount=total,
            absolute=whole,
            dates_missing=2,
        ),
        previous_amount=Decimal("12450118.00") if previous else None,
        coverage=coverage,
        coverage_lines=coverage,
        tiers=tiers,
        categories=tuple(sorted(categories, key=lambda c: -c.absolute)),
        suppliers=tuple(payees if previous else [replace(p, change="") for p in payees]),
        stopped=stopped,
        concentration=concentration,
        sheets=(sheet,),
        refused=(
            FileRefused(
                file="minutes.pdf",
                because="This is a PDF, not a ledger: ask for the spreadsheet it was made from.",
            ),
        ),
        tables=(
            {"name": "categories", "version": "2026-11", "sha256": "cd" * 32},
            {
                "name": "risk_points",
                "version": "2026-11",
                "sha256": "ef" * 32,
                "changed_by": "A. Head of Procurement",
            },
        ),
        monthly=monthly,
        not_known=("Which suppliers work under a framework let by another body.",),
    )
    return replace(review, **other)  # type: ignore[arg-type]


@cache
def fenland() -> Review:
    """A constabulary's year, with a year before it."""
    payees = [
        payee(name, kind, code, amount, lines, extra, before, number=n)
        for n, (name, kind, code, amount, lines, extra, before) in enumerate(PAYEES, 1)
    ]
    return review_of(payees)


def first_year() -> Review:
    """The same without a previous ledger."""
    return review_of(list(fenland().suppliers), previous=False)


def everything_unknown() -> Review:
    return review_of(
        [
            payee("Consolidated Invoice", UNKNOWN_KIND, "unknown", "402118.00", 6, number=1),
            payee("Redacted personal data", REDACTED, "unknown", "611402.75", 140, number=2),
        ],
        previous=False,
    )


def no_high_risk() -> Review:
    keep = {Tier.MEDIUM, Tier.LOW, Tier.UNKNOWN}
    return review_of([p for p in fenland().suppliers if p.tier in keep], previous=False)


def nothing_read() -> Review:
    empty = review_of([], previous=False)
    none = Coverage(
        grouped=ZERO,
        categorised=ZERO,
        unknown=ZERO,
        redacted=ZERO,
        public_bodies=ZERO,
        individuals=ZERO,
    )
    totals = replace(empty.totals, rows=0, read=0, rejected=0, blank=0, headings=0, dates_missing=0)
    return replace(
        empty,
        totals=totals,
        coverage=none,
        coverage_lines=none,
        period=(None, None),
        monthly=(),
        sheets=(),
        not_known=(),
    )


HOSTILE = (
    "<script>alert(1)</script>",
    '=HYPERLINK("http://bad.example","pay")',
    "N" * 300,
    "\u202eKCATTA\u202c Cleaning",
    "\u200f+cmd|' /C calc'!A0",
    '" onmouseover="alert(1)',
    "{{ 7 * 7 }}",
    "\x1b[31mred\x07",
    "[bold red]markup[/]",
    "清掃サービス株式会社",
    "\ufeff-2+3",
    "\uff1d1+1",
    "&amp; Sons <b>",
)


def hostile() -> Review:
    """Names, files, headings and a body that try to break out of every output."""
    bad = HOSTILE[0]
    payees = [payee(name, number=n, amount="50000.00") for n, name in enumerate(HOSTILE, 1)]
    payees.append(payee("Mary Hidden", PERSON, "individuals_redacted", "900.00", number=99))
    made = review_of(payees, body=f"{bad} Police", not_known=(bad,))
    sheet = replace(
        made.sheets[0],
        file=f"{bad}.csv",
        sheet=HOSTILE[1],
        notes=(bad,),
        columns=(replace(made.sheets[0].columns[0], header=HOSTILE[5], why=bad),),
    )
    return replace(
        made, sheets=(sheet,), refused=(FileRefused(file=HOSTILE[4], because=HOSTILE[0]),)
    )


@cache
def big(payees: int = 3000) -> Review:
    """A large body's year: as many payees as asked, over every category."""
    firms = [code for code in LABELS if code not in {"public_sector_transfer"}]
    made = []
    for n in range(1, payees + 1):
        code = firms[n % len(firms)]
        made.append(
            payee(
                f"Fictional Supplier of Things and Services Number {n} (East of England)",
                FIRM,
                code,
                f"{(n * 7919) % 90000 + 500}.{n % 100:02}",
                n % 40 + 1,
                ("workforce",) if n % 3 == 0 and (LABELS[code][1] or 0) == 6 else (),
                f"{(n * 104729) % 80000 + 400}.00" if n % 4 else None,
                number=n,
                spellings=(f"FICTIONAL SUPPLIER {n} LTD", f"Fictional Supplier {n} Limited"),
            )
        )
    return review_of(made)
