"""Whether the workbench is alive, ready, or works with something missing: for machines and people.

*Alive*: the web server answers. *Ready*: the database answers and its tables are up to date.
*Degraded*: people can work, but something behind them does not; each check says what to do.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from section54.engine.reports.wording import count
from section54.organisations.http import UserRequest, permission
from section54.post import clock, mail
from section54.post.models import Job, Message, ScheduledRun, WorkerBeat
from section54.records.rows import everything
from section54.ui.formats import file_size, when


WORKER_SILENT = timedelta(minutes=1)
WAITS_LONG = timedelta(minutes=10)
MAIL_WAITS_LONG = timedelta(hours=1)
RUN_LATE = timedelta(hours=26)  # a day, and two hours for a night with a change of the clock
LEAST_DISK = 1_000_000_000
KEPT_SECONDS = 10.0  # how long an answer to the public is given again without asking anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found: its short name, whether it is well, in words, and what to do."""

    name: str
    title: str
    is_well: bool
    words: str
    to_do: str = ""


Check = Callable[[datetime], Iterator[Finding]]
_known: dict[str, Check] = {}


def register_check(name: str, check: Check) -> None:
    """Have a further check made; once more with the same name replaces it."""
    _known[name] = check


def worker_lives(now: datetime) -> Iterator[Finding]:
    """Return whether a worker gave a sign of life just now."""
    last = WorkerBeat.objects.order_by("-beat_at").first()
    yield Finding(
        name="worker",
        title="Background worker",
        is_well=last is not None and now - last.beat_at <= WORKER_SILENT,
        words=f"Its last sign of life was {_ago(now, last.beat_at)}."
        if last
        else "It has never run.",
        to_do="Start the worker (“django work”). Until then ledgers are not read, reviews are not "
        "made and no mail is sent; nothing is lost.",
    )


def work_is_done(now: datetime) -> Iterator[Finding]:
    """Return whether work that people asked for is taken up."""
    waiting = Job.objects.filter(state=Job.State.WAITING)
    oldest = waiting.aggregate(oldest=Min("asked_at"))["oldest"]
    words = "Nothing waits."
    if oldest:
        words = f"Waiting: {count(waiting.count(), 'job')}, the oldest from {_ago(now, oldest)}."
    yield Finding(
        name="jobs",
        title="Work in the background",
        is_well=oldest is None or now - oldest <= WAITS_LONG,
        words=words,
        to_do="If the worker is alive, it is busy with something larger: wait, or start a second "
        "worker.",
    )


def mail_is_sent(now: datetime) -> Iterator[Finding]:
    """Return whether messages get to their people."""
    stuck = Message.objects.filter(state__in=[Message.State.FAILED, Message.State.PERHAPS_SENT])
    waiting = Message.objects.filter(state=Message.State.TO_SEND)
    oldest = waiting.aggregate(oldest=Min("written_at"))["oldest"]
    words = f"{count(waiting.count(), 'message')} to send"
    words += f", the oldest from {_ago(now, oldest)}." if oldest else "."
    number = stuck.count()
    if number:
        words += f" {count(number, 'message')} could not be sent, or perhaps were not."
    is_late = bool(oldest) and now - oldest > MAIL_WAITS_LONG
    if mail.is_set():
        yield Finding(
            name="messages",
            title="Messages",
            is_well=not number and not is_late,
            words=words,
            to_do="Open “Messages to send”: each says why it was not sent. If none is sent at all, "
            "check the mail server’s address, port and password.",
        )
    else:
        yield Finding(
            name="messages",
            title="Messages",
            is_well=True,
            words=f"There is no mail server: people send them by hand. {words}",
        )


