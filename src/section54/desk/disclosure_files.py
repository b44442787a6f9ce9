"""A disclosure as files: two pages, two tables and JSON, for the person who answers."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from section54.desk.disclosure import Disclosure, Part
from section54.engine.reports.cells import safe_cell


COLUMNS = ("Part", "Record", "Field", "What is held", "Withhold?", "Why", "Confirmed by", "On")


def files_of(found: Disclosure) -> dict[str, bytes]:
    """Return every file of a disclosure by its name."""
    return {
        "working-copy.html": _page(found, withheld=False),
        "draft-without-what-is-marked.html": _page(found, withheld=True),
        "held.csv": _table(found.parts),
        "to-be-read.csv": _table(found.mentions),
        "everything.json": json.dumps(
            asdict(found), default=str, ensure_ascii=False, indent=1
        ).encode("utf-8", "replace"),
    }


def _table(parts: list[Part]) -> bytes:
    text = io.StringIO(newline="")
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in _rows(parts):
        writer.writerow([safe_cell(cell) for cell in row])
    return text.getvalue().encode("utf-8", "replace")


def _rows(parts: list[Part]) -> Iterator[tuple[str, ...]]:
    for part in parts:
        for record in part.records:
            for value in record.values:
                mark = "yes, unless you decide otherwise" if value.withhold else "no"
                where = (part.title, record.title, value.name, value.text)
                yield (*where, mark, value.withhold, "", "")


def _page(found: Disclosure, *, withheld: bool) -> bytes:
    page: str = _template().render(found=found, withheld=withheld)
    return page.encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _template() -> Any:
    made = Environment(
        loader=PackageLoader("section54.desk", "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return made.get_template("disclosure.html")
