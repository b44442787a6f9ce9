"""Read every ledger in a folder and say how well: per file and sheet, and against the truth by eye.

    .venv/bin/python tools/ledgers_report.py [FOLDER] [--markdown FILE] [--without-headings]

FOLDER (``../shared/data/spend`` if not given) holds ledgers as published. The column truth
(``tests/engine/ledgers/truth/columns.json``, by each file's SHA-256) was written by hand before the
reader was tuned; a file without an entry there is read and listed, but not counted for or against.

A file *needs no correction* when who was paid, how much and when were found in the right columns,
the lines and their total agree with the truth to the penny, and what is no ledger was refused.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from string import ascii_uppercase
from time import monotonic
from typing import Any

from section54.engine.intake.gate import Kind, NotALedger, open_file
from section54.engine.intake.limits import OWN_LEDGERS
from section54.engine.ledgers.columns import AMOUNT_ROLES, Layout, heading_words
from section54.engine.ledgers.reader import LedgerRead, read_ledger
from section54.engine.ledgers.sheet import Grid, NoLayoutError, read_sheet
from section54.engine.ledgers.spreadsheets import sheets_of
from section54.engine.ledgers.text import decode, find_delimiter, lines_of, records
from section54.engine.result import SheetRead


PROJECT = Path(__file__).parents[1]
SPEND = PROJECT.parent / "shared/data/spend"
TRUTH = PROJECT / "tests/engine/ledgers/truth/columns.json"
HARD = ("supplier", "amount", "date")
NOT_ROLES = ("amount_basis", "amount_net", "amount_gross")
MODES = {"removed": "the heading row removed", "meaningless": "each heading replaced by “Field n”"}

Entry = Mapping[str, Any]


@dataclass(slots=True)
class Judged:
    """One file: what was read, and where it differs from the truth.

    Attributes:
        hard: Differences that a person would have to correct.
        soft: Differences in the other columns (description, department …).
        soft_checked: How many other columns the truth speaks of.
        known: Whether the truth has an entry for the file.
    """

    file: str
    read: LedgerRead | None = None
    refusal: str = ""
    seconds: float = 0.0
    known: bool = False
    is_ledger: bool = True
    hard: list[str] = field(default_factory=list)
    soft: list[str] = field(default_factory=list)
    soft_checked: int = 0


def truth() -> dict[str, Entry]:
    """Return the hand-made column truth, by the SHA-256 of the file as published."""
    entries: dict[str, Entry] = json.loads(TRUTH.read_text(encoding="utf-8"))
    return entries


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ledger_files(folder: Path) -> list[Path]:
    """Return every file under a folder, sorted, but for hidden ones."""
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))


def letter(index: int | None) -> str:
    """Return a column's spreadsheet letter, or a dash for no column."""
    if index is None:
        return "–"
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = ascii_uppercase[rest] + name
    return name


def compare(entry: Entry, judged: Judged) -> None:
    """Write on ``judged`` every difference between what was read and what the truth says."""
    judged.known = True
    judged.is_ledger = entry["verdict"] == "ledger"
    if not judged.is_ledger:
        if judged.read is not None and any(sheet.read for sheet in judged.read.sheets):
            judged.hard.append("should be refused")
        return
    if judged.read is None:
        judged.hard.append(f"refused: {judged.refusal}")
        return
    found = {sheet.sheet: sheet for sheet in judged.read.sheets}
    for known in entry["sheets"]:
        sheet = found.pop(known["sheet"], None)
        if known["verdict"] != "ledger":
            if sheet is not None and sheet.read:
                judged.hard.append(f"{_at(known)}is no ledger, but {sheet.read} lines read")
        elif sheet is None or not sheet.read:
            judged.hard.append(f"{_at(known)}is a ledger, but was not read")
        else:
            _compare_columns(known, _columns(sheet), judged)
            _compare_sums(known, sheet.read, sheet.amount, judged)
    judged.hard += [f"{name}: a sheet the truth does not know" for name in found]


def _columns(sheet: SheetRead) -> dict[str, int]:
    columns = {column.role: column.index for column in sheet.columns}
    return _with_amount(columns)


def _with_amount(columns: dict[str, int]) -> dict[str, int]:
    """Call the amount column that a review uses ``amount``, whatever its basis."""
    amount = next((columns[role] for role in AMOUNT_ROLES if role in columns), None)
    others = {role: index for role, index in columns.items() if role not in AMOUNT_ROLES}
    return others if amount is None else {**others, "amount": amount}


def _compare_columns(known: Entry, columns: Mapping[str, int], judged: Judged) -> None:
    accepted = {
        role: [index, *known["also_ok"].get(role, [])]
        for role, index in known["columns"].items()
        if role not in NOT_ROLES
    }
    for role, indexes in accepted.items():
        got = columns.get(role)
        if role not in HARD:
            judged.soft_checked += 1
        if got not in indexes:
            wanted = " or ".join(letter(index) for index in indexes)
            difference = f"{_at(known)}{role} is {wanted}, found {letter(got)}"
            (judged.hard if role in HARD else judged.soft).append(difference)
    for role, index in columns.items():
        if role not in accepted and index not in known["also_ok"].get(role, []):
            difference = f"{_at(known)}no {role} column, found {letter(index)}"
            (judged.hard if role in HARD else judged.soft).append(difference)


