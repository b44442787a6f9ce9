"""The command line: the review and every check of the engine, without the website."""

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable
from rich.text import Text

from section54 import __version__
from section54.engine.errors import BadInput
from section54.engine.identity.model import PayeeKind
from section54.engine.intake.child import ChildFailed
from section54.engine.intake.gate import NotALedger
from section54.engine.intake.limits import OWN_LEDGERS
from section54.engine.ledgers.columns import CHOSEN
from section54.engine.ledgers.corrections import (
    ANY_LAYOUT,
    CorrectionError,
    parse_corrections,
    recall,
    remember,
)
from section54.engine.ledgers.reader import TYPED, LedgerRead, read_ledger
from section54.engine.reference import TableError, load_table, table_names
from section54.engine.reports.html import write_html
from section54.engine.reports.json_file import write_json
from section54.engine.reports.spreadsheets import (
    sheets_of,
    write_ods_sheets,
    write_rejected_csv,
    write_xlsx_sheets,
)
from section54.engine.reports.summary import summary_lines
from section54.engine.reports.wording import plain
from section54.engine.result import Review, SheetRead
from section54.engine.review import Plan, Reviewed, Step, make_review
from section54.engine.risk.assess import as_sum, assess
from section54.engine.risk.facts import MODEL, WORKFORCE, Facts, RiskTables
from section54.engine.samples import write_samples


try:
    import fcntl
except ImportError:  # Windows: two runs in one folder are then not kept apart
    fcntl = None  # type: ignore[assignment]


MEMORY = Path(click.get_app_dir("section54")) / "columns.json"
CLEAR = (BadInput, NotALedger, CorrectionError, TableError)


class ManyPrevious(click.Command):
    """A command whose ``--previous`` takes every file up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat ``--previous`` before each file that follows it, as click wants it."""
        spread: list[str] = []
        after = False
        waiting = False
        for argument in args:
            if argument.startswith("--previous"):
                _, equals, value = argument.partition("=")
                after, waiting = True, not equals
                spread += ["--previous", value] if equals else []
            elif argument.startswith("-") and argument != "-":
                after = False
                spread.append(argument)
            elif after:
                waiting = False
                spread += ["--previous", argument]
            else:
                spread.append(argument)
        if waiting:
            raise BadInput("--previous needs the ledgers of the period before: name them after it.")
        if "--previous" in spread and not any(
            argument
            for argument, before in zip(spread, ["", *spread], strict=False)
            if not argument.startswith("-") and not before.startswith("--")
        ):
            raise BadInput("Name the ledgers to review first, and --previous with its files last.")
        return super().parse_args(ctx, spread)


