"""A worker that is killed at any instant, again and again, against what it must leave behind."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest


KILLS = 50 if os.environ.get("SECTION54_FULL") else 5
SPAN_SECONDS = 2.5
LOOK_SECONDS = 0.1
PAYEES, LINES = 1_000, 2_000
WORK = ["-m", "django", "work", "--interval", "0.1", "--no-startup-delay", "-v", "0"]
# What a person does on the pages: take in what waits to be checked, start again what was given up.
PERSON = """
import django
django.setup()
from django.utils import timezone
from section54.organisations.models import User
from section54.post.changes import GAVE_UP, start_again
from section54.post.models import Job
from section54.risk.changes import review_import
from section54.risk.models import Review
from section54.sources.models import Import
person = User.objects.get()
for brought in Import.objects.filter(state="to_check"):
    review_import(brought_by=brought, name="", earlier=None, by=person, at=timezone.now())
for job in Job.objects.filter(state="failed"):
    assert job.failure == GAVE_UP, job.failure
    subject = Import.objects.filter(job=job).first() or Review.objects.get(job=job)
    assert start_again(job=job, subject=subject, by=person, at=timezone.now())
"""


@dataclass(frozen=True)
class Seen:
    """What stood in the database at one instant."""

    imports: list[str]
    reviews: list[str]
    jobs: list[str]
    tokens: set[str]
    counts: dict[str, int]
    running: str

    @property
    def is_complete(self) -> bool:
        return self.reviews == ["ready"]

    @property
    def needs_a_person(self) -> bool:
        return "to_check" in self.imports or "failed" in self.jobs


@dataclass
class Installation:
    """A data folder, and the processes that were started on it."""

    data: Path
    scratch: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, *arguments],
            env=os.environ
            | {
                "SECTION54_PROFILE": "local",
                "SECTION54_DATA": str(self.data),
                "DJANGO_SETTINGS_MODULE": "section54.desk.settings",
                "TMPDIR": str(self.scratch),
            },
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.started.append(child)
        return child

    def run(self, *arguments: str) -> None:
        assert self.start(*arguments).wait(timeout=60) == 0

    def kill(self, child: subprocess.Popen[bytes]) -> None:
        assert child.poll() is None, "the worker ended by itself"
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()

    def look(self) -> Seen:
        """Look at everything in one instant, and insist that none of it is half done."""
        address = f"file:{self.data / 'section54.sqlite3'}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=20)) as database:
            database.execute("BEGIN")
            return _whole(database, self.data)


def _whole(database: sqlite3.Connection, data: Path) -> Seen:
    def all_of(sql: str, *values: str) -> list[tuple]:
        return database.execute(sql, values).fetchall()

    def count(sql: str, *values: str) -> int:
        return all_of(sql, *values)[0][0] or 0

    assert all_of("PRAGMA foreign_key_check") == []
    events = all_of(
        "SELECT body_id, sequence, kind, subject, previous_hash, hash FROM records_event"
        " ORDER BY body_id, sequence"
    )
    told = Counter(
        (kind, subject.split(":")[1].replace("-", "")) for _, _, kind, subject, *_ in events
    )
    heads = {
        body: (sequence, key) for body, sequence, key in all_of("SELECT * FROM records_chainhead")
    }
    chains: dict[str, tuple[int, str]] = {}
    for body, sequence, _, _, previous, key in events:
        assert (sequence - 1, previous) == chains.get(body, (0, "0" * 64)), "a gap in the audit"
        chains[body] = (sequence, key)
    assert chains == heads

    imports = all_of(
        "SELECT i.id, i.state, j.state FROM sources_import i JOIN post_job j ON j.id = i.job_id"
    )
    for key, state, job in imports:
        is_read = state in ("to_check", "taken_in", "undone", "discarded")
        ledgers = "SELECT count(*) FROM spend_ledger WHERE brought_by_id = ?"
        assert count(ledgers, key) == (1 if is_read else 0), f"ledgers of an import that is {state}"
        assert told["import_read", key] == is_read
        assert (job == "done") == is_read
    assert count("SELECT count(*) FROM spend_ledger WHERE read <> ?", str(LINES)) == 0

    reviews = all_of(
        "SELECT r.id, r.state, j.state, r.folder, r.figures"
        " FROM risk_review r JOIN post_job j ON j.id = r.job_id"
    )
    for key, state, job, folder, figures in reviews:
        is_made = state == "ready"
        assert is_made or state == "making"
        assert told["review_made", key] == is_made
        assert (job == "done") == is_made
        found = [
            (count("SELECT count(*) FROM risk_finding WHERE review_id = ?", key), PAYEES),
            (count("SELECT sum(lines) FROM risk_finding WHERE review_id = ?", key), LINES),
            (count("SELECT sum(lines) FROM risk_purchase WHERE review_id = ?", key), LINES),
            (count("SELECT sum(lines) FROM risk_categoryfinding WHERE review_id = ?", key), LINES),
        ]
        if is_made:
            assert all(is_there == wanted for is_there, wanted in found), found
            assert json.loads(figures)["totals"]["read"] == LINES
            made = json.loads((data / folder / "review.json").read_text(encoding="utf-8"))
            assert made["totals"]["read"] == LINES
            ends = (data / folder / "by-payee.parquet").read_bytes()
            assert ends[:4] == ends[-4:] == b"PAR1"
        else:
            assert not any(is_there for is_there, _ in found), found
            assert (folder, figures) == ("", "{}")
    jobs = all_of("SELECT task, state, token FROM post_job ORDER BY asked_at")
    return Seen(
        imports=[state for _, state, _ in imports],
        reviews=[state for _, state, *_ in reviews],
        jobs=[state for _, state, _ in jobs],
        tokens={token for *_, token in jobs if token},
        counts={
            "imports": len(imports),
            "ledgers": count("SELECT count(*) FROM spend_ledger"),
            "reviews": len(reviews),
        },
        running=next((task for task, state, _ in jobs if state == "running"), ""),
    )


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Installation]:
    """An installation that was given a ledger; whatever was started on it or a copy is ended."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    ledger = tmp_path / "ledger.csv"
    rows = [
        f"Fenland Constabulary,{1 + n % 28:02}/0{1 + n % 6}/2025,Number {n % PAYEES} Cleaners Ltd,"
        f"Cleaning,Cleaning of offices,{500 + n}.00"
        for n in range(LINES)
    ]
    headings = "Body Name,Date,Supplier Name,Expense Type,Description,Amount"
    ledger.write_text("\n".join([headings, *rows, ""]), encoding="utf-8")
    installation = Installation(tmp_path / "fresh", scratch)
    try:
        installation.run(
            "-m", "django", "set_up", "--body", "Fenland Constabulary", "--", str(ledger)
        )
        yield installation
    finally:
        for child in installation.started:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        for left in _left_over(scratch):
            with suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)


