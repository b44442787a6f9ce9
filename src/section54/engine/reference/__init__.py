"""Dated tables of facts and judgements: ``name.csv`` with ``name.toml`` beside it.

The TOML says what the table is (title, source, licence, retrieved, version); the SHA-256 of the
CSV says exactly which table a result was computed with. A body may put its own table of the
same name in a folder: it then replaces ours, under the body's name.
"""

import csv
import hashlib
import io
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

from section54.engine.errors import BadInput


REQUIRED = ("title", "version", "source", "licence", "retrieved", "verify", "unit")


class TableError(BadInput):
    """A reference table is missing, or does not say where it comes from."""


@dataclass(frozen=True, slots=True)
class Table:
    """One reference table: its rows as text, and where they come from.

    ``rows`` are dictionaries of column → text, in file order. ``verify`` is true where the
    content comes from memory or judgement and should be checked before anyone relies on it.
    """

    name: str
    version: str
    sha256: str
    title: str
    source: str
    licence: str
    retrieved: str
    verify: bool
    unit: str
    rows: tuple[Mapping[str, str], ...] = field(repr=False)
    changed_by: str = ""

    def by(self, column: str) -> dict[str, Mapping[str, str]]:
        """Return the rows keyed by one column (the last row wins)."""
        return {row[column]: row for row in self.rows}

    def stamp(self) -> dict[str, str]:
        """Return what a result must carry to be reproduced: name, version, hash."""
        stamp = {"name": self.name, "version": self.version, "sha256": self.sha256}
        if self.changed_by:
            stamp["changed_by"] = self.changed_by
        return stamp


def load_table(
    name: str, own: Path | None = None, shipped_in: str = "section54.engine.reference"
) -> Table:
    """Return the table called ``name``: the body's own from ``own`` if it has one, else ours.

    Args:
        shipped_in: The package that ours lies in.

    Raises:
        TableError: no such table, unreadable, or its TOML lacks a required key.
    """
    if own is not None and (own / f"{name}.csv").exists():
        data = (own / f"{name}.csv").read_bytes()
        about_file = own / f"{name}.toml"
        if not about_file.exists():
            raise TableError(
                f"{own / name}.csv needs {name}.toml beside it, to say whose table it is."
            )
        about = tomllib.loads(about_file.read_text(encoding="utf-8"))
        if not about.get("changed_by"):
            raise TableError(f"{about_file} needs changed_by = the name of who changed the table.")
        return _table(name, data, about)
    return _ours(name, shipped_in)


@cache
def _ours(name: str, shipped_in: str) -> Table:
    folder = files(shipped_in)
    try:
        data = (folder / f"{name}.csv").read_bytes()
        about = tomllib.loads((folder / f"{name}.toml").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise TableError(f"There is no reference table called {name}.") from error
    return _table(name, data, about)


def _table(name: str, data: bytes, about: Mapping[str, object]) -> Table:
    missing = [key for key in REQUIRED if key not in about]
    if missing:
        raise TableError(f"{name}.toml does not give: {', '.join(missing)}.")
    text = data.decode("utf-8-sig")
    rows: Sequence[Mapping[str, str]] = list(csv.DictReader(io.StringIO(text, newline="")))
    return Table(
        name=name,
        version=str(about["version"]),
        sha256=hashlib.sha256(data).hexdigest(),
        title=str(about["title"]),
        source=str(about["source"]),
        licence=str(about["licence"]),
        retrieved=str(about["retrieved"]),
        verify=bool(about["verify"]),
        unit=str(about["unit"]),
        rows=tuple({k: (v or "").strip() for k, v in row.items() if k} for row in rows),
        changed_by=str(about.get("changed_by", "")),
    )


def table_names() -> list[str]:
    """Return the names of all tables shipped with the engine, sorted."""
    folder = files("section54.engine.reference")
    return sorted(p.name[:-4] for p in folder.iterdir() if p.name.endswith(".csv"))
