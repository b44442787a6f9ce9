"""Run every rule of the house that needs no data: style, types, import directions.

.venv/bin/python tools/check.py
"""

import os
import subprocess
import sys
from pathlib import Path


ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
CHECKS = (
    ("style", ["ruff", "check", "-q"]),
    ("format", ["ruff", "format", "--check", "-q"]),
    ("types", ["mypy"]),
    ("import directions", ["lint-imports"]),
    ("methodology page", ["python", "tools/write_risk_page.py", "--check"]),
)


def main() -> int:
    """Run each check; print a failing one's words; return 1 if any failed."""
    failed = 0
    for name, (tool, *arguments) in CHECKS:
        done = subprocess.run(  # noqa: S603 - our own tools
            [BIN / tool, *arguments],
            capture_output=True,
            text=True,
            check=False,
            # The type checker reads the website's settings.
            env={
                **os.environ,
                "SECTION54_PROFILE": "test",
                "SECTION54_DATA": str(ROOT / "build" / "check"),
            },
        )
        print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}")
        if done.returncode:
            failed = 1
            print(done.stdout, done.stderr, sep="\n")
            if name == "methodology page":
                print("Run tools/write_risk_page.py.")
    return failed


if __name__ == "__main__":
    sys.exit(main())