class Commands(click.Group):
    """The engine's commands, and those that other parts add; theirs are loaded when asked for.

    So a review on the command line never waits for the website's code, nor needs it.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        added = {extra.name for extra in entry_points(group="section54.commands")}
        return sorted({*super().list_commands(ctx), *added})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command by its name."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        for extra in entry_points(group="section54.commands"):
            if extra.name == cmd_name:
                try:
                    loaded: click.Command = extra.load()
                except ModuleNotFoundError as error:
                    raise BadInput(
                        f"{cmd_name} needs the workbench: pip install 'section54[web]' "
                        f"(missing: {error.name})."
                    ) from error
                return loaded
        return None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="section54")
def cli() -> None:
    """Find where people may be exploited in what a public body buys."""


@cli.command(cls=ManyPrevious)
@click.argument("ledgers", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--previous",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="LEDGER...",
    help="The ledgers of the period before, to compare with. Put them last.",
)
@click.option("--body", default="", help="Whose spend it is, as the report should name it.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("section54-review"),
    show_default=True,
    help="Folder for the report and its files.",
)
@click.option(
    "--on",
    "engine",
    metavar="ENGINE",
    default="duckdb",
    show_default=True,
    help="What does the sums: duckdb, spark (on this machine) or a Spark master (spark://…).",
)
@click.option(
    "--tables",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with tables of your own, which replace ours of the same name.",
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="Say which column is which, e.g. supplier=C. Holds for every ledger given.",
)
@click.option("--memory", type=click.Path(path_type=Path), default=MEMORY, hidden=True)
def review(
    ledgers: tuple[Path, ...],
    previous: tuple[Path, ...],
    body: str,
    out: Path,
    engine: str,
    tables: Path | None,
    columns: tuple[str, ...],
    memory: Path,
) -> None:
    """Review spend ledgers for modern slavery risk.

    LEDGERS are files as published (CSV, XLSX, XLS, ODS, gzip or zip) or folders of them.

    \b
    Example:
      section54 review april.csv may.xlsx --body "Fenland Constabulary" --out review
    """
    corrections = recall(memory, body) if body else {}
    given = parse_corrections(columns)
    if given:
        corrections[TYPED] = given
    console = Console(stderr=True)
    if any(layout != TYPED for layout in corrections):
        console.print(Text(plain(f"Using the columns remembered for {body}.")))
    with _only_one_in(out) as making, _progress(console) as on_step:
        plan = Plan(
            ledgers=_files(ledgers, out),
            previous=_files(previous, out),
            body=body,
            store=out / "ledgers",
            lines=making / "lines.parquet",
            corrections=corrections,
            tables=tables,
            engine=engine,
        )
        reviewed = make_review(plan, on_step)
        _write(reviewed, making, tables, on_step)
        for made in sorted(making.iterdir()):
            made.replace(out / made.name)
    for line in summary_lines(reviewed.review, out / "review.html"):
        click.echo(line)


@contextmanager
def _only_one_in(out: Path) -> Iterator[Path]:
    """Give a folder inside ``out`` to make everything in, to one run at a time.

    What is made there is moved out when all of it is done, so that ``out`` never mixes two reviews.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w", encoding="utf-8") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BadInput(
                    f"Another review is being made in {out}: wait for it, or choose another --out."
                ) from error
        with TemporaryDirectory(prefix=".making-", dir=out) as making:
            yield Path(making)


def _write(reviewed: Reviewed, out: Path, tables: Path | None, on_step: Step) -> None:
    """Write the report's files."""
    sheets = sheets_of(reviewed.review)
    writers: tuple[tuple[str, Callable[[Review, Path], None]], ...] = (
        ("review.json", write_json),
        ("review.html", partial(write_html, tables=tables)),
        ("review.xlsx", lambda review, path: write_xlsx_sheets(review, sheets, path)),
        ("review.ods", lambda _, path: write_ods_sheets(sheets, path)),
        ("rejected.csv", lambda _, path: write_rejected_csv(_rejected(reviewed.rejected), path)),
    )
    for number, (name, write) in enumerate(writers):
        on_step("Writing the report", number, len(writers))
        write(reviewed.review, out / name)
    on_step("Writing the report", len(writers), len(writers))


def _rejected(files: Sequence[Path]) -> Iterator[dict[str, object]]:
    for file in files:
        for batch in pq.ParquetFile(file).iter_batches():
            yield from batch.to_pylist()


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--publisher", default="", help="Whose ledger it is, to remember corrections for.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="ROLE=COLUMN",
    help="Correct a column: a heading, a letter or a number; none if there is none.",
)
@click.option("--remember", "keep", is_flag=True, help="Remember the correction for --publisher.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("section54-review"),
    show_default=True,
    help="Folder for what was read.",
)
@click.option("--memory", type=click.Path(path_type=Path), default=MEMORY, hidden=True)
def ledger(
    file: Path,
    publisher: str,
    columns: tuple[str, ...],
    keep: bool,  # noqa: FBT001 - click passes it by name
    out: Path,
    memory: Path,
) -> None:
    """Show what was understood of one ledger file, and why.

    \b
    Example:
      section54 ledger april.csv --publisher "Fenland Constabulary" \\
        --column supplier="Vendor" --remember
    """
    corrections = recall(memory, publisher) if publisher else {}
    given = parse_corrections(columns)
    if keep and not (given and publisher):
        raise CorrectionError("--remember needs --publisher and at least one --column.")
    if given:
        corrections[TYPED] = given
    with _progress(Console(stderr=True)) as on_step:
        read = read_ledger(
            file,
            out / "ledgers",
            limits=OWN_LEDGERS,
            corrections=corrections,
            on_progress=lambda said: on_step("Reading", int(said.get("rows", 0)), 0),
        )
    console = Console()
    for sheet in read.sheets:
        _show_sheet(console, sheet, read)
    for refusal in read.refused:
        console.print(Text(plain(f"Not read: {refusal.file}: {refusal.because}")))
    if keep:
        barring = all(column.lower() in ("", "none") for column in given.values())
        fitting = [
            sheet
            for sheet in read.sheets
            if sheet.columns and (barring or any(c.why == CHOSEN for c in sheet.columns))
        ]
        for layout in dict.fromkeys(sheet.layout for sheet in fitting):
            remember(memory, publisher, layout or ANY_LAYOUT, given)
        console.print(Text(plain(f"Remembered for {publisher}.")))


