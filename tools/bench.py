"""Measure the review against yardsticks that merely read and type the same ledgers.

    .venv/bin/python tools/bench.py [--size 100k|1m|10m|all] [--narrative] [--keep FOLDER]

The yardstick is one and the same for DuckDB and Polars: read the files, type amounts and dates,
clean each distinct supplier once, group by supplier. All run as processes of their own on two
threads; start-up counts for all. Printed, as a table in Markdown: wall and processor seconds, peak
memory of the largest process, the ratios to the faster yardstick (the one with fewer processor
seconds), and growth from a million lines to ten. Never part of a test.

Ledgers are written by ``make_ledger.py`` into a temporary folder (10 million lines take 1.5 GB).
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from make_ledger import write_ledgers


# Lines → in how many files: one file a year, or one a month where a year would be too large.
SIZES = {"100k": (100_000, 1), "1m": (1_000_000, 1), "10m": (10_000_000, 12)}
THREADS = 2

# Both type every amount that the ledgers hold ("£1,234.50", "(5.00)", "5.00 CR") and both forms of
# their dates, so that their sums are those of the review.
DUCKDB = """
import sys, duckdb
con = duckdb.connect()
con.execute('set threads = THREADS')
con.execute('set enable_progress_bar = false')
con.execute(r'''
create table typed as
with lines as (
    select Supplier, "Payment Date" paid, trim(Amount) amount
    from read_csv(?, all_varchar=true, header=true, skip=1, null_padding=true)
    where Supplier is not null and Supplier <> 'Supplier'
), names as (
    select Supplier, regexp_replace(upper(trim(Supplier)), '[^A-Z0-9 ]', '', 'g') clean
    from (select distinct Supplier from lines)
)
select clean,
    case when amount like '(%' or amount like '% CR' then -1 else 1 end
    * try_cast(regexp_replace(amount, '[£,() CR]', '', 'g') as decimal(18,2)) amount,
    coalesce(try_strptime(paid, '%d/%m/%Y'), try_strptime(paid, '%d-%b-%y'))::date paid
from lines join names using (Supplier)
''', [sys.argv[1:]])
print(*con.execute('''
select count(*), sum(n), sum(total), min(first), max(last) from (
    select clean, count(amount) n, sum(amount) total, min(paid) first, max(paid) last
    from typed group by clean)
''').fetchone())
""".replace("THREADS", str(THREADS))
POLARS = r"""
import sys, polars as pl
lines = pl.concat([
    pl.scan_csv(path, has_header=True, skip_rows=1, infer_schema=False, truncate_ragged_lines=True)
    for path in sys.argv[1:]
]).select('Supplier', 'Payment Date', 'Amount').filter(
    pl.col('Supplier').is_not_null() & (pl.col('Supplier') != 'Supplier'))
names = lines.select('Supplier').unique().with_columns(
    clean=pl.col('Supplier').str.strip_chars().str.to_uppercase().str.replace_all('[^A-Z0-9 ]', ''))
