"""The whole job: the fictional force's ledgers in, and a review that agrees with the truth."""

import json
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from section54.engine.ledgers.lines import LEDGER_SCHEMA
from section54.engine.reports.json_file import write_json
from section54.engine.review import Plan, make_review
from section54.engine.risk.model import TIER_ORDER, Tier
from section54.engine.samples import BODY, truth, write_samples


REQUIRED_COLUMNS = {
    *("source", "sheet", "row", "date", "supplier_as_written", "supplier_id", "supplier"),
    *("amount", "description", "category", "category_confidence", "category_reason"),
    *("tier", "redacted"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fenland")


@pytest.fixture(scope="module")
def fenland(folder):
    """A review of the samples, and the truth about them."""
    ledgers = write_samples(folder / "ledgers")
    previous = sorted((folder / "ledgers" / "previous").iterdir())
    steps: list[tuple[str, int, int]] = []
    made = make_review(
        Plan(
            ledgers=ledgers,
            previous=previous,
            body=BODY,
            store=folder / "store",
            lines=folder / "lines.parquet",
        ),
        lambda *step: steps.append(step),
    )
    return made.review, truth(), steps


@pytest.fixture(scope="module")
def lines(fenland, folder):
    return pq.read_table(folder / "lines.parquet")


def test_every_sheet_is_accounted_for_as_the_truth_says(fenland):
    review, known, _ = fenland
    expected = {
        (Path(s.file).name, s.sheet): (s.rows, s.read, s.rejected, s.blank, s.headings)
        for s in known.sheets
    }
    found = {
        (s.file, s.sheet): (s.rows, s.read, s.rejected, s.blank, s.headings) for s in review.sheets
    }
    assert found == expected
    for sheet in review.sheets:
        assert sheet.rows == sheet.read + sheet.rejected + sheet.blank + sheet.headings


def test_the_pounds_agree_to_the_penny(fenland):
    review, known, _ = fenland
    assert review.totals.amount == known.amount
    assert review.previous_amount == known.previous_amount
    totals = {(Path(s.file).name, s.sheet): s.column_total for s in known.sheets if s.is_ledger}
    for sheet in review.sheets:
        if (sheet.file, sheet.sheet) in totals:
            assert sheet.column_total == totals[sheet.file, sheet.sheet]


def test_every_line_stands_where_the_truth_says_with_its_amount_and_day(fenland, lines):
    review, known, _ = fenland
    file_of = {(s.sha256, s.sheet): s.file for s in review.sheets}
    found = {
        (file_of[row["source"], row["sheet"]], row["sheet"], row["row"]): (
            row["amount"],
            row["date"],
        )
        for row in lines.select(["source", "sheet", "row", "amount", "date"]).to_pylist()
    }
    expected = {(Path(x.file).name, x.sheet, x.row): (x.amount, x.day) for x in known.lines}
    assert found == expected


def test_lines_keep_the_promised_columns_and_types(lines):
    assert set(lines.schema.names) >= REQUIRED_COLUMNS
    for field in LEDGER_SCHEMA:
        assert lines.schema.field(field.name).type == field.type


def test_spellings_settle_into_the_true_payees(fenland, figure):
    """Pairs of spellings: together when the truth has them together, apart when it does not."""
    review, known, _ = fenland
    payee_of = {name: s.id for s in (*review.suppliers, *review.stopped) for name in s.names_seen}
    together = apart = wrong_apart = wrong_together = 0
    owner = {}
    for payee in known.payees:
        spellings = {*payee.spellings, *payee.previous_spellings} & payee_of.keys()
        ids = {payee_of[name] for name in spellings}
        together += len(spellings) - 1 if spellings else 0
        wrong_apart += len(ids) - 1 if ids else 0
        for each in ids:
            apart += 1
            wrong_together += owner.setdefault(each, payee.name) != payee.name
    figure("fenland spellings joined", f"{together - wrong_apart} of {together}")
    figure("fenland payees wrongly joined", f"{wrong_together} of {apart}")
    assert wrong_together <= apart * 0.005
    assert wrong_apart <= together * 0.03


def test_categories_agree_with_the_truth_by_line_and_by_pounds(fenland, lines, figure):
    review, known, _ = fenland
    file_of = {(s.sha256, s.sheet): s.file for s in review.sheets}
    category = {
        (file_of[r["source"], r["sheet"]], r["sheet"], r["row"]): r["category"]
        for r in lines.select(["source", "sheet", "row", "category"]).to_pylist()
    }
    right = pounds = Decimal(0)
    whole = sum(abs(line.amount) for line in known.lines)
    for line in known.lines:
        if category[Path(line.file).name, line.sheet, line.row] in (line.code, *line.also):
            right += 1
            pounds += abs(line.amount)
    figure("fenland categories right by line", round(float(right / len(known.lines)), 3))
    figure("fenland categories right by pounds", round(float(pounds / whole), 3))
    assert right / len(known.lines) >= Decimal("0.9")
    assert pounds / whole >= Decimal("0.9")


def test_the_worked_suppliers_have_the_tiers_agreed(fenland):
    review, _, _ = fenland
    by_name = {s.name: s for s in review.suppliers}

    def tier(start):
        found = (
            [by_name[start]]
            if start in by_name
            else [s for name, s in by_name.items() if name.lower().startswith(start.lower())]
        )
        assert len(found) == 1, (start, [s.name for s in found])
        return found[0].tier.value, found[0].assessment.points

    assert tier("Fenland Contract Cleaning") == ("high", 7)
    assert tier("Ouse Guarding") == ("high", 7)
    assert tier("Isle Software") == ("low", 1)
    assert tier("Denny Body Shop") == ("medium", 3)
    assert tier("March Uniforms") == ("high", 8)
    assert tier("Soham Recruitment") == ("medium", 4)
    assert tier("Ely County Council") == ("not_applicable", None)
    assert tier("Littleport Print") == ("low", 1)  # the upheld breach is not in a ledger
    assert tier("Wisbech Growers")[0] == "high"
    assert tier("THIRD PARTY") == ("unknown", None)


def test_changes_name_the_payees_that_are_new_and_stopped(fenland):
    review, known, _ = fenland
    stopped = {n for s in review.stopped for n in s.names_seen}
    for payee in known.stopped:
        assert stopped & set(payee.previous_spellings), payee.name
    new = {n for s in review.suppliers if s.change == "new" for n in s.names_seen}
    missing = [p.name for p in known.new if not new & set(p.spellings)]
    assert len(missing) <= len(known.new) * 0.05, missing


def test_coverage_and_tiers_add_up(fenland):
    review, _, _ = fenland
    for cover in (review.coverage, review.coverage_lines):
        assert cover.categorised + cover.unknown + cover.redacted == pytest.approx(1)
    assert sum(t.absolute for t in review.tiers) == review.totals.absolute
    assert sum(t.lines for t in review.tiers) == review.totals.read
    assert sum(c.amount for c in review.categories) == review.totals.amount
    assert sum(s.amount for s in review.suppliers) == review.totals.amount
    for supplier in review.suppliers:
        assert sum(c.amount for c in supplier.categories) == supplier.amount
        assert sum(c.lines for c in supplier.categories) == supplier.lines


def test_suppliers_are_ranked_by_risk_and_then_pounds_of_the_work_that_has_it(fenland):
    review, _, _ = fenland
    ranks = [
        (TIER_ORDER.index(s.tier), -sum(c.amount for c in s.categories if c.tier is s.tier))
        for s in review.suppliers
    ]
    assert ranks == sorted(ranks)


def test_nobody_private_is_named_in_what_may_be_shared(fenland, folder):
    review, known, _ = fenland
    write_json(review, folder / "review.json")
    shared = (folder / "review.json").read_text(encoding="utf-8").lower()
    named = [p for p in known.paid if p.kind.value == "individual"]
    assert named
    shown = [s for p in named for s in p.spellings if s.lower() in shared]
    assert len(shown) <= len(named) * 0.05, shown


def test_the_period_is_the_year_and_months_are_in_it(fenland):
    review, _, _ = fenland
    assert review.period[0] >= date(2025, 4, 1)
    assert review.period[1] <= date(2026, 3, 31)
    assert {month for month, _, _ in review.monthly} == {
        *(f"2025-{m:02}" for m in range(4, 13)),
        *(f"2026-{m:02}" for m in range(1, 4)),
    }


def test_every_result_names_its_tables_with_version_and_hash(fenland):
    review, _, _ = fenland
    names = [stamp["name"] for stamp in review.tables]
    assert len(names) == len(set(names))
    assert {"categories", "risk_points", "category_traits", "ledger_headers"} <= set(names)
    assert all(len(stamp["sha256"]) == 64 for stamp in review.tables)


def test_progress_counts_up_to_the_end_of_each_step(fenland):
    *_, steps = fenland
    last = {}
    for step, done, of in steps:
        assert done >= last.get(step, (0, 0))[0]
        last[step] = (done, of)
    assert {"Reading ledgers", "Settling payees", "Naming what was bought"} <= set(last)
    assert all(done == of for done, of in last.values())


def test_ids_stay_when_ledgers_are_added_but_for_names_that_were_cut_off(fenland, folder):
    """The first quarter's workbook cuts no name; a name cut off elsewhere cannot be known alone."""
    review, *_ = fenland
    first = sorted((folder / "ledgers").glob("*.csv"))[:2]
    part = make_review(
        Plan(ledgers=first, body=BODY, store=folder / "store", lines=folder / "part.parquet")
    ).review
    whole = {name: s.id for s in review.suppliers for name in s.names_seen}
    named = [s for s in part.suppliers if s.public_name == s.name]  # others are only numbered
    uncut = [(n, s.id) for s in named for n in s.names_seen if len(n) < 30]
    moved = [name for name, payee in uncut if whole[name] != payee]
    assert len(uncut) > 250
    assert len(moved) <= len(uncut) * 0.01, moved


def test_unknown_spend_never_counts_as_low(fenland, lines):
    tiers = defaultdict(set)
    for row in lines.select(["category", "tier"]).to_pylist():
        tiers[row["category"]].add(row["tier"])
    assert tiers["unknown"] <= {Tier.UNKNOWN.value}


def test_the_json_is_what_was_agreed(fenland, folder):
    review, *_ = fenland
    write_json(review, folder / "again.json")
    data = json.loads((folder / "again.json").read_text(encoding="utf-8"))
    assert data["totals"]["rows"] == sum(
        data["totals"][k] for k in ("read", "rejected", "blank", "headings")
    )
    assert Decimal(data["totals"]["amount"]) == review.totals.amount
