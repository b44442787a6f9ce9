"""Run every test with full counts and write what was measured, one figure a line.

    .venv/bin/python tools/assure.py

Writes ``assurance.json``. A figure that is missing there was not measured.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path


ROOT = Path(__file__).parents[1]
TWO = [
    "-n",
    "2",
    "--dist",
    "loadfile",
    "--no-loadscope-reorder",
]  # a file at a time on each of two processors
ANSWER = ROOT / "assurance.json"


def main() -> int:
    """Run the tests in full; keep the figures; return their exit code."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.jsonl"
        started = time.monotonic()
        run = subprocess.run(  # noqa: S603 - our own tests
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TWO],
            cwd=ROOT,
            env={**os.environ, "SECTION54_FULL": "1", "SECTION54_FIGURES": str(figures)},
            capture_output=True,
            text=True,
            check=False,
        )
        print(run.stdout[-4000:], run.stderr[-2000:], sep="\n")
        found: dict[str, object] = {}
        closing = run.stdout.strip().splitlines()[-1] if run.stdout.strip() else ""
        for number, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", closing):
            found[f"tests {word}"] = int(number)
        found["tests seconds"] = round(time.monotonic() - started)
        if figures.exists():
            for line in figures.read_text(encoding="utf-8").splitlines():
                found.update(json.loads(line))
    lines = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in sorted(found.items()))
    ANSWER.write_text("{\n" + lines + "\n}\n", encoding="utf-8")
    print(f"{len(found)} figures in {ANSWER.name}")
    return run.returncode


if __name__ == "__main__":
    sys.exit(main())
