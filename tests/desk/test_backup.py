"""A backup holds everything that is kept, comes back equal, and shows any damage."""

import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from contextlib import closing
from pathlib import Path

import pytest
from django.apps import apps
from tests.desk.conftest import LEDGER, OWN

from section54.desk import backup as backups
from section54.desk.backup import DATABASE, check_backup, make_backup, restore_backup, tables_of
from section54.engine.errors import BadInput


PROGRAM = [sys.executable, "-m", "section54.engine.cli"]
# Two rows in two tables, always in one transaction, until told to end.
WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
number = 0
while True:
    number += 1
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO paid VALUES (?, ?)", (number, "x" * 500))
    connection.execute("INSERT INTO booked VALUES (?, ?)", (number, "x" * 500))
    connection.execute("COMMIT")
    if number == 1:
        print("writing", flush=True)
"""


@pytest.fixture
def small(tmp_path):
    """A small data folder with a review, an attempt at one, and what no backup keeps."""
    data = tmp_path / "small"
    put(data, "files/b/1/april.part", "a ledger that its sender called so")
    put(data, "lines/one.parquet", "lines")
    put(data, "lines/one.rejected.parquet", "rejected")
    put(data, "lines/two.parquet.7.part", "half")
    put(data, "reviews/r/good/review.json", "{}")
    put(data, "reviews/r/attempt/review.json", "{")
    put(data, "checkpoints/b/2026.txt", "signed")
    put(data, "checkpoint-key.pub", "public")
    for name in ("secret", "secret.77", "checkpoint-key", "first-sign-in.txt", "worker.lock"):
        put(data, name, "not for others")
    for name in ("incoming/upload", "static/main.css", "samples/a.csv"):
        put(data, name, "made anew")
    (data / "lines" / "elsewhere").symlink_to("/etc/hostname")
    with closing(sqlite3.connect(data / DATABASE)) as connection:
        connection.executescript(
            """
            PRAGMA journal_mode = WAL;
            CREATE TABLE sources_sourcefile (id INTEGER PRIMARY KEY, stored_as TEXT);
            CREATE TABLE risk_review (id TEXT PRIMARY KEY, folder TEXT);
            CREATE TABLE spend_ledger (id INTEGER PRIMARY KEY, understood TEXT);
            CREATE TABLE paid (id INTEGER PRIMARY KEY, words TEXT);
            CREATE TABLE booked (id INTEGER PRIMARY KEY, words TEXT);
            INSERT INTO sources_sourcefile VALUES (1, 'files/b/1/april.part');
            INSERT INTO risk_review VALUES ('r', 'reviews/r/good'), ('s', '');
            INSERT INTO spend_ledger VALUES (1, '{"rejected_files": ["one.rejected.parquet"]}'),
                (2, '{}');
            """
        )
    return data


KEPT_OF_SMALL = {
    DATABASE,
    "checkpoint-key.pub",
    "checkpoints/b/2026.txt",
    "files/b/1/april.part",
    "lines/one.parquet",
    "lines/one.rejected.parquet",
    "reviews/r/good/review.json",
}


def put(folder, name, text):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def files_of(folder):
    """Hash of every file below a folder but the database, which is compared by its rows."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(DATABASE)
    }


def rows_of(database):
    """All rows of all tables, by SQLite's own dump: not by the hashes that are tested."""
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def sealed(raw):
    return raw + backups.SEAL_START + hashlib.sha256(raw).hexdigest().encode() + backups.SEAL_END


def opened(file):
    """Entries of a backup, name → bytes."""
    with tarfile.open(file) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}


