"""Web and worker killed at any instant, again and again, against what they must leave behind."""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from socket import socket
from threading import Event
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.client import encode_multipart
from tests.post.smtp import MailServer


KILLS = 100 if os.environ.get("SECTION54_FULL") else 5
SPAN_SECONDS = 2.5
LOOK_SECONDS = 0.1
PAYEES, LINES = 1_000, 2_000
BODY = "Fenland Constabulary"
BOUNDARY = "a-form-of-the-kill-test"
CSRF = "a" * 32
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
person = User.objects.get(email="procurement@example.org")
for brought in Import.objects.filter(state="to_check"):
    review_import(brought_by=brought, name="", earlier=None, by=person, at=timezone.now())
for job in Job.objects.filter(state="failed"):
    assert job.failure == GAVE_UP, job.failure
    subject = Import.objects.filter(job=job).first() or Review.objects.get(job=job)
    assert start_again(job=job, subject=subject, by=person, at=timezone.now())
"""

# Messages of a change that went through, for the worker to send while it is killed.
MESSAGES = 150
WRITE = f"""
import django
django.setup()
from django.utils import timezone
from section54.organisations.models import Body
from section54.post.models import Message
from section54.records.rows import everything_from_here
everything_from_here()
now = timezone.now()
row = dict(body=Body.objects.get(), kind="reminder", to_name="Ann", subject="Due", text="Due.")
Message.objects.bulk_create(
    Message(**row, to_address=f"ann{{n}}@example.org", written_at=now, not_before=now)
    for n in range({MESSAGES})
)
"""

# Sign-in over HTTP has tests of its own: here the session is made where the user is.
SIGN_IN = """
import django
django.setup()
from django.conf import settings
from django.test import Client
from section54.organisations.models import User
client = Client()
client.force_login(User.objects.get(email="procurement@example.org"))
print(client.cookies[settings.SESSION_COOKIE_NAME].value)
"""
WEB = ["-m", "gunicorn", "section54.desk.wsgi:application", "--workers", "2", "--threads", "4"]
WEB += ["--timeout", "300", "--no-control-socket", "--log-level", "critical"]


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
    ledger: Path
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    mail: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str, out: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(  # noqa: S603
            [sys.executable, *arguments],
            env=os.environ
            | {
                "SECTION54_PROFILE": "local",
                "SECTION54_DATA": str(self.data),
                "DJANGO_SETTINGS_MODULE": "section54.desk.settings",
                "TMPDIR": str(self.scratch),
                "SECTION54_ADDRESS": f"http://{self.data.name}.example.org",
            }
            | self.mail,
            stdout=out,
            start_new_session=True,
        )
        self.started.append(child)
        return child

    def run(self, *arguments: str) -> None:
        assert self.start(*arguments).wait(timeout=60) == 0

    def answer(self, *arguments: str) -> str:
        child = self.start(*arguments, out=subprocess.PIPE)
        said, _ = child.communicate(timeout=60)
        assert child.returncode == 0
        return said.decode().strip()

    def kill(self, child: subprocess.Popen[bytes]) -> None:
        assert child.poll() is None, "it ended by itself"
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
    for name, sha256 in all_of("SELECT stored_as, sha256 FROM sources_sourcefile"):
        assert hashlib.sha256((data / name).read_bytes()).hexdigest() == sha256
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
    """An installation, and a ledger to give it; whatever was started on it or a copy is ended."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    installation = Installation(tmp_path / "fresh", scratch, ledger=_write_ledger(tmp_path))
    try:
        installation.run("-m", "django", "set_up", "--body", BODY)
        yield installation
    finally:
        for child in installation.started:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
        for left in _left_over(scratch):
            with suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)


@pytest.fixture
def waiting(fresh: Installation) -> Installation:
    """An installation whose ledger waits to be read."""
    fresh.run("-m", "django", "set_up", "--body", BODY, "--", str(fresh.ledger))
    return fresh


