"""Keep a small workbench of this release, so that every later one is tested on moving it up.

    .venv/bin/python tools/keep_release.py tests/migrations

Run it once when a release is made, from its code, and commit what it writes: ``VERSION.tar.gz``, a
backup of a workbench of fictional bodies in which something of every kind was done, and
``VERSION.json``, the addresses that opened in it and for whom. The same release is not kept twice.
"""
# ruff: noqa: E402 - Django must be set up before its models can be named

import argparse
import hashlib
import json
import logging
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import django


PLACE = tempfile.TemporaryDirectory(prefix="section54-release-")
DATA = Path(PLACE.name) / "data"
os.environ |= {
    "SECTION54_DATA": str(DATA),
    "SECTION54_PROFILE": "local",
    "DJANGO_SETTINGS_MODULE": "section54.desk.settings",
}
django.setup()

from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from section54 import __version__
from section54.desk.backup import make_backup
from section54.organisations.changes import add_user, found_body, grant_role
from section54.organisations.checks import routes
from section54.organisations.models import Body, User
from section54.post.changes import ask_to_stop
from section54.records.checkpoints import make_checkpoint
from section54.risk.changes import (
    compare,
    conclude,
    decide_tier,
    note_export,
    review_import,
    undo_import,
    withdraw_decision,
)
from section54.risk.models import Review
from section54.risk.tasks import make_the_review
from section54.sources.changes import start_import, store_file
from section54.sources.models import Import
from section54.spend.changes import READ_IMPORT, correct_columns, discard
from section54.spend.shown import parts_to_correct
from section54.spend.tasks import read_import


PASSWORD = "of-nobody-real-9"  # noqa: S105 - of people who do not exist
BODY, OTHER = "Fenland Constabulary", "Ely County Council"
HEADINGS = "Date,Payee,Net,Text\n"
NOW_PAID = HEADINGS + (
    "03/04/2025,Fenland Contract Cleaning Ltd,21000.00,Contract cleaning of stations\n"
    "03/05/2025,FENLAND CONTRACT CLEANING LIMITED,20000.00,Contract cleaning of stations\n"
    "04/05/2025,Ouse Guarding Ltd,9000.00,Security guarding\n"
    "05/06/2025,Isle Software Ltd,5000.00,Software licences\n"
    "05/07/2025,Mrs A Person,300.00,Foster care\n"
    "06/07/2025,Ely County Council,1000.00,Rent\n"
    "06/07/2025,March Growers Ltd,to be confirmed,Vegetables\n"
    "07/08/2025,Cam Widgets Ltd,700.00,\n"
)
BEFORE_PAID = HEADINGS + (
    "03/04/2024,Fenland Contract Cleaning Ltd,10000.00,Contract cleaning of stations\n"
    "04/05/2024,Ouse Guarding Ltd,9000.00,Security guarding\n"
    "05/06/2024,March Uniforms Ltd,8000.00,Uniforms\n"
)