def _show_sheet(console: Console, sheet: SheetRead, read: LedgerRead) -> None:
    """Print one sheet; what comes from the ledger is shown as it is, never as markup."""
    where = f"{sheet.file} › {sheet.sheet}" if sheet.sheet else sheet.file
    console.rule(Text(plain(where), style="bold"), align="left")
    table = RichTable(box=None, pad_edge=False)
    for heading in ("Means", "Column", "Sure", "Why"):
        table.add_column(heading)
    for column in sheet.columns:
        table.add_row(
            column.role.replace("_", " "),
            Text(plain(f"{_letter(column.index)}  {column.header}")),
            f"{column.confidence:.0%}",
            Text(plain(column.why)),
        )
    console.print(table)
    gap = sheet.column_total - sheet.amount
    basis = {"net": "net of VAT", "gross": "with VAT"}.get(
        sheet.amount_basis, "the ledger does not say whether with VAT"
    )
    said = [
        (
            f"{sheet.rows:,} rows = {sheet.read:,} read + {sheet.rejected:,} rejected + "
            f"{sheet.blank:,} blank + {sheet.headings:,} headings"
        ),
        (
            f"£{sheet.amount:,.2f} read ({basis}); the column sums to £{sheet.column_total:,.2f}, "
            + (f"£{gap:,.2f} of it in rows that were rejected." if gap else "the same.")
        ),
    ]
    if sheet.dates_missing:
        said.append(f"{sheet.dates_missing:,} lines have no date that could be read.")
    said += sheet.notes
    shown = [
        row
        for row in _rejected(read.rejected)
        if row["sheet"] == sheet.sheet and row["file"] == sheet.file
    ]
    said += [f"  row {row['row']}: {row['reason']}: {str(row['text'])[:90]}" for row in shown[:5]]
    if len(shown) > 5:
        said.append(f"  and {len(shown) - 5:,} more rejected rows, in rejected.csv of a review")
    for line in said:
        console.print(Text(plain(line)))


def _letter(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@cli.command()
@click.argument("category")
@click.option("--variant", default="", help="A variant of the category, e.g. professional.")
@click.option("--workforce", multiple=True, type=click.Choice(WORKFORCE))
@click.option("--model", multiple=True, type=click.Choice(MODEL))
@click.option("--origin", multiple=True, help="Country where the goods are made.")
@click.option("--chain-known", is_flag=True, help="The makers beyond the first tier are known.")
@click.option("--below-hard-floor", is_flag=True, help="An accepted bid was below the hard floor.")
@click.option("--upheld", type=click.DateTime(["%Y-%m-%d"]), help="Last upheld concern or breach.")
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="Day of the assessment.")
@click.option("--tables", type=click.Path(path_type=Path, exists=True, file_okay=False))
def risk(
    category: str,
    variant: str,
    workforce: tuple[str, ...],
    model: tuple[str, ...],
    origin: tuple[str, ...],
    chain_known: bool,  # noqa: FBT001
    below_hard_floor: bool,  # noqa: FBT001
    upheld: object,
    day: object,
    tables: Path | None,
) -> None:
    """Add up the inherent risk of a category, as a sum that can be read aloud.

    \b
    Example:
      section54 risk uniform_workwear_textiles --origin Malaysia
    """
    loaded = RiskTables.load(tables)
    codes = loaded.categories.by("code")
    if category not in codes:
        raise BadInput(f"There is no category {category}: use one of {', '.join(codes)}.")
    variants = [row["variant"] for row in loaded.variants.rows if row["code"] == category]
    if variant and variant not in variants:
        known = f"use one of {', '.join(variants)}" if variants else "it has none"
        raise BadInput(f"{category} has no variant {variant}: {known}.")
    if upheld and not day:
        raise BadInput("--upheld needs --on, the day of the assessment.")
    named = [loaded.country(name) for name in origin]
    for name, country in zip(origin, named, strict=True):
        if country is None:
            raise BadInput(f"No table knows the country {name!r}: write it in full, in English.")
    facts = Facts(
        category=category,
        variant=variant,
        kind=PayeeKind.FIRM,
        workforce=frozenset(workforce),
        model=frozenset(model),
        origins=tuple(country for country in named if country),
        chain_known=True if chain_known else None,
        below_hard_floor=True if below_hard_floor else None,
        last_upheld=upheld.date() if upheld else None,  # type: ignore[attr-defined]
        on=day.date() if day else None,  # type: ignore[attr-defined]
    )
    found = assess(facts, loaded)
    for reason in found.reasons:
        click.echo(f"{reason.points:>3}  {reason.indicator.replace('_', ' ')}: {reason.because}")
    click.echo(f"  =  {as_sum(found)}")
    for missing in found.not_known:
        click.echo(f"     not known: {missing}")


