"""Signed checkpoints: how long each chain was on a day, and where it ended, to be kept elsewhere.

A chain that was rebuilt from the start fits in itself. It does not fit a checkpoint that somebody
outside holds. The text is a C2SP signed note (c2sp.org/signed-note) with an Ed25519 signature;
``docs/audit.md`` says how to check one without this program.
"""

import base64
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from section54.records.models import ChainHead, Checkpoint, Event


NAME = "section54-audit"
ED25519 = b"\x01"
PRIVATE = "PRIVATE+KEY+"
# Checks one note, kept as note.txt, with the public key as other programs read it, key.pem.
COMMANDS = """head -n 5 note.txt > text
tail -n 1 note.txt | cut -d " " -f 3 | openssl base64 -d -A | tail -c +5 > signature
openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in text -sigfile signature"""


class BadCheckpointError(ValueError):
    """A checkpoint or a key cannot be used; the message is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What a checkpoint says, once its signature was checked."""

    body_id: UUID
    lines: int
    head: str
    at: datetime


def key_file() -> Path:
    """Return the file of the signing key: as the setting says, or in the data folder."""
    return Path(settings.CHECKPOINT_KEY_FILE or Path(settings.DATA_DIR) / "checkpoint-key")


def public_key_file() -> Path:
    """Return the file of the public key: beside the data, to be given to whoever checks."""
    return Path(settings.DATA_DIR) / "checkpoint-key.pub"


def _key_id(public: bytes) -> bytes:
    return hashlib.sha256(NAME.encode() + b"\n" + ED25519 + public).digest()[:4]


def _as_text(public: bytes) -> str:
    return f"{NAME}+{_key_id(public).hex()}+{base64.b64encode(ED25519 + public).decode()}"


def signing_key() -> Ed25519PrivateKey:
    """Return the signing key; the first time, make it in a file that only we can read.

    Raises:
        BadCheckpointError: the file is not a key, or others may read it.
    """
    file = key_file()
    if not file.exists():
        _make_key(file)
    try:
        text, mode = file.read_text(encoding="ascii").strip(), file.stat().st_mode
    except (OSError, ValueError) as error:
        raise BadCheckpointError(f"{file} cannot be read as a signing key: {error}") from error
    if mode & 0o077:
        raise BadCheckpointError(f"{file} can be read by others: chmod 600 {file}")
    raw = _last_field(text)
    if not text.startswith(PRIVATE) or len(raw) != 33 or raw[:1] != ED25519:
        raise BadCheckpointError(f"{file} is not a signing key: name another file.")
    return Ed25519PrivateKey.from_private_bytes(raw[1:])


def _last_field(text: str) -> bytes:
    """Return the bytes of a key's last field, which may hold a plus; those before it do not."""
    fields = text.removeprefix(PRIVATE).split("+", 2)
    try:
        return base64.b64decode(fields[2], validate=True) if len(fields) == 3 else b""
    except ValueError:
        return b""


def _make_key(file: Path) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    text = f"{PRIVATE}{NAME}+{_key_id(public).hex()}+"
    text += base64.b64encode(ED25519 + key.private_bytes_raw()).decode() + "\n"
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(partial, file)  # whoever is second keeps the first one's key
    except FileExistsError:
        pass
    finally:
        partial.unlink()


def note_of(key: Ed25519PrivateKey, signed: Signed) -> str:
    """Return a checkpoint as a signed note."""
    root = base64.b64encode(bytes.fromhex(signed.head)).decode()
    at = signed.at.astimezone(UTC).isoformat(timespec="seconds")
    text = f"{NAME}\n{signed.lines}\n{root}\nbody {signed.body_id}\nat {at}\n"
    public = key.public_key().public_bytes_raw()
    signature = base64.b64encode(_key_id(public) + key.sign(text.encode())).decode()
    return f"{text}\n\u2014 {NAME} {signature}\n"


def read_note(note: str, public_key: str) -> Signed:
    """Return what a checkpoint says.

    Args:
        note: The checkpoint, as it was sent.
        public_key: The line of ``checkpoint-key.pub``; several where the key was changed.

    Raises:
        BadCheckpointError: it is no checkpoint, or this key did not sign it.
    """
    keys = [_last_field(line.strip()) for line in public_key.splitlines() if line.strip()]
    keys = [raw for raw in keys if len(raw) == 33 and raw[:1] == ED25519]
    if not keys:
        raise BadCheckpointError("This is not a public key: give the line of checkpoint-key.pub.")
    text, gap, below = note.replace("\r\n", "\n").rpartition("\n\n")
    if not gap:
        raise BadCheckpointError("This is not a checkpoint: give the file as it was sent.")
    text += "\n"
    if not any(_is_signed(raw[1:], text, line) for raw in keys for line in below.splitlines()):
        raise BadCheckpointError(
            "This key did not sign this checkpoint: one of the two was changed, or belongs to "
            "another installation."
        )
    try:
        _, lines, root, body, at = text.splitlines()
        head = base64.b64decode(root, validate=True).hex()
        body_id = UUID(body.removeprefix("body "))
        when = datetime.fromisoformat(at.removeprefix("at "))
        return Signed(body_id, int(lines), head, when)
    except ValueError as error:
        raise BadCheckpointError("This note is signed, but it is not a checkpoint.") from error


