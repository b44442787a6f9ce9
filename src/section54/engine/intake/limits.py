"""How much of our machine a file may use: little for strangers' files, plenty for our own."""

from dataclasses import dataclass


MEGABYTE = 1_000_000
GIGABYTE = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one file may be, hold and use. Every limit is inclusive.

    Attributes:
        bytes: Size of the file as given.
        inflated_bytes: Everything unpacked from it, counted while unpacking, all levels together.
        ratio: Unpacked bytes per byte given; only looked at beyond 10 MB unpacked.
        members: Files in an archive, or parts in a workbook.
        memory_bytes: Address space of the child process (not only what it touches).
        cpu_seconds: Processor time of the child process.
        wall_seconds: Time on the clock, from start to answer.
        rows: Rows of one text file, or of all sheets of a workbook together.
        columns: Columns of one row.
        cell_area: Rows times columns of the smallest rectangle from A1 that holds every filled
            cell, all sheets together: readers make room for all of it, filled or not.
        sheets: Sheets of one workbook.
        active_content: True: macros, embedded objects and links to other files are passed over
            and noted (they are never run or followed). False: a file that has them is refused.
    """

    bytes: int
    inflated_bytes: int
    ratio: int
    members: int
    memory_bytes: int
    cpu_seconds: int
    wall_seconds: int
    rows: int
    columns: int
    cell_area: int
    sheets: int
    active_content: bool


# Files from people outside the body: bidders, suppliers, the public.
# 2 million cells are 50,000 rows of 40 columns; measured 32 bytes a cell in the reader.
OUTSIDERS = Limits(
    bytes=20 * MEGABYTE,
    inflated_bytes=100 * MEGABYTE,
    ratio=200,
    members=1_000,
    memory_bytes=512 * MEGABYTE,
    cpu_seconds=20,
    wall_seconds=40,
    rows=50_000,
    columns=1_000,
    cell_area=2_000_000,
    sheets=200,
    active_content=False,
)

# A body's own ledgers. The ratio is near the most that zip compression can reach (about 1,030):
# sheets with long blank tails do compress several hundred times, so size alone decides.
OWN_LEDGERS = Limits(
    bytes=500 * MEGABYTE,
    inflated_bytes=2 * GIGABYTE,
    ratio=1_000,
    members=10_000,
    memory_bytes=3 * GIGABYTE,
    cpu_seconds=1_800,
    wall_seconds=3_600,
    rows=10_000_000,
    columns=16_384,
    cell_area=30_000_000,
    sheets=1_000,
    active_content=True,
)


def in_words(size: int) -> str:
    """Return a size as people say it, in decimal units.

    >>> in_words(512 * MEGABYTE), in_words(3 * GIGABYTE), in_words(1500)
    ('512 MB', '3 GB', '1,500 bytes')
    """
    if size >= GIGABYTE:
        return f"{size / GIGABYTE:.3g} GB"
    if size >= MEGABYTE:
        return f"{size / MEGABYTE:.3g} MB"
    return f"{size:,} bytes"