def _write_ledger(folder: Path) -> Path:
    ledger = folder / "ledger.csv"
    rows = [
        f"{BODY},{1 + n % 28:02}/0{1 + n % 6}/2025,Number {n % PAYEES} Cleaners Ltd,"
        f"Cleaning,Cleaning of offices,{500 + n}.00"
        for n in range(LINES)
    ]
    headings = "Body Name,Date,Supplier Name,Expense Type,Description,Amount"
    ledger.write_text("\n".join([headings, *rows, ""]), encoding="utf-8")
    return ledger


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
    return Installation(data, fresh.scratch, fresh.ledger, fresh.started, fresh.mail)


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
    """Let a worker that nobody kills go on, with a person's help, until all of it is done."""
    worker = installation.start(*WORK)
    deadline = time.monotonic() + 60
    while not (seen := installation.look()).is_complete or _left_by_the_clock(installation):
        assert time.monotonic() < deadline, (seen, _left_by_the_clock(installation))
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


def test_workers_killed_at_any_instant_leave_nothing_half_done_and_nothing_doubled(waiting, figure):
    chance = random.Random(54)  # noqa: S311
    installations = [_copy(waiting, 0)]
    killed_during: Counter[str] = Counter()
    for number in range(KILLS):
        installation = installations[-1]
        before = installation.look()
        if before.is_complete:
            # The rest of the kills would only meet a worker with nothing to do.
            installation = _copy(waiting, len(installations))
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


