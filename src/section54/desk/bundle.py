"""What an auditor takes home of one body: its record, who had access, and its concluded reviews.

Everything is read as it stood at one instant. ``README.txt`` says how to check it, with this
program and without.
"""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import IO
from uuid import UUID

from django.db.models import Max, Min
from django.utils import timezone

from section54.desk.audit_views import COLUMNS, midnight, rows_of
from section54.desk.backup import Kept, no_step, pour
from section54.desk.consistency import outcomes
from section54.desk.export import Counting, new_entry, one_instant
from section54.engine.reports.wording import count
from section54.organisations import access
from section54.organisations.models import Body, User
from section54.organisations.pages import csv_of
from section54.records.chain import text_of
from section54.records.checkpoints import COMMANDS, as_pem, place_of, public_key_file
from section54.records.models import Checkpoint, Event, EventQuerySet
from section54.risk.exports import as_csv
from section54.risk.models import Review
from section54.ui.formats import day, when


MOST_LINES = 100_000
MOST_CHECKPOINTS = 4_000  # eleven years, one a day
MOST_REVIEWS = 100
BATCH = 2_000
SUMS = "SHA256SUMS"
# What somebody must be allowed to see of the body, beside its record, for a part of it.
PEOPLE, SPEND = "people.see", "spend.see"
CHECK = """import base64, glob, hashlib, json
ends, before = {}, None
for text in open("record.jsonl", "rb"):
    text = text.rstrip(b"\\n")
    hashed, words, previous = text[9:73], text[82:-84], text[-66:-2]
    number = json.loads(words)["sequence"]
    inner = hashlib.sha256(words).hexdigest().encode()
    if hashlib.sha256(previous + inner).hexdigest().encode() != hashed:
        raise SystemExit(f"Line {number} was edited.")
    if before not in (None, previous):
        raise SystemExit(f"Line {number} does not follow the one before it.")
    ends[number], before = hashed.decode(), hashed
for file in glob.glob("checkpoints/*/*.txt"):
    note = open(file, encoding="utf-8").read().splitlines()
    if ends.get(int(note[1])) not in (None, base64.b64decode(note[2]).hex()):
        raise SystemExit(f"{file} signed another line {note[1]}.")
print(len(ends), "lines fit together, and fit the checkpoints.")
"""
README = """{body}: a bundle for an auditor
Made on {made} by {by}. Period: {period}.

record.jsonl   {lines}: hash, words and the hash before, a line each
record.csv     the same lines in words, for a spreadsheet
checkpoints/   {checkpoints} from the first day of the period on, and the public key
checks.csv     whether what is kept fitted together when this was made
{parts}
{sums}     the SHA-256 of every other file
{left_out}
HOW TO CHECK IT

1. That no file here was changed:

sha256sum -c {sums}

2. That the lines of the record fit together and fit the checkpoints. Each line's hash is
   SHA-256(hash before + SHA-256(words)), hashes as hexadecimal digits, words exactly as
   record.jsonl has them (RFC 8785 JSON). Save the lines between the rules as check.py beside
   record.jsonl, read them, and run: python3 check.py

----
{check}----

3. Who signed a checkpoint. First compare checkpoint-key.pub with the key that you were sent when
   you began: it must be the same. key.pem is that key for OpenSSL 3. With a checkpoint as note.txt:

{commands}

4. That the installation still holds what was signed. Whoever runs it does, with you looking on:

section54 verify --checkpoints checkpoints --public-key THE-KEY-YOU-WERE-SENT

What none of this can show: lines that were written and removed again between two checkpoints.
"""


@dataclass(slots=True)
class Bundle:
    """What was put together: how many lines, which reviews, and what was left out, in words."""

    body: Body
    first: date | None
    last: date
    lines: int = 0
    checkpoints: int = 0
    reviews: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    sha256: str = ""

    @property
    def period(self) -> str:
        """The days that it is of."""
        if self.first:
            return f"{day(self.first)} to {day(self.last)}"
        return f"all until {day(self.last)}"