def _at(known: Entry) -> str:
    return f"{known['sheet']}: " if known["sheet"] else ""


def _compare_sums(known: Entry, lines: int, amount: Decimal, judged: Judged) -> None:
    if lines not in (known["data_rows"], *known.get("data_rows_also_ok", [])):
        judged.hard.append(f"{_at(known)}{known['data_rows']} lines, read {lines}")
    if amount != Decimal(known["amount_total"]):
        judged.hard.append(f"{_at(known)}total {known['amount_total']}, read {amount}")


def judge(path: Path, folder: Path, store: Path, entries: Mapping[str, Entry]) -> Judged:
    """Read one file in a child process, as a review does, and compare it with the truth."""
    judged = Judged(file=path.relative_to(folder).as_posix())
    start = monotonic()
    try:
        judged.read = read_ledger(path, store)
    except NotALedger as refusal:
        judged.refusal = str(refusal)
    judged.seconds = monotonic() - start
    entry = entries.get(sha256(path))
    if entry is not None:
        compare(entry, judged)
    return judged


# --- the words ---------------------------------------------------------------------------------


def sheet_words(judged: Judged, sheet: SheetRead) -> str:
    """Return what became of one sheet, in a few lines of text."""
    name = f"  {sheet.sheet}: " if sheet.sheet else "  "
    gap = sheet.column_total - sheet.amount
    encoding = f", {sheet.encoding}, {sheet.delimiter}" if sheet.encoding else ""
    columns = ", ".join(
        f"{column.role} {letter(column.index)} {column.confidence:.2f}" for column in sheet.columns
    )
    return (
        f"{name}{sheet.rows:,} rows = {sheet.read:,} read + {sheet.rejected:,} rejected + "
        f"{sheet.blank:,} blank + {sheet.headings:,} headings; £{sheet.amount:,} "
        f"({sheet.amount_basis}); column total gap £{gap:,}; "
        f"{sheet.dates_missing:,} dates missing{encoding}\n    {columns}"
    )


def file_words(judged: Judged) -> Iterator[str]:
    """Yield what became of one file, line by line."""
    if judged.read is None:
        yield f"{judged.file}  REFUSED ({judged.seconds:.1f} s): {judged.refusal}"
    else:
        memory = judged.read.peak_bytes / 1e6
        yield f"{judged.file}  ({judged.seconds:.1f} s, {memory:.0f} MB)"
        for sheet in judged.read.sheets:
            yield sheet_words(judged, sheet)
        for refusal in judged.read.refused:
            yield f"  not read: {refusal.file}: {refusal.because}"
    for difference in judged.hard:
        yield f"  NEEDS A CORRECTION  {difference}"
    for difference in judged.soft:
        yield f"  other column  {difference}"
    if not judged.known:
        yield "  (not in the column truth)"


def figures(everything: Iterable[Judged]) -> list[str]:
    """Return the figures of a whole folder, a sentence each."""
    files = list(everything)
    known = [f for f in files if f.known]
    ledgers = [f for f in known if f.is_ledger]
    good = sum(not f.hard for f in ledgers)
    others = [f for f in known if not f.is_ledger]
    soft, checked = sum(len(f.soft) for f in known), sum(f.soft_checked for f in known)
    sheets = [s for f in files if f.read for s in f.read.sheets]
    words = [f"{len(files)} files, {len(known)} of them in the column truth."]
    if ledgers:
        words.append(
            f"{len(ledgers)} are ledgers: {good} need no correction ({good / len(ledgers):.1%})."
        )
    if others:
        refused = sum(not f.hard for f in others)
        words.append(f"{len(others)} are no ledgers: {refused} refused.")
    if checked:
        words.append(f"Other columns: {checked} in the truth, {soft} differences.")
    words.append(
        f"{sum(s.rows for s in sheets):,} rows = {sum(s.read for s in sheets):,} read + "
        f"{sum(s.rejected for s in sheets):,} rejected + {sum(s.blank for s in sheets):,} blank + "
        f"{sum(s.headings for s in sheets):,} headings."
    )
    if files:
        slowest = max(files, key=lambda f: f.seconds)
        words.append(f"Slowest: {slowest.file}, {slowest.seconds:.1f} s.")
        largest = max(files, key=lambda f: f.read.peak_bytes if f.read else 0)
        peak = largest.read.peak_bytes / 1e6 if largest.read else 0
        words.append(f"Most memory: {largest.file}, {peak:.0f} MB.")
    return words