@cli.command()
@click.argument("name", required=False)
def tables(name: str | None) -> None:
    """List the dated tables that results are made with, or print one with its source."""
    if name is None:
        for known in table_names():
            table = load_table(known)
            check = "  (verify)" if table.verify else ""
            click.echo(f"{known:24} {table.version:14} {table.title}{check}")
        return
    table = load_table(name)
    click.echo(f"{table.title}\nVersion {table.version}, {table.sha256}")
    click.echo(f"Source: {table.source}\nLicence: {table.licence}")
    for row in table.rows:
        click.echo(" | ".join(row.values()))


@cli.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def samples(folder: Path) -> None:
    """Write the ledgers of a fictional force, to try the review on."""
    for path in write_samples(folder):
        click.echo(path)


def _files(given: Sequence[Path], out: Path) -> tuple[Path, ...]:
    """Return files, with each folder replaced by the files in it, in order of name.

    Raises:
        BadInput: a path is missing, a folder is empty, or it is the folder of the report.
    """
    found: list[Path] = []
    for path in given:
        if not path.exists():
            raise BadInput(f"{path} does not exist: check the name and try again.")
        if not path.is_dir():
            found.append(path)
            continue
        if path.resolve() == out.resolve():
            raise BadInput(f"{path} is where the report goes: choose another folder for --out.")
        inside = sorted(p for p in path.iterdir() if not p.name.startswith("."))
        if not any(p.is_file() for p in inside):
            raise BadInput(f"{path} holds no files: name the folder that has the ledgers.")
        found += [p for p in inside if p.is_file()]
        folders = [p.name for p in inside if p.is_dir() and p.resolve() != out.resolve()]
        if folders:
            click.echo(f"Not looked into: {', '.join(folders)} in {path}.", err=True)
    return tuple(found)


@contextmanager
def _progress(console: Console) -> Iterator[Step]:
    bars: dict[str, object] = {}
    columns = (
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=console.is_terminal) as progress:

        def on_step(step: str, done: int, of: int) -> None:
            if step not in bars:
                bars[step] = progress.add_task(step, total=of or None)
            progress.update(bars[step], completed=done, total=of or None)  # type: ignore[arg-type]

        yield on_step


def main() -> None:
    """Run the command line: one clear sentence when something is wrong with what was given."""
    # A review makes millions of small things and hardly a cycle: Python's search for cycles among
    # them took a fifth of its time.
    gc.set_threshold(200_000, 50, 100)
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. What was read so far is kept; run it again to go on.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except CLEAR as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except OSError as error:
        click.echo(f"{error.strerror}: {error.filename}", err=True)
        sys.exit(2)
    except ChildFailed as error:
        click.echo(f"{error} Please report it, with these lines:", err=True)
        for note in getattr(error, "__notes__", []):
            click.echo(note, err=True)
        sys.exit(70)


if __name__ == "__main__":
    main()