class _Packed:
    """A ZIP that keeps the SHA-256 of each file in it."""

    def __init__(self, into: zipfile.ZipFile) -> None:
        self._into = into
        self.sums: dict[str, str] = {}

    def put(self, name: str, pieces: Iterator[bytes]) -> None:
        """Write a file piece by piece."""
        with new_entry(self._into, name) as target:
            out = Counting(target)
            for piece in pieces:
                out.write(piece)
        self.sums[name] = out.digest.hexdigest()

    def add(self, name: str, content: bytes) -> None:
        """Write a file at once."""
        self.pour(name, io.BytesIO(content))

    def pour(self, name: str, source: IO[bytes]) -> None:
        """Write a file as it lies on the disk."""
        with new_entry(self._into, name) as target:
            kept: Kept = pour(source, target, no_step)
        self.sums[name] = kept.sha256


def make_bundle(
    into: IO[bytes],
    *,
    body: Body,
    first: date | None,
    last: date,
    by: User,
    at: datetime,
) -> Bundle:
    """Put a body's bundle into a file: what the user may see of it, and no other body's.

    Args:
        first: The first day of the period; None: from the first line on.
        last: The last day of the period.
    """
    made = Bundle(body, first, last)
    with one_instant(), zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as packed:
        files = _Packed(packed)
        _put_record(files, made)
        _put_checkpoints(files, made)
        files.add("checks.csv", _checks(body.pk, timezone.localdate(at)))
        parts = [*_put_access(files, made, by), *_put_reviews(files, made, by)]
        files.add("README.txt", _readme(made, parts, by, at).encode("utf-8", "replace"))
        sums = "".join(f"{hashed}  {name}\n" for name, hashed in sorted(files.sums.items()))
        files.add(SUMS, sums.encode())
    into.seek(0)
    made.sha256 = hashlib.file_digest(into, "sha256").hexdigest()  # type: ignore[arg-type]
    into.seek(0)
    return made


def lines_in(body_id: UUID, first: date | None, last: date) -> EventQuerySet:
    """Return the lines of a body's chain from the first of a period to its last, without a gap."""
    there = Event.objects.filter(body_id=body_id, at__lt=midnight(last + timedelta(days=1)))
    if first:
        there = there.filter(at__gte=midnight(first))
    ends = there.order_by().aggregate(first=Min("sequence"), last=Max("sequence"))
    chain = Event.objects.of_body(body_id)
    if ends["first"] is None:
        return chain.none()
    return chain.filter(sequence__gte=ends["first"], sequence__lte=ends["last"])


def _put_record(files: _Packed, made: Bundle) -> None:
    lines = lines_in(made.body.pk, made.first, made.last)
    total = lines.count()
    made.lines = min(total, MOST_LINES)
    if total > MOST_LINES:
        cut = lines[MOST_LINES]
        made.left_out.append(
            f"The period has {total:,} lines: those from line {cut.sequence:,} on are not here. "
            f"Ask for another bundle from {day(cut.at)} on."
        )
    lines = lines[:MOST_LINES]
    files.put("record.jsonl", map(_as_json, lines.iterator(chunk_size=BATCH)))
    names = {made.body.pk: made.body.name}
    rows = rows_of(lines.iterator(chunk_size=BATCH), names)
    files.put("record.csv", _as_csv(COLUMNS, rows))


def _as_json(event: Event) -> bytes:
    """Return a line of the record as RFC 8785 JSON, its words as they are hashed."""
    detail = json.dumps(event.detail)
    words = text_of(
        str(event.body_id),
        (
            event.id,
            event.sequence,
            event.kind,
            event.subject,
            event.by_id,
            event.by,
            event.at,
            detail,
        ),
    )
    return (
        f'{{"hash":"{event.hash}","line":{words},"previous_hash":"{event.previous_hash}"}}\n'
    ).encode("utf-8", "replace")


def _as_csv(columns: Sequence[str], rows: Iterator[list[object]]) -> Iterator[bytes]:
    text = io.StringIO(newline="")
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(columns)
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % BATCH == 0:
            yield text.getvalue().encode("utf-8", "replace")
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode("utf-8", "replace")