def forged(file, entries):
    """A backup with a good seal, of entries as given: bytes, or a tar entry made by hand."""
    out = io.BytesIO()
    with (
        gzip.GzipFile("", "wb", 6, out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        for name, content in entries:
            if isinstance(content, tarfile.TarInfo):
                content.name = name
                tar.addfile(content)
                continue
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    file.write_bytes(sealed(out.getvalue()))
    return file


def refused(file, target, words):
    """Both checking and restoring say one sentence, and nothing is left behind."""
    before = set(target.parent.iterdir())
    for run in (lambda: check_backup(file), lambda: restore_backup(file, target)):
        with pytest.raises(BadInput, match=words) as said:
            run()
        assert str(said.value).count(". ") == 0
        assert str(said.value).endswith(".")
    assert set(target.parent.iterdir()) == before


def section54(*words, **options):
    return subprocess.run(  # noqa: S603 - our own program
        [*PROGRAM, *map(str, words)], capture_output=True, text=True, check=False, **options
    )


def test_what_was_wiped_comes_back_equal_in_every_file_and_table(real, tmp_path):
    data, file = tmp_path / "data", tmp_path / "backup.tar.gz"
    shutil.copytree(real, data)
    before, rows = files_of(data), rows_of(data / DATABASE)
    hashes = tables_of(data / DATABASE)
    made = section54("backup", file, "--data", data, "--with-keys")
    assert made.returncode == 0, made.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    shutil.rmtree(data)
    done = section54("restore", file, "--data", data)
    assert done.returncode == 0, done.stderr
    assert "all equal" in done.stdout
    assert rows_of(data / DATABASE) == rows
    assert tables_of(data / DATABASE) == hashes
    assert files_of(data) == before
    assert any("records_event" in row for row in rows)
    assert {"secret", "checkpoint-key", "checkpoint-key.pub"} <= before.keys()
    assert (data / "secret").stat().st_mode & 0o777 == 0o600
    audit = section54("verify", "--data", data, env=OWN)
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"data", "backup.tar.gz"}


def test_the_rows_of_the_program_name_the_files_that_are_looked_for(real):
    said = {
        (model._meta.db_table, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if "below the data folder" in getattr(field, "help_text", "").lower()
    }
    assert said == {("sources_sourcefile", "stored_as"), ("risk_review", "folder")}
    assert all(field in backups.RELIED_ON[table] for table, field in said)
    (stored,) = backups._relied_on(real / DATABASE)
    assert (real / stored).read_text(encoding="utf-8") == LEDGER


def test_a_backup_holds_what_rows_rely_on_and_no_keys_unless_asked(small, tmp_path):
    made = make_backup(small, tmp_path / "a")
    assert made.files.keys() == KEPT_OF_SMALL
    assert made.missing == []
    with_keys = make_backup(small, tmp_path / "b", with_keys=True)
    assert with_keys.files.keys() - KEPT_OF_SMALL == set(backups.KEYS)
    assert opened(tmp_path / "a").keys() == {f"data/{n}" for n in KEPT_OF_SMALL} | {"manifest.json"}
    assert check_backup(tmp_path / "a") == made
    assert restore_backup(tmp_path / "a", tmp_path / "restored") == made
    assert files_of(tmp_path / "restored").keys() == KEPT_OF_SMALL - {DATABASE}


def test_the_manifest_says_format_version_time_and_the_hash_of_each_file(small, tmp_path):
    make_backup(small, tmp_path / "a")
    told = json.loads(opened(tmp_path / "a")["manifest.json"])
    assert (told["format"], told["program"]) == (1, "0.1.0")
    assert told["made_at"].endswith("+00:00")
    assert told["files"]["lines/one.parquet"] == {
        "size": 5,
        "sha256": hashlib.sha256(b"lines").hexdigest(),
    }
    assert told["tables"]["risk_review"]["rows"] == 2


def test_what_rows_name_and_is_gone_is_said_with_exit_code_1(small, tmp_path):
    (small / "lines/one.rejected.parquet").unlink()
    shutil.rmtree(small / "reviews/r/good")
    done = section54("backup", tmp_path / "a", "--data", small)
    assert done.returncode == 1
    assert "2 files that rows name" in done.stderr
    assert check_backup(tmp_path / "a").missing == ["lines/one.rejected.parquet", "reviews/r/good"]


def test_the_hash_of_a_table_tells_each_value_and_type_apart(tmp_path):
    seen = set()
    values = ("NULL", "0", "'0'", "x'30'", "0.0", "''", "x''", "'0 1'", "CAST(x'ff' AS TEXT)")
    for number, value in enumerate(values):
        with closing(sqlite3.connect(tmp_path / str(number))) as connection:
            connection.execute("CREATE TABLE t (a PRIMARY KEY, b)")
            connection.execute(f"INSERT INTO t VALUES (1, {value})")  # noqa: S608 - of this test
            connection.commit()
        schema, tables = tables_of(tmp_path / str(number))
        seen.add((schema, tables["t"]))
    assert len(seen) == len(values)
    assert len({schema for schema, _ in seen}) == 1


def test_a_backup_while_another_process_writes_is_of_one_instant(small, tmp_path):
    writer = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", WRITER, small / DATABASE], stdout=subprocess.PIPE, text=True
    )
    counts = []
    try:
        assert writer.stdout.readline() == "writing\n"
        for number in range(8):
            file, folder = tmp_path / f"{number}.gz", tmp_path / f"restored-{number}"
            make_backup(small, file)
            restore_backup(file, folder)
            with closing(sqlite3.connect(folder / DATABASE)) as connection:
                (paid, last), (booked, other) = (
                    connection.execute(query).fetchone()
                    for query in (
                        "SELECT COUNT(*), MAX(id) FROM paid",
                        "SELECT COUNT(*), MAX(id) FROM booked",
                    )
                )
            assert paid == last == booked == other
            counts.append(paid)
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    assert counts == sorted(counts)
    assert counts[0] < counts[-1]


def test_a_damaged_byte_anywhere_is_refused(small, tmp_path):
    file, damaged = tmp_path / "a", tmp_path / "damaged"
    make_backup(small, file)
    raw = file.read_bytes()
    for place in range(len(raw)):
        bit = 1 << place % 8
        damaged.write_bytes(raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :])
        with pytest.raises(BadInput, match=r"damaged"):
            check_backup(damaged)
    damaged.write_bytes(raw[:700] + bytes([raw[700] ^ 4]) + raw[701:])
    refused(damaged, tmp_path / "target", "is damaged or cut short: use another backup")


