"""What runs a review's relational steps: DuckDB on a laptop, Spark on a cluster.

``frames`` says what is done with lines, once; this says how tables come in and results go out. An
engine holds its tables until ``close``; everything it writes beside its results is under the
scratch folder it is given, so that whoever made that folder can take it all away.
"""

import os
import shutil
import sys
import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from section54.engine import frames
from section54.engine.errors import BadInput


# How often a step that takes long looks whether it should stop, seconds.
HEARTBEAT = 0.2
# DuckDB spills to the scratch folder beyond this; the process holds as much again beside it.
DUCKDB_MEMORY = "1GB"
THREADS = 2

Result = TypeVar("Result")


class Engine(ABC):
    """Runs expressions; every method may take long and calls ``beat`` meanwhile."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self.beat = beat

    @abstractmethod
    def lines(self, files: Sequence[Path]) -> Any:
        """Return the lines of ledgers' Parquet files as one table, in the order of the files."""

    @abstractmethod
    def table(self, rows: pa.Table) -> Any:
        """Return rows of ours as a table of the engine."""

    @abstractmethod
    def rows(self, expression: Any) -> pa.Table:
        """Return what an expression gives."""

    @abstractmethod
    def keep(self, expression: Any, path: Path) -> Any:
        """Write decided lines to one Parquet file in the order of ``frames.LINE_ORDER``.

        The file is written under another name and moved into place, so it is whole or not there.
        Returns it as a table.
        """

    @abstractmethod
    def held(self, expression: Any) -> Any:
        """Return an expression's rows as a table that is worked out once."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything the engine holds."""

    @abstractmethod
    def interrupt(self) -> None:
        """Make the step that runs now end soon, with an exception."""

    def patiently(self, work: Callable[[], Result]) -> Result:
        """Do a step in another thread; an exception of ``beat``, or Ctrl-C, interrupts it."""
        done: list[Result] = []
        failed: list[BaseException] = []
        # Not ``Thread.join``: up to Python 3.12, a Ctrl-C during it marks the thread as ended.
        ended = threading.Event()

        def run() -> None:
            try:
                done.append(work())
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
                failed.append(error)
            finally:
                ended.set()

        threading.Thread(target=run, daemon=True).start()
        try:
            while not ended.wait(HEARTBEAT):
                self.beat()
        except BaseException:
            while not ended.is_set():  # it may be between two queries: ask until it has ended
                self.interrupt()
                ended.wait(HEARTBEAT)
            raise
        if failed:
            raise failed[0]
        return done[0]


def connect(engine: str, scratch: Path, beat: Callable[[], None] = lambda: None) -> Engine:
    """Return an engine by name: ``duckdb``, ``spark``, ``local[2]`` or a Spark master's address.

    Args:
        engine: The name; ``spark`` is Spark on this machine, on all its cores.
        scratch: An empty folder of ours for what does not fit into memory.
        beat: Called often while a step takes long; an exception of it stops the step.

    Raises:
        BadInput: the name is none of these, or Spark or Java is not installed.
    """
    if engine == "duckdb":
        return DuckDb(scratch, beat)
    if engine == "spark":
        return Spark("local[*]", scratch, beat)
    if engine.startswith(("spark://", "local[", "yarn", "k8s://")):
        return Spark(engine, scratch, beat)
    raise BadInput(
        f"A review cannot run on {engine}: say duckdb, spark, or a Spark master such as "
        "spark://host:7077."
    )


class DuckDb(Engine):
    """DuckDB within this process, on two threads, with a roof on its memory."""

    def __init__(self, scratch: Path, beat: Callable[[], None]) -> None:
        super().__init__(beat)
        self._connection = ibis.duckdb.connect(
            threads=THREADS, memory_limit=DUCKDB_MEMORY, temp_directory=str(scratch)
        )
        self._made = 0

    def lines(self, files: Sequence[Path]) -> Any:
        """Return the lines of ledgers' Parquet files as one table, in the order of the files."""
        return self._connection.read_parquet([str(file) for file in files])

    def table(self, rows: pa.Table) -> Any:
        """Return rows of ours as a table of the engine."""
        # Given as rows and not as an expression, Ibis 12 drops its own view with broken SQL.
        return self.held(ibis.memtable(rows))

    def rows(self, expression: Any) -> pa.Table:
        """Return what an expression gives."""
        return self.patiently(lambda: self._connection.to_pyarrow(expression))

    def keep(self, expression: Any, path: Path) -> Any:
        """Write decided lines to one Parquet file, in order.

        The lines come in their order, and on one thread a join with a smaller table leaves them
        so; sorting ten million again would take more time and room than all else. DuckDB does not
        promise it, so the file is looked through, and sorted if need be (the sheets of a workbook
        may be in another order, for one).
        """
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            self._connection.raw_sql("SET threads = 1")
            self.patiently(lambda: self._connection.to_parquet(expression, partial))
            self._connection.raw_sql(f"SET threads = {THREADS}")
            if not self.patiently(lambda: in_order(partial)):
                ordered = expression.order_by(*frames.LINE_ORDER)
                self.patiently(lambda: self._connection.to_parquet(ordered, partial))
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return self._connection.read_parquet(str(path))

    def held(self, expression: Any) -> Any:
        """Return an expression's rows as a table that is worked out once."""
        self._made += 1
        name = f"section54_{self._made}"
        return self.patiently(lambda: self._connection.create_table(name, expression, temp=True))

    def interrupt(self) -> None:
        """Make the query that runs now end."""
        self._connection.con.interrupt()

    def close(self) -> None:
        """Close the database, and with it its spilled pages."""
        self._connection.disconnect()