def _put_checkpoints(files: _Packed, made: Bundle) -> None:
    kept = Checkpoint.objects.filter(body_id=made.body.pk).order_by("-at", "-pk")
    if made.first:
        kept = kept.filter(at__gte=midnight(made.first))
    for checkpoint in kept[:MOST_CHECKPOINTS]:
        files.add(f"checkpoints/{place_of(checkpoint).as_posix()}", checkpoint.note.encode())
        made.checkpoints += 1
    if kept.count() > MOST_CHECKPOINTS:
        made.left_out.append(f"Only the newest {MOST_CHECKPOINTS:,} checkpoints are here.")
    file = public_key_file()
    if not made.checkpoints or not file.is_file():
        made.left_out.append("No checkpoint was signed from the first day of the period on.")
        return
    key = file.read_text(encoding="utf-8", errors="replace")
    files.add(f"checkpoints/{file.name}", key.encode())
    keys = [as_pem(line) for line in key.splitlines() if line.strip()]
    files.add("checkpoints/key.pem", "".join(keys).encode())


def _checks(body_id: UUID, today: date) -> bytes:
    columns = ("Check", "What it means", "State", "Looked at", "Does not fit", "First of them")
    rows = [
        (
            one.check.title,
            one.check.means,
            str(one.level),
            one.looked_at,
            one.count,
            " | ".join([f"{item.name} {item.words}" for item in one.items] or [one.cannot]),
        )
        for one in outcomes({body_id}, today)
    ]
    return csv_of(columns, rows)


def _put_access(files: _Packed, made: Bundle, by: User) -> Iterator[str]:
    if not by.may(PEOPLE, made.body.pk):
        made.left_out.append(f"Who had access is not here: {by.name} may not see the people.")
        return
    held = access.access_on({made.body.pk}, made.last)
    files.add("access.csv", csv_of(access.COLUMNS, access.rows_of(held, made.last)))
    yield f"access.csv     every role that reached the body on {day(made.last)}: {len(held):,}"


def concluded_in(body_id: UUID, first: date | None, last: date) -> list[Review]:
    """Return the reviews of a body that were concluded in a period, the newest first."""
    there = Review.objects.filter(body=body_id, state=Review.State.CONCLUDED)
    there = there.filter(concluded_on__lte=last)
    if first:
        there = there.filter(concluded_on__gte=first)
    return list(there.defer("figures").order_by("-concluded_on", "pk")[: MOST_REVIEWS + 1])


def _put_reviews(files: _Packed, made: Bundle, by: User) -> Iterator[str]:
    if not by.may(SPEND, made.body.pk):
        made.left_out.append(f"Reviews are not here: {by.name} may not see the spend.")
        return
    there = concluded_in(made.body.pk, made.first, made.last)
    if len(there) > MOST_REVIEWS:
        made.left_out.append(f"Only the newest {MOST_REVIEWS} concluded reviews are here.")
    for review in there[:MOST_REVIEWS]:
        folder, whole = f"reviews/{review.reference.lower()}", review.path / "review.json"
        if whole.is_file():
            with whole.open("rb") as source:
                files.pour(f"{folder}/review.json", source)
        else:
            made.left_out.append(f"review.json of {review.reference} is not on the disk.")
        files.add(f"{folder}/payees.csv", as_csv(review.payees.by_risk()))
        made.reviews.append(review.reference)
    yield f"reviews/       {count(len(made.reviews), 'review')} concluded in the period:"
    yield "               the result, and every payee with what people decided"


def _readme(made: Bundle, parts: list[str], by: User, at: datetime) -> str:
    left_out = "".join(f"- {one}\n" for one in made.left_out)
    return README.format(
        body=made.body.name,
        made=when(at),
        by=by.name,
        period=made.period,
        lines=count(made.lines, "line"),
        checkpoints=count(made.checkpoints, "signed checkpoint"),
        parts="\n".join(line.rstrip() for line in parts),
        sums=SUMS,
        left_out=f"\nWHAT IS NOT HERE\n\n{left_out}" if left_out else "",
        check=CHECK,
        commands=COMMANDS,
    )
