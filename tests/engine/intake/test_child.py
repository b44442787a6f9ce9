"""A job in a child ends as it should: an answer, a sentence, or a defect that names itself."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from section54.engine.intake.child import ChildFailed, run_in_child
from section54.engine.intake.gate import NotALedger
from section54.engine.intake.limits import MEGABYTE, OUTSIDERS


HERE = "tests.engine.intake.thin_reader:"
QUICK = replace(OUTSIDERS, wall_seconds=2, cpu_seconds=10)
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="other systems lack these limits")


def gone(pid: int) -> bool:
    for _ in range(50):
        with contextlib.suppress(OSError):
            if "State:\tZ" in Path(f"/proc/{pid}/status").read_text():
                return True
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False


def test_answer_comes_back_with_memory_time_and_progress():
    heard = []
    result = run_in_child(HERE + "answer", {"body": "Fenland", "n": [1]}, OUTSIDERS, heard.append)
    assert result["arguments"] == {"body": "Fenland", "n": [1]}
    assert result["memory"] == 512 * MEGABYTE
    # While the child is silent, as when it starts, the last facts may be said again.
    assert list(dict.fromkeys(fact["step"] for fact in heard if fact)) == [1, 2]
    assert 5 * MEGABYTE < result["peak_bytes"] < 100 * MEGABYTE
    assert 0 < result["cpu_seconds"] < 10


def test_refusal_in_the_child_is_the_same_sentence_in_the_parent():
    with pytest.raises(NotALedger) as refusal:
        run_in_child(HERE + "refuse", {}, OUTSIDERS)
    assert str(refusal.value) == "april.csv is a sonnet, not a ledger: try prose."
    assert refusal.value.peak_bytes > 0


def test_defect_in_the_child_is_ours_and_carries_its_traceback():
    with pytest.raises(ChildFailed, match="fault in Section54") as failure:
        run_in_child(HERE + "fail", {}, OUTSIDERS)
    assert "a defect of ours" in failure.value.__notes__[0]
    with pytest.raises(ChildFailed) as failure:
        run_in_child("section54.no_such_module:work", {}, OUTSIDERS)
    assert "ModuleNotFoundError" in failure.value.__notes__[0]


@ON_LINUX
def test_memory_hog_is_refused_by_the_name_of_its_file():
    with pytest.raises(NotALedger) as refusal:
        run_in_child(HERE + "hog", {"path": "/ledgers/big.xlsx"}, OUTSIDERS)
    assert str(refusal.value) == (
        "big.xlsx needs more than 512 MB to open: give it in several smaller files, or as .csv."
    )


@ON_LINUX
def test_endless_work_is_ended_by_its_processor_time():
    with pytest.raises(NotALedger, match="more than 1 seconds of work"):
        run_in_child(HERE + "spin", {}, replace(OUTSIDERS, cpu_seconds=1))


def test_endless_wait_is_ended_by_the_clock_and_leaves_no_process():
    pids = []
    started = time.monotonic()
    with pytest.raises(NotALedger, match="more than 2 seconds to open"):
        run_in_child(HERE + "sleep", {}, QUICK, lambda facts: pids.append(facts["pid"]))
    assert time.monotonic() - started < 10
    assert gone(pids[0])


def test_interrupt_in_the_parent_ends_the_child():
    pids = []

    def interrupt(facts: dict) -> None:
        pids.append(facts["pid"])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_in_child(HERE + "sleep", {}, OUTSIDERS, interrupt)
    assert gone(pids[0])


@pytest.mark.skipif(os.name != "posix", reason="sends a POSIX signal")
def test_signal_from_the_keyboard_ends_the_child_and_the_parent():
    program = (
        # Work in the background is started with the keyboard's signal ignored.
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from section54.engine.intake.child import run_in_child\n"
        "from section54.engine.intake.limits import OUTSIDERS\n"
        f"run_in_child('{HERE}sleep', {{}}, OUTSIDERS, lambda f: print(f['pid'], flush=True))\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(entry for entry in sys.path if entry),
    }
    with subprocess.Popen(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as parent:
        threading.Timer(30, parent.kill).start()
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGINT)
        assert parent.wait(timeout=20) != 0
    assert gone(pid)


@pytest.mark.skipif(os.name != "posix", reason="ends by a POSIX signal")
def test_child_killed_by_a_signal_means_a_file_that_breaks_its_reader():
    with pytest.raises(NotALedger, match="made to break the program that reads it"):
        run_in_child(HERE + "abort", {}, OUTSIDERS)


def test_error_of_the_workbook_reader_means_a_damaged_file():
    with pytest.raises(NotALedger, match=r"^april.xlsx is damaged"):
        run_in_child(HERE + "break_reader", {"path": "april.xlsx"}, OUTSIDERS)


def test_what_libraries_print_is_not_taken_for_an_answer():
    assert run_in_child(HERE + "chatter", {}, OUTSIDERS)["honest"] is True


def test_job_may_not_start_programs():
    with pytest.raises(ChildFailed) as failure:
        run_in_child(HERE + "start_program", {}, OUTSIDERS)
    assert "may not do this: os.system" in failure.value.__notes__[0]


@ON_LINUX
def test_job_may_not_write_files_beyond_its_limit(tmp_path):
    path = tmp_path / "much.bin"
    with pytest.raises(NotALedger, match="would take more than 100 MB on disk"):
        run_in_child(HERE + "write_much", {"path": str(path)}, OUTSIDERS)
    assert path.stat().st_size <= 100 * MEGABYTE


@ON_LINUX
def test_arrow_and_duckdb_load_within_the_memory_of_outsiders():
    result = run_in_child(HERE + "load_the_heavy_libraries", {}, OUTSIDERS)
    assert (result["rows"], result["duckdb"]) == (10_000, 54)
    assert result["peak_bytes"] < 200 * MEGABYTE


def test_package_is_found_with_only_a_path_to_the_source(tmp_path):
    program = (
        "from section54.engine.intake.child import run_in_child\n"
        "from section54.engine.intake.limits import OUTSIDERS\n"
        "print(run_in_child('section54.engine.intake.limits:Limits', {}, OUTSIDERS))\n"
    )
    root = Path(__file__).parents[3]
    done = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": str(root / "src"), "PATH": os.environ["PATH"]},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # The job is nonsense on purpose: what matters is that the child found the package and ran it.
    assert "Limits.__init__() got an unexpected keyword argument" in done.stderr


def test_a_child_that_says_nothing_can_still_be_stopped():
    started = time.monotonic()
    heard = []

    def stop(facts):
        heard.append(facts)
        if heard.count(facts) > 1 and facts:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        run_in_child(HERE + "sleep", {}, OUTSIDERS, stop)
    assert time.monotonic() - started < 10
    assert gone(heard[-1]["pid"])
