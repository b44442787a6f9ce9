"""Checkpoints leave each day, what was done to a chain shows against them, anybody may check."""

import shutil
import subprocess
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from tests.people import a_body, a_user
from tests.records.test_tampering import a_chain, chain_of, rehash

from section54.desk.audit_check import verify_all
from section54.desk.checkpoints import NotFittingError, send_checkpoints, they_leave
from section54.engine.errors import BadInput
from section54.post.models import Message
from section54.records import checkpoints
from section54.records.models import ChainHead, Checkpoint, Event


pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture(autouse=True)
def outside(settings, tmp_path):
    """A folder outside, and one address."""
    settings.DATA_DIR, settings.CHECKPOINT_KEY_FILE = tmp_path / "data", ""
    settings.STATIC_ROOT = tmp_path
    folder = tmp_path / "outside"
    folder.mkdir()
    settings.CHECKPOINT_DIR, settings.CHECKPOINT_MAIL = str(folder), ["auditor@example.org"]
    return folder


def notes(folder):
    return sorted(folder.glob("*/*.txt"))


def said(folder):
    words = []
    return verify_all(body="", files=(), public_key=None, say=words.append, folder=folder), words


def without_triggers():
    """Take away what refuses to edit, as somebody may who may do anything to the database."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for (name,) in cursor.fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            for table in ("records_event", "records_checkpoint"):
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")


def cut_short(body, lines):
    """Remove lines from the end, set the head back, and forget what was kept here."""
    kept = chain_of(body)[:lines]
    without_triggers()
    Event.objects.filter(body_id=body.pk, sequence__gt=lines).delete()
    Checkpoint.objects.filter(lines__gt=lines).delete()
    ChainHead.objects.filter(body_id=body.pk).update(sequence=lines, hash=kept[-1].hash)


def test_each_day_each_chain_is_signed_and_brought_into_the_folder_and_to_the_address(outside, now):
    body = a_chain(3)
    assert send_checkpoints(now) == 1
    [note] = notes(outside)
    assert note.parent.name == str(body.pk)
    key = (outside / "checkpoint-key.pub").read_text()
    assert checkpoints.read_note(note.read_text(), key).lines == 3
    [message] = Message.objects.filter(kind="checkpoint")
    assert message.to_address == "auditor@example.org"
    assert note.read_text().strip() in message.text
    assert said(outside)[0]


def test_a_run_that_is_done_again_the_same_day_sends_nothing_twice(outside, now):
    a_chain(3)
    send_checkpoints(now)
    assert send_checkpoints(now) == 0
    assert (len(notes(outside)), Message.objects.count(), Checkpoint.objects.count()) == (1, 1, 1)
    assert send_checkpoints(now + timedelta(days=1)) == 1


def test_what_could_not_be_brought_is_brought_by_the_next_run_and_the_messages_went(outside, now):
    a_chain(3)
    shutil.rmtree(outside)
    with pytest.raises(NotADirectoryError, match="mount it, or make it"):
        send_checkpoints(now)
    assert Message.objects.count() == 1
    outside.mkdir()
    assert send_checkpoints(now + timedelta(days=1)) == 2


def test_a_chain_cut_short_with_its_head_and_what_was_kept_here_is_found_outside(outside, now):
    body = a_chain(6)
    send_checkpoints(now)
    cut_short(body, 4)
    assert verify_all(body="", files=(), public_key=None, say=str)  # it looks whole in here
    is_well, words = said(outside)
    assert not is_well
    assert "lines 5 to 6 were removed from the end" in words[0]
    with pytest.raises(NotFittingError, match="does not hold any more"):
        send_checkpoints(now + timedelta(days=1))


def test_a_chain_that_was_rebuilt_is_found_by_the_next_run(outside, now, settings):
    body = a_chain(6)
    settings.CHECKPOINT_DIR = ""
    send_checkpoints(now)
    without_triggers()
    Event.objects.filter(body_id=body.pk, sequence=2).update(by="Nobody")
    rehash(body, 2)
    with pytest.raises(NotFittingError, match="ask who could write in the database"):
        send_checkpoints(now + timedelta(days=1))


def test_a_key_that_was_changed_stands_beside_the_earlier_one(outside, now, settings):
    a_chain(3)
    send_checkpoints(now)
    checkpoints.key_file().unlink()
    send_checkpoints(now + timedelta(days=1))
    assert len((outside / "checkpoint-key.pub").read_text().splitlines()) == 2
    found = said(outside)[1]
    assert "checkpoint" in found[-1]


def test_a_folder_without_checkpoints_is_said_to_have_none(outside):
    with pytest.raises(BadInput, match="There is no checkpoint in"):
        said(outside)


def test_the_record_says_when_the_last_checkpoint_left_and_warns_when_it_is_late(
    client, outside, now, settings
):
    a_chain(3)
    client.force_login(a_user("Anna", "auditor"))
    assert "has ever left this installation" in client.get("/audit/").content.decode()
    send_checkpoints(now)
    page = client.get("/audit/").content.decode()
    assert "The last checkpoint of" in page
    assert "with 3 lines" in page
    settings.DATA_DIR.joinpath("checkpoints", "left.json").unlink()
    send_checkpoints(now - timedelta(days=3))
    page = client.get("/audit/").content.decode()
    assert "has left this installation since" in page
    settings.CHECKPOINT_DIR, settings.CHECKPOINT_MAIL = "", []
    settings.DATA_DIR.joinpath("checkpoints", "left.json").unlink()
    assert "No checkpoint leaves this installation" in client.get("/audit/").content.decode()


def test_a_checkpoint_that_was_sent_by_mail_counts_as_left(client, outside, now, settings):
    a_chain(3)
    settings.CHECKPOINT_DIR = ""
    send_checkpoints(now)
    client.force_login(a_user("Anna", "auditor"))
    assert "has ever left this installation" in client.get("/audit/").content.decode()
    Message.objects.update(state="sent", ended_at=now)
    assert "The last checkpoint of" in client.get("/audit/").content.decode()


def test_what_the_last_run_found_wrong_is_shown_with_the_record(client, outside, now):
    body = a_chain(6)
    send_checkpoints(now)
    cut_short(body, 4)
    with pytest.raises(NotFittingError):
        send_checkpoints(now + timedelta(days=1))
    client.force_login(a_user("Anna", "auditor"))
    assert "does not hold any more" in client.get("/audit/").content.decode()


def test_anybody_reads_where_each_record_ends_and_nothing_that_stands_in_it(client, outside, now):
    assert "Nothing has been signed yet" in client.get("/record-head/").content.decode()
    body = a_chain(3)
    send_checkpoints(now)
    page = client.get("/record-head/").content.decode()
    last = chain_of(body)[-1]
    assert body.name in page
    assert checkpoints.in_groups(last.hash) in page
    assert last.by not in page
    assert client.get("/record-head/note.txt?body=x").status_code == 302
    assert client.get(f"/record-head/note.txt?body={a_body('Other').pk}").status_code == 302


@pytest.mark.skipif(not shutil.which("openssl"), reason="needs openssl")
def test_the_commands_of_the_public_page_check_the_note_and_refuse_a_changed_one(
    client, outside, now, tmp_path
):
    body = a_chain(3)
    send_checkpoints(now)
    page = client.get("/record-head/").content.decode()
    commands = page.partition('aria-label="Commands">')[2].partition("</pre>")[0]
    for mark, text in (("&gt;", ">"), ("&#34;", '"')):
        commands = commands.replace(mark, text)
    pem = page.partition('aria-label="The public key">')[2].partition("</pre>")[0]
    note = client.get(f"/record-head/note.txt?body={body.pk}").content
    (tmp_path / "key.pem").write_text(pem)

    def check(given):
        (tmp_path / "note.txt").write_bytes(given)
        ran = subprocess.run(  # noqa: S603 - the page's own commands
            ["/bin/sh", "-ec", commands], cwd=tmp_path, capture_output=True, check=False
        )
        return ran.returncode

    assert check(note) == 0
    assert check(note.replace(b"\n3\n", b"\n2\n")) != 0


def test_boards_papers_print_lines_day_and_hash(now):
    body = a_chain(3)
    [made] = checkpoints.make_checkpoint(now)
    words = checkpoints.in_words(made, body.name)
    assert f"The record of changes of {body.name} had 3 lines on" in words
    assert checkpoints.in_groups(made.head) in words


@pytest.mark.parametrize(
    ("local", "folder", "well"), [(True, "", True), (False, "", False), (False, "/mnt/x", True)]
)
def test_a_teams_installation_whose_checkpoints_stay_needs_attention(
    settings, now, local, folder, well
):
    settings.IS_LOCAL, settings.CHECKPOINT_DIR, settings.CHECKPOINT_MAIL = local, folder, []
    (found,) = they_leave(now)
    assert found.is_well is well
    assert "CHECKPOINT_DIR" in found.to_do
