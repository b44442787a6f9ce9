"""Run one job in a process of its own, with little memory and time, and hear what became of it.

A hostile or broken file may make a reader run wild; here it can only end its own process. The
parent gets the job's answer, or the one sentence that says why there is none.

Limits: ``RLIMIT_AS`` (address space), ``CPU``, ``FSIZE``, ``CORE`` = 0, and a clock in the parent
and in the child. Not ``NPROC``: it counts everything the same user runs, threads included, so it
would fail at random; the child's Python refuses to start programs or open connections instead
(a guard against mistakes and simple attacks, not a jail). Where a system lacks a limit (Windows has
none of them) the clock alone holds.
"""

import contextlib
import errno
import gc
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from time import monotonic
from types import TracebackType
from typing import IO, Any

from section54.engine.intake.limits import Limits, in_words
from section54.engine.intake.refusal import NotALedger, refuse, shown_name


try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]


Progress = Callable[[dict[str, Any]], None]
SMALLER = "give it in several smaller files, or as .csv"
SAVE_AGAIN = "open it in a spreadsheet program, save it as a new .xlsx or .csv file and try that"
# Errors of the readers that speak of the file, not of our code.
_READER_ERRORS = ("python_calamine.", "pyo3_runtime.PanicException", "_python_calamine.")
_TAIL = 4_000
_PATIENCE = 0.5  # seconds of a child's silence after which the last progress is said again
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT")


_alive: set["subprocess.Popen[bytes]"] = set()


def end_children() -> None:
    """End every child that this process is waiting for, as when it is stopped from outside."""
    for child in tuple(_alive):
        _end(child)


class ChildFailed(RuntimeError):
    """The job itself is at fault (ours, not the file's); the notes carry the child's traceback."""


def run_in_child(
    target: str,
    arguments: Mapping[str, Any],
    limits: Limits,
    on_progress: Progress | None = None,
) -> dict[str, Any]:
    """Run ``package.module:function`` in a child process and return its answer.

    The function is called as ``function(**arguments, limits=limits, progress=progress)`` and
    returns a dictionary that JSON can hold; ``progress(facts)`` reaches ``on_progress``, and again
    while the child is silent, so that an exception of ``on_progress`` ends it at any time. The
    answer gains ``peak_bytes`` (memory touched at the most) and ``cpu_seconds``. If ``arguments``
    has a ``path``, sentences name that file.

    Raises:
        NotALedger: the job said so, or the file needs more memory or time than it may have, or it
            broke its reader.
        ChildFailed: a defect in the job.
        KeyboardInterrupt: passed on, once the child has been ended.
    """
    name = (
        shown_name(os.path.basename(str(arguments.get("path", ""))))
        if "path" in arguments
        else "The file"
    )
    job = {"target": target, "arguments": dict(arguments), "limits": asdict(limits)}
    with subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "section54.engine.intake.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(),
        start_new_session=True,
    ) as child:
        _alive.add(child)
        try:
            answer = _listen(child, json.dumps(job).encode(), limits, on_progress)
        finally:
            _end(child)
            _alive.discard(child)
    return _answer(answer, child.returncode, name, limits)


def _environment() -> dict[str, str]:
    """Return a bare environment in which the child finds the same packages as we do.

    One memory arena and one thread a library: threads cost address space (64 MB and more each).
    """
    kept = {key: os.environ[key] for key in _KEPT if key in os.environ}
    kept |= {key: value for key, value in os.environ.items() if key.startswith("OPENBLAS_")}
    return kept | {
        "PYTHONPATH": os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry),
        "PYTHONUTF8": "1",
        "RUST_BACKTRACE": "0",
        "MALLOC_ARENA_MAX": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def _listen(
    child: subprocess.Popen[bytes], job: bytes, limits: Limits, on_progress: Progress | None
) -> dict[str, Any]:
    """Return the child's last word: a result, a refusal, or how it ended."""
    if not (child.stdin and child.stdout and child.stderr):
        raise TypeError("The child needs its three pipes.")
    said: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    complaints: list[bytes] = []
    threads = [
        threading.Thread(target=_pump, args=(child.stdout, said), daemon=True),
        threading.Thread(target=_keep_tail, args=(child.stderr, complaints), daemon=True),
    ]
    for thread in threads:
        thread.start()
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(job)
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()
    last: dict[str, Any] = {}
    facts: dict[str, Any] = {}
    deadline = monotonic() + limits.wall_seconds
    while True:
        try:
            line = said.get(timeout=min(_PATIENCE, max(0.0, deadline - monotonic())))
        except queue.Empty:
            if monotonic() >= deadline:
                return {"ended": "time"}
            if on_progress:  # whoever listens may want to stop a child that says nothing
                on_progress(facts)
            continue
        if line is None:
            break
        message = _message(line)
        if "progress" in message:
            facts = message["progress"]
            if on_progress:
                on_progress(facts)
        elif message:
            last = message
    try:
        child.wait(timeout=max(1.0, deadline - monotonic()))
    except subprocess.TimeoutExpired:
        return {"ended": "time"}
    threads[1].join(timeout=1)
    return last or {"complaint": b"".join(complaints).decode("utf-8", "replace")}


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


def _pump(pipe: IO[bytes], said: "queue.SimpleQueue[bytes | None]") -> None:
    with contextlib.suppress(ValueError, OSError):
        for line in pipe:
            said.put(line)
    said.put(None)


