"""The command line: the review and every check of the engine, without the website."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial as partial_of
from importlib.metadata import entry_points
from pathlib import Path

import click
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable

from section54 import __version__
from section54.engine.errors import BadInput
from section54.engine.identity.model import PayeeKind
from section54.engine.intake.child import ChildFailed
from section54.engine.intake.gate import NotALedger
from section54.engine.intake.limits import OWN_LEDGERS
from section54.engine.ledgers.corrections import (
    ANY_LAYOUT,
    CorrectionError,
    parse_corrections,
    recall,
    remember,
)
from section54.engine.ledgers.reader import LedgerRead, read_ledger
from section54.engine.reference import TableError, load_table, table_names
from section54.engine.reports.html import write_html
from section54.engine.reports.json_file import write_json
from section54.engine.reports.spreadsheets import write_ods, write_rejected_csv, write_xlsx
from section54.engine.reports.summary import summary_lines
from section54.engine.result import Review, SheetRead
from section54.engine.review import Plan, Reviewed, Step, make_review
from section54.engine.risk.assess import as_sum, assess
from section54.engine.risk.facts import MODEL, WORKFORCE, Facts, RiskTables
from section54.engine.samples import write_samples


MEMORY = Path(click.get_app_dir("section54")) / "columns.json"
CLEAR = (BadInput, NotALedger, CorrectionError, TableError)


class ManyPrevious(click.Command):
    """A command whose ``--previous`` takes every file up to the next option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat ``--previous`` before each file that follows it, as click wants it."""
        spread: list[str] = []
        after = False
        for argument in args:
            if argument.startswith("-") and argument != "-":
                after = argument == "--previous"
                if not after:
                    spread.append(argument)
            elif after:
                spread += ["--previous", argument]
            else:
                spread.append(argument)
        return super().parse_args(ctx, spread)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
    type=click.Choice(["duckdb", "spark"]),
    default="duckdb",
    show_default=True,
    help="What does the sums. Spark comes with a later release.",
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
        corrections[ANY_LAYOUT] = {**corrections.get(ANY_LAYOUT, {}), **given}
    plan = Plan(
        ledgers=_files(ledgers),
        previous=_files(previous),
        body=body or "Spend",
        store=out / "ledgers",
        lines=out / "lines.parquet",
        corrections=corrections,
        tables=tables,
        engine=engine,
    )
    console = Console(stderr=True)
    with _progress(console) as on_step:
        reviewed = make_review(plan, on_step)
        _write(reviewed, out, tables, on_step)
    for line in summary_lines(reviewed.review, out / "review.html"):
        click.echo(line)


def _write(reviewed: Reviewed, out: Path, tables: Path | None, on_step: Step) -> None:
    """Write the report's files, each whole or not at all."""
    made = reviewed.review
    writers: tuple[tuple[str, Callable[[Review, Path], None]], ...] = (
        ("review.json", write_json),
        ("review.html", partial_of(write_html, tables=tables)),
        ("review.xlsx", write_xlsx),
        ("review.ods", write_ods),
    )
    for number, (name, write) in enumerate(writers):
        on_step("Writing the report", number, len(writers) + 1)
        partial = out / f".{name}"
        write(made, partial)
        partial.replace(out / name)
    partial = out / ".rejected.csv"
    write_rejected_csv(_rejected(reviewed.rejected), partial)
    partial.replace(out / "rejected.csv")
    on_step("Writing the report", len(writers) + 1, len(writers) + 1)


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
    keep: bool,
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
        corrections[ANY_LAYOUT] = {**corrections.get(ANY_LAYOUT, {}), **given}
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
        console.print(f"[bold]Not read:[/] {refusal.file}: {refusal.because}", highlight=False)
    if keep:
        for layout in dict.fromkeys(sheet.layout for sheet in read.sheets):
            remember(memory, publisher, layout or ANY_LAYOUT, given)
        console.print(f"Remembered for {publisher}.")


def _show_sheet(console: Console, sheet: SheetRead, read: LedgerRead) -> None:
    where = f"{sheet.file} › {sheet.sheet}" if sheet.sheet else sheet.file
    console.rule(f"[bold]{where}", align="left")
    table = RichTable(box=None, pad_edge=False)
    for heading in ("Means", "Column", "Sure", "Why"):
        table.add_column(heading)
    for column in sheet.columns:
        table.add_row(
            column.role.replace("_", " "),
            f"{_letter(column.index)}  {column.header}",
            f"{column.confidence:.0%}",
            column.why,
        )
    console.print(table)
    gap = sheet.column_total - sheet.amount
    console.print(
        f"{sheet.rows:,} rows = {sheet.read:,} read + {sheet.rejected:,} rejected + "
        f"{sheet.blank:,} blank + {sheet.headings:,} headings",
        highlight=False,
    )
    console.print(
        f"£{sheet.amount:,.2f} read ({sheet.amount_basis} of VAT); the column sums to "
        f"£{sheet.column_total:,.2f}"
        + (f", £{gap:,.2f} more, in rejected rows." if gap else ", the same."),
        highlight=False,
    )
    if sheet.dates_missing:
        console.print(f"{sheet.dates_missing:,} lines have no date that could be read.")
    for note in sheet.notes:
        console.print(note, highlight=False)
    shown = [
        row
        for row in _rejected(read.rejected)
        if row["sheet"] == sheet.sheet and row["file"] == sheet.file
    ][:5]
    for row in shown:
        console.print(f"  row {row['row']}: {row['reason']}: {str(row['text'])[:90]}", markup=False)


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
    facts = Facts(
        category=category,
        variant=variant,
        kind=PayeeKind.FIRM,
        workforce=frozenset(workforce),
        model=frozenset(model),
        origins=origin,
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


def _files(given: Sequence[Path]) -> tuple[Path, ...]:
    """Return files, with each folder replaced by the files in it, in order of name."""
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
            if not inside:
                raise BadInput(f"{path} holds no files: name the folder that has the ledgers.")
            found += inside
        else:
            found.append(path)
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
    for extra in entry_points(group="section54.commands"):
        cli.add_command(extra.load())
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