def markdown(everything: Iterable[Judged]) -> str:
    """Return the report as a Markdown table, one row a sheet, with the figures above it."""
    files = list(everything)
    lines = ["# Ledgers read", "", *(f"- {sentence}" for sentence in figures(files)), ""]
    lines += [
        (
            "| File | Sheet | Rows | Read | Rejected | Blank | Headings | Total £ | Gap £ "
            "| No date | Supplier | Amount | Date | Encoding | Seconds | Result |"
        ),
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|---|---|---|---|--:|---|",
    ]
    for judged in files:
        result = "; ".join(judged.hard) or ("ok" if judged.known else "not in the truth")
        if judged.read is None:
            lines.append(
                f"| {judged.file} |{' |' * 13} {judged.seconds:.1f} | "
                f"refused ({result}): {_cell(judged.refusal)} |"
            )
            continue
        for sheet in judged.read.sheets:
            lines.append(
                f"| {judged.file} | {_cell(sheet.sheet)} | {sheet.rows:,} | {sheet.read:,} "
                f"| {sheet.rejected:,} | {sheet.blank:,} | {sheet.headings:,} | {sheet.amount:,} "
                f"| {sheet.column_total - sheet.amount:,} | {sheet.dates_missing:,} "
                f"| {' | '.join(_found(sheet, role) for role in HARD)} | {sheet.encoding} "
                f"| {judged.seconds:.1f} | {_cell(result)} |"
            )
    return "\n".join(lines) + "\n"


def _found(sheet: SheetRead, role: str) -> str:
    wanted = AMOUNT_ROLES if role == "amount" else (role,)
    column = next((c for r in wanted for c in sheet.columns if c.role == r), None)
    if column is None:
        return "–"
    return f"{letter(column.index)} {column.confidence:.2f}"


def _cell(text: str) -> str:
    return text.replace("|", "¦").replace("\n", " ")


# --- the experiment ----------------------------------------------------------------------------


def without_headings(path: Path, entry: Entry, mode: str) -> list[str]:
    """Read a ledger after taking its headings away; return what was then found wrongly.

    Only who was paid, how much, when, and the sums are looked at. ``mode`` is a key of ``MODES``.
    """
    wrong = Judged(file=path.name)
    for content in open_file(path, OWN_LEDGERS):
        if content.kind is Kind.TEXT:
            text, _ = decode(content.data)
            sheets = [("", list(records(lines_of(text), find_delimiter(text))))]
        else:
            sheets = [(sheet.name, sheet.rows) for sheet in sheets_of(content.data, path.name)]
        for name, rows in sheets:
            known = next(s for s in entry["sheets"] if s["sheet"] == name)
            if known["verdict"] != "ledger":
                continue
            header = known["header_record"] - 1
            if mode == "removed":
                rows = rows[header + 1 :]
            else:
                rows[header] = [f"Field {n}" for n in range(1, len(rows[header]) + 1)]
            try:
                outcome = read_sheet(Grid(rows), source="", sheet=name, words=heading_words())
            except NoLayoutError as error:
                wrong.hard.append(f"{_at(known)}refused: {error}")
                continue
            _compare_columns(known, _roles(outcome.layouts[0]), wrong)
            _compare_sums(known, outcome.read, outcome.amount, wrong)
    return wrong.hard


def _roles(layout: Layout) -> dict[str, int]:
    return _with_amount({column.role: column.index for column in layout.columns})


def experiment(files: Iterable[Path], entries: Mapping[str, Entry]) -> None:
    """Print how many ledgers are still read rightly when their headings say nothing."""
    known = [
        (path, entry)
        for path in files
        if (entry := entries.get(sha256(path))) and entry["verdict"] == "ledger"
    ]
    for mode, words in MODES.items():
        good = 0
        for path, entry in known:
            wrong = without_headings(path, entry, mode)
            good += not wrong
            if wrong:
                print(f"  {entry['file']}: {'; '.join(wrong)}")
        if known:
            share = good / len(known)
            print(f"With {words}: {good} of {len(known)} ledgers need no correction ({share:.1%}).")


def main(arguments: list[str] | None = None) -> int:
    """Read the folder, print the report; return 1 where there is nothing to read."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", nargs="?", type=Path, default=SPEND)
    parser.add_argument("--markdown", type=Path, help="write the report as Markdown to this file")
    parser.add_argument(
        "--without-headings",
        action="store_true",
        help="only measure how well columns are found by what stands in them",
    )
    given = parser.parse_args(arguments)
    if not given.folder.is_dir():
        print(
            f"There is no folder {given.folder}: name a folder of ledgers, as in "
            "tools/ledgers_report.py my/ledgers (the figures of docs/ledgers.md are from "
            "shared/data/spend, which is not part of the project)."
        )
        return 1
    files = ledger_files(given.folder)
    if not files:
        print(f"{given.folder} holds no files: put ledgers in it, or name another folder.")
        return 1
    entries = truth()
    if given.without_headings:
        experiment(files, entries)
        return 0
    everything = []
    with tempfile.TemporaryDirectory() as store:
        for path in files:
            judged = judge(path, given.folder, Path(store), entries)
            everything.append(judged)
            print("\n".join(file_words(judged)), flush=True)
    print("", *figures(everything), sep="\n")
    if given.markdown:
        given.markdown.write_text(markdown(everything), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
