"""Corrections that a person made to a publisher's columns, remembered for its next ledger.

A small JSON file: publisher → layout (its headings in one line, or ``*`` for any) → role → column.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from section54.engine.errors import BadInput


ANY_LAYOUT = "*"
Corrections = dict[str, dict[str, str]]


class CorrectionError(BadInput):
    """A correction, or the file of corrections, cannot be used; the message says what to do."""


def parse_corrections(given: tuple[str, ...]) -> dict[str, str]:
    """Turn ``role=column`` into a mapping.

    Raises:
        CorrectionError: there is no equals sign.

    >>> parse_corrections(("supplier=Vendor", "date=C"))
    {'supplier': 'Vendor', 'date': 'C'}
    """
    found = {}
    for text in given:
        role, equals, column = text.partition("=")
        if not equals:
            raise CorrectionError(
                f"--column takes a role and a column, as in --column supplier=C, not {text!r}."
            )
        found[role.strip()] = column.strip()
    return found


def recall(memory: Path, publisher: str) -> Corrections:
    """Return what is remembered for a publisher: layout → (role → column).

    Raises:
        CorrectionError: the file is not ours or is damaged.
    """
    kept = _load(memory)
    wanted = _same(publisher)
    known = next((name for name in kept if _same(name) == wanted), None)
    return {layout: dict(roles) for layout, roles in kept.get(known or "", {}).items()}


def _same(publisher: str) -> str:
    """Return a publisher's name without regard to case and spaces."""
    return " ".join(publisher.casefold().split())


def remember(memory: Path, publisher: str, layout: str, roles: Mapping[str, str]) -> None:
    """Keep a correction for a publisher's layout; what was kept for the same roles is replaced.

    Raises:
        CorrectionError: the file is not ours or is damaged.
    """
    kept = _load(memory)
    publisher = next((name for name in kept if _same(name) == _same(publisher)), publisher)
    kept.setdefault(publisher, {}).setdefault(layout, {}).update(roles)
    memory.parent.mkdir(parents=True, exist_ok=True)
    partial = memory.with_name(f"{memory.name}.{os.getpid()}.part")
    text = json.dumps(kept, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    partial.write_text(text, encoding="utf-8")
    partial.replace(memory)


def _load(memory: Path) -> dict[str, Corrections]:
    if not memory.exists():
        return {}
    try:
        kept = json.loads(memory.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CorrectionError(
            f"{memory} is damaged: delete it and make the corrections again."
        ) from error
    layouts = list(kept.values()) if isinstance(kept, dict) else [None]
    if not all(
        isinstance(by_layout, dict) and all(isinstance(roles, dict) for roles in by_layout.values())
        for by_layout in layouts
    ):
        raise CorrectionError(f"{memory} does not hold corrections: name another file.")
    found: dict[str, Corrections] = kept
    return found
