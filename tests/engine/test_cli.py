"""The command line says what it does, and one clear sentence when something is wrong."""

import csv
import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.in_this_process import reading

from section54.engine.cli import ManyPrevious, cli, main


LEDGER = """Payment Date,Supplier,Expense Type,Net Amount
01/04/2025,Ouse Guarding Ltd,Security guarding,"1,000.00"
02/04/2025,OUSE GUARDING LIMITED,Security guarding,500.00
03/04/2025,Isle Software Ltd,Software licences,250.00
"""


def as_a_program(*arguments, cwd):
    """Run it as people do, in a process of its own."""
    return subprocess.run(  # noqa: S603 - our own program
        [Path(sys.executable).parent / "section54", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_CONFIG_HOME": str(cwd / "config"), "COLUMNS": "200"},
    )


@pytest.fixture
def section54(monkeypatch, capsys):
    """Run it in this process, which saves a second each time."""
    monkeypatch.setenv("COLUMNS", "200")
    threshold = gc.get_threshold()

    def run(*arguments, cwd):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(cwd / "config"))
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["section54", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            with reading():
                main()
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    yield run
    gc.set_threshold(*threshold)


@pytest.fixture
def ledger(tmp_path):
    path = tmp_path / "april.csv"
    path.write_text(LEDGER, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_every_command_says_what_it_does(name):
    assert cli.commands[name].help


def test_review_writes_every_output_and_ends_in_a_summary(tmp_path, ledger):
    done = as_a_program(
        "review", ledger, "--body", "Fenland Constabulary", "--out", "r", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    made = {p.name for p in (tmp_path / "r").iterdir()}
    assert made >= {
        "review.html",
        "review.xlsx",
        "review.ods",
        "review.json",
        "lines.parquet",
        "rejected.csv",
    }
    assert "Ouse Guarding" in done.stdout
    assert "£1,750" in done.stdout
    assert len(done.stdout.splitlines()) <= 24
    review = json.loads((tmp_path / "r" / "review.json").read_text(encoding="utf-8"))
    ouse = review["suppliers"][0]
    assert (ouse["amount"], ouse["lines"], ouse["tier"]) == ("1500.00", 2, "high")
    assert sorted(ouse["names_seen"]) == ["OUSE GUARDING LIMITED", "Ouse Guarding Ltd"]


def test_a_second_run_gives_the_same_review(section54, tmp_path, ledger):
    for _ in range(2):
        assert section54("review", ledger, "--out", "r", cwd=tmp_path).returncode == 0
        kept = (tmp_path / "r" / "review.json").read_bytes()
        lines = (tmp_path / "r" / "lines.parquet").read_bytes()
    assert section54("review", ledger, "--out", "s", cwd=tmp_path).returncode == 0
    assert (tmp_path / "s" / "review.json").read_bytes() == kept
    assert (tmp_path / "s" / "lines.parquet").read_bytes() == lines


def test_every_file_after_previous_belongs_to_the_previous_period():
    command = ManyPrevious(
        "x", params=cli.commands["review"].params, callback=lambda **given: given
    )
    context = command.make_context("x", ["a.csv", "--previous", "b.csv", "c.csv", "--body", "B"])
    assert [str(p) for p in context.params["ledgers"]] == ["a.csv"]
    assert [str(p) for p in context.params["previous"]] == ["b.csv", "c.csv"]


def test_a_supplier_of_the_previous_period_only_has_stopped(section54, tmp_path, ledger):
    before = tmp_path / "before.csv"
    before.write_text(LEDGER.replace("Isle Software", "Denny Body Shop"), encoding="utf-8")
    done = section54("review", ledger, "--out", "r", "--previous", before, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    review = json.loads((tmp_path / "r" / "review.json").read_text(encoding="utf-8"))
    assert [s["name"] for s in review["previous"]["stopped"]] == ["Denny Body Shop Ltd"]
    new = [s["name"] for s in review["suppliers"] if s["change"] == "new"]
    assert new == ["Isle Software Ltd"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("page.csv", b"<!DOCTYPE html><html><body>404</body></html>", "web page"),
        ("empty.csv", b"", "empty"),
        ("headings.csv", b"Date,Supplier,Amount\n", "headings but no payments below"),
        ("words.csv", b"to whom it may concern,\nthis is,\na letter,\n", "list of payments"),
    ],
)
def test_what_is_not_a_ledger_is_refused_in_one_sentence(section54, tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    done = section54("review", name, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_file_and_an_empty_folder_say_what_to_do(section54, tmp_path):
    assert "does not exist" in section54("review", "nowhere.csv", cwd=tmp_path).stderr
    (tmp_path / "empty").mkdir()
    assert "holds no files" in section54("review", "empty", cwd=tmp_path).stderr


def test_one_bad_file_among_good_ones_is_listed_and_not_fatal(section54, tmp_path, ledger):
    (tmp_path / "page.csv").write_text("<html></html>")
    done = section54("review", ledger, "page.csv", "--out", "r", cwd=tmp_path)
    assert done.returncode == 0
    review = json.loads((tmp_path / "r" / "review.json").read_text(encoding="utf-8"))
    assert [r["file"] for r in review["refused"]] == ["page.csv"]


def test_the_same_file_given_twice_is_counted_once(section54, tmp_path, ledger):
    (tmp_path / "copy.csv").write_bytes(ledger.read_bytes())
    done = section54("review", ledger, "copy.csv", "--out", "r", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    review = json.loads((tmp_path / "r" / "review.json").read_text(encoding="utf-8"))
    assert review["totals"]["amount"] == "1750.00"
    assert "counted once" in review["refused"][0]["because"]


def test_ledger_shows_what_was_understood_and_why(section54, tmp_path, ledger):
    done = section54("ledger", ledger, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "4 rows = 3 read + 0 rejected + 0 blank + 1 headings" in done.stdout
    assert "“Supplier” means this" in done.stdout


def test_a_correction_is_remembered_for_the_publisher_only(section54, tmp_path):
    odd = tmp_path / "odd.csv"
    odd.write_text(
        "Alpha,Beta,Gamma,Delta\n"
        "01/04/2025,Premises Ltd,Ouse Guarding Ltd,10.00\n"
        "02/04/2025,Transport Ltd,Isle Software Ltd,20.00\n",
        encoding="utf-8",
    )
    body = ("--publisher", "Fenland Constabulary")
    wrong = section54("ledger", odd, *body, "--column", "supplier=Z", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "There is no column" in wrong.stderr
    kept = section54("ledger", odd, *body, "--column", "supplier=Gamma", "--remember", cwd=tmp_path)
    assert kept.returncode == 0, kept.stderr
    for name, first in (("Fenland Constabulary", "Isle Software Ltd"), ("Other", None)):
        done = section54("review", odd, "--body", name, "--out", name, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        review = json.loads((tmp_path / name / "review.json").read_text(encoding="utf-8"))
        assert (first in {s["name"] for s in review["suppliers"]}) == (first is not None)


def test_risk_prints_the_sum_aloud(section54, tmp_path):
    done = section54("risk", "cleaning", cwd=tmp_path)
    assert "industry 6 + workforce 1 = 7, High" in done.stdout
    assert "There is no category" in section54("risk", "nonsense", cwd=tmp_path).stderr


def test_tables_lists_every_table_and_prints_one_with_its_source(section54, tmp_path):
    assert "risk_points" in section54("tables", cwd=tmp_path).stdout
    assert "PPN" in section54("tables", "risk_points", cwd=tmp_path).stdout or (
        "Procurement Policy Note" in section54("tables", "risk_points", cwd=tmp_path).stdout
    )


def test_a_table_of_ones_own_changes_the_result_and_is_named_in_it(section54, tmp_path, ledger):
    from importlib.resources import files  # noqa: PLC0415

    ours = files("section54.engine.reference")
    own = tmp_path / "own"
    own.mkdir()
    points = (ours / "risk_points.csv").read_text(encoding="utf-8")
    (own / "risk_points.csv").write_text(points.replace("workforce,each,1,2", "workforce,each,0,0"))
    about = (ours / "risk_points.toml").read_text(encoding="utf-8")
    (own / "risk_points.toml").write_text(about + '\nchanged_by = "J Clerk"\n')
    done = section54("review", ledger, "--out", "r", "--tables", own, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    review = json.loads((tmp_path / "r" / "review.json").read_text(encoding="utf-8"))
    stamp = next(t for t in review["tables"] if t["name"] == "risk_points")
    assert stamp["changed_by"] == "J Clerk"


def test_rejected_rows_are_listed_with_file_row_and_reason(section54, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text(LEDGER + "04/04/2025,Nobody Ltd,Fees,see note\n", encoding="utf-8")
    assert section54("review", bad, "--out", "r", cwd=tmp_path).returncode == 0
    with (tmp_path / "r" / "rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["file"], r["row"]) for r in rows] == [("bad.csv", "5")]
    assert "see note" in rows[0]["reason"]


def test_remembered_corrections_hold_whatever_the_case_of_the_publishers_name(
    section54, tmp_path, ledger
):
    body = ("--publisher", "Marsh Council")
    kept = section54("ledger", ledger, *body, "--column", "date=none", "--remember", cwd=tmp_path)
    assert kept.returncode == 0, kept.stderr
    done = section54("review", ledger, "--body", " marsh  council", "--out", "r", cwd=tmp_path)
    assert "Using the columns remembered" in done.stderr
    review = json.loads((tmp_path / "r" / "review.json").read_text(encoding="utf-8"))
    assert review["period"] == [None, None]


def test_what_is_typed_beats_what_is_remembered(section54, tmp_path, ledger):
    body = ("--publisher", "Marsh Council")
    section54("ledger", ledger, *body, "--column", "date=none", "--remember", cwd=tmp_path)
    typed = ("--body", "Marsh Council", "--column", "date=A", "--out", "r")
    assert section54("review", ledger, *typed, cwd=tmp_path).returncode == 0
    review = json.loads((tmp_path / "r" / "review.json").read_text(encoding="utf-8"))
    assert review["period"] == ["2025-04-01", "2025-04-03"]


def test_the_same_payments_in_another_format_or_in_a_zip_are_counted_once(
    section54, tmp_path, ledger
):
    import zipfile  # noqa: PLC0415

    with zipfile.ZipFile(tmp_path / "both.zip", "w") as packed:
        packed.write(ledger, "one.csv")
        packed.write(ledger, "two.csv")
    (tmp_path / "tabs.txt").write_text(
        LEDGER.replace('"1,000.00"', "1000").replace(",", "\t"), encoding="utf-8"
    )
    done = section54("review", "both.zip", ledger, "tabs.txt", "--out", "r", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    review = json.loads((tmp_path / "r" / "review.json").read_text(encoding="utf-8"))
    assert review["totals"]["amount"] == "1750.00"
    assert len(review["refused"]) == 3


def test_the_folder_of_the_report_is_not_taken_for_ledgers(section54, tmp_path, ledger):
    done = section54("review", tmp_path, "--out", tmp_path, cwd=tmp_path)
    assert done.returncode == 2
    assert "where the report goes" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["april.csv", "--previous"], "--previous needs the ledgers"),
        (["--previous", "old.csv"], "Name the ledgers to review first"),
    ],
)
def test_previous_without_its_files_or_without_ledgers_says_so(
    section54, tmp_path, ledger, arguments, words
):
    done = section54("review", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr


def test_ledger_text_is_never_taken_for_markup_or_terminal_commands(section54, tmp_path):
    evil = tmp_path / "evil.csv"
    evil.write_text(
        LEDGER.replace("Supplier", "Supplier [/x][link=http://x.example]y[/link]\x9b31m"),
        encoding="utf-8",
    )
    done = section54("ledger", evil, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "\x1b]8" not in done.stdout
    assert "\x9b" not in done.stdout


def test_risk_refuses_what_it_does_not_know(section54, tmp_path):
    for arguments, words in (
        (["cleaning", "--variant", "nonsense"], "has no variant"),
        (["cleaning", "--origin", "Malaysai"], "No table knows the country"),
        (["cleaning", "--upheld", "2026-01-01"], "--upheld needs --on"),
    ):
        done = section54("risk", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert words in done.stderr
