"""One description of the work, two engines; a step that takes long can be stopped."""

import os
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.in_this_process import reading

from section54.engine.engines import DuckDb, connect, in_order
from section54.engine.errors import BadInput
from section54.engine.reports.json_file import write_json
from section54.engine.review import Plan, make_review
from section54.engine.samples import BODY, write_samples


needs_spark = pytest.mark.skipif(
    (find_spec("pyspark") is None or shutil.which("java") is None) and not os.environ.get("CI"),
    reason="needs Java 17 and PySpark",
)


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    write_samples(folder)
    return folder


def review_on(engine: str, ledgers: Path, folder: Path):
    return make_review(
        Plan(
            ledgers=sorted(file for file in ledgers.iterdir() if file.is_file()),
            previous=sorted((ledgers / "previous").iterdir()),
            body=BODY,
            store=folder / "store",
            lines=folder / "made" / "lines.parquet",
            engine=engine,
        )
    ).review


@pytest.mark.spark
@needs_spark
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::ResourceWarning")
def test_the_review_is_the_same_from_both_engines_figure_by_figure_and_line_by_line(
    samples, tmp_path
):
    made = {}
    for name, engine in (("duckdb", "duckdb"), ("spark", "local[2]")):
        folder = tmp_path / name
        folder.mkdir()
        made[name] = review_on(engine, samples, folder)
        write_json(made[name], folder / "review.json")
    assert made["duckdb"].suppliers
    assert replace(made["duckdb"], lines=None) == replace(made["spark"], lines=None)
    first, second = ((tmp_path / name / "review.json").read_bytes() for name in made)
    assert first == second
    for file in ("lines.parquet", "previous-lines.parquet"):
        one, other = (pq.read_table(tmp_path / name / "made" / file) for name in made)
        assert one.num_rows > 100
        assert [(f.name, f.type) for f in one.schema] == [(f.name, f.type) for f in other.schema]
        assert one.to_pylist() == other.to_pylist()
    for name in made:
        assert {path.name for path in (tmp_path / name / "made").iterdir()} == {
            "lines.parquet",
            "previous-lines.parquet",
        }


def test_an_engine_that_is_not_known_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(BadInput, match="cannot run on abacus: say duckdb, spark, or a Spark"):
        connect("abacus", tmp_path)


class StopError(Exception):
    """What the website's stop button raises."""


@pytest.mark.parametrize(
    "step", ["Reading ledgers", "Settling payees", "Naming what was bought", "Adding up"]
)
def test_an_exception_from_any_step_stops_the_review_at_once_and_leaves_no_litter(
    step, samples, tmp_path
):
    plan = Plan(
        ledgers=sorted(file for file in samples.iterdir() if file.is_file()),
        store=tmp_path / "store",
        lines=tmp_path / "made" / "lines.parquet",
    )
    seen: list[float] = []

    def stop(name: str, done: int, of: int) -> None:
        if name == step:
            seen.append(time.monotonic())
            raise StopError

    in_children = step == "Reading ledgers"  # elsewhere reading is not what is stopped
    with nullcontext() if in_children else reading():
        with pytest.raises(StopError):
            make_review(plan, stop)
        ended = time.monotonic()
    assert ended - seen[0] < 5
    left = [p for p in tmp_path.rglob("*") if p.name.startswith(".") or p.suffix == ".part"]
    assert left == []
    assert not plan.lines.exists()
    with reading():
        make_review(plan)  # and it can be run again
    assert plan.lines.exists()


def test_a_query_that_takes_long_is_interrupted_when_the_beat_raises(tmp_path):
    started = time.monotonic()
    raised = []

    def beat() -> None:
        if not raised and time.monotonic() - started > 0.5:
            raised.append(time.monotonic())
            raise StopError

    engine = DuckDb(tmp_path, beat)
    one = ibis.range(0, 200_000).unnest().name("n").as_table()
    pairs = one.cross_join(one.rename(m="n"))  # 40,000,000,000 of them: it would take minutes
    with pytest.raises(StopError):
        engine.rows(pairs.agg(total=(pairs.n * 1.5 + pairs.m).sin().sum()))
    assert time.monotonic() - raised[0] < 5
    assert engine.rows(ibis.memtable(pa.table({"n": [1]}))).num_rows == 1  # the engine still works
    engine.close()


def test_ctrl_c_during_a_query_ends_it_before_the_exception_goes_on(tmp_path):
    # Left running, the query would bring the whole process down when Python ends.
    code = f"""
import os, signal, threading
from pathlib import Path
import ibis
from section54.engine.engines import DuckDb
engine = DuckDb(Path({str(tmp_path)!r}), lambda: None)
one = ibis.range(0, 200_000).unnest().name("n").as_table()
pairs = one.cross_join(one.rename(m="n"))
threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    engine.rows(pairs.agg(total=(pairs.n * 1.5 + pairs.m).sin().sum()))
except KeyboardInterrupt:
    engine.close()
    print("stopped cleanly")
"""
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "stopped cleanly\n"), done.stderr


@pytest.mark.parametrize(
    ("lines", "ordered"),
    [
        ([("a", "", 1), ("a", "", 2), ("b", "", 1)], True),
        ([("a", "", 2), ("a", "", 1)], False),
        ([("b", "", 1), ("a", "", 2)], False),
        ([("a", "May", 1), ("a", "April", 2)], False),
        ([("a", "April", 2), ("a", "May", 1), ("b", "April", 1)], True),
        ([], True),
    ],
)
def test_lines_out_of_the_order_of_their_ledgers_are_noticed(lines, ordered, tmp_path):
    names = ("source", "sheet", "row")
    kinds = (pa.string(), pa.string(), pa.int64())
    table = pa.table(
        {n: pa.array([line[i] for line in lines], kinds[i]) for i, n in enumerate(names)}
    )
    pq.write_table(table, tmp_path / "lines.parquet")
    assert in_order(tmp_path / "lines.parquet") is ordered
    # Also across the pieces in which a file is looked through.
    pq.write_table(table, tmp_path / "lines.parquet", row_group_size=1)
    assert in_order(tmp_path / "lines.parquet") is ordered
