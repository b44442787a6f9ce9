"""Measure the review against a yardstick that merely reads and types the same file.

    .venv/bin/python tools/bench.py [LINES]

The yardstick is DuckDB: read the file, type amounts and dates, clean each distinct supplier, group
by supplier. Both run as processes of their own; start-up counts for both. Printed: wall and
processor seconds, peak memory of the largest process, and the ratio. Never part of a test.
"""

import csv
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path


YARDSTICK = """
import sys, duckdb
con = duckdb.connect()
con.execute('''
create table typed as
select s.clean, try_cast(replace(replace(replace(l.Amount, '£', ''), ',', ''), ' ', '')
       as decimal(18,2)) as amount, try_strptime(l."Payment Date", '%d/%m/%Y') as paid
from read_csv(?, all_varchar=true) l
join (select Supplier, regexp_replace(upper(trim(Supplier)), '[^A-Z0-9 ]', '', 'g') as clean
      from (select distinct Supplier from read_csv(?, all_varchar=true))) s using (Supplier)
''', [sys.argv[1], sys.argv[1]])
print(con.execute('select count(*), sum(total) from (select clean, sum(amount) total '
                  'from typed group by clean)').fetchone())
"""
TRADES = (
    *("Cleaning", "Security", "Software", "Catering", "Motors", "Electrical", "Training"),
    *("Recruitment", "Legal"),
)
PLACES = (
    *("Ely", "March", "Wisbech", "Soham", "Chatteris", "Ramsey", "Whittlesey", "Littleport"),
    *("Burwell", "Over"),
)
WHAT = (
    "Office cleaning",
    "Guarding of premises",
    "Software licences",
    "Vehicle parts",
    "Agency staff",
    "Building repairs",
    "Legal fees",
    "Training course",
    "Uniform",
    "Electricity",
)


def write_ledger(path: Path, lines: int, seed: int = 54) -> None:
    """Write a fictional ledger with realistic mess: £ and commas, credits, spellings, quotes."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    payees = []
    for number in range(max(200, lines // 120)):
        name = f"{chance.choice(PLACES)} {chance.choice(TRADES)} {number}"
        payees.append([f"{name} Ltd", f"{name} LIMITED", f"{name.upper()} LTD", f"{name}, Ltd."])
    start = date(2025, 4, 1)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["Body", "Payment Date", "Supplier", "Expense Type", "Description", "Ref", "Amount"]
        )
        for number in range(lines):
            pounds = round(chance.lognormvariate(6, 1.6), 2)
            amount = f"£{pounds:,.2f}" if chance.random() < 0.5 else f"{pounds:.2f}"
            if chance.random() < 0.02:
                amount = f"-{amount}"
            what = chance.choice(WHAT)
            day = start + timedelta(days=chance.randrange(365))
            writer.writerow(
                [
                    "Fenland Constabulary",
                    f"{day:%d/%m/%Y}",
                    chance.choice(chance.choice(payees)),
                    what,
                    f"{what}, site {chance.randrange(400)}",
                    100000 + number,
                    amount,
                ]
            )


def measured(command: list[str]) -> tuple[float, float, int]:
    """Run a command; return wall seconds, processor seconds, peak bytes of the largest process."""
    started = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own program
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    # ru_maxrss is the largest of the process and of the children it has waited for.
    return time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def main() -> None:
    """Generate, measure, print."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        ledger = Path(folder) / "ledger.csv"
        write_ledger(ledger, lines)
        size = ledger.stat().st_size / 1e6
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        print(f"{lines:,} lines, {size:.0f} MB")
        yard = measured([sys.executable, "-c", YARDSTICK, str(ledger)])
        ours = measured(
            [
                str(Path(sys.executable).parent / "section54"),
                *("review", str(ledger), "--body", "Fenland Constabulary"),
                *("--out", str(Path(folder) / "out")),
            ]
        )
    for name, (wall, spent, peak) in (("DuckDB yardstick", yard), ("section54 review", ours)):
        print(f"{name}: {wall:.1f} s, {spent:.1f} CPU s, peak {peak / 1e6:,.0f} MB")
    print(f"ratio: {ours[0] / yard[0]:.1f} wall, {ours[1] / yard[1]:.1f} CPU")


if __name__ == "__main__":
    main()
