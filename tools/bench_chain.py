"""Measure how long a chain of a million lines takes to check (or as many as you say)."""

import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID


def main(lines: int) -> None:
    """Write a chain into a database of its own, and check it."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "SECTION54_DATA": folder,
            "SECTION54_PROFILE": "test",
            "DJANGO_SETTINGS_MODULE": "section54.desk.settings",
        }
        import django  # noqa: PLC0415 - the settings come first

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        from section54.records.chain import START, check  # noqa: PLC0415
        from section54.records.changes import hash_of  # noqa: PLC0415
        from section54.records.models import ChainHead, Event  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        body, previous, waiting = UUID(int=1), START, []
        at = datetime(2026, 4, 20, 9, tzinfo=UTC)
        for number in range(1, lines + 1):
            event = Event(
                body_id=body,
                sequence=number,
                kind="tier_decided",
                by="Anna",
                by_id=UUID(int=2),
                subject=f"risk.Finding:{UUID(int=number)}",
                at=at + timedelta(seconds=number),
                detail={
                    "computed": "high",
                    "decided": "low",
                    "reason": "Payslips seen",
                    "n": number,
                },
                previous_hash=previous,
            )
            event.hash = previous = hash_of(event)
            waiting.append(event)
            if len(waiting) == 5_000 or number == lines:
                Event.objects.bulk_create(waiting)
                waiting = []
        ChainHead.objects.create(body_id=body, sequence=lines, hash=previous)
        began, used = time.monotonic(), time.process_time()
        checked = check(body)
        seconds, cpu = time.monotonic() - began, time.process_time() - used
        if checked.lines != lines or checked.faults:
            raise SystemExit(f"The chain does not fit: {checked}")
        print(
            f"The audit trail: {lines:,} lines checked in {seconds:.1f} s, {cpu:.1f} s of them "
            f"processor time: {lines / cpu:,.0f} lines a processor second."
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
