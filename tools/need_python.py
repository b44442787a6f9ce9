"""Say in one sentence when this Python is too old or too new for Section54."""

import sys


if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(
        "Section54 needs Python 3.11, 3.12 or 3.13, and this is "
        f"{sys.version.split()[0]}: run make again with PYTHON=python3.11."
    )