def _left_over(scratch: Path) -> list[int]:
    """Return the processes that our own ones started: they have our temporary folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"TMPDIR={scratch}\0".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def _copy(fresh: Installation, number: int) -> Installation:
    data = fresh.data.with_name(f"copy-{number}")
    shutil.copytree(fresh.data, data)
    return Installation(data, fresh.scratch, fresh.started)


def _watch_until(installation: Installation, instant: float) -> None:
    """Look again and again until an instant: what is half done must not show in between either."""
    while (left := instant - time.monotonic()) > 0:
        time.sleep(min(left, LOOK_SECONDS))
        installation.look()


def _wait_until_it_works(installation: Installation, taken_before: set[str]) -> None:
    """Wait until a worker took a job up, or gave up the job that died too often."""
    deadline = time.monotonic() + 30
    while not (seen := installation.look()).tokens - taken_before and not seen.needs_a_person:
        assert time.monotonic() < deadline, "the worker took nothing up"
        time.sleep(0.02)


def _complete(installation: Installation) -> None:
    """Let a worker that nobody kills go on, with a person's help, until the review is ready."""
    worker = installation.start(*WORK)
    deadline = time.monotonic() + 60
    while not (seen := installation.look()).is_complete:
        assert time.monotonic() < deadline, seen
        if seen.needs_a_person:
            installation.run("-c", PERSON)
        time.sleep(LOOK_SECONDS)
    time.sleep(0.5)  # it tidies up after the review is ready, and would take up what is left
    seen = installation.look()
    installation.kill(worker)
    assert seen.counts == {"imports": 1, "ledgers": 1, "reviews": 1}
    assert (seen.imports, seen.reviews) == (["taken_in"], ["ready"])
    assert seen.jobs == ["done", "done"]
    [review] = (installation.data / "reviews").iterdir()
    assert len(list(review.iterdir())) == 1, "what an earlier attempt left"


def test_workers_killed_at_any_instant_leave_nothing_half_done_and_nothing_doubled(fresh, figure):
    chance = random.Random(54)  # noqa: S311
    installations = [_copy(fresh, 0)]
    killed_during: Counter[str] = Counter()
    for number in range(KILLS):
        installation = installations[-1]
        before = installation.look()
        if before.is_complete:
            # The rest of the kills would only meet a worker with nothing to do.
            installation = _copy(fresh, len(installations))
            installations.append(installation)
            before = installation.look()
        worker = installation.start(*WORK)
        if number % 5 != 4:  # every fifth may also die while it starts
            _wait_until_it_works(installation, before.tokens)
        _watch_until(installation, time.monotonic() + chance.uniform(0, SPAN_SECONDS))
        installation.kill(worker)
        seen = installation.look()
        killed_during[seen.running.rpartition(".")[2]] += 1
        if seen.needs_a_person:
            installation.run("-c", PERSON)
            installation.look()
    for installation in installations:
        _complete(installation)
    figure("kills of the worker survived", KILLS)
    midway = KILLS - killed_during[""]
    figure("kills of the worker in the middle of a job", midway)
    assert midway > 0, "no kill met a worker at work"
