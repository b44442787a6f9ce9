"""Ten kinds of rubbish: each is told what it is and what to do, and none is taken in."""

import gzip
import io
import random
import zipfile
from contextlib import nullcontext

import pytest
from django.urls import reverse
from tests.spend import factories
from tests.spend.conftest import words_of
from tests.spend.factories import as_csv, ledger_file

from section54.sources.models import Import


pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _in_a_child(monkeypatch):
    """Rubbish is read where it can harm nobody, as by the worker."""
    monkeypatch.setattr(factories, "reading", nullcontext)


def as_zip(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name.replace("_", "."), data)
    return out.getvalue()


WEB_PAGE = (
    b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please wait</body></html>"
)
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64)
ENCRYPTED = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504) + "EncryptedPackage".encode("utf-16-le")
BROKEN = b"PK\x03\x04" + bytes(range(256)) * 4
BOMB = as_zip(april_csv=bytes(30_000_000))
LETTER = b"Dear colleagues,\n\nplease find the ledger attached to my last mail.\n\nKind regards\n"
NOISE = random.Random(54).randbytes(20_000)  # noqa: S311 - noise, not a secret

RUBBISH = {
    "page.csv": WEB_PAGE,
    "report.pdf": PDF,
    "scan.png": PICTURE,
    "locked.xlsx": ENCRYPTED,
    "broken.xlsx": BROKEN,
    "bomb.zip": BOMB,
    "letter.txt": LETTER,
    "headings.csv": as_csv(),
    "noise.csv": NOISE,
    "nested.zip": as_zip(inner_zip=as_zip(april_csv=ledger_file())),
    "blank.csv": b"\r\n \r\n,,,\r\n",
    "hollow.csv.gz": gzip.compress(b""),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_is_told_what_to_do(name, add, alice):
    brought_by = add((RUBBISH[name], name))
    assert brought_by.state == Import.State.TO_CHECK, brought_by.job.failure
    ledger = brought_by.ledgers.get()
    assert ledger.read == 0
    because = ledger.refused_because
    assert because.endswith(".")
    assert ":" in because  # what it is: what to do
    assert "Traceback" not in because
    said = words_of(alice.get(reverse("import", kwargs={"pk": brought_by.pk})))
    assert because.replace(" with --column", "")[:60] in said
    assert "None of the files could be read as a ledger" in said
    assert "Take in and review" not in said
    refused = alice.get(reverse("import-take-in", kwargs={"pk": brought_by.pk}), follow=True)
    assert "nothing in this import to take in now" in words_of(refused)
    page = reverse("ledger", kwargs={"pk": brought_by.pk, "ledger": ledger.pk})
    assert alice.get(page).status_code == 200


def test_rubbish_beside_a_ledger_does_not_hold_it_up(add, alice):
    brought_by = add((ledger_file(), "april.csv"), (PDF, "report.pdf"))
    said = words_of(alice.get(reverse("import", kwargs={"pk": brought_by.pk})))
    assert "6 payments" in said
    assert "report.pdf" in said
    assert "Take in and review" in said
    left = words_of(alice.get(reverse("import-take-in", kwargs={"pk": brought_by.pk})))
    assert "Not taken in, because nothing in it could be read: report.pdf" in left