@dataclass
class Person:
    """Somebody with a browser, who sends again what got no answer."""

    port: int
    session: str
    acknowledged: list[str] = field(default_factory=list)

    def ask(self, path: str, fields: dict[str, object] | None = None) -> tuple[int, str, str]:
        """Open a page, or send its form; return status, where it leads, and its text.

        Raises:
            OSError: the server died before it answered.
        """
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        cookies = f"sessionid={self.session}; csrftoken={CSRF}"
        headers = {"Cookie": cookies, "Referer": f"http://127.0.0.1:{self.port}/"}
        body = None
        if fields is not None:
            body = encode_multipart(BOUNDARY, {"csrfmiddlewaretoken": CSRF, **fields})
            headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
        try:
            connection.request("GET" if body is None else "POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("Location", ""), answer.read().decode()
        except HTTPException as error:
            raise ConnectionError from error
        finally:
            connection.close()

    def do_what_is_next(self, seen: Seen, ledger: Path) -> None:
        """Send the ledger, or take in what waits; keep what the server acknowledged."""
        if not seen.imports:
            file = SimpleUploadedFile("ledger.csv", ledger.read_bytes())
            path, fields, what = "/ledgers/add/", {"ledgers": file}, "upload"
        elif "to_check" in seen.imports:
            status, _, page = self.ask("/ledgers/")
            assert status == 200
            [found] = set(re.findall(r"/imports/([0-9a-f-]{36})/", page))
            path, fields, what = (
                f"/imports/{found}/take-in/",
                {"name": "A year", "earlier": ""},
                "take in",
            )
        else:
            self.ask("/")
            return
        status, leads_to, page = self.ask(path, fields)
        assert (status, "sign-in" in leads_to) == (302, False), (what, status, leads_to, page)
        self.acknowledged.append(what)


def _answers(port: int) -> bool:
    with suppress(OSError):
        return Person(port, "").ask("/sign-in/")[0] == 200
    return False


def _wait_until_it_answers(web: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while not _answers(port):
        assert web.poll() is None, "the web server ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _use(person: Person, installation: Installation, over: Event) -> None:
    while not over.is_set():
        with suppress(OSError):
            person.do_what_is_next(installation.look(), installation.ledger)
        time.sleep(0.02)


def _left_by_the_clock(installation: Installation) -> int:
    """Return how many messages and daily runs a worker has still to do."""
    address = f"file:{installation.data / 'section54.sqlite3'}?mode=ro"
    words = ["SELECT count(*) FROM post_scheduledrun WHERE state <> 'done'"]
    if installation.mail:
        words += ["SELECT count(*) FROM post_message WHERE state IN ('to_send', 'sending')"]
    with closing(sqlite3.connect(address, uri=True, timeout=20)) as database:
        return sum(database.execute(one).fetchone()[0] for one in words)


def _sent(installation: Installation, server: MailServer) -> Counter[str]:
    """Look at the outbox of an installation that nobody works on, and at what was delivered."""
    times = server.times()
    address = f"file:{installation.data / 'section54.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=20)) as database:
        rows = database.execute("SELECT id, state FROM post_message").fetchall()
        [runs] = database.execute(
            "SELECT count(*) FROM (SELECT 1 FROM post_scheduledrun GROUP BY job, day"
            " HAVING count(*) > 1)"
        ).fetchone()
    assert runs == 0
    for key, state in rows:
        came = times[f"<{UUID(key)}@{installation.data.name}.example.org>"]
        assert came <= 1, "sent twice"
        assert came == {"to_send": 0, "sent": 1}.get(state, came), f"{state}, and came {came} times"
    return Counter(state for _, state in rows)


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A mail server that takes its time, so that workers die while they wait for its answer."""
    with MailServer(pause=0.02) as given:
        yield given


def test_web_and_worker_killed_at_any_instant_lose_nothing_acknowledged_and_double_nothing(
    fresh, figure, server
):
    chance = random.Random(1999)  # noqa: S311
    with closing(socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    fresh.run("-c", WRITE)
    fresh.mail |= {
        "SECTION54_MAIL_HOST": "127.0.0.1",
        "SECTION54_MAIL_PORT": str(server.port),
        "SECTION54_MAIL_TLS": "none",
        "SECTION54_MAIL_FROM": "section54@example.org",
    }
    installations = [_copy(fresh, 0)]
    person = Person(port, installations[0].answer("-c", SIGN_IN))
    midway, outbox = Counter[str](), Counter[str]()
    acknowledged = 0
    with ThreadPoolExecutor(1) as hands:
        for number in range(KILLS):
            installation = installations[-1]
            if installation.look().is_complete:
                installation = _copy(fresh, len(installations))
                installations.append(installation)
                person = Person(port, installation.answer("-c", SIGN_IN))
            web = installation.start(*WEB, "--bind", f"127.0.0.1:{port}")
            worker = installation.start(*WORK)
            if number % 5 != 4:  # every fifth may also die while it starts
                _wait_until_it_answers(web, port)
            over = Event()
            using = hands.submit(_use, person, installation, over)
            _watch_until(installation, time.monotonic() + chance.uniform(0, SPAN_SECONDS))
            installation.kill(web)
            installation.kill(worker)
            over.set()
            using.result(timeout=60)
            seen = installation.look()
            _sent(installation, server)
            acknowledged += len(person.acknowledged)
            midway[seen.running.rpartition(".")[2] or "nothing"] += 1
            assert len(seen.imports) <= 1, "sent again, and added twice"
            assert len(seen.imports) >= ("upload" in person.acknowledged)
            assert len(seen.reviews) >= ("take in" in person.acknowledged)
            if "failed" in seen.jobs:
                installation.run("-c", PERSON)
    for installation in installations:
        if not installation.look().imports:  # it died before anything was sent
            installation.run(
                "-m", "django", "set_up", "--body", BODY, "--", str(installation.ledger)
            )
        _complete(installation)
        outbox += _sent(installation, server)
    assert set(outbox) <= {"sent", "perhaps_sent"}, outbox
    assert outbox["perhaps_sent"] <= KILLS + len(installations)
    figure("messages sent by workers that were killed", outbox["sent"])
    figure("messages in doubt, told to a person", outbox["perhaps_sent"])
    assert acknowledged > 0, "the server answered nothing that could be lost"
    figure("kills of web and worker survived", KILLS)
    figure("kills of web and worker in the middle of a job", KILLS - midway["nothing"])
