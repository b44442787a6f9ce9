"""Ledgers in, a modern slavery risk review out.

The steps, in order: read each ledger into lines; settle payee names into payees; give each kind
of purchase a category; add up the inherent risk; then show where it lies, what is not known, what
changed, and what to do next. Same ledgers, same tables: same review. Nothing reads the clock.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import pyarrow as pa

from section54 import __version__
from section54.engine import frames
from section54.engine.categories.classify import Classifier
from section54.engine.categories.model import CategoryDecision, Purchase
from section54.engine.compare import change_of
from section54.engine.engines import HEARTBEAT, Engine, connect
from section54.engine.errors import BadInput
from section54.engine.identity.model import NameSeen, Payee, PayeeKind
from section54.engine.identity.payees import group_payees
from section54.engine.intake.child import end_children
from section54.engine.intake.gate import NotALedger
from section54.engine.intake.limits import OWN_LEDGERS, Limits
from section54.engine.ledgers.reader import ContentRead, LedgerRead, read_ledger
from section54.engine.ledgers.redactions import redaction_is_person, redaction_of
from section54.engine.reference import load_table, table_names
from section54.engine.reports.next_steps import next_step
from section54.engine.result import (
    CategoryResult,
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
from section54.engine.risk.assess import assess, highest
from section54.engine.risk.facts import Facts, RiskTables
from section54.engine.risk.model import TIER_ORDER, Assessment, Tier


NO_NAME = "Payee not given"
NO_NAME_ID = "p-000000000000"
AT_ONCE = 50_000  # kinds of purchase that are named between two steps forward
READERS = 2  # ledgers read at a time, each in a process of its own
# A month with hardly a line is a slip of a finger in a date, not part of the period.
PERIOD_SHARE = 0.002
MONTHS_APART = 12
LARGE = Decimal(50_000)
# A category takes the highest tier that at least this share of its pounds has.
VARIANT_SHARE = Decimal("0.2")
NO_COMPARISON = (
    "None of the previous period's ledgers could be used, so nothing is compared: see the files "
    "refused."
)
ZERO = Decimal(0)
NOTHING_KNOWN = {"unknown", "individuals_redacted"}

Step = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a review is made of.

    Attributes:
        ledgers: The period's ledger files, or what was read of them before.
        previous: The period before, to compare with; may be empty.
        body: The body whose spend it is, as the report names it.
        store: Folder for the lines read, kept between runs.
        lines: Where the review's own lines go, with payee, category and tier on each.
        corrections: layout signature → (role → column), for this body.
        tables: Folder with the body's own tables, if it has changed any.
        engine: What runs the sums: ``duckdb``, ``spark`` or a Spark master (``engines.connect``).
        limits: What reading one file may use.
    """

    ledgers: Sequence[Path | LedgerRead]
    previous: Sequence[Path | LedgerRead] = ()
    body: str = ""
    store: Path = Path("ledgers")
    lines: Path = Path("lines.parquet")
    corrections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tables: Path | None = None
    engine: str = "duckdb"
    limits: Limits = OWN_LEDGERS


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A finished review, and the Parquet files with the rejected rows of its ledgers."""

    review: Review
    rejected: tuple[Path, ...]


@dataclass(slots=True)
class _Read:
    """The ledgers of one period: contents read once each, and what was set aside."""

    contents: list[ContentRead] = field(default_factory=list)
    sheets: list[SheetRead] = field(default_factory=list)
    refused: list[FileRefused] = field(default_factory=list)

    @property
    def lines(self) -> list[Path]:
        # In the order of the review's own lines, so that these need not be sorted.
        return [c.lines for c in sorted(self.contents, key=lambda content: content.sha256)]

    def take(self, ledger: LedgerRead, elsewhere: "_Read | None" = None) -> None:
        """Take a ledger in, except what another file (of either period) already gave."""
        self.refused += ledger.refused
        for content in ledger.contents:
            others = [*self.contents, *(elsewhere.contents if elsewhere else ())]
            twin = next((c for c in others if _same_payments(c, content)), None)
            if twin is None:
                self.contents.append(content)
                self.sheets += [s for s in ledger.sheets if s.sha256 == content.sha256]
                continue
            self.refused.append(
                FileRefused(
                    file=content.name,
                    because=f"It holds the same payments as {twin.name}: they were counted once.",
                )
            )


def _same_payments(one: ContentRead, other: ContentRead) -> bool:
    return one.sha256 == other.sha256 or one.fingerprint == other.fingerprint


def make_review(plan: Plan, on_step: Step = lambda step, done, of: None) -> Reviewed:
    """Make the review that a plan describes.

    Args:
        plan: The ledgers and what to review them with.
        on_step: Told the step's name, how much is done, and of how much.

    Raises:
        NotALedger: no file could be read as a ledger; the sentence says why.
        section54.engine.reference.TableError: a table is missing or says too little.
    """
    _check_own_tables(plan.tables)
    tables = RiskTables.load(plan.tables)
    classifier = Classifier.load(plan.tables)
    plan.lines.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".working-", dir=plan.lines.parent) as scratch:
        progress = _Progress(on_step)
        engine = connect(plan.engine, Path(scratch), progress.beat)
        try:
            return _make(plan, engine, progress, tables, classifier)
        finally:
            engine.close()


class _Progress:
    """Says which step is at work; a beat says the same again, so that it can be stopped.

    However often it beats, it says so at most every fifth of a second: who listens may write it
    down somewhere.
    """

    def __init__(self, on_step: Step) -> None:
        self._on_step = on_step
        self._last: tuple[str, int, int] | None = None
        self._said = 0.0

    def __call__(self, step: str, done: int, of: int) -> None:
        self._last = (step, done, of)
        self._said = monotonic()
        self._on_step(step, done, of)

    def beat(self) -> None:
        """Say the last step again."""
        if self._last is not None and monotonic() - self._said >= HEARTBEAT:
            self(*self._last)


def _make(
    plan: Plan, engine: Engine, on_step: _Progress, tables: RiskTables, classifier: Classifier
) -> Reviewed:
    now = _read_all(plan, plan.ledgers, on_step, "Reading ledgers")
    before = _read_all(plan, plan.previous, on_step, "Reading the previous period", now)
    if not now.lines:
        raise NotALedger(
            " ".join(refusal.because for refusal in now.refused[:5])
            or "No ledger was given: name at least one file."
        )
    lines = engine.lines(now.lines)
    earlier = engine.lines(before.lines) if before.lines else None
    everything = lines if earlier is None else lines.union(earlier)

    on_step("Settling payees", 0, 1)
    names = _names(
        engine.rows(frames.names_seen(everything)), engine.rows(frames.numbers_seen(everything))
    )
    payees = group_payees(names, on_step.beat)
    on_step("Settling payees", 1, 1)

    kinds_of_purchase = engine.rows(frames.purchases(everything))
    decisions, assessments = _decide(kinds_of_purchase, payees, classifier, tables, on_step)

    on_step("Adding up", 0, 1)
    named = engine.table(_payee_table(payees))
    decided = engine.table(decisions)
    current = engine.keep(frames.with_decisions(lines, named, decided), plan.lines)
    past = None
    if earlier is not None:
        past = engine.keep(
            frames.with_decisions(earlier, named, decided),
            plan.lines.with_name("previous-lines.parquet"),
        )
    review = _Sums(plan, engine, payees, tables, assessments).review(now, before, current, past)
    _check_sums(review)
    review = replace(review, tables=_stamps(plan, tables, classifier))
    on_step("Adding up", 1, 1)
    return Reviewed(replace(review, lines=plan.lines), tuple(c.rejected for c in now.contents))


# Tables that a body may replace by its own; the others belong to reading and to names.
OWN_TABLES = frozenset(
    {
        "risk_points",
        "forced_labour_goods",
        "country_prevalence",
        "state_imposed",
        "next_steps",
        "prompts",
        "prompts_contacts",
        "known_suppliers",
    }
)


def _check_own_tables(own: Path | None) -> None:
    """Refuse a table that would be ignored.

    Raises:
        BadInput: the folder holds a table that cannot be replaced.
    """
    if own is None:
        return
    for path in sorted(own.glob("*.csv")):
        replaceable = path.stem in OWN_TABLES or path.stem.startswith(("category_", "categories"))
        if not replaceable:
            raise BadInput(
                f"{path.name} cannot be replaced by a table of your own: take it out of {own}."
            )


def _stamps(plan: Plan, risk: RiskTables, classifier: Classifier) -> tuple[dict[str, str], ...]:
    """Return name, version and hash of every table that had a part in the result."""
    mine = {table.name: table for table in (*risk.all, *classifier.tables)}
    for name in table_names():
        if name not in mine:
            mine[name] = load_table(name, plan.tables if name in OWN_TABLES else None)
    return tuple(mine[name].stamp() for name in sorted(mine))


def _check_sums(review: Review) -> None:
    """Make sure that no join lost or doubled a line: the lines must sum to what was read."""
    lines = sum(tier.lines for tier in review.tiers)
    amount = sum((supplier.amount for supplier in review.suppliers), ZERO)
    if lines != review.totals.read or amount != review.totals.amount:
        raise RuntimeError(
            f"{lines} lines of {amount} pounds were decided, "
            f"but {review.totals.read} of {review.totals.amount} were read"
        )


def _read_all(
    plan: Plan,
    paths: Sequence[Path | LedgerRead],
    on_step: _Progress,
    step: str,
    other: _Read | None = None,
) -> _Read:
    """Read every file, two at a time; a file that is no ledger is listed, not fatal."""
    read = _Read()
    if not paths:
        return read
    done = 0
    lock = threading.Lock()

    def beat(_: dict[str, Any]) -> None:
        with lock:
            on_step.beat()

    def one(path: Path | LedgerRead) -> LedgerRead | FileRefused:
        nonlocal done
        if isinstance(path, LedgerRead):
            return path
        try:
            result: LedgerRead | FileRefused = read_ledger(
                path,
                plan.store,
                limits=plan.limits,
                corrections=plan.corrections,
                on_progress=beat,
            )
        except NotALedger as error:
            result = FileRefused(file=path.name, because=str(error))
        with lock:
            done += 1
            on_step(step, done, len(paths))
        return result

    on_step(step, 0, len(paths))
    with ThreadPoolExecutor(READERS) as pool:
        try:
            results = list(pool.map(one, paths))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_children()
            raise
    for result in results:
        if isinstance(result, FileRefused):
            read.refused.append(result)
        else:
            read.take(result, other)
    return read


def _names(names: pa.Table, numbers: pa.Table) -> list[NameSeen]:
    numbers_of: dict[str, list[str]] = defaultdict(list)
    for name, number in zip(*(column.to_pylist() for column in numbers.columns), strict=True):
        numbers_of[name].append(number)
    return [
        NameSeen(
            name=name,
            supplier_numbers=tuple(sorted(numbers_of.get(name, ()))),
            lines=lines,
            amount=absolute,
        )
        for name, lines, absolute in zip(
            *(column.to_pylist() for column in names.columns), strict=True
        )
        if name
    ]


def _payee_table(payees: Sequence[Payee]) -> pa.Table:
    rows = [
        (name, payee.id, payee.name, payee.kind.value, redaction_of(name) is not None)
        for payee in payees
        for name in payee.names_seen
    ]
    rows.append(("", NO_NAME_ID, NO_NAME, PayeeKind.UNKNOWN.value, False))
    columns = list(zip(*rows, strict=True))
    return pa.table(
        {
            "supplier_as_written": pa.array(columns[0], pa.string()),
            "supplier_id": pa.array(columns[1], pa.string()),
            "supplier": pa.array(columns[2], pa.string()),
            "kind": pa.array(columns[3], pa.string()),
            "redacted": pa.array(columns[4], pa.bool_()),
        }
    )


Assessed = dict[tuple[str, str, str, bool], Assessment]


def _decide(
    purchases: pa.Table,
    payees: Sequence[Payee],
    classifier: Classifier,
    tables: RiskTables,
    on_step: _Progress,
) -> tuple[pa.Table, Assessed]:
    """Give each kind of purchase its category and tier."""
    written_as = {
        name: (payee.name, payee.kind, redaction_of(name) is not None)
        for payee in payees
        for name in payee.names_seen
    }
    assessed: Assessed = {}
    made: list[tuple[CategoryDecision, Tier]] = []  # each distinct decision, numbered
    number_of: dict[tuple[CategoryDecision, Tier], int] = {}
    # The same decision object comes again for the same words: looked up by what it is made of once.
    known: dict[tuple[int, PayeeKind, bool], int] = {}
    places: list[pa.Array] = []
    for batch in purchases.to_batches(max_chunksize=AT_ONCE):
        which = []
        on_step("Naming what was bought", sum(map(len, places)), purchases.num_rows)
        rows = zip(*(batch[column].to_pylist() for column in frames.PURCHASE), strict=True)
        for number, (written, description, expense_type, category, department) in enumerate(rows):
            if number % 2000 == 0:
                on_step.beat()
            name, kind, redacted = written_as.get(written, ("", PayeeKind.UNKNOWN, False))
            decision = classifier.classify(
                Purchase(
                    supplier=name if name and not redacted else written,
                    kind=kind,
                    redacted=redacted,
                    description=description,
                    expense_type=expense_type,
                    category=category,
                    department=department,
                )
            )
            place = None if redacted else known.get((id(decision), kind, redacted))
            if place is None:
                given = decision
                decision = _person_if_stated(decision, written, redacted=redacted)
                key = (decision.code, decision.variant, kind.value, redacted)
                if key not in assessed:
                    assessed[key] = assess(
                        Facts(
                            category=decision.code,
                            variant=decision.variant,
                            kind=kind,
                            redacted=redacted,
                        ),
                        tables,
                    )
                numbered = (decision, assessed[key].tier)
                place = number_of.setdefault(numbered, len(made))
                if place == len(made):
                    made.append(numbered)
                if decision is made[place][0] and decision is given:
                    # ``made`` holds this object, so that no other can come to have its number.
                    known[id(decision), kind, redacted] = place
            which.append(place)
        places.append(pa.array(which, pa.int32()))
    on_step("Naming what was bought", purchases.num_rows, purchases.num_rows)
    columns = {
        "category": pa.array([decision.code for decision, _ in made], pa.string()),
        "variant": pa.array([decision.variant for decision, _ in made], pa.string()),
        "category_reason": pa.array([decision.because for decision, _ in made], pa.string()),
        "tier": pa.array([tier.value for _, tier in made], pa.string()),
        "category_confidence": pa.array([d.confidence for d, _ in made], pa.float64()),
    }
    decided = purchases.select(list(frames.PURCHASE))
    for name, values in columns.items():
        taken = [values.take(part) for part in places]
        decided = decided.append_column(name, pa.chunked_array(taken, values.type))
    return decided, assessed


def _person_if_stated(
    decision: CategoryDecision, written: str, *, redacted: bool
) -> CategoryDecision:
    """Take a redaction that says it hides a person as a payment to a person."""
    stated = redacted and decision.code == "individuals_redacted" and redaction_is_person(written)
    return replace(decision, variant="person") if stated else decision


class _Sums:
    """The review's figures, from decided lines."""

    def __init__(
        self,
        plan: Plan,
        engine: Engine,
        payees: Sequence[Payee],
        tables: RiskTables,
        assessed: Assessed,
    ) -> None:
        self.plan, self.engine, self.tables, self.assessed = plan, engine, tables, assessed
        self.payees = {payee.id: payee for payee in payees}

    def _rows(self, expression: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.engine.rows(expression).to_pylist()
        return rows

    def review(self, now: _Read, before: _Read, lines: Any, earlier: Any | None) -> Review:
        """Return the review, without its tables' stamps."""
        cells = self.engine.held(frames.cells(lines))
        months = self._rows(frames.months(cells))
        suppliers = self._suppliers(cells, lines)
        stopped: list[SupplierResult] = []
        previous_amount = None
        previous_period = None
        if earlier is not None:
            earlier_cells = self.engine.held(frames.cells(earlier))
            then = {s.id: s for s in self._suppliers(earlier_cells, earlier)}
            suppliers = [self._changed(s, then.get(s.id)) for s in suppliers]
            paid = {s.id for s in suppliers}
            stopped = [
                replace(s, previous_amount=s.amount, amount=ZERO, change="stopped")
                for s in then.values()
                if s.id not in paid
            ]
            previous_amount = sum((s.amount for s in then.values()), ZERO)
            previous_period = _period(self._rows(frames.months(earlier_cells)))
        suppliers = _without_hidden_ids(sorted(suppliers, key=_by_risk), "")
        stopped = _without_hidden_ids(
            sorted(stopped, key=lambda s: (-s.absolute, s.name)), "stopped-"
        )
        sheets = now.sheets
        totals = Totals(
            rows=sum(s.rows for s in sheets),
            read=sum(s.read for s in sheets),
            rejected=sum(s.rejected for s in sheets),
            blank=sum(s.blank for s in sheets),
            headings=sum(s.headings for s in sheets),
            amount=sum((s.amount for s in sheets), ZERO),
            absolute=sum((s.absolute for s in suppliers), ZERO),
            dates_missing=sum(s.dates_missing for s in sheets),
        )
        period = _period(months)
        shares = self._rows(frames.sums(cells, "supplier_id", "kind", "redacted", "category"))
        return Review(
            section54=__version__,
            body=self.plan.body,
            period=period,
            previous_period=previous_period,
            totals=totals,
            previous_amount=previous_amount,
            coverage=self._coverage(shares, "absolute"),
            coverage_lines=self._coverage(shares, "lines"),
            tiers=self._tiers(cells, suppliers),
            categories=self._categories(cells, suppliers),
            suppliers=tuple(suppliers),
            stopped=tuple(stopped),
            concentration=_concentration(suppliers),
            sheets=tuple(sheets),
            previous_sheets=tuple(before.sheets),
            refused=tuple(now.refused + before.refused),
            tables=(),
            monthly=_monthly(self._rows(frames.by_month(cells)), period),
            not_known=(
                *([NO_COMPARISON] if self.plan.previous and earlier is None else []),
                *_not_known(totals, period, previous_period, months, sheets),
            ),
        )

    def _suppliers(self, cells: Any, lines: Any) -> list[SupplierResult]:
        whole = self._rows(frames.sums(cells, "supplier_id", "supplier", "kind"))
        parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in self._rows(
            frames.sums(cells, "supplier_id", "kind", "redacted", "category", "variant")
        ):
            parts[row["supplier_id"]].append(row)
        because = {
            (r["supplier_id"], r["category"], r["variant"]): r
            for r in self._rows(frames.main_reasons(lines))
        }
        return [self._supplier(row, parts[row["supplier_id"]], because) for row in whole]

    def _supplier(
        self,
        row: dict[str, Any],
        parts: list[dict[str, Any]],
        because: Mapping[tuple[str, str, str], dict[str, Any]],
    ) -> SupplierResult:
        payee = self.payees.get(row["supplier_id"])
        kind = PayeeKind(row["kind"])
        found: dict[tuple[str, str], tuple[Assessment, Decimal, Decimal, int]] = {}
        for part in parts:
            key = (part["category"], part["variant"])
            assessment = self.assessed[*key, part["kind"], part["redacted"]]
            _, amount, absolute, count = found.get(key, (assessment, ZERO, ZERO, 0))
            found[key] = (
                assessment,
                amount + part["amount"],
                absolute + part["absolute"],
                count + part["lines"],
            )
        categories = []
        for (code, variant), (assessment, amount, _, count) in sorted(
            found.items(), key=lambda item: (-item[1][2], item[0])
        ):
            reason = because[row["supplier_id"], code, variant]
            categories.append(
                SupplierCategory(
                    code=code,
                    label=self.tables.label(code),
                    variant=variant,
                    tier=assessment.tier,
                    amount=amount,
                    lines=count,
                    because=reason["because"],
                    confidence=reason["confidence"],
                )
            )
        # Of equal sums, the one with most pounds: the first, as they are in that order.
        decisive = highest(found[c.code, c.variant][0] for c in categories)
        code = next(c.code for c in categories if found[c.code, c.variant][0] is decisive)
        return SupplierResult(
            id=row["supplier_id"],
            name=row["supplier"],
            public_name=_public_name(
                row["supplier"],
                kind,
                nothing_known={code for code, _ in found} <= NOTHING_KNOWN,
            ),
            kind=kind,
            kind_because=payee.kind_because if payee else "The ledger gives no payee.",
            names_seen=payee.names_seen if payee else (),
            grouped_because=payee.grouped_because if payee else (),
            amount=row["amount"],
            absolute=row["absolute"],
            lines=row["lines"],
            first_paid=row["first"],
            last_paid=row["last"],
            assessment=decisive,
            categories=tuple(categories),
            next_step=next_step(decisive.tier, kind, code, self.plan.tables),
        )

    def _changed(self, supplier: SupplierResult, then: SupplierResult | None) -> SupplierResult:
        if then is None:
            return replace(supplier, previous_amount=ZERO, change="new")
        change = change_of(then.amount, supplier.amount)
        return replace(supplier, previous_amount=then.amount, change=change)

    def _coverage(self, shares: Sequence[dict[str, Any]], measure: str) -> Coverage:
        parts = ("all", "grouped", "unknown", "redacted", "public", "individual")
        sums = dict.fromkeys(parts, ZERO)
        for row in shares:
            value = Decimal(row[measure])
            payee = self.payees.get(row["supplier_id"])
            sums["all"] += value
            sums["grouped"] += value if payee and len(payee.names_seen) > 1 else ZERO
            sums["unknown"] += value if row["category"] == "unknown" else ZERO
            withheld = row["redacted"] and row["category"] == "individuals_redacted"
            sums["redacted"] += value if withheld else ZERO
            sums["public"] += value if row["kind"] == PayeeKind.PUBLIC_BODY else ZERO
            sums["individual"] += value if row["kind"] == PayeeKind.INDIVIDUAL else ZERO
        whole = sums["all"]

        def share(part: Decimal) -> Decimal:
            return part / whole if whole else ZERO

        return Coverage(
            grouped=share(sums["grouped"]),
            categorised=share(whole - sums["unknown"] - sums["redacted"]),
            unknown=share(sums["unknown"]),
            redacted=share(sums["redacted"]),
            public_bodies=share(sums["public"]),
            individuals=share(sums["individual"]),
        )

    def _tiers(self, cells: Any, suppliers: Sequence[SupplierResult]) -> tuple[TierResult, ...]:
        """Spend by the tier of the line; payees by their own tier."""
        rows = {row["tier"]: row for row in self._rows(frames.sums(cells, "tier"))}
        empty = {"amount": ZERO, "absolute": ZERO, "lines": 0}
        return tuple(
            TierResult(
                tier=tier,
                amount=rows.get(tier.value, empty)["amount"],
                absolute=rows.get(tier.value, empty)["absolute"],
                lines=rows.get(tier.value, empty)["lines"],
                suppliers=sum(1 for s in suppliers if s.tier is tier),
            )
            for tier in TIER_ORDER
        )

    def _categories(
        self, cells: Any, suppliers: Sequence[SupplierResult]
    ) -> tuple[CategoryResult, ...]:
        variants: dict[str, list[tuple[Decimal, Assessment]]] = defaultdict(list)
        for row in self._rows(frames.sums(cells, "category", "variant", "kind", "redacted")):
            key = (row["category"], row["variant"], row["kind"], row["redacted"])
            variants[row["category"]].append((row["absolute"], self.assessed[key]))
        leaders: dict[str, list[tuple[Decimal, str]]] = defaultdict(list)
        for supplier in suppliers:
            paid: dict[str, Decimal] = defaultdict(lambda: ZERO)
            for category in supplier.categories:
                paid[category.code] += category.amount
            for code, amount in paid.items():
                leaders[code].append((amount, supplier.public_name))
        found = []
        for row in self._rows(frames.sums(cells, "category")):
            code = row["category"]
            least = row["absolute"] * VARIANT_SHARE
            by_tier: dict[Tier, Decimal] = defaultdict(lambda: ZERO)
            for absolute, found_tier in variants[code]:
                by_tier[found_tier.tier] += absolute
            assessment = highest(a for _, a in variants[code] if by_tier[a.tier] >= least)
            names = [name for _, name in sorted(leaders[code], key=lambda x: (-x[0], x[1]))]
            found.append(
                CategoryResult(
                    code=code,
                    label=self.tables.label(code),
                    tier=assessment.tier,
                    amount=row["amount"],
                    absolute=row["absolute"],
                    lines=row["lines"],
                    suppliers=row["payees"],
                    reasons=assessment.reasons,
                    top_suppliers=tuple(names[:3]),
                )
            )
        return tuple(sorted(found, key=lambda c: (TIER_ORDER.index(c.tier), -c.absolute, c.code)))


def _public_name(name: str, kind: PayeeKind, *, nothing_known: bool) -> str:
    """Return what may be shown of a payee: never what looks like a private person's name.

    A name that may be a person's or a firm's is shown only where what was bought says more.
    """
    if kind is PayeeKind.INDIVIDUAL:
        return "Individual"
    if kind is PayeeKind.UNKNOWN and nothing_known and name != NO_NAME:
        return "Perhaps an individual,"
    return name


def _without_hidden_ids(suppliers: Sequence[SupplierResult], mark: str) -> list[SupplierResult]:
    """Number the payees whose name is not shown, in their order.

    Their lasting id is made from their name, so whoever guesses the name could confirm it.
    """
    shown: list[SupplierResult] = []
    number = 0
    for supplier in suppliers:
        if supplier.public_name == supplier.name:
            shown.append(supplier)
            continue
        number += 1
        shown.append(
            replace(
                supplier,
                id=f"person-{mark}{number:04}",
                public_name=f"{supplier.public_name} {number}",
            )
        )
    return shown


def _by_risk(supplier: SupplierResult) -> tuple[int, Decimal, Decimal, str]:
    """Order by tier, then by the pounds of the work that has that tier, then by all pounds."""
    at_tier = sum((c.amount for c in supplier.categories if c.tier is supplier.tier), ZERO)
    return (TIER_ORDER.index(supplier.tier), -at_tier, -supplier.absolute, supplier.name)


def _period(months: Sequence[dict[str, Any]]) -> tuple[date | None, date | None]:
    """Return the first and last day of the months that belong to the period.

    A date typed wrong stands alone, years away, or in a month with hardly another line: months are
    taken together while no more than a year lies between two of them, and the largest group counts.
    """
    groups: list[list[dict[str, Any]]] = []
    for row in months:
        year, month = map(int, row["month"].split("-"))
        row = {**row, "place": year * 12 + month}
        if groups and row["place"] - groups[-1][-1]["place"] <= MONTHS_APART:
            groups[-1].append(row)
        else:
            groups.append([row])
    if not groups:
        return (None, None)
    largest = max(groups, key=lambda group: sum(row["lines"] for row in group))
    least = sum(row["lines"] for row in largest) * PERIOD_SHARE
    kept = [row for row in largest if row["lines"] >= least]
    return (min(row["first"] for row in kept), max(row["last"] for row in kept))


def _monthly(
    rows: Sequence[dict[str, Any]], period: tuple[date | None, date | None]
) -> tuple[tuple[str, Tier, Decimal], ...]:
    if period[0] is None or period[1] is None:
        return ()
    first, last = f"{period[0]:%Y-%m}", f"{period[1]:%Y-%m}"
    return tuple(
        (row["month"], Tier(row["tier"]), row["amount"])
        for row in rows
        if first <= row["month"] <= last
    )


def _concentration(suppliers: Sequence[SupplierResult]) -> Concentration:
    """Say how few payees take most of the spend; only those that can be assessed count."""
    outside = (PayeeKind.PUBLIC_BODY, PayeeKind.INDIVIDUAL, PayeeKind.REDACTED)
    counted = [s for s in suppliers if s.kind not in outside and s.id != NO_NAME_ID]
    paid = sorted((max(s.amount, ZERO) for s in counted), reverse=True)
    whole = sum(paid, ZERO)

    def share(part: Decimal) -> Decimal:
        return part / whole if whole else ZERO

    running, count = ZERO, 0
    for amount in paid:
        if running >= whole * Decimal("0.8"):
            break
        running += amount
        count += 1
    large = [amount for amount in paid if amount > LARGE]
    return Concentration(
        suppliers=len(paid),
        top_1_share=share(sum(paid[:1], ZERO)),
        top_10_share=share(sum(paid[:10], ZERO)),
        suppliers_for_80_percent=count,
        over_50k=len(large),
        over_50k_share=share(sum(large, ZERO)),
    )


def _not_known(
    totals: Totals,
    period: tuple[date | None, date | None],
    previous: tuple[date | None, date | None] | None,
    months: Sequence[dict[str, Any]],
    sheets: Sequence[SheetRead],
) -> list[str]:
    found = []
    if totals.dates_missing:
        found.append(
            f"{totals.dates_missing:,} of {totals.read:,} lines have no date that could be read; "
            "they are counted, but in no month."
        )
    if period[0] is not None and period[1] is not None:
        first, last = f"{period[0]:%Y-%m}", f"{period[1]:%Y-%m}"
        stray = sum(row["lines"] for row in months if not first <= row["month"] <= last)
        if stray:
            found.append(f"{stray:,} lines are dated outside the period; they are counted.")
    if previous and all((*period, *previous)):
        length = (period[1] - period[0]).days + 1  # type: ignore[operator]
        before = (previous[1] - previous[0]).days + 1  # type: ignore[operator]
        if abs(length - before) > 0.2 * before:
            found.append(
                f"The previous period is {before} days long and this one {length}: "
                "read 'grown' and 'shrunk' with care."
            )
    found += _mixed_bases(sheets)
    found.append(
        "Where goods are made, who works for the suppliers and on what terms: a ledger does not "
        "say. What a category usually implies is used instead."
    )
    return found


def _mixed_bases(sheets: Sequence[SheetRead]) -> list[str]:
    bases = sorted({sheet.amount_basis for sheet in sheets if sheet.read})
    if len(bases) < 2:
        return []
    words = {"net": "net of VAT", "gross": "with VAT", "unknown": "without saying"}
    return [
        "The ledgers give amounts on different bases ("
        + ", ".join(words[basis] for basis in bases)
        + "): sums across them are near, not exact."
    ]
