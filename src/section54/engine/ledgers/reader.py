"""Read one ledger file: what it holds becomes Parquet, and what it does not is said plainly.

The work runs in a child process with limits (``section54.engine.intake.child``), because a file
of a few kilobytes can be made to ask for gigabytes. The result is kept under a name made from the
file's hash, the corrections and the reader's version, so reading the same file again costs nothing.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from section54.engine.errors import BadInput
from section54.engine.intake.child import run_in_child
from section54.engine.intake.gate import Content, Kind, NotALedger, open_file
from section54.engine.intake.limits import OWN_LEDGERS, Limits
from section54.engine.ledgers.columns import CHOSEN, HeadingWords, Layout, heading_words
from section54.engine.ledgers.lines import CODED_SCHEMA, LEDGER_SCHEMA, REJECTED_SCHEMA
from section54.engine.ledgers.pieces import as_utf8, first_text, pieces_of
from section54.engine.ledgers.sheet import Grid, NoLayoutError, SheetOutcome, read_sheet
from section54.engine.ledgers.spreadsheets import sheets_of
from section54.engine.ledgers.text import LOOKED_AT, NAMES, clean, find_delimiter
from section54.engine.ledgers.values import pennies_of
from section54.engine.result import ColumnFound, FileRefused, SheetRead


# Lines in a row group of the Parquet file: what is held as plain text at a time.
GROUP = 250_000
# Corrections under this key were typed for this run and beat what is remembered.
TYPED = "!"


@lru_cache(maxsize=1)
def reader_version() -> str:
    """Return a hash of the code that reads: other code may read the same file differently."""
    digest = hashlib.sha256()
    for package in ("section54.engine.ledgers", "section54.engine.intake"):
        for file in sorted(files(package).iterdir(), key=lambda f: f.name):
            if file.name.endswith(".py"):
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentRead:
    """One content of a file: the file itself, or a member of an archive.

    Attributes:
        sha256: Of the content; the ``source`` of its lines.
        name: The name it is shown under.
        fingerprint: The same for the same payments, whatever the format they were published in.
        lines: Parquet file of ``LEDGER_SCHEMA``.
        rejected: Parquet file of ``REJECTED_SCHEMA``.
    """

    sha256: str
    name: str
    fingerprint: str
    lines: Path
    rejected: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRead:
    """What one file gave.

    Attributes:
        file: The name the file was given under.
        sheets: What became of each sheet that is a ledger.
        refused: Sheets, members or the whole file that are no ledger, with the reason.
        contents: What was read, one a content.
        peak_bytes: Most memory the child process held; 0 when the result was kept from before.
    """

    file: str
    sheets: tuple[SheetRead, ...]
    refused: tuple[FileRefused, ...]
    contents: tuple[ContentRead, ...]
    peak_bytes: int = 0

    @property
    def lines(self) -> tuple[Path, ...]:
        """Return the Parquet files of lines."""
        return tuple(content.lines for content in self.contents)

    @property
    def rejected(self) -> tuple[Path, ...]:
        """Return the Parquet files of rejected rows."""
        return tuple(content.rejected for content in self.contents)


def read_ledger(
    path: Path,
    store: Path,
    *,
    limits: Limits = OWN_LEDGERS,
    corrections: Mapping[str, Mapping[str, str]] | None = None,
    on_progress: Callable[[dict[str, Any]], None] | None = None,
) -> LedgerRead:
    """Read a file into Parquet under ``store``, in a child process; at once if it was read before.

    Args:
        path: The file as published, whatever its name says it is.
        store: A folder of ours; immutable files are added to it, none is changed.
        limits: What the child may use.
        corrections: layout signature → (role → column); ``"*"`` holds for every layout.
        on_progress: Told ``{"rows": n}`` as records come in.

    Raises:
        NotALedger: one sentence on what the file is and what to do.
    """
    store.mkdir(parents=True, exist_ok=True)
    manifest = store / f"{_key(path, limits, corrections)}.json"
    kept = _kept(manifest, path.name, store)
    if kept is not None:
        return kept
    # A child that is stopped leaves what it was writing: in a folder that goes with it.
    with TemporaryDirectory(prefix=".reading-", dir=store) as scratch:
        answer = run_in_child(
            "section54.engine.ledgers.reader:read_in_child",
            {
                "path": str(path.absolute()),
                "store": str(store.absolute()),
                "scratch": str(Path(scratch).absolute()),
                "corrections": {k: dict(v) for k, v in (corrections or {}).items()},
            },
            limits,
            on_progress,
        )
    peak = int(answer.pop("peak_bytes", 0))
    answer.pop("cpu_seconds", None)
    _write_whole(manifest, json.dumps(answer, ensure_ascii=False).encode())
    return _from_manifest(answer, path.name, store, peak)


def _kept(manifest: Path, file: str, store: Path) -> LedgerRead | None:
    """Return what was read before, if all of it is still there; otherwise it is read again."""
    try:
        kept = _from_manifest(json.loads(manifest.read_bytes()), file, store, 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept if all(path.exists() for path in (*kept.lines, *kept.rejected)) else None


def _key(path: Path, limits: Limits, corrections: Mapping[str, Mapping[str, str]] | None) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except FileNotFoundError as error:
        raise NotALedger(f"{path} does not exist: check the name and try again.") from error
    except IsADirectoryError as error:
        raise NotALedger(f"{path} is a folder: name the ledger files in it.") from error
    except PermissionError as error:
        raise NotALedger(f"{path} may not be read by you: ask its owner for access.") from error
    about = [
        digest.hexdigest(),
        path.name,
        asdict(limits),
        reader_version(),
        heading_words().table.sha256,
        {k: dict(v) for k, v in (corrections or {}).items()},
    ]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]


def read_in_child(
    *,
    path: str,
    store: str,
    corrections: Mapping[str, Mapping[str, str]],
    limits: Limits,
    progress: Callable[[dict[str, Any]], None],
    scratch: str = "",
) -> dict[str, Any]:
    """Do the work of ``read_ledger`` inside the child; arguments and answer are JSON.

    Files are written in ``scratch`` (beside the store, "" for the store itself) and moved when
    they are whole.
    """
    folder, making = Path(store), Path(scratch or store)
    words = heading_words()
    sheets: list[dict[str, Any]] = []
    refused: list[dict[str, str]] = []
    contents: list[dict[str, str]] = []
    seen: dict[str, str] = {}
    for content in open_file(Path(path), limits):
        if content.content_sha256 in seen:
            twin = seen[content.content_sha256]
            refused.append(
                {
                    "file": content.name,
                    "because": f"It holds the same as {twin}: it was counted once.",
                }
            )
            continue
        seen[content.content_sha256] = content.name
        outcomes = _read_content(content, words, corrections, refused, progress)
        if not outcomes:
            continue
        mapping = [[sheet, *_mapping(o.layouts)] for sheet, o in outcomes]
        name = hashlib.sha256(
            json.dumps([content.content_sha256, mapping, reader_version()], sort_keys=True).encode()
        ).hexdigest()[:32]
        lines = pa.concat_tables([outcome.coded for _, outcome in outcomes])
        _write_lines(folder / f"{name}.parquet", lines, making)
        about_name = hashlib.sha256(f"{name} {content.name}".encode()).hexdigest()[:32]
        rejected = [
            (content.content_sha256, content.name, sheet, row, reason, text)
            for sheet, outcome in outcomes
            for row, reason, text in outcome.rejected
        ]
        columns = list(zip(*rejected, strict=True)) or [()] * len(REJECTED_SCHEMA)
        _write_parquet(
            folder / f"{about_name}.rejected.parquet",
            pa.Table.from_arrays(
                [pa.array(c, f.type) for c, f in zip(columns, REJECTED_SCHEMA, strict=True)],
                schema=REJECTED_SCHEMA,
            ),
            making,
        )
        contents.append(
            {
                "sha256": content.content_sha256,
                "name": content.name,
                "fingerprint": _fingerprint(lines),
                "lines": f"{name}.parquet",
                "rejected": f"{about_name}.rejected.parquet",
            }
        )
        sheets += [_sheet_answer(content, sheet, outcome) for sheet, outcome in outcomes]
    if not sheets:
        raise NotALedger(" ".join(r["because"] for r in refused[:3]))
    return {
        "sheets": sheets,
        "refused": refused,
        "contents": contents,
    }


def _fingerprint(lines: pa.Table) -> str:
    """Return a mark that two ledgers share when they hold the same payments in any order."""
    total = 0
    for batch in lines.select(["date", "supplier_as_written", "amount"]).to_batches():
        paid, payee, amount = batch.columns
        names = np.array(
            [_mark(name.casefold()) for name in payee.dictionary.to_pylist()], dtype=np.uint64
        )
        days = np.asarray(paid.cast(pa.int32()).fill_null(-1)).astype(np.int64).view(np.uint64)
        mark = names[np.asarray(payee.indices)]
        for part in (days, pennies_of(amount).view(np.uint64)):
            mark = _stirred(mark ^ part)
        total += int(mark.sum(dtype=np.uint64))
    return f"{lines.num_rows}-{total % 2**64:x}"


def _mark(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _stirred(marks: np.ndarray) -> np.ndarray:
    """Return numbers in which every bit depends on every bit of those given (MurmurHash3's end)."""
    for by in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        marks = (marks ^ (marks >> np.uint64(33))) * np.uint64(by)
    stirred: np.ndarray = marks ^ (marks >> np.uint64(33))
    return stirred


def _read_content(
    content: Content,
    words: HeadingWords,
    corrections: Mapping[str, Mapping[str, str]],
    refused: list[dict[str, str]],
    progress: Callable[[dict[str, Any]], None],
) -> list[tuple[str, SheetOutcome]]:
    """Read every sheet of one content; sheets that are no ledger are rejected row by row."""

    def on_batch(rows: int) -> None:
        progress({"file": content.name, "rows": rows})

    outcomes: list[tuple[str, SheetOutcome]] = []
    others: list[tuple[str, Grid, str]] = []
    notes: dict[str, list[str]] = {}
    misfits: list[BadInput] = []
    for sheet, grid, about in _grids(content, on_batch):
        try:
            try:
                outcome = _read_grid(grid, content, sheet, words, corrections)
            except BadInput as error:
                # Another sheet of the workbook may be the one that was meant.
                misfits.append(error)
                outcome = _read_grid(grid, content, sheet, words, {})
                about.append(f"The correction of columns does not fit this sheet: {error}")
        except NoLayoutError as error:
            if grid.records:
                others.append((sheet, grid, str(error)))
            continue
        outcome.notes[:0] = [*about, *content.notes]
        notes[sheet] = outcome.notes
        outcomes.append((sheet, outcome))
    if misfits and not any(_corrected(outcome) for _, outcome in outcomes):
        raise NotALedger(f"{content.name}: {misfits[0]}")
    outcomes, repeats = _without_summaries(outcomes)
    for sheet, outcome, why in repeats:
        refused.append({"file": _where(content.name, sheet), "because": f"It {why}."})
        _reject_whole(outcome, f"not counted: the sheet {why}")
        outcomes.append((sheet, outcome))
    if not any(outcome.read for _, outcome in outcomes):
        why = "; ".join(dict.fromkeys(reason for _, _, reason in others)) or "it has no rows"
        refused.append(
            {
                "file": content.name,
                "because": f"{content.name} does not look like a list of payments: {why}. "
                "Check that it is the ledger, or say which column is which with --column.",
            }
        )
        return []
    for sheet, grid, reason in others:
        blank = grid.blank()
        if blank.all():
            continue
        refused.append(
            {
                "file": _where(content.name, sheet),
                "because": f"The sheet is not a list of payments: {reason}.",
            }
        )
        rows = [
            (i + 1, f"the sheet is not a list of payments: {reason}", _text(grid.record(i)))
            for i in range(grid.records)
            if not blank[i]
        ]
        outcomes.append(
            (
                sheet,
                SheetOutcome(
                    coded=CODED_SCHEMA.empty_table(),
                    rejected=rows,
                    layouts=[],
                    rows=grid.records,
                    blank=int(blank.sum()),
                    headings=0,
                    column_total=Decimal("0.00"),
                    dates_missing=0,
                ),
            )
        )
    return outcomes


def _read_grid(
    grid: Grid,
    content: Content,
    sheet: str,
    words: HeadingWords,
    corrections: Mapping[str, Mapping[str, str]],
) -> SheetOutcome:
    layouts = [layout for layout in corrections if layout not in ("", "*", TYPED)]
    known = next((layout for layout in layouts if _has_header(grid, layout)), "*")
    return read_sheet(
        grid,
        source=content.content_sha256,
        sheet=sheet,
        words=words,
        correction={
            **corrections.get("*", {}),
            **corrections.get(known, {}),
            **corrections.get(TYPED, {}),
        },
    )


def _corrected(outcome: SheetOutcome) -> bool:
    return any(c.why == CHOSEN for layout in outcome.layouts for c in layout.columns)


def _has_header(grid: Grid, signature: str) -> bool:
    return any(signature_of(record) == signature for record in grid.head)


def signature_of(record: list[str]) -> str:
    """Return the signature a heading row would have."""
    return Layout(
        header_record=1, headers=tuple(clean(c) for c in record), columns=(), further={}
    ).signature


def _grids(
    content: Content, on_batch: Callable[[int], None]
) -> "list[tuple[str, Grid, list[str]]] | Any":
    if content.kind is Kind.TEXT:
        data, encoding = as_utf8(content.data)
        delimiter = find_delimiter(first_text(data, LOOKED_AT))
        grid = Grid.of_pieces(pieces_of(data, delimiter), on_batch)
        yield "", grid, [f"Text in {encoding}, cells divided by {NAMES[delimiter]}."]
        return
    for sheet in sheets_of(content.data, content.name):
        about = ["The sheet is hidden in the workbook."] if sheet.hidden else []
        yield sheet.name, Grid(sheet.rows, on_batch), about


def _without_summaries(
    outcomes: list[tuple[str, SheetOutcome]],
) -> tuple[list[tuple[str, SheetOutcome]], list[tuple[str, SheetOutcome, str]]]:
    """Set aside sheets that repeat others: the same lines again, or their sums without dates."""
    kept: list[tuple[str, SheetOutcome]] = []
    repeats: list[tuple[str, SheetOutcome, str]] = []
    total = sum((o.amount for _, o in outcomes), Decimal(0))
    for sheet, outcome in outcomes:
        columns = ["date", "supplier_as_written", "amount", "description", "reference"]
        twin = next(
            (
                name
                for name, other in kept
                if other.read == outcome.read
                and other.lines.select(columns).equals(outcome.lines.select(columns))
            ),
            None,
        )
        dated = any(layout.index("date") is not None for layout in outcome.layouts)
        if twin is not None:
            repeats.append((sheet, outcome, f"repeats the sheet “{twin}” line by line"))
        elif (
            not dated
            and len(outcomes) > 1
            and outcome.amount
            and outcome.amount * 2 == total
            and outcome.read * 2 < sum(o.read for _, o in outcomes)
        ):
            repeats.append((sheet, outcome, "sums the other sheets and has no dates of its own"))
        else:
            kept.append((sheet, outcome))
    return kept, repeats


def _reject_whole(outcome: SheetOutcome, reason: str) -> None:
    lines = outcome.lines
    outcome.rejected = sorted(
        outcome.rejected
        + [
            (row, reason, f"{supplier} | {amount}")
            for row, supplier, amount in zip(
                lines["row"].to_pylist(),
                lines["supplier_as_written"].to_pylist(),
                lines["amount"].to_pylist(),
                strict=True,
            )
        ]
    )
    outcome.coded = CODED_SCHEMA.empty_table()
    outcome.dates_missing = 0


def _where(file: str, sheet: str) -> str:
    return f"{file} › {sheet}" if sheet else file


def _text(cells: list[str]) -> str:
    return " | ".join(cell for cell in cells if cell)[:500]


def _mapping(layouts: list[Layout]) -> list[Any]:
    return [
        [
            layout.header_record,
            {c.role: c.index for c in layout.columns},
            dict(layout.further),
            layout.amount,
        ]
        for layout in layouts
    ]


def _sheet_answer(content: Content, sheet: str, outcome: SheetOutcome) -> dict[str, Any]:
    first = outcome.layouts[0] if outcome.layouts else None
    amount = first.amount if first else None
    notes = list(outcome.notes)
    encoding = delimiter = ""
    if content.kind is Kind.TEXT and notes:
        encoding, _, delimiter = (
            notes.pop(0).removeprefix("Text in ").partition(", cells divided by ")
        )
    return {
        "sha256": content.content_sha256,
        "file": content.name,
        "sheet": sheet,
        "columns": [
            {
                "role": c.role,
                "index": c.index,
                "header": c.header,
                "confidence": c.confidence,
                "why": c.why,
            }
            for c in (first.columns if first else ())
        ],
        "header_record": first.header_record if first else 0,
        "rows": outcome.rows,
        "read": outcome.read,
        "rejected": len(outcome.rejected),
        "blank": outcome.blank,
        "headings": outcome.headings,
        "amount": str(outcome.amount),
        "column_total": str(outcome.column_total),
        "amount_basis": amount[1] if amount else "unknown",
        "dates_missing": outcome.dates_missing,
        "encoding": encoding,
        "delimiter": delimiter.rstrip("."),
        "layout": first.signature if first else "",
        "file_sha256": content.sha256,
        "notes": notes,
    }


def _from_manifest(answer: dict[str, Any], file: str, store: Path, peak: int) -> LedgerRead:
    return LedgerRead(
        file=file,
        sheets=tuple(
            SheetRead(
                **{
                    **sheet,
                    "columns": tuple(ColumnFound(**column) for column in sheet["columns"]),
                    "amount": Decimal(sheet["amount"]),
                    "column_total": Decimal(sheet["column_total"]),
                    "notes": tuple(sheet["notes"]),
                }
            )
            for sheet in answer["sheets"]
        ),
        refused=tuple(FileRefused(**refusal) for refusal in answer["refused"]),
        contents=tuple(
            ContentRead(
                sha256=content["sha256"],
                name=content["name"],
                fingerprint=content["fingerprint"],
                lines=store / content["lines"],
                rejected=store / content["rejected"],
            )
            for content in answer["contents"]
        ),
        peak_bytes=peak,
    )


def _write_lines(path: Path, coded: pa.Table, making: Path) -> None:
    """Write coded lines as ``LEDGER_SCHEMA``, whole or not at all, a piece in memory at a time."""
    partial = _partial(making / path.name)
    with pq.ParquetWriter(partial, LEDGER_SCHEMA, compression="zstd") as writer:
        for start in range(0, max(1, coded.num_rows), GROUP):
            writer.write_table(coded.slice(start, GROUP).cast(LEDGER_SCHEMA))
    partial.replace(path)


def _write_parquet(path: Path, table: pa.Table, making: Path) -> None:
    """Write a file whole or not at all: under another name first, then moved into place."""
    partial = _partial(making / path.name)
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)


def _write_whole(path: Path, data: bytes) -> None:
    partial = _partial(path)
    partial.write_bytes(data)
    partial.replace(path)


def _partial(path: Path) -> Path:
    """Return a name that no other thread or process writes to."""
    return path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")
