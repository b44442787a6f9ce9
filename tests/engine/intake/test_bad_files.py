"""Every file of the corpus gets the verdict we owe it, in little memory and time."""

import json
import os
import time
from collections import Counter
from pathlib import Path

import pytest
from tests.engine.intake.badfiles import ACCEPTED, CASES, REFUSED, BadFile

from section54.engine.intake.child import run_in_child
from section54.engine.intake.gate import NotALedger
from section54.engine.intake.limits import OUTSIDERS


READER = "tests.engine.intake.thin_reader:read"


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: f"{bad.family}/{bad.name}".replace(" ", "_"))
def test_file_gets_its_verdict_within_the_limits(bad: BadFile, tmp_path: Path) -> None:
    path = bad.make(tmp_path)
    started = time.perf_counter()
    try:
        result = run_in_child(READER, {"path": str(path)}, OUTSIDERS)
    except NotALedger as refusal:
        verdict, sentence, peak = REFUSED, str(refusal), refusal.peak_bytes
    else:
        verdict, sentence, peak = ACCEPTED, "", result["peak_bytes"]
    seconds = time.perf_counter() - started
    _note(bad, verdict, sentence, peak, seconds)

    assert verdict == bad.verdict, sentence
    if verdict == REFUSED:
        assert all(word in sentence for word in bad.words), sentence
        assert sentence.endswith(".")
        assert ": " in sentence
        assert "\n" not in sentence
        assert len(sentence) < 300
    elif bad.rows is not None:
        assert result["rows"] == bad.rows
    assert peak <= OUTSIDERS.memory_bytes
    assert seconds <= OUTSIDERS.cpu_seconds


def _note(bad: BadFile, verdict: str, sentence: str, peak: int, seconds: float) -> None:
    """Write the measurement where SECTION54_BADFILES names a file, for the report."""
    if into := os.environ.get("SECTION54_BADFILES"):
        line = [bad.family, bad.name, verdict, sentence, peak, round(seconds, 2)]
        with Path(into).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def test_corpus_is_wide_and_its_names_are_its_own() -> None:
    families = Counter(bad.family for bad in CASES)
    assert len(CASES) >= 250
    assert len(families) >= 20
    assert sum(bad.verdict == ACCEPTED for bad in CASES) >= 60
    assert max(Counter((bad.family, bad.name) for bad in CASES).values()) == 1
