"""An export holds everything in open formats, and an empty installation takes it in to the same."""

import csv
import hashlib
import io
import json
import os
import shutil
import signal
import time
import zipfile
from importlib import import_module

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.utils import timezone
from tests.desk.conftest import OWN, emptied
from tests.desk.test_backup import files_of, section54
from tests.people import NOW
from tests.risk.ledgers import NOW_PAID

from section54.desk import export as exports
from section54.desk.backup import INSIDE
from section54.desk.export import make_export, read_export, take_in
from section54.desk.export_tables import (
    NOT_EXPORTED,
    described,
    every_model,
    exported,
    hash_of_rows,
    lines_of,
    relied_on,
)
from section54.engine.errors import BadInput
from section54.organisations.models import Body
from section54.records.chain import check
from section54.records.models import Event


TRIGGERS = "ALTER TABLE records_event {} TRIGGER USER"


def tables():
    return {model._meta.label: hash_of_rows(model, lambda _: None) for model in exported()}


def forged(file, source, change):
    """The same export with its entries changed, and a good seal."""
    with zipfile.ZipFile(source) as packed:
        entries = {name: packed.read(name) for name in packed.namelist()}
    change(entries)
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in entries.items():
            packed.writestr(zipfile.ZipInfo(name), content)
        packed.comment = b"0" * exports.SEAL
    raw = file.read_bytes()[: -exports.SEAL]
    file.write_bytes(raw + hashlib.sha256(raw).hexdigest().encode())
    return file


def test_every_model_is_exported_or_named_with_a_reason_not_to_be():
    labels = {model._meta.label for model in every_model()}
    kept = {model._meta.label for model in exported()}
    assert kept | (NOT_EXPORTED.keys() & labels) == labels
    assert not kept & NOT_EXPORTED.keys()
    assert all(len(reason) > 10 for reason in NOT_EXPORTED.values())
    assert {"records.Event", "risk.Review_ledgers", "organisations.User"} <= kept


def test_each_table_comes_after_those_its_rows_point_to():
    place = {model._meta.label: number for number, model in enumerate(exported())}
    for label, told in described().items():
        for column in told["columns"].values():
            other = column.get("points_to")
            if other in place and other != label:
                assert place[other] < place[label], f"{label} before {other}"


def test_every_table_of_ours_says_what_it_is():
    for label, told in described().items():
        if not label.startswith(("account.", "socialaccount.")) and "_" not in label:
            assert told["what"].endswith("."), label


def test_what_an_export_holds_can_be_read_without_this_program(data, tmp_path):
    file = tmp_path / "all.zip"
    made = make_export(data, file, at=NOW)
    assert made.missing == []
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        manifest = json.loads(packed.read("manifest.json"))
        for name, told in manifest["files"].items():
            assert hashlib.sha256(packed.read(name)).hexdigest() == told["sha256"], name
        assert set(packed.namelist()) == {*manifest["files"], "manifest.json"}
        rows = [json.loads(line) for line in packed.open("tables/risk.TierDecision.jsonl")]
        assert [row["reason"] for row in rows] == ["They pay the real living wage “é”"]
        assert rows[0]["decided_at"] == "2026-04-20T09:00:00.000000+00:00"
        payees = list(
            csv.DictReader(io.StringIO(packed.read("for-people/payees.csv").decode("utf-8-sig")))
        )
        assert len(payees) == manifest["tables"]["risk.Finding"]["rows"] == 6
        assert any(row["Payee"].startswith("'=Denny") for row in payees)
        (given,) = [name for name in packed.namelist() if name.startswith("data/files/")]
        assert packed.read(given).decode() == NOW_PAID
        (lines,) = [n for n in packed.namelist() if n.endswith("by-payee.parquet")]
        assert pq.read_table(io.BytesIO(packed.read(lines))).num_rows == 7
        schema = json.loads(packed.read("schema.json"))
        assert schema["risk.Finding"]["columns"]["review_id"]["points_to"] == "risk.Review"
        assert not any("secret" in name for name in packed.namelist())


def test_an_empty_installation_takes_it_in_to_the_same_and_exports_the_same(
    data, settings, tmp_path
):
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    held = make_export(data, first, at=NOW)
    before, files = tables(), files_of(data)
    emptied()
    settings.DATA_DIR = tmp_path / "new"
    settings.DATA_DIR.mkdir()
    assert Event.objects.count() == 0
    assert read_export(first) == held
    assert take_in(first, settings.DATA_DIR, held) == []
    assert tables() == before == held.tables
    kept = {n.removeprefix(INSIDE) for n in held.files if n.startswith(INSIDE)}
    assert files_of(settings.DATA_DIR) == {name: files[name] for name in kept}
    assert files.keys() - kept == {"secret"}
    assert all(check(body.pk).faults == () for body in Body.objects.all())
    make_export(settings.DATA_DIR, second, at=NOW)
    assert second.read_bytes() == first.read_bytes()