def _keep_tail(pipe: IO[bytes], kept: list[bytes]) -> None:
    with contextlib.suppress(ValueError, OSError):
        while piece := pipe.read1(_TAIL):  # type: ignore[attr-defined]
            kept[:] = [(b"".join(kept) + piece)[-_TAIL:]]


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the child and whatever it started (its process group), if it still runs."""
    if child.poll() is None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
        child.kill()
        child.wait()


def _answer(answer: dict[str, Any], code: int, name: str, limits: Limits) -> dict[str, Any]:
    """Return a result, or raise what the child's end means."""
    if "result" in answer:
        result: dict[str, Any] = answer["result"]
        return result
    if "refused" in answer:
        refusal = NotALedger(answer["refused"])
        refusal.peak_bytes, refusal.cpu_seconds = answer["peak_bytes"], answer["cpu_seconds"]
        raise refusal
    complaint = str(answer.get("complaint", ""))
    ended = answer.get("ended", "")
    if ended == "memory" or (code == -signal.SIGABRT and "memory allocation" in complaint):
        raise refuse(name, f"needs more than {in_words(limits.memory_bytes)} to open", SMALLER)
    if ended == "disk":
        raise refuse(
            name, f"would take more than {in_words(limits.inflated_bytes)} on disk", SMALLER
        )
    if ended == "time" or code == -getattr(signal, "SIGALRM", 0):
        raise refuse(name, f"takes more than {limits.wall_seconds:,} seconds to open", SMALLER)
    if code in (-getattr(signal, "SIGXCPU", 0), -getattr(signal, "SIGKILL", 0)) and code:
        raise refuse(
            name,
            f"needs more than {limits.cpu_seconds:,} seconds of work, or more memory than there is",
            SMALLER,
        )
    if ended == "reader" or code < 0:
        raise refuse(name, "is damaged, or made to break the program that reads it", SAVE_AGAIN)
    failure = ChildFailed(f"{name} could not be read because of a fault in Section54 itself.")
    failure.add_note(str(answer.get("defect") or complaint or f"The child ended with {code}."))
    raise failure


# --- in the child ----------------------------------------------------------------------------


_FORBIDDEN = frozenset(
    {
        "subprocess.Popen",
        "os.system",
        "os.exec",
        "os.fork",
        "os.forkpty",
        "os.spawn",
        "os.posix_spawn",
        "os.startfile",
        "socket.connect",
        "socket.bind",
        "socket.getaddrinfo",
    }
)


def _guard(event: str, _: tuple[object, ...]) -> None:
    if event in _FORBIDDEN:
        raise PermissionError(f"A job on a file may not do this: {event}.")


class _NotNeeded:
    """Keeps pandas from being loaded: Arrow looks for it, and half a job would go on that."""

    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        """Say that pandas is not there; leave every other module to the usual finders."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def _confine(limits: Limits) -> None:
    """Take the limits on, for good, before the job's code is even loaded."""
    sys.addaudithook(_guard)
    if hasattr(signal, "alarm"):
        signal.alarm(limits.wall_seconds + 5)  # in case the parent has gone
    if resource is None:
        return
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_FSIZE, limits.inflated_bytes),
        (resource.RLIMIT_CPU, limits.cpu_seconds),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # Two seconds between the signal that ends a job and the one that surely does.
        last = most + 2 if what == resource.RLIMIT_CPU and most != hard else most
        # Some systems (macOS) do not know every limit.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, last))


def used() -> tuple[int, float]:
    """Return this process's peak memory in bytes and its processor seconds."""
    times = os.times()
    peak = 0
    with contextlib.suppress(OSError), open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                peak = int(line.split()[1]) * 1024
    if not peak and resource is not None:
        scale = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale
    return peak, round(times.user + times.system, 3)


def main() -> None:
    """Read one job from standard input, do it under its limits, say the result as JSON lines."""
    # What libraries print must not mix with our words: they get standard error.
    words = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**message: object) -> None:
        words.write(json.dumps(message) + "\n")
        words.flush()

    def last_words(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        names = {f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__}
        if isinstance(error, MemoryError):
            say(ended="memory")
        elif isinstance(error, OSError) and error.errno == errno.EFBIG:
            say(ended="disk")
        elif any(known.startswith(_READER_ERRORS) for known in names):
            say(ended="reader")
        else:
            say(defect="".join(traceback.format_exception(kind, error, trace)))

    sys.excepthook = last_words
    gc.set_threshold(200_000, 50, 100)  # many small things, hardly a cycle among them
    sys.meta_path.insert(0, _NotNeeded)
    job = json.loads(sys.stdin.buffer.read())
    sys.stdin.close()
    limits = Limits(**job["limits"])
    _confine(limits)
    module, _, function = job["target"].partition(":")
    work = getattr(importlib.import_module(module), function)
    try:
        result = work(**job["arguments"], limits=limits, progress=lambda facts: say(progress=facts))
    except NotALedger as reason:
        peak, seconds = used()
        say(refused=str(reason), peak_bytes=peak, cpu_seconds=seconds)
    else:
        peak, seconds = used()
        say(result={**result, "peak_bytes": peak, "cpu_seconds": seconds})
    # Nothing is left to tidy: do not spend the limits on it.
    words.close()
    os._exit(0)


if __name__ == "__main__":
    main()