def _is_signed(raw: bytes, text: str, line: str) -> bool:
    beginning = f"\u2014 {NAME} "
    if not line.startswith(beginning):
        return False
    try:
        given = base64.b64decode(line.removeprefix(beginning), validate=True)
        Ed25519PublicKey.from_public_bytes(raw).verify(given[4:], text.encode())
    except (ValueError, InvalidSignature):
        return False
    return given[:4] == _key_id(raw)


def public_key() -> str:
    """Return the public key as the line that whoever checks is given."""
    return _as_text(signing_key().public_key().public_bytes_raw())


def as_pem(public_key: str) -> str:
    """Return a public key as other programs read it.

    Raises:
        BadCheckpointError: it is none.
    """
    raw = _last_field(public_key.strip())
    if len(raw) != 33 or raw[:1] != ED25519:
        raise BadCheckpointError("This is not a public key: give the line of checkpoint-key.pub.")
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    key = Ed25519PublicKey.from_public_bytes(raw[1:])
    return key.public_bytes(serialization.Encoding.PEM, form).decode()


def make_checkpoint(at: datetime) -> list[Checkpoint]:
    """Sign where every body's chain ends, and put each note below ``checkpoints`` as a file.

    Safe to run twice: what was signed that day already is not signed again. A checkpoint is itself
    no line of the chain, or no chain would ever be at rest.

    Raises:
        BadCheckpointError: the signing key cannot be used.
    """
    key = signing_key()
    with transaction.atomic():
        made = [
            _signed_that_day(head, at)
            or Checkpoint.objects.create(
                body_id=head.body_id,
                lines=head.sequence,
                head=head.hash,
                at=at,
                note=note_of(key, Signed(head.body_id, head.sequence, head.hash, at)),
            )
            for head in ChainHead.objects.filter(sequence__gt=0).order_by("body_id")
        ]
    write_whole(public_key_file(), public_key() + "\n")
    for one in made:
        write_whole(file_of(one), one.note)
    return made


def _signed_that_day(head: ChainHead, at: datetime) -> Checkpoint | None:
    last = latest(head.body_id)
    if last is None or (last.lines, last.head) != (head.sequence, head.hash):
        return None
    return last if last.at.astimezone(UTC).date() == at.astimezone(UTC).date() else None


def latest(body_id: UUID) -> Checkpoint | None:
    """Return the checkpoint of a body that was signed last."""
    return Checkpoint.objects.filter(body_id=body_id).order_by("-at", "-pk").first()


def in_words(checkpoint: Checkpoint, body_name: str) -> str:
    """Return what is printed in a body's papers, so that who keeps them can compare later."""
    day = checkpoint.at.astimezone(timezone.get_default_timezone())
    lines = "1 line" if checkpoint.lines == 1 else f"{checkpoint.lines:,} lines"
    return (
        f"The record of changes of {body_name} had {lines} on {day.day} {day:%B %Y}. "
        f"Its last hash was {in_groups(checkpoint.head)}."
    )


def in_groups(hashed: str) -> str:
    """Return a hash as people compare it by eye.

    >>> in_groups("0123456789abcdef")
    '01234567 89abcdef'
    """
    return " ".join(hashed[at : at + 8] for at in range(0, len(hashed), 8))


def still_holds(signed: Signed) -> bool:
    """Return whether a chain still has the line that a checkpoint signed as its last."""
    lines = Event.objects.filter(body_id=signed.body_id, sequence=signed.lines, hash=signed.head)
    return lines.exists()


def place_of(checkpoint: Checkpoint) -> Path:
    """Return where a checkpoint lies below a folder of checkpoints."""
    day = checkpoint.at.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    return Path(str(checkpoint.body_id)) / f"{day}-{checkpoint.lines}.txt"


def file_of(checkpoint: Checkpoint) -> Path:
    """Return where a checkpoint lies as a file in the data folder."""
    return Path(settings.DATA_DIR) / "checkpoints" / place_of(checkpoint)


def write_whole(file: Path, text: str) -> None:
    """Write a file that is never seen in part."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    with partial.open("w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)


def kept_for(body_id: UUID, key: str) -> tuple[list[Signed], list[str]]:
    """Return the checkpoints that are kept here for a body, and what is wrong with any of them."""
    good, bad = [], []
    for kept in Checkpoint.objects.filter(body_id=body_id).order_by("at", "pk"):
        try:
            signed = read_note(kept.note, key)
        except BadCheckpointError as error:
            bad.append(f"The checkpoint kept of {kept.at:%Y-%m-%d} cannot be used. {error}")
            continue
        if (signed.body_id, signed.lines, signed.head) != (body_id, kept.lines, kept.head):
            bad.append(f"The checkpoint kept of {kept.at:%Y-%m-%d} is not what its note says.")
        good.append(signed)
    return good, bad


def of_body(signed: Iterable[Signed], body_id: UUID) -> list[tuple[int, str]]:
    """Return lines and head of the checkpoints of one body."""
    return [(one.lines, one.head) for one in signed if one.body_id == body_id]