def test_only_an_empty_installation_takes_it_in(data, tmp_path):
    file = tmp_path / "a.zip"
    held = make_export(data, file, at=NOW)
    before = tables()
    with pytest.raises(BadInput, match=r"not empty \(organisations\.User has rows\)"):
        take_in(file, tmp_path / "new", held)
    assert tables() == before
    emptied()
    (tmp_path / "new" / "files").mkdir(parents=True)
    (tmp_path / "new" / "files" / "mine.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match=r"not empty \(files/mine\.csv is there\)"):
        take_in(file, tmp_path / "new", held)
    assert not Body.objects.exists()


def test_what_an_import_that_was_killed_left_behind_does_not_stop_the_next(
    data, tmp_path, monkeypatch
):
    file, new = tmp_path / "a.zip", tmp_path / "new"
    held = make_export(data, file, at=NOW)
    emptied()
    new.mkdir()

    def killed(body_id):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(exports, "check", killed)
        with pytest.raises(KeyboardInterrupt):
            take_in(file, new, held)
    assert not Body.objects.exists()
    assert files_of(new) == {}
    given = next(name for name in held.files if name.startswith("data/files/"))
    left = new / given.removeprefix(INSIDE)  # as kill -9 leaves it
    shutil.copy(data / given.removeprefix(INSIDE), left)
    assert take_in(file, new, held) == []
    assert tables() == held.tables


def refused(file, words):
    with pytest.raises(BadInput, match=words) as said:
        read_export(file)
    assert str(said.value).count(". ") == 0
    assert str(said.value).endswith(".")


def test_a_damaged_a_cut_and_a_foreign_file_are_refused(data, tmp_path):
    file, other = tmp_path / "a.zip", tmp_path / "b.zip"
    make_export(data, file, at=NOW)
    raw = file.read_bytes()
    for place in (*range(4, len(raw), 4_999), len(raw) - 1):
        other.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        refused(other, "damaged or cut short")
    for length in (5, 63, len(raw) // 2, len(raw) - 1):
        other.write_bytes(raw[:length])
        refused(other, "damaged or cut short")
    other.write_bytes(b"")
    refused(other, "no export of this program")
    other.write_bytes(b"%PDF-1.7")
    refused(other, "no export of this program")
    refused(tmp_path / "nothing", "There is no file")


def test_a_forged_or_another_versions_export_is_refused(data, tmp_path):
    file, bad = tmp_path / "a.zip", tmp_path / "b.zip"
    make_export(data, file, at=NOW)

    def told(change):
        def altered(entries):
            manifest = json.loads(entries["manifest.json"])
            change(manifest)
            entries["manifest.json"] = json.dumps(manifest).encode()

        return altered

    refused(forged(bad, file, told(lambda m: m.update(format=2))), "another version")
    refused(forged(bad, file, told(lambda m: m.update(schema="0" * 64))), "was made by version")
    refused(
        forged(bad, file, told(lambda m: m["tables"].pop("risk.Finding"))), "was made by version"
    )
    refused(forged(bad, file, lambda e: e.pop("manifest.json")), "no manifest")
    refused(forged(bad, file, lambda e: e.pop("schema.json")), "otherwise than an export does")
    for name in ("../evil", "data/../../evil", "/etc/evil", "data/secret", "data/x\\y"):
        more = {"size": 1, "sha256": "0"}

        def named(entries, name=name, more=more):
            told(lambda m: m["files"].update({name: more}))(entries)
            entries[name] = b"x"

        refused(forged(bad, file, named), "otherwise than an export does")


def test_a_row_or_a_file_that_is_not_as_the_manifest_says_is_not_taken_in(data, tmp_path):
    file, bad, new = tmp_path / "a.zip", tmp_path / "b.zip", tmp_path / "new"
    make_export(data, file, at=NOW)
    emptied()
    new.mkdir()
    rows = "tables/organisations.Body.jsonl"
    given = next(n for n in zipfile.ZipFile(file).namelist() if n.startswith("data/files/"))
    cases = {
        rows: (lambda e: e.update({rows: e[rows].replace(b"Fenland", b"Marsh")}), "not written as"),
        "column": (lambda e: e.update({rows: b"{}\n"}), "other columns"),
        "user": (lambda e: e.update({"tables/organisations.User.jsonl": b""}), "points to one"),
        given: (lambda e: e.update({given: b"Date,Supplier"}), "not as its manifest says"),
    }
    for change, words in cases.values():
        held = read_export(forged(bad, file, change))
        with pytest.raises(BadInput, match=words):
            take_in(bad, new, held)
        assert not Body.objects.exists()
        assert files_of(new) == {}


def in_spite_of_the_guard(statement):
    guard = import_module("section54.records.migrations.0002_written_once")
    before, after = guard.UNDO["sqlite"], guard.SQLITE
    if connection.vendor == "postgresql":
        before = ["SET CONSTRAINTS ALL IMMEDIATE", TRIGGERS.format("DISABLE")]
        after = [TRIGGERS.format("ENABLE"), "SET CONSTRAINTS ALL DEFERRED"]
    with connection.cursor() as cursor:
        for sql in (*before, statement, *after):
            cursor.execute(sql)


def test_a_chain_that_was_broken_before_comes_in_and_is_said_to_be_broken(data, tmp_path):
    in_spite_of_the_guard("UPDATE records_event SET kind = 'tea_made' WHERE sequence = 2")
    held = make_export(data, tmp_path / "a.zip", at=NOW)
    emptied()
    (tmp_path / "new").mkdir()
    ((_, fault),) = take_in(tmp_path / "a.zip", tmp_path / "new", held)
    assert (fault.what, fault.line) == ("edited", 2)


def test_json_keeps_the_order_of_its_keys_and_is_hashed_without_it(data):
    event = Event.objects.filter(kind="tier_decided").get()
    (line, hashed), *_ = [pair for pair in lines_of(Event) if str(event.pk).encode() in pair[0]]
    assert list(json.loads(line)["detail"]) == list(event.detail)
    assert list(json.loads(hashed)["detail"]) == sorted(event.detail)


def test_an_export_replaces_no_file_and_lies_outside_of_the_data(data, tmp_path):
    (tmp_path / "a.zip").write_text("another's", encoding="utf-8")
    with pytest.raises(BadInput, match="is there already"):
        make_export(data, tmp_path / "a.zip", at=NOW)
    with pytest.raises(BadInput, match="keep the export elsewhere"):
        make_export(data, data / "a.zip", at=NOW)
    assert (tmp_path / "a.zip").read_text(encoding="utf-8") == "another's"


def test_what_rows_name_and_is_gone_is_said(data, tmp_path):
    given = next(name for name in relied_on() if name.startswith("files/"))
    (data / given).unlink()
    assert make_export(data, tmp_path / "a.zip", at=NOW).missing == [given]


def test_the_commands_export_refuse_and_import_in_their_own_processes(real, tmp_path):
    place = shutil.copytree(real, tmp_path / "data")
    file, new = tmp_path / "all.zip", tmp_path / "new"
    done = section54("export", file, "--data", place, env=OWN)
    assert done.returncode == 0, done.stderr
    assert f"SHA-256 {hashlib.sha256(file.read_bytes()).hexdigest()}" in done.stdout
    cut = tmp_path / "cut.zip"
    cut.write_bytes(file.read_bytes()[:-9])
    done = section54("import", cut, "--data", new, env=OWN)
    assert (done.returncode, done.stdout) == (2, "")
    assert "damaged or cut short" in done.stderr
    assert not new.exists()
    done = section54("import", file, "--data", new, env=OWN)
    assert done.returncode == 0, done.stderr
    assert "all equal" in done.stdout
    assert "Every audit trail in it fits." in done.stdout
    assert files_of(new).keys() == files_of(place).keys() - {"checkpoint-key", "first-sign-in.txt"}


def test_ctrl_c_leaves_no_half_export_behind(data, tmp_path, monkeypatch):
    def stop(_):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            make_export(data, tmp_path / "a.zip", at=timezone.now(), step=stop)
    finally:
        signal.signal(signal.SIGINT, before)
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


@pytest.mark.skipif(connection.vendor == "sqlite", reason="needs a database on PostgreSQL")
def test_what_was_exported_from_sqlite_comes_into_postgresql_equal(real, db, settings, tmp_path):
    file = tmp_path / "all.zip"
    done = section54("export", file, "--data", shutil.copytree(real, tmp_path / "data"), env=OWN)
    assert done.returncode == 0, done.stderr
    emptied()
    settings.DATA_DIR = tmp_path / "new"
    settings.DATA_DIR.mkdir()
    held = read_export(file)
    assert take_in(file, settings.DATA_DIR, held) == []
    assert tables() == held.tables
    assert Event.objects.exists()