def clock_is_kept(now: datetime) -> Iterator[Finding]:
    """Return whether what runs each day ran."""
    late = []
    last_of_all: datetime | None = None
    first = ScheduledRun.objects.aggregate(first=Min("started_at"))["first"]
    for job in clock.jobs():
        last = ScheduledRun.objects.filter(job=job.name, state=ScheduledRun.State.DONE).first()
        ended = last.ended_at if last else None
        if ended and (last_of_all is None or ended > last_of_all):
            last_of_all = ended
        # A job that is new waits for its first day like the installation itself.
        if now - (ended or first or now) > RUN_LATE:
            late.append(job.title.lower())
    words = f"The last run was {_ago(now, last_of_all)}." if last_of_all else "Nothing has run yet."
    if late:
        words += f" Not done for more than a day: {'; '.join(late)}."
    yield Finding(
        name="clock",
        title="Daily runs",
        is_well=not late,
        words=words,
        to_do="If the worker is alive, look for the reason in its log; each is tried again by "
        "itself, five times a day.",
    )


def disk_has_room(now: datetime) -> Iterator[Finding]:
    """Return whether the data folder's disk has room."""
    usage = shutil.disk_usage(Path(settings.DATA_DIR))
    yield Finding(
        name="disk",
        title="Disk",
        is_well=usage.free >= max(LEAST_DISK, usage.total // 50),
        words=f"{file_size(usage.free)} of {file_size(usage.total)} are free.",
        to_do="Make room: when the disk is full nothing can be saved. Old backups are the first "
        "to move elsewhere.",
    )


def _ago(now: datetime, moment: datetime) -> str:
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return "less than a minute ago"
    if minutes < 120:
        return f"{count(minutes, 'minute')} ago"
    return when(moment)


@everything()
@everything()  # how it goes for all bodies, in numbers
def findings(now: datetime) -> list[Finding]:
    """Return what every check found of the whole installation: counts and times, no names."""
    return [finding for check in _known.values() for finding in check(now)]


def register() -> None:
    """Make the desk's own checks known."""
    for name, check in (
        ("worker", worker_lives),
        ("jobs", work_is_done),
        ("messages", mail_is_sent),
        ("clock", clock_is_kept),
        ("disk", disk_has_room),
    ):
        register_check(name, check)


# --- for machines -------------------------------------------------------------------------------

Asked = dict[str, object]
_kept: dict[str, tuple[float, Asked]] = {}


@login_not_required
@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """Say that the web server answers; asks nothing else."""
    return HttpResponse("alive\n", content_type="text/plain; charset=utf-8")


@login_not_required
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Say whether people can work, and the short names of what is missing behind them."""
    at, answer = _kept.get("ready", (0.0, {}))
    if not answer or monotonic() - at > KEPT_SECONDS:
        answer = _ready()
        _kept["ready"] = (monotonic(), answer)
    return JsonResponse(answer, status=503 if answer["status"] == "not ready" else 200)


@everything()
def _ready() -> Asked:
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return {"status": "not ready", "because": "tables"}
        missing = [one.name for one in findings(timezone.now()) if not one.is_well]
    except DatabaseError:
        return {"status": "not ready", "because": "database"}
    return {"status": "degraded" if missing else "ready", "missing": missing}


class First:
    """Answers machines that ask for health before anything opens a session or asks who it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a question for health; pass every other on."""
        if request.method in ("GET", "HEAD"):
            if request.path == "/health/alive":
                return alive(request)
            if request.path == "/health/ready":
                return ready(request)
        return self.get_response(request)


# --- for people ---------------------------------------------------------------------------------


@require_safe
@permission("people.see")
def details(request: UserRequest) -> HttpResponse:
    """Show what every check found, and what to do."""
    found = findings(timezone.now())
    context = {
        "title": "Health of this installation",
        "findings": sorted(found, key=lambda one: one.is_well),
        "wrong": sum(not one.is_well for one in found),
        "runs": ScheduledRun.objects.all()[:20],
        "titles": {job.name: job.title for job in clock.jobs()},
    }
    return render(request, "desk/health.html", context)
