"""The bad files again, through the whole reader: the verdicts hold, and nothing is lost."""

import os

import pytest
from tests.engine.intake.badfiles import ACCEPTED, CASES, REFUSED, BadFile

from section54.engine.intake.gate import NotALedger
from section54.engine.intake.limits import OUTSIDERS
from section54.engine.ledgers.reader import read_ledger


# Reading in a child costs most of a second: all 333 in `make assure`, every 12th here.
# Where the corpus counts records, the reader counts payments: without titles and second headings,
# and a sheet that repeats another line by line only once.
PAYMENTS = {
    "sql_above.csv": 4,
    "from_above.csv": 4,
    "less_than.csv": 4,
    "two_streams.csv.gz": 8,
    "twelve_months.xlsx": 4,
}
SOME = CASES if os.environ.get("SECTION54_FULL") else CASES[::12]


@pytest.mark.parametrize("bad", SOME, ids=lambda b: f"{b.family}/{b.name}".replace(" ", "_"))
def test_the_whole_reader_gives_the_same_verdict(bad: BadFile, tmp_path):
    path = bad.make(tmp_path)
    try:
        read = read_ledger(path, tmp_path / "store", limits=OUTSIDERS)
    except NotALedger as refusal:
        sentence = str(refusal)
        assert bad.verdict == REFUSED or bad.rows is None, sentence
        assert all(word in sentence for word in bad.words), sentence
        assert sentence.endswith(".")
        return
    assert bad.verdict == ACCEPTED
    assert read.peak_bytes <= OUTSIDERS.memory_bytes
    for sheet in read.sheets:
        assert sheet.rows == sheet.read + sheet.rejected + sheet.blank + sheet.headings
    if bad.rows is not None:
        payments = PAYMENTS.get(bad.name, bad.rows)
        assert sum(sheet.read for sheet in read.sheets) == payments
