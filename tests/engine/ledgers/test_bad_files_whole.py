"""The bad files again, through the whole reader: the verdicts hold, and nothing is lost."""

import os
import time

import pytest
from tests.engine.intake.badfiles import ACCEPTED, CASES, REFUSED, BadFile

from section54.engine.intake.gate import NotALedger
from section54.engine.intake.limits import OUTSIDERS
from section54.engine.ledgers.reader import read_ledger


# Reading in a child costs most of a second: all 333 in `make assure`, every 12th here.
# Where the corpus counts records, the reader counts payments: without titles and second headings,
# and what repeats line by line only once.
PAYMENTS = {
    "sql_above.csv": 4,
    "from_above.csv": 4,
    "less_than.csv": 4,
    "two_streams.csv.gz": 8,
    "twelve_months.xlsx": 4,
    # Two members with the same content are counted once.
    "year.zip": 4,
    "year.zip.gz": 4,
    "absolute.zip": 4,
    "same_names.zip": 4,
}
SOME = CASES if os.environ.get("SECTION54_FULL") else CASES[::12]


WORST = {"seconds": 0.0, "bytes": 0}


@pytest.mark.parametrize("bad", SOME, ids=lambda b: f"{b.family}/{b.name}".replace(" ", "_"))
def test_the_whole_reader_gives_the_same_verdict(bad: BadFile, tmp_path):
    path = bad.make(tmp_path)
    started = time.monotonic()
    try:
        read = read_ledger(path, tmp_path / "store", limits=OUTSIDERS)
    except NotALedger as refusal:
        sentence = str(refusal)
        assert bad.verdict == REFUSED or bad.rows is None, sentence
        assert all(word in sentence for word in bad.words), sentence
        assert sentence.endswith(".")
        return
    WORST["seconds"] = max(WORST["seconds"], time.monotonic() - started)
    WORST["bytes"] = max(WORST["bytes"], read.peak_bytes)
    assert bad.verdict == ACCEPTED
    assert read.peak_bytes <= OUTSIDERS.memory_bytes
    for sheet in read.sheets:
        assert sheet.rows == sheet.read + sheet.rejected + sheet.blank + sheet.headings
    if bad.rows is not None:
        payments = PAYMENTS.get(bad.name, bad.rows)
        assert sum(sheet.read for sheet in read.sheets) == payments


def test_the_worst_accepted_file_keeps_to_the_limits(figure):
    figure("bad files through the whole reader", len(SOME))
    figure("bad files, most megabytes of an accepted one", round(WORST["bytes"] / 1e6))
    figure("bad files, most seconds of an accepted one", round(WORST["seconds"], 1))
    assert 0 < WORST["bytes"] <= OUTSIDERS.memory_bytes
    assert 0 < WORST["seconds"] <= OUTSIDERS.cpu_seconds