class Spark(Engine):
    """Spark, on this machine or a cluster; tables come and go as Arrow."""

    def __init__(self, master: str, scratch: Path, beat: Callable[[], None]) -> None:
        super().__init__(beat)
        if find_spec("pyspark") is None:
            raise BadInput("Spark is not installed: pip install 'section54[spark]'.")
        if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
            raise BadInput("Spark needs Java 17: install openjdk-17-jre-headless.")
        self._session = _spark_session(master, scratch)
        self._connection = ibis.pyspark.connect(self._session)
        self._scratch = scratch
        self._made = 0

    def lines(self, files: Sequence[Path]) -> Any:
        """Return the lines of ledgers' Parquet files as one table."""
        return self._view(self._session.read.parquet(*(str(file) for file in files)))

    def table(self, rows: pa.Table) -> Any:
        """Return rows of ours as a table of the engine."""
        return self._view(self._session.createDataFrame(rows))

    def rows(self, expression: Any) -> pa.Table:
        """Return what an expression gives, typed as Ibis says and not as Spark happens to."""
        schema = expression.as_table().schema().to_pyarrow()
        frame = self._session.sql(self._connection.compile(expression))
        return self.patiently(lambda: frame.toArrow()).cast(schema)

    def keep(self, expression: Any, path: Path) -> Any:
        """Write decided lines to one Parquet file, in order.

        Spark's workers write a sorted part each; the parts are joined here, one piece at a time.
        On a cluster both sides must see the folder, as in one on object storage or a shared disk.
        """
        self._made += 1
        parts = self._scratch / f"lines-{self._made}"
        partial = path.with_name(f"{path.name}.{os.getpid()}.part")
        ordered = expression.order_by(*frames.LINE_ORDER)
        schema = expression.schema().to_pyarrow()
        try:
            self.patiently(lambda: self._connection.to_parquet(ordered, parts))
            with pq.ParquetWriter(partial, schema) as writer:
                for part in sorted(parts.glob("part-*.parquet")):
                    for batch in pq.ParquetFile(part).iter_batches():
                        writer.write_table(pa.Table.from_batches([batch]).cast(schema))
                        self.beat()
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
            shutil.rmtree(parts, ignore_errors=True)
        return self._view(self._session.read.parquet(str(path)))

    def held(self, expression: Any) -> Any:
        """Return an expression's rows as a table that is worked out once."""
        return self._view(self._session.sql(self._connection.compile(expression)).cache())

    def interrupt(self) -> None:
        """Cancel what the workers do now."""
        self._session.sparkContext.cancelAllJobs()

    def close(self) -> None:
        """Stop the session; its processes end."""
        self._session.stop()

    def _view(self, frame: Any) -> Any:
        self._made += 1
        name = f"section54_{self._made}"
        frame.createOrReplaceTempView(name)
        return self._connection.table(name)


def _spark_session(master: str, scratch: Path) -> Any:
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra, and slow to import

    # It warns of a pandas that is newer than it knows; no table of ours goes through pandas.
    warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
    # The workers must run this Python, which has the same packages.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = (
        SparkSession.builder.master(master)
        .appName("section54")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.local.dir", str(scratch))
        .config("spark.sql.warehouse.dir", str(scratch / "warehouse"))
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.execution.arrow.pyspark.enabled", "true")
        # Sums that do not fit must fail, as they do in DuckDB, and never come out empty.
        .config("spark.sql.ansi.enabled", "true")
    )
    if master.startswith("local"):
        # A few shuffle parts are enough for one machine; a cluster keeps its own setting.
        builder = builder.config("spark.sql.shuffle.partitions", "4")
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


def in_order(path: Path) -> bool:
    """Say whether a file of lines stands in the order of ``frames.LINE_ORDER``."""
    file = pq.ParquetFile(path, read_dictionary=["source", "sheet"])
    last: tuple[str, str, int] | None = None
    for batch in file.iter_batches(250_000, columns=list(frames.LINE_ORDER)):
        if not batch.num_rows:
            continue
        row = np.asarray(batch["row"])
        steps = np.diff(row) >= 0
        for name in ("sheet", "source"):
            rank = _ranks(batch[name])
            up = np.diff(rank)
            steps = (up > 0) | ((up == 0) & steps)
        first = _key(batch, 0)
        if not steps.all() or (last is not None and first < last):
            return False
        last = _key(batch, batch.num_rows - 1)
    return True


def _ranks(texts: pa.DictionaryArray) -> np.ndarray:
    """Return for each text its place among the distinct texts in order."""
    rank = np.asarray(pc.rank(texts.dictionary, tiebreaker="dense")).astype(np.int64)
    found: np.ndarray = rank[np.asarray(texts.indices)]
    return found


def _key(batch: pa.RecordBatch, at: int) -> tuple[str, str, int]:
    source, sheet, row = (batch[name][at].as_py() for name in frames.LINE_ORDER)
    return source, sheet, row