amount = pl.col('Amount').str.strip_chars()
sign = pl.when(amount.str.starts_with('(') | amount.str.ends_with(' CR')).then(-1).otherwise(1)
paid = pl.col('Payment Date')
typed = lines.join(names, on='Supplier').select(
    'clean',
    amount=amount.str.replace_all('[£,() CR]', '').cast(pl.Decimal(18, 2), strict=False) * sign,
    paid=pl.coalesce(paid.str.to_date('%d/%m/%Y', strict=False),
                     paid.str.to_date('%d-%b-%y', strict=False)),
)
found = typed.group_by('clean').agg(
    n=pl.col('amount').count(), total=pl.col('amount').sum(),
    first=pl.col('paid').min(), last=pl.col('paid').max(),
).collect(engine='streaming')
print(found.height, *found.select(
    pl.col('n').sum(), pl.col('total').sum(), pl.col('first').min(), pl.col('last').max()).row(0))
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process and its children used."""

    wall: float
    cpu: float
    peak: int
    said: str


def measured(command: list[str]) -> Measured:
    """Run a command; return its seconds and the peak bytes of its largest process.

    Raises:
        SystemExit: it did not end well.
    """
    # Compiled modules are kept, as in any installation: some test machines switch that off.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment["POLARS_MAX_THREADS"] = str(THREADS)
    started = time.monotonic()
    with (
        tempfile.TemporaryFile() as said,
        subprocess.Popen(  # noqa: S603 - our own programs
            command, stdout=said, stderr=subprocess.DEVNULL, env=environment
        ) as process,
    ):
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        text = said.read().decode("utf-8", "replace").strip()
    if process.returncode:
        raise SystemExit(f"{command[:3]} ended with {process.returncode}")
    # ru_maxrss is the largest of the process and of the children it has waited for.
    return Measured(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, text)


def measure(paths: list[Path], folder: Path) -> dict[str, Measured]:
    """Measure both yardsticks and the review on the same ledgers, and check that they agree."""
    files = [str(path) for path in paths]
    found = {
        "DuckDB yardstick": measured([sys.executable, "-c", DUCKDB, *files]),
        "Polars yardstick": measured([sys.executable, "-c", POLARS, *files]),
    }
    out = folder / "out"
    found["section54 review"] = measured(
        [
            *(str(Path(sys.executable).parent / "section54"), "review", *files),
            *("--body", "Fenland Constabulary", "--out", str(out)),
        ]
    )
    totals = json.loads((out / "review.json").read_text(encoding="utf-8"))["totals"]
    for name in ("DuckDB yardstick", "Polars yardstick"):
        lines, pounds = found[name].said.split()[1:3]
        if (int(lines), pounds) != (totals["read"], totals["amount"]):
            print(f"NOT THE SAME: {name} {lines} {pounds}, review {totals}", file=sys.stderr)
    return found


def main() -> None:
    """Generate, measure, print."""
    ask = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    ask.add_argument("--size", choices=[*SIZES, "some", "all"], default="some")
    ask.add_argument("--narrative", action="store_true", help="the harder ledger")
    ask.add_argument("--keep", type=Path, help="keep the ledgers in this folder")
    given = ask.parse_args()
    chosen = {"some": ["100k", "1m"], "all": list(SIZES)}.get(given.size, [given.size])
    versions = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "polars", "pyarrow"))
    print(
        f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}; "
        f"load before: {os.getloadavg()[0]:.1f}\n"
    )
    print("| Lines | What | Wall s | CPU s | Peak MB | × wall | × CPU |")
    print("|---|---|--:|--:|--:|--:|--:|")
    # A first run compiles the modules; it is not measured.
    measured([str(Path(sys.executable).parent / "section54"), "review", "--help"])
    reviews: dict[str, Measured] = {}
    about = []
    for size in chosen:
        with tempfile.TemporaryDirectory() as folder:
            ledgers = (given.keep or Path(folder)) / f"{size}{'-narrative' * given.narrative}"
            lines, files = SIZES[size]
            paths = sorted(ledgers.glob("*.csv")) or write_ledgers(
                ledgers, lines, files=files, narrative=given.narrative
            )
            about.append(json.loads((ledgers / "about.json").read_text(encoding="utf-8")))
            found = measure(paths, Path(folder))
        reviews[size] = found["section54 review"]
        best = min((m for name, m in found.items() if "yardstick" in name), key=lambda m: m.cpu)
        for name, used in found.items():
            print(
                f"| {lines:,} | {name} | {used.wall:.1f} | {used.cpu:.1f} | {used.peak / 1e6:,.0f} "
                f"| {used.wall / best.wall:.1f} | {used.cpu / best.cpu:.1f} |",
                flush=True,
            )
    if {"1m", "10m"} <= reviews.keys():
        one, ten = reviews["1m"], reviews["10m"]
        print(
            f"\nGrowth from 1M to 10M lines: {ten.wall / one.wall:.1f} times the wall time, "
            f"{ten.cpu / one.cpu:.1f} times the processor time."
        )
    print()
    for ledger in about:
        print(
            f"{ledger['lines']:,} lines: {ledger['bytes'] / 1e6:,.0f} MB, "
            f"{ledger['names']:,} names as written, {ledger['texts']:,} distinct descriptions with "
            f"their account and service, {ledger['purchases']:,} distinct purchases."
        )
    if given.size == "all":
        chain = Path(__file__).with_name("bench_chain.py")
        print(f"\n{measured([sys.executable, str(chain)]).said}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