def main() -> int:
    """Write both files, or say why not."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    folder = arguments.parse_args().folder
    target = folder / f"{__version__}.tar.gz"
    if target.exists():
        print(f"{target} is there already: a release is kept once.")
        return 1
    logging.disable()  # of every refusal, when each person opens each address
    call_command("migrate", verbosity=0)
    fill()
    told = {"password": PASSWORD, "opened": open_all()}
    text = json.dumps(told, indent=1, sort_keys=True) + "\n"
    (folder / f"{__version__}.json").write_text(text, encoding="utf-8")
    held = make_backup(DATA, target)
    empty = sorted(name for name, rows in held.tables.items() if not rows.rows)
    print(f"{target}: {target.stat().st_size:,} bytes, {held.rows:,} rows.")
    print(f"Tables without a row: {', '.join(empty)}.")
    return 0


def fill() -> None:
    """Do something of every kind, as the pages do it."""
    now, today = timezone.now(), timezone.localdate()
    people = {}
    for name, kind in ((BODY, Body.Kind.FORCE), (OTHER, Body.Kind.COUNCIL)):
        body = found_body(name=name, kind=kind, by=None, at=now)
        roles = ("head_of_procurement", "board_member", "auditor", "administrator")
        for role in roles if name == BODY else roles[:1]:
            email = f"{role}@{name.split()[0].lower()}.example.org".replace("_", ".")
            user = add_user(
                body=body, email=email, name=f"A {role}", password=PASSWORD, by=None, at=now
            )
            grant_role(user=user, role=role, body=body, starts_on=today, by=None, at=now)
            people[name, role] = user.on(today)
    by = people[BODY, "head_of_procurement"]
    body = Body.objects.get(name=BODY)

    brought = bring(body, "before.csv", BEFORE_PAID, by)
    ledger = brought.ledgers.get()
    layout = parts_to_correct(ledger)[0].layout
    correct_columns(ledger=ledger, layout=layout, columns={"description": "4"}, by=by, at=now)
    read_again(brought)
    before = reviewed(brought, None, by)
    conclude(
        review=before,
        findings="Ask both cleaning firms for payslips.",
        concluded_on=today,
        next_due_on=today,
        by=by,
        at=now,
    )
    current = reviewed(bring(body, "now.csv", NOW_PAID, by), before, by)
    compare(review=current, earlier=before, by=by, at=now)
    cleaning = current.findings.get(name__icontains="cleaning")
    guarding = current.findings.get(name__icontains="guarding")
    for finding in (cleaning, guarding):
        decision = decide_tier(
            finding=finding,
            tier="medium",
            reason="We saw payslips.",
            evidence="Minutes of May",
            by=by,
            at=now,
        )
    withdraw_decision(decision=decision, by=by, at=now)
    note_export(review=current, what="suppliers.csv", by=by, at=now)
    undone = bring(body, "undone.csv", NOW_PAID.replace("2025", "2023"), by)
    review_import(brought_by=undone, name="", earlier=None, by=by, at=now)  # is never made
    undo_import(brought_by=undone, because="The wrong year.", by=by, at=now)
    discard(
        brought_by=bring(body, "discarded.csv", NOW_PAID.replace("9000", "9001"), by), by=by, at=now
    )
    bring(body, "refused.csv", "this is no ledger at all\n", by)
    bring(body, "to check.csv", NOW_PAID.replace("9000", "9002"), by)
    stopped = bring(body, "stopped.csv", NOW_PAID.replace("9000", "9003"), by, read=False)
    ask_to_stop(job=stopped.job, subject=stopped, by=by, at=now)
    bring(body, "waits.csv", NOW_PAID.replace("9000", "9004"), by, read=False)
    other = people[OTHER, "head_of_procurement"]
    bring(Body.objects.get(name=OTHER), "other.csv", BEFORE_PAID, other)
    make_checkpoint(now)


def bring(body: Any, name: str, text: str, by: Any, *, read: bool = True) -> Any:
    """Bring a ledger in."""
    stored = store_file(body=body, name=name, chunks=[text.encode()])
    brought = start_import(body=body, stored=[stored], task=READ_IMPORT, by=by, at=timezone.now())
    return read_again(brought) if read else brought


def read_again(brought: Any) -> Any:
    """Do the worker's work of reading."""
    brought.refresh_from_db()
    read_import.call(str(brought.job_id))
    brought.refresh_from_db()
    return brought


def reviewed(brought: Any, earlier: Any, by: Any) -> Any:
    """Take an import in and make its review."""
    review = review_import(brought_by=brought, name="", earlier=earlier, by=by, at=timezone.now())
    make_the_review.call(str(review.job_id))
    review.refresh_from_db()
    return review


def open_all() -> dict[str, dict[str, str]]:
    """Return the addresses that open, by person: what is taken away with its SHA-256."""
    opened = {}
    for user in User.objects.order_by("email"):
        client = Client()
        client.force_login(user)
        opened[user.email] = {}
        for path in addresses():
            answer = client.get(path)
            content = b"".join(answer.streaming_content) if answer.streaming else answer.content
            if answer.status_code == 200:
                kept = "/files/" in path
                opened[user.email][path] = hashlib.sha256(content).hexdigest() if kept else ""

    Session.objects.all().delete()
    return opened


def addresses() -> list[str]:
    """Return every address of the site, with everything that is there."""
    given: list[dict[str, Any]] = [{}]
    for brought in Import.objects.order_by("pk"):
        given += [{"pk": brought.pk}]
        given += [{"pk": brought.pk, "ledger": one.pk} for one in brought.ledgers.all()]
    for review in Review.objects.order_by("pk"):
        given += [{"pk": review.pk, "form": form} for form in ("csv", "xlsx", "ods", "json")]
        names = ("review.html", "review.xlsx", "review.ods", "review.json")
        given += [{"pk": review.pk, "name": name} for name in names]
        given += [{"pk": review.pk, "code": one.code} for one in review.categories.all()]
        given += [{"pk": review.pk, "finding": one.pk} for one in review.findings.all()]
    found = set()
    for route, _ in routes():
        words = set(re.findall(r"<\w+:(\w+)>", route))
        for one in given:
            if words <= one.keys() and (words or not one):
                found.add("/" + re.sub(r"<\w+:(\w+)>", lambda m, o=one: str(o[m[1]]), route))
    return sorted(found - {"/sign-out/"})


if __name__ == "__main__":
    sys.exit(main())