def test_a_truncated_or_lengthened_archive_is_refused(small, tmp_path):
    file, cut = tmp_path / "a", tmp_path / "cut"
    make_backup(small, file)
    raw = file.read_bytes()
    for length in (0, 5, 10, 60, len(raw) // 2, len(raw) - 1):
        cut.write_bytes(raw[:length])
        refused(cut, tmp_path / "target", "damaged")
    cut.write_bytes(raw + b"\0")
    refused(cut, tmp_path / "target", "damaged")
    cut.write_bytes(sealed(raw[: len(raw) // 2]))  # cut, and sealed anew
    refused(cut, tmp_path / "target", "cannot be unpacked")


def test_a_missing_a_foreign_and_a_changed_file_are_refused(small, tmp_path):
    make_backup(small, tmp_path / "a")
    whole = opened(tmp_path / "a")
    lacking = [(n, c) for n, c in whole.items() if n != "data/lines/one.parquet"]
    refused(forged(tmp_path / "b", lacking), tmp_path / "t", r"lacks lines/one\.parquet")
    changed = whole | {"data/lines/one.parquet": b"LINES"}
    refused(forged(tmp_path / "c", changed.items()), tmp_path / "t", "not as its manifest says")
    foreign = [("data/lines/new", b"new"), *whole.items()]
    refused(forged(tmp_path / "d", foreign), tmp_path / "t", "does not name")
    refused(forged(tmp_path / "e", lacking[:-1]), tmp_path / "t", "no manifest")
    later = whole | {"manifest.json": whole["manifest.json"].replace(b'mat": 1,', b'mat": 2,')}
    refused(forged(tmp_path / "f", later.items()), tmp_path / "t", "another version")


def test_a_row_that_was_changed_in_the_archive_is_refused_by_its_table(small, tmp_path):
    make_backup(small, tmp_path / "a")
    whole = opened(tmp_path / "a")
    (tmp_path / "db").write_bytes(whole["data/" + DATABASE])
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("UPDATE risk_review SET folder = 'reviews/x' WHERE id = 's'")
    raw = (tmp_path / "db").read_bytes()
    told = json.loads(whole["manifest.json"])
    told["files"][DATABASE] = {"size": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
    whole |= {"data/" + DATABASE: raw, "manifest.json": json.dumps(told).encode()}
    refused(forged(tmp_path / "b", whole.items()), tmp_path / "t", "table risk_review")


@pytest.mark.parametrize(
    "name",
    [
        "/tmp/evil",  # noqa: S108 - a name to refuse
        "../evil",
        "data/../../evil",
        "data//evil",
        "data/./evil",
        "data/..\\evil",
        "data/lines/..",
        "evil",
        "data",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(small, tmp_path, name):
    make_backup(small, tmp_path / "a")
    whole = opened(tmp_path / "a")
    file = forged(tmp_path / "b", [(name, b"evil"), *whole.items()])
    refused(file, tmp_path / "t", "which no backup does: do not use it")
    assert not list(tmp_path.rglob("evil"))
    assert not Path("/tmp/evil").exists()  # noqa: S108 - must not be there


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_a_link_or_anything_but_a_file_is_refused(small, tmp_path, kind):
    make_backup(small, tmp_path / "a")
    whole = opened(tmp_path / "a")
    link = tarfile.TarInfo()
    link.type, link.linkname = kind, "/etc"
    file = forged(tmp_path / "b", [("data/lines", link), *whole.items()])
    refused(file, tmp_path / "t", "which no backup does: do not use it")


def test_only_an_empty_or_a_new_folder_is_restored_into(small, tmp_path):
    file = tmp_path / "a"
    make_backup(small, file)
    put(tmp_path, "full/mine.txt", "mine")
    done = section54("restore", file, "--data", tmp_path / "full")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not empty: a backup is restored only into an empty or a new folder." in done.stderr
    assert files_of(tmp_path / "full").keys() == {"mine.txt"}
    (tmp_path / "empty").mkdir()
    restore_backup(file, tmp_path / "empty")
    assert rows_of(tmp_path / "empty" / DATABASE) == rows_of(small / DATABASE)
    with pytest.raises(BadInput, match="is not a folder"):
        restore_backup(file, tmp_path / "full" / "mine.txt")
    with pytest.raises(BadInput, match="There is no folder"):
        restore_backup(file, tmp_path / "not" / "there")
    with pytest.raises(BadInput, match="There is no file"):
        restore_backup(tmp_path / "nothing", tmp_path / "t")


def test_a_backup_replaces_no_file_and_lies_outside_of_the_data(small, tmp_path):
    put(tmp_path, "a", "another's")
    with pytest.raises(BadInput, match="is there already"):
        make_backup(small, tmp_path / "a")
    assert (tmp_path / "a").read_text(encoding="utf-8") == "another's"
    with pytest.raises(BadInput, match="keep the backup elsewhere"):
        make_backup(small, small / "lines" / "a")
    with pytest.raises(BadInput, match="There is no folder"):
        make_backup(small, tmp_path / "not" / "there")
    (tmp_path / "none").mkdir()
    with pytest.raises(BadInput, match="or the database on PostgreSQL with SECTION54_DATABASE"):
        make_backup(tmp_path / "none", tmp_path / "b")


def test_a_damaged_database_is_not_backed_up_in_silence(small, tmp_path):
    raw = bytearray((small / DATABASE).read_bytes())
    raw[4096:8192] = b"\xff" * 4096
    (small / DATABASE).write_bytes(raw)
    before = set(tmp_path.iterdir())
    with pytest.raises(BadInput, match=r"cannot be copied|is damaged"):
        make_backup(small, tmp_path / "a")
    assert set(tmp_path.iterdir()) == before


def test_ctrl_c_leaves_no_litter(small, tmp_path):
    with (small / "lines/big").open("wb") as big:
        for _ in range(60):
            big.write(os.urandom(1 << 20))
    file, place = tmp_path / "out" / "a", tmp_path / "out"
    place.mkdir()
    running = started_at_the_keyboard([*PROGRAM, "backup", file, "--data", small])
    stop_when(running, lambda: any(p.stat().st_size > 1 << 20 for p in place.glob(".*.part")))
    assert "Stopped. No backup was written." in running.stderr.read()
    running.stderr.close()
    assert list(place.iterdir()) == []

    make_backup(small, file)
    running = started_at_the_keyboard([*PROGRAM, "restore", file, "--data", place / "data"])
    stop_when(running, lambda: list(place.glob(".data.*.part/lines")))
    assert "Stopped. Nothing was restored." in running.stderr.read()
    running.stderr.close()
    assert list(place.iterdir()) == [file]


def started_at_the_keyboard(command):
    """Start it as a keyboard would: Ctrl-C is heard also where our own starter had it ignored."""
    return subprocess.Popen(  # noqa: S603 - our own program
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def stop_when(running, ready):
    end = time.monotonic() + 30
    while not ready():
        assert running.poll() is None
        assert time.monotonic() < end
        time.sleep(0.002)
    running.send_signal(signal.SIGINT)
    assert running.wait(timeout=30) == 130


def test_check_says_that_a_backup_is_whole_and_refuses_one_that_is_not(small, tmp_path):
    file = tmp_path / "a"
    make_backup(small, file)
    done = section54("backup", "--check", file)
    assert done.returncode == 0
    assert f"{file} is whole: 7 files" in done.stdout
    with file.open("r+b") as raw:
        raw.seek(500)
        raw.write(b"\0\0\0\0\0\0")
    done = section54("backup", "--check", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{file} is damaged or cut short: use another backup." in done.stderr
