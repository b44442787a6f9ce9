"""Checkpoints: signed with a key of our own, checked with the public one, kept once and for all."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import DatabaseError, connection, transaction
from tests.people import NOW, a_body
from tests.records.test_tampering import a_chain, chain_of, put, rehash, without_triggers

from section54.desk.audit_check import verify_all
from section54.engine.errors import BadInput
from section54.records import checkpoints
from section54.records.models import Event


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data(settings, tmp_path):
    settings.DATA_DIR, settings.CHECKPOINT_KEY_FILE = tmp_path, ""
    return tmp_path


def test_a_checkpoint_says_how_many_lines_and_the_last_hash_and_only_we_read_the_key(data):
    body = a_chain(3)
    [made] = checkpoints.make_checkpoint(NOW)
    read = checkpoints.read_note(made.note, checkpoints.public_key())
    assert (read.body_id, read.lines, read.head, read.at) == (
        body.pk,
        3,
        chain_of(body)[-1].hash,
        NOW,
    )
    assert checkpoints.key_file().stat().st_mode & 0o777 == 0o600
    assert checkpoints.file_of(made).read_text(encoding="utf-8") == made.note


def test_a_third_party_checks_the_signature_with_twenty_lines_of_its_own():
    a_chain(2)
    [made] = checkpoints.make_checkpoint(NOW)
    text, _, below = made.note.rpartition("\n\n")
    signature = base64.b64decode(below.split()[2])[4:]
    key = base64.b64decode(checkpoints.public_key().split("+", 2)[2])[1:]
    Ed25519PublicKey.from_public_bytes(key).verify(signature, (text + "\n").encode())


@pytest.mark.parametrize("old", ["\n3\n", "body 0", "at 2026"])
def test_a_changed_checkpoint_is_refused(old):
    a_chain(3)
    [made] = checkpoints.make_checkpoint(NOW)
    changed = made.note.replace(old, old[:-1] + "9" + old[-1:], 1)
    with pytest.raises(checkpoints.BadCheckpointError, match="did not sign"):
        checkpoints.read_note(changed, checkpoints.public_key())


def test_a_key_that_others_may_read_is_refused():
    checkpoints.public_key()
    checkpoints.key_file().chmod(0o644)
    with pytest.raises(checkpoints.BadCheckpointError, match="chmod 600"):
        checkpoints.make_checkpoint(NOW)


@pytest.mark.parametrize("statement", ["UPDATE {} SET lines = 9", "DELETE FROM {}"])
def test_the_database_refuses_to_edit_or_remove_a_checkpoint(statement):
    a_chain(1)
    checkpoints.make_checkpoint(NOW)
    with pytest.raises(DatabaseError, match="audit trail"), transaction.atomic():
        connection.cursor().execute(statement.format("records_checkpoint"))


def said(**options):
    words = []
    given = {"body": "", "files": (), "public_key": None} | options
    return verify_all(**given, say=words.append), words


def test_verify_says_one_sentence_a_body_and_finds_a_rebuilt_chain_by_the_file_sent_outside(data):
    body = a_chain(3)
    [made] = checkpoints.make_checkpoint(NOW)
    file = checkpoints.file_of(made)
    fits, words = said(files=(file,), public_key=checkpoints.public_key_file())
    assert fits
    assert words[0].startswith("Fenland Constabulary: 3 lines, and 2 checkpoints, all as written.")
    without_triggers()
    put(chain_of(body)[0], by="somebody else")
    rehash(body, 1)
    fits, words = said(files=(file,))
    assert not fits
    assert "the chain was rebuilt" in words[0]
    Event.objects.filter(sequence=3).delete()
    assert "Line 3" in said(files=(file,))[1][0] or "Lines 3 to 3" in said(files=(file,))[1][0]


def test_a_body_that_is_not_there_is_said_to_be_so():
    a_body()
    with pytest.raises(BadInput, match="No body is called"):
        said(body="Nowhere")
